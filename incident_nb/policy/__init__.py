"""The procedure as data, and the rules that read it: severity, deadlines, and what a pasted text says."""

from __future__ import annotations

from incident_nb.policy.clocks import ClientCalendar, Deadlines, deadlines
from incident_nb.policy.facts import SeverityFacts
from incident_nb.policy.intake import facts_from_text
from incident_nb.policy.load import load
from incident_nb.policy.severity import Question, SeveritySuggestion, suggest
from incident_nb.policy.tables import Policy

__all__ = [
    "ClientCalendar",
    "Deadlines",
    "Policy",
    "Question",
    "SeverityFacts",
    "SeveritySuggestion",
    "deadlines",
    "facts_from_text",
    "load",
    "suggest",
]
