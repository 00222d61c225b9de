"""The process that does the jobs: its name, its signs of life, its end.

A worker has a place in its workspace, a file that it holds locked: the first is `…-0`, a second one beside it `…-1`. One that
was killed and starts again finds its old place free, and so takes up at once what it left.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from incident_nb.case import INCIDENTS
from incident_nb.errors import IncidentNbError, OutputError, UsageError
from incident_nb.files import private_folder
from incident_nb.incidents import Records
from incident_nb.jobs import owed, run
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.rounds import rounds_of
from incident_nb.jobs.run import Round
from incident_nb.notebook_ahead import Ahead
from incident_nb.outbox.send import deliver
from incident_nb.settings import Settings

PLACES = 64
SIGNS = 6  # of life, in the time after which a worker counts as lost
HANGS = 75  # how the process ends when a job did not (EX_TEMPFAIL)
MARGIN_S = 600  # what a job may take beyond its notebook's own limit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_LOG = logging.getLogger("incident_nb.jobs")


def work(
    records: Records, settings: Settings, ended: threading.Event, *, host: str | None = None,
    rounds: Callable[[Jobs], Sequence[Round]] = rounds_of, patience_s: int = 20,
) -> None:  # fmt: skip
    """Does what is owed until `ended` is set; then what is at work has `patience_s` seconds.

    `host` is the machine's name, `rounds` are what comes round. Raises OutputError where the workspace can't be written,
    UsageError for a name that is none.
    """
    with _place(settings, host or socket.gethostname()) as name:
        ahead = Ahead(settings)
        jobs = Jobs(records, settings, worker=name, ahead=ahead)
        for beside in (_signs, _telling):
            threading.Thread(target=beside, args=(jobs, ended), name=beside.__name__, daemon=True).start()
        ahead.make()
        run.start(jobs, name, rounds(jobs))
        _LOG.info("%s is at work", name)
        try:
            ended.wait()
        finally:
            ended.set()
            jobs.untold.set()
            run.stop(patience_s)
            jobs.close()
            ahead.close()


def _telling(jobs: Jobs, ended: threading.Event) -> None:
    """Tells what is to be told, beside the jobs: Slack may be slow, and they need not wait for it."""
    while not ended.is_set():
        jobs.untold.wait()
        jobs.untold.clear()
        try:
            for problem in deliver(jobs.records, jobs.settings, jobs.clock).problems:
                _LOG.warning("Slack was not told: %s", problem)
        except Exception as error:  # the next time comes within seconds
            _LOG.error("what is to be told could not be told: %s", error)


def _signs(jobs: Jobs, ended: threading.Event) -> None:
    """Notes what is worked on, again and again. Ends the process when a job does not end: a new one takes it up, counted."""
    every, most = jobs.settings.jobs.lost_minutes * 60 / SIGNS, jobs.settings.notebooks.total_s + MARGIN_S
    since: dict[tuple[int, int], float] = {}
    while not ended.wait(every):
        if jobs.ahead:
            jobs.ahead.make()  # the one that is there may be too old
        if not (running := set(jobs.running)):
            since = {}
            continue
        since = {job: since.get(job, time.monotonic()) for job in running}
        if any(time.monotonic() - begun > most for begun in since.values()):
            _LOG.error("a job did not end within %s s; this worker ends", most)
            os._exit(HANGS)
        try:
            with jobs.records.at_once() as writing:
                owed.beat(writing.connection, running, datetime.now(UTC))
        except IncidentNbError as error:
            _LOG.warning("no sign of life could be given: %s", error)


@contextmanager
def _place(settings: Settings, host: str) -> Iterator[str]:
    """The worker's name, which is its own as long as it lives."""
    if settings.path is None:
        raise OutputError(
            "a worker writes reports into a workspace, and there is none here; make one with `incident-nb init DIR`"
        )
    if not _NAME.fullmatch(host):
        raise UsageError(f"{host!r} is no name for a worker: letters, digits, dots and hyphens, at most 63.")
    folder = private_folder(settings.path.parent / INCIDENTS / ".workers")
    for number in range(PLACES):
        handle = os.open(folder / f"{host}-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            continue
        try:
            yield f"{host}-{number}"
        finally:
            os.close(handle)
        return
    raise OutputError(f"{PLACES} workers are at work in {settings.path.parent} already")
