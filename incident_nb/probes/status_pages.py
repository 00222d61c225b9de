"""What status pages say, in one form: their JSON and feeds in, incidents with times, impact and parts out.

One small function a format, and a row of `FORMATS`. A document that is not of its format raises `UnreadableError`: a
page that can't be read has said nothing, which is not the same as no incident. Where a format is described:

- statuspage: https://confluence.status.atlassian.com/api (every page of Atlassian Statuspage has this one)
- incident_io: https://docs.incident.io/status-pages/api; its pages answer at Statuspage's paths, too, in that shape
- google: https://www.google.com/appsstatus/dashboard/ ("JSON History"), the same for Cloud and Ads
- slack: https://docs.slack.dev/reference/slack-status-api
- instatus: https://instatus.com/help/api/public-data
- betterstack: https://betterstack.com/docs/uptime/status-pages/subscribing-to-status-updates/subscribing-to-api
- statusio: https://kb.status.io/developers/public-status-api
- zendesk: https://developer.zendesk.com/api-reference/status_api/status_api/
- aws: what the AWS Health Dashboard itself loads; not documented, UTF-16
- azure, feed: RSS 2.0 and Atom
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from incident_nb.probes.feeds import azure, feed
from incident_nb.probes.status_reading import (
    Impact,
    Incident,
    UnreadableError,
    impact_of,
    json_of,
    list_of,
    name_of,
    object_of,
    parts_of,
    rows_of,
    time_of,
)

Parse = Callable[[bytes], list[Incident]]


class Format(NamedTuple):
    """How to ask a kind of page: the paths under its address, how to read them, whether they keep what is over.

    `also`: paths that add maintenance, and may be missing. `telling`: an empty answer says that nothing is wrong; not so
    where it may be empty for other reasons.
    """

    parse: Parse
    paths: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    history: bool = True
    telling: bool = True


def statuspage(body: bytes) -> list[Incident]:
    """Atlassian Statuspage: incidents.json, or scheduled-maintenances.json."""
    page = object_of(body)
    planned = "scheduled_maintenances" in page
    return [_of_statuspage(row, planned) for row in rows_of(page, "scheduled_maintenances" if planned else "incidents")]


def _of_statuspage(row: Any, planned: bool) -> Incident:
    updates = [update for update in row.get("incident_updates") or () if isinstance(update, dict)]
    named = [
        *(row.get("components") or ()),
        *(part for one in updates for part in one.get("affected_components") or ()),
    ]
    state = str(row.get("status") or "")
    over = time_of(row.get("resolved_at")) or (
        time_of(row.get("updated_at")) if state in ("resolved", "postmortem", "completed") else None
    )
    if planned:
        begun = time_of(row.get("scheduled_for")) or time_of(row.get("created_at"))
        over = over or time_of(row.get("scheduled_until"))
    else:
        begun = time_of(row.get("started_at")) or time_of(row.get("created_at"))
    return Incident(
        name_of(row.get("name")), begun, over, state, impact_of(row.get("impact")), parts_of(named), planned
    )


def google(body: bytes) -> list[Incident]:
    """Google's dashboards: incidents.json."""
    impacts: dict[Any, Impact] = {
        "SERVICE_OUTAGE": "critical", "SERVICE_DISRUPTION": "major", "SERVICE_INFORMATION": "minor",
    }  # fmt: skip
    found = []
    for row in list_of(json_of(body)):
        latest = row.get("most_recent_update") or {}
        parts = parts_of([*(row.get("affected_products") or ()), row.get("service_name")], key="title")
        found.append(
            Incident(
                name_of(row.get("external_desc")), time_of(row.get("begin")), time_of(row.get("end")),
                str(latest.get("status") or "").replace("_", " ").lower(),
                impacts.get(row.get("status_impact"), "unknown"), parts,
            )
        )  # fmt: skip
    return found


