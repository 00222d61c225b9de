"""What has to be done before an incident counts as resolved (VER-1 to VER-5) and before it is closed (FIN-1 to FIN-8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from incident_nb.errors import UsageError
from incident_nb.models import Cause, Frozen
from incident_nb.policy.load import load
from incident_nb.policy.tables import ClosingItem, Policy, VerificationItem
from incident_nb.record import Incident


class GateItem(Frozen):
    """One row of a checklist: whether it is `done`, or not `needed`, and what that is based on.

    `by_record`: the record itself knows, so that nobody has to tick it.
    """

    id: str
    label: str
    done: bool
    needed: bool = True
    by_record: bool = False
    basis: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.needed and not self.done


def verification(incident: Incident, now: datetime, *, policy: Policy | None = None) -> tuple[GateItem, ...]:
    """The rows VER-1 to VER-5 as they stand at `now` (UTC).

    VER-4 is done by runs that were watched since the newest fix, and by nothing else (a failing one starts the count
    again); VER-5 by the clock: the hour from the fix, or from the last failing run after it. VER-1 and VER-2 are done by a
    good run that somebody began by hand, VER-2 by any good run; else they are done by a person's tick, as VER-3 is. A run
    that fails opens them again where they were done before it, and says what happened.
    """
    return tuple(_verified(row, incident, now) for row in (policy or load()).verification)


def _verified(row: VerificationItem, incident: Incident, now: datetime) -> GateItem:
    needed = incident.severity is None or incident.severity in row.severities
    tick = incident.ticks.get(row.id)
    told = f"ticked by {tick.by}{f': {tick.text}' if tick.text else ''}" if tick and tick.done else "not ticked yet"
    seen = incident.watched
    if incident.fixed is None:
        back = incident.reopened[-1].text if incident.reopened else ""
        basis = f"no fix is in place since it came back: {back}" if back else "no fix is in place yet"
        return _item(row, False, needed, False, basis)
    if row.minutes is not None:
        begin = max(incident.fixed.at, seen.bad_at or incident.fixed.at)
        left = begin + timedelta(minutes=row.minutes) - now
        what = "since the last failing run" if seen.bad_at and seen.bad_at > incident.fixed.at else "since the fix"
        basis = f"{row.minutes} minutes {what} have passed" if left <= timedelta() else f"{_minutes(left)} to go {what}"
        return _item(row, left <= timedelta(), needed, True, basis)
    if row.runs is not None:
        least, most = row.runs
        basis = f"{seen.good} of {least} to {most} good runs in a row since the fix"
        basis += f"; {seen.relapse}" if seen.relapse else ""
        return _item(row, seen.good >= least, needed, True, basis)
    if row.id == "VER-2" and seen.good:
        return _item(row, True, needed, True, f"execution {seen.last_good} went well")
    if row.id in ("VER-1", "VER-2") and seen.by_hand:
        return _item(row, True, needed, True, f"execution {seen.by_hand}, begun by hand, went well")
    if tick and tick.done and seen.bad_at and (seen.bad_at >= tick.at or seen.last_bad == tick.execution_id):
        return _item(row, False, needed, False, f"{seen.relapse}, after it was ticked")
    return _item(row, bool(tick and tick.done), needed, False, told)


def closing(incident: Incident, now: datetime, *, policy: Policy | None = None) -> tuple[GateItem, ...]:
    """The rows FIN-1 to FIN-8 as they stand at `now` (UTC): done by what the record knows, or by a person's tick.

    A tick can't stand for FIN-3: whether it is resolved and verified is the record's to say. Once an incident has come
    back, only what was sent and written since then counts (FIN-4, FIN-5, FIN-7).
    """
    rules = policy or load()
    return tuple(_closed(row, incident, now, rules) for row in rules.closing)


def _closed(row: ClosingItem, incident: Incident, now: datetime, policy: Policy) -> GateItem:
    needed = incident.severity is None or incident.severity in row.severities
    if row.recurring_only:
        needed = incident.recurring or bool(incident.reopened)
    done, basis = _known(row.id, incident, now, policy)
    tick = incident.ticks.get(row.id)
    if not done and tick and tick.done and row.id != "FIN-3":
        return _item(row, True, needed, False, f"ticked by {tick.by}{f': {tick.text}' if tick.text else ''}")
    return _item(row, done, needed, True, basis)


def _known(row_id: str, incident: Incident, now: datetime, policy: Policy) -> tuple[bool, str]:
    """Whether the record itself answers a closing row, and what it says."""
    if row_id == "FIN-1":
        chosen = incident.chosen
        return bool(
            chosen
        ), f"{chosen.severity} chosen by {chosen.by}" if chosen else "nobody has confirmed the severity"
    if row_id == "FIN-2":
        cause = incident.cause
        if cause is None or cause.cause is Cause.UNKNOWN:
            return False, "the cause is not known" if cause else "no cause is accepted"
        return True, f"{cause.cause} accepted by {cause.by}"
    if row_id == "FIN-3":
        left = [item.id for item in verification(incident, now, policy=policy) if item.is_open]
        if not incident.is_resolved:
            return False, "it is not resolved"
        excused = all(name in incident.open_items for name in left)
        return excused, "resolved" + (f", with {', '.join(left)} open" if left else " and verified")
    if row_id == "FIN-4":
        sent = incident.since(tuple(one for one in incident.notices if one.kind != "holding"))
        return bool(sent), f"told on {sent.at:%Y-%m-%d %H:%M} UTC" if sent else "no notice was sent"
    if row_id == "FIN-5":
        return _written("DOC-1", incident)
    if row_id == "FIN-6":
        count = len(incident.prevention)
        return count > 0, f"{count} action item{'s' * (count != 1)}" if count else "no action item is on record"
    if row_id == "FIN-7":
        return _written("DOC-2", incident)
    if row_id == "FIN-8":
        billed = incident.billing
        return bool(billed), f"{billed.row}, by {billed.by}" if billed else "nobody has said who pays"
    return False, "not ticked yet"


def _written(row_id: str, incident: Incident) -> tuple[bool, str]:
    written = incident.documented.get(row_id)
    if written is None:
        return False, "not written"
    fresh = incident.since((written,)) is not None
    return fresh, written.text if fresh else f"{written.text} was written before it came back"


def must_be_done(items: Iterable[GateItem], reasons: dict[str, str], what: str) -> dict[str, str]:
    """The reasons for those rows that are open. Raises UsageError, naming them, where a row is open without a reason."""
    left = [item for item in items if item.is_open]
    if missing := [item for item in left if not reasons.get(item.id, "").strip()]:
        told = "; ".join(f"{item.id} {item.label} ({item.basis})" for item in missing)
        raise UsageError(f"It can't be {what} yet: {told}. Do what is open, or give a reason for each.")
    return {item.id: reasons[item.id].strip() for item in left}


def _item(row: VerificationItem | ClosingItem, done: bool, needed: bool, by_record: bool, basis: str) -> GateItem:
    return GateItem(id=row.id, label=row.label, done=done, needed=needed, by_record=by_record, basis=basis)


def _minutes(left: timedelta) -> str:
    minutes = -(-left // timedelta(minutes=1))
    return f"{minutes} minute{'s' * (minutes != 1)}"
