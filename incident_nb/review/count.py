"""The review of a client and a period: a pure function of the incidents on record, an execution log and the instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import get_args

from incident_nb.documents.friday import friday_line
from incident_nb.executions import ExecutionLog
from incident_nb.models import Severity, Window
from incident_nb.patterns import decisions_of
from incident_nb.policy import bill, load, usable_calendar
from incident_nb.policy.clocks import Clock
from incident_nb.record import Incident
from incident_nb.review import sla
from incident_nb.review.again import recurring
from incident_nb.review.model import Hours, Line, Mention, Review, Stood, Week, counted
from incident_nb.review.period import Period, before, parts_of
from incident_nb.review.rates import runs_of
from incident_nb.said import Paid, Subject
from incident_nb.settings import Settings

WEEKS = 8  # how many weeks are shown at least, for what is usual
SHARED = {
    "credential": "a credential that several clients use",
    "host": "a host that several clients use",
    "vendor": "a third party that several clients use",
}
_SHARED_ELSE = "something that several clients use"


def review(
    incidents: Iterable[Incident],
    log: ExecutionLog | None,
    settings: Settings,
    client: str,
    period: Period,
    now: datetime,
    *,
    rounds: Mapping[int, tuple[Incident, ...]] | None = None,
    seen: Window | None = None,
    no_runs: str = "no execution log was read",
) -> Review:
    """What is told of a client's incidents over a period, as known at `now` (zone-aware).

    `incidents` may be everybody's: only the client's own are counted, and of those that cover several clients nothing is
    told but what is shared. One belongs to the period in which it was detected, by its true instant. `rounds`: by number, the
    incidents that came back as they were when each of their rounds but the last ended (`sla.earlier`). `log` may hold runs
    of others, too; `seen` is what it covers, where a part of it was left out here. Clocks follow the client's calendar
    (rows SEV-P1 to SEV-P4); without a readable one they count every hour, and `note` says so.
    """
    known = list(incidents)
    mine = sorted((one for one in known if one.client == client), key=lambda one: (one.detected_at, one.number))
    covering = _covering(known, mine)
    calendar, note = usable_calendar(settings, client)

    def line(one: Incident) -> Line:
        wider = tuple(sorted(covering.keys() & set(one.related)))
        clocks = sla.stood(one, now, calendar, (rounds or {}).get(one.number, ()))
        return _line(one, now, clocks, wider, _back_at(one, period))

    past = [one for one in mine if one.detected_at < period.until]
    told = [one for one in past if period.has(one.detected_at)]
    back = [one for one in past if one.detected_at < period.since and _back_at(one, period)]
    lines, relapses = tuple(map(line, told)), tuple(map(line, back))
    owner = settings.clients.get(client)
    return Review(
        client=client,
        name=owner.name if owner else None,
        period=period,
        now=now,
        lines=lines,
        relapses=relapses,
        older=tuple(
            one for one in map(line, past) if one.is_open and one.detected_at < period.since and one.back_at is None
        ),
        wider=tuple(line(covering[name]) for name in sorted({name for one in lines + relapses for name in one.wider})),
        weeks=_weeks(past, before(period, weeks=WEEKS)),
        attained=sla.attained(lines),
        spreads=sla.spreads(lines),
        mentions=_mentions([*back, *told], period, settings),
        recurring=recurring((one for one in past if not one.subject.shared), period, now, decisions_of(settings)),
        hours=_hours([one for one in told if not one.subject.shared], now, settings.billing.rate),
        rate=settings.billing.rate,
        hours_shared=sum(bool(one.subject.shared) for one in told),
        record_from=past[0].detected_at if past else None,
        runs=runs_of(log, client, period, seen) if log is not None else None,
        no_runs="" if log is not None else no_runs,
        note=note,
    )


def concerning(incidents: Iterable[Incident], client: str, until: datetime) -> tuple[Incident, ...]:
    """What a review of a client up to `until` is made from: its own incidents, and of those over several that cover them
    no more than how they went. Nothing in it names another client.
    """
    known = list(incidents)
    mine = [one for one in known if one.client == client and one.detected_at < until]
    return tuple(map(nameless, (*mine, *_covering(known, mine).values())))


def _covering(known: Sequence[Incident], mine: Sequence[Incident]) -> dict[str, Incident]:
    """The incidents over several clients that cover some of the client's, by id."""
    near = {name for one in mine for name in one.related} - {one.id for one in mine}
    return {one.id: one for one in known if one.subject.shared and one.id in near}


