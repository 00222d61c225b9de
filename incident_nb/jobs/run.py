"""dbos at work in this process: the queue's workflow, step by step, and what comes round on a schedule."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dbos import DBOS, DBOSConfig

from incident_nb.jobs.job import Jobs
from incident_nb.jobs.queue import NAME, RESPOND, VERSION

WATCH = "watch"  # the queue of what comes round
POLL_S = 0.1
KEPT = timedelta(days=7)  # what dbos knows of jobs that ended

_LOG = logging.getLogger("incident_nb.jobs")


class Round(NamedTuple):
    """Something that comes round: its name, when (as cron writes it, with seconds first), and what is done then (UTC)."""

    name: str
    cron: str
    do: Callable[[datetime], Any]


def start(jobs: Jobs, executor: str, rounds: Sequence[Round]) -> None:
    """Begins to take jobs from the queue; `executor` is whose jobs are taken up again.

    A process has one dbos, so this can be called once in it, until `stop`.
    """
    config: DBOSConfig = {
        "name": NAME, "application_version": VERSION, "executor_id": executor, "system_database_engine": jobs.queue.engine,
        "system_database_url": jobs.queue.engine.url.render_as_string(hide_password=False),
        "dbos_system_schema": jobs.queue.schema, "use_listen_notify": False, "log_level": "ERROR",
    }  # fmt: skip
    DBOS(config=config)

    @DBOS.step(name="look")
    def look(incident: int, attempt: int) -> str | None:
        return jobs.look(incident, attempt)

    @DBOS.step(name="put_on_record")
    def put_on_record(incident: int, attempt: int, stopped: str | None) -> bool:
        return jobs.put_on_record(incident, attempt, stopped)

    @DBOS.workflow(name=RESPOND)
    def respond(incident: int, attempt: int) -> str:
        job = jobs.begin(incident, attempt)
        if job is None:
            return "not owed any more"
        try:
            stopped = look(incident, attempt)
            kept = put_on_record(incident, attempt, stopped)
        except Exception as error:
            jobs.failed(job, error)
            return "failed"
        finally:
            jobs.left(incident, attempt)
        return "done" if kept else "another attempt is owed by now"

    applied = [
        {"schedule_name": f"{NAME}-{one.name}", "workflow_fn": _coming_round(one), "schedule": one.cron, "context": None,
         "queue_name": WATCH}
        for one in rounds
    ]  # fmt: skip
    DBOS.launch()
    DBOS.register_queue(
        RESPOND, worker_concurrency=jobs.settings.jobs.at_once, polling_interval_sec=POLL_S, on_conflict="always_update"
    )
    DBOS.register_queue(WATCH, worker_concurrency=4, polling_interval_sec=1.0, on_conflict="always_update")
    DBOS.apply_schedules(applied)  # type: ignore[arg-type]


def stop(patience_s: int) -> None:
    """Ends: no new jobs, and those at work have so many seconds; what is left is taken up again at the next start."""
    DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience_s)


def forget(now: datetime) -> None:
    """Removes what dbos knows of jobs that ended long ago; what is owed, and the records, know nothing of it."""
    before = (now - KEPT).isoformat()
    ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    while rows := DBOS.list_workflows(
        status=ended, completed_before=before, limit=500, load_input=False, load_output=False
    ):
        DBOS.delete_workflows([row.workflow_id for row in rows])


def _coming_round(one: Round) -> Callable[[datetime, Any], None]:
    @DBOS.workflow(name=f"{WATCH}-{one.name}")
    def come(_: datetime, __: Any) -> None:
        try:
            one.do(datetime.now(UTC))
        except Exception as error:  # the next round comes in any case
            _LOG.error("%s failed: %s", one.name, error)

    return come
