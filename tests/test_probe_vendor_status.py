"""DX-4: which vendor is meant, which of its incidents bear on the failures, and what silence is worth."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb import cli
from incident_nb.http import Allowed, Session, origin
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.probes import Probe, Target, Tools, ask_all, vendor_check, vendors
from incident_nb.probes.status_pages import FORMATS
from incident_nb.probes.vendor_check import check_vendors
from incident_nb.probes.vendor_status import look, window_of
from incident_nb.probes.vendors import Part, Vendor, status_origins, table
from incident_nb.settings import Settings
from tests import builders, faulty
from tests.faulty import Asked, Server, answer, serving
from tests.secure import look_at_loopback, serving_securely
from tests.served import KEY

C = Cause
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
TYPES = set((Path(__file__).parent / "data" / "n8n_node_types.txt").read_text().split())
REAL = table()


# The table


def test_the_table_holds_many_rows_and_each_is_well_formed() -> None:
    assert len(REAL) >= 60 and sum(vendor.readable for vendor in REAL) >= 60
    assert len({vendor.name.casefold() for vendor in REAL}) == len(REAL)


@pytest.mark.parametrize("vendor", REAL, ids=lambda vendor: vendor.name)
def test_a_row_is_well_formed(vendor: Vendor) -> None:
    assert vendor.format in (*FORMATS, "none")
    for url in (vendor.page, vendor.source, *vendor.needed, *vendor.also):
        assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[\w./-]*)?", url), url
    assert vendor.checked == "never" or date.fromisoformat(vendor.checked)
    assert bool(vendor.needed) is vendor.readable is (vendor.note is None)
    groups = (vendor, *vendor.parts)
    assert any(group.nodes or group.hosts for group in groups)
    assert {node for group in groups for node in group.nodes} <= TYPES
    for glob in (host for group in groups for host in group.hosts):
        assert re.fullmatch(r"(\*\.?)?[a-z0-9-]+(\.([a-z0-9-]+|\*))*\.[a-z]{2,}", glob), glob


def test_no_two_rows_claim_the_same() -> None:
    groups = [group for vendor in REAL for group in (vendor, *vendor.parts)]
    for claimed in (
        [node for group in groups for node in group.nodes],
        [host for group in groups for host in group.hosts],
    ):
        assert len(claimed) == len(set(claimed)), {one for one in claimed if claimed.count(one) > 1}


def test_requests_may_go_to_status_pages_by_https_only() -> None:
    allowed = Allowed(status_origins())
    assert all(place.startswith("https://") and place.endswith(":443") for place in status_origins())
    assert "https://status.hubspot.com/api/v2/incidents.json" in allowed
    for url in ("http://status.hubspot.com/", "https://api.hubapi.com/", "https://status.hubspot.com.evil.test/"):
        assert url not in allowed


@pytest.mark.parametrize(
    ("node_type", "host", "vendor", "part"),
    [
        ("n8n-nodes-base.hubspot", None, "HubSpot", None),
        ("n8n-nodes-base.hubspotTrigger", None, "HubSpot", None),
        ("n8n-nodes-base.hubspotTool", None, "HubSpot", None),
        ("n8n-nodes-base.slackHitlTool", None, "Slack", None),
        ("n8n-nodes-base.googleSheets", "sheets.googleapis.com", "Google Workspace", "Google Sheets"),
        ("n8n-nodes-base.gmailTrigger", "www.googleapis.com", "Google Workspace", "Gmail"),
        ("n8n-nodes-base.httpRequest", "gmail.googleapis.com", "Google Workspace", "Gmail"),
        ("n8n-nodes-base.httpRequest", "storage.googleapis.com", "Google Cloud", "Google Cloud Storage"),
        ("n8n-nodes-base.httpRequest", "API.HubApi.com.", "HubSpot", None),
        ("n8n-nodes-base.httpRequest", "bucket.s3.eu-west-1.amazonaws.com", "AWS", "s3"),
        ("n8n-nodes-base.httpRequest", "kms.eu-west-1.amazonaws.com", "AWS", None),
        ("n8n-nodes-base.httpRequest", "acme--scorer-web-app.modal.run", "Modal", None),
        ("@n8n/n8n-nodes-langchain.lmChatOpenAi", None, "OpenAI", None),
        ("@n8n/n8n-nodes-langchain.lmChatOpenAi", "api.groq.com", "Groq", None),  # a node with another base URL
        ("n8n-nodes-base.httpRequest", "api.hubapi.com.evil.test", None, None),
        ("n8n-nodes-base.code", None, None, None),
        ("n8n-nodes-base.postgres", "db.acme.example", None, None),
        (None, None, None, None),
    ],
)
def test_which_vendor_is_meant(node_type: str | None, host: str | None, vendor: str | None, part: str | None) -> None:
    from incident_nb.probes.vendor_status import _meant

    meant = _meant(target_of(node_type=node_type, host=host))
    assert (meant.vendor.name, meant.part) == (vendor, part) if meant else vendor is None


# The probe, against status pages on loopback


def target_of(**more: Any) -> Target:
    """Three failures, at 10:00, 10:30 and 11:00, of a problem that goes on at noon."""
    runs = [
        builders.run(n, NOW - timedelta(hours=2) + timedelta(minutes=30 * (n - 1)), builders.error(503))
        for n in (1, 2, 3)
    ]
    base = Target(
        log=builders.log_of(*runs), now=NOW, workflow_id="wf1", node="Call", node_type="n8n-nodes-base.httpRequest",
        failing_ids=("1", "2", "3"), host="api.shop.example", cause=C.EXTERNAL_OUTAGE, onset=NOW - timedelta(hours=2),
        onset_not_before=NOW - timedelta(days=1), last_seen=NOW - timedelta(hours=1), goes_on=True,
    )  # fmt: skip
    return replace(base, **more)


OVER = {"goes_on": False, "now": NOW + timedelta(days=3)}


def clock(hours: float) -> str:
    return (NOW.replace(hour=0) + timedelta(hours=hours)).isoformat()


def incident(begun: float | None, ended: float | None = None, **more: Any) -> dict[str, Any]:
    """A row of Statuspage; hours of the day."""
    said = {"name": "API errors", "status": "resolved" if ended else "investigating", "impact": "major"}
    times = {"created_at": clock(begun) if begun is not None else None, "resolved_at": clock(ended) if ended else None}
    return {**said, **times, "components": [{"name": "API"}], **more}


@contextmanager
def shop(*rows: dict[str, Any], planned: list[Any] | None = None, **more: Any) -> Iterator[tuple[Server, Vendor]]:
    """A status page of the vendor behind api.shop.example."""

    def reply(connection: socket.socket, asked: Asked) -> None:
        listed = (
            {"scheduled_maintenances": planned or []} if "maintenances" in asked.path else {"incidents": list(rows)}
        )
        answer(listed)(connection, asked)

    with serving(more.pop("reply", reply)) as server:
        yield server, vendor_at(server.url, **more)


def vendor_at(page: str, **more: Any) -> Vendor:
    said = {"name": "Shop", "page": page, "format": "statuspage", "source": page, "checked": "never"}
    return Vendor.model_validate({**said, "hosts": ["api.shop.example", "localhost"], **more})


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Probed]:
    """The probe's answer with these rows as the whole table; requests may go to their pages and to n8n only."""

    def ask(target: Target, *rows: Vendor, n8n: str | None = None, settings: dict[str, Any] | None = None) -> Probed:
        monkeypatch.setattr(vendors, "table", lambda: rows)
        origins = {origin(url) for vendor in rows for url in (*vendor.needed, *vendor.also)}
        with Session(Allowed(frozenset(origins | ({origin(n8n)} if n8n else set()))), budget_s=10) as session:
            server = N8n("main", n8n, session, KEY) if n8n else None
            tools = Tools(session, Settings.model_validate(settings or {}), n8n=server)
            (answered,) = ask_all(target, tools, (Probe("vendor_status", "DX-4", "the third party", look),))
        return answered

    return ask


