"""The records: every incident and its events in one database, written by many at once and never overwritten.

An append is one transaction: the incident's row is locked, its state read, the event put after the last one. SQLite has
one writer at a time, and others wait; PostgreSQL locks the row.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, update

from incident_nb.errors import UsageError
from incident_nb.incidents import engines, statements, tables, upgrade
from incident_nb.incidents.entries import Entry, entry, instant, may_correct, taken
from incident_nb.incidents.events import Event, after, begun, fold
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.incidents.kinds.opening import Imported, Opened
from incident_nb.incidents.payload import LARGEST_NUMBER, Payload
from incident_nb.record import Incident
from incident_nb.settings import Settings

DATABASE_URL = "INCIDENT_NB_DATABASE_URL"
FILE = Path("incidents") / "record.db"

Check = Callable[[Incident], None]

_ROW = tables.incidents


def records_of(settings: Settings) -> Records:
    """The records of a workspace: those at INCIDENT_NB_DATABASE_URL, else in a file of the workspace.

    Raises UsageError without either, SettingsError for an address that is none, UnreachableError where nobody answers.
    """
    if url := os.environ.get(DATABASE_URL):
        return Records(url)
    if settings.path is None:
        raise UsageError(
            "Incidents are kept in a workspace, and there is none here. Make one with `incident-nb init DIR`, or set "
            f"{DATABASE_URL}."
        )
    return Records(settings.path.parent / FILE)


def _present() -> datetime:
    return datetime.now(UTC)


class Records:
    """The incidents of one database: `Records(path)` for SQLite, `Records(url)` for PostgreSQL. Safe among processes.

    `clock` gives the instants of recording. Raises SettingsError for an address that is none, OutputError and
    UnreachableError where the database can't be opened, UsageError for one that a newer version or another program made.
    """

    def __init__(self, place: Path | str, *, clock: Callable[[], datetime] = _present) -> None:
        self.place = str(place) if isinstance(place, Path) else engines.shown(place)
        self._clock = clock
        self._engine = engines.sqlite(place) if isinstance(place, Path) else engines.postgresql(place)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @property
    def engine(self) -> Engine:
        """The database, for what is kept beside the incidents."""
        return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads, for what is kept beside the incidents."""
        with self._reading() as connection:
            yield connection

    def open(self, opened: Opened, *, by: str, at: datetime | None = None) -> Incident:
        """The new incident that this begins, with the next number."""
        with self.at_once() as writing:
            return writing.open(opened, by=by, at=at)

    def add(
        self, number: int, payload: Payload, *, by: str, at: datetime | None = None, check: Check = lambda _: None
    ) -> Incident:
        """The incident after one more event. `at`: when it happened, the present if not given.

        `check` sees the incident as it is at the moment of writing and may refuse by raising. Raises UsageError for an
        incident that there is not, for a second beginning, and for a correction that does not fit its entry.
        """
        with self.at_once() as writing:
            return writing.add(number, payload, by=by, at=at, check=check)

    @contextmanager
    def at_once(self) -> Iterator[Writing]:
        """Several things that are written together, or not at all."""
        with self._transaction() as connection:
            yield Writing(self, connection)

    def get(self, number: int) -> Incident:
        """An incident, folded from its events. Raises UsageError where there is none of this number."""
        return fold(self.events(number))

    def events(self, number: int) -> tuple[Event, ...]:
        """All events of an incident in the order in which they were recorded. Raises UsageError where there is none."""
        with self._reading() as connection:
            return self._events(connection, number)

    def incidents(self, *, closed: bool = True) -> list[Incident]:
        """All incidents, newest first; without `closed` those that are not."""
        return self._states(() if closed else (_ROW.c.is_open,))

    def alike(self, fingerprint: str) -> list[Incident]:
        """The incidents of one problem, newest first."""
        return self._states((_ROW.c.fingerprint == fingerprint,))

    def ready(self) -> None:
        """Raises UnreachableError while nothing can be written."""
        with self._transaction() as connection:
            connection.execute(update(tables.versions).values(version=tables.versions.c.version))

    def versions(self) -> dict[int, int]:
        """How many events each incident has: what tells somebody who shows them that another one wrote."""
        with self._reading() as connection:
            found = connection.execute(statements.VERSIONS).all()
        return {number: seq for number, seq in found}

    def clients(self) -> frozenset[str]:
        """The codes of all clients that any incident is of."""
        with self._reading() as connection:
            return frozenset(connection.execute(statements.CLIENTS).scalars())

    def take(self, events: Sequence[Event], *, by: str, exported_at: datetime | None = None) -> Incident:
        """The incident of these events under the next number, for what was exported elsewhere.

        Each event stays as it was, but passes the gate; one more says where they come from. Raises UsageError for events
        that are no whole record of one incident, and where that incident is here already: two records of one incident
        would go separate ways.
        """
        safe, origin = taken(events)
        came = Imported(incident=safe[0].number, events=len(safe), exported_at=exported_at)
        new = entry(came, by, None)
        with self._transaction() as connection:
            number = self._next(connection)
            known = connection.execute(statements.KNOWN, {"of": origin}).scalar()
            if known is not None:
                raise UsageError(f"This incident is in {self.place} already, as INC-{known}. Nothing was imported.")
            moved = [one.model_copy(update={"number": number}) for one in safe]
            moved.append(self._event(number, len(moved) + 1, new))
            folded = fold(moved)
            connection.execute(statements.BEGIN, {"number": number, "origin": origin, **statements.kept(folded)})
            connection.execute(statements.ADD, [statements.row(one) for one in moved])
        return folded

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def _prepare(self) -> None:
        """Makes the tables, or brings older ones and what was folded by an older version up to date."""
        with self._reading() as connection:
            found = tables.found(connection)
        if found and found[0] == tables.VERSION and found[1] >= upgrade.SCHEMA:
            return
        with self._transaction() as connection:
            engines.alone(connection)
            found = tables.found(connection)  # another one may have been faster
            if found is None:
                tables.make(connection, upgrade.SCHEMA)
                return
            if found[0] < tables.VERSION:
                tables.bring_up(connection, found[0])
            if found[1] < upgrade.SCHEMA:
                for number in connection.execute(statements.STALE, {"than": upgrade.SCHEMA}).scalars().all():
                    folded = fold(self._events(connection, number))
                    connection.execute(statements.KEEP, {"of": number, **statements.kept(folded)})
                connection.execute(update(tables.versions).values(schema_version=upgrade.SCHEMA))

    def _next(self, connection: Connection) -> int:
        """The next number: without gaps, since nothing is ever removed."""
        engines.alone(connection)
        return int(connection.execute(statements.NEXT).scalar_one())

    def _locked(self, connection: Connection, number: int) -> tuple[Incident, int]:
        """An incident and how many events it has; nobody else adds to it until this transaction ends."""
        found = connection.execute(statements.LOCKED, {"of": self._known(number)}).one_or_none()
        if found is None:
            raise self._unknown(number)
        return self._state(connection, found), found.seq

    def _events(self, connection: Connection, number: int) -> tuple[Event, ...]:
        rows = connection.execute(statements.EVENTS, {"of": self._known(number)}).all()
        if not rows:
            raise self._unknown(number)
        try:
            return tuple(Event.model_validate(dict(row._mapping)) for row in rows)
        except ValidationError as error:
            raise UsageError(f"INC-{number} in {self.place} was changed by hand. Restore it from a backup.") from error

    def _states(self, where: Iterable[Any]) -> list[Incident]:
        with self._reading() as connection:
            rows = connection.execute(statements.STATES.where(*where).order_by(_ROW.c.number.desc())).all()
            with engines.all_stay():
                return [self._state(connection, row) for row in rows]

    def _state(self, connection: Connection, row: Any) -> Incident:
        """What the events of a row fold to. What an older version folded, or what can't be read, is folded anew."""
        if row.schema_version >= upgrade.SCHEMA:  # a newer version knows more than this one, which passes over the rest
            try:
                return Incident.model_validate_json(row.state)
            except ValidationError:
                pass
        return fold(self._events(connection, row.number))

    def _event(self, number: int, seq: int, new: Entry) -> Event:
        now = instant(self._clock())
        return Event(
            number=number, seq=seq, kind=new.payload.kind, at=new.at or now, by=new.by, recorded_at=now,
            schema_version=upgrade.SCHEMA, payload=new.values,
        )  # fmt: skip

    def _known(self, number: int) -> int:
        if not 0 < number <= LARGEST_NUMBER:
            raise self._unknown(number)
        return number

    def _unknown(self, number: int) -> UsageError:
        return UsageError(f"There is no INC-{number} in {self.place}.")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with engines.said(self.place, "written"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with (
            engines.said(self.place, "read"),
            self._engine.connect().execution_options(**{engines.READING: True}) as connection,
        ):
            yield connection


class Writing:
    """One transaction of the records. What fails in it, on PostgreSQL too, undoes all of it."""

    def __init__(self, records: Records, connection: Connection) -> None:
        self.records, self.connection = records, connection

    def open(self, opened: Opened, *, by: str, at: datetime | None = None) -> Incident:
        """As `Records.open`."""
        origin = secrets.token_hex(16)
        new = entry(opened.model_copy(update={"origin": origin}), by, at)
        number = self.records._next(self.connection)
        first = self.records._event(number, 1, new)
        folded = begun(first, new.payload)  # type: ignore[arg-type]  # it is what was given, through the gate
        self.connection.execute(statements.BEGIN, {"number": number, "origin": origin, **statements.kept(folded)})
        self.connection.execute(statements.ADD, statements.row(first))
        return folded

    def add(
        self, number: int, payload: Payload, *, by: str, at: datetime | None = None, check: Check = lambda _: None
    ) -> Incident:
        """As `Records.add`."""
        if isinstance(payload, Opened | Imported):
            raise UsageError(f"INC-{number} has a beginning already; open another incident.")
        new = entry(payload, by, at)
        state, seq = self.records._locked(self.connection, number)
        check(state)
        one = self.records._event(number, seq + 1, new)
        if isinstance(new.payload, Corrected):
            known = self.records._events(self.connection, number)
            may_correct(known, new.payload)
            folded = fold([*known, one])
        else:
            folded = after(state, one, new.payload)
        self.connection.execute(statements.ADD, statements.row(one))
        self.connection.execute(statements.KEEP, {"of": number, **statements.kept(folded)})
        return folded

    def alike(self, fingerprint: str) -> list[Incident]:
        """As `Records.alike`."""
        rows = self.connection.execute(statements.ALIKE, {"of": fingerprint}).all()
        return [self.records._state(self.connection, row) for row in rows]
