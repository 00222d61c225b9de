"""`incidents path`, `step`, `workaround`, `wait` and `fix` on the command line, and the same in a notebook's third step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.case import open_case
from incident_nb.desk import Desk, on_record
from incident_nb.desk.told import as_json, glance
from incident_nb.diagnose import investigate
from incident_nb.incidents import Records
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.models import Diagnosis
from incident_nb.settings import Settings, load
from incident_nb.ui.board import _row
from incident_nb.ui.follow import Follow
from incident_nb.ui.panel import _parts
from incident_nb.ui.resolution import Resolution
from incident_nb.watch import clocks
from tests.builders import HOUR, page, runs
from tests.test_cli_incidents import ALERT, Ran, ran  # noqa: F401 - a fixture
from tests.watched import lines

SETTINGS = """
[n8n.default]
url = "https://n8n.agency.example"
[clients.ACME]
name = "Acme Ltd"
contact = "ops@acme.example"
[modal.apps]
"api.shop.example" = "acme-orders"
"""


@pytest.fixture
def opened(ran: Ran) -> Ran:  # noqa: F811
    with (ran.folder / "incident-nb.toml").open("a") as file:
        file.write(SETTINGS)
    ran("incidents", "open", ALERT, "--offline")
    return ran


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def test_a_row_is_begun_and_done(opened: Ran) -> None:
    opened("incidents", "record", "1", "cause_accepted", "cause=credentials", "detail=oauth_token")
    began = opened.json(
        "incidents", "step", "1", "res-1", "--begin", "--note", "called them", "--at", "2026-11-26T02:10:00Z"
    )
    assert began["begun"]["RES-1"] == {"at": "2026-11-26T02:10:00Z", "by": "Robin", "text": "called them"}
    assert "RES-1 was begun by Robin on 2026-11-26 at 02:10 UTC" in opened(
        "incidents", "step", "1", "RES-1", "--begin", code=2
    )
    done = opened.json("incidents", "step", "1", "RES-1", "--done", "--at", "2026-11-26T02:31:00Z")
    assert done["ticks"]["RES-1"]["done"] and done["begun"]["RES-1"]["at"] == "2026-11-26T02:10:00Z"
    assert "RES-1 was done by Robin. Take the tick away first." in opened(
        "incidents", "step", "1", "RES-1", "--begin", code=2
    )
    told = [event["told"] for event in done["events"]]
    assert "RES-1 begun: called them" in told and "RES-1 done" in told
    rows = {row["id"]: row for row in opened.json("incidents", "path", "1")["rows"]}
    assert "02:10" in rows["RES-1"]["when"] and "(21 min), by Robin" in rows["RES-1"]["when"]
    assert not opened.json("incidents", "step", "1", "RES-1", "--undone")["ticks"]["RES-1"]["done"]
    assert opened.json("incidents", "step", "1", "RES-1", "--begin")["begun"]["RES-1"]["at"] > "2026-11-26T02:10:00Z"
    assert opened.json("incidents", "step", "1", "WA-2", "--done")["ticks"]["WA-2"]["done"]  # needs no beginning


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["step", "1", "RES-1"], "Say one of --begin, --done and --undone"),
        (["step", "1", "RES-1", "--begin", "--done"], "Say one of --begin, --done and --undone"),
        (["step", "1", "RES-99", "--done"], "is no row that can be ticked"),
        (["step", "1", "SEV-P1", "--done"], "is no row that can be ticked"),
        (["step", "7", "RES-1", "--done"], "There is no INC-7"),
        (["workaround", "1", "by hand"], "--until 2026-12-01T17:00"),
        (["workaround", "1", "by hand", "--until", "soon"], "--until 'soon' is no ISO 8601 time"),
        (["workaround", "1", "by hand", "--until", "2026-01-01"], "the date has passed already"),
        (["wait", "1"], "Say what the client has to do, or --over"),
        (["wait", "1", "x", "--over"], "Say what the client has to do, or --over"),
        (["wait", "1", "--over"], "does not wait for the client"),
        (["path", "7"], "There is no INC-7"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(opened: Ran, arguments: list[str], words: str) -> None:
    assert words in " ".join(opened("incidents", *arguments, code=2).split())


def test_workaround_waiting_and_fix(opened: Ran) -> None:
    opened("incidents", "ack", "1")
    opened("incidents", "severity", "1", "P2")
    opened("incidents", "record", "1", "cause_accepted", "cause=credentials", "detail=oauth_token")
    until = in_days(9)
    made = opened.json("incidents", "workaround", "1", "sent", "by", "hand", "--until", until)
    assert made["workaround"]["text"] == "sent by hand" and made["workaround"]["due"].startswith(until)
    assert made["promise"]["state"] == "running" and f"by {until.replace('T', ' ')} UTC" in made["next_step"]
    assert "WA-3: permanent fix in" in opened("incidents", "show", "1")
    assert opened.json("incidents", "wait", "1", "sign", "in", "again")["waiting"][0]["why"] == "sign in again"
    assert "waits for the client already" in opened("incidents", "wait", "1", "again", code=2)
    assert opened.json("incidents", "wait", "1", "--over")["waiting"][0]["until"]
    fixed = opened.json("incidents", "fix", "1", "signed", "in")
    assert fixed["fixed"]["text"] == "signed in" and fixed["promise"] is None


def test_the_path_names_what_this_client_has(opened: Ran) -> None:
    opened("incidents", "record", "1", "cause_accepted", "cause=credentials", "detail=oauth_token")
    told = opened("incidents", "path", "1")
    for words in ("INC-1: what to do about credentials, oauth token", "RES-1 Expired OAuth token (open)", "Acme Ltd (ACME)",
                  "no case of it was made yet", "to: ops@acme.example", "\nHi Acme Ltd,\n", "Kind regards\nRobin\n"):  # fmt: skip
        assert words in told, words
    found = opened.json("incidents", "path", "1")
    assert found["request"]["to"] == "ops@acme.example" and found["rows"][0]["id"] == "RES-1"
    opened("incidents", "record", "1", "cause_accepted", "cause=endpoint_crash")
    told = opened("incidents", "path", "1")
    assert "run: pytest clients/ACME/tests/ -v\n" in told and "Hi Acme" not in told


def test_the_path_knows_what_the_case_holds(opened: Ran) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - 8 * HOUR
    (opened.folder / "export.json").write_text(page(runs("....XXX", start=start)))
    desk = on_record(load())
    desk.room(1, ["export.json"])
    investigate(open_case("INC-1"))
    opened("incidents", "record", "1", "diagnosed", "headline=x", "cause=credentials", "confidence=0.9")
    opened("incidents", "record", "1", "cause_accepted", "cause=endpoint_crash")
    rows = {row["id"]: row for row in opened.json("incidents", "path", "1")["rows"]}
    assert rows["CODE-3"]["commands"] == ["modal deploy clients/ACME/modal_apps/acme_orders_modal.py"]
    (opened.folder / "incidents" / "INC-1" / "case" / "diagnosis.json").write_text("{")
    rows = {row["id"]: row for row in opened.json("incidents", "path", "1")["rows"]}
    assert "{name}" in rows["CODE-3"]["commands"][0] and any(
        "can't be read" in why for why in rows["CODE-3"]["missing"]
    )


# The date of the permanent fix


class Clock:
    """An instant that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def worked(tmp_path: Path) -> Iterator[tuple[Desk, Clock]]:
    """An incident that was worked around, with its permanent fix to be there in ten days."""
    clock = Clock()
    records = Records(tmp_path / "record.db", clock=clock)
    desk = Desk(records, Settings(), by="Anna", clock=clock)
    desk.open(Opened(title="Orders fails", detected_at=clock.now, client="BAY"))
    for kind, values in (
        ("acknowledged", {}), ("severity_suggested", {"severity": "P4"}), ("severity_chosen", {"severity": "P4"}),
        ("cause_accepted", {"cause": "endpoint_crash"}),
    ):  # fmt: skip
        desk.add(1, kind, **values)
    desk.add(1, "worked_around", what="by hand", due=(clock.now + timedelta(days=10)).isoformat())
    yield desk, clock
    records.close()


