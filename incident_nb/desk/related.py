"""Incidents that have to do with each other, found when one is opened: they share a credential, a host or a vendor.

Those of one client are related to each other. Those of several clients, or of nobody knows whom, are never: an incident
of its own covers them, and each of them knows that one only. It covers those only whose cause may lie with what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from incident_nb.desk.shares import Share, may_lie_outside, shares
from incident_nb.incidents import payload_of
from incident_nb.incidents.kinds.opening import Opened, SeveritySuggested
from incident_nb.incidents.lately import unresolved_since
from incident_nb.incidents.payload import Payload
from incident_nb.incidents.store import Writing
from incident_nb.policy import SeverityFacts, suggest
from incident_nb.record import Incident
from incident_nb.settings import Settings


class Related:
    """What is on in one transaction. The records are looked through once in it, when the first incident is opened.

    `since`: the earliest instant that any alert of the transaction speaks of.
    """

    def __init__(self, writing: Writing, settings: Settings, since: datetime) -> None:
        self.writing, self.settings = writing, settings
        self.window = timedelta(minutes=settings.alerts.related_minutes)
        self._since: datetime | None = since  # None: looked through
        self._known: dict[int, Incident] = {}
        self._sharing: dict[Share, set[int]] = {}
        self._last: dict[int, datetime] = {}
        self._covering: dict[Share, Incident | None] = {}
        self._grown: dict[int, tuple[datetime, str]] = {}  # those that cover more now: since when, and by whom

    def seen(self, incident: Incident, at: datetime) -> None:
        """Notes that an incident is on at an instant; its record may say so later only."""
        self._know(incident)
        self._last[incident.number] = max(at, self._last.get(incident.number, at))

    def join(self, made: Incident, at: datetime, by: str) -> Incident:
        """An incident that was just opened, or reopened, related to what shares something with it within the window."""
        self._know(made)
        if not self.window:
            return made
        self._look()
        mine: dict[int, list[str]] = {}
        covered: list[Share] = []
        for share in shares(made.subject, self.settings):
            near = partial(self._near, share, made.number, at)
            if next(near(), None) is None:
                continue
            # The first one stands for its client's others: a storm makes a star, not a net.
            own = next(near(lambda one: _of_one_client(one, made)), None)
            if own is not None and own.id not in made.related:
                mine.setdefault(own.number, []).append(share.words)
            if not may_lie_outside(made):
                continue
            under = partial(near, lambda one: not one.subject.shared and may_lie_outside(one))
            apart = (one for one in under() if not (_of_one_client(one, made) or self._shares_any(one, covered)))
            cover = self._covers(share)
            if cover is None and next(apart, None):
                cover = self._open(share, at, by)
            if cover is not None:
                for one in (*under(), self._known[made.number]):
                    self._put_under(cover, one.number, share, at, by)
                covered.append(share)
        for number, things in mine.items():
            why = f"both use {' and '.join(things)}"
            self._relate(made.number, number, why, at, by)
            self._relate(number, made.number, why, at, by)
        return self._known[made.number]

    def finish(self) -> list[Incident]:
        """The incidents that were opened to cover others, with a severity; others get a graver one where one came under them."""
        made = []
        for number, (at, by) in self._grown.items():
            cover = self._known[number]
            found = _severity(
                [one for one in self._known.values() if cover.id in one.related and not one.subject.shared]
            )
            if cover.suggested is None or found.severity < cover.suggested.severity:
                self._write(number, found, at, by)
            if cover.suggested is None:
                made.append(self._known[number])
        return made

    def _look(self) -> None:
        """Reads what may be near, once."""
        if self._since is not None:
            for one in unresolved_since(self.writing, self._since - self.window - timedelta(minutes=1)):
                self._know(one)
            self._since = None

    def _know(self, incident: Incident) -> None:
        if incident.number not in self._known:
            for share in shares(incident.subject, self.settings):
                self._sharing.setdefault(share, set()).add(incident.number)
            self._known[incident.number] = incident

    def _near(
        self, share: Share, but: int, at: datetime, which: Callable[[Incident], bool] = lambda _: True
    ) -> Iterator[Incident]:
        """Those that share this, were seen within the window and are meant by `which`, the oldest first."""
        for number in sorted(self._sharing[share]):
            if number != but and which(self._known[number]) and self._is_near(number, at):
                yield self._known[number]

    def _shares_any(self, one: Incident, things: Sequence[Share]) -> bool:
        return any(one.number in self._sharing[share] for share in things)

    def _is_near(self, number: int, at: datetime) -> bool:
        """Whether an instant is within the window around an incident; an alert may come late, and be older than it."""
        one = self._known[number]
        last = max(one.last_seen, self._last.get(number, one.last_seen))
        return one.detected_at - self.window <= at <= last + self.window

    def _covers(self, share: Share) -> Incident | None:
        """The incident that covers all that share this, if one is open."""
        if share not in self._covering:
            alike = self.writing.alike(share.subject.fingerprint or "")
            self._covering[share] = next((one for one in alike if not one.closed and not one.is_resolved), None)
            if found := self._covering[share]:
                self._know(found)
        return self._covering[share]

    def _open(self, share: Share, at: datetime, by: str) -> Incident:
        before = self.writing.alike(share.subject.fingerprint or "")
        opened = Opened(
            title=share.title, detected_at=at, source="monitoring", subject=share.subject, recurring=bool(before)
        )
        made = self.writing.open(opened, by=by, at=at)
        self._know(made)
        self._covering[share] = made
        if before:
            self._relate(made.number, before[0].number, "the same, resolved before", at, by)
        return made

    def _put_under(self, cover: Incident, number: int, share: Share, at: datetime, by: str) -> None:
        if cover.id not in self._known[number].related:
            self._relate(number, cover.number, f"it covers all that use {share.words}", at, by)
            self._relate(cover.number, number, f"it uses {share.words}", at, by)
            self._grown[cover.number] = (at, by)

    def _relate(self, number: int, other: int, why: str, at: datetime, by: str) -> None:
        self._write(number, payload_of("related", {"incident": f"INC-{other}", "why": why}), at, by)

    def _write(self, number: int, payload: Payload, at: datetime, by: str) -> None:
        self._known[number] = self.writing.add(number, payload, by=by, at=at)


def _of_one_client(one: Incident, other: Incident) -> bool:
    """Whether both are known to be the same client's."""
    apart = one.client is None or one.subject.shared is not None or other.subject.shared is not None
    return not apart and one.client == other.client


def _severity(under: Sequence[Incident]) -> SeveritySuggested:
    """What the incidents under one suggest for it: by how many workflows are down (SEV-P2), and no less than any of them."""
    flows = {(one.subject.instance, one.subject.workflow_id or one.subject.workflow or one.id) for one in under}
    clients = len({one.client or one.id for one in under})
    found = suggest(SeverityFacts(alert_fired=True, failing=True, workflows_down=len(flows)))
    reasons = (*found.reasons, f"as far as is known, {clients} clients are affected")
    gravest = min((one for one in under if one.severity), key=lambda one: str(one.severity), default=None)
    if gravest is None or gravest.severity is None or gravest.severity >= found.suggested:
        return SeveritySuggested(severity=found.suggested, reasons=reasons)
    return SeveritySuggested(severity=gravest.severity, reasons=(f"{gravest.id} alone is {gravest.severity}", *reasons))
