"""Which incidents of a status page bear on the failures, and how much: time, part, share of the failures, impact."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from incident_nb.models import Cause
from incident_nb.probes.status_reading import Incident
from incident_nb.probes.target import Target
from incident_nb.probes.vendors import Meant

C = Cause
AFTER = timedelta(minutes=15)
BEFORE = timedelta(minutes=30)  # a page tells of an incident when somebody has looked, after the first failures
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov)?-[a-z]+-\d\b")
# What n8n talks to, where a row does not say how that is called on the page.
_API = re.compile(r"\bapis?\b", re.IGNORECASE)

Fits = Literal["ours", "perhaps", "unsure", "other"]


class Hit(NamedTuple):
    """An incident in the time of the failures: whether it is about what the node talks to, and how many of them it covers.

    `of`: of how many whose time is known.
    """

    incident: Incident
    fits: Fits
    covered: int
    of: int


def hits(incidents: list[Incident], meant: Meant, target: Target, begin: datetime, end: datetime) -> list[Hit]:
    """The incidents that overlap a time, the weightiest first."""
    times = _failure_times(target)
    found = [
        Hit(one, _fits(one, meant, target), sum(_within(one, at) for at in times), len(times))
        for one in incidents
        if one.state != "cancelled" and _overlaps(one, begin, end, target)
    ]
    found.sort(key=lambda hit: (weigh(hit, target).get(C.EXTERNAL_OUTAGE, 0.0), hit.covered), reverse=True)
    return found


def weigh(hit: Hit, target: Target) -> dict[Cause, float]:
    """What an incident speaks for and against; nothing for another part, without impact, or before and after failures."""
    one, ours = hit.incident, hit.fits == "ours"
    if hit.fits == "other" or one.impact == "none" or (hit.of and not hit.covered):
        return {}
    if hit.fits == "unsure" or (hit.of and hit.covered * 2 < hit.of):
        return {C.EXTERNAL_OUTAGE: 1.5}
    if one.maintenance:
        return {C.EXTERNAL_OUTAGE: 3.0 if ours else 2.0, C.TIMEOUT: 1.5}
    grave = one.impact in ("major", "critical") and one.ended is None and target.current
    outage = (8.0 if grave else 5.0) if ours else (5.0 if grave else 3.0)
    against = 0.5 if ours else 0.7
    return {
        C.EXTERNAL_OUTAGE: outage, C.TIMEOUT: 2.0 if ours else 1.5, C.RATE_LIMIT: 1.5,
        C.WORKFLOW_CONFIG: against, C.DATA_FORMAT: against, C.CREDENTIALS: against,
    }  # fmt: skip


def _overlaps(one: Incident, begin: datetime, end: datetime, target: Target) -> bool:
    if one.begun is None:  # it goes on, since when is not told
        return one.ended is None and target.current
    return one.begun <= end and (one.ended is None or one.ended >= max(begin, one.begun))


def _within(one: Incident, at: datetime) -> bool:
    return (one.begun is None or one.begun - BEFORE <= at) and (one.ended is None or at <= one.ended + AFTER)


def _fits(one: Incident, meant: Meant, target: Target) -> Fits:
    """Whether an incident is about what the node talks to, by the parts and regions that it names."""
    if not one.parts:
        return "perhaps"
    here = set(_REGION.findall((target.host or "").lower()))
    named = set(_REGION.findall(" ".join(one.parts).lower()))
    if here and named and not here & named:
        return "other"
    if meant.part:
        word = re.compile(rf"(?<![a-z0-9]){re.escape(meant.part.lower())}(?![a-z0-9])")
        return "ours" if any(word.search(name.lower()) for name in one.parts) else "other"
    if meant.vendor.parts:
        return "unsure"
    return "ours" if any(_API.search(name) for name in one.parts) else "perhaps"


def _failure_times(target: Target) -> list[datetime]:
    """When the failures were, as far as the records tell."""
    table = target.log.failures
    if table.empty or not target.failing_ids:
        return []
    mine = table[table["execution_id"].isin(target.failing_ids)]
    if target.instance is not None:
        mine = mine[mine["instance"] == target.instance]
    if target.node is not None and (at_node := mine["node"] == target.node).any():
        mine = mine[at_node]
    once = mine.dropna(subset=["at"]).drop_duplicates("execution_id")
    return [at.to_pydatetime().astimezone(UTC) for at in once["at"]]
