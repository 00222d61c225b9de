"""An incident as it stands: what its events are folded into (`incident_nb.incidents`), and what every rule reads.

Times are UTC and zone-aware. All text has passed the gate. Nothing here depends on the present: rules take `now`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Literal, TypeVar

from pydantic import Field

from incident_nb.models import Cause, Frozen, Severity

Source = Literal["slack", "email", "monitoring", "form"]
Notice = Literal["notice", "holding", "brief"]
VendorLevel = Literal["up", "degraded", "down", "unknown"]
HeldState = Literal["to_stop", "stopped", "runs", "restored"]
Confirmed = Literal["data_loss", "security", "outage_without_end"]


class Status(StrEnum):
    """Where an incident is on its way; in this order."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DIAGNOSED = "diagnosed"
    FIXED = "fixed"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Said(Frozen):
    """Something that somebody said or did: when, who, and in which words."""

    at: datetime
    by: str
    text: str = ""


Done = TypeVar("Done", bound=Said)


class Judged(Said):
    """A severity that was suggested by the rules or chosen by a person; `text` is the reason."""

    severity: Severity


class Accepted(Said):
    """A cause that a person accepted or rejected; `text` is the reason."""

    cause: Cause
    detail: str | None = None


class Span(Frozen):
    """A time from `since` to `until` (None: it goes on) and why."""

    since: datetime
    until: datetime | None = None
    why: str = ""


class Sent(Said):
    """A text that went to the client: the notice, a holding notice or a brief e-mail; `text` is its subject."""

    kind: Notice
    to: str = ""


class Tick(Said):
    """A row of a checklist that a person ticked (`done`), or took the tick away from."""

    done: bool


class Workaround(Said):
    """What was done for the time being; `due`: when the permanent fix is to be there (WA-3)."""

    due: datetime


class Fact(Said):
    """Something that a person confirmed or denied, such as that data was lost (ESC-2)."""

    true: bool


class Escalated(Said):
    """That somebody was told by an escalation rule (`row`, ESC-1 to ESC-4); `to` is who."""

    row: str
    to: str


class Billed(Said):
    """Who pays (`row`, BILL-1 to BILL-3); `hours` as a person confirmed them."""

    row: str
    hours: float | None = None


class Action(Frozen):
    """One thing that will keep it from happening again (DOC-1, Prevention)."""

    text: str
    owner: str | None = None
    due: datetime | None = None


class Watched(Frozen):
    """Later runs that were watched since the newest fix (VER-4): the good ones in a row, and the newest of each kind."""

    runs: tuple[str, ...] = ()
    last_good: str | None = None
    last_bad: str | None = None
    bad_at: datetime | None = None

    @property
    def good(self) -> int:
        """How many good runs there were in a row; none of them is counted twice."""
        return len(self.runs)


class Investigation(Said):
    """How the newest unattended investigation ended; `text` is why it failed, `report` its folder in the workspace."""

    attempt: int
    done: bool
    report: str | None = None


class VendorSeen(Said):
    """How a third party said it was; `eta` is when it means to be back, where it says so."""

    level: VendorLevel
    eta: datetime | None = None


class Held(Said):
    """A workflow kept from running: the `version` that ran before, and how far that is (`to_stop`: not known what came of it)."""

    instance: str
    workflow_id: str
    workflow: str
    version: str | None
    state: HeldState


class Subject(Frozen):
    """What an incident is about, as far as known; the names are those of the execution log.

    `credential_id`, `host` and `vendor` are what other workflows may share with it; `shared` says which of these an
    incident is about that holds several others together, whosever they are. `suspected` is the cause that the error's words
    spoke for when it was opened (None: for none).
    """

    instance: str | None = None
    workflow_id: str | None = None
    workflow: str | None = None
    node: str | None = None
    execution_id: str | None = None
    execution_url: str | None = None
    fingerprint: str | None = None
    error: str | None = None
    credential_id: str | None = None
    credential: str | None = None
    host: str | None = None
    vendor: str | None = None
    shared: str | None = None
    suspected: Cause | None = None


