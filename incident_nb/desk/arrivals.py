"""Alerts that arrive, folded into incidents: the same problem goes into the one that is open, what comes twice counts once.

Many are taken in one transaction, the alert as it came and the answer to its sender included: who was answered can rely on
it, and a storm costs few commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incident_nb.alerts.alert import Alert, fingerprint
from incident_nb.causes import classify
from incident_nb.desk.related import Related
from incident_nb.desk.shares import talked_to
from incident_nb.errors import IncidentNbError
from incident_nb.incidents import Records, deliveries, engines, payload_of
from incident_nb.incidents.kinds.opening import Opened, SeveritySuggested
from incident_nb.incidents.store import Writing
from incident_nb.models import Cause, Frozen, Verdict
from incident_nb.patterns import decisions_of
from incident_nb.policy import facts_from_text, load, suggest
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import Settings

Owe = Callable[[Writing, Incident, str, datetime], None]
"""Notes that an incident is to be investigated, in the same commit: because it was `opened`, `reopened`, or fails `again`."""

KEPT_DAYS = 30  # alerts as they came, and what their senders were answered


class ReusedError(IncidentNbError):
    """A delivery's id came again with another body: somebody who is not the sender may have made it."""


class Outcome(Frozen):
    """What became of one alert: `created` an incident, `folded` into one, or nothing of both (a word on what is over).

    `duplicate`: the delivery had come before, and this is what it was answered then.
    """

    incident: str | None = None
    created: bool = False
    folded: bool = False
    duplicate: bool = False


@dataclass(frozen=True)
class Arrival:
    """One delivery that was let in: its alerts, the body as it came with its digest, and the sender's id of it, if any.

    `delivery` names the sender's scheme, too, since ids of two may be the same.
    """

    alerts: Sequence[Alert]
    dialect: str
    body: bytes
    digest: str
    received: datetime
    delivery: str | None = None


class Arrivals:
    """Takes alerts into the records of a workspace. `owe` is told of every incident that is to be investigated."""

    def __init__(self, records: Records, settings: Settings, owe: Owe = lambda *_: None) -> None:
        self.records, self.settings, self.owe = records, settings, owe
        self._again = timedelta(minutes=max(row.minutes or 0 for row in load().verification))
        self._forgotten: datetime | None = None

    def take(self, arrived: Sequence[Arrival]) -> list[list[Outcome] | ReusedError]:
        """What became of each, in order, once all of it is stored. Raises UnreachableError, nothing being stored then."""
        ready = self._ready(arrived)
        with self.records.at_once() as writing:
            return self._take(writing, arrived, ready)

    def take_in(self, writing: Writing, arrived: Sequence[Arrival]) -> list[list[Outcome] | ReusedError]:
        """As `take`, as a part of what the caller writes."""
        return self._take(writing, arrived, self._ready(arrived))

    def _ready(self, arrived: Sequence[Arrival]) -> list[list[tuple[Alert, str]]]:
        return [[(one, self._fingerprint(one)) for one in arrival.alerts] for arrival in arrived]

    def _take(
        self, writing: Writing, arrived: Sequence[Arrival], ready: list[list[tuple[Alert, str]]]
    ) -> list[list[Outcome] | ReusedError]:
        engines.alone(writing.connection)  # two receivers fold one after the other
        self._forget(writing, max(one.received for one in arrived))
        ids = {one.delivery for one in arrived if one.delivery}
        ids |= {key for arrival in arrived for one in arrival.alerts if (key := _found_key(one))}
        known = deliveries.known(writing.connection, ids)
        told: list[list[Outcome] | ReusedError] = []
        came: list[deliveries.Came] = []
        since = min((one.at for arrival in arrived for one in arrival.alerts), default=arrived[0].received)
        folding = _Folding(writing, self.settings, self._again, self.owe, Related(writing, self.settings, since))
        for arrival, alerts in zip(arrived, ready, strict=True):
            before = known.get(arrival.delivery or "")
            if before is None:
                outcomes, one = self._taken(folding, arrival, alerts, known)
                told.append(outcomes)
                came.append(one)
            elif before.digest == arrival.digest:
                told.append([Outcome(**{**one, "duplicate": True}) for one in before.answer])
            else:
                told.append(ReusedError("This delivery's id was used before, for another body."))
        folding.finish()
        deliveries.keep(writing.connection, came)
        return told

    def _forget(self, writing: Writing, now: datetime) -> None:
        """Removes once a day what is older than KEPT_DAYS of what came, not of the incidents."""
        if self._forgotten is None or now - self._forgotten >= timedelta(days=1):
            deliveries.forget(writing.connection, now - timedelta(days=KEPT_DAYS))
            self._forgotten = now

    def _taken(
        self, folding: _Folding, arrival: Arrival, alerts: Iterable[tuple[Alert, str]],
        known: dict[str, deliveries.Delivery],
    ) -> tuple[list[Outcome], deliveries.Came]:  # fmt: skip
        found = [_found_before(alert, known) or folding.fold(alert, key) for alert, key in alerts]
        number = next((one for _, one in found if one), None)
        told = [outcome for outcome, _ in found]
        answer = [one.model_dump(exclude={"duplicate"}) for one in told]
        if arrival.delivery:
            known[arrival.delivery] = deliveries.Delivery(arrival.digest, answer)
        return told, deliveries.Came(
            arrival.dialect, arrival.received, arrival.body, number, arrival.delivery, arrival.digest, answer
        )

    def _fingerprint(self, alert: Alert) -> str:
        return fingerprint_now(alert, self.settings)