def slack(body: bytes) -> list[Incident]:
    """Slack: current (what goes on) or history (a list of what was). An incident ends with its last change."""
    page = json_of(body)
    rows = list_of(page) if isinstance(page, list) else rows_of(object_of(body), "active_incidents")
    impacts: dict[Any, Impact] = {"outage": "critical", "incident": "minor", "notice": "none"}
    found = []
    for row in rows:
        state, kind = str(row.get("status") or ""), row.get("type")
        over = time_of(row.get("date_updated")) if state in ("resolved", "completed", "cancelled") else None
        found.append(
            Incident(
                name_of(row.get("title")), time_of(row.get("date_created")), over, state,
                impacts.get(kind, "unknown"), parts_of(row.get("services") or ()), kind == "maintenance",
            )
        )  # fmt: skip
    return found


def instatus(body: bytes) -> list[Incident]:
    """Instatus: summary.json, which holds only what goes on."""
    page = object_of(body)
    if not isinstance(page.get("page"), dict) or "status" not in page["page"]:
        raise UnreadableError("it has no page with a status, as Instatus pages have")
    impacts: dict[Any, Impact] = {
        "MAJOROUTAGE": "critical", "PARTIALOUTAGE": "major", "MINOROUTAGE": "minor", "DEGRADEDPERFORMANCE": "minor",
        "OPERATIONAL": "none",
    }  # fmt: skip
    found = []
    for row in list_of(page.get("activeIncidents") or []):
        state, begun = str(row.get("status") or "").lower(), time_of(row.get("started"))
        found.append(
            Incident(name_of(row.get("name")), begun, None, state, impacts.get(row.get("impact"), "unknown"))
        )  # fmt: skip
    for row in list_of(page.get("activeMaintenances") or []):
        begun = time_of(row.get("start"))
        lasts = str(row.get("duration") or "")
        until = begun + timedelta(minutes=int(lasts)) if begun and lasts.isdigit() and len(lasts) < 7 else None
        state = str(row.get("status") or "").lower()
        found.append(Incident(name_of(row.get("name")), begun, until, state, "unknown", (), True))
    return found


def betterstack(body: bytes) -> list[Incident]:
    """Better Stack: index.json; its status reports, with the resources that they name."""
    page = object_of(body)
    if not isinstance(page.get("data"), dict) or page["data"].get("type") != "status_page":
        raise UnreadableError("it is no status page of Better Stack")
    included = list_of(page.get("included") or [])
    names = {
        str(row.get("id")): (row.get("attributes") or {}).get("public_name")
        for row in included
        if row.get("type") == "status_page_resource"
    }
    impacts: dict[Any, Impact] = {"downtime": "critical", "degraded": "major", "maintenance": "unknown"}
    found = []
    for row in (row for row in included if row.get("type") == "status_report"):
        told = row.get("attributes") or {}
        touched = [part for part in told.get("affected_resources") or () if isinstance(part, dict)]
        worst = {str(part.get("status")) for part in touched}
        impact: Impact = next(
            (impacts[state] for state in ("downtime", "degraded", "maintenance") if state in worst), "unknown"
        )
        over = time_of(told.get("ends_at"))
        parts = parts_of(names.get(str(part.get("status_page_resource_id"))) for part in touched)
        planned = told.get("report_type") == "maintenance"
        state = str(told.get("aggregate_state") or "")
        found.append(
            Incident(name_of(told.get("title")), time_of(told.get("starts_at")), over, state, impact, parts, planned)
        )
    return found


