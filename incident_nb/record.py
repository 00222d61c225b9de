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
from incident_nb.said import (
    Accepted,
    Action,
    Billed,
    Escalated,
    Fact,
    Harm,
    Held,
    Investigation,
    Judged,
    Retry,
    Said,
    Section,
    Sent,
    Span,
    Subject,
    Tick,
    VendorSeen,
    Waived,
    Watched,
    Workaround,
    Written,
)

Source = Literal["slack", "email", "monitoring", "form"]
Confirmed = Literal["data_loss", "security", "outage_without_end"]


class Status(StrEnum):
    """Where an incident is on its way; in this order."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DIAGNOSED = "diagnosed"
    FIXED = "fixed"
    RESOLVED = "resolved"
    CLOSED = "closed"


Done = TypeVar("Done", bound=Said)


class Incident(Frozen):
    """One incident, folded from its events up to number `version`.

    `number` is 42 in INC-42. `source` is where it came from (ACK-1). `suggested` and `chosen` are kept side by side;
    `severity` is the one in force, `classified_at` when a person first chose one. `acknowledged`, `resolved`, `notices`
    hold every time it happened, as recorded, since an incident can come back (`reopened`) and entries are made late.
    `waiting` are the times that it waited for the client. `noticed_at` and `scheduled_at`: when the client noticed, and
    when the date was set, where that was later than the beginning (None: not known). `ticks`, `facts` and
    `documented` (its `text` is the path) are by row id and by name, the newest of each; so are `begun`, when somebody set
    to a row. `open_items` are the reasons why
    it was resolved or closed with rows open. `worded` is what a person wrote for a section of the client's notice, `waived`
    why a blank in it, by name, is not to be filled.
    `occurrences` counts failures of the same problem that were folded into it. `reminded` are the clocks and duties that
    were called out already, `vendors` how third parties were when they were last looked at, by name, `held` the workflows
    that were stopped for it, by server and id. `harm` is what it did as last counted, `retries` the executions that were
    retried for it, by server and id.
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
    begun: dict[str, Said] = Field(default_factory=dict)
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
    documented: dict[str, Written] = Field(default_factory=dict)
    recurring: bool = False
    worded: dict[Section, Said] = Field(default_factory=dict)
    waived: dict[str, Waived] = Field(default_factory=dict)
    related: tuple[str, ...] = ()
    open_items: dict[str, str] = Field(default_factory=dict)
    occurrences: int = 1
    last_seen: datetime
    investigated: Investigation | None = None
    reminded: tuple[str, ...] = ()
    vendors: dict[str, VendorSeen] = Field(default_factory=dict)
    held: dict[str, Held] = Field(default_factory=dict)
    harm: Harm | None = None
    retries: dict[str, Retry] = Field(default_factory=dict)
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
