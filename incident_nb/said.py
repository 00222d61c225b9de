"""What an incident on record is made of: things that somebody said or did, each with its instant and its author.

Times are UTC and zone-aware. All text has passed the gate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from incident_nb.models import Cause, Frozen, Severity

Notice = Literal["notice", "holding", "brief"]
Section = Literal["subject", "what_happened", "impact", "resolution", "data_recovery", "prevention"]
Paid = Literal["allocation", "rate"]
VendorLevel = Literal["up", "degraded", "down", "unknown"]
HeldState = Literal["to_stop", "stopped", "runs", "restored"]
RetryState = Literal["asked", "well", "failed", "going_on", "never"]


class Said(Frozen):
    """Something that somebody said or did: when, who, and in which words."""

    at: datetime
    by: str
    text: str = ""


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
    """A row of a checklist that a person ticked (`done`), or took the tick away from; `execution_id`: done with this run."""

    done: bool
    execution_id: str | None = None


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
    """Who pays (`row`, BILL-1 to BILL-3); `hours` as a person confirmed them; `uses`: the client's allocation, or the rate."""

    row: str
    hours: float | None = None
    uses: Paid | None = None


class Action(Frozen):
    """One thing that will keep it from happening again (DOC-1, Prevention); `done_at`: since when it is there."""

    text: str
    owner: str | None = None
    due: datetime | None = None
    done_at: datetime | None = None


class Waived(Said):
    """Why something that a document lacks is left as it is (`text`); `found`: what it was then, as a digest."""

    found: str = ""


class Written(Said):
    """A document that was written: `text` is its path, `sections` what was written under each heading, as a digest."""

    sections: dict[str, str] = Field(default_factory=dict)


class Watched(Frozen):
    """Later runs that were watched since the newest fix (VER-4): the good ones in a row, and the newest of each kind.

    `told` are all of them, in the order in which they were told. `by_hand` is a good one that a person began since the last
    failing one: it stands for VER-1 and VER-2, and is none of those in a row. `what` says what happened in `last_bad`.
    """

    runs: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    by_hand: str | None = None
    last_good: str | None = None
    last_bad: str | None = None
    bad_at: datetime | None = None
    what: str = ""

    @property
    def good(self) -> int:
        """How many good runs there were in a row; none of them is counted twice."""
        return len(self.runs)

    @property
    def relapse(self) -> str:
        """What happened in the newest bad run, in words; empty where there was none."""
        return f"execution {self.last_bad} {self.what or 'failed'}" if self.last_bad else ""


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
    """A workflow kept from running since `since`: the `version` that ran before, and how far that is.

    `to_stop`: not known what came of it.
    """

    instance: str
    workflow_id: str
    workflow: str
    version: str | None
    state: HeldState
    since: datetime | None = None


class Retry(Said):
    """A failed execution retried: n8n was `asked`, and what came of it (`never`: nothing was begun). `text`: in words.

    `known` are retries of it that n8n had before; `retry_id` is the one that this made.
    """

    instance: str
    execution_id: str
    workflow: str
    state: RetryState = "asked"
    retry_id: str | None = None
    known: tuple[str, ...] = ()


class Harm(Said):
    """What the problem did since `since`: runs that failed, runs that only looked well, what was in them, what was written.

    `items` by what they are called (`invoices`), each counted once; `wrote` are nodes that had written before a run failed,
    with the number of those runs; `unseen`: so many runs kept no data to look into. `clients`: whose workflows these were, by
    code.
    """

    instance: str
    since: datetime
    failed: int
    green: int = 0
    workflows: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    items: dict[str, int] = Field(default_factory=dict)
    wrote: dict[str, int] = Field(default_factory=dict)
    unseen: int = 0


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
