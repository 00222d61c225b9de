"""What the records ask their database, and events and incidents as rows of it.

Statements are made once: making one costs more than what it does.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from incident_nb.incidents import tables, upgrade
from incident_nb.incidents.events import Event
from incident_nb.record import Incident

_ROW, _EVENT = tables.incidents, tables.events

STATES = select(_ROW.c.number, _ROW.c.schema_version, _ROW.c.state)
LOCKED = STATES.add_columns(_ROW.c.seq).where(_ROW.c.number == bindparam("of")).with_for_update()
ALIKE = STATES.where(_ROW.c.fingerprint == bindparam("of")).order_by(_ROW.c.number.desc())
EVENTS = select(_EVENT).where(_EVENT.c.number == bindparam("of")).order_by(_EVENT.c.seq)
STALE = select(_ROW.c.number).where(_ROW.c.schema_version < bindparam("than"))
KNOWN = select(_ROW.c.number).where(_ROW.c.origin == bindparam("of"))
VERSIONS = select(_ROW.c.number, _ROW.c.seq)
CLIENTS = select(_ROW.c.client).where(_ROW.c.client.is_not(None)).distinct()
NEXT = select(func.coalesce(func.max(_ROW.c.number), 0) + 1)
BEGIN, ADD = insert(_ROW), insert(_EVENT)
KEEP = (
    update(_ROW)
    .where(_ROW.c.number == bindparam("of"))
    .values({column: bindparam(column.name) for column in _ROW.c if column.name not in ("number", "origin")})
)


def kept(folded: Incident) -> dict[str, Any]:
    """The columns of an incident's row, but for its number and origin."""
    return {
        "is_open": folded.closed is None, "client": folded.client, "fingerprint": folded.subject.fingerprint,
        "seq": folded.version, "changed_at": folded.changed_at.isoformat(), "schema_version": upgrade.SCHEMA,
        "state": folded.model_dump_json(exclude_defaults=True),
    }  # fmt: skip


def row(one: Event) -> dict[str, Any]:
    """The columns of an event's row."""
    return {**one.model_dump(), "at": one.at.isoformat(), "recorded_at": one.recorded_at.isoformat()}
