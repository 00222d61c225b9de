"""What was begun and never ended is given to the next worker; nothing that is owed is left without a job in the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from incident_nb.jobs import owed
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.owed import Owed
from incident_nb.jobs.queue import id_of

PATIENCE = timedelta(minutes=2)  # how long a job may wait beyond its time before the queue is asked for it
ALIVE = ("ENQUEUED", "DELAYED", "PENDING")  # as dbos calls what it will still do, or does


def sweep(jobs: Jobs, now: datetime) -> list[Owed]:
    """The jobs that were put in anew, as their next attempt: those of workers that give no sign of life, and lost ones."""
    with jobs.records.reading() as connection:
        known = owed.those(connection, "waiting", "running")
    silent = now - timedelta(minutes=jobs.settings.jobs.lost_minutes)
    lost = [job for job in known if job.state == "running" and (job.beat_at or job.wanted_at) < silent]
    overdue = [job for job in known if job.state == "waiting" and job.due_at < now - PATIENCE]
    if overdue:
        alive = jobs.queue.states([(job.incident, job.attempt) for job in overdue])
        lost += [job for job in overdue if alive.get(id_of(job.incident, job.attempt)) not in ALIVE]
    return [job for job in lost if _again(jobs, job, now)]


def _again(jobs: Jobs, job: Owed, now: datetime) -> bool:
    """Makes the next attempt owed, unless somebody else did so meanwhile."""
    with jobs.records.at_once() as writing:
        current = owed.of(writing.connection, job.incident)
        if current is None or (current.attempt, current.state, current.beat_at) != (
            job.attempt,
            job.state,
            job.beat_at,
        ):
            return False
        why = (
            f"{job.worker} gave no sign of life any more"
            if job.state == "running"
            else "its place in the queue was lost"
        )
        attempt = owed.again(writing.connection, job, now, timedelta(), why)
        jobs.queue.put(writing.connection, job.incident, attempt, job.priority)
    return True
