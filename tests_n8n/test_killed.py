"""n8n is killed while a workflow runs: after its restart the export says so, and so does the diagnosis."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from incident_nb import readers
from incident_nb.diagnose import diagnose
from incident_nb.models import Cause
from tests_n8n import misbehave
from tests_n8n.builders import gets
from tests_n8n.client import RUN_S
from tests_n8n.conftest import ASKED
from tests_n8n.server import running
from tests_n8n.stage import SETTINGS, Place
from tests_n8n.wait import wait_for


@pytest.mark.parametrize("version", ASKED)
def test_a_run_that_n8n_did_not_survive_is_infrastructure(version: str, tmp_path: Path) -> None:
    with misbehave.Service() as service:
        with running(version, tmp_path / "n8n") as n8n:
            place = Place(n8n, service, 1)
            place.answers(misbehave.OK)
            workflow = n8n.create(gets()(place))
            n8n.activate(workflow)
            n8n.run(workflow)
            place.answers(misbehave.SLOW)
            n8n.start(workflow)
            wait_for(lambda: service.requests[1:] or None, RUN_S, "the second request")
            n8n.kill()
        with running(version, tmp_path / "n8n") as n8n:
            # The run is found crashed some time after the start.
            wait_for(lambda: n8n.ended(workflow)[1:] or None, RUN_S, "the killed run to be ended")
            pages = list(n8n.pages(includeData="true", limit=250))
    (tmp_path / "executions.json").write_bytes(pages[0])
    log = readers.read(str(tmp_path / "executions.json"))
    found = diagnose(log, now=datetime.now(UTC), workflow=workflow, settings=SETTINGS)
    assert log.executions["status"].to_list() == ["success", "crashed"]
    assert [each.cause for each in found.hypotheses][:1] == [Cause.INFRASTRUCTURE], found.headline
