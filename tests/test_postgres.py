"""n8n's PostgreSQL database as a source: what SQLite and the API say of the same executions, as it was at one moment,
a piece at a time, and nothing of a password anywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest

from incident_nb import cli, readers
from incident_nb.case import read_case
from incident_nb.diagnose import survey
from incident_nb.errors import MissingExtraError, SourceError
from incident_nb.executions import ExecutionLog
from incident_nb.readers import database, limits, postgres, postgres_server
from incident_nb.readers.postgres import read_postgres
from incident_nb.readers.rows import Row
from incident_nb.readers.single import Executions
from incident_nb.settings import Settings
from tests.exports import SAMPLE, V1, execution, failed, lines, node, ran
from tests.n8n_tables import VERSIONS, add, definitions, made, to_sqlite
from tests.postgres import Cluster
from tests.same import same_logs

NOW = datetime(2026, 11, 30, tzinfo=UTC)
PASSWORD = "hunter2-and-more"


def run_at(number: int, at: str, **more: Any) -> dict[str, Any]:
    return failed(number, startedAt=at, stoppedAt=at, **more)


def ids(found: Any) -> list[str]:
    return [row.execution_id for row in found if isinstance(row, Row)]


def writes(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True)


@pytest.fixture
def password(cluster: Cluster) -> Iterator[str]:
    """The address of the owner's database for a user with a password who may read nothing yet."""
    cluster.run(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    yield f"postgresql://reader:{PASSWORD}@/postgres?host={cluster.folder}"
    cluster.run("DROP OWNED BY reader", "DROP ROLE reader")


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_what_sqlite_and_the_api_say(cluster: Cluster, tmp_path: Path, version: str) -> None:
    rows = lines(V1 if version == "v1" else SAMPLE)
    url = made(cluster, version, rows)
    ours = readers.read(url)
    same_logs(ours, readers.read(str(to_sqlite(url, tmp_path / "database.sqlite"))))
    (api := tmp_path / "api").mkdir()
    (api / "executions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    flows = {row["workflowData"]["id"]: row["workflowData"] for row in rows}
    (api / "workflows.json").write_text(json.dumps([{**flow, "active": True} for flow in flows.values()]))
    assert len(ours.executions) == len(rows) > 90 and len(ours.failures) > 20 and not ours.skipped
    told = [survey(read_case([source], Settings(), NOW)).as_json() for source in (url, str(api))]
    assert told[0]["groups"] and told[0] == told[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_real_n8n_wrote(cluster: Cluster, tmp_path: Path, version: str) -> None:
    """Rows of n8n's own, in tables of its own definition, tags included."""
    url = made(cluster, version, real=True)

    def client_of(workflow: Any) -> str | None:
        return workflow.tags[0].partition(":")[2] if workflow.tags else None

    log = readers.read(url, client_of=client_of)
    same_logs(log, readers.read(str(to_sqlite(url, tmp_path / "database.sqlite")), client_of=client_of))
    assert log.executions["status"].value_counts().to_dict() == {"error": 9, "success": 2}
    assert set(log.executions["client"]) == {"cmps", "dlta"} and set(log.failures["place"]) == {"execution"}
    assert "legacy-erp.compassfreight.test" in set(log.failures["host"])
    assert str(log.executions["started_at"].dt.tz) == "UTC" and log.executions["at"].is_monotonic_increasing


def test_the_project_of_a_workflow(cluster: Cluster) -> None:
    log = readers.read(made(cluster, rows=[failed()]), client_of=lambda workflow: workflow.project)
    assert log.executions["client"].tolist() == ["Acme Ltd"]


def test_deleted_rows_and_data_elsewhere(cluster: Cluster) -> None:
    url = made(cluster, rows=[failed(1), failed(2), failed(3)])
    with writes(url) as db:
        db.execute('UPDATE execution_entity SET "deletedAt" = now() WHERE id = 1')
        db.execute("""UPDATE execution_entity SET "storedAt" = 's3' WHERE id = 2""")
        db.execute('DELETE FROM execution_data WHERE "executionId" = 2')
    log = readers.read(url)
    assert dict(zip(log.executions["execution_id"], log.executions["data"], strict=True)) == {
        "2": "missing",
        "3": "full",
    }
    assert Executions(url)("1") is None and (Executions(url)("2") or {})["data"] is None


def test_data_as_json_and_older_tables(cluster: Cluster) -> None:
    """Older versions have fewer columns, whole numbers as ids of workflows, times without a zone, and data as JSON."""
    url = made(cluster, "v1", [failed(1), failed(2)])
    with writes(url) as db:
        db.execute('ALTER TABLE execution_data ALTER data TYPE json USING data::json, ALTER "workflowData" TYPE jsonb')
        db.execute('ALTER TABLE execution_entity DROP "deletedAt", DROP "waitTill", ALTER status DROP NOT NULL')
        db.execute("""ALTER TABLE execution_entity ALTER "workflowId" TYPE integer USING 7""")
        db.execute('SET timezone = UTC; ALTER TABLE execution_entity ALTER "startedAt" TYPE timestamp(3)')
        db.execute("UPDATE execution_entity SET \"stoppedAt\" = 'infinity' WHERE id = 1")
        db.execute("UPDATE execution_entity SET status = NULL WHERE id = 2")
    log = readers.read(url)
    assert log.executions["workflow_id"].tolist() == ["7", "7"] and log.executions["status"].tolist() == [
        "error",
        "error",
    ]
    assert [at.isoformat() for at in log.executions["started_at"]] == ["2026-03-01T10:00:00+00:00"] * 2
    assert log.executions["stopped_at"].isna().tolist() == [True, False] and len(log.failures) == 2
    assert log.snapshots


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_a_part_of_it(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    rows = [run_at(number, f"2026-03-{number:02}T10:00:00.000Z") for number in range(1, 10)]
    rows.append(execution(10, "new", startedAt=None, stoppedAt=None))
    rows.append(failed(11, startedAt=None, stoppedAt="2026-03-05T10:00:00.000Z"))
    url = made(cluster, rows=rows)
    copy = to_sqlite(url, tmp_path / "database.sqlite")

    def read(**bounds: Any) -> list[str]:
        found = read_postgres(url, **bounds) if kind == "postgres" else database.read_sqlite(copy, "it", **bounds)
        return ids(found)

    since, until = datetime(2026, 3, 4, 10, tzinfo=UTC), datetime(2026, 3, 6, 10, tzinfo=UTC)
    assert read(ids=(3, 5)) == ["3", "4", "5"]
    assert read(since=since, until=until) == ["4", "5", "6", "10", "11"]
    assert read(until=since, ids=(2, 90)) == ["2", "3", "4", "10"]
    cut = database.id_ranges(copy, lambda _: 4)
    assert cut == [(None, 4), (5, 8), (9, None)]
    assert [read(ids=part) for part in cut] == [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10", "11"]]
    source = url if kind == "postgres" else str(copy)
    log = readers.read(source, since=since, until=until)
    (tmp_path / "api.json").write_text(json.dumps({"data": rows}))
    whole = readers.read(str(tmp_path / "api.json"), since=since, until=until)
    assert set(log.executions["execution_id"]) == set(whole.executions["execution_id"]) == {"4", "5", "6", "10", "11"}


def test_an_empty_database(cluster: Cluster) -> None:
    url = made(cluster)
    assert len(readers.read(url).executions) == 0


def test_since_reads_what_came_shortly_before_it_and_no_more(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    url = made(cluster, rows=[run_at(n, f"2026-{n:02}-14T10:00:00.000Z") for n in range(1, 12)])
    asked: list[Any] = []
    real = readers.parts.read_postgres
    monkeypatch.setattr(readers.parts, "read_postgres", lambda *a, **b: asked.append(b["since"]) or real(*a, **b))
    case = read_case([url], Settings(), NOW, since=datetime(2026, 11, 1, tzinfo=UTC))
    assert asked == [datetime(2026, 9, 27, tzinfo=UTC)]  # five weeks, which is longer than November
    assert case.log.executions["execution_id"].tolist() == ["10", "11"]
    read_case([url], Settings(), NOW, since=datetime(2026, 5, 4, tzinfo=UTC))
    assert asked[1] == datetime(2025, 10, 6, tzinfo=UTC)  # as long again
    assert survey(case).totals["executions"] == 1


def odd() -> list[dict[str, Any]]:
    long = execution(3, runs={"Call": ran({"text": "x" * 1_200_000})})
    wide = execution(4, runs={"Call": ran({"text": "\u0000 \u2028 ☃ 𝔘 \ud800"})}, nodes=[node("Call")])
    return [failed(1), failed(2, workflowData={"id": "wf2", "name": "ÄÖ ☃", "nodes": []}), long, wide]


def test_odd_texts(cluster: Cluster, tmp_path: Path) -> None:
    url = made(cluster, rows=odd())
    log = readers.read(url)
    same_logs(log, readers.read(str(to_sqlite(url, tmp_path / "database.sqlite"))))
    assert "ÄÖ ☃" in set(log.executions["workflow"]) and set(log.executions["data"]) == {"full"}
    whole = Executions(url)("3")
    assert (
        whole
        and len(whole["data"]["resultData"]["runData"]["Call"][0]["data"]["main"][0][0]["json"]["text"]) == 1_200_000
    )


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1252"])
def test_databases_of_other_encodings(cluster: Cluster, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    cluster.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    url = f"postgresql://owner@/{name}?host={cluster.folder}"
    with psycopg.connect(url, autocommit=True, client_encoding="utf8") as db:
        for line in definitions("v2"):
            db.execute(line.encode())
        add(db, [failed(1), failed(2, workflowData={"id": "wf2", "name": "Größe", "nodes": []}), failed(3)])
        if encoding != "LATIN1":  # a byte that stands for nothing, in data that was right otherwise
            byte = "E'\\x81'" if encoding == "SQL_ASCII" else "chr(129)"
            sql = f"""UPDATE execution_data SET data = replace(data, 'Invalid', {byte}) WHERE "executionId" = 3"""
            db.execute(sql.encode())
    log = readers.read(url)
    assert log.executions["workflow"].dropna().tolist()[1] == "Größe"
    assert log.executions["data"].tolist()[:2] == ["full", "full"]
    if encoding == "WIN1252":
        assert log.executions["data"].tolist()[2] == "damaged" and "can't give its data" in log.skipped[0].reason
        assert log.failures["execution_id"].tolist() == ["1", "2", "3"] and log.failures["place"].iloc[2] == "status"


def test_rows_come_in_pieces_and_never_all(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by bytes: of 60 rows no more are asked for than fit in, and later ones not before they are wanted."""
    small = [failed(number) for number in range(1, 51)]
    large = [execution(n, runs={"Call": ran({"text": str(n) * 100_000})}) for n in range(51, 61)]
    url = made(cluster, rows=[*small, *large])
    fetched, pieces = [], []
    real_fetch, real_texts = psycopg.ServerCursor.fetchmany, postgres._texts
    monkeypatch.setattr(postgres, "ROWS", 20)
    monkeypatch.setattr(postgres, "BYTES", 450_000)
    monkeypatch.setattr(
        psycopg.ServerCursor, "fetchmany", lambda self, size: fetched.append(size) or real_fetch(self, size)
    )
    monkeypatch.setattr(postgres, "_texts", lambda server, some: pieces.append(list(some)) or real_texts(server, some))
    found = (row for row in read_postgres(url) if isinstance(row, Row))
    assert ids(islice(found, 5)) == ["1", "2", "3", "4", "5"] and fetched == [20] and pieces == [[*range(1, 21)]]
    with writes(url) as other:
        (held,) = other.execute(
            "SELECT query FROM pg_stat_activity WHERE application_name = 'incident-nb' AND state = 'idle in transaction'"
        ).fetchall()
    assert "RELEASE" in held[0]  # it waits for us, and does nothing
    assert ids(found)[-1] == "60" and fetched == [20] * 4
    assert [len(piece) for piece in pieces] == [20, 20, 12, 2, 2, 2, 2] and sum(map(len, pieces)) == 60
    sizes = [sum(200_000 if number > 50 else 2_000 for number in piece) for piece in pieces]
    assert max(sizes) < 450_000


def test_what_is_too_large_never_leaves_the_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DATA", 50_000)
    monkeypatch.setattr(postgres, "_LARGE_PACKED", 200)
    flow = {"id": "wf9", "name": "Large", "nodes": [node("Call", notes="n" * 60_000)]}
    url = made(
        cluster,
        rows=[failed(1), execution(2, runs={"Call": ran({"text": "x" * 60_000})}), failed(3, workflowData=flow)],
    )
    log = readers.read(url)
    runs = log.executions.set_index("execution_id")
    assert runs["data"].to_dict() == {"1": "full", "2": "too_large", "3": "full"}
    assert runs["snapshot"].isna().to_dict() == {"1": False, "2": True, "3": True}
    (told,) = log.skipped
    assert (told.where, "larger than" in told.reason) == ("execution 2", True)
    assert (Executions(url)("2") or {})["dataTooLargeToDisplay"] is True


def test_it_is_of_one_moment(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ROWS", 2)
    url = made(cluster, rows=[failed(number) for number in range(1, 8)])
    found = read_postgres(url)
    first = ids(islice(found, 2))
    with writes(url) as db:
        db.execute('DELETE FROM execution_data WHERE "executionId" = 5')
        db.execute("DELETE FROM execution_entity WHERE id IN (5, 6)")
        add(db, [failed(8)])
    rest = [row for row in found if isinstance(row, Row)]
    assert first + ids(rest) == [str(number) for number in range(1, 8)] and all(row.document for row in rest)


def test_nothing_can_be_written_and_nothing_waits_for_ever(cluster: Cluster) -> None:
    with postgres_server.connected(made(cluster)) as server:
        shown = {
            name: server.connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("transaction_read_only", "transaction_isolation", "statement_timeout", "lock_timeout",
                         "idle_in_transaction_session_timeout", "max_parallel_workers_per_gather", "search_path")
        }  # fmt: skip
        assert list(shown.values()) == ["on", "repeatable read", "2min", "5s", "10min", "0", "pg_catalog"]
        server.connection.rollback()  # what a pooler would hand on to n8n is as it was
        assert server.connection.execute("SHOW statement_timeout").fetchone()[0] == "0"
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            server.connection.execute(f"CREATE TABLE {server.tables.sql('x')} ()")
        server.connection.rollback()


@pytest.mark.parametrize("prefix", ["", "n8n_", 'Odd "one'])
def test_tables_are_found_with_any_prefix_in_any_schema(cluster: Cluster, prefix: str) -> None:
    """Not where the role looks by itself, and beside tables that only sound like n8n's."""
    url = made(cluster, rows=[failed(1)])
    base = url.partition("&options")[0]
    schema = url.rpartition("%3D")[2]
    with writes(url) as db:
        for name in ("execution_entity", "execution_data", "workflow_entity", "tag_entity", "workflows_tags"):
            new = (prefix + name).replace('"', '""')
            if prefix:
                db.execute(f'ALTER TABLE {name} RENAME TO "{new}"'.encode())
        db.execute("CREATE TABLE test_case_execution_entity (id int)")
    chosen = f"{base}&schema={schema}"
    log = readers.read(chosen)
    assert log.executions["execution_id"].tolist() == ["1"] and len(log.failures) == 1
    assert [part.where for part in log.skipped] == (["table project, shared_workflow"] if prefix else [])


def test_several_n8n_in_one_database(cluster: Cluster) -> None:
    name = "several"
    cluster.run(f"CREATE DATABASE {name}")
    url = f"postgresql://owner@/{name}?host={cluster.folder}"
    with writes(url) as db:
        for number, schema in enumerate(("one", "two")):
            db.execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}".encode())
            for line in definitions("v2"):
                db.execute(line.encode())
            add(db, [failed(number + 1)])
    with pytest.raises(
        SourceError, match=r"several n8n: schema=one prefix=, schema=two prefix=\. Say which: add \?schema=NAME"
    ):
        readers.read(url)
    for chosen, expected in (("schema=one", "1"), ("schema=two&prefix=", "2"), ("options=-csearch_path%3Dtwo", "2")):
        assert readers.read(f"{url}&{chosen}").executions["execution_id"].tolist() == [expected]
    with pytest.raises(SourceError, match="holds no tables of n8n with the schema three"):
        readers.read(f"{url}&schema=three")


def refused(url: str, *words: str) -> str:
    with pytest.raises(SourceError) as caught:
        readers.read(url)
    told, error = str(caught.value), caught.value
    assert all(word in told for word in words) and told.endswith((".", ";")) and "\n" not in told
    while error is not None:
        assert PASSWORD not in str(error) and "hunter2" not in str(error)
        error = error.__cause__  # type: ignore[assignment]
    return told


def test_a_refusal_says_what_to_do(cluster: Cluster, password: str, tmp_path: Path) -> None:
    here = cluster.folder
    wrong = PASSWORD[:-1]
    refused(
        f"postgresql://reader:{wrong}@/postgres?host={here}", "authentication failed", "~/.pgpass", f"{here}/postgres"
    )
    refused(f"postgresql://reader@/postgres?host={here}", "no password supplied", "PGPASSFILE")
    refused(f"postgresql://nobody_of_that_name:{PASSWORD}@/postgres?host={here}", "authentication failed")
    refused(f"postgresql://owner:{PASSWORD}@/elsewhere?host={here}", "does not exist", "DB_POSTGRESDB_DATABASE")
    refused(f"postgres://kim:{PASSWORD}@127.0.0.1:9/n8n", "127.0.0.1:9/n8n", "Look whether PostgreSQL runs there")
    refused(f"postgresql://kim:{PASSWORD}@/n8n?host={tmp_path}", f"{tmp_path}/n8n", "Look whether")
    refused(f"postgresql://kim@db/n8n?port=9&host={tmp_path}&password={PASSWORD}&user=x", "/n8n")
    cluster.run("CREATE DATABASE empty")
    refused(f"postgresql://owner@/empty?host={here}", "holds no tables of n8n", "execution_entity")


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://kim:{PASSWORD}/x@host/db", f"postgresql://kim:at@{PASSWORD}@host/db", f"postgresql://kim:a?{PASSWORD}@host/db",
        f"postgresql://kim:{PASSWORD}@[host/db", f"postgresql://kim:{PASSWORD}%zz@host/db",
        f"postgresql://kim:{PASSWORD}@host/db?pass={PASSWORD}",
    ],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    refused(address, "Write postgresql://user@host/database")
    assert PASSWORD not in postgres_server.shown(address)


@pytest.mark.parametrize(
    "tail", [":port/db", "\x00/db", f"/db?sslmode={PASSWORD}", "/db?port=x&target_session_attrs=y"]
)
def test_an_address_that_cannot_be_used(tail: str) -> None:
    refused(f"postgresql://kim:{PASSWORD}@127.0.0.1{tail}", "127.0.0.1")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://kim:pw@db.example:5433/n8n?sslmode=require", "db.example:5433/n8n"),
        ("postgres://db.example", "db.example"),
        ("postgresql:///n8n", "localhost/n8n"),
        ("postgresql://kim@/n8n?host=/run/postgresql&password=pw", "/run/postgresql/n8n"),
        ("postgresql://a.example,b.example:5433/n8n?target_session_attrs=any", "a.example,b.example:5433/n8n"),
        ("postgresql://%2Frun%2Fpg/n%38n", "/run/pg/n8n"),
        ("postgresql://host/?dbname=n8n&user=kim", "host/n8n"),
    ],
)
def test_how_an_address_is_shown(address: str, shown: str) -> None:
    assert postgres_server.shown(address) == shown


def test_a_user_who_may_not_read(cluster: Cluster, password: str) -> None:
    url = made(cluster, rows=[failed(1)])
    schema = url.rpartition("%3D")[2]
    theirs = f"{password}&schema={schema}"
    told = refused(theirs, '"reader" may not read', "execution_data", f'GRANT USAGE ON SCHEMA "{schema}" TO "reader"')
    statements = told.partition("run: ")[2]
    cluster.run(*statements.removesuffix(";").split("; "))
    log = readers.read(theirs)
    assert log.executions["execution_id"].tolist() == ["1"]
    assert [part.where for part in log.skipped] == ["table tag_entity, workflows_tags, project, shared_workflow"]
    assert not any(PASSWORD in text for text in (str(log.skipped), log.executions.to_csv(), log.failures.to_csv()))
    granted = 'id, status, mode, "workflowId", "startedAt"'
    cluster.run(f"REVOKE SELECT ON {schema}.execution_entity FROM reader")
    cluster.run(f"GRANT SELECT ({granted}) ON {schema}.execution_entity TO reader")
    only = readers.read(theirs)
    assert only.executions["status"].tolist() == ["error"] and only.executions["stopped_at"].isna().all()


def test_a_locked_table(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres_server.SETTINGS, "lock_timeout", "10ms")
    url = made(cluster, rows=[failed(1)])
    with psycopg.connect(url) as upgrade:
        upgrade.execute("LOCK TABLE execution_entity")
        refused(url, "lock timeout", "as while n8n is being upgraded")


def test_a_connection_that_is_lost_half_way(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ROWS", 2)
    url = made(cluster, rows=[failed(number) for number in range(1, 8)])
    real = postgres._texts
    killed: list[int] = []

    def dies(server: Any, some: Any) -> Any:
        if 5 in some and not killed:
            killed.append(server.connection.info.backend_pid)
            cluster.run(f"SELECT pg_terminate_backend({killed[0]}, 5000)")
        return real(server, some)

    monkeypatch.setattr(postgres, "_texts", dies)
    log = readers.read(url)
    assert log.executions["execution_id"].tolist() == ["1", "2", "3", "4"] and len(log.failures) == 4
    (told,) = log.skipped
    assert told.where == "after execution 4" and told.reason.startswith("the rest was not read: ")


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'incident-nb\[postgres\]'"):
        readers.read("postgresql://kim@host/db")


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        code = 0
        try:
            cli.main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and PASSWORD not in out + err
        return code, out + err

    return run


def test_a_password_is_nowhere(
    cluster: Cluster, password: str, tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    url = made(cluster, rows=lines(SAMPLE))
    schema = url.rpartition("%3D")[2]
    cluster.run(f"GRANT USAGE ON SCHEMA {schema} TO reader", f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader")
    address = f"{password}&schema={schema}"
    code, told = command("patterns", f"main={address}", "--json", "found.json")
    assert (code, told) == (0, "")
    code, told = command("investigate", address, "--now", "2026-11-14T08:30Z")
    assert code == 0 and told
    case = read_case([address], Settings(), NOW)
    assert PASSWORD not in repr(case)
    case.save(tmp_path / "case")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4 and not any(PASSWORD.encode() in path.read_bytes() for path in files)
    assert set(case.log.executions["source"]) == {f"{cluster.folder}/postgres"}
    code, told = command("patterns", address.replace("schema=", "schema=no"), "--json")
    assert code == 2 and "holds no tables of n8n" in told


def test_beside_other_sources(cluster: Cluster, tmp_path: Path) -> None:
    """A database that can't be read is named, and what the others hold is there."""
    (tmp_path / "api.json").write_text(json.dumps({"data": [failed(1), failed(2)]}))
    url = made(cluster, rows=[failed(2), failed(3)])
    gone = f"postgresql://kim:{PASSWORD}@127.0.0.1:9/n8n"
    log: ExecutionLog = readers.read([str(tmp_path / "api.json"), url, gone])
    assert log.executions["execution_id"].tolist() == ["1", "2", "3"]
    assert [(part.source, part.where) for part in log.skipped] == [("127.0.0.1:9/n8n", "whole source")]
