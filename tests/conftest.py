"""What several files of tests share: the databases that records lie in, an n8n that can be acted on, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acting import n8n, newer, older, run
from tests.browser import Beacon, Tab, chromium
from tests.postgres import Cluster, postgres
from tests.replays import no_pauses, sure

__all__ = ["n8n", "newer", "no_pauses", "older", "run", "sure"]  # fixtures


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for all tests of a run."""
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where records may lie: a file that is not there yet, and an empty schema."""
    if request.param == "sqlite":
        yield tmp_path / "incidents" / "record.db"
        return
    running: Cluster = request.getfixturevalue("cluster")
    yield running.url(running.fresh())


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page of Chromium."""
    with chromium(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def beacon() -> Iterator[Beacon]:
    """A server that knows whether anybody asked it for anything."""
    one = Beacon()
    yield one
    one.close()