Ask = Callable[..., Probed]


def effects(answered: Probed) -> dict[Cause, float]:
    """All factors of the answer; of two on one cause, both, multiplied."""
    found: dict[Cause, float] = {}
    for piece in answered.evidence:
        for cause, factor in piece.effects.items():
            found[cause] = found.get(cause, 1.0) * factor
    return found


def text(answered: Probed) -> str:
    return " ".join([answered.summary, *(piece.fact.text for piece in answered.evidence)])


@pytest.mark.parametrize(
    ("row", "target", "factor"),
    [
        (incident(9.9), {}, 8.0),
        (incident(9.9, impact="critical"), {}, 8.0),
        (incident(9.9, impact="minor"), {}, 5.0),
        (incident(9.9, 11.2), {}, 5.0),  # over, and so is what it explains
        (incident(9.9), OVER, 5.0),
        (
            incident(10.1, 10.9),
            {},
            5.0,
        ),  # resolved inside the time of the failures; all are within a quarter of an hour
        (incident(10.55, 10.6), {}, 1.5),  # one of three failures
        (incident(10.4, 10.6), {}, 5.0),  # two: pages tell late, the first failure was 24 minutes before
        (incident(9.9, components=[]), {}, 5.0),  # it does not tell which part
        (incident(9.9, 11.2, components=[]), {}, 3.0),
        (incident(9.9, 11.2, components=[{"name": "Dashboard"}]), {}, 3.0),
        (incident(9.9, impact="none"), {}, None),
        (incident(7.0, 9.7), {}, None),  # over before the first failure, though after the last good run
        (incident(11.6), {}, None),  # begun after the last failure
        (incident(12.5), {}, None),
        (incident(10.26, 10.24), {}, None),  # nonsense: it ends before it begins
        (incident(None, 9.0), {}, None),
    ],
)
def test_what_an_incident_weighs(
    row: dict[str, Any], target: dict[str, Any], factor: float | None, probed: Ask
) -> None:
    with shop(row) as (_, vendor):
        answered = probed(target_of(**target), vendor)
    assert effects(answered).get(C.EXTERNAL_OUTAGE) == factor
    assert answered.outcome is (Outcome.FOUND if factor else Outcome.COULD_NOT_LOOK)
    if factor and factor >= 3:
        assert effects(answered)[C.TIMEOUT] > 1 > effects(answered)[C.WORKFLOW_CONFIG]
        assert effects(answered).keys() >= {C.CREDENTIALS, C.DATA_FORMAT, C.RATE_LIMIT}


