"""The incident document (DOC-1) under the procedure's headings: for the house, kept in the client's folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from incident_nb.documents.client_facts import sentence, things_of
from incident_nb.documents.gaps import gaps_of
from incident_nb.documents.plain import BLANK
from incident_nb.escape import markdown_text, printable
from incident_nb.incidents import Event
from incident_nb.incidents.events import corrected
from incident_nb.incidents.kinds.acting import Restored, Stopped
from incident_nb.incidents.kinds.diagnosing import Diagnosed, named
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.payload import Payload
from incident_nb.models import Cause
from incident_nb.policy import load, usable_calendar
from incident_nb.policy.clocks import zone
from incident_nb.public import without_others
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.resources import templates
from incident_nb.settings import Settings

# What of the record is no line of the timeline: notes on the paperwork itself, and what is only half of something.
NOT_TOLD = frozenset({
    "severity_suggested", "retrying", "stopping", "worded", "waived", "documented", "billing_classified", "billing_approved",
    "prevention", "prevented", "related", "imported", "corrected", "reminded", "investigated", "scheduled", "harmed",
})  # fmt: skip


class Line(NamedTuple):
    """A line of the timeline: the time of day and what happened."""

    time: str
    text: str


class Facts(NamedTuple):
    """All that the document says. Times are in the client's zone; `days` are the timeline's days with their lines."""

    title: str
    date: str
    severity: str
    duration: str
    zone: str
    days: tuple[tuple[str, tuple[Line, ...]], ...]
    cause: tuple[str, ...]
    resolution: tuple[str, ...]
    impact: tuple[str, ...]
    steps: tuple[str, ...]
    actions: tuple[tuple[bool, str], ...]
    gaps: tuple[str, ...]


def incident_document(incident: Incident, events: Sequence[Event], settings: Settings, now: datetime) -> str:
    """The document as Markdown, made at `now` from the record; what the record does not say is a blank that is pointed out.

    No secret and no name of another client is in it.
    """
    others = settings.other_clients(incident.client)

    def shown(text: str) -> str:
        return text if text == BLANK else markdown_text(without_others(redact_text(printable(text)), others))

    facts = facts_of(incident, events, settings, now)
    return _environment().get_template("incident.md.j2").render(f=facts, shown=shown).strip() + "\n"


def facts_of(incident: Incident, events: Sequence[Event], settings: Settings, now: datetime) -> Facts:
    """What the document says of an incident at `now`."""
    calendar, _ = usable_calendar(settings, incident.client)
    name = calendar.time_zone if calendar else "UTC"
    days = tuple(
        (f"{day:%A}, {day.day} {day:%B %Y}", tuple(line for _, line in lines))
        for day, lines in groupby(_timeline(incident, events, name), key=lambda row: row[0])
    )
    gaps = [gap for gap in gaps_of(incident, settings, now) if "incident" in gap.of]
    return Facts(
        title=" ".join(incident.title.split()) or incident.id,
        date=f"{incident.detected_at.astimezone(zone(name)):%Y-%m-%d}",
        severity=str(incident.severity or BLANK),
        duration=_duration(incident),
        zone=name,
        days=days,
        cause=tuple(_cause(incident, events)) or (BLANK,),
        resolution=tuple(_resolution(incident)) or (BLANK,),
        impact=tuple(_impact(incident, name)) or (BLANK,),
        steps=tuple(sentence(one.text) for one in incident.prevention if one.done_at),
        actions=tuple(_action(incident, name)) or ((False, BLANK),),
        gaps=tuple(f"{gap.what}{f' (left: {gap.waived})' if gap.waived else ''}" for gap in gaps),
    )


def brief_description(incident: Incident, others: Iterable[str] = ()) -> str:
    """What the file is called for: the workflow and the cause, or the title; for a path, made safe elsewhere.

    Of `others`, the codes and names of other clients, it names none.
    """
    cause = incident.cause.cause if incident.cause else incident.subject.suspected
    about = without_others(re.sub(r"^\s*\[[^\]]*\]", "", incident.subject.workflow or incident.title).strip(), others)
    return f"{about} {cause.replace('_', ' ')}" if cause and cause is not Cause.UNKNOWN else about


def _timeline(incident: Incident, events: Sequence[Event], name: str) -> Iterable[tuple[date, Line]]:
    """The lines in the order in which things happened, as they stand after all corrections; the like after each other is one."""
    stands = corrected(events)
    rows: list[tuple[datetime, Payload | None, str]] = []
    for event in events:
        payload, at = stands[event.seq]
        if payload is not None and event.kind not in NOT_TOLD:
            when = min(at, payload.detected_at) if isinstance(payload, Opened) else at
            rows.append((when, payload, _named(payload, incident).told()))
    if begun := incident.acknowledged[:1]:
        rows.append((begun[0].at, None, "Diagnosis started"))
    rows.sort(key=lambda row: row[0])
    turned = len({row[0].astimezone(zone(name)).utcoffset() for row in rows}) > 1  # the clocks, meanwhile
    for kind, group in groupby(rows, key=lambda row: row[1].kind if row[1] and row[1].kind in SUMMED else id(row)):
        several = list(group)
        there = several[0][0].astimezone(zone(name))
        offset = f" (UTC{there.isoformat()[-6:]})" if turned else ""
        text = several[0][2] if len(several) == 1 else SUMMED[str(kind)]([row[1] for row in several])
        yield there.date(), Line(f"{there:%H:%M}{offset}", " ".join(text.split()))


def _named(payload: Payload, incident: Incident) -> Payload:
    """What was stopped and put back, with the workflows' names in place of their ids."""
    if not isinstance(payload, Stopped | Restored):
        return payload
    names = {one.workflow_id: f"“{one.workflow}”" for one in incident.held.values()}
    left = {names.get(one, one): why for one, why in payload.left.items()}
    return payload.model_copy(
        update={"workflows": tuple(names.get(one, one) for one in payload.workflows), "left": left}
    )


