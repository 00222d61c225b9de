"""The worker beside the receiver: a process of its own, started again whenever it ends, ended with the receiver."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from incident_nb.serve.access import ALERT_SECRET, ALERT_TOKEN, SLACK_SECRET

LIVED_S = 60  # a worker that lived so long was well, and the next one need not wait
LONGEST_S = 30
PATIENCE_S = 40  # until one that was asked to end is ended

_LOG = logging.getLogger("incident_nb.serve")


class Beside:
    """A worker that is kept running. It is not told what only the receiver has to know: who may send alerts."""

    def __init__(self, config: Path | None) -> None:
        self._command = [sys.executable, "-P", "-m", "incident_nb", "worker", "--with-parent"]
        if config is not None:
            self._command += ["--config", str(config)]
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    def start(self) -> None:
        """Starts the worker."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it, and waits for that."""
        self._ended.set()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._thread.join(PATIENCE_S)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def _keep(self) -> None:
        wait = 1.0
        while not self._ended.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, env=_environment())
            code = self._process.wait()
            if self._ended.is_set():
                return
            wait = 1.0 if time.monotonic() - began > LIVED_S else min(wait * 2, LONGEST_S)
            _LOG.error("the worker ended (%s); another one starts in %.0f s", code, wait)
            self._ended.wait(wait)


def _environment() -> dict[str, str]:
    hidden = {name + ending for name in (ALERT_TOKEN, ALERT_SECRET, SLACK_SECRET) for ending in ("", "_FILE")}
    return {name: value for name, value in os.environ.items() if name not in hidden}
