"""When a workflow on a server fires next: the rules of its Schedule Triggers as it runs, and its time zone."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from incident_nb.n8n import schedules
from incident_nb.n8n.schedules import Rule
from incident_nb.probes.target import running_nodes
from incident_nb.readers.node_input import as_dict

Json = dict[str, Any]


def rules_of(flow: Json) -> list[Rule] | None:
    """The rules by which a workflow starts, as it runs; none where it has no schedule, None where one can't be read."""
    return schedules.rules_of(running_nodes(flow))


def zone_of(flow: Json) -> ZoneInfo | None:
    """A workflow's own time zone; None where it has that of its server, which the API does not tell, or none known here."""
    name = as_dict(flow.get("settings")).get("timezone")
    try:
        return ZoneInfo(name) if isinstance(name, str) and name not in ("", "DEFAULT") else None
    except (ValueError, OSError, KeyError):  # the last one: this machine does not know it
        return None
