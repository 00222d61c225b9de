"""Every step of an incident as one call, guarded by the procedure's rules at the moment at which it is written."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from incident_nb.case import Case
from incident_nb.desk.folder import case_of, folder_of, put_notebook, sources_of
from incident_nb.desk.shares import vendor_of
from incident_nb.desk.similar import Seen, seen_before
from incident_nb.desk.standing import Standing, standing, urgency
from incident_nb.desk.told import moment
from incident_nb.documents.gaps import gap_named, must_be_told
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.incidents import Event, Records, payload_of, records_of
from incident_nb.incidents.events import read
from incident_nb.incidents.kinds.diagnosing import Diagnosed
from incident_nb.incidents.kinds.mending import RunWatched, Started, Ticked, WorkedAround
from incident_nb.incidents.kinds.opening import Opened, Scheduled, SeveritySuggested
from incident_nb.incidents.kinds.telling import Notified, Prevented
from incident_nb.incidents.payload import Payload
from incident_nb.incidents.store import Writing
from incident_nb.models import Cause, Diagnosis, Severity
from incident_nb.policy import Policy, closing, load, must_be_done, timers, usable_calendar, verification
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import Settings

ENGINEER = "INCIDENT_NB_ENGINEER"
NOTED = "VER-3"  # a row that nobody ticks without a word on what was seen

# What may still be recorded once an incident is closed.
AFTERWARDS = {"note", "corrected", "reopened", "related", "documented", "billing_classified", "billing_approved", "notified",
              "occurred", "restored", "retried", "harmed", "worded", "waived", "prevented", "prevention",
              "assigned"}  # fmt: skip


def _present() -> datetime:
    return datetime.now(UTC)


def engineer() -> str:
    """Who records: INCIDENT_NB_ENGINEER, else the name of the account."""
    try:
        return os.environ.get(ENGINEER) or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def on_record(settings: Settings) -> Desk:
    """The desk of a workspace. Raises UsageError where there is none, as `records_of` does."""
    return Desk(records_of(settings), settings)


class Desk:
    """Incidents and what may be done with them, by one person (`by`), with one clock."""

    def __init__(
        self, records: Records, settings: Settings, *, by: str | None = None, clock: Callable[[], datetime] = _present
    ) -> None:
        self.records, self.settings, self.clock = records, settings, clock
        self.by = by or engineer()
        self.policy: Policy = load()

    def open(self, opened: Opened, *, at: datetime | None = None) -> Incident:
        """The new incident."""
        return self.records.open(opened, by=self.by, at=at)

    @staticmethod
    def number_of(name: str) -> int:
        """The number in INC-42, or 42. Raises UsageError for anything else."""
        text = name.strip().upper().removeprefix("INC-")
        if not text.isdecimal() or len(text) > 18:
            raise UsageError(f"{name!r} is no incident. Name it like INC-42.")
        return int(text)

    def case(self, name: str, sources: list[str], now: datetime, **options: Any) -> Case:
        """The case of an incident, not yet saved, seen from `now`; without sources from its own n8n server."""
        incident = self.records.get(self.number_of(name))
        return case_of(incident, self.settings, now, sources or sources_of(incident, self.settings), **options)

    def room(
        self, number: int, sources: list[str] | None = None, *, log: ExecutionLog | None = None, again: bool = False
    ) -> Path:
        """The incident's notebook in its folder, with a case beside it that it can read.

        The case is made from `sources`, else from the incident's own n8n server, else from `log`; one that is there
        stays, unless it is to be made `again`.
        """
        incident = self.records.get(number)
        folder = folder_of(self.settings, number)
        if again or not (folder / "case" / "case.json").exists():
            wanted = sources or sources_of(incident, self.settings)
            case_of(incident, self.settings, self.clock(), wanted, log=log).save(folder / "case")
        return put_notebook(folder, incident)

    def of(self, name: str) -> tuple[Event, ...]:
        """All that is on record of an incident named like INC-42."""
        return self.records.events(self.number_of(name))

    def everybody(self) -> Settings:
        """The settings with every client on record: none of them is to be named to another one."""
        return self.settings.with_clients(self.records.clients())

    def standing(self, number: int) -> Standing:
        """How an incident stands now. Raises UsageError where there is none of this number."""
        return standing(
            self.records.get(number), self.clock(), self.settings, self.records.incidents(closed=False), self.policy
        )

    def board(self, *, closed: bool = False, most: int | None = None) -> list[Standing]:
        """How the open incidents stand now, the most urgent first; with `closed` the closed ones, too; `most`: so many."""
        now = self.clock()
        calendar = cache(lambda client: usable_calendar(self.settings, client)[0])

        def order(row: Incident) -> Any:
            return urgency(row, timers(row, now, calendar=calendar(row.client), policy=self.policy), now)

        rows = sorted(self.records.incidents(closed=closed), key=order)
        return [standing(row, now, self.settings, (), self.policy) for row in rows[:most]]

    def seen_before(self, number: int, causes: Sequence[tuple[Cause, str | None]] = ()) -> tuple[Seen, ...]:
        """What was like this incident before; `causes` are the likely ones while none is accepted."""
        return seen_before(self.records.get(number), self.records.incidents(), self.settings, self.clock(), causes)

    def timeline(self, number: int) -> tuple[Event, ...]:
        """All that was recorded, in the order in which it happened."""
        return tuple(sorted(self.records.events(number), key=lambda event: (moment(event), event.seq)))

    def add(self, number: int, kind: str, *, at: datetime | None = None, **values: Any) -> Incident:
        """The incident after one more event of any kind but `resolved` and `closed`, which have calls of their own.

        Raises UsageError for values that the kind does not have, and where the rules do not allow it now.
        """
        if kind == "waived" and "found" not in values:
            known = self.records.get(number)
            gap = gap_named(str(values.get("gap")), known, self.everybody(), self.clock(), by=self.by)
            values = {**values, "found": gap.found}
        payload = payload_of(kind, values)
        return self.records.add(
            number,
            payload,
            by=self.by,
            at=at or self.clock(),
            check=lambda incident: self.allowed(incident, kind, payload),
        )

    def diagnosed(
        self, number: int, diagnosis: Diagnosis, *, case: str | None = None, writing: Writing | None = None
    ) -> None:
        """Puts a diagnosis and the severity that it suggests on record, unless the newest there say the same.

        None goes to an incident that covers several, since a diagnosis is of one problem, and so of one client.
        `writing`: the transaction that they are part of; else each is one.
        """
        incident = self.records.get(number)
        if diagnosis.problem is None or not diagnosis.hypotheses or incident.closed or incident.subject.shared:
            return
        best, problem, severity = diagnosis.hypotheses[0], diagnosis.problem, diagnosis.severity
        found = Diagnosed(
            headline=diagnosis.headline, cause=best.cause, detail=best.detail, confidence=round(best.confidence, 2), case=case,
            subject=Subject(
                instance=problem.instance, workflow_id=problem.workflow_id, workflow=problem.workflow, node=problem.node,
                fingerprint=problem.fingerprint, error=problem.message,
                vendor=vendor_of(incident.subject.host, problem.node_type),
            ),
            recurring=problem.pattern in ("recurring", "regression"),
        )  # fmt: skip
        self._once(number, found, writing)
        if severity:
            self._once(number, SeveritySuggested(severity=severity.suggested, reasons=severity.reasons), writing)

    def _once(self, number: int, payload: Payload, writing: Writing | None) -> None:
        """Records what is not what the newest event of its kind says."""
        newest = next((one for one in reversed(self.records.events(number)) if one.kind == payload.kind), None)
        if newest is None or read(newest) != payload:
            (writing or self.records).add(number, payload, by=self.by, at=self.clock())

    def choose(self, number: int, severity: Severity, reason: str = "") -> Incident:
        """The incident with the severity that a person chose. Another one than was suggested needs a reason."""

        def check(incident: Incident) -> None:
            self.allowed(incident, "severity_chosen")
            other = incident.suggested and incident.suggested.severity is not severity
            if other and not reason.strip():
                raise UsageError(f"{incident.id}: {severity} is not what was suggested; give a reason, which is kept.")

        return self.records.add(
            number, payload_of("severity_chosen", {"severity": severity, "reason": reason}), by=self.by, at=self.clock(),
            check=check,
        )  # fmt: skip

    def resolve(self, number: int, text: str = "", reasons: dict[str, str] | None = None) -> Incident:
        """The incident, resolved. Raises UsageError while a row of the verification is open without a reason."""
        return self._end(number, "resolved", text, reasons or {})

    def close(self, number: int, text: str = "", reasons: dict[str, str] | None = None) -> Incident:
        """The incident, closed. Raises UsageError while a row of the closing checklist is open without a reason."""
        return self._end(number, "closed", text, reasons or {})

    def _end(self, number: int, kind: str, text: str, reasons: dict[str, str]) -> Incident:
        now = self.clock()
        rows = verification if kind == "resolved" else closing
        items = rows(self.records.get(number), now, policy=self.policy)
        known = {item.id for item in items}
        if unknown := ", ".join(sorted(reasons.keys() - known)):
            raise UsageError(f"There is no row {unknown} on this checklist; it has {', '.join(sorted(known))}.")
        left = {item.id: why for item in items if item.is_open and (why := reasons.get(item.id, "").strip())}

        def check(incident: Incident) -> None:
            self.allowed(incident, kind)
            must_be_done(rows(incident, now, policy=self.policy), left, kind)

        return self.records.add(
            number, payload_of(kind, {"text": text, "open_items": left}), by=self.by, at=now, check=check
        )

    def allowed(self, incident: Incident, kind: str, payload: Payload | None = None) -> None:
        """Raises UsageError for what makes no sense as the incident is at the moment."""
        if incident.closed and kind not in AFTERWARDS:
            raise UsageError(f"{incident.id} was closed by {incident.closed.by}. Reopen it first.")
        if kind in ("resolved", "closed") and payload is not None:
            raise UsageError(f"{incident.id}: use `{'resolve' if kind == 'resolved' else 'close'}` for this.")
        if kind == "acknowledged" and (said := incident.since(incident.acknowledged)):
            raise UsageError(f"{incident.id} was acknowledged by {said.by} on {said.at:%Y-%m-%d at %H:%M} UTC.")
        if kind == "resolved" and incident.is_resolved:
            raise UsageError(f"{incident.id} is resolved already.")
        if kind == "reopened" and not (incident.is_resolved or incident.closed):
            raise UsageError(f"{incident.id} is still open.")
        if isinstance(payload, Started):
            self._may_begin(incident, payload.row)
        if kind == "waiting_ended" and not incident.is_waiting:
            raise UsageError(f"{incident.id} does not wait for the client.")
        if kind == "waiting_began" and incident.is_waiting:
            raise UsageError(f"{incident.id} waits for the client already: {incident.waiting[-1].why}.")
        if kind == "billing_approved" and incident.cause is None:
            raise UsageError(f"{incident.id}: accept the cause before billing is spoken of (BILL-4).")
        if isinstance(payload, RunWatched):
            seen, run = incident.watched, payload.execution_id
            if incident.fixed is None:
                raise UsageError(f"{incident.id}: no fix is in place yet; runs count from then on (VER-4).")
            if run == seen.last_bad or (payload.good and run in seen.told):
                raise UsageError(f"{incident.id}: execution {run} is counted already; each counts once (VER-4).")
        if isinstance(payload, Ticked) and payload.row == NOTED and payload.done and not payload.text:
            raise UsageError(f"{incident.id}: say in a note what you saw in the destination system (text=, {NOTED}).")
        if isinstance(payload, Notified):
            must_be_told(incident, payload.notice, self.everybody(), self.clock(), by=self.by, to=payload.to)
        if isinstance(payload, Prevented) and payload.action not in {one.text for one in incident.prevention}:
            raise UsageError(f"{incident.id}: there is no action “{payload.action[:80]}”; give its words as they are.")
        if isinstance(payload, WorkedAround | Scheduled) and payload.due <= self.clock():
            raise UsageError(f"{incident.id}: the date has passed already; give one to come.")

    @staticmethod
    def _may_begin(incident: Incident, row: str) -> None:
        tick, begun = incident.ticks.get(row), incident.begun.get(row)
        if tick and tick.done:
            raise UsageError(f"{incident.id}: {row} was done by {tick.by}. Take the tick away first.")
        if begun and not (tick and tick.at >= begun.at):
            raise UsageError(f"{incident.id}: {row} was begun by {begun.by} on {begun.at:%Y-%m-%d at %H:%M} UTC.")
