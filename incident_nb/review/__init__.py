"""A client's incidents over a period: counted by pure functions of the record, the log and the period, and shown.

open_review(name)     -> Review       of the case in a folder, or of the bundled sample
review(...)           -> Review       counted anew
summary, severities, causes, clocks, times, runs, friday, recurring, incidents, hours     what a notebook shows of it
weeks_chart, clocks_chart, runs_chart                                                     its charts
"""

from __future__ import annotations

from incident_nb.review.charts import attainment as clocks_chart
from incident_nb.review.charts import rates as runs_chart
from incident_nb.review.charts import weeks as weeks_chart
from incident_nb.review.count import concerning, review
from incident_nb.review.kept import open_review
from incident_nb.review.model import Review
from incident_nb.review.period import KINDS, Kind, Period, chosen_period, last_period
from incident_nb.review.views import (
    causes,
    clocks,
    friday,
    hours,
    incidents,
    recurring,
    runs,
    severities,
    summary,
    times,
)

__all__ = [
    "KINDS",
    "Kind",
    "Period",
    "Review",
    "causes",
    "chosen_period",
    "clocks",
    "clocks_chart",
    "concerning",
    "friday",
    "hours",
    "incidents",
    "last_period",
    "open_review",
    "recurring",
    "review",
    "runs",
    "runs_chart",
    "severities",
    "summary",
    "times",
    "weeks_chart",
]
