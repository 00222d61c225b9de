"""The PostgreSQL server that n8n keeps its executions in: its address, one reading's transaction, and n8n's tables there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote

from incident_nb.errors import MissingExtraError, SourceError
from incident_nb.escape import printable
from incident_nb.readers.stored import OPTIONAL
from incident_nb.redact import redact_text

SCHEMES = ("postgres://", "postgresql://")
NEEDED = ("execution_entity", "execution_data", "workflow_entity")

# So that a busy n8n is not hurt. All of it holds for the one transaction only: a connection that a pooler hands on to n8n
# afterwards must not be left read-only, or in haste.
CONNECT_S = 10
SETTINGS = {
    "statement_timeout": "120s",  # a page of rows takes milliseconds; a scan of ten million, seconds
    "lock_timeout": "5s",  # only an upgrade of n8n locks its tables so that they can't be read
    "idle_in_transaction_session_timeout": "10min",  # a reader that hangs does not keep dead rows for ever
    "max_parallel_workers_per_gather": "0",  # the server's other processors are n8n's
    "timezone": "UTC",
}
_PART = re.compile(r"([^/?#]*)(.*)", re.DOTALL)
_OURS = ("schema", "prefix")


class Tables(NamedTuple):
    """Where n8n's tables are: their schema, what stands before each name, those that may be read, and the columns of
    `execution_entity` that may be."""

    schema: str
    prefix: str
    names: frozenset[str]
    columns: frozenset[str]

    def sql(self, name: str) -> str:
        """A table's name as SQL."""
        return f"{quoted(self.schema)}.{quoted(self.prefix + name)}"


class Server(NamedTuple):
    """A transaction in which everything is as it was when it began, and n8n's tables in it."""

    connection: Any
    tables: Tables


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def is_address(source: str) -> bool:
    """Whether a source names a PostgreSQL database."""
    return source.lower().startswith(SCHEMES)


def shown(address: str) -> str:
    """An address as it may be told: host and database, never who signs in or with what."""
    try:
        hosts, name, query = _parts(address)
    except SourceError:
        return "the PostgreSQL database"
    given = dict(query)
    host = hosts or given.get("host") or given.get("hostaddr") or "localhost"
    host += f":{given['port']}" if not hosts and given.get("port") else ""
    return printable(f"{host}/{name or given.get('dbname') or ''}".rstrip("/"))


@contextmanager
def connected(address: str) -> Iterator[Server]:
    """A read-only transaction on the database, of one moment, with n8n's tables found. Raises SourceError."""
    driver = psycopg()
    place, chosen, address = shown(address), *_without_ours(address)
    try:
        connection = driver.connect(
            address, connect_timeout=CONNECT_S, application_name="incident-nb", client_encoding="utf8", prepare_threshold=None,
        )  # fmt: skip
    except driver.OperationalError as error:
        raise SourceError(_refused(place, why(error, address))) from None  # the cause may quote the address
    except (driver.Error, ValueError, UnicodeError):
        raise SourceError(_not_one("it can't be read as one")) from None
    try:
        connection.isolation_level, connection.read_only = driver.IsolationLevel.REPEATABLE_READ, True
        _set(connection, SETTINGS)
        tables = _tables(connection, place, chosen)
        _set(connection, {"search_path": "pg_catalog"})  # whoever may make functions there makes none that we call
        yield Server(connection, tables)
    except driver.Error as error:
        raise SourceError(_failed(place, error, address)) from None
    finally:
        connection.close()  # nothing was written, so there is nothing to commit


def psycopg() -> Any:
    """The driver. Raises MissingExtraError with the line that installs it."""
    try:
        import psycopg as driver
        import psycopg.errors
    except ImportError as error:
        raise MissingExtraError(
            "A PostgreSQL database as a source needs its driver: pip install 'incident-nb[postgres]'."
        ) from error
    return driver


def why(error: Exception, address: str) -> str:
    """What PostgreSQL says of an error, in one line without anything secret."""
    text = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
    for secret in _passwords(address):
        text = text.replace(secret, "***")
    return printable(redact_text(text))[:300].rstrip(". ")


def _passwords(address: str) -> list[str]:
    """The password in an address, as it is written and as it is meant."""
    before, at, _ = address.partition("://")[2].rpartition("@")
    written = [before.partition(":")[2]] if at else []
    written += [value for key, value in _query(address) if key == "password"]
    return [text for one in written for text in {one, unquote(one)} if text]


