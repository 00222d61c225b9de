"""The shape of the procedure as data: one small frozen model for each kind of row, and the policy that holds them."""

from __future__ import annotations

from collections import Counter
from datetime import time
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from incident_nb.models import Cause, Frozen, Severity

ALL_SEVERITIES = tuple(Severity)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Positive = Annotated[float, Field(gt=0)]
Due = Positive | Literal["immediately", "same day", "this week", "scheduled", "if noticed", "never"]


class Strict(Frozen):
    """Base of the policy's models: a key that nobody reads is a mistake in the file, so it is refused."""

    model_config = ConfigDict(extra="forbid")


class Settings(Strict):
    """What an agency sets for itself: what "immediately" and "this week" mean, whom to call, what an hour costs."""

    immediately_minutes: Positive
    week_ends_on: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    week_ends_at: time
    at_risk_share: Annotated[float, Field(ge=0, le=1)]
    reopening_restarts: tuple[Literal["respond", "resolve", "notify"], ...]
    escalate_to: str
    billing_rate: str


class Limits(Strict):
    """The figures from which on the severity rules say "consistently", "all workflows" and "slow"."""

    consistent_failures: Annotated[int, Field(ge=1)]
    consistent_error_rate: Annotated[float, Field(gt=0, le=1)]
    consistent_hours: Annotated[float, Field(gt=0)]
    all_workflows_min: Annotated[int, Field(ge=1)]
    slow_ratio: Annotated[float, Field(gt=1)]


class Row(Strict):
    """One line of the procedure under its row id."""

    id: str


class Step(Row):
    """One of the six steps (QR) with its time box: as the procedure writes it, and as least and most minutes."""

    action: str
    time: str
    minutes: tuple[int, int]


class SeverityRow(Row):
    """One severity (SEV): the procedure's four cells, and the same as rules that `clocks.deadlines` reads.

    `respond`, `resolve`, `notify`: a number of hours from detection, or a word. `hours`: which hours count.
    """

    severity: Severity
    name: str
    definition: str
    response_time: str
    resolution_target: str
    client_notification: str
    hours: Literal["calendar", "client"]
    respond: Due
    resolve: Due
    notify: Due


class Example(Row):
    """One worked example of a severity (SEV-X)."""

    severity: Severity
    text: str


class Item(Row):
    """One line of a checklist: its label, what it means in practice, commands to copy, and for which severities."""

    label: str
    detail: str = ""
    commands: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ALL_SEVERITIES


class VerificationItem(Item):
    """A line of the verification checklist (VER): least and most good runs to watch, or minutes to watch for."""

    runs: tuple[int, int] | None = None
    minutes: int | None = None


class Notification(Item):
    """How a client hears of it (NOT): subject and section headings of the notice, which of them may be left out."""

    subject: str | None = None
    sections: tuple[str, ...] = ()
    optional_sections: tuple[str, ...] = ()


class Document(Item):
    """A file that is written at the end (DOC): its path in the agency's repository and its headings."""

    path: str
    sections: tuple[str, ...] = ()


class ClosingItem(Item):
    """A line of the closing checklist (FIN). `recurring_only`: asked only where the error type has come back."""

    recurring_only: bool = False


class RootCause(Row):
    """A common symptom (RC), its likely cause and where to look, with our cause classes."""

    symptom: str
    likely_cause: str
    diagnostic_step: str
    causes: tuple[Cause, ...]


class Resolution(Row):
    """What to do about a cause (RES). `details` narrows it to some details of its cause classes; empty means any."""

    cause: str
    resolution: str
    commands: tuple[str, ...] = ()
    causes: tuple[Cause, ...]
    details: tuple[str, ...] = ()


class Billing(Row):
    """Who pays (BILL-1 to BILL-3). `causes` are the cause classes it may be; where two rows share one, a person decides."""

    cause: str
    billing: str
    billable: bool
    causes: tuple[Cause, ...] = ()


class Escalation(Row):
    """When somebody else has to know (ESC). `after_hours`: calendar hours from detection, where time decides."""

    situation: str
    path: str
    severities: tuple[Severity, ...] = ALL_SEVERITIES
    after_hours: Positive | None = None


class Policy(Strict):
    """Every table of the procedure; each row is found under its id by `row`, those for a cause by `rows_for`."""

    settings: Settings
    limits: Limits
    steps: tuple[Step, ...]
    severities: tuple[SeverityRow, ...]
    examples: tuple[Example, ...]
    acknowledge: tuple[Item, ...]
    diagnostics: tuple[Item, ...]
    root_causes: tuple[RootCause, ...]
    resolutions: tuple[Resolution, ...]
    code_changes: tuple[Item, ...]
    workarounds: tuple[Item, ...]
    verification: tuple[VerificationItem, ...]
    notifications: tuple[Notification, ...]
    documents: tuple[Document, ...]
    billing: tuple[Billing, ...]
    billing_rules: tuple[Item, ...]
    escalation: tuple[Escalation, ...]
    closing: tuple[ClosingItem, ...]

    @field_validator("severities")
    @classmethod
    def _each_severity_once(cls, rows: tuple[SeverityRow, ...]) -> tuple[SeverityRow, ...]:
        if sorted(row.severity for row in rows) != list(Severity):
            raise ValueError("needs exactly one row for each of P1, P2, P3 and P4")
        return rows

    @model_validator(mode="after")
    def _ids_once(self) -> Policy:
        twice = [row_id for row_id, count in Counter(row.id for row in self.rows).items() if count > 1]
        if twice:
            raise ValueError(f"row ids used more than once: {', '.join(twice)}")
        return self

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row of every table, in the order of the file's tables."""
        tables = (getattr(self, name) for name in type(self).model_fields)
        return tuple(row for table in tables if isinstance(table, tuple) for row in table)

    def row(self, row_id: str) -> Row:
        """The row with this id. Raises `KeyError` when there is none."""
        return next((row for row in self.rows if row.id == row_id), None) or _no_row(row_id)

    def severity(self, severity: Severity) -> SeverityRow:
        """The SEV row of a severity."""
        return next(row for row in self.severities if row.severity is severity)

    def rows_for(self, cause: Cause, detail: str | None = None) -> tuple[RootCause | Resolution, ...]:
        """The RC and RES rows that speak of a cause; with no detail known, every resolution that may apply."""
        symptoms = [row for row in self.root_causes if cause in row.causes]
        paths = [
            row
            for row in self.resolutions
            if cause in row.causes and (detail is None or not row.details or detail in row.details)
        ]
        return (*symptoms, *paths)


def _no_row(row_id: str) -> Row:
    raise KeyError(f"the policy has no row {row_id!r}")
