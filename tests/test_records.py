"""The records, on both databases: what is written stays, is safe to show, and folds to what a board is shown."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update

from incident_nb.errors import UsageError
from incident_nb.incidents import KINDS, Event, Records, engines, fold, payload_of, records_of, tables, upgrade
from incident_nb.incidents.entries import LARGEST, name_of
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from incident_nb.settings import Settings
from tests import recorded
from tests.postgres import Cluster
from tests.recorded import NOON, ONE_OF_EACH, engine_of, kept, one, opened, sound, stored

SECRET = "sk-proj-" + "4tGkW9vQ2mZx7LpR8sYb" * 2


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    made = Records(place)
    yield made
    made.close()


def test_numbers_count_up(records: Records) -> None:
    assert [records.open(opened(), by="Kim").id for _ in range(3)] == ["INC-1", "INC-2", "INC-3"]
    assert [one.id for one in records.incidents()] == ["INC-3", "INC-2", "INC-1"]


def test_an_opening_that_is_refused_takes_no_number(records: Records) -> None:
    records.open(opened(), by="Kim")
    with pytest.raises(UsageError):
        records.open(opened(), by=" ")
    with pytest.raises(UsageError):
        records.open(opened(), by="Kim", at=datetime(2026, 1, 1))  # noqa: DTZ001
    assert records.open(opened(), by="Kim").number == 2


def test_what_is_recorded_is_read_again(place: Path | str) -> None:
    records = Records(place)
    number = records.open(opened(), by="Kim", at=NOON).number
    records.add(number, one("acknowledged"), by="Lee", at=NOON + timedelta(minutes=5))
    after = records.add(number, one("note", text="Über 10 €"), by="Lee")
    records.close()
    again = Records(place)
    events = again.events(number)
    assert [(event.seq, event.kind, event.by) for event in events] == [
        (1, "opened", "Kim"), (2, "acknowledged", "Lee"), (3, "note", "Lee")]  # fmt: skip
    assert [event.at for event in events[:2]] == [NOON, NOON + timedelta(minutes=5)]
    assert events[2].at == events[2].recorded_at
    assert all(event.recorded_at.tzinfo is UTC and event.schema_version == upgrade.SCHEMA for event in events)
    assert events[2].payload == {"text": "Über 10 €"}
    assert again.get(number) == after == kept(again, number)
    assert (after.status, after.opened_at, after.version) == ("acknowledged", NOON, 3)
    assert again.versions() == {number: 3}
    again.close()


def test_the_clock_that_is_given_says_when_it_was_recorded(place: Path | str) -> None:
    records = Records(place, clock=lambda: NOON + timedelta(microseconds=1234567))
    incident = records.open(opened(), by="Kim")
    assert incident.opened_at == incident.changed_at == NOON + timedelta(milliseconds=1234)
    records.close()


def test_the_board_has_what_is_open_and_problems_are_found_again(records: Records) -> None:
    for fingerprint in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "aaaaaaaaaaaa"):
        records.open(opened(subject={"fingerprint": fingerprint}), by="Kim")
    records.add(1, one("closed"), by="Kim")
    assert [one.number for one in records.incidents(closed=False)] == [3, 2]
    assert [one.number for one in records.alike("aaaaaaaaaaaa")] == [3, 1]
    records.add(1, one("reopened"), by="Kim")
    assert [one.number for one in records.incidents(closed=False)] == [3, 2, 1]
    # A diagnosis, and a correction, can say what it is about.
    records.add(2, one("diagnosed", subject={"fingerprint": "cccccccccccc"}), by="Kim")
    assert [one.number for one in records.alike("cccccccccccc")] == [2]
    records.add(2, one("corrected", seq=2), by="Kim")
    assert records.alike("cccccccccccc") == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"opened", "imported"}))
def test_the_state_is_the_fold_after_every_kind(records: Records, kind: str) -> None:
    number = records.open(opened(), by="Kim", at=NOON).number
    for before in ("acknowledged", "fixed", "waiting_began"):
        records.add(number, one(before), by="Kim", at=NOON)
    after = records.add(number, one(kind), by="Kim", at=NOON + timedelta(hours=1))
    events = sound(records, number)
    assert after == fold(events)
    assert events[-1].payload == payload_of(kind, events[-1].payload).model_dump(mode="json", exclude_defaults=True)
    assert events[-1].kind == kind


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recorded.steps())
def test_the_state_is_the_fold_whatever_was_recorded(records: Records, steps: list[Any]) -> None:
    (_, values, at), *rest = steps
    folded = records.open(opened(**values), by="Kim", at=at)
    number = folded.number
    assert kept(records, number) == folded
    for kind, values, at in rest:
        folded = records.add(number, payload_of(kind, values), by="Lee", at=at)
        assert kept(records, number) == folded
    events = sound(records, number)
    assert fold(events) == folded == fold(reversed(events)) == fold(as_it_should_have_been(events))


def as_it_should_have_been(events: tuple[Event, ...]) -> list[Event]:
    """The same record as if nobody had ever erred: no corrections, and a note that changes nothing for what goes."""

    def standing(seq: int) -> Event | None:
        """An event after its corrections that count; None if it is withdrawn."""
        event: Event | None = events[seq - 1]
        at = events[seq - 1].at
        for later in range(seq + 1, len(events) + 1):
            correction = standing(later) if events[later - 1].kind == "corrected" else None
            if correction is None or correction.payload["seq"] != seq:
                continue
            payload, happened_at = correction.payload.get("payload"), correction.payload.get("happened_at")
            if payload is None and happened_at is None:
                event = None
                continue
            at = datetime.fromisoformat(happened_at) if happened_at else at
            base = event or (events[seq - 1] if payload is not None else None)
            if base is not None:
                event = base.model_copy(
                    update={
                        "payload": base.payload if payload is None else payload,
                        "at": at,
                    }
                )
        return event

    told = []
    for event in events:
        now = standing(event.seq)
        if now is None or event.kind == "corrected":
            now = event.model_copy(update={"kind": "note", "payload": {"text": "-"}})
        told.append(now)
    return told


def begun(records: Records, *payloads: Any) -> int:
    number = records.open(opened(), by="Kim", at=NOON).number
    for payload in payloads:
        records.add(number, payload, by="Kim", at=NOON)
    return number


def test_a_correction_puts_an_entry_right(records: Records) -> None:
    number = begun(records, one("fixed", what="the wrong key"))
    fixed = one("corrected", seq=2, payload={"what": "the right key"})
    assert records.add(number, fixed, by="Lee").fixed.text == "the right key"  # type: ignore[union-attr]
    moved = one("corrected", seq=2, happened_at="2026-11-23T14:00:00+02:00", reason="it was later")
    after = records.add(number, moved, by="Lee").fixed
    assert after is not None
    assert (after.text, after.at, after.by) == ("the right key", NOON, "Kim")
    assert records.add(number, one("corrected", seq=2), by="Lee").fixed is None
    assert [event.payload.get("what") for event in sound(records, number)][1] == "the wrong key"  # for ever
    again = records.add(number, one("corrected", seq=2, payload={"what": "a third key"}), by="Lee").fixed
    assert again is not None and again.text == "a third key"


def test_a_correction_is_withdrawn_or_corrected_itself(records: Records) -> None:
    number = begun(records, one("acknowledged"), one("fixed"), one("corrected", seq=3))
    assert records.get(number).fixed is None
    # Entry 3 was right after all.
    assert records.add(number, one("corrected", seq=4, reason="it was fixed"), by="Lee").fixed is not None
    # Or rather it was entry 2 that should have gone.
    after = records.add(number, one("corrected", seq=5, payload={"seq": 4, "happened_at": "2026-11-23T12:00:00Z",
                                                                 "reason": "-"}), by="Lee")  # fmt: skip
    assert after.fixed is None  # entry 5 says only when entry 4 was, so it stands
    aimed = one("corrected", seq=4, payload={"seq": 2, "reason": "nobody did"})
    after = records.add(number, aimed, by="Lee")
    assert (after.fixed is not None, after.acknowledged) == (True, ())
    sound(records, number)


def test_the_opening_can_be_corrected_but_not_withdrawn(records: Records) -> None:
    number = begun(records)
    with pytest.raises(UsageError, match="Entry 1 opened INC-1 and can't be withdrawn"):
        records.add(number, one("corrected", seq=1), by="Lee")
    payload = {"title": "Another name", "detected_at": "2026-11-23T10:00:00Z", "client": "SHOP"}
    after = records.add(number, one("corrected", seq=1, payload=payload), by="Lee")
    assert (after.title, after.client, after.detected_at.hour, after.opened_at) == ("Another name", "SHOP", 10, NOON)
    assert after.subject.workflow is None
    after = records.add(number, one("corrected", seq=1, happened_at="2026-11-23T10:05:00Z"), by="Lee")
    assert (after.title, after.opened_at.minute) == ("Another name", 5)
    sound(records, number)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seq": 3}, "INC-1 has no entry 3 that could be corrected; it has 2"),
        ({"seq": 9}, "no entry 9"),
        ({"seq": 2, "payload": {}}, "“note” can't be recorded: text: field required"),
        ({"seq": 2, "payload": {"text": "x", "more": 1}}, "more: extra inputs"),
        ({"seq": 2, "payload": {"text": b"\xff"}}, "holds what JSON has no form for"),
        ({"seq": 2, "payload": {"text": math.nan}}, "text: input should be a valid string"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused(records: Records, values: dict[str, Any], words: str) -> None:
    number = begun(records, one("note"))
    with pytest.raises(UsageError, match=words):
        records.add(number, one("corrected", **values), by="Lee")
    assert len(sound(records, number)) == 2


def test_a_correction_of_what_comes_after_it_counts_for_nothing() -> None:
    rows = [("opened", ONE_OF_EACH["opened"]), ("corrected", {"seq": 3, "reason": "-"}), ("fixed", {"what": "x"}),
            ("corrected", {"seq": 4, "reason": "-"})]  # fmt: skip
    events = [Event(number=1, seq=seq, kind=kind, at=NOON, by="-", recorded_at=NOON, payload=payload)
              for seq, (kind, payload) in enumerate(rows, 1)]  # fmt: skip
    assert fold(events).fixed is not None


def test_an_incident_has_one_beginning(records: Records) -> None:
    number = begun(records, one("fixed"))
    for kind in ("opened", "imported"):
        with pytest.raises(UsageError, match="INC-1 has a beginning already"):
            records.add(number, one(kind), by="Kim")
    with pytest.raises(UsageError, match="no beginning"):
        fold(())
    with pytest.raises(UsageError, match="no beginning"):
        fold(records.events(number)[1:])


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63, 10**30])
def test_a_number_that_there_is_not(records: Records, number: int) -> None:
    begun(records)
    for ask in (records.get, records.events, lambda number: records.add(number, one("note"), by="Kim")):
        with pytest.raises(UsageError, match=f"There is no INC-{number} in "):
            ask(number)


@pytest.mark.parametrize(("kind", "schema_version"), [("rehearsed", 1), ("rehearsed", 7), ("closed", 7)])
def test_what_a_newer_version_wrote_is_kept_and_passed_over(records: Records, kind: str, schema_version: int) -> None:
    number = begun(records, one("fixed"))
    before = records.get(number)
    newer = {"number": number, "seq": 3, "kind": kind, "at": NOON.isoformat(), "by": "Newer",
             "recorded_at": NOON.isoformat(), "schema_version": schema_version, "payload": {"hat": ["red", 1.5]}}  # fmt: skip
    with engine_of(records).begin() as connection:
        connection.execute(insert(tables.events).values(**newer))
        connection.execute(
            update(tables.incidents).values(seq=3, state=before.model_copy(update={"version": 3}).model_dump_json())
        )
    assert records.get(number) == before.model_copy(update={"version": 3, "changed_at": records.get(number).changed_at})
    after = records.add(number, one("corrected", seq=2, payload={"what": "another"}), by="Kim")
    assert after.fixed is not None and after.fixed.text == "another" and after.closed is None
    event = records.events(number)[2]
    assert (event.kind, event.schema_version, event.payload) == (kind, schema_version, {"hat": ["red", 1.5]})


def test_the_state_of_a_newer_version_is_shown_and_one_that_cannot_be_read_is_made_again(records: Records) -> None:
    number = begun(records, one("note"))
    row = tables.incidents
    newer = records.get(number).model_copy(update={"title": "as the newer one has it"})

    def put(**values: Any) -> None:
        with engine_of(records).begin() as connection:
            connection.execute(update(row).values(**values))

    put(schema_version=7, state=newer.model_dump_json())
    assert kept(records, number).title == "as the newer one has it"
    assert records.get(number).title == "Orders fails"
    for broken in (
        "",
        "{",
        '{"number": 1}',
        newer.model_dump_json().replace('"form"', '"x"').replace("slack", "smoke"),
    ):
        put(schema_version=7, state=broken)
        assert kept(records, number) == records.get(number)
    put(schema_version=0, state=newer.model_dump_json())  # folded by an older version
    assert kept(records, number) == records.get(number)
    assert records.add(number, one("note"), by="Kim").title == "Orders fails"
    sound(records, number)


def test_an_event_that_was_changed_by_hand_is_said(records: Records) -> None:
    number = begun(records, one("note"))
    with engine_of(records).begin() as connection:
        connection.execute(update(tables.events).where(tables.events.c.seq == 2).values(at="yesterday"))
    with pytest.raises(UsageError, match=r"INC-1 in .* was changed by hand"):
        records.get(number)


# What is written down


LONG = "word " * 3999 + "end"
TEXTS = [
    ("half a character \ud800.", "half a character ?."),
    ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
    ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red \N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}"),
    ("left \u202eright", "left \N{REPLACEMENT CHARACTER}right"),
    (LONG, LONG),
    ("𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ✓ \U0001f600", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ✓ \U0001f600"),
]


@pytest.mark.parametrize(("given", "shown"), TEXTS, ids=["surrogate", "nul", "ansi", "turned", "long", "far"])
def test_text_is_kept_as_it_can_be_shown(records: Records, given: str, shown: str) -> None:
    number = begun(records, one("note", text=given))
    corrected = one("corrected", seq=2, payload={"text": given})
    assert records.add(number, corrected, by="Kim").version == 3
    assert records.events(number)[2].payload["payload"] == {"text": shown}
    about = {"workflow": given, "error": given}
    assert records.open(opened(subject=about), by="Kim").subject.workflow == shown
    after = records.add(number, one("closed", text=given, open_items={"FIN-1": given}), by=given[:200])
    assert records.events(number)[1].payload["text"] == shown
    assert after.closed is not None
    assert (after.closed.text, after.open_items["FIN-1"]) == (shown, shown)
    assert after.closed.by == shown[:200].strip()
    sound(records, number)


def test_no_secret_reaches_the_database(place: Path | str) -> None:
    records = Records(place)
    said = f"the key is {SECRET}, Authorization: Bearer {SECRET}"
    subject = {"workflow": said, "error": said, "execution_url": f"https://n8n.example.com/x?token={SECRET}"}
    number = records.open(opened(title=said, client=said, text=said, subject=subject), by=said).number
    records.add(number, one("note", text=said), by=said)
    records.add(number, one("closed", open_items={"FIN-1": said}), by=said)
    records.add(number, one("corrected", seq=2, payload={"text": said}, reason=said), by=said)
    shown = repr(records.events(number)) + repr(records.incidents())
    assert "[api_key:" in shown and SECRET not in shown
    assert SECRET.encode() not in stored(place)
    records.close()
    assert SECRET.encode() not in stored(place)


def test_masks_that_make_a_text_too_long_cost_its_end_only(records: Records) -> None:
    text = "password=hunter22 " * 1100 + "end"
    number = begun(records, one("note", text=text))
    kept_text = records.events(number)[1].payload["text"]
    assert len(text) < 20_000 and len(kept_text) == 20_000 and kept_text.endswith("…")
    left = one("closed", open_items={"FIN-1": text})
    assert len(records.add(number, left, by="Kim").open_items["FIN-1"]) == 20_000
    assert len(records.add(number, one("note"), by="k" * 1000).model_dump_json()) > 0
    assert len(records.events(number)[-1].by) == 300
    sound(records, number)


def deep(levels: int) -> Any:
    made: Any = "x"
    for _ in range(levels):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("levitated", {}, "There is no event of the kind “levitated”; there is acknowledged, "),
        ("\x1b[31m" + "x" * 90, {}, f"the kind “{'x' * 60}…”"),
        ("note", {}, "“note” can't be recorded: text: field required"),
        ("note", {"text": " \n "}, "text: string should have at least 1 character"),
        ("note", {"text": "x" * 20_001}, "text: string should have at most 20000 characters"),
        ("note", {"text": 3}, "text: input should be a valid string"),
        ("note", {"text": "x", "\x1b[31mtex": "y"}, r"“note” can't be recorded: tex: extra inputs are not permitted"),
        ("ticked", {"row": "drop table"}, "row: string should match pattern"),
        ("severity_chosen", {"severity": "P5"}, "severity: input should be 'P1', 'P2', 'P3' or 'P4'"),
        ("scheduled", {"due": "2026-11-23T10:00:00"}, "due: input should have timezone info"),
        ("scheduled", {"due": "0001-01-01T00:00:00+10:00"}, "due: this is no time that a calendar has"),
        ("occurred", {"count": 0}, "count: input should be greater than or equal to 1"),
        ("diagnosed", {"headline": "x", "cause": "gremlins", "confidence": 1}, "cause: input should be 'credentials'"),
        ("diagnosed", {"headline": "x", "cause": "timeout", "confidence": math.nan}, "confidence: "),
        ("billing_classified", {"row": "BILL-1", "hours": math.inf}, "hours: "),
        ("closed", {"open_items": {"FIN-1": ""}}, "open_items.FIN-1: string should have at least 1"),
        ("corrected", {"seq": 1, "reason": "x", "payload": {"x": deep(100_000)}}, "payload: this is nested too deeply"),
        ("opened", {"title": "x", "detected_at": NOON, "subject": {"nodee": "x"}}, "subject: a subject has no nodee"),
        ("opened", {"title": "x", "detected_at": NOON, "subject": {"fingerprint": "f" * 301}}, "subject: fingerprint should"),
        ("opened", {"title": "x", "detected_at": NOON, "subject": {"error": "f" * 20_001}}, "subject: error should have at"),
    ],
)  # fmt: skip
def test_a_wrong_payload_names_its_field(kind: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        payload_of(kind, values)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("payload", "by", "at", "words"),
    [
        (one("note"), "", NOON, "Nobody is named"),
        (one("note"), "\u200b", NOON, "Nobody is named"),
        (one("note"), "Kim", datetime(2026, 1, 1), "timezone info"),  # noqa: DTZ001
        (one("note"), "Kim", datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))), "no time that a calendar"),
        (one("note", text="\u200b"), "Kim", NOON, "text: string should have at least 1"),
        (one("closed", open_items={f"FIN-{n}": "word " * 3000 for n in range(99)}), "Kim", NOON, f"{LARGEST} are the most"),
        (Corrected(seq=1, reason="-", payload={"title": deep(300)}), "Kim", NOON, "no form for"),
        (Corrected(seq=1, reason="-", payload={"title": {1, 2}}), "Kim", NOON, "."),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    records: Records, payload: Any, by: str, at: datetime, words: str
) -> None:
    number = begun(records)
    with pytest.raises(UsageError, match=words):
        records.add(number, payload, by=by, at=at)
    assert len(sound(records, number)) == 1
    assert records.add(number, one("note"), by="Kim").version == 2


def test_instants_are_kept_in_utc(records: Records) -> None:
    number = records.open(opened(detected_at="2026-11-23T17:28:00+05:30"), by="Kim").number
    there = datetime(2026, 11, 23, 13, 0, 0, 123_987, tzinfo=timezone(timedelta(hours=1)))
    after = records.add(number, one("scheduled", due="2026-11-27T18:00:00+01:00"), by="Kim", at=there)
    assert records.events(number)[1].at == NOON.replace(microsecond=123_000)
    assert payload_of("scheduled", records.events(number)[1].payload).told() == "Scheduled for 2026-11-27 17:00 UTC"
    for instant in (after.detected_at, after.scheduled_for):
        assert instant is not None and instant.utcoffset() == timedelta()
    assert after.detected_at == datetime(2026, 11, 23, 11, 58, tzinfo=UTC)


# What is checked as it is written


def test_a_check_refuses_within_the_transaction(records: Records) -> None:
    number = begun(records, one("note"))
    seen = []

    def check(incident: Any) -> None:
        seen.append(incident)
        raise UsageError("not yet")

    with pytest.raises(UsageError, match="not yet"):
        records.add(number, one("closed"), by="Kim", check=check)
    assert seen == [records.get(number)]
    assert len(sound(records, number)) == 2 and records.get(number).closed is None

    def broken(_: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        records.add(number, one("closed"), by="Kim", check=broken)
    assert records.add(number, one("closed"), by="Kim").version == 3


def test_a_check_may_look_at_the_records(records: Records) -> None:
    number = begun(records)
    after = records.add(number, one("note"), by="Kim", check=lambda incident: records.get(incident.number))
    assert after.version == 2


# The file


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_the_file_is_its_owners_only(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "there" / "incidents" / "record.db"
    before = os.umask(umask)
    try:
        records = Records(path)
        records.open(opened(), by="Kim")
    finally:
        os.umask(before)
    assert {entry.name for entry in path.parent.iterdir()} == {"record.db", "record.db-wal", "record.db-shm"}
    for entry in path.parent.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600, entry
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    records.close()


def test_commits_are_on_the_disk_and_writers_do_not_stop_readers(tmp_path: Path) -> None:
    records = Records(tmp_path / "record.db")
    with engine_of(records).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    number = begun(records)
    # Somebody writes and has not committed: what was there before is read meanwhile.
    with engine_of(records).begin() as connection:
        connection.execute(update(tables.incidents).values(client="OTHER"))
        assert records.incidents()[0].number == number and records.versions() == {number: 1}
        connection.rollback()
    records.close()


def test_any_name_is_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "50% off?mode=memory#x é" / "record.db"
    records = Records(path)
    begun(records)
    records.close()
    assert path.stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [path.parent.name]


def test_opening_records_again_keeps_the_locks_of_this_process(tmp_path: Path) -> None:
    # Closing a file drops all its locks of the process, so the file must not be opened beside SQLite.
    path = tmp_path / "record.db"
    records = Records(path)
    begun(records)

    def locks() -> int:
        inode = f":{path.stat().st_ino} "
        return sum(
            inode in line and f" {os.getpid()} " in line for line in Path("/proc/locks").read_text().splitlines()
        )

    with engine_of(records).connect().execution_options(**{engines.READING: True}) as connection:
        connection.execute(select(tables.incidents)).all()
        held = locks()
        again = Records(path)
        assert locks() >= held > 0
        again.close()
    records.close()


def test_the_workspace_says_where_the_records_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INCIDENT_NB_DATABASE_URL", raising=False)
    with pytest.raises(UsageError, match="Make one with `incident-nb init DIR`"):
        records_of(Settings())
    records = records_of(Settings(path=tmp_path / "incident-nb.toml"))
    assert records.place == str(tmp_path / "incidents" / "record.db")
    records.close()


def test_the_environment_says_where_the_records_are(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cluster.url(cluster.fresh())
    monkeypatch.setenv("INCIDENT_NB_DATABASE_URL", place)
    records = records_of(Settings())
    assert records.place == place.partition("?")[0]
    begun(records)
    records.close()


def test_the_servers_own_defaults_change_nothing(cluster: Cluster) -> None:
    place = cluster.url(cluster.fresh())
    records = Records(place)
    with engine_of(records).begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'serializable'"))
    records.close()
    try:
        records = Records(place)
        with engine_of(records).begin() as connection:
            assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
    finally:
        with engine_of(records).begin() as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER RESET default_transaction_isolation"))
        records.close()


@given(st.text())
def test_any_name_of_a_recorder_is_kept_or_refused(by: str) -> None:
    try:
        assert 0 < len(name_of(by)) <= 300
    except UsageError as error:
        assert "Nobody is named" in str(error)


# When things happened that the rules ask for


def test_the_first_choice_of_a_severity_is_remembered(records: Records) -> None:
    number = begun(records)
    for minutes, severity in ((10, "P2"), (20, "P1"), (5, "P3")):
        records.add(number, one("severity_chosen", severity=severity), by="Kim", at=NOON + timedelta(minutes=minutes))
    after = records.get(number)
    assert (after.severity, after.classified_at) == ("P3", NOON + timedelta(minutes=5))
    sound(records, number)


def test_when_the_client_noticed_is_remembered(records: Records) -> None:
    number = begun(records)
    assert records.get(number).noticed_at is None
    for minutes, noticed, since in ((10, True, 10), (20, True, 10), (30, False, None), (40, True, 40)):
        after = records.add(number, one("noticed", noticed=noticed), by="Kim", at=NOON + timedelta(minutes=minutes))
        assert after.noticed is noticed
        assert after.noticed_at == (None if since is None else NOON + timedelta(minutes=since))
    at_once = records.open(opened(noticed=True), by="Kim", at=NOON).number
    after = records.add(at_once, one("noticed"), by="Kim", at=NOON + timedelta(minutes=10))
    assert after.noticed and after.noticed_at is None  # from the beginning
    sound(records, number)


def test_when_a_date_was_set_is_remembered(records: Records) -> None:
    number = begun(records)
    for minutes in (10, 20):
        after = records.add(number, one("scheduled"), by="Kim", at=NOON + timedelta(minutes=minutes))
        assert after.scheduled_at == NOON + timedelta(minutes=minutes)
