"""The procedure as data, and the rules that read it: severity, deadlines, and what a pasted text says."""

from __future__ import annotations

from incident_nb.policy.clocks import ClientCalendar, Deadlines, deadlines
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy

__all__ = ["ClientCalendar", "Deadlines", "Policy", "deadlines", "load"]