def _failed_again(rows: Sequence[Any]) -> str:
    return f"It failed {sum(row.count for row in rows)} times more"


def _retried(rows: Sequence[Any]) -> str:
    well = sum(row.state == "well" for row in rows)
    bad = f", {len(rows) - well} did not" if well < len(rows) else ""
    return f"{len(rows)} failed executions retried: {well} went well{bad}"


def _watched(rows: Sequence[Any]) -> str:
    good = sum(row.good for row in rows)
    bad = f", {len(rows) - good} did not" if good < len(rows) else ""
    return f"{len(rows)} runs after the fix watched: {good} went well{bad}"


SUMMED: dict[str, Callable[[Sequence[Any]], str]] = {
    "occurred": _failed_again,
    "retried": _retried,
    "run_watched": _watched,
}
"""Kinds of which several after each other are one line, and how it is written."""


def _duration(incident: Incident) -> str:
    """From detection to resolution, in words."""
    end = incident.resolved_at
    if end is None:
        return "not resolved yet"
    again = f"; it came back {len(incident.reopened)} times" if len(incident.reopened) > 1 else "; it came back once"
    return span(end - incident.detected_at) + (again if incident.reopened else "")


def span(length: timedelta) -> str:
    """A length of time in days, hours and minutes, at most two of them."""
    minutes = max(round(length / timedelta(minutes=1)), 0)
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "day"), (rest // 60, "hour"), (rest % 60, "minute")]
    told = [f"{count} {name}{'s' * (count != 1)}" for count, name in parts if count]
    return " ".join(told[:2]) or "less than a minute"


def _cause(incident: Incident, events: Sequence[Event]) -> Iterable[str]:
    """The cause as accepted, what spoke for it, and what was ruled out."""
    cause = incident.cause
    if cause is not None and cause.cause is not Cause.UNKNOWN:
        yield sentence(f"{named(cause.cause, cause.detail)}{f': {cause.text}' if cause.text else ''}")
    found = [payload for payload, _ in corrected(events).values() if isinstance(payload, Diagnosed)]
    if found:
        newest = found[0]  # the newest comes first
        sure = f" ({newest.confidence:.0%} sure)" if cause is None or newest.cause is not cause.cause else ""
        yield sentence(f"The evidence{sure}: {newest.headline}")
    about = incident.subject
    where = [f"workflow “{about.workflow}”" if about.workflow else "", f"node “{about.node}”" if about.node else ""]
    if any(where):
        yield sentence(f"Where: {', '.join(filter(None, where))}{f', on {about.instance}' if about.instance else ''}")
    if about.error:
        yield sentence(f"The error: {about.error[:500]}")
    for one in incident.rejected:
        yield sentence(f"Ruled out: {named(one.cause, one.detail)} ({one.text})")


def _resolution(incident: Incident) -> Iterable[str]:
    """What was done about it: for the time being, the rows that were ticked, the fix, and how it was verified."""
    if around := incident.workaround:
        yield sentence(f"Workaround: {around.text}")
    if stopped := [one for one in incident.held.values() if one.state != "runs"]:
        again = {one.workflow for one in stopped if one.state == "restored"}
        still = [one.workflow for one in stopped if one.workflow not in again]
        yield sentence(f"Stopped meanwhile: {', '.join(f'“{one.workflow}”' for one in stopped)}")
        if again:
            rest = f"; still stopped: {', '.join(f'“{name}”' for name in still)}" if still else ""
            yield sentence(
                f"Put back in the version that ran: {', '.join(f'“{name}”' for name in sorted(again))}{rest}"
            )
    rows = {row.id: row.resolution for row in load().resolutions} | {row.id: row.label for row in load().code_changes}
    for row, tick in sorted(incident.ticks.items()):
        if tick.done and row in rows:
            yield sentence(f"{row}, {rows[row]}{f': {tick.text}' if tick.text else ''}")
    if incident.fixed:
        yield sentence(f"Fix: {incident.fixed.text}")
    if incident.is_resolved:
        good, own = incident.watched.good, incident.resolved[-1].text
        yield sentence(f"Verified{f' by {good} good runs in a row' if good else ''}{f': {own}' if own else ''}")
    for row, why in sorted(incident.open_items.items()):
        yield sentence(f"Left open: {row} ({why})")


def _impact(incident: Incident, name: str) -> Iterable[str]:
    """What it did to data: runs, what was in them, what had been written, what was made up for."""
    harm = incident.harm
    if harm:
        since = harm.since.astimezone(zone(name))
        of = f" of {', '.join(f'“{flow}”' for flow in harm.workflows)}" if harm.workflows else ""
        yield sentence(f"Missed runs: {harm.failed:,}{of} since {since:%Y-%m-%d %H:%M}")
        if harm.items:
            yield sentence(f"In them: {things_of(harm.items)}")
        if harm.green:
            yield sentence(f"Incorrect outputs: {harm.green:,} runs looked well and were not")
        for node, runs in harm.wrote.items():
            yield sentence(f"“{node}” had written before {runs:,} of these runs failed")
        if harm.unseen:
            yield sentence(f"{harm.unseen:,} runs kept no data, so that what was in them is not counted")
    states = [one.state for one in incident.retries.values()]
    if states:
        well, bad = states.count("well"), states.count("failed")
        rest = len(states) - well - bad
        parts = [f"{well:,} well", f"{bad:,} failed" if bad else "", f"{rest:,} open" if rest else ""]
        yield sentence(f"Retried: {', '.join(filter(None, parts))}")
    if lost := incident.facts.get("data_loss"):
        yield sentence(f"Data was {'' if lost.true else 'not '}lost{f': {lost.text}' if lost.text else ''}")


def _action(incident: Incident, name: str) -> Iterable[tuple[bool, str]]:
    """The action items: whether each is done, and what, by whom, until when."""
    for one in incident.prevention:
        due = f"by {one.due.astimezone(zone(name)):%Y-%m-%d}" if one.due else "no date"
        yield one.done_at is not None, f"{one.text.rstrip('.')} ({one.owner or 'no owner'}, {due})"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates() / "documents"),
        autoescape=False,  # noqa: S701 - Markdown, each value through `shown`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
