"""The vocabulary that every stage shares: causes, findings, hypotheses, a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator


class Cause(StrEnum):
    """The twelve root-cause classes; docs/causes.md says what each one means and which procedure rows it serves."""

    CREDENTIALS = "credentials"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    NETWORK = "network"
    EXTERNAL_OUTAGE = "external_outage"
    ENDPOINT_CRASH = "endpoint_crash"
    EXTERNAL_API_CHANGED = "external_api_changed"
    DATA_FORMAT = "data_format"
    WORKFLOW_INACTIVE = "workflow_inactive"
    WORKFLOW_CONFIG = "workflow_config"
    INFRASTRUCTURE = "infrastructure"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """The procedure's four severities (SEV-P1 to SEV-P4). Smaller is more urgent; they sort that way."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Outcome(StrEnum):
    """What a check answers. `could_not_look` never counts as health."""

    FOUND = "found"
    CLEAN = "clean"
    COULD_NOT_LOOK = "could_not_look"


class Frozen(BaseModel):
    """Base of the models: immutable, unknown fields ignored, so that newer files can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ErrorRecord(Frozen):
    """One error as n8n recorded it, ready to be classified. Everything but `message` may be missing.

    `http_code` is text because n8n keeps Node codes there too (`"429"`, `"ECONNREFUSED"`); numbers are accepted.
    `stack` holds whatever technical text came along (stack trace, `messages`, an inner error).
    """

    id: str | None = None
    message: str = ""
    description: str | None = None
    http_code: str | None = None
    error_name: str | None = None
    node: str | None = None
    node_type: str | None = None
    stack: str | None = None
    host: str | None = None
    url: str | None = None
    credential_type: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _as_text(cls, value: object, info: Any) -> object:
        if value is None:
            return "" if info.field_name == "message" else None
        if isinstance(value, str):
            return value
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, int | float):
            return str(value)
        import json

        return json.dumps(value, ensure_ascii=False)


class Verdict(Frozen):
    """What the classifier says of one error record.

    `confidence` is a probability from 0 to 1, also for `unknown`. `runner_up` is the next cause in line, if any.
    `signature` is the id of the rule that decided, `procedure` the procedure's row ids (RC-1, RES-2, ...).
    """

    id: str | None = None
    cause: Cause
    detail: str | None = None
    confidence: float
    runner_up: Cause | None = None
    signature: str | None = None
    procedure: tuple[str, ...] = ()


class Fact(Frozen):
    """Evidence in words with numbers; `executions` are runs that show it, `check` the row, `at` when a change was (UTC)."""

    text: str
    executions: tuple[str, ...] = ()
    check: str | None = None
    at: datetime | None = None


class Hypothesis(Frozen):
    """A candidate cause with what speaks for it and against it, and the look that would settle it."""

    cause: Cause
    detail: str | None = None
    confidence: float
    for_: tuple[Fact, ...] = ()
    against: tuple[Fact, ...] = ()
    next_look: str | None = None
    procedure: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape of `diagnosis.json`, where the facts in favour are called `for`."""
        data = self.model_dump(mode="json")
        data["for"] = data.pop("for_")
        return data


class Finding(Frozen):
    """What one check of the diagnostic checklist gave back. `at`: when it was asked (UTC); None for records alone."""

    check: str
    outcome: Outcome
    summary: str
    asked: str
    evidence: tuple[Fact, ...] = ()
    at: datetime | None = None
    took_s: float | None = None


class Evidence(Frozen):
    """A fact and what it does to the odds of causes: a factor above 1 speaks for a cause, one below 1 against it.

    `detail`: which detail of the cause that it speaks for most it shows.
    """

    kind: Literal["record", "history", "neighbours", "live"]
    fact: Fact
    effects: dict[Cause, float] = {}
    detail: str | None = None


class Probed(Frozen):
    """What one probe saw of a live system. `next_look`: what would settle what it left open.

    The runner fills in `probe` (its name), `check` (the row it answers), `at` (when it was asked, UTC) and `took_s`.
    """

    outcome: Outcome
    summary: str
    asked: str = ""
    evidence: tuple[Evidence, ...] = ()
    next_look: str | None = None
    probe: str = ""
    check: str = ""
    at: datetime | None = None
    took_s: float | None = None


