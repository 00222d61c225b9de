"""Records of older versions: each is kept as a sample that reads as it did, and brought up to date whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update

from incident_nb.errors import UnreachableError
from incident_nb.incidents import KINDS, Records, engines, fold, tables, take_from, upgrade
from incident_nb.incidents.folder import read
from incident_nb.record import Incident
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.make_records import FOLDER, NUMBER, known, make
from tests.postgres import Cluster
from tests.recorded import NOON, engine_of, kept, one, opened, sound


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


# The samples


def test_what_can_be_said_changes_with_its_version_only() -> None:
    assert json.loads((FOLDER / "known.json").read_text()) == known(), (
        "a kind, its fields or those of an incident have changed, so that states folded before are no longer right: raise "
        "SCHEMA in incident_nb/incidents/upgrade.py and run `python -m tests.make_records` (as long as the newest version "
        "was not released: only `python -m tests.make_records --again`)"
    )


def test_every_version_has_its_sample() -> None:
    for version in range(1, tables.VERSION + 1):
        assert all((FOLDER / f"v{version}{ending}").is_file() for ending in (".db", ".sql", ".json")), version
    for version in range(1, upgrade.SCHEMA + 1):
        assert (FOLDER / f"v{version}").is_dir(), version


def test_the_newest_sample_has_every_kind() -> None:
    events = read(FOLDER / f"v{upgrade.SCHEMA}").events
    assert {event.kind for event in events} == set(KINDS) - {"imported"}
    assert {event.schema_version for event in events} == {upgrade.SCHEMA}


def as_expected(incident: Incident, expected: dict[str, Any]) -> None:
    """Fails unless the incident is what was kept of it; fields that a later version brought may be there besides."""
    made = incident.model_dump(mode="json")
    for name in ("ticks", "documented", "facts", "waived"):
        assert made[name].keys() == expected.get(name, {}).keys(), name
    assert _as_was(made, expected) == expected


def _as_was(made: Any, expected: Any) -> Any:
    """What was made without the fields that are not expected."""
    if isinstance(made, dict) and isinstance(expected, dict):
        return {name: _as_was(made.get(name), value) for name, value in expected.items()}
    if isinstance(made, list) and isinstance(expected, list) and len(made) == len(expected):
        return [_as_was(one, value) for one, value in zip(made, expected, strict=True)]
    return made


def looked_through(place: Path | str, expected: dict[str, Any]) -> None:
    records = Records(place)
    assert {str(one.number) for one in records.incidents()} == set(expected)
    for incident in records.incidents():
        as_expected(incident, expected[str(incident.number)])
        sound(records, incident.number)
    assert records.open(opened(), by="Kim").number == len(expected) + 1
    records.add(1, one("note"), by="Kim")
    sound(records, 1)
    records.close()


@pytest.mark.parametrize("version", range(1, tables.VERSION + 1))
def test_a_file_of_every_version_is_read(tmp_path: Path, version: int) -> None:
    shutil.copyfile(FOLDER / f"v{version}.db", tmp_path / "record.db")
    looked_through(tmp_path / "record.db", json.loads((FOLDER / f"v{version}.json").read_text()))


@pytest.mark.parametrize("version", range(1, tables.VERSION + 1))
def test_a_database_of_every_version_is_read(cluster: Cluster, version: int) -> None:
    schema = cluster.fresh()
    cluster.run(f"SET search_path = {schema}", *(FOLDER / f"v{version}.sql").read_text().split(";\n"))
    looked_through(cluster.url(schema), json.loads((FOLDER / f"v{version}.json").read_text()))


@pytest.mark.parametrize("version", range(1, upgrade.SCHEMA + 1))
def test_an_export_of_every_version_is_brought_in(place: Path | str, version: int) -> None:
    records = Records(place)
    before = json.loads((FOLDER / f"v{version}" / "incident.json").read_text())["incident"]
    as_expected(fold(read(FOLDER / f"v{version}").events), before)
    incident = take_from(records, FOLDER / f"v{version}", by="Kim")
    assert before["number"] == NUMBER
    as_expected(
        incident,
        {**before, "version": incident.version, "changed_at": str(incident.model_dump(mode="json")["changed_at"])},
    )
    sound(records, incident.number)
    records.close()


def test_the_script_makes_the_same_samples(tmp_path: Path) -> None:
    make(tmp_path, again=False)
    for name in (f"v{tables.VERSION}.sql", f"v{tables.VERSION}.json", f"v{upgrade.SCHEMA}/events.jsonl", "known.json"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text(), name


# A version to come, for which the present one is the older

PRESENT = upgrade.SCHEMA


def lift(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """In the present version, as this story goes, `fixed` said `text`, and `note` did not exist under this name."""
    return {"what": values.pop("text"), **values} if kind == "fixed" else values


def older(records: Records, number: int) -> None:
    """Makes of what was recorded what the older version had written, states folded by it included."""
    events = tables.events

    def told(kind: str, values: dict[str, Any]) -> dict[str, Any]:
        if kind == "fixed":
            return {("text" if name == "what" else name): value for name, value in values.items()}
        return values

    with engine_of(records).begin() as connection:
        kinds = {event.seq: event.kind for event in records.events(number)}
        for event in records.events(number):
            values = told(event.kind, event.payload)
            if event.kind == "corrected" and values.get("payload"):
                inner = dict(values["payload"])
                if kinds[values["seq"]] == "corrected" and inner.get("payload"):
                    inner["payload"] = told(kinds[inner["seq"]], inner["payload"])
                values = {**values, "payload": told(kinds[values["seq"]], inner)}
            at = (events.c.number == number) & (events.c.seq == event.seq)
            connection.execute(update(events).where(at).values(payload=values))
        wrong = records.get(number).model_copy(update={"title": "as the older one folded it"})
        connection.execute(update(tables.incidents).values(state=wrong.model_dump_json()))


@pytest.fixture
def events_of_two(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def now() -> None:
        monkeypatch.setattr(upgrade, "SCHEMA", PRESENT + 1)
        monkeypatch.setattr(upgrade, "LIFTS", {PRESENT: lift})

    return now


def test_older_events_are_lifted_and_stay_as_they_are(place: Path | str, events_of_two: Callable[[], None]) -> None:
    records = Records(place)
    number = records.open(opened(), by="Kim", at=NOON).number
    for values in ({"what": "first"}, {"what": "second"}):
        records.add(number, one("fixed", **values), by="Kim", at=NOON)
    records.add(number, one("corrected", seq=3, payload={"what": "third"}), by="Kim", at=NOON)
    inner = {"seq": 3, "reason": "-", "payload": {"what": "fourth"}}
    folded = records.add(number, one("corrected", seq=4, payload=inner), by="Kim", at=NOON)
    assert folded.fixed is not None and folded.fixed.text == "fourth"
    older(records, number)
    before = rows(records)
    assert "as the older one folded it" in repr(records.incidents())
    records.close()

    events_of_two()
    records = Records(place)
    assert kept(records, number) == folded == records.get(number)
    assert rows(records) == before
    assert [event.schema_version for event in records.events(number)] == [PRESENT] * 5
    after = records.add(number, one("fixed", what="fifth"), by="Kim", at=NOON)
    assert after.fixed is not None and after.fixed.text == "fifth"
    assert [event.schema_version for event in sound(records, number)] == [PRESENT] * 5 + [PRESENT + 1]
    # One more correction, in the newer form, of an event in the older.
    after = records.add(number, one("corrected", seq=6), by="Kim")
    assert after.fixed is not None and after.fixed.text == "fourth"
    after = records.add(number, one("corrected", seq=3, payload={"what": "sixth"}), by="Kim")
    assert after.fixed is not None and after.fixed.text == "sixth"
    sound(records, number)
    records.close()


def rows(records: Records) -> list[Any]:
    with engine_of(records).connect() as connection:
        return list(connection.execute(select(tables.events).order_by(tables.events.c.seq)).all())


def test_what_an_older_version_adds_meanwhile_is_folded_anew(
    place: Path | str, events_of_two: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Records(place)
    number = old.open(opened(), by="Kim", at=NOON).number
    events_of_two()
    new = Records(place)
    with monkeypatch.context() as as_old:
        as_old.setattr(upgrade, "SCHEMA", PRESENT)
        old.add(number, one("fixed", what="x"), by="Kim")
        old.close()
        Records(place).close()  # the older one changes nothing back
    with engine_of(new).begin() as connection:
        connection.execute(update(tables.events).where(tables.events.c.seq == 2).values(payload={"text": "lifted"}))
    after = kept(new, number)
    assert after == new.get(number)
    assert after.fixed is not None and after.fixed.text == "lifted"
    with engine_of(new).connect() as connection:
        assert connection.execute(select(tables.versions.c.schema_version)).scalar_one() == PRESENT + 1
    new.close()


# Tables of an older version: `client` was `customer`, and there was no index of open incidents.

NOW = tables.VERSION
BACK = ("ALTER TABLE incidents RENAME COLUMN client TO customer", "DROP INDEX incidents_open")


def forth(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE incidents RENAME COLUMN customer TO client"))
    connection.execute(text("CREATE INDEX incidents_open ON incidents (is_open)"))


def older_tables(place: Path | str) -> None:
    records = Records(place)
    records.open(opened(), by="Kim", at=NOON)
    records.add(1, one("fixed"), by="Kim", at=NOON)
    with engine_of(records).begin() as connection:
        for statement in BACK:
            connection.execute(text(statement))
    records.close()


def look(place: Path | str) -> tuple[int, set[str], list[Any]]:
    """The version, columns and rows as they lie there."""
    engine = engines.sqlite(place) if isinstance(place, Path) else engines.postgresql(place)
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version FROM incident_nb_version")).scalar_one()
        found = connection.execute(text("SELECT * FROM incidents"))
        seen = version, set(found.keys()), list(found.all())
    engine.dispose()
    return seen


def test_older_tables_are_brought_up_to_date(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    older_tables(place)
    monkeypatch.setattr(tables, "VERSION", NOW + 2)
    monkeypatch.setattr(tables, "STEPS", {NOW: forth, NOW + 1: lambda _: None})
    records = Records(place)
    incident = records.get(1)
    assert (incident.client, incident.version) == ("ACME", 2)
    sound(records, 1)
    assert records.add(1, one("note"), by="Kim").version == 3
    assert records.open(opened(), by="Kim").number == 2
    records.close()
    version, columns, _ = look(place)
    assert version == NOW + 2 and "client" in columns and "customer" not in columns
    Records(place).close()  # and it is done once


def broken_by_code(connection: Connection) -> None:
    connection.execute(text("DELETE FROM incident_events"))
    raise ZeroDivisionError


def broken_by_database(connection: Connection) -> None:
    forth(connection)
    connection.execute(text("DELETE FROM incident_events"))
    connection.execute(text("ALTER TABLE nowhere RENAME COLUMN a TO b"))


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ({NOW: broken_by_code}, ZeroDivisionError),
        ({NOW: broken_by_database}, UnreachableError),
        ({NOW: forth, NOW + 1: broken_by_code}, ZeroDivisionError),
    ],
)
def test_a_step_that_fails_halfway_leaves_the_older_version(
    place: Path | str, monkeypatch: pytest.MonkeyPatch, steps: dict[int, Any], error: type[Exception]
) -> None:
    older_tables(place)
    before = look(place)
    assert before[0] == NOW and "customer" in before[1]
    monkeypatch.setattr(tables, "VERSION", max(steps) + 1)
    monkeypatch.setattr(tables, "STEPS", steps)
    with pytest.raises(error):
        Records(place)
    assert look(place) == before
    monkeypatch.setattr(tables, "VERSION", NOW + 1)
    monkeypatch.setattr(tables, "STEPS", {NOW: forth})
    records = Records(place)
    assert records.get(1).version == 2
    sound(records, 1)
    records.close()


def test_of_two_that_bring_it_up_to_date_at_once_one_does(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cluster.url(cluster.fresh())
    older_tables(place)
    done: list[int] = []

    def counted(connection: Connection) -> None:
        done.append(1)
        forth(connection)

    monkeypatch.setattr(tables, "VERSION", NOW + 1)
    monkeypatch.setattr(tables, "STEPS", {NOW: counted})
    alone = engines.alone

    def slow(connection: Connection) -> None:
        """Between the look at the version and its own turn another process has had its turn."""
        monkeypatch.setattr(engines, "alone", alone)
        Records(place).close()
        alone(connection)

    monkeypatch.setattr(engines, "alone", slow)
    records = Records(place)
    assert done == [1] and records.get(1).version == 2
    records.close()
