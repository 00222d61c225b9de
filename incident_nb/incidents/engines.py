"""The two databases that hold records: a file of SQLite, and PostgreSQL by its address."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from incident_nb.errors import MissingExtraError, OutputError, SettingsError, UnreachableError
from incident_nb.escape import printable
from incident_nb.files import private_folder
from incident_nb.redact import redact_text

PATIENCE_S = 60  # how long a writer waits for others
READING = "incident_nb_reading"
_ALONE = 0x696E6364656E7462  # any number that no other program's advisory lock has

_making = threading.Lock()


def sqlite(path: Path) -> Engine:
    """A file of SQLite (0600) that many processes write, one after the other; each commit is on the disk when it ends.

    Raises OutputError where the file can't be made.
    """
    try:
        private_folder(path.parent)
        _make(path)
    except OSError as error:
        raise OutputError(
            f"could not open the records in {path}: {error.strerror}; see to it that they may be written"
        ) from error
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": PATIENCE_S})
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _began)
    return engine


def _make(path: Path) -> None:
    """The file, empty and its owner's only, whatever the umask. One that exists is not so much as opened.

    Closing a file takes away all locks that this process holds on it, those of SQLite's included.
    """
    with _making:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            if path.is_file():
                return
            raise
        os.fchmod(handle, 0o600)
        os.close(handle)


def _connected(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    if not _is_wal(connection):
        _make_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _is_wal(connection: Any) -> bool:
    return bool(connection.execute("PRAGMA journal_mode").fetchone() == ("wal",))


def _make_wal(connection: Any) -> None:
    """Switches a new file's journal. SQLite says at once that it is locked, where somebody else is at it: then again."""
    import stamina

    again = stamina.retry_context(
        on=sqlite3.OperationalError,
        attempts=None,
        timeout=PATIENCE_S,
        wait_initial=0.01,
        wait_max=0.2,
        wait_jitter=0.05,
    )
    for attempt in again:
        with attempt:
            if not _is_wal(connection):
                connection.execute("PRAGMA journal_mode=WAL")


def _began(connection: Connection) -> None:
    # A writer takes its turn before it reads, so that what it read is still so when it writes.
    reads = connection.get_execution_options().get(READING)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def postgresql(url: str) -> Engine:
    """A PostgreSQL database. Raises SettingsError for an address that is none, MissingExtraError without its driver."""
    try:
        given = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(_not_one("it can't be read as an address")) from None  # the cause quotes the address
    if given.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(_not_one(f"it begins with {given.drivername}"))
    if "@" in (given.host or ""):
        raise SettingsError(_not_one("an @ in its user or password has to be written as %40"))
    if password := given.query.get("password"):  # where it would be shown with the rest
        given = given.difference_update_query(["password"]).set(password=str(password))
    try:
        engine = create_engine(
            given.set(drivername="postgresql+psycopg"), pool_pre_ping=True, isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": 10},
        )  # fmt: skip
    except (ArgumentError, ValueError):
        raise SettingsError(_not_one("its host, port or options can't be read")) from None
    except ImportError as error:
        raise MissingExtraError(
            "Records in PostgreSQL need its driver: pip install 'incident-nb[postgres]'."
        ) from error
    event.listen(engine, "connect", _patient)
    return engine


def _patient(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = {PATIENCE_S * 1000:.0f}")
    connection.commit()


def alone(connection: Connection) -> None:
    """Until this transaction ends no other one passes here: for what only one may do, such as giving the next number."""
    if connection.dialect.name == "postgresql":  # in SQLite every writer is alone
        connection.execute(select(func.pg_advisory_xact_lock(_ALONE)))


@contextmanager
def said(place: str, done: str) -> Iterator[None]:
    """A database's own errors as UnreachableError, in words that say what to do; `done` is read or written."""
    try:
        yield
    except SQLAlchemyError as error:
        told = error.orig if isinstance(error, DBAPIError) else error
        why = printable(redact_text(str(told).strip().partition("\n")[0]))[:300].rstrip(".")
        lost = done == "written" and isinstance(error, DBAPIError) and error.connection_invalidated
        left = "Look whether the last entry is there" if lost else "Nothing was changed; see to it that it may be used"
        raise UnreachableError(f"The records in {place} can't be {done}: {why}. {left}, and try again.") from error


def shown(url: str) -> str:
    """An address without its password, and without its options, where one may stand, too."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the address given"


def _not_one(why: str) -> str:
    return f"INCIDENT_NB_DATABASE_URL is no address of a PostgreSQL database: {why}. Write postgresql://user@host/name."


@contextmanager
def all_stay() -> Iterator[None]:
    """Nothing looks for garbage meanwhile: among thousands of new objects that all stay it would look again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
