"""What the tests of the watch share: a workspace with records and servers, and the lines that were put into the outbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from incident_nb.incidents import Records, tables
from incident_nb.settings import Settings

Line = tuple[str, int | None, str]


def workspace(folder: Path, **more: Any) -> Settings:
    """Settings of a workspace in this folder."""
    return Settings.model_validate({"path": folder / "incident-nb.toml", **more})


def lines(records: Records) -> list[Line]:
    """The lines in the outbox, oldest first: about, incident, text."""
    box = tables.outbox
    with records.reading() as connection:
        rows = connection.execute(select(box).order_by(box.c.number)).all()
    return [(row.about, row.incident, row.text) for row in rows]


def kinds(records: Records, number: int) -> list[str]:
    """The kinds of an incident's events, in order."""
    return [event.kind for event in records.events(number)]
