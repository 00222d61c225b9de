"""One n8n a version for all tests, and one record of everything that was played on it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import pytest

from tests_n8n.client import N8n
from tests_n8n.install import VERSIONS
from tests_n8n.misbehave import Service
from tests_n8n.record import Record, record
from tests_n8n.server import running

# `N8N_VERSIONS=2.40.7` keeps to one.
ASKED = tuple(os.environ.get("N8N_VERSIONS", "").split()) or VERSIONS


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


# Python's own answer to SIGTERM is to end at once, which would leave n8n running.
signal.signal(signal.SIGTERM, _leave)


@pytest.fixture(scope="session", params=ASKED)
def n8n(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[N8n]:
    """A running n8n of each version."""
    with running(request.param, tmp_path_factory.mktemp("n8n")) as started:
        yield started


@pytest.fixture(scope="session")
def played(n8n: N8n, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """All cases, played on it; what they talk to goes on as it was in the end."""
    with Service() as service:
        yield record(n8n, service, tmp_path_factory.mktemp("pages"))
