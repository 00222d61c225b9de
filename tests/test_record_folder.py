"""An incident as a folder: what is exported comes back as it was, and nothing else is let in."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from incident_nb.errors import IncidentNbError, OutputError, SourceError, UsageError
from incident_nb.incidents import KINDS, Records, fold, payload_of, put_into, tables, take_from, upgrade
from incident_nb.incidents.folder import EVENTS, HEAD, LARGEST_FILE, read
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests import recorded
from tests.recorded import NOON, engine_of, kept, one, opened, sound

KEY = "sk-proj-" + "4tGkW9vQ2mZx7LpR8sYb" * 2


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    """Where incidents are brought in; one is there already."""
    made = Records(place)
    made.open(opened(title="Another one"), by="Kim")
    yield made
    made.close()


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    """A record with an incident that has had every kind of event, corrections among them."""
    with using(Redactor(SAMPLE_KEY)):
        made = Records(tmp_path_factory.mktemp("elsewhere") / "record.db")
        for _ in range(3):
            made.open(opened(text="Über 10 €, “sehr” 😀\nzweite Zeile"), by="Kim", at=NOON)
        for kind in sorted(set(KINDS) - {"opened", "imported"}):
            made.add(3, one(kind), by="Lee", at=NOON)
        made.add(3, one("corrected", seq=1, payload={"title": "Put right", "detected_at": NOON.isoformat()}), by="Lee")
        made.add(3, one("corrected", seq=7, happened_at="2026-11-23T13:00:00Z"), by="Lee")
        yield made
        made.close()


@pytest.fixture
def export(elsewhere: Records, tmp_path: Path) -> Path:
    return put_into(elsewhere, 3, tmp_path / "out" / "INC-3", now=NOON)


def test_an_export_is_two_private_files(elsewhere: Records, export: Path) -> None:
    assert sorted(entry.name for entry in export.iterdir()) == [EVENTS, HEAD]
    assert stat.S_IMODE(export.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(entry.stat().st_mode) == 0o600 for entry in export.iterdir())
    head = json.loads((export / HEAD).read_text())
    assert (head["id"], head["version"], head["schema_version"]) == ("INC-3", 1, upgrade.SCHEMA)
    assert head["incident"] == json.loads(elsewhere.get(3).model_dump_json())
    lines = (export / EVENTS).read_text().splitlines()
    assert len(lines) == head["events"] == len(elsewhere.events(3))
    assert json.loads(lines[0])["payload"]["text"].startswith("Über 10 €, “sehr” 😀\n")
    assert {json.loads(line)["schema_version"] for line in lines} == {upgrade.SCHEMA}


def test_what_is_brought_in_is_as_it_was(records: Records, elsewhere: Records, export: Path) -> None:
    incident = take_from(records, export, by="Max")
    assert incident.id == "INC-2"
    *events, last = sound(records, 2)
    theirs = elsewhere.events(3)
    assert [event.model_copy(update={"number": 3}) for event in events] == list(theirs)
    assert (last.kind, last.by) == ("imported", "Max")
    assert payload_of("imported", last.payload).told() == (
        f"Imported from another record, where it was INC-3 ({len(theirs)} entries, exported 2026-11-23 12:00 UTC)"
    )
    changed = {"number": 2, "version": incident.version, "changed_at": incident.changed_at}
    assert incident == elsewhere.get(3).model_copy(update=changed) == kept(records, 2)
    # It goes on from there, and can be put right like any other.
    assert (
        records.add(
            2, one("corrected", seq=1, payload={"title": "New", "detected_at": "2026-11-23T12:00:00Z"}), by="Max"
        ).title
        == "New"
    )
    assert records.open(opened(), by="Max").id == "INC-3"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recorded.steps(), st.integers(0, 10**9))
def test_any_record_comes_back(records: Records, tmp_path: Path, steps: list[Any], name: int) -> None:
    (_, values, at), *rest = steps
    theirs = Records(tmp_path / "theirs.db")
    number = theirs.open(opened(**values), by="Kim", at=at).number
    for kind, values, at in rest:
        theirs.add(number, payload_of(kind, values), by="Lee", at=at)
    folder = put_into(theirs, number, tmp_path / f"{number}", now=NOON)
    incident = take_from(records, folder, by="Max")
    events = sound(records, incident.number)
    assert fold(event.model_copy(update={"number": number}) for event in events[:-1]) == theirs.get(number)
    theirs.close()


def test_an_incident_is_brought_in_once(records: Records, elsewhere: Records, export: Path, tmp_path: Path) -> None:
    take_from(records, export, by="Max")
    with pytest.raises(UsageError, match=r"This incident is in .* already, as INC-2. Nothing was imported"):
        take_from(records, export, by="Max")
    # Neither is it when more has been written to it, nor by a way round, nor where it comes from.
    again = put_into(records, 2, tmp_path / "again", now=NOON)
    with pytest.raises(UsageError, match="already, as INC-2"):
        take_from(records, again, by="Max")
    with pytest.raises(UsageError, match="already, as INC-3"):
        take_from(elsewhere, again, by="Max")
    third = Records(tmp_path / "third.db")
    assert take_from(third, again, by="Max").id == "INC-1"
    assert [event.kind for event in third.events(1)].count("imported") == 2
    third.close()
    assert [incident.number for incident in records.incidents()] == [2, 1]


def test_two_incidents_that_look_alike_are_two(records: Records, tmp_path: Path) -> None:
    theirs = Records(tmp_path / "theirs.db", clock=lambda: NOON)
    for number in (1, 2):
        theirs.open(opened(), by="Kim")
        take_from(records, put_into(theirs, number, tmp_path / f"{number}", now=NOON), by="Max")
    theirs.close()
    assert [incident.number for incident in records.incidents()] == [3, 2, 1]


def test_what_a_newer_version_wrote_is_brought_in_too(records: Records, elsewhere: Records, tmp_path: Path) -> None:
    theirs = Records(tmp_path / "theirs.db", clock=lambda: NOON)
    theirs.open(opened(), by="Kim")
    odd = {"number": 1, "seq": 2, "kind": "rehearsed", "at": NOON.isoformat(), "by": "Kim", "recorded_at": NOON.isoformat(),
           "schema_version": 9, "payload": {"with": [1, 2.5, None, {"x": KEY}]}}  # fmt: skip
    with engine_of(theirs).begin() as connection:
        connection.execute(insert(tables.events).values(**odd))
    for line in theirs.events(1):
        assert line.seq
    with pytest.raises(IncidentNbError, match=f"{EVENTS} was not written: line 2 of it holds"):
        put_into(theirs, 1, tmp_path / "out", now=NOON)
    assert not (tmp_path / "out").exists()
    incident = records.take(theirs.events(1), by="Max")
    event = records.events(incident.number)[1]
    assert (event.kind, event.schema_version) == ("rehearsed", 9)
    assert event.payload["with"][3]["x"].startswith("[api_key:")
    theirs.close()


# What is not let in


def changed(export: Path, change: Callable[[list[dict[str, Any]], dict[str, Any]], Any]) -> None:
    """An export whose maker is careful: the head fits whatever the lines have become."""
    lines = [json.loads(line) for line in (export / EVENTS).read_text().splitlines()]
    head = json.loads((export / HEAD).read_text())
    made = change(lines, head)
    text = made if isinstance(made, str) else "".join(json.dumps(line) + "\n" for line in lines)
    (export / EVENTS).write_text(text)
    head |= {"sha256": hashlib.sha256(text.encode()).hexdigest(), "events": head.get("events_said", text.count("\n"))}
    (export / HEAD).write_text(json.dumps(head))


def refused(records: Records, export: Path, words: str) -> None:
    with pytest.raises(SourceError, match=words) as raised:
        take_from(records, export, by="Max")
    said = str(raised.value)
    assert said.startswith(f"{export} can't be imported: ") and said.endswith(". Nothing was changed.")
    assert "\n" not in said and "\x1b" not in said and len(said) < 500
    assert records.versions() == {1: 1}
    assert records.open(opened(), by="Kim").number == 2  # nothing holds the next number


def put(position: int, **values: Any) -> Callable[[list[dict[str, Any]], dict[str, Any]], None]:
    return lambda lines, _: lines[position].update(values)


def payload(position: int, **values: Any) -> Callable[[list[dict[str, Any]], dict[str, Any]], None]:
    return lambda lines, _: lines[position]["payload"].update(values)


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines, _: lines.reverse(), "its entries are not in order: entry 45 comes where entry 1 should"),
        (lambda lines, _: lines.pop(3), "entry 5 comes where entry 4 should"),
        (lambda lines, _: lines.insert(3, lines[2]), "entry 3 comes where entry 4 should"),
        (lambda lines, _: lines.pop(0), "entry 2 comes where entry 1 should"),
        (lambda lines, _: lines.clear(), "has 0 entries"),
        (put(4, number=2), "entries of two incidents, INC-3 and INC-2"),
        (put(0, kind="note", payload={"text": "x"}), "entry 1 does not open it"),
        (put(4, kind="opened"), "entry 5 opens it anew"),
        (
            lambda lines, _: (lines.__delitem__(slice(5, None)), lines[0].update(schema_version=9)),
            "INC-3 was written by a newer incident-nb",
        ),
        (put(0, schema_version=0), "line 1 of events.jsonl is no event: schema_version: "),
        (payload(0, origin="x"), "payload|origin"),
        (lambda lines, _: [lines[0]["payload"].pop("origin")], "INC-3 does not say where it was opened first"),
        (payload(0, title=""), "title: string should have at least 1"),
        (payload(0, detected_at="yesterday"), "detected_at: input should be a valid datetime"),
        (payload(0, more="x"), "more: extra inputs"),
        (put(2, kind="drop table"), "entry 3 is of no kind that there could be"),
        (put(2, kind="x" * 41), "entry 3 is of no kind"),
        (put(2, kind="rehearsed", payload={"x": "y" * 999_999}), "and 1000000 are the most"),
        (put(2, kind="rehearsed", payload={"x": float("nan")}), "line 3|JSON has no form"),
        (put(2, by=" "), "nobody is named"),
        (put(2, by=3), "line 3 of events.jsonl is no event: by: input should be a valid string"),
        (put(2, seq="3"), "seq: input should be a valid integer"),
        (put(2, seq=True), "seq: input should be a valid integer"),
        (put(2, at="2026-11-23T12:00:00"), "at: input should have timezone info"),
        (put(2, at=1795435200), "at: input should be a valid datetime"),
        (put(2, at="0001-01-01T00:00:00+09:00"), "at: this is no time that a calendar has"),
        (put(2, payload=[]), "payload: input should be an object"),
        (put(2, extra=1), "extra: extra inputs are not permitted"),
        (put(2, **{"\x1b[31m" + "x" * 99: 1}), "no event: x{60}…: extra inputs"),
        (put(2, kind="corrected", payload={"seq": 3, "reason": "x"}), "no entry 3 that could be corrected"),
        (put(2, kind="corrected", payload={"seq": 30, "reason": "x"}), "no entry 30 that could be corrected"),
        (put(2, kind="corrected", payload={"seq": 1, "reason": "x"}), "can't be withdrawn"),
        (lambda lines, _: "".join(json.dumps(line) for line in lines) + "\n", "line 1 of events.jsonl is no event"),
        (lambda lines, _: "\n".join(json.dumps(line) for line in lines), "the last line of events.jsonl has no end"),
        (lambda lines, _: "\n\n".join(json.dumps(line) for line in lines) + "\n", "line 2 of events.jsonl is no event"),
        (lambda lines, _: "null\n[]\n", "line 1 of events.jsonl is no event"),
        (lambda lines, _: f"{deep(100_000)}\n", "line 1 of events.jsonl is no event"),
        (lambda lines, _: json.dumps({**lines[0], "payload": {}}).replace("{}", deep(150)) + "\n", "line 1"),
        (lambda lines, _: json.dumps(lines[0]).replace("Orders fails", "\\ud800") + "\n", "line 1"),
        (lambda lines, _: '{"number": ' + "9" * 5000 + "}\n", "line 1"),
        (lambda lines, _: '{"x": "' + "y" * 1_100_000 + '"}\n', "line 1 of events.jsonl has more than 1010000 bytes"),
        (lambda _, head: head.update(format="other"), "incident.json was written by another program"),
        (lambda _, head: head.update(version=2), r"written by a newer incident-nb \(its form is 2, this one knows 1\)"),
        (lambda _, head: head.update(version=0), "incident.json was written by another program"),
        (lambda _, head: head.update(version="1"), "incident.json is damaged"),
        (lambda _, head: head.pop("origin"), "incident.json is damaged"),
        (lambda _, head: head.update(origin="0" * 32), "incident.json and events.jsonl are of two incidents"),
        (lambda _, head: head.update(exported_at="x"), "does not say when it was exported"),
        (lambda _, head: head.update(exported_at="2026-11-23T12:00:00"), "does not say when it was exported"),
        (lambda _, head: head.update(events_said=3), "events.jsonl has 45 entries, and 3 were exported"),
    ],
)
def test_what_is_wrong_in_an_export_is_said(records: Records, export: Path, change: Any, words: str) -> None:
    changed(export, change)
    refused(records, export, words)


@pytest.mark.parametrize("name", [HEAD, EVENTS])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_lost_its_end(records: Records, export: Path, name: str, share: float) -> None:
    content = (export / name).read_bytes()
    (export / name).write_bytes(content[: int(len(content) * share)])
    refused(records, export, f"{name} is ")


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_byte_of_the_events_is_seen(elsewhere: Records, tmp_path: Path, seed: int) -> None:
    export = put_into(elsewhere, 3, tmp_path / "out", now=NOON)
    content = bytearray((export / EVENTS).read_bytes())
    content[len(content) * seed // 20] ^= 1
    (export / EVENTS).write_bytes(content)
    with pytest.raises(SourceError, match="it was cut off or changed"):
        read(export)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"null", b"[]", b"{}", deep(100_000).encode(), b'{"incident": ' * 99_999]
)
def test_a_head_that_is_none(records: Records, export: Path, content: bytes) -> None:
    (export / HEAD).write_bytes(content)
    refused(records, export, "incident.json is damaged, or was written by another program")


@pytest.mark.parametrize("name", [HEAD, EVENTS])
def test_what_is_no_ordinary_file_is_not_read(records: Records, export: Path, name: str) -> None:
    path = export / name
    path.rename(export / "real")
    refused_and_back = [
        (lambda: path.symlink_to(export / "real"), "it is a link, and links are not followed", path.unlink),
        (lambda: path.symlink_to("/etc/passwd"), "it is a link", path.unlink),
        (lambda: os.mkfifo(path), f"{name} is no ordinary file", path.unlink),
        (path.mkdir, f"{name} is no ordinary file", path.rmdir),
        (lambda: None, f"{name}: No such file", lambda: None),
    ]
    for number, (make, words, undo) in enumerate(refused_and_back):
        make()
        with pytest.raises(SourceError, match=words):
            take_from(records, export, by="Max")
        undo()
        assert records.versions() == {1: 1}, number


@pytest.mark.parametrize("name", [HEAD, EVENTS])
def test_a_file_of_a_gigabyte_is_not_read(records: Records, export: Path, name: str) -> None:
    os.truncate(export / name, 1_000_000_000)  # one line, and no room on the disk
    refused(records, export, f"{name} has more than {LARGEST_FILE // 1_000_000} MB")


def test_a_folder_that_is_none(records: Records, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for place, words in (("file", "Not a directory"), ("empty", "No such file"), ("nowhere", "No such file")):
        with pytest.raises(SourceError, match=words):
            take_from(records, tmp_path / place, by="Max")


def test_what_is_brought_in_passes_the_gate(records: Records, export: Path) -> None:
    said = f"\x1b[31mthe key is {KEY}\x00"
    note = {"kind": "note", "payload": {"text": said}, "by": said}
    changed(export, lambda lines, head: (lines[2].update(note), lines[3].update(kind="odd", payload={said: [said]})))
    incident = take_from(records, export, by="Max")
    events = records.events(incident.number)
    for text in (events[2].payload["text"], events[2].by, *events[3].payload, *events[3].payload.values()):
        assert "[api_key:" in str(text) and "\x1b" not in str(text) and "\x00" not in str(text)
    assert KEY.encode() not in recorded.stored(Path(records.place)) if "://" not in records.place else True
    assert KEY not in repr(records.incidents())


def test_events_that_are_given_are_looked_at_like_those_of_a_folder(records: Records, elsewhere: Records) -> None:
    events = elsewhere.events(3)
    for rows, words in (
        (events[1:], "not in order"),
        (events[:2] + elsewhere.events(2), "two incidents"),
        ((), "no beginning"),
    ):
        with pytest.raises(UsageError, match=words):
            records.take(rows, by="Max")
    with pytest.raises(UsageError, match="Nobody is named"):
        records.take(events, by="")
    assert records.versions() == {1: 1}


# What is in the way of an export


def test_an_export_replaces_an_earlier_one_of_the_same_incident_only(elsewhere: Records, tmp_path: Path) -> None:
    folder = put_into(elsewhere, 1, tmp_path / "out", now=NOON)
    elsewhere.add(1, one("note"), by="Kim")
    put_into(elsewhere, 1, folder, now=NOON)
    assert len(read(folder).events) == len(elsewhere.events(1))
    before = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    with pytest.raises(OutputError, match="it holds something else; choose one that is empty or missing"):
        put_into(elsewhere, 2, folder, now=NOON)
    assert {entry.name: entry.read_bytes() for entry in folder.iterdir()} == before
    (folder / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match="it holds something else"):
        put_into(elsewhere, 1, folder, now=NOON)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="could not look into"):
        put_into(elsewhere, 1, tmp_path / "file", now=NOON)
    with pytest.raises(UsageError, match="There is no INC-9"):
        put_into(elsewhere, 9, tmp_path / "nine", now=NOON)
    assert not (tmp_path / "nine").exists()
    (tmp_path / "empty").mkdir()
    put_into(elsewhere, 1, tmp_path / "empty", now=NOON)


def test_an_export_that_fails_leaves_what_was_there(
    elsewhere: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_into(elsewhere, 2, tmp_path / "out", now=NOON)
    before = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    elsewhere.add(2, one("note"), by="Kim")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("incident_nb.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        put_into(elsewhere, 2, folder, now=NOON)
    with pytest.raises(OutputError, match="No space left"):
        put_into(elsewhere, 2, tmp_path / "fresh", now=NOON)
    monkeypatch.undo()
    assert {entry.name: entry.read_bytes() for entry in folder.iterdir()} == before
    assert not (tmp_path / "fresh").exists()


def test_a_state_that_was_changed_by_hand_is_not_exported(elsewhere: Records, tmp_path: Path) -> None:
    with engine_of(elsewhere).begin() as connection:
        state = elsewhere.get(2).model_copy(update={"title": "by hand"})
        connection.execute(
            update(tables.incidents).where(tables.incidents.c.number == 2).values(state=state.model_dump_json())
        )
    put_into(elsewhere, 2, tmp_path / "out", now=NOON)
    assert json.loads((tmp_path / "out" / HEAD).read_text())["incident"]["title"] == "Orders fails"