def test_an_incident_is_named_with_times_state_impact_parts_and_failures(probed: Ask) -> None:
    slow = incident(10.6, name="Slow search", impact="minor", status="monitoring")
    with shop(incident(9.5, 11.25), slow) as (_, vendor):
        answered = probed(target_of(), vendor)
    told = text(answered)
    assert "Shop tells of “API errors” (major) from 2026-03-09 09:30 to 11:15 UTC, on API: 3 of 3 failures" in told
    assert "“Slow search” (minor) since 2026-03-09 10:36 UTC, not over (monitoring), on API: 2 of 3" in told
    # Two entries speak of the same failures: only the stronger one weighs.
    assert [bool(piece.effects) for piece in answered.evidence] == [True, False]
    assert answered.next_look and vendor.page in answered.next_look and vendor.page in answered.asked


def test_times_of_other_zones_are_compared_as_they_are(probed: Ask) -> None:
    row = {**incident(None), "created_at": "2026-03-09T11:00:00+01:00", "resolved_at": "2026-03-09T03:30:00.000-08:00"}
    with shop({**row, "status": "resolved"}) as (_, vendor):
        answered = probed(target_of(), vendor)
    assert "from 2026-03-09 10:00 to 11:30 UTC" in text(answered) and answered.outcome is Outcome.FOUND


