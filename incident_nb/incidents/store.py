"""The records: every incident and its events in one database, written by many at once and never overwritten.

An append is one transaction: the incident's row is locked, its state read, the event put after the last one. SQLite has
one writer at a time, and others wait; PostgreSQL locks the row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import DBAPIError

from incident_nb.errors import UnreachableError, UsageError
from incident_nb.escape import printable
from incident_nb.incidents import engines, tables
from incident_nb.incidents.events import Event, after, begun, fold, payload_of
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.payload import Payload
from incident_nb.record import Incident, Said
from incident_nb.redact import redact_text, redact_tree
from incident_nb.settings import Settings

DATABASE_URL = "INCIDENT_NB_DATABASE_URL"
FILE = Path("incidents") / "record.db"

Check = Callable[[Incident], None]


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


class Records:
    """The incidents of one database: `Records(path)` for SQLite, `Records(url)` for PostgreSQL. Safe among processes.

    Raises SettingsError for an address that is none, UnreachableError where the database can't be opened, UsageError for
    one that a newer version made.
    """

    def __init__(self, place: Path | str) -> None:
        self.place = str(place) if isinstance(place, Path) else engines.shown(place)
        self._engine = engines.sqlite(place) if isinstance(place, Path) else engines.postgresql(place)
        with self._transaction() as connection:
            tables.prepare(connection)

    def open(self, opened: Opened, *, by: str, at: datetime | None = None) -> Incident:
        """The new incident that this begins, with the next number."""
        with self._transaction() as connection:
            row = insert(tables.incidents).values(is_open=True, state="").returning(tables.incidents.c.number)
            number: int = connection.execute(row).scalar_one()
            return self._append(connection, number, None, 0, opened, by, at)

    def add(
        self, number: int, payload: Payload, *, by: str, at: datetime | None = None, check: Check = lambda _: None
    ) -> Incident:
        """The incident after one more event. `at`: when it happened, the present if not given.

        `check` sees the incident as it is at the moment of writing and may refuse by raising. Raises UsageError for an
        incident that there is not, for a correction of an entry that there is not, and for what has ended already.
        """
        with self._transaction() as connection:
            state, seq = self._locked(connection, number)
            check(state)
            return self._append(connection, number, state, seq, payload, by, at)

    def get(self, number: int) -> Incident:
        """An incident, folded from its events. Raises UsageError where there is none of this number."""
        return fold(self.events(number))

    def events(self, number: int) -> tuple[Event, ...]:
        """All events of an incident in the order in which they were recorded. Raises UsageError where there is none."""
        query = select(tables.events).where(tables.events.c.number == number).order_by(tables.events.c.seq)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise UsageError(f"There is no INC-{number} in {self.place}.")
        return tuple(_event(row) for row in rows)

    def incidents(self, *, closed: bool = True) -> list[Incident]:
        """All incidents, newest first; without `closed` those that are not."""
        query = select(tables.incidents.c.state).order_by(tables.incidents.c.number.desc())
        with self._reading() as connection:
            found = connection.execute(query if closed else query.where(tables.incidents.c.is_open)).scalars().all()
        return [Incident.model_validate_json(state) for state in found]

    def alike(self, fingerprint: str) -> list[Incident]:
        """The incidents of one problem, newest first."""
        query = select(tables.incidents.c.state).where(tables.incidents.c.fingerprint == fingerprint)
        with self._reading() as connection:
            found = connection.execute(query.order_by(tables.incidents.c.number.desc())).scalars().all()
        return [Incident.model_validate_json(state) for state in found]

    def versions(self) -> dict[int, int]:
        """How many events each incident has: what tells somebody who shows them that another one wrote."""
        with self._reading() as connection:
            found = connection.execute(select(tables.incidents.c.number, tables.incidents.c.seq)).all()
        return {number: seq for number, seq in found}

    def take(self, events: tuple[Event, ...]) -> Incident:
        """The incident of these events, kept under the next number as they are; for what was exported elsewhere."""
        folded = fold(events)
        with self._transaction() as connection:
            row = insert(tables.incidents).values(is_open=True, state="").returning(tables.incidents.c.number)
            number: int = connection.execute(row).scalar_one()
            moved = [one.model_copy(update={"number": number}) for one in events]
            connection.execute(insert(tables.events), [_row(one) for one in moved])
            folded = fold(moved)
            self._keep(connection, folded)
        return folded

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def _locked(self, connection: Connection, number: int) -> tuple[Incident, int]:
        query = select(tables.incidents.c.state, tables.incidents.c.seq).where(tables.incidents.c.number == number)
        found = connection.execute(query.with_for_update()).one_or_none()
        if found is None:
            raise UsageError(f"There is no INC-{number} in {self.place}.")
        return Incident.model_validate_json(found.state), found.seq

    def _append(
        self, connection: Connection, number: int, state: Incident | None, seq: int, payload: Payload, by: str, at: Any
    ) -> Incident:
        now = _kept(datetime.now(UTC))
        safe = payload_of(payload.kind, _safe(payload.model_dump(mode="json", exclude_defaults=True)))
        one = Event(
            number=number, seq=seq + 1, kind=payload.kind, at=_kept(at or now), by=redact_text(printable(by)),
            recorded_at=now, payload=safe.model_dump(mode="json", exclude_defaults=True),
        )  # fmt: skip
        if isinstance(safe, Corrected) and not 1 <= safe.seq <= seq:
            raise UsageError(f"INC-{number} has no entry {safe.seq} that could be corrected; it has {seq}.")
        connection.execute(insert(tables.events), [_row(one)])
        if isinstance(safe, Opened):
            folded = after(begun(number, safe, Said(at=one.at, by=one.by)), one, safe)
        elif isinstance(safe, Corrected) or state is None:
            query = select(tables.events).where(tables.events.c.number == number)
            folded = fold([_event(row) for row in connection.execute(query)])
        else:
            folded = after(state, one, safe)
        self._keep(connection, folded)
        return folded

    @staticmethod
    def _keep(connection: Connection, folded: Incident) -> None:
        row = tables.incidents
        connection.execute(
            update(row).where(row.c.number == folded.number).values(
                is_open=folded.closed is None, client=folded.client, fingerprint=folded.subject.fingerprint,
                seq=folded.version, changed_at=folded.changed_at.isoformat(), state=folded.model_dump_json(),
            )
        )  # fmt: skip

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._said(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._said(), self._engine.connect().execution_options(**{engines.READING: True}) as connection:
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        """A database's own errors in words that say what to do."""
        try:
            yield
        except DBAPIError as error:
            why = printable(redact_text(str(error.orig).strip().partition("\n")[0]))[:300]
            raise UnreachableError(
                f"The records in {self.place} can't be read or written: {why}. Nothing was changed; see to it that the "
                "database is there and writable, and try again."
            ) from error


def _event(row: Row[Any]) -> Event:
    return Event.model_validate(dict(row._mapping))


def _row(one: Event) -> dict[str, Any]:
    return {**one.model_dump(), "at": one.at.isoformat(), "recorded_at": one.recorded_at.isoformat()}


def _kept(instant: datetime) -> datetime:
    """An instant as it is kept: UTC, whole milliseconds."""
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)


def _safe(value: Any) -> Any:
    """A payload as it is kept: without what does things where it is shown, and through the gate."""
    return redact_tree(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return printable(value) if isinstance(value, str) else value