def statusio(body: bytes) -> list[Incident]:
    """Status.io: the public status API, which holds only what goes on and what is planned."""
    result = object_of(body).get("result")
    if not isinstance(result, dict) or "status_overall" not in result:
        raise UnreadableError("it has no overall status, as pages of Status.io have")
    found = []
    for row in list_of(result.get("incidents") or []):
        messages = [message for message in row.get("messages") or () if isinstance(message, dict)]
        codes = [message.get("status") for message in messages]
        code = max((code for code in codes if isinstance(code, int)), default=0)
        # Its codes: 300 degraded performance, 400 partial disruption, 500 disruption, 600 security event.
        impact: Impact = (
            "critical" if code >= 500 else "major" if code >= 400 else "minor" if code >= 300 else "unknown"
        )
        parts = parts_of(row.get("components_affected") or ())
        begun = time_of(row.get("datetime_open"))
        found.append(
            Incident(name_of(row.get("name")), begun, time_of(row.get("datetime_resolved")), "open", impact, parts)
        )
    planned = result.get("maintenance") or {}
    for row in list_of([*(planned.get("active") or ()), *(planned.get("upcoming") or ())]):
        begun, until = time_of(row.get("datetime_planned_start")), time_of(row.get("datetime_planned_end"))
        parts = parts_of(row.get("components_affected") or ())
        found.append(Incident(name_of(row.get("name")), begun, until, "planned", "unknown", parts, True))
    return found


def zendesk(body: bytes) -> list[Incident]:
    """Zendesk: api/incidents/active, which holds only what goes on; services are named beside a single incident only."""
    page = object_of(body)
    if "data" not in page:
        raise UnreadableError("it holds no data, as Zendesk's answers do")
    rows = list_of(page["data"] if isinstance(page["data"], list) else [page["data"]])
    included = [row for row in page.get("included") or () if isinstance(row, dict) and row.get("type") == "service"]
    parts = parts_of(row.get("attributes") for row in included) if len(rows) == 1 else ()
    found = []
    for told in (row.get("attributes") or {} for row in rows):
        impact: Impact = "critical" if told.get("outage") is True else impact_of(told.get("impact"))
        begun, over = time_of(told.get("started_at")), time_of(told.get("resolved_at"))
        found.append(Incident(name_of(told.get("title")), begun, over, str(told.get("status") or ""), impact, parts))
    return found


def aws(body: bytes) -> list[Incident]:
    """AWS: public/currentevents, what goes on and what was just resolved (status 0)."""
    impacts: dict[str, Impact] = {"1": "minor", "2": "major", "3": "critical"}
    found = []
    for row in list_of(json_of(body)):
        hit = row.get("impacted_services")
        named = [
            row.get("service"),
            row.get("service_name"),
            row.get("region_name"),
            *(hit if isinstance(hit, dict) else ()),
        ]
        state = str(row.get("status"))
        over = time_of(row.get("end_time")) or (_last_entry(row) if state == "0" else None)
        words = name_of(row.get("summary"))
        # A resolved one has no impact left; what it was, the feed does not keep.
        impact: Impact = impacts.get(state, "unknown")
        found.append(
            Incident(
                words, time_of(row.get("date")), over, "resolved" if state == "0" else "open", impact, parts_of(named)
            )
        )
    return found


def _last_entry(row: Any) -> datetime | None:
    times = [time_of(entry.get("timestamp")) for entry in row.get("event_log") or () if isinstance(entry, dict)]
    return max((at for at in times if at), default=None) or time_of(row.get("date"))


FORMATS = {
    "statuspage": Format(statuspage, ("/api/v2/incidents.json",), ("/api/v2/scheduled-maintenances.json",)),
    "incident_io": Format(statuspage, ("/api/v2/incidents.json",)),
    "google": Format(google, ("/incidents.json",)),
    "slack": Format(slack, ("/api/v2.0.0/current", "/api/v2.0.0/history")),
    "instatus": Format(instatus, ("/summary.json",), history=False),
    "betterstack": Format(betterstack, ("/index.json",), history=False),
    "statusio": Format(statusio, history=False),
    "zendesk": Format(zendesk, ("/api/incidents/active",), history=False),
    "aws": Format(aws, ("/public/currentevents",), history=False),
    # A mirror of Azure's feed was seen empty during an outage (July 2026), so an empty one says nothing.
    "azure": Format(azure, history=False, telling=False),
    "feed": Format(feed),
}
