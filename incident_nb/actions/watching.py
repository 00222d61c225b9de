"""How far a fix is verified, as a command and a notebook show it: a look, the rows as they stand, and what is to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from incident_nb.actions import trial
from incident_nb.actions.next_runs import Estimate, expected
from incident_nb.actions.runs_recorded import asked_for, missing
from incident_nb.actions.target import server_of
from incident_nb.actions.verify import Watching, look
from incident_nb.desk import Desk
from incident_nb.errors import UnreachableError
from incident_nb.models import Frozen
from incident_nb.policy import GateItem, verification

BY_RECORD = ("VER-2", "VER-4", "VER-5")
CHECKED = "VER-3"


class Picture(Frozen):
    """What is known: the look, the rows VER-1 to VER-5, `good` of `of` runs, and when the missing ones will be in.

    `last_bad`: the newest run that failed. `how_to`: how to trigger the workflow with test data, as long as nobody has.
    """

    seen: Watching
    rows: tuple[GateItem, ...]
    good: int
    of: int
    last_bad: str | None = None
    estimate: Estimate | None = None
    how_to: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether all is done that runs and clock can do, nothing failed again, and no run is left that was not looked at."""
        return (
            not self.seen.why
            and not self.seen.reopened
            and not any(row.is_open for row in self.rows if row.id in BY_RECORD)
        )

    def ends(self, last_bad: str | None) -> bool:
        """Whether there is nothing to wait for: it is verified, or has failed again since `last_bad`, whoever saw that."""
        return self.verified or self.seen.relapse is not None or self.last_bad != last_bad

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "incident": f"INC-{self.seen.number}", "verified": self.verified, "good": self.good, "of": self.of,
            "rows": [row.model_dump(mode="json") for row in self.rows],
            **self.seen.model_dump(mode="json", exclude={"number"}),
            "estimate": self.estimate.model_dump(mode="json") if self.estimate else None, "how_to": list(self.how_to),
        }  # fmt: skip


def picture(desk: Desk, number: int, *, server: str | None = None, sources: Sequence[str] = ()) -> Picture:
    """How far the fix is verified after a look just now. Raises as `verify.look` does."""
    seen, log = look(desk, number, server=server, sources=sources)
    incident, now = desk.records.get(number), desk.clock()
    rows = verification(incident, now, policy=desk.policy)
    flow = None
    how_to: tuple[str, ...] = ()
    if seen.instance is not None:
        with (
            suppress(UnreachableError),
            server_of(incident, desk.settings, seen.instance) as n8n,
        ):  # the archive answered
            flow = n8n.workflow(str(incident.subject.workflow_id))
            if flow and any(row.id == "VER-1" and row.is_open for row in rows):
                how_to = tuple(trial.how_to(flow, incident, n8n.url))
    left, least = missing(incident, desk.policy), asked_for(desk.policy)[0]
    estimate = None
    if left and incident.fixed is not None and not incident.is_resolved:
        about = str(incident.subject.workflow_id)
        estimate = expected(flow, log, seen.instance, about, now, missing=left, of=least)
    watched = incident.watched
    return Picture(
        seen=seen, rows=rows, good=watched.good, of=least, last_bad=watched.last_bad, estimate=estimate, how_to=how_to
    )


def tick_checked(desk: Desk, number: int, note: str) -> None:
    """Ticks VER-3 with what a person saw. Raises UsageError without a word of it."""
    desk.add(number, "ticked", row=CHECKED, text=note)


@contextmanager
def trial_of(
    desk: Desk, number: int, content: bytes, server: str | None = None
) -> Iterator[tuple[trial.Trial, Callable[[Callable[[float], Any]], trial.Sent]]]:
    """The request that would trigger an incident's workflow with `content`, and what sends it. Raises as `trial.plan` does."""
    incident = desk.records.get(number)
    with server_of(incident, desk.settings, server) as n8n:
        made = trial.plan(n8n, incident, content)
        yield made, partial(trial.send, n8n, made, content, desk)
