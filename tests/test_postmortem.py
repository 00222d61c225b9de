"""A report as a post-mortem: of a closed incident, an open one, one without a record, and one full of hostile text."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import nbformat
import pytest

from incident_nb.case import open_case
from incident_nb.diagnose import investigate
from incident_nb.escape import printable
from incident_nb.incidents import fold
from incident_nb.ui import follow
from tests import ended
from tests.browser import Beacon, Tab
from tests.builders import runs
from tests.hostile import vectors
from tests.test_hostile_text import RENDERERS, assert_inert, rendered, words

QUESTIONS = 19  # that the report asks, each with an answer below it


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed incident, as it is written unattended."""
    return ended.write(tmp_path_factory.mktemp("closed"))


def plain(markdown: Path) -> str:
    """The Markdown without the strokes that keep its texts from being markup."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown.read_text(encoding="utf-8"))


def test_a_closed_incident_is_told_from_its_summary_to_its_actions(closed: Path) -> None:
    text = plain(closed / "report.md")
    at = 0
    for part in (
        "# INC-7: Orders are not fetched",
        "- **State:** Resolved 1 d 4 h after it was detected, closed 2026-03-04 09:42 UTC",
        "came back after 1 d 1 h; resolved after 1 d 4 h. 6 runs failed, and 1 only looked well (41 orders, 12 customers).",
        "- **Cause:** credentials, api key. Accepted by Anna",
        "- **Severity:** P1 Critical. Chosen by Anna (P2 was suggested)",
        "  - notify: missed by 3 h 20 min",
        "![What followed what: 28 rows from 2026-03-03 03:46 UTC on.",
        "## 1. Acknowledge",
        "The clocks of the incident count from its detection",
        "## 2. Diagnose",
        "![Runs of [ACME] Flow 1",
        "## 6. Document",
        "Verified resolved: four good runs",
        "## 7. Look back",
        "6 executions failed",
        "3 retries: went well",
        "### Went well",
        "| clock | Respond: acknowledged after 9 min, 51 min before the deadline |",
        "| escalation | Ben was told 2026-03-03 08:32 UTC | ESC-1, by Anna |",
        "### Went badly",
        "| clock | Resolve: resolved after 7 h, 3 h too late |",
        "| relapse | It came back, reopened 2026-03-04 05:22 UTC: one endpoint still has the old key | by Anna |",
        "### Not on record",
        "| DOC-1 | “Watch for keys that expire” has no owner and no date |",
        "### Still to be done",
        "| Ask for the new version of the API in staging first | Kim | 2026-04-01 | prevention |",
        "| Watch for keys that expire | nobody is named | no date | prevention |",
    ):
        assert part in text[at:], part
        at = text.index(part, at)
    assert "Next step" not in text  # nothing is left
    assert "Incomplete" not in text


def test_the_page_says_the_same_as_the_markdown(closed: Path) -> None:
    page = (closed / "report.html").read_text(encoding="utf-8")
    for part in (
        "<h1>INC-7: Orders are not fetched</h1>", "Resolved 1 d 4 h after it was detected", "Credentials, api key",
        '<dd class="bad">missed by 3 h 20 min</dd>', "<h3>Went well</h3>", "<h3>Went badly</h3>", "<h3>Not on record</h3>",
        "<h3>Still to be done</h3>", '<span class="bad">nobody is named</span>', 'alt="What followed what: 28 rows',
    ):  # fmt: skip
        assert part in page
    assert "lead" not in re.findall(r'<div class="(card[^"]*)"', page)[0].split()  # red is for what goes on
    notebook = nbformat.read(closed / "investigation.ipynb", as_version=4)
    asked = [cell for cell in notebook.cells[2:] if cell.cell_type == "markdown"]
    assert len(asked) == QUESTIONS - 2


def test_the_clients_copy_of_it_holds_no_internals(closed: Path) -> None:
    for name in ("client.html", "client.md"):
        text = (closed / name).read_text(encoding="utf-8")
        assert "It had come back, and is resolved again" in text and "1 day" not in text
        assert "3 hours and 45 minutes from when it came back" in text and "7 hours the first time" in text
        told = text.partition("<body>")[2] or text
        held = [
            word
            for word in ("INC-7", "Anna", "Ben", "Call", "api.shop", "wf1", "P1", "Kim", "VER-", "execution")
            if word in told
        ]
        assert held == []


def test_an_open_incident_says_what_is_next(tmp_path: Path) -> None:
    text = plain(ended.shown(tmp_path, ended.case(upto=300), ended.events(upto=300)).markdown)
    for part in (
        "- **State:** Open for 5 h: a fix is in place, not verified yet",
        "22 min after its onset",
        "  - resolve: missed, 1 h late",
        "- **Next step:** Trigger the workflow manually with test data (VER-1",
        "As far as the executions of this case tell",
        "| clock | Resolve: not met; 1 h late |",
        "### Not on record yet",
        "| impact | What it did was not counted on n8n: incident-nb impact INC-7 |",
        "| Trigger the workflow manually with test data (VER-1: not ticked yet). | nobody is named | no date | next step |",
    ):
        assert part in text, part
    assert "relapse" not in text and "Resolved" not in text


def test_without_a_record_what_needs_one_says_so_in_a_sentence(tmp_path: Path) -> None:
    made = replace(ended.case(upto=300), incident=None)
    files = ended.shown(tmp_path, made)
    text = plain(files.markdown)
    assert "- **Most probable cause:** Credentials" in text and "- **Severity (suggested):**" in text
    assert "![What followed what: 4 rows" in text
    assert "5 runs failed since 2026-03-03 04:00 UTC" in text
    assert text.rstrip().endswith("This follows from an incident's record, and there is none here.")
    page = files.html.read_text(encoding="utf-8")
    for absent in (
        "Went well",
        "Went badly",
        "Not on record yet",
        "Still to be done",
        "State</p>",
        "<tbody></tbody>",
        "<ul></ul>",
    ):
        assert absent not in page


def test_where_nothing_failed_there_is_nothing_to_draw(tmp_path: Path) -> None:
    made = replace(ended.case(upto=300), incident=None, workflow=None, answers=(), log=ended.log_of(*runs("........")))
    text = plain(ended.shown(tmp_path, made).markdown)
    assert "Nothing failed and nothing is on record, so there is nothing to put in its order." in text
    assert "Nothing failed in what was read, so nothing was affected." in text
    assert "What followed what: " not in text


def test_an_incident_whose_executions_are_gone_is_told_from_its_record(tmp_path: Path) -> None:
    made = replace(ended.case(), workflow=None, answers=(), log=ended.log_of(*runs("....")))
    files = ended.shown(tmp_path, made, ended.events())
    text = plain(files.markdown)
    assert "**Orders are not fetched**" in text
    assert "- **Cause:** credentials, api key" in text and "6 executions failed" in text
    page = files.html.read_text(encoding="utf-8")
    assert '<p class="headline">Orders are not fetched</p>' in page and "Resolved 1 d 4 h" in page


def test_the_chart_is_drawn_once_for_each_state_of_the_record(tmp_path: Path) -> None:
    saved = ended.case(upto=300).save(tmp_path / "case")
    ended.keep_record(saved, ended.events(upto=300))
    case = open_case(str(tmp_path / "case"))
    followed = follow(case, investigate(case))
    panel = followed.course()
    first = panel.view()
    assert panel.view() is first
    followed.events = ended.events(upto=420)
    followed.refresh()
    assert panel.view() is not first
    assert 'alt="What followed what' in panel.view().framed and '<img src="data:image/png' in panel.view().framed


# hostile text


@pytest.mark.parametrize("part", range(7))
def test_hostile_text_in_every_field_stays_text(tab: Tab, beacon: Beacon, tmp_path: Path, part: int) -> None:
    """Vectors that a name has room for, each in another field, by turns."""
    some = [one for one in vectors(beacon.url) if len(one.text) < 200][part::7]
    texts = cycle(one.text.encode("utf-8", "replace").decode() for one in some)
    used: list[str] = []

    def text(said: str) -> str:
        used.append(f"{said} {next(texts)}")
        return used[-1]

    record = ended.events(text)
    files = ended.shown(tmp_path, ended.case(text), record)
    incident = fold(record)
    title = words(printable(f"{incident.id}: {incident.title}"))
    told = assert_inert(tab, beacon, files.html, title)
    assert len(used) >= 34
    # What a person wrote is there, as the text it is.
    for action in incident.prevention:
        assert words(printable(action.text)) in told
    for renderer in RENDERERS:
        assert_inert(tab, beacon, rendered(files.markdown, renderer), "Title")
