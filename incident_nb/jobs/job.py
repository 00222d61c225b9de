"""The job of an incident, step by step: investigate, put on record, tell. Each step may be done twice, and none counts twice.

What it writes for good, report and record, is written in one transaction that first looks whether this attempt is still
the one that is owed. So a worker that was stopped and comes back late writes nothing.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from incident_nb.case import INCIDENTS, open_case
from incident_nb.desk import Desk
from incident_nb.desk.folder import folder_of, put_notebook
from incident_nb.diagnose import investigate
from incident_nb.files import private_folder, staged
from incident_nb.incidents import Records, payload_of
from incident_nb.incidents.store import Writing
from incident_nb.jobs import owed
from incident_nb.jobs.fallback import write_fallback
from incident_nb.jobs.investigate import look
from incident_nb.jobs.owed import Owed
from incident_nb.jobs.owing import Owing, present
from incident_nb.models import Diagnosis
from incident_nb.notebook_ahead import Ahead
from incident_nb.outbox import store as outbox
from incident_nb.redact import redact_text
from incident_nb.settings import Settings

BACKOFF = (timedelta(seconds=20), timedelta(minutes=2))  # before the second and before the third try
REPORT = "report"
WORK = ".work"  # in an incident's folder: what attempts have not finished
SHOWN_S = 12  # how long n8n may take to show an execution that it has told of

_LOG = logging.getLogger("incident_nb.jobs")


class Jobs(Owing):
    """What is owed to incidents, done by a worker.

    `worker` is the worker's name, `ahead` makes its notebooks' processes ahead. `running` are the attempts that are worked
    on here, `untold` is set when there may be something to tell.
    """

    def __init__(
        self, records: Records, settings: Settings, *, worker: str = "", clock: Callable[[], datetime] = present,
        ahead: Ahead | None = None,
    ) -> None:  # fmt: skip
        super().__init__(records, settings, clock=clock)
        self.worker, self.ahead = worker, ahead
        self.running: set[tuple[int, int]] = set()
        self.untold = Event()
        self._found: dict[tuple[int, int], Diagnosis] = {}
        self.desk = Desk(records, settings, by="incident-nb", clock=clock)

    def begin(self, incident: int, attempt: int) -> Owed | None:
        """The job, begun; None where this attempt is not owed any more. One that failed too often is set aside instead."""
        with self.records.at_once() as writing:
            job = owed.begin(writing.connection, incident, attempt, self.worker, self.clock())
        if job is None:
            return None
        self.running.add((incident, attempt))
        _LOG.info("INC-%s, attempt %s: begun (%s)", incident, attempt, job.why)
        if job.failures > owed.TRIES:
            try:
                self._set_aside(job, job.error or f"the worker ended {owed.TRIES} times while it worked on it")
            finally:
                self.left(incident, attempt)
            return None
        return job

    def look(self, incident: int, attempt: int) -> str | None:
        """Investigates, in a folder of the attempt's own: why its notebook did not come to its end, None where it did."""
        until = time.monotonic() + SHOWN_S

        def again() -> bool:
            time.sleep(1)
            return time.monotonic() < until

        place = self._work(incident, attempt)
        shutil.rmtree(place, ignore_errors=True)
        if self.records.get(incident).subject.shared:  # it has no executions of its own
            write_fallback(self.records, self.settings, incident, place, None, self.clock())
            return None
        options = self.ahead.options() if self.ahead else {}
        found = look(self.records, self.settings, incident, place, self.clock(), again=again, **options)
        self._found[incident, attempt] = found.diagnosis
        return found.stopped

    def put_on_record(self, incident: int, attempt: int, stopped: str | None) -> bool:
        """Puts report and diagnosis where they belong, together; False where another attempt is owed by now."""
        place = self._work(incident, attempt)
        if not place.is_dir():  # it was moved by one that then died, or lies on another machine
            stopped = self.look(incident, attempt)
        diagnosis = self._found.get((incident, attempt)) or investigate(open_case(str(place / "case")))

        def said(writing: Writing) -> None:
            self.desk.diagnosed(incident, diagnosis, case=f"{self._report(incident)}/case", writing=writing)

        return self._ended(incident, attempt, "done", stopped, said)

    def failed(self, job: Owed, error: BaseException) -> None:
        """After an attempt that could not be made: the next one later, or none any more and a report that says so."""
        why = f"{type(error).__name__}: {redact_text(str(error))}"[:1000]
        _LOG.error("INC-%s, attempt %s: %s", job.incident, job.attempt, why)
        if job.failures >= owed.TRIES:
            self._set_aside(job, why)
            return
        delay = BACKOFF[min(job.failures, len(BACKOFF)) - 1]
        with self.records.at_once() as writing:
            if owed.stands(writing.connection, job.incident, job.attempt):
                following = owed.again(writing.connection, job, self.clock(), delay, why)
                self.queue.put(writing.connection, job.incident, following, job.priority, delay)

    def left(self, incident: int, attempt: int) -> None:
        """Lets go of an attempt, however it ended."""
        self.running.discard((incident, attempt))
        self._found.pop((incident, attempt), None)
        shutil.rmtree(self._work(incident, attempt), ignore_errors=True)
        if self.ahead:
            self.ahead.make()

    def _set_aside(self, job: Owed, why: str) -> None:
        write_fallback(
            self.records, self.settings, job.incident, self._work(job.incident, job.attempt), why, self.clock()
        )
        self._ended(job.incident, job.attempt, "set_aside", why)

    def _ended(
        self,
        number: int,
        attempt: int,
        state: str,
        stopped: str | None,
        said: Callable[[Writing], None] = lambda _: None,
    ) -> bool:
        """Ends the attempt that is owed: what was found, the report, what is told, in one transaction."""
        home, place = self._home(number), self._work(number, attempt)
        report = home / REPORT
        put_notebook(home, self.records.get(number))
        if not (home / "case" / "case.json").exists() and (place / "case" / "case.json").exists():
            with staged(home / "case", last="case.json") as draft:
                shutil.copytree(place / "case", draft, dirs_exist_ok=True)
        with self.records.at_once() as writing:
            if not owed.stands(writing.connection, number, attempt):
                return False
            said(writing)
            now = self.clock()
            values = {
                "attempt": attempt,
                "done": stopped is None,
                "reason": stopped or "",
                "report": self._report(number),
            }
            incident = writing.add(number, payload_of("investigated", values), by=self.desk.by, at=now)
            outbox.drop(writing.connection, f"{incident.id} opened")
            about = "set_aside" if state == "set_aside" else "diagnosed" if stopped is None else "failed"
            outbox.put(
                writing.connection, f"{incident.id} {about} {attempt}", incident=number, about=about, text=stopped or "",
                at=now,
            )  # fmt: skip
            owed.end(writing.connection, number, attempt, state, now, stopped)
            _replace(report, place)  # last, and before the commit: what a crash leaves is done again, as it was
        self.untold.set()
        _LOG.info("INC-%s, attempt %s: %s", number, attempt, state if stopped is None else f"{state}, report not whole")
        for older in place.parent.iterdir():  # of attempts that were lost, with their workers
            nth = older.name.partition(".")[0]
            if nth.isdecimal() and int(nth) < attempt:
                shutil.rmtree(older, ignore_errors=True)
        return True

    def _home(self, incident: int) -> Path:
        return folder_of(self.settings, incident)

    def _report(self, incident: int) -> str:
        """The report's folder within the workspace."""
        return f"{INCIDENTS}/{self._home(incident).name}/{REPORT}"

    def _work(self, incident: int, attempt: int) -> Path:
        return private_folder(self._home(incident) / WORK) / str(attempt)


def _replace(report: Path, place: Path) -> None:
    """Puts a report's folder in the place of an older one, whole."""
    old = place.with_name(f"{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if not place.is_dir():
        return  # a crash came after this and before the commit
    if report.exists():
        report.rename(old)
    place.rename(report)
    shutil.rmtree(old, ignore_errors=True)
