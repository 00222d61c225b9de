"""What is owed to each incident: one investigation at a time, counted by attempts. The table is the truth, the queue its hand.

waiting -> running -> done                an investigation that ended, with a whole report or one that says what failed
              |  `-> waiting              it could not be made; again later, as the next attempt
              `----> set_aside            too often: a person has to look
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from incident_nb.incidents import tables
from incident_nb.redact import redact_text

TRIES = 3  # in a row, after which a job is set aside

_JOB = tables.jobs
_THIS = (_JOB.c.incident == bindparam("of")) & (_JOB.c.attempt == bindparam("nth"))
_ONE = select(_JOB).where(_JOB.c.incident == bindparam("of")).with_for_update()
_ALL = select(_JOB).where(_JOB.c.state.in_(bindparam("states", expanding=True))).order_by(_JOB.c.incident)


class Owed(NamedTuple):
    """What is owed to an incident. Instants are UTC; `failures` are those in a row, this attempt's included while it runs.

    `state`: waiting, running, done, set_aside. `why`: opened, reopened, again, asked.
    """

    incident: int
    attempt: int
    state: str
    why: str
    priority: int
    failures: int
    wanted_at: datetime
    due_at: datetime
    beat_at: datetime | None
    worker: str | None
    ended_at: datetime | None
    error: str | None


def of(connection: Connection, incident: int) -> Owed | None:
    """What is owed to an incident; nobody else changes it until this transaction ends."""
    row = connection.execute(_ONE, {"of": incident}).one_or_none()
    return None if row is None else _owed(row)


def those(connection: Connection, *states: str) -> list[Owed]:
    """All jobs in these states, by incident."""
    return [_owed(row) for row in connection.execute(_ALL, {"states": states}).all()]


def counts(connection: Connection) -> dict[str, int]:
    """How many jobs are in which state."""
    rows = connection.execute(select(_JOB.c.state, func.count()).group_by(_JOB.c.state)).all()
    return {state: number for state, number in rows}


def want(connection: Connection, incident: int, why: str, priority: int, now: datetime) -> int:
    """The attempt that is owed from now on; an older one counts no more."""
    known = of(connection, incident)
    if known is None:
        connection.execute(
            insert(_JOB).values(
                incident=incident, attempt=1, state="waiting", why=why, priority=priority, failures=0,
                wanted_at=now.isoformat(), due_at=now.isoformat(),
            )
        )  # fmt: skip
        return 1
    _set(
        connection, incident, known.attempt, attempt=known.attempt + 1, state="waiting", why=why, priority=priority,
        failures=0, wanted_at=now.isoformat(), due_at=now.isoformat(), beat_at=None, worker=None,
        ended_at=None, error=None,
    )  # fmt: skip
    return known.attempt + 1


def begin(connection: Connection, incident: int, attempt: int, worker: str, now: datetime) -> Owed | None:
    """The job that is begun, counted as a failure until it has ended; None where this attempt is not owed any more."""
    known = of(connection, incident)
    if known is None or known.attempt != attempt or known.state not in ("waiting", "running"):
        return None
    values = {"state": "running", "worker": worker, "beat_at": now.isoformat(), "failures": known.failures + 1}
    _set(connection, incident, attempt, **values)
    return known._replace(state="running", worker=worker, beat_at=now, failures=known.failures + 1)


def beat(connection: Connection, running: Iterable[tuple[int, int]], now: datetime) -> None:
    """Notes that these attempts are still worked on."""
    for incident, attempt in running:
        _set(connection, incident, attempt, beat_at=now.isoformat())


def stands(connection: Connection, incident: int, attempt: int) -> bool:
    """Whether this attempt is the one that is owed; nobody takes it away until this transaction ends."""
    known = of(connection, incident)
    return known is not None and known.attempt == attempt and known.state == "running"


def end(
    connection: Connection, incident: int, attempt: int, state: str, now: datetime, error: str | None = None
) -> None:
    """Ends an attempt as `done`, or as `set_aside`."""
    failures = {"failures": 0} if state == "done" else {}
    said = redact_text(error)[:2000] if error else None
    _set(connection, incident, attempt, state=state, ended_at=now.isoformat(), error=said, beat_at=None, **failures)


def again(connection: Connection, job: Owed, now: datetime, delay: timedelta, error: str) -> int:
    """The next attempt, after one that could not be made: its number."""
    _set(
        connection, job.incident, job.attempt, attempt=job.attempt + 1, state="waiting",
        due_at=(now + delay).isoformat(), beat_at=None, worker=None, error=redact_text(error)[:2000],
    )  # fmt: skip
    return job.attempt + 1


def _set(connection: Connection, of_incident: int, nth: int, **values: object) -> None:
    connection.execute(update(_JOB).where(_THIS).values(values), {"of": of_incident, "nth": nth})


def _owed(row: object) -> Owed:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    for name in ("wanted_at", "due_at", "beat_at", "ended_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Owed(**values)
