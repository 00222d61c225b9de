"""What did not happen while a workflow was stopped: no execution tells of it, so that no retry makes up for it."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile

from incident_nb.actions.schedules import rules_of, zone_of
from incident_nb.actions.sight import Sight
from incident_nb.actions.target import starts_of
from incident_nb.actions.wording import named
from incident_nb.n8n.schedules import times
from incident_nb.readers.node_input import Json
from incident_nb.record import Incident

MOST = 10_000  # runs of a schedule that are counted


def missed(incident: Incident, instance: str, sight: Sight) -> list[str]:
    """A sentence for each workflow of a server that was stopped for an incident: from when to when, and what that left out."""
    found = []
    for one in incident.held.values():
        if one.instance != instance or one.state == "runs" or one.since is None:
            continue
        since = f"{one.since:%Y-%m-%d %H:%M}"
        if one.state != "restored":
            found.append(f"{one.workflow} is stopped since {since} UTC: nothing starts it.")
            continue
        left = _left_out(sight.workflow(one.workflow_id), one.since, one.at)
        found.append(f"{one.workflow} was stopped from {since} to {one.at:%Y-%m-%d %H:%M} UTC: {left}.")
    return found


def _left_out(flow: Json | None, since: datetime, until: datetime) -> str:
    """What a workflow did not do in this time, by its triggers."""
    starts = starts_of(flow) if flow else ()
    if flow is None or not starts:
        return "what would have started it meanwhile did not"
    count = _by_schedule(flow, since, until)
    if count is None:
        return f"what {named(starts)} would have started meanwhile did not run, and n8n kept nothing of it"
    runs = f"{'at least ' if count >= MOST else ''}{count:,} run{'s' * (count != 1)} of its schedule did not happen"
    others = [name for name in starts if not _is_schedule(flow, name)]
    return f"{runs}{f', nor what {named(others)} would have started' if others else ''}"


def _by_schedule(flow: Json, since: datetime, until: datetime) -> int | None:
    """How often its schedule would have fired; None where it has none, or one that can't be read."""
    rules, zone = rules_of(flow), zone_of(flow)
    if not rules or (zone is None and any(rule.local for rule in rules)):
        return None
    fired = takewhile(lambda at: at <= until, times(rules, zone, since, since))
    return sum(1 for _ in zip(range(MOST), fired, strict=False))


def _is_schedule(flow: Json, name: str) -> bool:
    nodes = flow.get("activeVersion") or flow
    kinds = {node.get("name"): str(node.get("type")).lower() for node in nodes.get("nodes") or []}
    return kinds.get(name, "").endswith(("scheduletrigger", "cron", "interval"))
