"""The two databases that hold records: a file of SQLite, and PostgreSQL by its address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from incident_nb.errors import MissingExtraError, OutputError, SettingsError
from incident_nb.files import private_folder

PATIENCE_S = 60  # how long a writer waits for others
READING = "incident_nb_reading"


def sqlite(path: Path) -> Engine:
    """A file of SQLite (0600) that many processes write, one after the other; each commit is on the disk when it ends.

    Raises OutputError where the file can't be made.
    """
    try:
        private_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise OutputError(
            f"could not open the records in {path}: {error.strerror}; see to it that they may be written"
        ) from error
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE_S})
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _began)
    return engine


def _connected(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _began(connection: Connection) -> None:
    # A writer takes its turn before it reads, so that what it read is still so when it writes.
    reading = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def postgresql(url: str) -> Engine:
    """A PostgreSQL database. Raises SettingsError for an address that is none, MissingExtraError without its driver."""
    try:
        given = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError(_not_one("it can't be read as an address")) from error
    if given.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(_not_one(f"it begins with {given.drivername}"))
    try:
        return create_engine(
            given.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args={"connect_timeout": 10}
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Records in PostgreSQL need its driver: pip install 'incident-nb[postgres]'."
        ) from error


def shown(url: str) -> str:
    """An address without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the address given"


def _not_one(why: str) -> str:
    return f"INCIDENT_NB_DATABASE_URL is no address of a PostgreSQL database: {why}. Write postgresql://user@host/name."
