"""The procedure as data, and the rules that read it: severity, deadlines, and what a pasted text says."""

from __future__ import annotations

from incident_nb.policy.billing import Bill, bill
from incident_nb.policy.calendars import calendar_of, usable_calendar
from incident_nb.policy.clocks import CLOCKS, ClientCalendar, Deadlines, deadlines
from incident_nb.policy.escalation import Duty, duties, paused_by
from incident_nb.policy.facts import SeverityFacts
from incident_nb.policy.gates import GateItem, closing, must_be_done, verification
from incident_nb.policy.intake import facts_from_text
from incident_nb.policy.load import load
from incident_nb.policy.promises import Promise, promised
from incident_nb.policy.severity import Question, SeveritySuggestion, suggest
from incident_nb.policy.steps import Progress, StepTime, step_times
from incident_nb.policy.tables import Policy
from incident_nb.policy.timers import State, Timer, timers

__all__ = [
    "CLOCKS",
    "Bill",
    "ClientCalendar",
    "Deadlines",
    "Duty",
    "GateItem",
    "Policy",
    "Progress",
    "Promise",
    "Question",
    "SeverityFacts",
    "SeveritySuggestion",
    "State",
    "StepTime",
    "Timer",
    "bill",
    "calendar_of",
    "closing",
    "deadlines",
    "duties",
    "facts_from_text",
    "load",
    "must_be_done",
    "paused_by",
    "promised",
    "step_times",
    "suggest",
    "timers",
    "usable_calendar",
    "verification",
]