def test_maintenance_is_told_apart_from_incidents(probed: Ask) -> None:
    planned = {"name": "Upgrade", "status": "in_progress", "impact": "maintenance", "components": [{"name": "API"}],
               "scheduled_for": clock(9.9), "scheduled_until": clock(13)}  # fmt: skip
    tomorrow = {**planned, "status": "scheduled", "scheduled_for": clock(34), "scheduled_until": clock(35)}
    with shop(planned=[planned, tomorrow]) as (_, vendor):
        answered = probed(target_of(), vendor)
        assert effects(answered)[C.EXTERNAL_OUTAGE] == 3.0 and "“Upgrade” (maintenance) from" in text(answered)
    with shop(planned=[tomorrow]) as (_, vendor):
        assert probed(target_of(), vendor).outcome is Outcome.COULD_NOT_LOOK


PARTS = [{"name": "Sheets", "hosts": ["sheets.shop.example"]}, {"name": "Mail", "nodes": ["n8n-nodes-base.gmail"]}]


@pytest.mark.parametrize(
    ("named", "factor"),
    [("Shop Sheets", 8.0), ("SHEETS API", 8.0), ("Mail", None), ("Spreadsheets", None), (None, 5.0)],
)
def test_an_incident_of_another_part_weighs_nothing(named: str | None, factor: float | None, probed: Ask) -> None:
    with shop(incident(9.9, components=[{"name": named}] if named else []), parts=PARTS) as (_, vendor):
        answered = probed(target_of(host="sheets.shop.example"), vendor)
    assert effects(answered).get(C.EXTERNAL_OUTAGE) == factor
    assert ("no incident on Sheets that fits" in text(answered)) is (factor is None)
    assert "API errors" in text(answered)  # what does not fit is named all the same


def test_where_the_part_is_not_known_an_incident_of_some_part_weighs_little(probed: Ask) -> None:
    with shop(incident(9.9, components=[{"name": "Gateway API"}]), parts=PARTS) as (_, vendor):
        answered = probed(target_of(), vendor)
    assert effects(answered) == {C.EXTERNAL_OUTAGE: 1.5}


def test_an_incident_of_another_region_weighs_nothing(probed: Ask) -> None:
    event = {"date": str(NOW.timestamp() - 7300), "status": "3", "summary": "Errors", "impacted_services": {}}
    part = [{"name": "s3", "hosts": ["s3.*.cloud.example"]}]
    with serving(answer(b"")) as server:
        vendor = vendor_at(server.url, format="aws", parts=part)
        for service, factor in (("s3-eu-west-1", 8.0), ("s3-us-east-1", None), ("sqs-eu-west-1", None)):
            server.reply = answer(b"\xfe\xff" + json.dumps([{**event, "service": service}]).encode("utf-16-be"))
            answered = probed(target_of(host="s3.eu-west-1.cloud.example"), vendor)
            assert effects(answered).get(C.EXTERNAL_OUTAGE) == factor, service


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer("<!DOCTYPE html><html>All systems operational</html>"), "it is a web page where JSON was expected"),
        (answer({"status": {"indicator": "none"}}), "it holds no “incidents”"),
        (answer(b'{"incidents": [{"name"'), "damaged"), (answer(b""), "empty"),
        (answer({"incidents": [{"components": 7}]}), "another shape"),
        (answer(b"", 302, location="https://stranger.example/login?next=secret"), "elsewhere (https://stranger.example:443)"),
        (answer({}, 404), "status 404"), (answer({}, 503), "status 503"), (faulty.half, "closed the connection"),
        (faulty.hang_up, "closed the connection"), (faulty.nonsense, "did not answer in HTTP"),
        (faulty.endless, "more than 16 MB"), (faulty.bomb(40), "more than 16 MB"),
    ],
)  # fmt: skip
def test_a_page_that_can_t_be_read_says_nothing(reply: faulty.Reply, said: str, probed: Ask) -> None:
    with shop(reply=reply) as (_, vendor):
        answered = probed(target_of(), vendor)
    assert answered.outcome is Outcome.COULD_NOT_LOOK and effects(answered) == {}
    assert said in answered.summary and "secret" not in text(answered) and "Shop's status page" in answered.summary


