"""What senders were answered, and every alert as it came: kept in the same commit as what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import zstandard
from sqlalchemy import Connection, bindparam, delete, insert, select

from incident_nb.incidents import tables

_DELIVERY, _ALERT = tables.deliveries, tables.alerts

_KNOWN = select(_DELIVERY).where(_DELIVERY.c.id.in_(bindparam("ids", expanding=True)))
_KEEP, _RAW = insert(_DELIVERY), insert(_ALERT)
_FORGET = tuple(delete(table).where(table.c.received_at < bindparam("before")) for table in (_DELIVERY, _ALERT))


class Delivery(NamedTuple):
    """A delivery that was answered before: the digest of its body, and the answer."""

    digest: str
    answer: Any


def known(connection: Connection, ids: Collection[str]) -> dict[str, Delivery]:
    """Those of the deliveries that were answered before."""
    rows = connection.execute(_KNOWN, {"ids": list(ids)}).all() if ids else []
    return {row.id: Delivery(row.digest, row.answer) for row in rows}


class Came(NamedTuple):
    """What came as it came, secrets included, for the owner of the database only; `incident` is the one that it went into.

    `delivery` is the sender's id of it, under which the `answer` is remembered; None where it has none.
    """

    dialect: str
    received: datetime
    body: bytes
    incident: int | None
    delivery: str | None
    digest: str
    answer: Any


def keep(connection: Connection, came: Sequence[Came]) -> None:
    """Keeps deliveries, and what their senders were answered."""
    alerts = [
        {"received_at": one.received.isoformat(), "dialect": one.dialect, "incident": one.incident,
         "body": zstandard.compress(one.body)}
        for one in came
    ]  # fmt: skip
    answers = [
        {"id": one.delivery, "digest": one.digest, "received_at": one.received.isoformat(), "answer": one.answer}
        for one in came
        if one.delivery
    ]
    for statement, rows in ((_RAW, alerts), (_KEEP, answers)):
        if rows:
            connection.execute(statement, rows)


class Kept(NamedTuple):
    """An alert as it came: its dialect, when it was received (UTC), its body."""

    dialect: str
    received: datetime
    body: bytes


def bodies(connection: Connection, incident: int | None = None, most: int = 200) -> list[Kept]:
    """What came for an incident, or at all, as it came: the newest `most`, oldest first."""
    newest = select(_ALERT).order_by(_ALERT.c.number.desc()).limit(most)
    newest = newest if incident is None else newest.where(_ALERT.c.incident == incident)
    rows = connection.execute(newest).all()
    return [Kept(r.dialect, datetime.fromisoformat(r.received_at), zstandard.decompress(r.body)) for r in rows[::-1]]


def forget(connection: Connection, before: datetime) -> None:
    """Removes what came before an instant (UTC)."""
    for statement in _FORGET:
        connection.execute(statement, {"before": before.isoformat()})
