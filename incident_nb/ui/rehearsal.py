"""What an incident notebook needs, loaded and used once: a kernel that is prepared ahead imports this module.

A day of the built-in sample is diagnosed and drawn, as the notebook does it, since much of what libraries and our own
tables need is only made when it is used first. Nothing of it is kept but that.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from incident_nb import display
from incident_nb.case import open_case
from incident_nb.diagnose import investigate, run_checks, within
from incident_nb.ui import follow, watching

_SPAN = timedelta(hours=12)


def _rehearse() -> None:
    sample = open_case("sample")
    log = within(sample.log, sample.now - _SPAN, sample.now)
    subject = replace(sample, log=log, unattended=True, sources=())
    checks = run_checks(subject, watching(subject))
    diagnosis = investigate(subject, checks)
    incident = follow(subject, diagnosis)
    for view in (
        incident.summary(), incident.severity(), incident.course(), display.strip(subject.log, diagnosis),
        display.causes(diagnosis), display.checklist(diagnosis), display.others(diagnosis),
        incident.banner(), incident.timeline(), incident.harm(), incident.looking_back(),
    ):  # fmt: skip
        view._repr_mimebundle_()


_rehearse()