def test_maintenance_that_can_t_be_read_does_not_cost_the_incidents(probed: Ask) -> None:
    def reply(connection: socket.socket, asked: Asked) -> None:
        (answer({}, 404) if "maintenances" in asked.path else answer({"incidents": [incident(9.9)]}))(connection, asked)

    with shop(reply=reply) as (_, vendor):
        answered = probed(target_of(), vendor)
    assert answered.outcome is Outcome.FOUND and "Planned maintenance could not be read" in answered.summary


@pytest.mark.parametrize(
    ("kind", "body", "target", "said"),
    [
        ("statuspage", {"incidents": []}, {}, "A silent status page is not health."),
        ("statuspage", {"incidents": [incident(n, n + 0.1) for n in range(24, 54)]}, {}, "goes back no further than"),
        ("instatus", {"page": {"status": "UP"}}, OVER, "only what goes on now"),
        ("instatus", {"page": {"status": "UP"}}, {}, "A silent status page is not health."),
        ("azure", b"<rss><channel/></rss>", {}, "It may be empty for other reasons."),
    ],
)
def test_silence_alone_is_not_health(kind: str, body: Any, target: dict[str, Any], said: str, probed: Ask) -> None:
    with shop(reply=answer(body), format=kind) as (server, vendor):
        asked = vendor.model_copy(update={"ask": (server.url,)}) if kind == "azure" else vendor
        answered = probed(target_of(**target), asked)
    assert answered.outcome is Outcome.COULD_NOT_LOOK and effects(answered) == {} and said in answered.summary
    assert "was not looked at" in answered.summary


def test_a_vendor_without_a_readable_page_is_named_with_its_page(probed: Ask) -> None:
    vendor = vendor_at("https://status.shop.example", format="none", note="It tells only its customers")
    answered = probed(target_of(), vendor)
    assert answered.outcome is Outcome.COULD_NOT_LOOK and "It tells only its customers." in answered.summary
    assert answered.next_look == "Look at https://status.shop.example."


# Reachability


@pytest.fixture
def n8n_with() -> Iterator[Callable[[str], str]]:
    """An n8n whose workflow calls an address; gives n8n's own."""
    with serving(answer({}, 404)) as server:

        def calling(url: str) -> str:
            node = {"name": "Call", "type": "n8n-nodes-base.httpRequest", "parameters": {"url": url, "options": {}}}
            server.reply = answer({"id": "wf1", "nodes": [node]})
            return server.url

        yield calling


