"""The receiver killed at random moments while alerts come in: whatever was acknowledged is in exactly one incident."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import httpx
import pytest

from incident_nb.incidents import Records
from tests.test_serve import TOKEN, failed

ALERTS, PROBLEMS, KILLS, SENDERS = 400, 7, 8, 6
COMMAND = (sys.executable, "-c", "from incident_nb.cli import main; main()", "serve")


class Served:
    """A receiver in a process of its own, started again whenever it was killed."""

    def __init__(self, workspace: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = workspace
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        env = {**os.environ, "INCIDENT_NB_ALERT_TOKEN": TOKEN}
        return subprocess.Popen(
            [*COMMAND, "--port", str(self.port)], cwd=self._folder, env=env, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Kills it as a crash would, and starts it again."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def stop(self) -> int:
        """Ends it as a service manager would."""
        self.process.terminate()
        return self.process.wait()


def send(http: httpx.Client, port: int, number: int, wait: Event) -> tuple[str, bool]:
    """Sends an alert until it is acknowledged, as n8n does; the incident, and whether it had come through before."""
    body = failed(str(number), node=f"Node {number % PROBLEMS}")
    while True:
        try:
            answer = http.post(
                f"http://127.0.0.1:{port}/alerts/n8n",
                content=body,
                headers={"authorization": f"Bearer {TOKEN}"},
                timeout=60,
            )
        except httpx.TransportError:
            wait.wait(0.05)  # nobody there: a sender's own pause between tries
            continue
        if answer.status_code == 202:
            return answer.json()["incident"], answer.json()["duplicate"]
        assert answer.status_code == 503, answer.text


@pytest.mark.parametrize("seed", [1])
def test_every_acknowledged_alert_is_in_exactly_one_incident(tmp_path: Path, seed: int) -> None:
    (tmp_path / "incident-nb.toml").write_text("")
    served, lock, never = Served(tmp_path), Lock(), Event()
    moments = sorted(random.Random(seed).sample(range(20, ALERTS - 20), KILLS))
    told: dict[int, str] = {}

    http = httpx.Client(timeout=60)

    def one(number: int) -> None:
        incident, _ = send(http, served.port, number, never)
        with lock:
            told[number] = incident
            if moments and len(told) >= moments[0]:
                moments.pop(0)
                served.kill()

    try:
        with http, ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(one, range(ALERTS)))
    finally:
        ended = served.stop()
    assert not moments and len(told) == ALERTS and ended in (0, -signal.SIGTERM)
    records = Records(tmp_path / "incidents" / "record.db")
    incidents = records.incidents()
    assert len(incidents) == PROBLEMS
    assert sum(incident.occurrences for incident in incidents) == ALERTS
    of = {incident.subject.node: incident.id for incident in incidents}
    assert all(told[number] == of[f"Node {number % PROBLEMS}"] for number in range(ALERTS))
    records.close()
