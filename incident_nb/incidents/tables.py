"""The database of the records: its tables, and the steps from each version of them to the next."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Index, MetaData, String, Table

from incident_nb.errors import UsageError

VERSION = 3
"""The version of the tables. Whoever changes them adds a step here, and keeps a database of the old version as a test."""

metadata = MetaData()

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# `schema_version`: with which version of events all states were folded anew last.
versions = Table(
    "incident_nb_version",
    metadata,
    Column("version", sa.Integer, nullable=False),
    Column("schema_version", sa.Integer, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    # Drawn by lot when it was opened, and the same wherever it is imported.
    Column("origin", String(40), nullable=False, unique=True),
    Column("is_open", sa.Boolean, nullable=False),
    Column("client", String(300)),
    Column("fingerprint", String(300)),
    Column("seq", sa.Integer, nullable=False),
    Column("changed_at", String(40), nullable=False),
    # What the events fold to, kept so that a board need not fold them all. It can be made again at any time.
    Column("schema_version", sa.Integer, nullable=False),
    Column("state", sa.Text, nullable=False),
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

# What senders were answered, by their own id of a delivery: one that comes again is answered as the first time.
deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", String(600), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("received_at", String(40), nullable=False),
    Column("answer", sa.JSON, nullable=False),
)
Index("alert_deliveries_received", deliveries.c.received_at)

# Every alert as it came, apart from the incidents: it has not been through the gate, and no incident's export holds it.
alerts = Table(
    "alerts",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("received_at", String(40), nullable=False),
    Column("dialect", String(20), nullable=False),
    Column("incident", _NUMBER),
    Column("body", sa.LargeBinary, nullable=False),  # packed with zstd
)
Index("alerts_received", alerts.c.received_at)

# What is owed to each incident: one investigation, asked for `attempt` times. Whoever works on an older attempt than the
# one that stands here came back late, and writes nothing any more.
jobs = Table(
    "jobs",
    metadata,
    Column("incident", _NUMBER, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
    Column("attempt", sa.Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("why", String(20), nullable=False),
    Column("priority", sa.Integer, nullable=False),
    Column("failures", sa.Integer, nullable=False),  # of it in a row
    Column("wanted_at", String(40), nullable=False),
    Column("due_at", String(40), nullable=False),  # not before this instant
    Column("beat_at", String(40)),  # when a worker last said that it works on it
    Column("worker", String(200)),
    Column("ended_at", String(40)),
    Column("error", sa.Text),
)
Index("jobs_state", jobs.c.state)

# What is to be told in Slack, written in the commit of what it speaks of. `key` is what it says: it is told once.
outbox = Table(
    "outbox",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", String(300), nullable=False, unique=True),
    Column("incident", _NUMBER),
    Column("about", String(40), nullable=False),
    Column("text", sa.Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("due_at", String(40), nullable=False),  # not before this instant
    Column("tries", sa.Integer, nullable=False),
    Column("sent_at", String(40)),
    Column("error", sa.Text),
)
Index("outbox_sent", outbox.c.sent_at)


def _with_alerts(connection: Connection) -> None:
    metadata.create_all(connection, tables=[deliveries, alerts])


def _with_jobs(connection: Connection) -> None:
    metadata.create_all(connection, tables=[jobs, outbox])


STEPS: dict[int, Callable[[Connection], None]] = {1: _with_alerts, 2: _with_jobs}
"""What makes tables of version n ones of n + 1."""


def found(connection: Connection) -> tuple[int, int] | None:
    """The version of the tables that are there, and with which version of events all states were folded; None for none.

    Raises UsageError for tables that a newer version made, and for a database that is something else's.
    """
    ours = set(metadata.tables) & set(sa.inspect(connection).get_table_names())
    if not ours:
        return None
    if versions.name not in ours:
        raise UsageError(f"There is another program's table “{sorted(ours)[0]}”. Choose a database of its own.")
    rows = connection.execute(sa.select(versions)).all()
    if len(rows) != 1:
        raise UsageError("The records' own table of versions was changed by hand. Restore the database from a backup.")
    version, schema_version = rows[0]
    if version > VERSION:
        raise UsageError(
            f"The records were written by a newer incident-nb (their form is {version}, this one knows {VERSION}). Update it."
        )
    return version, schema_version


def make(connection: Connection, schema_version: int) -> None:
    """Makes the tables where there are none."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(sa.insert(versions).values(version=VERSION, schema_version=schema_version))


def bring_up(connection: Connection, version: int) -> None:
    """Makes today's tables of those of an older version, in the caller's transaction: all steps or none."""
    for step in range(version, VERSION):
        STEPS[step](connection)
    connection.execute(sa.update(versions).values(version=VERSION))