def test_silence_and_an_answering_host_are_clean(
    probed: Ask, n8n_with: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    until = NOW + timedelta(days=5, hours=1)
    real_end = datetime.now(UTC) + timedelta(days=400)
    with serving_securely(tmp_path, real_end, monkeypatch) as port, shop() as (_, vendor):
        n8n = n8n_with(f"=https://localhost:{port}/orders/{{{{ $json.id }}}}")
        answered = probed(target_of(host="localhost", now=real_end - (until - NOW), last_seen=real_end - timedelta(days=5.5)),
                          vendor, n8n=n8n)  # fmt: skip
        over = probed(target_of(host="localhost", **OVER), vendor, n8n=n8n)
    assert answered.outcome is Outcome.CLEAN and effects(answered) == {C.EXTERNAL_OUTAGE: 0.8, C.NETWORK: 0.7}
    assert re.search(
        r"From here localhost answers: connected after .* valid until .* UTC, in 5 days\.", answered.summary
    )
    # What is reached now says nothing of failures that are over.
    assert over.outcome is Outcome.COULD_NOT_LOOK and effects(over) == {}


def test_an_expired_certificate(
    probed: Ask, n8n_with: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    ended = datetime.now(UTC) - timedelta(hours=5)
    with serving_securely(tmp_path, ended, monkeypatch) as port, shop() as (_, vendor):
        answered = probed(target_of(host="localhost"), vendor, n8n=n8n_with(f"https://localhost:{port}/"))
    assert answered.outcome is Outcome.FOUND and "certificate has expired" in answered.summary
    assert effects(answered) == {C.NETWORK: 5.0, C.EXTERNAL_OUTAGE: 2.0}


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_host_that_refuses_or_has_no_name(
    probed: Ask, n8n_with: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    with shop(hosts=["localhost", "nowhere.invalid"]) as (_, vendor):
        refused = probed(target_of(host="localhost"), vendor, n8n=n8n_with(f"https://localhost:{closed_port()}/"))
        nameless = probed(target_of(host="nowhere.invalid"), vendor, n8n=n8n_with("https://nowhere.invalid/x"))
    assert refused.outcome is nameless.outcome is Outcome.FOUND
    assert effects(refused) == {C.NETWORK: 2.0, C.EXTERNAL_OUTAGE: 3.0}
    assert effects(nameless) == {C.NETWORK: 3.0, C.EXTERNAL_OUTAGE: 1.5}


def test_where_nothing_at_all_is_reached_it_may_be_us(
    probed: Ask, n8n_with: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    vendor = vendor_at(f"http://127.0.0.1:{closed_port()}")
    answered = probed(target_of(host="localhost"), vendor, n8n=n8n_with(f"https://localhost:{closed_port()}/"))
    assert answered.outcome is Outcome.COULD_NOT_LOOK and effects(answered) == {}
    assert "our own connection may be down" in answered.summary


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/?next=https://127.0.0.2/", "http://localhost/", "https://localhost.evil.test/",
        "https://evil.test/localhost", "https://localhost@evil.test/", "https://{{ $json.host }}/", "localhost", "",
        "https://localhost:99999/",
    ],
)  # fmt: skip
def test_only_a_host_of_the_workflow_is_looked_at(
    url: str, probed: Ask, n8n_with: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a host was looked at that the workflow does not name")

    monkeypatch.setattr("incident_nb.http.look", never)
    with shop() as (_, vendor):
        answered = probed(target_of(host="localhost"), vendor, n8n=n8n_with(url))
    assert answered.outcome is Outcome.COULD_NOT_LOOK
    assert "no https address in the workflow on n8n names it" in answered.summary


def test_a_host_that_only_a_draft_names_is_not_looked_at(probed: Ask) -> None:
    draft, running = (
        [{"name": "Call", "type": "n8n-nodes-base.httpRequest", "parameters": {"url": url}}]
        for url in ("https://localhost/", "https://other.example/")
    )
    there = {"id": "wf1", "nodes": draft, "activeVersion": {"nodes": running}}
    with shop() as (_, vendor), serving(answer(there)) as n8n:
        answered = probed(target_of(host="localhost"), vendor, n8n=n8n.url)
    assert "no https address in the workflow on n8n names it" in answered.summary


def test_a_private_address_is_not_looked_at(probed: Ask, n8n_with: Callable[[str], str]) -> None:
    with shop() as (_, vendor):
        answered = probed(target_of(host="localhost"), vendor, n8n=n8n_with("https://localhost/"))
    assert answered.outcome is Outcome.COULD_NOT_LOOK and "private address" in answered.summary


# Without a known vendor


def test_an_unknown_service_could_not_be_looked_at(probed: Ask) -> None:
    answered = probed(target_of(host="api.nobody.example"))
    assert answered.outcome is Outcome.COULD_NOT_LOOK and effects(answered) == {}
    assert "No status page is known for n8n-nodes-base.httpRequest and api.nobody.example." in answered.summary


@pytest.mark.parametrize(
    ("node_type", "host", "said"),
    [
        ("n8n-nodes-base.code", None, "works inside n8n"),
        ("n8n-nodes-base.httpRequest", "acme--orders.modal.run.example", None),
        ("n8n-nodes-base.httpRequest", "orders.own.example", "which is ours"),
        ("n8n-nodes-base.telegram", None, None),
        ("n8n-nodes-base.httpRequest", None, None),
    ],
)
def test_what_calls_no_third_party(node_type: str, host: str | None, said: str | None, probed: Ask) -> None:
    answered = probed(target_of(node_type=node_type, host=host), settings={"own_hosts": ("*.own.example",)})
    assert answered.outcome is (Outcome.CLEAN if said else Outcome.COULD_NOT_LOOK), answered.summary
    assert (said or "No status page is known") in answered.summary


def test_a_host_of_an_error_text_is_sent_no_request(probed: Ask) -> None:
    with serving(answer({})) as stranger, shop(hosts=["127.0.0.1"]) as (page, vendor):
        probed(target_of(host="127.0.0.1", url=stranger.url, message=f"connect {stranger.url}"), vendor)
        assert stranger.asked == [] and {asked.method for asked in page.asked} == {"GET"}


def test_the_client_s_vendors_are_context(probed: Ask) -> None:
    settings = {"clients": {"ACME": {"vendors": ["shop", "Bank", "Nobody"]}}}
    target = target_of(host=None, client="ACME")
    with shop(incident(9.9), hosts=[]) as (_, store), shop(name="Bank", hosts=[]) as (_, bank):
        answered = probed(target, store, bank, settings=settings)
        assert answered.outcome is Outcome.FOUND and effects(answered) == {C.EXTERNAL_OUTAGE: 1.5}
        assert "Whether the node talks to it is not known." in answered.summary and "“Nobody”" in answered.summary
    with shop(hosts=[]) as (_, store), shop(name="Bank", hosts=[], reply=answer({}, 500)) as (_, bank):
        answered = probed(target, store, bank, settings=settings)
        assert answered.outcome is Outcome.COULD_NOT_LOOK and "status 500" in answered.summary


def test_the_time_that_is_asked_for() -> None:
    quarter = timedelta(minutes=15)
    assert window_of(target_of()) == (NOW - timedelta(hours=2) - quarter, NOW + quarter)
    assert window_of(target_of(**OVER)).end == NOW - timedelta(hours=1) + quarter
    assert window_of(target_of(onset=None, onset_not_before=None)).begin == NOW - timedelta(hours=1) - quarter


# doctor --vendors


def test_the_doctor_asks_every_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    none = vendor_at("https://x.example", name="Silent", format="none", note="x")
    with (
        shop(incident(9.9), name="Good") as (_, good), shop(reply=answer("<html>"), name="Page") as (_, page),
        shop(reply=faulty.hang_up, name="Gone") as (_, gone),
    ):  # fmt: skip
        rows = (good, page, gone, none)
        monkeypatch.setattr(vendor_check.vendors, "table", lambda: rows)
        monkeypatch.setattr(vendor_check.vendors, "status_origins",
                            lambda: frozenset(origin(url) for row in rows for url in (*row.needed, *row.also)))  # fmt: skip
        checks = {check.what: check for check in check_vendors()}
        with pytest.raises(SystemExit) as ended:
            cli.main(["doctor", "--vendors", "--json"])
    assert [(check.what, check.state) for check in checks.values()] == [
        ("vendor Good", "ok"), ("vendor Page", "failed"), ("vendor Gone", "warning"), ("vendors without a readable page", "ok")
    ]  # fmt: skip
    assert "1 incident listed" in checks["vendor Good"].told and "unreadable" in checks["vendor Page"].told
    assert "not reachable" in checks["vendor Gone"].told and "Silent" in checks["vendors without a readable page"].told
    rows_told = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    assert ended.value.code == 1 and rows_told["vendor Page"]["state"] == "failed" and "settings" in rows_told


def test_the_doctor_says_once_that_no_page_can_be_reached() -> None:
    rows = [vendor_at(f"http://127.0.0.1:{closed_port()}", name=name) for name in ("One", "Two")]
    allowed = Allowed(frozenset(origin(row.page) for row in rows))
    (check,) = check_vendors(rows, Session(allowed))
    assert check.state == "failed" and "none of 2 status pages can be reached" in check.told


def test_the_doctor_asks_no_vendor_unasked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a vendor was asked")

    monkeypatch.setattr(vendors, "read", never)
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--json"])
    assert not any("vendor" in row["what"] for row in json.loads(capsys.readouterr().out))


def test_a_part_needs_a_name() -> None:
    with pytest.raises(ValueError, match="name"):
        Part.model_validate({"nodes": ["x"]})
