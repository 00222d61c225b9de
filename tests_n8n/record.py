"""All cases played on one n8n, and its executions as they come from the public API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from incident_nb import readers
from incident_nb.diagnose import Analysis, analyse
from incident_nb.executions import ExecutionLog
from tests_n8n.builders import gets
from tests_n8n.client import N8n
from tests_n8n.misbehave import OK, Service
from tests_n8n.stage import SETTINGS, Place
from tests_n8n.workflows import CASES

# Workflows that go on working while others fail, as most do in practice.
HEALTHY = 8


@dataclass
class Record:
    """What was played: `log` as read from the pages, the rest by the case's name.

    `listed`: the ids of all executions that n8n knows; `broken`: what could not be played, and why.
    """

    log: ExecutionLog
    analysis: Analysis
    now: datetime
    workflows: dict[str, str] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    healthy: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)


def record(n8n: N8n, service: Service, folder: Path) -> Record:
    """Plays all cases one after another, each with healthy runs around it, and reads what n8n then exports."""
    workflows, failed, broken, healthy = {}, {}, {}, []
    for number in range(HEALTHY):
        place = Place(n8n, service, 100 + number)
        place.answers(OK)
        healthy.append(n8n.create(gets()(place)))
        n8n.activate(healthy[-1])
        n8n.run(healthy[-1])
    for number, case in enumerate(CASES):
        if not n8n.version.startswith(case.only):
            continue
        place = Place(n8n, service, number, case.own)
        try:
            failed[case.name] = case.play(place)
        except Exception as error:  # each case is a test of its own: one that can't be played must not end all
            broken[case.name] = error
            service.release()
        workflows[case.name] = place.workflow
        n8n.run(healthy[number % HEALTHY])
    for workflow in healthy:
        n8n.run(workflow)
    for number, content in enumerate(n8n.pages(includeData="true", limit=100)):
        (folder / f"executions-{number:02}.json").write_bytes(content)
    log = readers.read(str(folder))
    listed = [run["id"] for content in n8n.pages(limit=250) for run in json.loads(content)["data"]]
    # Judged once for all tests: that is most of the work of a diagnosis.
    analysis = analyse(log, SETTINGS)
    return Record(log, analysis, datetime.now(UTC), workflows, failed, broken, healthy, listed)