class Incident(Frozen):
    """One incident, folded from its events up to number `version`.

    `number` is 42 in INC-42. `source` is where it came from (ACK-1). `suggested` and `chosen` are kept side by side;
    `severity` is the one in force, `classified_at` when a person first chose one. `acknowledged`, `resolved`, `notices`
    hold every time it happened, as recorded, since an incident can come back (`reopened`) and entries are made late.
    `waiting` are the times that it waited for the client. `noticed_at` and `scheduled_at`: when the client noticed, and
    when the date was set, where that was later than the beginning (None: not known). `ticks`, `facts` and
    `documented` (its `text` is the path) are by row id and by name, the newest of each. `open_items` are the reasons why
    it was resolved or closed with rows open.
    `occurrences` counts failures of the same problem that were folded into it. `reminded` are the clocks and duties that
    were called out already, `vendors` how third parties were when they were last looked at, by name, `held` the workflows
    that were stopped for it, by server and id.
    """

    number: int
    version: int = 0
    title: str
    client: str | None = None
    source: Source = "form"
    subject: Subject = Subject()
    detected_at: datetime
    opened_at: datetime
    suggested: Judged | None = None
    chosen: Judged | None = None
    classified_at: datetime | None = None
    acknowledged: tuple[Said, ...] = ()
    cause: Accepted | None = None
    rejected: tuple[Accepted, ...] = ()
    workaround: Workaround | None = None
    fixed: Said | None = None
    watched: Watched = Watched()
    ticks: dict[str, Tick] = Field(default_factory=dict)
    facts: dict[Confirmed, Fact] = Field(default_factory=dict)
    waiting: tuple[Span, ...] = ()
    noticed: bool = False
    noticed_at: datetime | None = None
    scheduled_for: datetime | None = None
    scheduled_at: datetime | None = None
    resolved: tuple[Said, ...] = ()
    reopened: tuple[Said, ...] = ()
    notices: tuple[Sent, ...] = ()
    escalated: tuple[Escalated, ...] = ()
    billing: Billed | None = None
    approved: Said | None = None
    prevention: tuple[Action, ...] = ()
    documented: dict[str, Said] = Field(default_factory=dict)
    recurring: bool = False
    related: tuple[str, ...] = ()
    open_items: dict[str, str] = Field(default_factory=dict)
    occurrences: int = 1
    last_seen: datetime
    investigated: Investigation | None = None
    reminded: tuple[str, ...] = ()
    vendors: dict[str, VendorSeen] = Field(default_factory=dict)
    held: dict[str, Held] = Field(default_factory=dict)
    closed: Said | None = None
    changed_at: datetime

    @property
    def id(self) -> str:
        """Its name, such as INC-42."""
        return f"INC-{self.number}"

    @property
    def severity(self) -> Severity | None:
        """The severity in force: a person's choice before the suggestion; None where nobody has said."""
        judged = self.chosen or self.suggested
        return judged.severity if judged else None

    @property
    def began_at(self) -> datetime:
        """From when its clocks count anew: the newest reopening, else the detection."""
        return max((again.at for again in self.reopened), default=self.detected_at)

    @property
    def resolved_at(self) -> datetime | None:
        """Since when it is resolved; None where it is not, or has come back since."""
        lasting = self.since(self.resolved)
        return lasting.at if lasting else None

    @property
    def is_resolved(self) -> bool:
        """Whether it is resolved and has not come back since."""
        return self.resolved_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for the client now."""
        return bool(self.waiting) and self.waiting[-1].until is None

    @property
    def held_back(self) -> tuple[Held, ...]:
        """The workflows that were stopped for it, as far as is known, and are not restored."""
        return tuple(one for one in self.held.values() if one.state in ("to_stop", "stopped"))

    @property
    def status(self) -> Status:
        """Where it is on its way."""
        if self.closed:
            return Status.CLOSED
        if self.is_resolved:
            return Status.RESOLVED
        if self.fixed:
            return Status.FIXED
        if self.cause and self.cause.cause is not Cause.UNKNOWN:
            return Status.DIAGNOSED
        return Status.ACKNOWLEDGED if self.since(self.acknowledged) else Status.OPEN

    def waits(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The times between two instants in which it waited for the client, in order and none of them twice."""
        reached = begin
        for span in sorted(self.waiting, key=lambda span: span.since):
            first, last = max(span.since, reached), min(span.until or end, end)
            if first < last:
                yield first, last
                reached = last

    def since(self, said: tuple[Done, ...]) -> Done | None:
        """The first of these that happened since its clocks count, in whatever order they were recorded; None if none did."""
        lasting = (one for one in said if not self.reopened or one.at >= self.began_at)
        return min(lasting, key=attrgetter("at"), default=None)