def fingerprint_now(alert: Alert, settings: Settings) -> str:
    """The fingerprint of an alert's problem after all that people decided on problems. Raises SettingsError."""
    decided = decisions_of(settings)
    return decided.of(fingerprint(alert, decided.fingerprint_of, lambda flow: settings.client_of(flow.name)))


def alike(of: Writing | Records, key: str, client: str | None, settings: Settings) -> list[Incident]:
    """The incidents of one problem, newest first, also under what it was called before somebody put it together with others.

    Of what was put together only the client's own count: no decision makes one client's incident of another one's failure.
    """
    names = decisions_of(settings).names(key)
    if len(names) == 1:
        return of.alike(key)
    found = (one for name in names for one in of.alike(name) if one.client == client)
    return sorted(found, key=lambda one: -one.number)


def found_key(instance: str | None, execution_id: str) -> str:
    """The delivery under which a failed execution is taken in that n8n did not tell of."""
    return f"found:{instance}:{execution_id}"


def _found_key(alert: Alert) -> str | None:
    failed = alert.dialect == "n8n" and alert.execution_id and not alert.resolved
    return found_key(alert.instance, alert.execution_id or "") if failed else None


def _found_before(alert: Alert, known: dict[str, deliveries.Delivery]) -> tuple[Outcome, int] | None:
    """What becomes of an alert that comes late, for an execution that was found and counted before; None for others."""
    before = known.get(_found_key(alert) or "")
    if before is None:
        return None
    incident = str(before.answer[0]["incident"])
    return Outcome(incident=incident, folded=True), int(incident.removeprefix("INC-"))