class Subject(Frozen):
    """What is being diagnosed: one execution, one workflow's problem, or nothing (a healthy source)."""

    kind: Literal["execution", "workflow", "group", "source"]
    instance: str | None = None
    workflow_id: str | None = None
    workflow: str | None = None
    execution_id: str | None = None
    client: str | None = None


class Window(Frozen):
    """The time a statement covers. `pruned_before`: when n8n keeps nothing older; None as long as no source tells."""

    from_: datetime | None = None
    to: datetime | None = None
    pruned_before: datetime | None = None


NO_EXECUTION = "alert-"
"""How the ids begin that are made up for alerts of what has no execution, such as a trigger that fails: they stand in no file."""


def stored(ids: Iterable[str]) -> list[str]:
    """Those of the ids that are n8n's own."""
    return [one for one in ids if not one.startswith(NO_EXECUTION)]


class Problem(Frozen):
    """What is wrong, in figures: one group of equal failures. Times are UTC; `error_rate` from 0 to 1.

    `onset` is the most likely first failing run, `last_good_before` the last good run before it (None: none is in what
    was read). It may have begun after `onset_not_before` (None: before what was read) and not after `onset_not_after`.
    `later`: that it came back after the stretch that was asked for; all else is as it was known before that.
    """

    fingerprint: str
    instance: str
    client: str | None = None
    workflow_id: str | None = None
    workflow: str | None = None
    node: str | None = None
    node_type: str | None = None
    message: str | None = None
    description: str | None = None
    http_code: str | None = None
    count: int
    execution_ids: tuple[str, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    onset: datetime | None = None
    onset_not_before: datetime | None = None
    onset_not_after: datetime | None = None
    last_good_before: datetime | None = None
    pattern: str
    pattern_why: str
    error_rate: float | None = None
    cause: Cause
    detail: str | None = None
    severity: Severity | None = None
    later: Fact | None = None

    @property
    def newest_execution(self) -> str | None:
        """The id of its newest execution; None where only an alert without one told of it."""
        return next(iter(stored(self.execution_ids)), None)


class Impact(Frozen):
    """What the problem did since its onset: failing runs, items in them, callers that failed too; does it go on?

    `good_since`, `good_by_hand`: good runs since the last failure that count, and manual ones that do not.
    """

    failed_executions: int
    since: datetime | None = None
    falsely_green: int = 0
    items: int | None = None
    callers: tuple[str, ...] = ()
    good_since: int = 0
    good_by_hand: int = 0
    last_good: datetime | None = None
    still_failing: bool = True


class SeverityBlock(Frozen):
    """The suggested severity with its reasons and deadlines (UTC). `chosen` is a person's choice, None until then."""

    suggested: Severity
    reasons: tuple[str, ...]
    questions: tuple[str, ...] = ()
    chosen: Severity | None = None
    detected_at: datetime
    deadlines: dict[str, datetime | None]
    basis: dict[str, str]


class Diagnosis(Frozen):
    """The answer for one subject: what failed, since when, why, how bad, what to do; `problem` is None when healthy.

    `hypotheses` come best first; the first is the answer, `unknown` when nothing clears the bar. `next_step` is what
    to do now. `not_asked`: why no live system was asked; None where they were. `others` are the problems of the same
    source that were not diagnosed here, gravest first.
    """

    subject: Subject
    headline: str
    problem: Problem | None = None
    severity: SeverityBlock | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    findings: tuple[Finding, ...] = ()
    impact: Impact | None = None
    next_step: str | None = None
    not_asked: str | None = None
    window: Window
    others: tuple[Problem, ...] = ()
    skipped: int = 0

    def as_json(self) -> dict[str, Any]:
        """The shape of `diagnosis.json`: ISO times with Z; what was not computed is null."""
        data = self.model_dump(mode="json")
        data["hypotheses"] = [hypothesis.as_json() for hypothesis in self.hypotheses]
        data["window"]["from"] = data["window"].pop("from_")
        return data
