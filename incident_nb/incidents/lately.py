"""The incidents that may still be on when another one is opened."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam

from incident_nb.incidents import statements, tables
from incident_nb.incidents.store import Writing
from incident_nb.record import Incident

_ROW = tables.incidents
_LATELY = statements.STATES.where(_ROW.c.is_open, _ROW.c.changed_at >= bindparam("since")).order_by(_ROW.c.number)


def unresolved_since(writing: Writing, since: datetime) -> list[Incident]:
    """The incidents that are neither closed nor resolved and were written to since an instant (UTC), oldest first."""
    rows = writing.connection.execute(_LATELY, {"since": since.isoformat()}).all()
    states = (writing.records._state(writing.connection, row) for row in rows)
    return [one for one in states if not one.is_resolved]
