"""Alerts in and reports out while things break: receiver and workers killed, stopped, cut off, and started again.

    python -m tests.unattended --alerts 5000 --kills 30 --problems 40

At the end every acknowledged alert is in exactly one incident, and every incident has ended with a report.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import httpx
from sqlalchemy import select

from incident_nb.incidents import Records, tables
from incident_nb.jobs import owed
from incident_nb.jobs.owed import Owed
from tests.test_serve import TOKEN, failed

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-P", "-m", "incident_nb")
SETTINGS = "[jobs]\nlost_minutes = 0.2\n[notebooks]\ntotal_s = 120\n"


class Part:
    """A process of ours that a service manager would keep running."""

    def __init__(self, *command: str, folder: Path, env: dict[str, str], logs: Path) -> None:
        self._command, self._folder, self._env = [*COMMAND, *command], folder, env
        self._log = (logs / f"{command[0]}.log").open("ab")
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command, cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def kill(self) -> None:
        """Kills it as a crash would, and starts it again."""
        self.end(signal.SIGKILL)
        self.process = self._start()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it for good."""
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        return self.process.wait()

    def send(self, what: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(what)


@dataclass
class Site:
    """A workspace with a receiver and workers, on SQLite or on a PostgreSQL database."""

    folder: Path
    workers: int = 1
    url: str | None = None
    settings: str = SETTINGS
    env: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    port: int = 0
    logs: Path = Path()

    def __post_init__(self) -> None:
        self.logs = self.logs if self.logs.is_absolute() else self.folder.parent
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "incident-nb.toml").write_text(self.settings)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.env = {**os.environ, "INCIDENT_NB_ALERT_TOKEN": TOKEN, **self.env}
        if self.url:
            self.env["INCIDENT_NB_DATABASE_URL"] = self.url

    def records(self) -> Records:
        """The records of the site."""
        return Records(self.url or self.folder / "incidents" / "record.db")

    def receiver(self) -> Part:
        """Starts a receiver."""
        return self.part("serve", "--no-worker", "--port", str(self.port))

    def worker(self, name: str = "here") -> Part:
        """Starts a worker, as one of the machine of this name."""
        return self.part("worker", "--name", name)

    def part(self, *command: str) -> Part:
        """Starts a command of ours."""
        self.parts.append(Part(*command, folder=self.folder, env=self.env, logs=self.logs))
        return self.parts[-1]

    def end(self) -> None:
        """Ends everything."""
        for part in self.parts:
            part.send(signal.SIGCONT) if part.process.poll() is None else None
            part.end()


@contextmanager
def site(folder: Path, **options: Any) -> Iterator[Site]:
    """A site that is ended with the block."""
    made = Site(folder, **options)
    try:
        yield made
    finally:
        made.end()


def send(
    http: httpx.Client, port: int, number: int, problems: int, refused: Callable[[int], None] = lambda _: None
) -> str:
    """Sends an alert until it is acknowledged, as n8n does: the incident that it went into."""
    body, never = failed(str(number), node=f"Node {number % problems}"), Event()
    while True:
        try:
            answer = http.post(
                f"http://127.0.0.1:{port}/alerts/n8n",
                content=body,
                headers={"authorization": f"Bearer {TOKEN}"},
                timeout=60,
            )
        except httpx.TransportError:
            never.wait(0.05)  # nobody there: a sender's own pause between tries
            continue
        if answer.status_code == 202:
            return str(answer.json()["incident"])
        assert answer.status_code == 503, answer.text
        refused(answer.status_code)
        never.wait(0.2)


def until(what: Callable[[], Any], patience_s: float, told: Callable[[], str]) -> Any:
    """What a look gives once it gives something. Fails with what is told when that takes too long."""
    give_up, never = time.monotonic() + patience_s, Event()
    while not (found := what()):
        assert time.monotonic() < give_up, told()
        never.wait(0.2)
    return found


def jobs_of(records: Records) -> list[Owed]:
    """All that is owed, or was."""
    with records.reading() as connection:
        return owed.those(connection, "waiting", "running", "done", "set_aside")


def all_ended(records: Records) -> bool:
    """Whether nothing is owed any more."""
    return all(job.state in ("done", "set_aside") for job in jobs_of(records))


