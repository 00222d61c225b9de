"""n8n on PostgreSQL: what is read from its tables is what its API gives, and what SQLite gives of the same rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incident_nb import readers
from incident_nb.case import read_case
from incident_nb.diagnose import survey
from incident_nb.readers.single import Executions
from incident_nb.settings import Settings
from tests.n8n_tables import to_sqlite
from tests.postgres import OWNER, postgres
from tests.same import same_logs
from tests_n8n.builders import gets
from tests_n8n.conftest import ASKED
from tests_n8n.misbehave import OK, Service
from tests_n8n.server import running
from tests_n8n.stage import Place
from tests_n8n.workflows import CASES

# One of each: an HTTP error, no answer at all, Code, a sub-workflow, a successful run with an error in it.
PLAYED = ("header_key_replaced", "too_many_requests", "refused", "renamed_field", "foreign_503")
# 2.x with everything that can be set, 1.x with nothing.
PLACES = {"2": ("automation", "n8n_"), "1": ("public", "")}
TABLES = (
    "execution_entity",
    "execution_data",
    "workflow_entity",
    "tag_entity",
    "workflows_tags",
    "project",
    "shared_workflow",
)


@dataclass
class Stored:
    """Where n8n's executions are: its tables, for a user who may only read them, and pages of its API."""

    url: str
    owner: str
    tables: str
    pages: Path
    now: datetime
    count: int


@pytest.fixture(scope="module", params=ASKED)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """Some workflows that failed on an n8n whose database is PostgreSQL."""
    version = request.param
    schema, prefix = PLACES[version.partition(".")[0]]
    folder = tmp_path_factory.mktemp("n8n")
    (pages := folder / "pages").mkdir()
    with postgres() as cluster:
        cluster.run(f"CREATE SCHEMA IF NOT EXISTS {schema}", "CREATE ROLE reader LOGIN PASSWORD 'only-for-tests'")
        settings = {
            "DB_TYPE": "postgresdb", "DB_POSTGRESDB_HOST": str(cluster.folder), "DB_POSTGRESDB_USER": OWNER,
            "DB_POSTGRESDB_DATABASE": "postgres", "DB_POSTGRESDB_SCHEMA": schema, "DB_TABLE_PREFIX": prefix,
        }  # fmt: skip
        with running(version, folder, settings) as n8n, Service() as service:
            healthy = Place(n8n, service, 100)
            healthy.answers(OK)
            name = n8n.create(gets()(healthy))
            n8n.activate(name)
            for number, case in enumerate(case for case in CASES if case.name in PLAYED):
                case.play(Place(n8n, service, number, case.own))
                n8n.run(name)
            for number, content in enumerate(n8n.pages(includeData="true", limit=100)):
                (pages / f"executions-{number:02}.json").write_bytes(content)
        tables = f'"{schema}"."{prefix}'
        grants = [f'GRANT SELECT ON {tables}{table}" TO reader' for table in TABLES]
        cluster.run(f"GRANT USAGE ON SCHEMA {schema} TO reader", *grants)
        count = cluster.run(f'SELECT count(*) FROM {tables}execution_entity"')[0][0]
        yield Stored(
            f"postgresql://reader:only-for-tests@/postgres?host={cluster.folder}", f"postgresql://{OWNER}@/postgres?host={cluster.folder}",
            f"{schema}.{prefix}", pages, datetime.now(UTC), count,
        )  # fmt: skip


def found(source: str, now: datetime) -> dict[str, Any]:
    """What `patterns --json` says of a source."""
    told = survey(read_case([source], Settings(), now)).as_json()
    return json.loads(json.dumps(told))  # type: ignore[no-any-return]


def test_it_has_all_that_the_api_gives(stored: Stored) -> None:
    ours, theirs = readers.read(stored.url), readers.read(str(stored.pages))
    assert len(ours.executions) == len(theirs.executions) == stored.count > 2 * len(PLAYED) and not ours.skipped
    key = ["execution_id", "node", "message", "description", "http_code", "place", "host", "credential_id"]
    assert len(ours.failures) >= 2 * len(PLAYED)
    assert ours.failures[key].astype("str").equals(theirs.failures[key].astype("str"))
    assert set(ours.executions["data"]) == {"full"} and "only-for-tests" not in ours.executions.to_csv()


def test_the_findings_are_those_of_the_api(stored: Stored) -> None:
    ours, theirs = found(stored.url, stored.now), found(str(stored.pages), stored.now)
    assert ours["groups"] and ours == theirs


def test_it_gives_what_sqlite_gives(stored: Stored, tmp_path: Path) -> None:
    copy = to_sqlite(stored.owner, tmp_path / "database.sqlite", stored.tables)
    same_logs(readers.read(stored.url), readers.read(str(copy)))


def test_one_execution_is_that_of_the_api(stored: Stored) -> None:
    failed = readers.read(stored.url).failures["execution_id"].iloc[0]
    ours, theirs = Executions(stored.url)(failed), Executions(str(stored.pages))(failed)
    assert ours is not None and theirs is not None and ours["data"] == theirs["data"]
    assert ours["startedAt"] == theirs["startedAt"] and ours["workflowData"] == theirs["workflowData"]