def nameless(one: Incident) -> Incident:
    """The incident; of one over several clients how it went, and nothing that could name one of them."""
    if not one.subject.shared:
        return one
    kept = ("number", "version", "client", "detected_at", "opened_at", "last_seen", "changed_at", "occurrences")
    went = {
        name: tuple(said.model_copy(update={"text": "", "by": ""}) for said in getattr(one, name))
        for name in ("acknowledged", "resolved", "reopened", "notices")
    }
    judged = {
        name: value.model_copy(update={"text": "", "by": ""})
        for name in ("suggested", "chosen", "cause", "closed")
        if (value := getattr(one, name)) is not None
    }
    spans = tuple(span.model_copy(update={"why": ""}) for span in one.waiting)
    kind = (one.subject.shared or "").partition(":")[0]
    bare = Incident(title="", subject=Subject(shared=kind or "shared"), **{name: getattr(one, name) for name in kept})
    return bare.model_copy(update={**went, **judged, "waiting": spans})


def _back_at(one: Incident, period: Period) -> datetime | None:
    """When it came back in the period, first."""
    return min((said.at for said in one.reopened if period.has(said.at)), default=None)


def _line(
    one: Incident, now: datetime, clocks: dict[Clock, Stood], wider: tuple[str, ...], back_at: datetime | None
) -> Line:
    shared = one.subject.shared
    return Line(
        id=one.id,
        title=None if shared else one.title,
        workflow=None if shared else one.subject.workflow,
        shared=SHARED.get(shared.partition(":")[0], _SHARED_ELSE) if shared else None,
        severity=one.severity,
        cause=one.cause.cause if one.cause else None,
        detected_at=one.detected_at,
        resolved_at=one.resolved_at,
        closed=one.closed is not None,
        waiting=one.is_waiting,
        came_back=len(one.reopened),
        took=sla.took(one),
        waited=sla.waited(one, now),
        clocks=clocks,
        wider=wider,
        back_at=back_at,
    )


def _weeks(mine: Sequence[Incident], whole: Period) -> tuple[Week, ...]:
    edges = parts_of(whole, days=7)
    return tuple(
        Week(since=begin, counts=counted(one.severity for one in mine if begin <= one.detected_at < end))
        for begin, end in pairwise(edges)
    )


def _mentions(told: Sequence[Incident], period: Period, settings: Settings) -> tuple[Mention, ...]:
    """The P3s of the period, each with its line (NOT-P3); those over several clients have none.

    One that came back is told again, whatever was said of it before the period.
    """
    rows = [one for one in told if one.severity is Severity.P3 and not one.subject.shared]
    lines = ((one, friday_line(one, settings)) for one in rows)
    return tuple(
        Mention(
            incident=one.id,
            text=text,
            told_at=min(
                (sent.at for sent in one.notices if sent.at >= (_back_at(one, period) or one.detected_at)), default=None
            ),
        )
        for one, text in lines
        if text
    )


def _hours(told: Sequence[Incident], now: datetime, rate: str) -> tuple[Hours, ...]:
    """The hours by billing class and by what they use, in the order of the policy's rows; those that nobody has
    classified last.
    """
    bills = [(one, bill(one, now, rate=rate)) for one in told]
    found = []
    for row in (*load().billing, None):
        for uses in (*get_args(Paid), None):
            here = [
                (one, due)
                for one, due in bills
                if due.row == (row.id if row else None) and (due.uses if due.billable else None) == uses
            ]
            if not here:
                continue
            open_ones = [due for one, due in here if one.billing is None or one.billing.hours is None]
            found.append(
                Hours(
                    row=row.id if row else None, label=row.cause if row else "Nobody has said who pays",
                    billable=row.billable if row else None, uses=uses, incidents=len(here),
                    hours=round(sum(due.hours for _, due in here), 2),
                    proposed=round(sum(due.hours for due in open_ones), 2),
                    amount=round(sum(due.amount or 0 for _, due in here), 2) if row and uses != "allocation" else None,
                )
            )  # fmt: skip
    return tuple(found)