def sound(records: Records, folder: Path, told: dict[int, str], problems: int) -> dict[str, int]:
    """Fails unless each acknowledged alert is in exactly one incident, and each incident ended with one report and one line."""
    incidents = records.incidents()
    assert len(incidents) == problems
    assert sum(incident.occurrences for incident in incidents) == len(told)
    of = {incident.subject.node: incident.id for incident in incidents}
    assert all(told[number] == of[f"Node {number % problems}"] for number in told)
    states = {job.incident: job for job in jobs_of(records)}
    assert states.keys() == {incident.number for incident in incidents}
    for incident in incidents:
        home, job = folder / "incidents" / incident.id, states[incident.number]
        assert job.state in ("done", "set_aside"), job
        assert (home / "report" / "report.html").stat().st_size > 10_000
        assert (home / "report" / "report.md").is_file() and (home / "incident.ipynb").is_file()
        ended = [event for event in records.events(incident.number) if event.kind == "investigated"]
        assert len(ended) == 1 and ended[0].payload["attempt"] == job.attempt, ended
        assert ended[0].payload["done"] == (job.state == "done"), ended  # only what was set aside lacks a whole report
        assert not list((home / ".work").glob("*")), "an attempt's own folder is still there"
    with records.reading() as connection:
        lines = connection.execute(select(tables.outbox.c.incident, tables.outbox.c.about)).all()
    about = [(row.incident, row.about) for row in lines if row.about in ("diagnosed", "failed", "set_aside")]
    assert sorted(number for number, _ in about) == sorted(states), about
    return {state: sum(job.state == state for job in states.values()) for state in ("done", "set_aside")}


def stormed(at: Site, alerts: int, problems: int, kills: int, senders: int = 6, seed: int = 1) -> dict[str, Any]:
    """Sends alerts and kills a part of the site at random moments, half of them after the alerts; what came of it."""
    chance, lock = random.Random(seed), Lock()
    receiver = at.receiver()
    workers = [at.worker() for _ in range(at.workers)]
    moments = sorted(chance.sample(range(20, alerts - 20), kills - kills // 2))
    told: dict[int, str] = {}
    began = time.monotonic()

    with httpx.Client(timeout=60) as http, ThreadPoolExecutor(senders) as pool:

        def one(number: int) -> None:
            incident = send(http, at.port, number, problems)
            with lock:
                told[number] = incident
                if moments and len(told) >= moments[0]:
                    moments.pop(0)
                    chance.choice([receiver, *workers]).kill()

        list(pool.map(one, range(alerts)))
    answered = time.monotonic()
    records = at.records()
    left = kills // 2
    while left and not all_ended(records):
        Event().wait(chance.uniform(1, 8))
        chance.choice([receiver, *workers]).kill()
        left -= 1
    until(
        lambda: all_ended(records),
        900,
        lambda: str([job for job in jobs_of(records) if job.state in ("waiting", "running")]),
    )
    reported = time.monotonic()
    at.end()
    came = sound(records, at.folder, told, problems)
    attempts = sum(job.attempt for job in jobs_of(records))
    records.close()
    return {
        "alerts": len(told), "incidents": problems, **came, "kills": kills - left, "attempts": attempts,
        "answered_s": round(answered - began, 1), "reported_s": round(reported - began, 1),
    }  # fmt: skip


def main() -> None:
    """Runs a storm by the command line's numbers."""
    parser = argparse.ArgumentParser(description="Alerts in and reports out while receiver and workers are killed.")
    for name, number in {"alerts": 5000, "problems": 40, "kills": 30, "senders": 8, "workers": 1, "seed": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--postgresql", action="store_true", help="on a throw-away PostgreSQL")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "workspace"
        numbers = {key: getattr(given, key) for key in ("alerts", "problems", "kills", "senders", "seed")}
        if given.postgresql:
            from tests.postgres import postgres

            with postgres() as cluster, site(folder, workers=given.workers, url=cluster.url()) as at:
                told = stormed(at, **numbers)
        else:
            with site(folder, workers=given.workers) as at:
                told = stormed(at, **numbers)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
