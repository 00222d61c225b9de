"""One incident carried from a pasted alert to its end in a real JupyterLab, by clicking and typing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incident_nb.cli.workspace import put_copies
from tests.builders import HOUR, page, runs
from tests.lab import Notebook, browsing, jupyterlab

PICTURES = Path(__file__).parents[1] / "artefacts"
ALERT = """n8n APP  03:12
*Workflow failed*
Workflow: [ACME] Flow 1
Node: Call
Error: 401 Unauthorized"""


def command(folder: Path, *arguments: str) -> str:
    """The command line, in a process of its own."""
    ran = subprocess.run(
        [Path(sys.executable).with_name("incident-nb"), *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return ran.stdout


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with the notebooks, and an export of a workflow that fails since some hours."""
    folder = tmp_path / "workspace"
    command(tmp_path, "init", str(folder))
    put_copies(folder / "notebooks")
    start = datetime.now(UTC).replace(microsecond=0) - 8 * HOUR
    (folder / "export.json").write_text(page(runs("....XXX", start=start)))
    return folder


def test_an_incident_from_paste_to_closed(workspace: Path, tmp_path: Path) -> None:
    PICTURES.mkdir(exist_ok=True)
    with jupyterlab(workspace, tmp_path / "home", INCIDENT_NB_ENGINEER="Robin") as url, browsing(url) as browser:

        def shot(name: str) -> None:
            browser.screenshot(path=PICTURES / f"{name}.png")

        board = Notebook(browser, "notebooks/board.ipynb")
        board.run_all()
        board.field("Pasted alert").fill(ALERT)
        board.button("Read it").click()
        board.button("Open the incident").wait_for()
        shot("1-board-read")
        board.button("Open the incident").click()
        board.says("INC-1: open incident.ipynb")
        board.field("Incident").last.fill("INC-1")
        board.field("Its executions").fill(str(workspace / "export.json"))
        board.button("Make its notebook").click()
        board.says("INC-1: open incident.ipynb")
        board.says("Acknowledge it (ACK-1).")  # in the table, too
        board.link("INC-1").wait_for()
        shot("2-board-open")

        board.link("INC-1").click()
        book = Notebook(browser, "incidents/INC-1/incident.ipynb", by_link=True)
        book.run_all()
        book.button("Acknowledge").click()
        book.says("Acknowledged by Robin")
        book.button("Choose severity").click()
        book.says("chosen by Robin")
        shot("3-acknowledged")
        book.field("Because").fill("the key was revoked")
        book.button("Accept this cause").click()
        book.says("Robin: the key was revoked")
        shot("4-cause")

        # Somebody else writes meanwhile: it shows by itself, and what is being typed stays.
        book.field("Note").fill("half a sentence")
        command(workspace, "incidents", "note", "INC-1", "seen from the command line")
        book.says("seen from the command line")
        assert book.field("Note").input_value() == "half a sentence"
        book.button("Add note").click()
        book.says("half a sentence")

        book.restart()
        book.says("Robin: the key was revoked")
        book.tick("RES-2")
        book.field("Fix").fill("a new key is in n8n")
        book.button("The fix is in place").click()
        book.says("Fix: a new key is in n8n")
        shot("5-fixed")
        book.button("Mark as resolved").click()
        book.says("It can't be resolved yet: VER-1")
        book.tick("VER-1")
        book.field("What you saw").fill("the orders of today are in the shop")
        book.button("VER-3 is done").click()
        book.says("the orders of today are in the shop")
        for run in ("101", "102", "103"):
            book.field("Execution").fill(run)
            book.button("It went well").click()
            book.says(f"execution {run} went well")
        book.field("Resolved by").fill("The access key was replaced.")
        book.button("Mark as resolved").click()
        book.says("Verified resolved: The access key was replaced.")
        shot("6-resolved")

        book.button("It was sent").click()
        book.says("IMPACT is blank")
        book.field("Section").select_option("Impact")
        book.field("Its words").fill("3 orders of this morning came an hour late.")
        book.button("Put it into the letter").click()
        book.says("3 orders of this morning came an hour late.")
        book.field("Action item").fill("Watch the key's expiry")
        book.field("Owner").fill("Robin")
        book.button("Add the action").click()
        book.says("Watch the key's expiry")
        book.field("Leave open").select_option("contact")
        book.field("Left because").fill("told by telephone")
        book.button("Leave it so").click()
        book.says("Left as it is: contact (told by telephone)")
        book.field("Section").scroll_into_view_if_needed()
        shot("6a-letter")
        book.button("Write text and mail").click()
        book.says("notice.eml opens in a mail program")
        book.button("It was sent").click()
        book.says("Client told by notice")
        book.says("To prevent it: Watch the key's expiry")
        book.button("Confirm billing").click()
        book.says("Billing classified")
        book.button("Close the incident").click()
        book.says("It can't be closed yet: FIN-5")
        book.button("Write the documents").click()
        book.says("Incident documented: clients/ACME/context/operations/incident-")
        shot("7-before-closing")
        book.button("Close the incident").click()
        book.says("Nothing: it is closed.")
        shot("8-closed")

    told: dict[str, Any] = json.loads(command(workspace, "incidents", "show", "INC-1", "--json"))
    assert told["status"] == "closed" and told["open_items"] == {}
    assert told["cause"]["cause"] == "credentials" and told["cause"]["by"] == "Robin"
    assert len(told["watched"]["runs"]) == 3 and told["fixed"]["text"] == "a new key is in n8n"
    kinds = [event["kind"] for event in told["events"]]
    assert kinds.count("note") == 2 and kinds.count("acknowledged") == 1 and kinds.count("diagnosed") == 1
    (document,) = (workspace / "clients" / "ACME" / "context" / "operations").glob("incident-*.md")
    assert "- [ ] Watch the key's expiry (Robin, no date)" in document.read_text(encoding="utf-8")
    letter = (workspace / "incidents" / "INC-1" / "documents" / "notice.txt").read_text(encoding="utf-8")
    assert "3 orders of this morning came an hour late." in letter and "[to be written]" not in letter
    command(workspace, "report", "INC-1")
    report = (workspace / "incidents" / "INC-1" / "report" / "report.md").read_text(encoding="utf-8")
    for words in ("closed", "a new key is in n8n", "seen from the command line", "Watch the key's expiry"):
        assert words in report