def _parts(address: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Hosts, database and options of an address. Raises SourceError where a password may be taken for one of these."""
    found = _PART.fullmatch(address.partition("://")[2])
    authority, tail = (found[1], found[2]) if found else ("", "")
    if authority.count("@") > 1 or "@" in tail:
        raise SourceError(_not_one("an @, /, ? or # in its user or password has to be written as %40, %2F, %3F or %23"))
    path = tail.partition("?")[0].partition("#")[0].removeprefix("/")
    query = [(key, unquote(value)) for key, value in _query(address)]
    return unquote(authority.rpartition("@")[2]), unquote(path), query


def _query(address: str) -> list[tuple[str, str]]:
    """The options of an address as they are written."""
    options = address.partition("?")[2]
    return [(key, value) for key, _, value in (one.partition("=") for one in options.split("&") if one)]


def _without_ours(address: str) -> tuple[dict[str, str], str]:
    """What an address says of n8n's tables, and the address without it, as PostgreSQL's own library takes it."""
    _, _, query = _parts(address)
    rest = "&".join(f"{key}={value}" for key, value in _query(address) if key not in _OURS)
    return {key: value for key, value in query if key in _OURS}, address.partition("?")[0] + f"?{rest}" * bool(rest)


def _set(connection: Any, settings: dict[str, str]) -> None:
    """Settings until the transaction ends."""
    calls = ", ".join(["pg_catalog.set_config(%s, %s, true)"] * len(settings))
    connection.execute(f"SELECT {calls}", [part for setting in settings.items() for part in setting])


def _tables(connection: Any, place: str, chosen: dict[str, str]) -> Tables:
    """n8n's tables, found by their names in the database's own list. Raises SourceError where there are none, or several."""
    names = (*NEEDED, *OPTIONAL)
    rows = connection.execute(
        "SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid),"
        " pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)' AND c.relname ~ %s",
        [f"({'|'.join(names)})$"],
    ).fetchall()
    there = {(schema, name): (visible, readable) for schema, name, visible, readable in rows}
    found = [
        (schema, name.removesuffix(NEEDED[0]), visible)
        for (schema, name), (visible, _) in there.items()
        if name.endswith(NEEDED[0])
        and all((schema, name.removesuffix(NEEDED[0]) + needed) in there for needed in NEEDED)
        and chosen.get("schema", schema) == schema
        and chosen.get("prefix", name.removesuffix(NEEDED[0])) == name.removesuffix(NEEDED[0])
    ]
    if len(found) > 1:
        found = [one for one in found if one[2]] if sum(one[2] for one in found) == 1 else found
    if not found:
        asked = "".join(f" with the {key} {value}" for key, value in chosen.items())
        raise SourceError(
            f"{place} holds no tables of n8n{printable(asked)}: {', '.join(NEEDED)} were looked for in every schema, with any "
            "prefix. Check the name of the database (n8n's DB_POSTGRESDB_DATABASE)."
        )
    if len(found) > 1:
        both = ", ".join(sorted(f"schema={schema} prefix={prefix}" for schema, prefix, _ in found)[:8])
        raise SourceError(
            f"{place} holds the tables of several n8n: {printable(both)}. Say which: add ?schema=NAME, or &prefix=NAME, to the "
            "address."
        )
    schema, prefix, _ = found[0]
    readable = {name for name in names if there.get((schema, prefix + name), (False, False))[1]}
    if missing := [name for name in NEEDED if name not in readable]:
        wanted = ", ".join(f"{quoted(schema)}.{quoted(prefix + name)}" for name in missing)
        role = quoted(str(connection.info.user))
        raise SourceError(
            f"{printable(role)} may not read {printable(wanted)} in {place}. Let the tables' owner run: GRANT USAGE ON SCHEMA "
            f"{printable(quoted(schema))} TO {printable(role)}; GRANT SELECT ON {printable(wanted)} TO {printable(role)};"
        )
    columns = connection.execute(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s::pg_catalog.regclass AND attnum > 0"
        " AND NOT attisdropped AND pg_catalog.has_column_privilege(attrelid, attnum, 'SELECT')",
        [f"{quoted(schema)}.{quoted(prefix + NEEDED[0])}"],
    ).fetchall()
    return Tables(schema, prefix, frozenset(readable), frozenset(name for (name,) in columns))


def _not_one(reason: str) -> str:
    return (
        f"The address of a PostgreSQL database is none: {reason}. Write postgresql://user@host/database, and give the password "
        "in ~/.pgpass or the file that PGPASSFILE names."
    )


def _refused(place: str, reason: str) -> str:
    """Why there is no connection, with what to do."""
    mend = "Look whether PostgreSQL runs there and lets this machine in, and whether host and port are right."
    if "password" in reason or "pg_hba.conf" in reason or "role " in reason:
        mend = "Check the user in the address and its password: it is best kept in ~/.pgpass or the file that PGPASSFILE names."
    elif "database " in reason and "does not exist" in reason:
        mend = "Check the name at the end of the address (n8n's DB_POSTGRESDB_DATABASE)."
    return f"Could not connect to {place}: {reason}. {mend}"


def _failed(place: str, error: Exception, address: str) -> str:
    """What went wrong before a single row was read."""
    state = getattr(error, "sqlstate", None)
    mend = "Try again; if it stays so, read executions with `incident-nb fetch` or from an export."
    if state == "55P03":  # lock_not_available
        mend = "Its tables are locked, as while n8n is being upgraded: try again when that is done."
    elif state == "42501":  # insufficient_privilege
        mend = "Let the tables' owner grant SELECT on it to the user in the address."
    return f"Could not read {place}: {why(error, address)}. {mend}"
