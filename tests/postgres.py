"""A throw-away PostgreSQL for tests: a cluster of its own in a temporary folder, reached through a socket in that folder.

Nothing listens on the network, and nothing outlives the block. Run as root, the server is another user, since it refuses
to be root. Nobody is let in without being asked, but for the owner: a role with a password has to give it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

OWNER = "owner"
WORKERS = ("postgres", "nobody")
# A crash of a throw-away server may lose everything, so nothing waits for the disk.
OPTIONS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "60", "shared_buffers": "16MB",
           "autovacuum": "off", "log_min_messages": "fatal", "unix_socket_permissions": "0777"}  # fmt: skip
RULES = f"local all {OWNER} trust\nlocal all all scram-sha-256\n"


def program(name: str) -> Path | None:
    """A program of PostgreSQL: in PATH, else where Debian puts the newest version's."""
    if found := shutil.which(name):
        return Path(found).resolve()
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name.zfill(4))
    return next((folder / name for folder in reversed(newest) if (folder / name).is_file()), None)


class Cluster:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)

    def url(self, schema: str = "public", user: str = OWNER, password: str | None = None) -> str:
        """The address of a schema, as INCIDENT_NB_DATABASE_URL has it."""
        secret = f":{password}" if password else ""
        return f"postgresql://{user}{secret}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def run(self, *statements: str) -> list[Any]:
        """What the last of some statements gives, each on its own, by the owner."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = None
            for statement in statements:
                found = connection.execute(statement)
            return found.fetchall() if found is not None and found.description else []

    def fresh(self) -> str:
        """The name of a new, empty schema: as good as a database of its own, and made at once."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE SCHEMA {name}")
        return name


@contextlib.contextmanager
def postgres() -> Iterator[Cluster]:
    """A cluster that lives as long as the block; the test is skipped without the programs, and fails where CI says so."""
    initdb, server = program("initdb"), program("postgres")
    if initdb is None or server is None:
        message = "PostgreSQL is missing; on Debian: apt-get install -y postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    worker = _worker()
    with tempfile.TemporaryDirectory(prefix="incident-nb-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)  # short: the address of a socket may have 107 characters
        if worker:
            shutil.chown(folder, worker.pw_uid, worker.pw_gid)
        common: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}}
        if worker:
            common |= {"user": worker.pw_uid, "group": worker.pw_gid, "extra_groups": []}
        data = folder / "data"
        setup = [initdb, "--pgdata", data, "--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
        done = subprocess.run([*map(str, setup)], capture_output=True, text=True, check=False, **common)
        assert done.returncode == 0, done.stderr
        (data / "pg_hba.conf").write_text(RULES)
        options = [f"--{name}={value}" for name, value in {**OPTIONS, "unix_socket_directories": made}.items()]
        command = [str(server), "-D", str(data), *options]
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(command, stdout=log, stderr=log, **common) as process,
        ):
            try:
                _wait(process, folder)
                yield Cluster(folder)
            finally:
                process.send_signal(signal.SIGQUIT)  # at once, whoever is still connected, and nothing is tidied up
                process.wait()


def _worker() -> pwd.struct_passwd | None:
    """Who runs the server where we are root."""
    if os.geteuid() != 0:
        return None
    for name in WORKERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError(f"none of the users {', '.join(WORKERS)} exists")


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns once the server answers; fails with its own words where it ends first."""
    while True:
        try:
            psycopg.connect(f"postgresql://{OWNER}@/postgres?host={folder}", connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None:
                raise AssertionError((folder / "log").read_text()) from None