def told(desk: Desk, clock: Clock, days: float) -> list[str]:
    """What is told of the promise when somebody looks so many days after the workaround."""
    clock.now = datetime(2026, 11, 23, 10, tzinfo=UTC) + timedelta(days=days)
    found = clocks.look(desk.records, desk.settings, clock.now, desk.policy)
    return [one.what.state for one in found if one.what.of == "workaround"]


def test_the_date_is_told_a_day_before_and_when_it_passed_once_each(worked: tuple[Desk, Clock]) -> None:
    desk, clock = worked
    assert [told(desk, clock, days) for days in (7.6, 8.9, 9.1, 9.5, 9.99)] == [[], [], ["at_risk"], [], []]
    assert [told(desk, clock, days) for days in (10, 11, 30)] == [["missed"], [], []]
    said = [text for _, _, text in lines(desk.records) if "permanent fix" in text]
    assert len(said) == 2 and "is promised for 2026-12-03 10:00 UTC and is not there yet (WA-3)" in said[0]
    assert "was promised for 2026-12-03 10:00 UTC and is not there (WA-3). So far: by hand" in said[1]


def test_another_date_is_told_anew_and_a_fix_ends_it(worked: tuple[Desk, Clock]) -> None:
    desk, clock = worked
    assert told(desk, clock, 10) == ["missed"]
    desk.add(1, "worked_around", what="still by hand", due=(clock.now + timedelta(hours=8)).isoformat())
    assert [told(desk, clock, 10 + hours / 24) for hours in (5.9, 6, 8)] == [[], ["at_risk"], ["missed"]]
    desk.add(1, "worked_around", what="still", due=(clock.now + timedelta(hours=8)).isoformat())
    desk.add(1, "fixed", what="deployed")
    assert told(desk, clock, 20) == [] and desk.standing(1).promise is None
    desk.add(1, "worked_around", what="it did not hold", due=(clock.now + timedelta(hours=8)).isoformat())
    assert told(desk, clock, 20.4) == ["missed"]


