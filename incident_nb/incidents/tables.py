"""The database of the records: its tables, and the steps from each version of them to the next."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Index, MetaData, String, Table

from incident_nb.errors import UsageError

VERSION = 1
"""The version of the tables. Whoever changes them adds a step here, and keeps a database of the old version as a test."""

metadata = MetaData()

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up plain integers only

versions = Table("incident_nb_version", metadata, Column("version", sa.Integer, nullable=False))

incidents = Table(
    "incidents",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("is_open", sa.Boolean, nullable=False, default=True),
    Column("client", String(300)),
    Column("fingerprint", String(300)),
    Column("seq", sa.Integer, nullable=False, default=0),
    Column("changed_at", String(40)),
    # What the events fold to, kept so that a board need not fold them all. It can be made again at any time.
    Column("state", sa.Text, nullable=False, default=""),
    sqlite_autoincrement=True,  # a number is never given twice
)
Index("incidents_open", incidents.c.is_open)
Index("incidents_fingerprint", incidents.c.fingerprint)

events = Table(
    "incident_events",
    metadata,
    Column("number", _NUMBER, sa.ForeignKey("incidents.number"), primary_key=True),
    Column("seq", sa.Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("at", String(40), nullable=False),
    Column("by", String(300), nullable=False),
    Column("recorded_at", String(40), nullable=False),
    Column("schema_version", sa.Integer, nullable=False),
    Column("payload", sa.JSON, nullable=False),
)

STEPS: dict[int, Callable[[Connection], None]] = {}
"""What makes tables of version n ones of n + 1."""


def prepare(connection: Connection) -> None:
    """Makes the tables where there are none, and brings older ones up to date; all in the caller's transaction.

    Raises UsageError for tables that a newer version made.
    """
    if not sa.inspect(connection).has_table(versions.name):
        metadata.create_all(connection)
        connection.execute(sa.insert(versions).values(version=VERSION))
        return
    found = connection.execute(sa.select(versions.c.version)).scalar_one()
    if found > VERSION:
        raise UsageError(
            f"The records were written by a newer incident-nb (their form is {found}, this one knows {VERSION}). Update it."
        )
    for step in range(found, VERSION):
        STEPS[step](connection)
    if found < VERSION:
        connection.execute(sa.update(versions).values(version=VERSION))