class _Folding:
    """One transaction's alerts. Occurrences of one incident are counted together, in one event."""

    def __init__(self, writing: Writing, settings: Settings, again: timedelta, owe: Owe, related: Related) -> None:
        self.writing, self.settings, self.again, self.owe, self.related = writing, settings, again, owe, related
        self._open: dict[str, Incident] = {}
        self._more: dict[int, list[Alert]] = {}

    def fold(self, alert: Alert, key: str) -> tuple[Outcome, int | None]:
        """What becomes of one alert, and the number of the incident that it went into."""
        before: Sequence[Incident] = ()
        found = self._open.get(key)
        if found is None:
            before = alike(self.writing, key, alert.client or self.settings.client_of(alert.workflow), self.settings)
            found = self._going_on(alert, before)
        if alert.resolved:
            if found is None:
                return Outcome(), None
            said = payload_of("note", {"text": f"{alert.dialect} says that it is over: {alert.title}"})
            self.writing.add(found.number, said, by=_by(alert), at=alert.at)
            return Outcome(incident=found.id), found.number
        if found is None:
            made = self._opened(alert, key, before)
            found = self._open[key] = self.related.join(made, alert.at, _by(alert))
            return Outcome(incident=found.id, created=True), found.number
        self._open[key] = found
        self.related.seen(found, alert.at)
        self._more.setdefault(found.number, []).append(alert)
        return Outcome(incident=found.id, folded=True), found.number

    def finish(self) -> None:
        """Writes what was counted."""
        for number, alerts in self._more.items():
            newest = max(alerts, key=lambda one: one.at)
            said = {"execution_id": newest.execution_id, "count": len(alerts)}
            after = self.writing.add(number, payload_of("occurred", said), by=_by(newest), at=newest.at)
            self.owe(self.writing, after, "again", newest.at)
        for made in self.related.finish():
            self.owe(self.writing, made, "opened", made.detected_at)

    def _going_on(self, alert: Alert, alike: Sequence[Incident]) -> Incident | None:
        """Which of the same problem this alert belongs to, reopened where it was thought over for a short time only."""
        if known := next((one for one in alike if not one.closed and not one.is_resolved), None):
            return known
        since = alike[0].resolved_at if alike and not alert.resolved else None
        if since is None or not timedelta() <= alert.at - since <= self.again:
            return None
        minutes = round((alert.at - since) / timedelta(minutes=1))
        why = f"it failed again {minutes} minutes after it was resolved (VER-5)"
        again = self.writing.add(alike[0].number, payload_of("reopened", {"reason": why}), by=_by(alert), at=alert.at)
        again = self.related.join(again, alert.at, _by(alert))
        self.owe(self.writing, again, "reopened", alert.at)
        return again

    def _opened(self, alert: Alert, key: str, before: Sequence[Incident]) -> Incident:
        client = alert.client or self.settings.client_of(alert.workflow)
        judged = classify(alert.error, own_hosts=self.settings.own_hosts)
        subject = Subject(
            instance=alert.instance, workflow_id=alert.workflow_id, workflow=alert.workflow, node=alert.node,
            execution_id=alert.execution_id, execution_url=alert.execution_url, fingerprint=key,
            error=alert.error.message or None, suspected=None if judged.cause is Cause.UNKNOWN else judged.cause,
            **talked_to(alert, client, self.settings),
        )  # fmt: skip
        opened = Opened(
            title=alert.title, detected_at=alert.at, client=client, source=alert.source, subject=subject,
            recurring=bool(before), text=alert.text,
        )  # fmt: skip
        made = self.writing.open(opened, by=_by(alert), at=alert.at)
        made = self.writing.add(made.number, _severity(alert, judged), by=_by(alert), at=alert.at)
        if before:
            why = "the same problem, resolved before"
            made = self.writing.add(
                made.number, payload_of("related", {"incident": before[0].id, "why": why}), by=_by(alert), at=alert.at
            )
        self.owe(self.writing, made, "opened", alert.at)
        return made


def _severity(alert: Alert, judged: Verdict) -> SeveritySuggested:
    """What the alert alone suggests, until it is investigated."""
    stated = facts_from_text(alert.text)
    cause: dict[str, Any] = {} if judged.cause is Cause.UNKNOWN else {"cause": judged.cause, "detail": judged.detail}
    found = suggest(stated.model_copy(update={"alert_fired": True, "failing": True, **cause}))
    return SeveritySuggested(severity=found.suggested, reasons=found.reasons)


def _by(alert: Alert) -> str:
    return f"alert ({alert.dialect})"
