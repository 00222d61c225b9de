"""A review: what is told of a client's incidents over a period, in figures. For the house; a client's is `client.ClientReview`.

Times are UTC and zone-aware. Every text in it has passed the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from incident_nb.models import Cause, Frozen, Severity
from incident_nb.policy.clocks import Clock
from incident_nb.review.period import Period
from incident_nb.said import Paid

ENOUGH_CASES = 3  # fewer have no median that says anything
ENOUGH_RUNS = 20  # fewer have no percentage that says anything

Stood = Literal["met", "missed", "running", "none"]
Step = Literal["acknowledge", "diagnose", "resolve"]
STEPS: tuple[Step, ...] = ("acknowledge", "diagnose", "resolve")


class Line(Frozen):
    """One incident of the client.

    `title` and `workflow` are None where it is one that covers several clients, of which `shared` says what they share.
    `took`: from the detection to the first acknowledgement, the accepted cause and the resolution that lasted, by step and
    without the time that the client was waited for (`waited`); steps that are not done are missing. `clocks`: over all its
    rounds, since a reopening begins clocks anew: missed once is missed. `wider`: the incidents over several clients that
    cover it. `back_at`: when it came back in the period, first; None where it did not.
    """

    id: str
    title: str | None
    workflow: str | None
    shared: str | None = None
    severity: Severity | None
    cause: Cause | None
    detected_at: datetime
    resolved_at: datetime | None
    closed: bool
    waiting: bool
    came_back: int
    took: dict[Step, timedelta]
    waited: timedelta
    clocks: dict[Clock, Stood]
    wider: tuple[str, ...] = ()
    back_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither resolved nor closed."""
        return self.resolved_at is None and not self.closed


class Attained(Frozen):
    """How often a clock was met, of one severity or of all (None). Of `running` ones nobody knows yet."""

    clock: Clock
    severity: Severity | None
    met: int
    missed: int
    running: int

    @property
    def ended(self) -> int:
        """Of how many it is known."""
        return self.met + self.missed


class Spread(Frozen):
    """How long a step took, of one severity or of all (None): of how many incidents, in the middle and at worst.

    `median` is None where there are fewer than `ENOUGH_CASES`. `to_come`: of so many it is not done, or not on record.
    """

    step: Step
    severity: Severity | None
    count: int
    median: timedelta | None
    worst: timedelta | None
    worst_id: str | None
    to_come: int


class Week(Frozen):
    """How many incidents were detected in a part of the time, from `since` on, by severity; None: nobody has said."""

    since: datetime
    counts: dict[Severity | None, int]


class Rate(Frozen):
    """The runs of one workflow: `parts` are (runs, failed) of each part of the period, `green` are those that only looked well.

    `before` is the same of as long a time before the period; None where the log does not reach back so far.
    """

    instance: str
    workflow_id: str
    workflow: str
    runs: int
    failed: int
    green: int
    parts: tuple[tuple[int, int], ...]
    before: tuple[int, int] | None


class Runs(Frozen):
    """What an execution log says of the period. It holds runs from `since` to `until`; what n8n removed before, it can't.

    `parts` are the beginnings of the parts of the period, as far as the log reaches back, and its end. `rates`: most
    failures first; only workflows that ran. `skipped`: so many parts of the source could not be read.
    """

    since: datetime | None
    until: datetime | None
    parts: tuple[datetime, ...]
    rates: tuple[Rate, ...]
    skipped: int = 0


class Prevented(Frozen):
    """An action that was to keep a problem from coming back, with its incident; `done_at` once it is there.

    `state` at the review's instant: open, overdue, done, or did_not_hold: the problem came after it was done.
    """

    incident: str
    text: str
    owner: str | None
    due: datetime | None
    done_at: datetime | None
    state: Literal["open", "overdue", "done", "did_not_hold"]


class Recurring(Frozen):
    """A problem of the period that was there more than once: `incidents` of it on record, oldest first, `came_back`
    reopenings among them; `in_period` of the incidents were detected or came back in it. `causes` are the accepted ones.
    """

    workflow: str | None
    title: str
    causes: tuple[Cause, ...]
    incidents: tuple[str, ...]
    in_period: int
    came_back: int
    failures: int
    prevention: tuple[Prevented, ...]

    @property
    def is_prevented(self) -> bool:
        """Whether there are actions against it, and all of them are done and hold."""
        return bool(self.prevention) and all(one.state == "done" for one in self.prevention)


class Mention(Frozen):
    """A P3 for the Friday report (NOT-P3); `text` is its line in the client's words, `told_at` when it was told already."""

    incident: str
    text: str
    told_at: datetime | None


class Hours(Frozen):
    """The hours of one billing class (`row`, None: nobody has said who pays) and, where it is billable, of what they use: the
    client's allocation or the rate (None: not on record). `proposed` are those of them that the record counted and nobody
    confirmed. `amount`: at the settings' rate; None where nobody has said who pays, and from the allocation.
    """

    row: str | None
    label: str
    billable: bool | None
    uses: Paid | None
    incidents: int
    hours: float
    proposed: float
    amount: float | None


class Review(Frozen):
    """A client's incidents over a period, as known at `now`. An incident belongs to the period in which it was detected.

    `relapses`: those of before that came back in it, which `attained`, `spreads` and `hours` leave to the period of their
    detection. `older`: the other ones of before that are open. `wider`: incidents over several clients that cover some of
    these; nothing of them is told but what is shared. `weeks`: the weeks up to the period's end, some of which may lie
    before it. `record_from`: when the client's first incident on record was detected: what came before is not known. `runs`
    is None where there is no execution log, and `no_runs` says why. `note`: what is wrong with the client's calendar. `rate`
    is what an hour costs, as it is written. `hours_shared`: so many incidents over several clients, whose hours are not this
    one's alone, are left out of `hours`.
    """

    client: str
    name: str | None
    period: Period
    now: datetime
    lines: tuple[Line, ...]
    relapses: tuple[Line, ...]
    older: tuple[Line, ...]
    wider: tuple[Line, ...]
    weeks: tuple[Week, ...]
    attained: tuple[Attained, ...]
    spreads: tuple[Spread, ...]
    mentions: tuple[Mention, ...]
    recurring: tuple[Recurring, ...]
    hours: tuple[Hours, ...]
    hours_shared: int
    rate: str
    record_from: datetime | None
    runs: Runs | None
    no_runs: str = ""
    note: str = ""

    def by(self, of: Callable[[Line], Any]) -> dict[Any, int]:
        """How many incidents each value has, the most frequent first."""
        return counted(map(of, self.lines))

    def as_json(self) -> dict[str, Any]:
        """The review as JSON: ISO times with Z, durations in seconds, what is not known null."""
        return _plain(self.model_dump(mode="python"))  # type: ignore[no-any-return]


def counted(values: Iterable[Any]) -> dict[Any, int]:
    """How often each value is there, the most frequent first, else in their order."""
    found: dict[Any, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key) if key is not None else "none": _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else value
