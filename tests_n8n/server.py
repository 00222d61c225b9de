"""A real n8n server on loopback for the time of a test: `with running(version, folder) as n8n: …`."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests_n8n import install
from tests_n8n.ask import ask
from tests_n8n.client import LOG, N8n, signed_in
from tests_n8n.wait import tail, wait_for

# A first start makes the database: seconds on an idle machine, more than a minute on a busy one.
START_S = 300
STOP_S = 20
# Code nodes are stopped after this long. Short, so that a test can wait for it; long enough for a busy machine.
CODE_S = 15


@contextmanager
def running(version: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[N8n]:
    """n8n of this version with an owner and an API key, its data and its log (`n8n.log`) in `folder`.

    `settings`: further variables of its environment.

    The same folder can be used again: n8n then starts on what is there. It is ended with everything it started when the
    block ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, broker = _free_port(), _free_port()
    home, program = install.node(), install.n8n(version)
    command = [str(home / "bin" / "node"), str(program / "node_modules" / "n8n" / "bin" / "n8n"), "start"]
    with (folder / LOG).open("ab") as log:
        # A session of its own: n8n starts task runners, and all of them are ended as one group.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(version, folder, home, port, broker) | dict(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _ready(process, url, folder / LOG), START_S, f"n8n {version} to start", folder / LOG)
        yield signed_in(url, version, folder, process.pid)
    finally:
        _end(process)


def _ready(process: subprocess.Popen[bytes], url: str, log: Path) -> bool | None:
    """True once n8n can be used, None before.

    While it starts nothing listens at first. Then /healthz says ok at once, and every other path answers 200 "n8n is
    starting up. Please wait", later 404. /healthz/readiness answers 503 until all is there on 2.x, but on 1.x only
    until the database is migrated, ten seconds before the routes: so the routes are asked, too, and for JSON.
    """
    if process.poll() is not None:
        raise RuntimeError(f"n8n ended with {process.returncode} while starting.{tail(log)}")
    with suppress(OSError):
        ready, settings = (ask("GET", url + path) for path in ("/healthz/readiness", "/rest/settings"))
        return True if ready.status == settings.status == 200 and isinstance(settings.body, dict) else None
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and all that is left of its group, politely first."""
    for how, seconds in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        # Where n8n itself ends in time, a task runner that hangs in a loop may be left of the group: so both signals.
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _environment(version: str, folder: Path, home: Path, port: int, broker: int) -> dict[str, str]:
    """All that n8n may know of the world: settings from the tester's shell, such as N8N_* or proxies, stay out."""
    settings = {
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "GENERIC_TIMEZONE": "UTC",
        "NODE_ENV": "production",
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_HOST": "127.0.0.1",
        "N8N_PORT": str(port),
        "N8N_USER_FOLDER": str(folder),
        "N8N_ENCRYPTION_KEY": "only-for-tests-0001",
        "N8N_SECURE_COOKIE": "false",
        "N8N_METRICS": "true",
        "N8N_METRICS_INCLUDE_QUEUE_METRICS": "true",
        "N8N_METRICS_INCLUDE_WORKFLOW_STATISTICS": "true",
        "N8N_RUNNERS_ENABLED": "true",
        "N8N_RUNNERS_MODE": "internal",
        "N8N_RUNNERS_BROKER_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_RUNNERS_BROKER_PORT": str(broker),
        "N8N_RUNNERS_TASK_TIMEOUT": str(CODE_S),
        # Small, so that a Code node that takes all memory is stopped before the machine has none left.
        "N8N_RUNNERS_MAX_OLD_SPACE_SIZE": "256",
        # A runner starts with the first Code node, which is slow on a busy machine.
        "N8N_RUNNERS_TASK_REQUEST_TIMEOUT": "120",
        "EXECUTIONS_DATA_SAVE_ON_SUCCESS": "all",
        "EXECUTIONS_DATA_SAVE_ON_ERROR": "all",
        "EXECUTIONS_DATA_SAVE_MANUAL_EXECUTIONS": "true",
        "EXECUTIONS_DATA_PRUNE": "false",
        "N8N_GRACEFUL_SHUTDOWN_TIMEOUT": "5",
        # What would ask hosts outside.
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED": "false",
        "N8N_DYNAMIC_BANNERS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "N8N_PERSONALIZATION_ENABLED": "false",
        "N8N_HIRING_BANNER_ENABLED": "false",
        "N8N_COMMUNITY_PACKAGES_ENABLED": "false",
        "N8N_LICENSE_AUTO_RENEW_ENABLED": "false",
        "N8N_AI_ENABLED": "false",
    }
    if version.startswith("2."):
        # Otherwise a workflow is published some time after the API has said that it is.
        settings["N8N_USE_WORKFLOW_PUBLICATION_SERVICE"] = "false"
    return settings


def _free_port() -> int:
    """A port that nothing listens at, below those that the system gives to outgoing connections."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
