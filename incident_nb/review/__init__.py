"""A client's incidents over a period, as tables: pure functions of the record, the log and the period."""

from __future__ import annotations

from incident_nb.review.count import concerning, review
from incident_nb.review.model import Review
from incident_nb.review.period import KINDS, Kind, Period, chosen_period, last_period

__all__ = ["KINDS", "Kind", "Period", "Review", "chosen_period", "concerning", "last_period", "review"]
