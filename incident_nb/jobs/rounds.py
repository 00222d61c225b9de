"""What comes round in a worker, as a table: what is owed and lost, what is to be told, what is watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from incident_nb.actions import verify
from incident_nb.desk.arrivals import Arrivals
from incident_nb.jobs import run
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.run import Round
from incident_nb.jobs.sweep import sweep
from incident_nb.watch import clocks, heartbeats, prevention, reconcile, vendors


def rounds_of(jobs: Jobs) -> Sequence[Round]:
    """The rounds of a worker. With several workers each comes round once, in one of them."""
    records, settings = jobs.records, jobs.settings
    found = partial(jobs.want, found=True)
    arrivals = Arrivals(records, settings, found)

    def told(look: Callable[[datetime], Any]) -> Callable[[datetime], None]:
        def do(now: datetime) -> None:
            look(now)
            jobs.untold.set()

        return do

    def reviews(now: datetime) -> None:
        if settings.review.clients:
            from incident_nb.watch import reviews as due  # here, since charts take memory that most workers never need

            due.look(records, settings, now)

    return (
        Round("owed", "*/15 * * * * *", told(lambda now: sweep(jobs, now))),
        Round("clocks", "5 * * * * *", told(lambda now: clocks.look(records, settings, now))),
        Round("vendors", "20 * * * * *", told(lambda now: vendors.look(records, settings, now))),
        Round("reconcile", "35 */2 * * * *", told(lambda now: reconcile.look(records, settings, now, arrivals))),
        Round("verify", "45 * * * * *", told(lambda now: verify.look_all(records, settings, now, found))),
        Round("heartbeats", "50 */10 * * * *", told(lambda now: heartbeats.look(records, settings, now, arrivals))),
        Round("prevention", "55 40 * * * *", told(lambda now: prevention.look(records, now))),
        Round("reviews", "25 */5 * * * *", told(reviews)),
        Round("forget", "0 17 3 * * *", run.forget),
    )
