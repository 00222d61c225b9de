"""What is to be told in Slack: written in the commit of the event that it speaks of, told once, kept until it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from incident_nb.incidents import tables
from incident_nb.redact import redact_text

_BOX = tables.outbox
_DUE = (
    select(_BOX)
    .where(_BOX.c.sent_at.is_(None), _BOX.c.due_at <= bindparam("now"))
    .order_by(_BOX.c.number)
    .limit(bindparam("most"))
)


class Line(NamedTuple):
    """One thing to tell: of which incident (None: of none), what it is about (a row of `message.ABOUT`), and its words."""

    number: int
    incident: int | None
    about: str
    text: str
    at: datetime
    tries: int


def put(
    connection: Connection, key: str, *, incident: int | None, about: str, text: str = "", at: datetime,
    due: datetime | None = None,
) -> None:  # fmt: skip
    """Puts a line in, in the caller's transaction; nothing where `key` was put in before. It is told at `due`, else now."""
    make = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    values = {
        "key": key, "incident": incident, "about": about, "text": redact_text(text), "at": at.isoformat(),
        "due_at": (due or at).isoformat(), "tries": 0,
    }  # fmt: skip
    connection.execute(make(_BOX).values(values).on_conflict_do_nothing(index_elements=["key"]))


def drop(connection: Connection, key: str) -> None:
    """Takes a line out that was not told yet, since something better will be."""
    connection.execute(delete(_BOX).where(_BOX.c.key == key, _BOX.c.sent_at.is_(None)))


def due(connection: Connection, now: datetime, most: int = 50) -> list[Line]:
    """What is to be told now, oldest first."""
    rows = connection.execute(_DUE, {"now": now.isoformat(), "most": most}).all()
    return [Line(r.number, r.incident, r.about, r.text, datetime.fromisoformat(r.at), r.tries) for r in rows]


def told(connection: Connection, numbers: Sequence[int], at: datetime) -> None:
    """Notes that lines were told."""
    connection.execute(update(_BOX).where(_BOX.c.number.in_(numbers)).values(sent_at=at.isoformat(), error=None))


def failed(connection: Connection, numbers: Sequence[int], why: str, again: datetime) -> None:
    """Notes that lines could not be told, and when to try again."""
    connection.execute(
        update(_BOX)
        .where(_BOX.c.number.in_(numbers))
        .values(tries=_BOX.c.tries + 1, error=redact_text(why)[:1000], due_at=again.isoformat())
    )
