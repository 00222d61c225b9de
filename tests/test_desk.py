"""What people may do with an incident, and when: the rules hold at the moment of writing, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.case import open_case, read_case
from incident_nb.desk import Desk
from incident_nb.desk.folder import keep_record, kept_record
from incident_nb.diagnose import investigate
from incident_nb.documents.gaps import gaps_of
from incident_nb.errors import UsageError
from incident_nb.incidents import Records, fold
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.models import Severity
from incident_nb.record import Status
from incident_nb.said import Subject
from incident_nb.settings import Client, Settings
from tests.builders import HOUR, page, runs

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """A desk of a workspace, with one incident of severity P2 suggested."""
    (tmp_path / "incident-nb.toml").write_text("")
    records = Records(tmp_path / "incidents" / "record.db")
    made = Desk(records, Settings(path=tmp_path / "incident-nb.toml"), by="Robin", clock=clock)
    made.open(Opened(title="Orders fail", detected_at=NOW, client="ACME", subject=Subject(workflow_id="wf1")), at=NOW)
    made.add(1, "severity_suggested", severity="P2", reasons=["it fails every time"])
    yield made
    records.close()


def refused(do: Any, *arguments: Any, **values: Any) -> str:
    with pytest.raises(UsageError) as caught:
        do(*arguments, **values)
    return str(caught.value)


def fix(desk: Desk) -> None:
    desk.add(1, "acknowledged")
    desk.choose(1, Severity.P2)
    desk.add(1, "cause_accepted", cause="credentials", detail="api_key")
    desk.add(1, "fixed", what="a new key")


def verify(desk: Desk) -> None:
    for row in ("VER-1", "VER-3"):
        desk.add(1, "ticked", row=row, text="the orders are there")
    for run in "123":
        desk.add(1, "run_watched", execution_id=run, good=True)


def test_a_run_is_counted_once_and_after_the_fix(desk: Desk) -> None:
    assert "no fix is in place yet" in refused(desk.add, 1, "run_watched", execution_id="1", good=True)
    fix(desk)
    desk.add(1, "run_watched", execution_id="1", good=True)
    assert "counted already" in refused(desk.add, 1, "run_watched", execution_id="1", good=True)
    assert desk.add(1, "run_watched", execution_id="1", good=False).watched.good == 0
    assert "counted already" in refused(desk.add, 1, "run_watched", execution_id="1", good=True)


def test_nobody_ticks_the_output_without_a_word_on_it(desk: Desk) -> None:
    fix(desk)
    assert "say in a note" in refused(desk.add, 1, "ticked", row="VER-3")
    desk.add(1, "ticked", row="VER-3", text="12 orders are there")
    assert not desk.add(1, "ticked", row="VER-3", done=False).ticks["VER-3"].done


def test_another_severity_than_suggested_needs_a_reason_and_both_are_kept(desk: Desk) -> None:
    assert "give a reason" in refused(desk.choose, 1, Severity.P3)
    chosen = desk.choose(1, Severity.P3, "nobody uses it at night")
    assert (chosen.severity, chosen.suggested and chosen.suggested.severity) == (Severity.P3, Severity.P2)
    assert chosen.chosen and chosen.chosen.text == "nobody uses it at night"


def test_resolved_only_when_verified_or_with_a_reason_for_each_row(desk: Desk) -> None:
    fix(desk)
    words = refused(desk.resolve, 1, "done")
    assert all(row in words for row in ("VER-1", "VER-2", "VER-3", "VER-4")) and "VER-5" not in words
    assert "no row VER-9" in refused(desk.resolve, 1, "done", {"VER-9": "because"})
    verify(desk)
    resolved = desk.resolve(1, "A new key.", {"VER-1": "a reason that is not needed"})
    assert resolved.status is Status.RESOLVED and resolved.open_items == {}
    assert "resolved already" in refused(desk.resolve, 1)


def test_closed_only_when_the_checklist_is_done_or_with_a_reason_for_each_row(desk: Desk) -> None:
    fix(desk)
    verify(desk)
    desk.resolve(1)
    words = refused(desk.close, 1)
    assert all(row in words for row in ("FIN-4", "FIN-5", "FIN-6", "FIN-8")) and "FIN-7" not in words
    reasons = dict.fromkeys(("FIN-4", "FIN-5", "FIN-6", "FIN-8"), "the client left")
    assert "FIN-5" in refused(desk.close, 1, "", {**reasons, "FIN-5": "  "})
    closed = desk.close(1, "", reasons)
    assert closed.status is Status.CLOSED and closed.open_items == reasons
    assert "Reopen it first" in refused(desk.add, 1, "fixed", what="again")
    desk.add(1, "note", text="a note is still taken")
    back = desk.add(1, "reopened", reason="the key expired again")
    assert back.status is not Status.CLOSED and back.open_items == {}


@pytest.mark.parametrize(
    ("before", "kind", "values", "words"),
    [
        (["acknowledged"], "acknowledged", {}, "was acknowledged by Robin on 2026-11-23 at 10:00 UTC"),
        ([], "reopened", {"reason": "x"}, "is still open"),
        ([], "waiting_ended", {}, "does not wait"),
        ([], "billing_approved", {"text": "Kim"}, "accept the cause before billing is spoken of (BILL-4)"),
        ([], "worked_around", {"what": "off", "due": NOW.isoformat()}, "has passed already"),
        ([], "scheduled", {"due": (NOW - HOUR).isoformat()}, "has passed already"),
        ([], "resolved", {}, "use `resolve`"),
        ([], "closed", {}, "use `close`"),
        ([], "fixed", {"what": "   "}, "what"),
        ([], "no_such_kind", {}, "There is no event of the kind"),
        ([], "note", {"text": "x", "sneaky": 1}, "sneaky"),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, before: list[str], kind: str, values: Any, words: str) -> None:
    for each in before:
        desk.add(1, each)
    seq = desk.records.get(1).version
    assert words in refused(desk.add, 1, kind, **values)
    assert desk.records.get(1).version == seq


def test_the_next_step_follows_the_procedure(desk: Desk, clock: Clock) -> None:
    def says(words: str) -> None:
        assert words in desk.standing(1).next_step, desk.standing(1).next_step

    says("(ACK-1)")
    desk.add(1, "acknowledged")
    says("(ACK-2)")
    desk.choose(1, Severity.P2)
    says("accept a cause")
    desk.add(1, "fact_confirmed", fact="data_loss")
    says("Notify Ben immediately (ESC-2")
    desk.add(1, "escalated", row="ESC-2", to="Ben")
    clock.now = NOW + 13 * HOUR
    says("Tell the client, with a holding notice")
    desk.add(1, "notified", notice="holding", to="the shop")
    desk.add(1, "waiting_began", why="sign in again")
    says("Wait for the client: sign in again")
    desk.add(1, "waiting_ended")
    desk.add(1, "cause_accepted", cause="credentials", detail="oauth_token")
    says("RES-1")
    desk.add(1, "worked_around", what="switched off", due=(clock.now + HOUR).isoformat())
    clock.now += 2 * HOUR
    says("permanent fix is overdue since")
    desk.add(1, "fixed", what="signed in")
    says("(VER-1")
    verify(desk)
    says("Mark it as resolved")
    desk.resolve(1)
    says("(FIN-4")
    with pytest.raises(UsageError, match=r"IMPACT is blank.*waived gap=contact"):
        desk.add(1, "notified")
    for gap in gaps_of(desk.records.get(1), desk.settings, clock.now, by=desk.by):
        if "letter" in gap.of:
            desk.add(1, "waived", gap=gap.name, reason="told by telephone")
    desk.add(1, "notified")
    desk.add(1, "documented", path="clients/ACME/x.md")
    desk.add(1, "prevention", text="watch it")
    desk.add(1, "billing_classified", row="BILL-2")
    says("Close it")
    desk.close(1)
    says("Nothing: it is closed")


def test_the_board_shows_the_most_urgent_first(desk: Desk, clock: Clock) -> None:
    def another(title: str, severity: str, *, hours: float = 0) -> int:
        number = desk.open(Opened(title=title, detected_at=NOW - timedelta(hours=hours)), at=NOW).number
        desk.add(number, "severity_suggested", severity=severity)
        return number

    low, high, late = another("low", "P4"), another("high", "P1"), another("late", "P2", hours=5)
    assert [one.incident.number for one in desk.board()] == [late, high, 1, low]
    assert [other.number for other in desk.standing(high).paused] == [late, 1, low] or {
        other.number for other in desk.standing(high).paused
    } == {late, 1, low}
    clock.now = NOW + HOUR
    desk.add(high, "acknowledged")
    desk.add(high, "fixed", what="x")
    desk.resolve(high, "", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4", "VER-5"), "tried by hand"))
    assert [one.incident.number for one in desk.board()][-1] == high


def test_one_clients_wrong_calendar_hides_no_incident(desk: Desk) -> None:
    desk.settings = Settings(clients={"BAY": Client(hours="nine to five"), "ACME": Client(hours="09:00-17:00")})
    for code in ("BAY", "ACME"):
        number = desk.open(Opened(title=code, client=code, detected_at=NOW), at=NOW).number
        desk.add(number, "severity_suggested", severity="P3")
    unread = {one.incident.title: one.unread for one in desk.board()}
    assert "'nine to five' can't be read" in unread.pop("BAY")
    assert "ACME" in unread and not any(unread.values())
    assert "every hour counts" in desk.standing(2).timers["respond"].basis
    assert "working hour" in desk.standing(3).timers["respond"].basis


def test_a_diagnosis_is_put_on_record_once(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text(page(runs("....XXX", start=NOW - 7 * HOUR)))
    diagnosis = investigate(read_case([str(tmp_path / "page.json")], desk.settings, NOW))
    for _ in range(2):
        desk.diagnosed(1, diagnosis)
    kinds = [event.kind for event in desk.records.events(1)]
    assert kinds.count("diagnosed") == 1 and kinds.count("severity_suggested") == 2
    known = desk.records.get(1).subject
    assert (known.node, known.workflow) == ("Call", "[ACME] Flow 1") and known.fingerprint


def test_an_incident_has_its_case_and_notebook_and_the_record_stands_in_the_case(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.json").write_text(page(runs("....XXX", start=NOW - 7 * HOUR)))
    notebook = desk.room(1, [str(tmp_path / "page.json")])
    assert notebook == tmp_path / "incidents" / "INC-1" / "incident.ipynb"
    assert 'case: str = \\"INC-1\\"' in notebook.read_text()
    monkeypatch.chdir(tmp_path)
    case = open_case("INC-1")
    assert (case.incident, case.workflow) == ("INC-1", "wf1") and len(case.log.executions) == 7
    assert kept_record(case) == ()
    keep_record(case, desk.records.events(1))
    assert fold(kept_record(open_case("INC-1"))) == desk.records.get(1)
    (tmp_path / "incidents" / "INC-1" / "case" / "record.jsonl").write_text("{damaged")
    with pytest.raises(UsageError, match="can't be read; make the case again"):
        kept_record(open_case("INC-1"))


def test_without_executions_the_case_is_empty_and_says_so(desk: Desk, tmp_path: Path) -> None:
    desk.room(1)
    case = open_case(str(tmp_path / "incidents" / "INC-1" / "case"))
    assert investigate(case).headline == "There are no executions to look at."


@pytest.mark.parametrize("name", ["", "INC-", "INC-x", "1" * 19, "-1", "../1", "INC-1.5"])
def test_a_name_that_is_no_incident(desk: Desk, name: str) -> None:
    assert "is no incident" in refused(desk.number_of, name)
    assert desk.number_of(" inc-12 ") == 12
