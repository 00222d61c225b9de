"""What is wrong with a database is said in a sentence that shows no password, and leaves the record as it was."""

from __future__ import annotations

import os
import socket
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from incident_nb.errors import (
    IncidentNbError,
    MissingExtraError,
    OutputError,
    SettingsError,
    UnreachableError,
    UsageError,
)
from incident_nb.incidents import Records, engines, tables
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.postgres import Cluster, postgres
from tests.recorded import engine_of, one, opened, sound

PASSWORD = "hunter-two-in-the-rye"


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


def refused(call: Callable[[], object], kind: type[IncidentNbError] = UnreachableError, *words: str) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(IncidentNbError) as raised:
        call()
    said = str(raised.value)
    assert type(raised.value) is kind, said
    assert "\n" not in said and "sqlalchemy" not in said.lower() and (said[-1] == "." or kind is OutputError), said
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))
    for word in words:
        assert word in said, said
    return said


def made(place: Path | str) -> Records:
    records = Records(place)
    records.open(opened(), by="Kim")
    return records


# A file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "incidents" / "record.db"


def test_a_file_that_another_program_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE_S", 0)
    records = made(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused(lambda: records.add(1, one("note"), by="Kim"), UnreachableError, str(path), "can't be written: ", "locked")
    reading = Records(path)
    assert reading.get(1) == records.get(1)  # readers are let in
    reading.close()
    holder.execute("ROLLBACK")
    assert records.add(1, one("note"), by="Kim").version == 2
    records.close()
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN IMMEDIATE")
    refused(lambda: Records(path), UnreachableError, "can't be read: ", "locked")
    holder.close()


def test_a_file_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory(prefix="incident-nb-") as folder:  # where everybody may look
        place = Path(folder) / "incidents" / "record.db"
        made(place).close()
        place.chmod(0o444)
        place.parent.chmod(0o555)
        place.parent.parent.chmod(0o755)
        try:
            as_nobody(lambda: refused(lambda: Records(place), UnreachableError, str(place)))
            as_nobody(lambda: refused(lambda: Records(place.with_name("other.db")), OutputError, "may be written"))
            place.chmod(0o000)
            as_nobody(lambda: refused(lambda: Records(place), UnreachableError, str(place), "unable to open"))
            place.parent.chmod(0o000)
            as_nobody(lambda: refused(lambda: Records(place), OutputError, str(place)))
        finally:
            place.parent.chmod(0o700)


def as_nobody(call: Callable[[], object]) -> None:
    """Makes a call as somebody who has no rights beyond those of everybody: for root a process of another user."""
    if os.geteuid() != 0:
        call()
        return
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            call()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(lambda: Records(tmp_path / "file" / "record.db"), OutputError, "could not make the folder")
    refused(lambda: Records(tmp_path), OutputError, "File exists")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refused(lambda: Records(tmp_path / "link"), OutputError, "File exists")


@pytest.mark.parametrize("content", [b"no database\n" * 999, b"SQLite format 3\x00" + bytes(4096)])
def test_a_file_that_is_something_else(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    refused(lambda: Records(path), UnreachableError, str(path), "can't be read: ")
    assert path.read_bytes() == content


def test_a_file_that_lost_its_end(path: Path) -> None:
    records = made(path)
    for _ in range(50):
        records.add(1, one("note", text="word " * 500), by="Kim")
    records.close()
    whole = path.read_bytes()
    for share in (0.1, 0.3, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(IncidentNbError, match=r"can't be (read|written)"):
            Records(path).get(1)


def test_a_disk_that_is_full(path: Path) -> None:
    records = made(path)
    engine_of(records).dispose()
    event.listen(engine_of(records), "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=1"))

    def fill() -> None:
        for _ in range(99):
            records.add(1, one("note", text="word " * 3000), by="Kim")

    refused(fill, UnreachableError, "can't be written: database or disk is full. Nothing was changed")
    sound(records, 1)
    records.close()


# A server


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    refused(
        lambda: Records(f"postgresql://kim:{PASSWORD}@/db?host={tmp_path}"),
        UnreachableError,
        "postgresql://kim:***@/db",
    )
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://kim:{PASSWORD}@127.0.0.1:{taken.getsockname()[1]}/db"
        refused(lambda: Records(url), UnreachableError, "can't be read: ", "kim:***@127.0.0.1", "refused")


@pytest.fixture
def role(cluster: Cluster) -> Iterator[str]:
    """A role with a password and without any rights."""
    cluster.run(f"CREATE ROLE kim LOGIN PASSWORD '{PASSWORD}'")
    yield "kim"
    cluster.run("DROP OWNED BY kim", "DROP ROLE kim")


def test_who_is_not_let_in(cluster: Cluster, role: str) -> None:
    schema = cluster.fresh()
    wrong = cluster.url(schema, role, "not-" + PASSWORD)
    refused(lambda: Records(wrong), UnreachableError, "can't be read: ", "password authentication failed")
    refused(lambda: Records(cluster.url(schema, "nobody-we-know", PASSWORD)), UnreachableError, "can't be read: ")
    other = cluster.url(schema, role, PASSWORD).replace("/postgres?", "/elsewhere?")
    refused(lambda: Records(other), UnreachableError, 'database "elsewhere" does not exist')


def test_who_has_no_rights(cluster: Cluster, role: str) -> None:
    schema = cluster.fresh()
    url = cluster.url(schema, role, PASSWORD)
    refused(lambda: Records(url), UnreachableError, "can't be written: ")
    cluster.run(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    refused(lambda: Records(url), UnreachableError, "can't be written: permission denied for schema")
    records = made(cluster.url(schema))
    refused(lambda: Records(url), UnreachableError, "can't be read: permission denied for table")
    cluster.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    reading = Records(url)  # enough to look at
    assert reading.get(1) == records.get(1)
    refused(lambda: reading.add(1, one("note"), by="Kim"), UnreachableError, "can't be written: permission denied")
    refused(lambda: reading.open(opened(), by="Kim"), UnreachableError, "can't be written: permission denied")
    assert [incident.number for incident in records.incidents()] == [1]
    sound(records, 1)
    for each in (reading, records):
        each.close()


def test_a_server_that_may_only_be_read(cluster: Cluster) -> None:
    url = cluster.url(cluster.fresh())
    made(url).close()
    records = Records(url + "%20-cdefault_transaction_read_only%3Don")
    refused(
        lambda: records.add(1, one("note"), by="Kim"), UnreachableError, "can't be written: ", "read-only transaction"
    )
    assert records.get(1).version == 1
    records.close()


def test_an_incident_that_somebody_holds(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    url = cluster.url(cluster.fresh())
    monkeypatch.setattr(engines, "PATIENCE_S", 0.001)
    records = made(url)
    with engine_of(records).begin() as holder:
        holder.execute(update(tables.incidents).values(client="OTHER"))
        refused(lambda: records.add(1, one("note"), by="Kim"), UnreachableError, "can't be written: ", "lock timeout")
        assert records.get(1).version == 1
        holder.rollback()
    assert records.add(1, one("note"), by="Kim").version == 2
    records.close()


def test_a_server_that_goes_away_in_the_middle(cluster: Cluster) -> None:
    schema = cluster.fresh()
    records = made(cluster.url(schema))

    def gone(_: Any = None) -> None:
        cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                    "AND backend_type = 'client backend'")  # fmt: skip

    refused(
        lambda: records.add(1, one("note"), by="Kim", check=gone),
        UnreachableError,
        "Look whether the last entry is there",
    )
    gone()  # between two events nobody notices
    assert records.add(1, one("note"), by="Kim").version == 2
    sound(records, 1)
    records.close()


# An address


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (PASSWORD, "it can't be read as an address"),
        (f"kim:{PASSWORD}@host/db", "it can't be read as an address"),
        (f"postgresql://kim:{PASSWORD}@host:port/db", "it can't be read as an address"),
        (f"mysql://kim:{PASSWORD}@host/db", "it begins with mysql"),
        (f"sqlite:///{PASSWORD}", "it begins with sqlite"),
        (f"postgresql://kim:{PASSWORD}@/db?port=port", "its host, port or options can't be read"),
        (f"postgresql://kim:at@{PASSWORD}@host/db", "an @ in its user or password has to be written as %40"),
    ],
)
def test_an_address_that_is_none(url: str, words: str) -> None:
    refused(
        lambda: Records(url), SettingsError, "INCIDENT_NB_DATABASE_URL", words, "Write postgresql://user@host/name."
    )


def test_no_password_is_shown_wherever_it_stands(cluster: Cluster, role: str) -> None:
    schema = cluster.fresh()
    cluster.run(f"GRANT ALL ON SCHEMA {schema} TO {role}")
    shared = cluster.url(schema, role)
    for url in (cluster.url(schema, role, PASSWORD), f"{shared}&password={PASSWORD}"):
        records = Records(url)
        assert records.place in ("postgresql://kim:***@/postgres", "postgresql://kim@/postgres")
        refused(lambda records=records: records.get(7), UsageError, "There is no INC-7 in postgresql://kim")  # type: ignore[misc]
        assert PASSWORD not in repr(vars(records))
        records.close()
    for option in ("sslmode=odd", "odd=1"):
        url = f"{cluster.url(schema, role, PASSWORD)}&{option}"
        refused(lambda url=url: Records(url), UnreachableError, "can't be read: ", "odd")  # type: ignore[misc]


def test_the_driver_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("no pq wrapper available")

    monkeypatch.setattr(engines, "create_engine", missing)
    refused(lambda: Records("postgresql://kim@host/db"), MissingExtraError, "pip install 'incident-nb[postgres]'")


# Tables


def test_tables_of_a_newer_version(place: Path | str) -> None:
    records = made(place)
    with engine_of(records).begin() as connection:
        connection.execute(update(tables.versions).values(version=tables.VERSION + 1))
    refused(
        lambda: Records(place),
        UsageError,
        f"their form is {tables.VERSION + 1}, this one knows {tables.VERSION}",
        "Update",
    )
    records.close()


@pytest.mark.parametrize("rows", [0, 2])
def test_a_table_of_versions_that_was_changed(place: Path | str, rows: int) -> None:
    records = made(place)
    with engine_of(records).begin() as connection:
        connection.execute(tables.versions.delete())
        for _ in range(rows):
            connection.execute(insert(tables.versions).values(version=1, schema_version=1))
    refused(lambda: Records(place), UsageError, "changed by hand")
    records.close()


def test_another_programs_tables_stay_as_they_are(place: Path | str) -> None:
    records = Records(place)
    with engine_of(records).begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(text("CREATE TABLE incidents (id INTEGER)"))
    refused(lambda: Records(place), UsageError, "another program's table “incidents”")
    records.close()


# The tests' own server


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_tests_say_how_to_get_postgresql_and_never_pass_without_it_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, ends: type[BaseException]
) -> None:
    monkeypatch.setattr("tests.postgres.program", lambda _: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="apt-get install -y postgresql"), postgres():
        pass
