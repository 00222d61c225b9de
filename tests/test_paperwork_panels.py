"""Steps 5 and 6 in a notebook: the letter section by section, what is open, and the documents at a click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from incident_nb.desk import on_record
from incident_nb.record import Incident
from incident_nb.settings import load
from incident_nb.ui.closing import Closing
from incident_nb.ui.notice import Notice
from incident_nb.ui.timeline import Timeline
from tests.acting import Clicked
from tests.documented import NOW
from tests.test_written import add, carried

SETTINGS = """
[sender]
name = "Kim Park"
[clients.BAY]
name = "Bay Bikes"
contact = "María <maria@bay.example>"
[clients.OTH]
name = "Otherwise Ltd"
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "incident-nb.toml").write_text(SETTINGS)
    yield tmp_path


def recorded() -> Incident:
    return on_record(load()).records.get(1)


def clicked(panel: type[Notice] | type[Closing] | type[Timeline]) -> Clicked:
    return Clicked(panel, load(), NOW)


def shown(book: Clicked) -> str:
    return book.panel.view().markdown.replace("\\", "")


def test_the_letter_with_all_that_is_open_in_it(workspace: Path) -> None:
    carried(on_record(load()), without=("harmed",))
    book = clicked(Notice)
    told = shown(book)
    assert "Hi María," in told and "Resolved: Invoices by mail" in told and "IMPACT is blank (impact)" in told
    assert "IMPACT is blank" in book.click("It was sent") and not recorded().notices
    assert "It stands in the letter" in book.click(
        "Put it into the letter", Section="impact", Its_words="3 orders were late."
    )
    assert "3 orders were late." in shown(book) and "IMPACT is blank" not in shown(book)
    book.click("Leave it so", Leave_open="data_recovery", Left_because="they sent them again themselves")
    assert recorded().waived["data_recovery"].text == "they sent them again themselves"
    assert "they sent them again themselves" in shown(book) and not book.has("Leave it so")
    assert "notice.eml opens in a mail program" in book.click("Write text and mail")
    assert (workspace / "incidents" / "INC-1" / "documents" / "notice.eml").is_file()
    book.click("It was sent")
    (sent,) = recorded().notices
    assert (
        sent.kind == "notice" and sent.to.startswith("[email:") and sent.text.startswith("Resolved: Invoices by mail")
    )


def test_what_a_client_should_not_read_is_shown_at_once(workspace: Path) -> None:
    carried(on_record(load()))
    book = clicked(Notice)
    book.click("Put it into the letter", Section="impact", Its_words="3 webhooks of Otherwise Ltd.")
    assert "names another client" in shown(book) and "“webhooks”: say" in shown(book)
    book.click("Put it into the letter", Section="impact", Its_words="")
    assert "3 invoices were not processed" in shown(book) and "webhooks" not in shown(book)


@pytest.mark.parametrize(("severity", "why"), [("P4", "no client is told of a P4"), ("P3", "Friday report")])
def test_where_nobody_is_told_there_is_nothing_to_send(workspace: Path, severity: str, why: str) -> None:
    carried(on_record(load()), severity=severity)
    book = clicked(Notice)
    assert why in shown(book) and not book.has("It was sent") and not book.has("Put it")


def test_the_documents_at_a_click(workspace: Path) -> None:
    carried(on_record(load()))
    book = clicked(Closing)
    assert "nobody has said" not in shown(book) and "$375.00 at $250/hr" in shown(book)
    assert "incident: written" in book.click("Write the documents")
    (path,) = workspace.rglob("operations/*.md")
    assert recorded().documented["DOC-1"].text == str(path.relative_to(workspace))
    path.write_text(path.read_text().replace("## Root Cause", "## Root Cause\n\nmine"))
    add(on_record(load()), 1, "note", 90, text="called again")
    assert "to confirm" in book.click("Write the documents") and "called again" not in path.read_text()
    book.click("Make those anew that were changed by hand")
    assert "mine" in path.read_text() and "called again" in path.read_text()


def test_a_document_that_can_not_be_written_is_a_refusal_that_keeps_none_of_the_others_back(workspace: Path) -> None:
    carried(on_record(load()))
    home = workspace / "incidents" / "INC-1" / "documents"
    (home / "notice.txt").mkdir(parents=True)
    said = clicked(Closing).click("Write the documents")
    assert (
        "notice: failed" in said
        and "no ordinary file" in said
        and "incident: written" in said
        and 'role="alert"' in said
    )
    assert recorded().documented and (home / "billing.md").is_file()


def test_actions_and_who_pays(workspace: Path) -> None:
    carried(on_record(load()), without=("billing_classified",))
    book = clicked(Closing)
    assert "nobody has said who pays (billing)" in shown(book)
    book.click("It is done", Action="Ask for a new sign-in a week before it ends")
    assert recorded().prevention[0].done_at and not book.has("It is done")
    book.click("Confirm billing", Who_pays="BILL-3", Hours="2", Uses="allocation", Paid_so_because="their admin")
    billed = recorded().billing
    assert billed and (billed.row, billed.hours, billed.uses, billed.text) == (
        "BILL-3",
        2.0,
        "allocation",
        "their admin",
    )
    assert "$500.00" in shown(book)


def test_many_entries_of_a_kind_after_each_other_are_one_row(workspace: Path) -> None:
    desk = on_record(load())
    carried(desk, without=("retried", "retrying"))
    for name in range(7):
        add(desk, 1, "retried", 80, instance="default", execution_id=str(name), state="failed" if name == 3 else "well")
    told = shown(clicked(Timeline))
    assert "7 failed executions retried: 6 went well, 1 did not" in told
    first = desk.records.get(1).version - 6
    assert f"{first} to {first + 6}" in told
    desk.add(1, "corrected", seq=first + 3, reason="it was another one")
    assert "(corrected)" in shown(clicked(Timeline)) and f"{first} to {first + 6}" not in shown(clicked(Timeline))
    assert told.count("after the fix went well") == 3, "few are shown each"