def test_next_step_board_and_terminal_show_the_date(worked: tuple[Desk, Clock]) -> None:
    desk, clock = worked
    told(desk, clock, 1)
    one = desk.standing(1)
    assert one.next_step == "Put the permanent fix in place by 2026-12-03 10:00 UTC (RES-4; WA-3)."
    assert "permanent fix in 9 d, by 2026-12-03 10:00 UTC" in str(_row(one)[5]) and _row(one)[6] == one.next_step
    assert ("WA-3", "permanent fix in 9 d, by 2026-12-03 10:00 UTC") in glance(one, ())
    told(desk, clock, 9.5)
    assert "permanent fix in 12 h, by 2026-12-03 10:00 UTC (at risk)" in str(_row(desk.standing(1))[5])
    told(desk, clock, 11)
    desk.add(1, "waiting_began", why="their key")
    one = desk.standing(1)
    assert one.next_step == "The permanent fix is overdue since 2026-12-03 10:00 UTC (WA-3): put it in place (RES-4)."
    assert "permanent fix: 1 d late" in _row(one)[5][0] and _row(one)[5][1] == "state bad"
    assert as_json(one)["promise"]["due"] == "2026-12-03T10:00:00Z"
    desk.add(1, "fixed", what="deployed")
    assert "permanent fix" not in str(_row(desk.standing(1))) and desk.standing(1).promise is None


# In a notebook


class Clicked:
    """The third step of a notebook on the incident as it is on record."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        case = open_case("INC-1")
        self.panel = Resolution(Follow(case, diagnosis))
        self.panel._widget()

    def parts(self, label: str) -> list[Any]:
        """The controls whose label begins so."""
        return [part for part in _parts(self.panel._body) if str(getattr(part, "description", "")).startswith(label)]

    def markdown(self) -> str:
        """What the panel shows."""
        return self.panel.view().markdown.replace("\\", "")


@pytest.fixture
def book(opened: Ran) -> Clicked:
    start = datetime.now(UTC).replace(microsecond=0) - 8 * HOUR
    (opened.folder / "export.json").write_text(page(runs("....XXX", start=start)))
    on_record(load()).room(1, ["export.json"])
    diagnosis = investigate(open_case("INC-1"))
    opened("incidents", "record", "1", "cause_accepted", "cause=credentials", "detail=oauth_token")
    return Clicked(diagnosis)


def test_a_notebook_shows_rows_links_and_the_message(book: Clicked) -> None:
    shown = book.markdown()
    assert "[workflow “[ACME] Flow 1”](https://n8n.agency.example/workflow/wf1)" in shown
    assert "> Hi Acme Ltd," in shown and "(RES-1)" in shown and "Work around it (WA-1 to WA-3)" in shown
    page_ = book.panel.view().framed
    assert 'href="https://n8n.agency.example/workflow/wf1" target="_blank"' in page_ and "<details><summary>" in page_
    (message,) = book.parts("Message")
    assert message.value.startswith("Hi Acme Ltd,") and book.parts("To")[0].value == "ops@acme.example"
    assert book.parts("Copy the message")


def test_a_button_begins_a_row_and_a_tick_ends_it(book: Clicked) -> None:
    begin, *_ = book.parts("Begin")
    assert begin.layout.display is None
    begin.click()
    assert begin.layout.display == "none" and "begun" in book.markdown()
    (tick,) = book.parts("RES-1")
    tick.value = True
    incident = on_record(load()).records.get(1)
    assert incident.begun["RES-1"].by == "Robin" and incident.ticks["RES-1"].done
    assert "done: Expired OAuth token" in book.markdown() and "by Robin" in book.markdown()
    tick.value = False
    assert not on_record(load()).records.get(1).ticks["RES-1"].done


def test_that_the_client_was_asked_is_waiting(book: Clicked) -> None:
    (asked,) = book.parts("The client was asked: wait")
    asked.click()
    incident = on_record(load()).records.get(1)
    assert incident.is_waiting and incident.waiting[-1].why == "sign in again"
    assert not book.parts("The client was asked: wait") and book.parts("The client has done it")
