"""Which problems of a period were there more than once, and whether what was to prevent them was done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from incident_nb.patterns import Decisions
from incident_nb.record import Incident
from incident_nb.review.model import Prevented, Recurring
from incident_nb.review.period import Period


def recurring(
    incidents: Iterable[Incident], period: Period, now: datetime, decided: Decisions | None = None
) -> tuple[Recurring, ...]:
    """The problems of the period that came more than once, by their fingerprints; those with the most incidents first.

    `incidents` are the client's own, all that are on record: one of the period and one of before make a problem that
    recurs, and so does one that was reopened, or that was recurring when it was opened. Those of no fingerprint are each
    a problem of its own. `decided`: what people decided on problems.
    """
    problems: dict[str, list[Incident]] = {}
    for one in sorted(incidents, key=lambda one: (one.detected_at, one.number)):
        key = one.subject.fingerprint
        problems.setdefault((decided.of(key) if decided and key else key) or one.id, []).append(one)
    found = [
        _told(group, period, now)
        for group in problems.values()
        if any(_is_of(one, period) for one in group) and _came_again(group)
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.incidents), -one.came_back, one.title)))


def _is_of(one: Incident, period: Period) -> bool:
    """Whether it was detected in the period, or came back in it."""
    return any(period.has(at) for at in (one.detected_at, *(said.at for said in one.reopened)))


def _came_again(group: Sequence[Incident]) -> bool:
    return len(group) > 1 or any(one.reopened or one.recurring for one in group)


def _told(group: Sequence[Incident], period: Period, now: datetime) -> Recurring:
    newest = group[-1]
    again = [*(one.detected_at for one in group), *(said.at for one in group for said in one.reopened)]
    causes = dict.fromkeys(one.cause.cause for one in group if one.cause)
    return Recurring(
        workflow=newest.subject.workflow, title=newest.title, causes=tuple(causes),
        incidents=tuple(one.id for one in group), in_period=sum(_is_of(one, period) for one in group),
        came_back=sum(len(one.reopened) for one in group), failures=sum(one.occurrences for one in group),
        prevention=tuple(prevented for one in group for prevented in prevention(one, max(again), now)),
    )  # fmt: skip


def prevention(incident: Incident, last: datetime, now: datetime) -> tuple[Prevented, ...]:
    """An incident's actions and how far they are at `now`; `last`: when its problem came the last time."""
    found = []
    for action in incident.prevention:
        if done_at := action.done_at:
            state = "did_not_hold" if last > done_at else "done"
        else:
            state = "overdue" if action.due and action.due < now else "open"
        found.append(
            Prevented(
                incident=incident.id, text=action.text, owner=action.owner, due=action.due, done_at=done_at,
                state=state,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return tuple(found)
