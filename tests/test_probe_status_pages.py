"""Each format of status page: documents of the documented shape read in full, and others turned away in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from incident_nb.probes.status_pages import FORMATS
from incident_nb.probes.status_reading import Incident, UnreadableError, name_of, time_of


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def parsed(kind: str, document: Any) -> list[Incident]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return FORMATS[kind].parse(body)


def test_statuspage() -> None:
    page = {
        "page": {"id": "4g2my7tbhjsq", "name": "Shop", "url": "https://status.shop.example"},
        "incidents": [
            {
                "id": "a", "name": "API errors", "status": "resolved", "impact": "major",
                "created_at": "2026-03-09T01:00:00.123-07:00", "started_at": "2026-03-09T00:50:00.000-07:00",
                "monitoring_at": "2026-03-09T02:00:00.000-07:00", "resolved_at": "2026-03-09T02:30:00.000-07:00",
                "components": [{"id": "1", "name": "API"}, {"id": "2", "name": "Dashboard"}],
                "incident_updates": [
                    {"status": "resolved", "body": "…", "affected_components": [{"code": "1", "name": "API"}]},
                    {"status": "investigating", "body": "…", "affected_components": None},
                ],
            },
            {
                "id": "b", "name": "Slow\n search", "status": "investigating", "impact": "none",
                "created_at": "2026-03-09T07:00:00Z", "resolved_at": None, "components": [], "incident_updates": [],
            },
        ],
    }  # fmt: skip
    assert parsed("statuspage", page) == [
        Incident(
            "API errors", at("2026-03-09T07:50"), at("2026-03-09T09:30"), "resolved", "major", ("API", "Dashboard")
        ),
        Incident("Slow search", at("2026-03-09T07:00"), None, "investigating", "none"),
    ]


def test_statuspage_maintenance() -> None:
    row = {
        "name": "Database upgrade", "impact": "maintenance", "created_at": "2026-03-01T00:00:00Z",
        "scheduled_for": "2026-03-09T06:00:00Z", "scheduled_until": "2026-03-09T08:00:00Z", "components": [],
    }  # fmt: skip
    page = {
        "scheduled_maintenances": [
            {**row, "status": "in_progress"},
            {**row, "status": "completed", "resolved_at": "2026-03-09T07:10:00Z"},
        ]
    }
    going, done = parsed("statuspage", page)
    assert (going.begun, going.ended, going.maintenance) == (at("2026-03-09T06:00"), at("2026-03-09T08:00"), True)
    assert (done.ended, done.state, done.impact) == (at("2026-03-09T07:10"), "completed", "unknown")


def test_incident_io_answers_like_statuspage_with_less_in_it() -> None:
    page = {"incidents": [{"name": "Elevated errors", "status": "resolved", "impact": "minor",
                           "created_at": "2026-03-09T07:00:00Z", "updated_at": "2026-03-09T08:00:00Z"}]}  # fmt: skip
    assert parsed("incident_io", page) == [
        Incident("Elevated errors", at("2026-03-09T07:00"), at("2026-03-09T08:00"), "resolved", "minor")
    ]


def test_google() -> None:
    page = [
        {
            "id": "w1", "number": "1", "begin": "2026-03-09T07:00:00+00:00", "end": "2026-03-09T09:00:00+00:00",
            "external_desc": "Sheets API returns errors", "severity": "high", "status_impact": "SERVICE_OUTAGE",
            "service_name": "Google Sheets", "affected_products": [{"title": "Google Sheets", "id": "x"}],
            "most_recent_update": {"status": "AVAILABLE", "when": "2026-03-09T09:00:00+00:00"}, "updates": [],
        },
        {
            "id": "w2", "begin": "2026-03-09T07:30:00+00:00", "end": "", "external_desc": "Gmail is slow",
            "status_impact": "SERVICE_DISRUPTION", "service_name": "Multiple Products",
            "affected_products": [{"title": "Gmail", "id": "y"}, {"title": "Google Chat", "id": "z"}],
        },
        {"id": "w3", "begin": "2026-03-09T07:30:00+00:00", "external_desc": "Note", "status_impact": "SERVICE_INFORMATION"},
    ]  # fmt: skip
    assert parsed("google", page) == [
        Incident("Sheets API returns errors", at("2026-03-09T07:00"), at("2026-03-09T09:00"), "available", "critical",
                 ("Google Sheets",)),
        Incident("Gmail is slow", at("2026-03-09T07:30"), None, "", "major", ("Gmail", "Google Chat", "Multiple Products")),
        Incident("Note", at("2026-03-09T07:30"), None, "", "minor"),
    ]  # fmt: skip


SLACK = {
    "id": "546", "date_created": "2026-03-09T00:35:00-07:00", "date_updated": "2026-03-09T02:00:00-07:00",
    "title": "Trouble with connecting", "type": "outage", "status": "active", "url": "https://slack-status.com/x",
    "services": ["Apps/Integrations/APIs"], "notes": [{"date_created": "2026-03-09T00:35:00-07:00", "body": "…"}],
}  # fmt: skip


def test_slack() -> None:
    current = {"status": "active", "active_incidents": [SLACK], "date_created": "2026-03-09T00:35:00-07:00"}
    assert parsed("slack", current) == [
        Incident(
            "Trouble with connecting", at("2026-03-09T07:35"), None, "active", "critical", ("Apps/Integrations/APIs",)
        )
    ]
    assert parsed("slack", {"status": "ok", "active_incidents": []}) == []
    past = [
        {**SLACK, "status": "resolved"},
        {**SLACK, "type": "maintenance", "status": "scheduled"},
        {**SLACK, "type": "notice"},
    ]
    over, planned, note = parsed("slack", past)
    assert (over.ended, over.maintenance) == (at("2026-03-09T09:00"), False)
    assert (planned.ended, planned.maintenance) == (None, True)
    assert note.impact == "none"


def test_instatus() -> None:
    page = {
        "page": {"name": "Search", "url": "https://status.search.example", "status": "HASISSUES"},
        "activeIncidents": [
            {"name": "API down", "started": "Mon Mar 09 2026 08:55:50 GMT+0100 (Central European Standard Time)",
             "status": "INVESTIGATING", "impact": "MAJOROUTAGE"},
        ],
        "activeMaintenances": [
            {"name": "Upgrade", "start": "2026-03-09T07:00:00.000Z", "status": "INPROGRESS", "duration": "60"},
        ],
    }  # fmt: skip
    incident, planned = parsed("instatus", page)
    assert incident == Incident(
        "API down", datetime(2026, 3, 9, 7, 55, 50, tzinfo=UTC), None, "investigating", "critical"
    )
    assert (planned.begun, planned.ended, planned.maintenance) == (at("2026-03-09T07:00"), at("2026-03-09T08:00"), True)
    assert parsed("instatus", {"page": {"name": "Search", "url": "…", "status": "UP"}}) == []


def test_better_stack() -> None:
    page = {
        "data": {"id": "1", "type": "status_page", "attributes": {"aggregate_state": "degraded"}},
        "included": [
            {"id": "84", "type": "status_page_resource", "attributes": {"public_name": "Web endpoints"}},
            {"id": "85", "type": "status_page_resource", "attributes": {"public_name": "Sandboxes"}},
            {"id": "7", "type": "status_report", "attributes": {
                "title": "Web endpoints fail", "report_type": "manual", "starts_at": "2026-03-09T07:00:00.000Z",
                "ends_at": None, "aggregate_state": "downtime",
                "affected_resources": [{"status_page_resource_id": "84", "status": "downtime"}]}},
            {"id": "8", "type": "status_report", "attributes": {
                "title": "Upgrade", "report_type": "maintenance", "starts_at": "2026-03-09T07:00:00.000Z",
                "ends_at": "2026-03-09T08:00:00.000Z", "affected_resources": []}},
            {"id": "9", "type": "status_update", "attributes": {"message": "…"}},
        ],
    }  # fmt: skip
    assert parsed("betterstack", page) == [
        Incident("Web endpoints fail", at("2026-03-09T07:00"), None, "downtime", "critical", ("Web endpoints",)),
        Incident("Upgrade", at("2026-03-09T07:00"), at("2026-03-09T08:00"), "", "unknown", (), True),
    ]


def test_status_io() -> None:
    page = {
        "result": {
            "status_overall": {"updated": "2026-03-09T07:00:00.000Z", "status": "Partial", "status_code": 400},
            "status": [],
            "incidents": [
                {"_id": "1", "name": "Git is slow", "datetime_open": "2026-03-09T07:00:00.000Z",
                 "messages": [{"details": "…", "state": 100, "status": 400, "datetime": "2026-03-09T07:00:00.000Z"}],
                 "components_affected": [{"_id": "c", "name": "Git"}], "containers_affected": []},
            ],
            "maintenance": {
                "active": [], "upcoming": [
                    {"_id": "2", "name": "Failover", "datetime_planned_start": "2026-03-10T07:00:00.000Z",
                     "datetime_planned_end": "2026-03-10T08:00:00.000Z"}]},
        }
    }  # fmt: skip
    assert parsed("statusio", page) == [
        Incident("Git is slow", at("2026-03-09T07:00"), None, "open", "major", ("Git",)),
        Incident("Failover", at("2026-03-10T07:00"), at("2026-03-10T08:00"), "planned", "unknown", (), True),
    ]


def test_zendesk() -> None:
    told = {"degradation": False, "impact": "major", "outage": True, "postmortem": "", "resolved_at": None,
            "started_at": "2026-03-09T07:00:00.000Z", "status": "investigating", "title": "Tickets fail"}  # fmt: skip
    row = {"id": "247", "type": "incident", "attributes": told, "relationships": {}}
    included = [
        {"id": "7", "type": "incident_update", "attributes": {"description": "…"}},
        {"id": "3", "type": "service", "attributes": {"name": "Support"}},
    ]
    one = Incident("Tickets fail", at("2026-03-09T07:00"), None, "investigating", "critical", ("Support",))
    assert parsed("zendesk", {"data": [row], "included": included}) == [one]
    assert parsed("zendesk", {"data": row, "included": included}) == [one]
    # With two, which services belong to which is not told by names alone.
    two = parsed("zendesk", {"data": [row, row], "included": included})
    assert [incident.parts for incident in two] == [(), ()]
    assert parsed("zendesk", {"data": []}) == []


AWS = [
    {
        "date": "1773040800", "arn": "arn:aws:health:eu-west-1::event/S3/AWS_S3_OPERATIONAL_ISSUE/x", "status": "3",
        "service": "s3-eu-west-1", "service_name": "Amazon Simple Storage Service", "region_name": "Ireland",
        "summary": "Increased error rates", "event_log": [{"summary": "…", "status": 3, "timestamp": 1773040800}],
        "impacted_services": {"lambda-eu-west-1": {"service_name": "AWS Lambda", "current": "2", "max": "3"}},
    },
    {
        "date": "1773040800", "status": "0", "service": "sqs-us-east-1", "summary": "[RESOLVED] Delays",
        "event_log": [{"timestamp": 1773040800}, {"timestamp": 1773044400}], "impacted_services": {},
    },
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-8"])
def test_aws(encoding: str) -> None:
    mark = {"utf-16-be": b"\xfe\xff", "utf-16-le": b"\xff\xfe", "utf-8": b""}[encoding]
    open_, over = parsed("aws", mark + json.dumps(AWS).encode(encoding))
    assert open_ == Incident(
        "Increased error rates", at("2026-03-09T07:20"), None, "open", "critical",
        ("s3-eu-west-1", "Amazon Simple Storage Service", "Ireland", "lambda-eu-west-1"),
    )  # fmt: skip
    assert (over.begun, over.ended, over.impact) == (at("2026-03-09T07:20"), at("2026-03-09T08:20"), "unknown")


ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom"><id>tag:status.x.example,2005:/history</id><title>X Status</title>
<entry><id>tag:x,2005:Incident/1</id><published>2026-03-09T07:00:00Z</published><updated>2026-03-09T08:30:00Z</updated>
<title>API errors</title><content type="html">&lt;p&gt;&lt;small&gt;Mar 9, 08:30 UTC&lt;/small&gt;&lt;br&gt;
&lt;strong&gt;Resolved&lt;/strong&gt; - Fixed.&lt;/p&gt;&lt;p&gt;
&lt;strong&gt;Investigating&lt;/strong&gt; - We look.&lt;/p&gt;</content></entry>
<entry><id>tag:x,2005:Incident/2</id><published>2026-03-09T09:00:00+02:00</published>
<updated>2026-03-09T09:10:00+02:00</updated><title>Delays</title>
<content type="html">&lt;strong&gt;Monitoring&lt;/strong&gt; - A fix, not yet resolved - we watch.</content></entry>
</feed>"""

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Models</title><link>https://status.models.example</link>
<item><title>Audio API Degraded</title><guid isPermaLink="false">i1</guid><pubDate>Mon, 09 Mar 2026 08:00:00 +0000</pubDate>
<description><![CDATA[<p>Status: Resolved</p><ul><li>Audio API</li></ul>]]></description></item>
<item><title>Audio API Degraded</title><guid isPermaLink="false">i1</guid><pubDate>Mon, 09 Mar 2026 07:00:00 +0000</pubDate>
<description><![CDATA[<p>Status: Investigating</p>]]></description></item>
<item><title>Scheduled maintenance of chat</title><guid>i2</guid><pubDate>Mon, 09 Mar 2026 07:00:00 GMT</pubDate>
<description>We will be back.</description></item>
</channel></rss>"""


def test_atom() -> None:
    assert parsed("feed", ATOM.encode()) == [
        Incident("API errors", at("2026-03-09T07:00"), at("2026-03-09T08:30"), "resolved", "unknown"),
        Incident("Delays", at("2026-03-09T07:00"), None, "monitoring", "unknown"),
    ]


def test_rss_folds_updates_of_one_incident() -> None:
    assert parsed("feed", RSS.encode()) == [
        Incident("Audio API Degraded", at("2026-03-09T07:00"), at("2026-03-09T08:00"), "resolved", "unknown"),
        # No state is told, so it must not seem to go on for ever.
        Incident(
            "Scheduled maintenance of chat", at("2026-03-09T07:00"), at("2026-03-09T07:00"), "", "unknown", (), True
        ),
    ]


def test_azure() -> None:
    feed = '<rss version="2.0"><channel><title>Azure Status</title>{}</channel></rss>'
    items = (
        "<item><title>Network - West US - Issues</title><category>Network Infrastructure</category>"
        "<category>West US</category><pubDate>Mon, 09 Mar 2026 07:29:09 Z</pubDate></item>"
        "<item><title>[RESOLVED] Storage</title><pubDate>Mon, 09 Mar 2026 07:00:00 Z</pubDate></item>"
    )
    assert parsed("azure", feed.format(items).encode()) == [
        Incident("Network - West US - Issues", datetime(2026, 3, 9, 7, 29, 9, tzinfo=UTC), None, "open", "unknown",
                 ("Network Infrastructure", "West US"))
    ]  # fmt: skip
    assert parsed("azure", feed.format("").encode()) == []


EMPTY = {
    "statuspage": {"incidents": []}, "incident_io": {"incidents": []}, "google": [], "slack": [], "aws": [],
    "instatus": {"page": {"status": "UP"}, "activeIncidents": []},
    "betterstack": {"data": {"type": "status_page"}, "included": []},
    "statusio": {"result": {"status_overall": {}, "incidents": [], "maintenance": {"active": [], "upcoming": []}}},
    "zendesk": {"data": []}, "feed": b'<rss version="2.0"><channel/></rss>', "azure": b"<rss><channel/></rss>",
}  # fmt: skip

HTML = b"<!DOCTYPE html>\n<html><head><title>Status</title></head><body>All systems operational</body></html>"
BOMB = b'<!DOCTYPE rss [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss><channel><item><title>&b;</title></item></channel></rss>'
WRONG = {
    "page": (HTML, "a web page"), "nothing": (b"", "empty"), "half": (b'{"incidents": [{"name": "x', "damaged"),
    "an object of another kind": (b'{"page": {"id": "x"}}', ""), "a text": (b'"operational"', ""), "null": (b"null", ""),
    "a list of texts": (b'["x"]', ""), "rows that are none": (b'{"incidents": ["x"], "data": ["x"], "result": ["x"]}', ""),
    "bytes": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "damaged"), "deep": (b"[" * 100_000, "damaged"), "entities": (BOMB, ""),
    "other XML": (b"<Error><Code>AccessDenied</Code></Error>", ""), "cut XML": (ATOM.encode()[:700], ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_page_holds_no_incident(kind: str) -> None:
    assert parsed(kind, EMPTY[kind]) == []


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_such_page_is_not_taken_for_a_silent_one(kind: str, what: str) -> None:
    body, words = WRONG[what]
    with pytest.raises(UnreadableError, match=words or "."):
        parsed(kind, body)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-09T07:00:00Z", at("2026-03-09T07:00")), ("2026-03-09T09:00:00+02:00", at("2026-03-09T07:00")),
        ("2026-03-09T07:00:00", at("2026-03-09T07:00")), ("Mon, 09 Mar 2026 00:00:00 -0700", at("2026-03-09T07:00")),
        ("Mon, 09 Mar 2026 07:00:00 Z", at("2026-03-09T07:00")), (1773039600, at("2026-03-09T07:00")),
        ("1773039600", at("2026-03-09T07:00")), ("", None), (None, None), ("soon", None), (True, None), ({}, None),
        ("9" * 400, None), ("Mon Mar 09 2026 07:00:00 GMT+0000 (Coordinated Universal Time)", at("2026-03-09T07:00")),
    ],
)  # fmt: skip
def test_times(value: object, expected: datetime | None) -> None:
    assert time_of(value) == expected


def test_a_name_is_one_line_of_bounded_length() -> None:
    assert name_of(" a\n b ") == "a b" and len(name_of("x" * 5000)) == 120 and name_of(None)
