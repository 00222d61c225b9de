"""What comes round in a worker, as a table: what is owed and lost, what is to be told, what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from incident_nb.jobs import run
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.run import Round
from incident_nb.jobs.sweep import sweep


def rounds_of(jobs: Jobs) -> Sequence[Round]:
    """The rounds of a worker. With several workers each comes round once, in one of them."""

    def owed_and_untold(now: datetime) -> None:
        sweep(jobs, now)
        tell(jobs)

    return (
        Round("owed", "*/15 * * * * *", owed_and_untold),
        Round("forget", "0 17 3 * * *", run.forget),
    )


def tell(jobs: Jobs) -> None:
    """Tells what is to be told."""
