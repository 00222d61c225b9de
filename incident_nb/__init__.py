"""incident_nb: from an n8n failure to a closed incident. What notebooks import, loaded when it is asked for.

open_case(name)     -> Case            a case folder, or the bundled sample
run_checks(case)    -> Checks          what live systems answer: the diagnostic checklist
investigate(case)   -> Diagnosis       what failed, since when, why, how bad, what to do
survey(case)        -> Survey          every problem of the source, grouped, with its pattern
open_review(name)   -> Review          a client's incidents over a period: of a review's folder, or the bundled sample
review              what a notebook shows of it: summary, clocks, times, runs, and their charts
display             what a notebook shows: summary, severity, causes, checklist, others, step
plots               charts: execution_strip, course, onset_chart, heat_map, rate_chart, cause_bars, group_bars
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "open_case": "incident_nb.case",
    "run_checks": "incident_nb.diagnose",
    "investigate": "incident_nb.diagnose",
    "survey": "incident_nb.diagnose",
    "display": "incident_nb",
    "plots": "incident_nb",
    "open_review": "incident_nb.review",
    "review": "incident_nb",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 - the names above


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOME[name]
    return import_module(f"{home}.{name}") if home == __name__ else getattr(import_module(home), name)
