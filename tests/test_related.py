"""Alerts that share a credential, a host or a vendor: related within one client, covered by an incident of its own across.

What a client's incident says never names another client, whatever they share and in whichever order they came.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql

from incident_nb.alerts import n8n_trigger
from incident_nb.alerts.slack import Command
from incident_nb.desk import Desk
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.desk.folder import sources_of
from incident_nb.desk.shares import public, shares, talked_to
from incident_nb.desk.told import as_json, glance, line, told
from incident_nb.diagnose import diagnose
from incident_nb.incidents import Records, payload_of
from incident_nb.models import Severity
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.serve.slash import answer
from incident_nb.settings import Alerts, Client, Server, Settings
from tests.builders import NOW as BUILT
from tests.builders import log_of, runs
from tests.test_desk import NOW, Clock

MINUTE = timedelta(minutes=1)
CREDENTIAL = "4hP9iUGTqwSkI5JX"
NAMES = {"ACME": "Acme Pipes", "GLOBEX": "Globex Foods", "HOOLI": "Hooli Travel"}
FLOWS = {"ACME": "Orders", "GLOBEX": "Recipes", "HOOLI": "Bookings"}
SETTINGS = Settings(
    own_hosts=("*.modal.run", "api.northbeam.example"),
    n8n={"main": Server(url="https://n8n.northbeam.example")},
    clients={code: Client(name=name, name_prefix=(f"[{code}]",)) for code, name in NAMES.items()},
)
SLACK = {"node_type": "n8n-nodes-base.slack"}
CODE = {"node_type": "n8n-nodes-base.code"}


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    made = Records(place, clock=Clock())
    yield made
    made.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Records]:
    """Records in a file, for what does not hang on the database."""
    made = Records(tmp_path / "record.db", clock=Clock())
    yield made
    made.close()


_numbers = itertools.count(1)


def alert(
    client: str | None, flow: str | None = None, at: datetime = NOW, *, node: str = "Send", cred: str | None = None,
    cred_name: str = "Team key", instance: str = "main", **error: Any,
) -> Arrival:  # fmt: skip
    """A delivery of one failure of a client's workflow (None: of nobody knows whom), as n8n's error workflow sends it."""
    name = f"[{client}] {flow or FLOWS[client]}" if client else flow or "Sync"
    made: dict[str, Any] = {"name": node, "type": error.pop("node_type", "n8n-nodes-base.httpRequest")}
    if cred:
        made["credentials"] = {"slackApi": {"id": cred, "name": cred_name}}
    if url := error.pop("url", None):
        made["parameters"] = {"url": url}
    said = {"message": "503 - service unavailable", "name": "NodeApiError", "httpCode": "503",
            "timestamp": round(at.timestamp() * 1000), "node": made, **error}  # fmt: skip
    run = {"id": str(next(_numbers)), "error": said, "lastNodeExecuted": node, "mode": "trigger"}
    body = json.dumps({"execution": run, "workflow": {"id": f"wf-{name}", "name": name}}).encode()
    read = n8n_trigger.read(body, received=max(at, NOW), instance=instance)
    return Arrival(read, "n8n", body, "", max(at, NOW))


def take(records: Records, *arrived: Arrival, settings: Settings = SETTINGS, together: bool = False) -> None:
    arrivals = Arrivals(records, settings)
    for some in [arrived] if together else [(one,) for one in arrived]:
        records._clock = Clock()
        records._clock.now = max(one.received for one in some)
        arrivals.take(some)


def _end(records: Records, number: int, kind: str) -> None:
    records.add(number, payload_of(kind, {}), by="Anna", at=NOW)


def covers(records: Records) -> list[Incident]:
    """Those that cover others, oldest first."""
    return [one for one in records.incidents()[::-1] if one.subject.shared]


def links(records: Records) -> set[tuple[str, str]]:
    """Who is related to whom; C1, C2, … are the covering ones."""
    cover = {one.id: f"C{n}" for n, one in enumerate(covers(records), 1)}
    children = [one for one in records.incidents()[::-1] if not one.subject.shared]
    names = cover | {one.id: str(n) for n, one in enumerate(children, 1)}
    return {(names[one.id], names[other]) for one in records.incidents() for other in one.related}


def both(*pairs: str) -> set[tuple[str, str]]:
    found = {tuple(pair.split("-")) for pair in pairs}
    return {(a, b) for a, b in found} | {(b, a) for a, b in found}


def whys(records: Records, number: int) -> list[str]:
    return [told(one) for one in records.events(number) if one.kind == "related"]


CALLS_OURS = {"url": "https://api.northbeam.example/orders"}
CALLS_THEIRS = {"url": "https://api.acme-suppliers.example/v1"}
BAD_DATA = {"message": "Missing required field: email", "httpCode": "422"}
LATER = NOW + 60 * MINUTE

PAIRS: list[tuple[str, Arrival, Arrival, set[tuple[str, str]]]] = [
    # of one client
    ("one credential", alert("ACME", cred=CREDENTIAL), alert("ACME", "Bills", cred=CREDENTIAL), both("1-2")),
    ("one host of ours", alert("ACME", **CALLS_OURS), alert("ACME", "Bills", **CALLS_OURS), both("1-2")),
    ("one host of others", alert("ACME", **CALLS_THEIRS), alert("ACME", "Bills", **CALLS_THEIRS), both("1-2")),
    ("one vendor by node", alert("ACME", **SLACK), alert("ACME", "Bills", **SLACK), both("1-2")),
    ("one vendor by node and by host", alert("ACME", **SLACK), alert("ACME", "Bills", url="https://slack.com/api"), both("1-2")),
    ("two nodes of one workflow", alert("ACME", **SLACK), alert("ACME", node="Tell", **SLACK), both("1-2")),
    ("at the end of the window", alert("ACME", **SLACK), alert("ACME", "Bills", LATER, **SLACK), both("1-2")),
    ("the older one comes second", alert("ACME", "Bills", LATER, **SLACK), alert("ACME", **SLACK), both("1-2")),
    # near misses
    ("after the window", alert("ACME", **SLACK), alert("ACME", "Bills", LATER + MINUTE, **SLACK), set()),
    ("long before it", alert("ACME", "Bills", LATER + MINUTE, **SLACK), alert("ACME", **SLACK), set()),
    ("the same id on another server", alert("ACME", cred="12"), alert("ACME", "Bills", cred="12", instance="b"), set()),
    ("two credentials", alert("ACME", cred="12"), alert("ACME", "Bills", cred="13"), set()),
    ("two vendors", alert("ACME", **SLACK), alert("ACME", "Bills", node_type="n8n-nodes-base.hubspot"), set()),
    ("no vendor known", alert("ACME", **CODE), alert("ACME", "Bills", **CODE), set()),
    ("this machine", alert("ACME", url="http://localhost:8000/a"), alert("ACME", "B", url="http://localhost:8000/a"), set()),
    ("a private address", alert("ACME", url="http://10.0.0.7/a"), alert("ACME", "B", url="http://10.0.0.7/a"), set()),
    ("n8n itself", alert("ACME", url="https://n8n.northbeam.example/webhook/a"),
     alert("ACME", "B", url="https://n8n.northbeam.example/webhook/b"), set()),
    # across clients: never one to the other
    ("a vendor of two clients", alert("ACME", **SLACK), alert("GLOBEX", **SLACK), both("1-C1", "2-C1")),
    ("a credential of two", alert("ACME", cred=CREDENTIAL), alert("GLOBEX", cred=CREDENTIAL), both("1-C1", "2-C1")),
    ("a host of two", alert("ACME", **CALLS_OURS), alert("GLOBEX", **CALLS_OURS), both("1-C1", "2-C1")),
    ("one unknown", alert("ACME", **SLACK), alert(None, **SLACK), both("1-C1", "2-C1")),
    ("the other unknown", alert(None, **SLACK), alert("ACME", **SLACK), both("1-C1", "2-C1")),
    ("both unknown", alert(None, "Sync", **SLACK), alert(None, "Copy", **SLACK), both("1-C1", "2-C1")),
    ("credential, host and vendor make one", alert("ACME", cred="7", url="https://x.modal.run/a"),
     alert("GLOBEX", cred="7", url="https://x.modal.run/a"), both("1-C1", "2-C1")),
    ("a cause of its own at both", alert("ACME", **SLACK, **BAD_DATA), alert("GLOBEX", **SLACK, **BAD_DATA), set()),
    ("at the first", alert("ACME", **SLACK, **BAD_DATA), alert("GLOBEX", **SLACK), set()),
    ("at the second", alert("ACME", **SLACK), alert("GLOBEX", **SLACK, **BAD_DATA), set()),
    ("of one client all the same", alert("ACME", **SLACK, **BAD_DATA), alert("ACME", "Bills", **SLACK), both("1-2")),
    ("two clients after the window", alert("ACME", **SLACK), alert("GLOBEX", at=LATER + MINUTE, **SLACK), set()),
    ("two clients, two servers", alert("ACME", cred="12"), alert("GLOBEX", cred="12", instance="b"), set()),
]  # fmt: skip


@pytest.mark.parametrize("together", [False, True], ids=["apart", "in one commit"])
@pytest.mark.parametrize(("first", "second", "wanted"), [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS])
def test_what_shares_something_is_related(
    here: Records, first: Arrival, second: Arrival, wanted: set[tuple[str, str]], together: bool
) -> None:
    take(here, first, second, together=together)
    assert links(here) == wanted


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("api.hubapi.com", "api.hubapi.com"), ("API.HubApi.com.", "api.hubapi.com"), ("a-b.modal.run", "a-b.modal.run"),
        ("93.184.215.14", "93.184.215.14"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("localhost", None), ("api.localhost", None), ("n8n", None), ("host.docker.internal", None), ("nas.lan", None),
        ("printer.local", None), ("db.default.svc", None), ("web.svc.cluster.local", None), ("x.home.arpa", None),
        ("127.0.0.1", None), ("10.1.2.3", None), ("192.168.0.1", None), ("169.254.169.254", None), ("::1", None),
        ("fd00::1", None), ("100.64.0.1", None), ("0.0.0.0", None), ("a..b", None), ("[host:3f9a1c]", None),
        ("https://a.example", None), ("a.example:443", None), ("", None), (None, None), (f"{'a.' * 200}example", None),
    ],
)  # fmt: skip
def test_a_host_is_shared_that_means_the_same_machine_to_everybody(host: str | None, wanted: str | None) -> None:
    assert public(host) == wanted


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Acme key", True), ("Slack", True), ("ACME Pipes Slack", True), ("Globalex", True),
        ("Globex Foods", False), ("key of GLOBEX", False), ("globex-key", False), ("[HOOLI] Slack", False),
        ("[OTHER] Slack", False),
    ],
)  # fmt: skip
def test_a_credentials_name_is_left_out_where_it_may_name_another_client(name: str, kept: bool) -> None:
    [one] = alert("ACME", cred=CREDENTIAL, cred_name=name, **SLACK).alerts
    assert talked_to(one, "ACME", SETTINGS) == {
        "credential_id": CREDENTIAL, "credential": name if kept else None, "host": None, "vendor": "Slack",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        (Subject(), []),
        (Subject(credential_id="7"), []),  # of which server?
        (Subject(credential_id="7", instance="main"), ["credential"]),
        (Subject(host="slack.com", vendor="Slack"), ["vendor"]),
        (Subject(host="orders.modal.run", vendor="Modal"), ["host", "vendor"]),
        (Subject(host="api.northbeam.example"), ["host"]),
        (Subject(host="n8n.northbeam.example"), []),
        (Subject(host="n8n.other.example", execution_url="https://n8n.other.example/workflow/1/executions/2"), []),
        (Subject(host="n8n.other.example", execution_url="https://[broken"), ["host"]),
    ],
)
def test_what_a_subject_may_share(subject: Subject, wanted: list[str]) -> None:
    assert [one.kind for one in shares(subject, SETTINGS)] == wanted


def test_where_a_sub_workflow_failed_it_counts_what_that_one_talked_to(here: Records) -> None:
    inner = {"message": "503", "name": "NodeApiError", "executionId": "9", "workflowId": "wf9",
             "node": {"name": "Send", "type": "n8n-nodes-base.slack",
                      "parameters": {"url": "https://hooks.slack.com/x"}}}  # fmt: skip
    outer = {"node_type": "n8n-nodes-base.executeWorkflow", "errorResponse": inner, **CALLS_OURS}
    take(here, alert("ACME", node="Call it", **outer), alert("ACME", "Bills", **SLACK))
    first = here.get(1).subject
    assert (first.host, first.vendor) == ("hooks.slack.com", "Slack") and links(here) == both("1-2")


def test_a_relation_says_what_is_shared_and_nothing_else(here: Records) -> None:
    take(here, alert("ACME", cred=CREDENTIAL, **SLACK), alert("ACME", "Bills", cred=CREDENTIAL, **SLACK))
    shared = f"the credential with the id {CREDENTIAL} on the n8n server main and Slack"
    assert whys(here, 1) == [f"Related to INC-2: both use {shared}"]
    assert whys(here, 2) == [f"Related to INC-1: both use {shared}"]


def test_the_window_counts_from_when_it_was_last_seen(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("ACME", at=NOW + 50 * MINUTE, **SLACK))
    take(here, alert("ACME", "Bills", NOW + 110 * MINUTE, **SLACK))
    assert links(here) == both("1-2")


def test_the_window_counts_what_is_counted_in_the_same_commit(here: Records) -> None:
    take(here, alert("ACME", **SLACK))
    late = NOW + 300 * MINUTE
    take(here, alert("ACME", at=late, **SLACK), alert("ACME", "Bills", late, **SLACK), together=True)
    assert links(here) == both("1-2")


@pytest.mark.parametrize(
    ("minutes", "later", "wanted"), [(5, 5, both("1-2")), (4, 5, set()), (1, 0, both("1-2")), (0, 0, set())]
)
def test_the_window_is_a_setting(here: Records, minutes: int, later: int, wanted: set[tuple[str, str]]) -> None:
    settings = SETTINGS.model_copy(update={"alerts": Alerts(related_minutes=minutes)})
    take(here, alert("ACME", **SLACK), alert("ACME", "Bills", NOW + later * MINUTE, **SLACK), settings=settings)
    assert links(here) == wanted


@pytest.mark.parametrize("end", ["resolved", "closed"])
def test_what_is_over_is_not_related(records: Records, end: str) -> None:
    take(records, alert("ACME", **SLACK))
    _end(records, 1, end)
    take(records, alert("ACME", "Bills", NOW + MINUTE, **SLACK), alert("GLOBEX", at=NOW + MINUTE, **SLACK))
    assert links(records) == both("2-C1", "3-C1")


def test_a_resolved_one_leaves_open_what_covers_it(records: Records) -> None:
    take(records, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    _end(records, 1, "resolved")
    cover = covers(records)[0]
    assert not cover.is_resolved and records.versions()[cover.number] == cover.version
    take(records, alert("HOOLI", at=NOW + MINUTE, **SLACK), alert("ACME", "Bills", NOW + MINUTE, **SLACK))
    assert links(records) == both("1-C1", "2-C1", "3-C1", "4-C1")


def test_a_new_one_covers_what_comes_after_the_old_was_resolved(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    _end(here, covers(here)[0].number, "resolved")
    take(here, alert("HOOLI", at=NOW + MINUTE, **SLACK))
    first, second = covers(here)
    assert second.recurring and first.id in second.related
    assert links(here) - {("C2", "C1")} == both("1-C1", "2-C1", "1-C2", "2-C2", "3-C2")


def test_one_that_is_back_is_related_as_a_new_one_is(here: Records) -> None:
    take(here, alert("ACME", **SLACK))
    _end(here, 1, "resolved")
    take(here, alert("GLOBEX", at=NOW + MINUTE, **SLACK))
    assert links(here) == set()
    take(here, alert("ACME", at=NOW + 2 * MINUTE, **SLACK))
    assert len(here.get(1).reopened) == 1 and links(here) == both("1-C1", "2-C1")
    here.add(1, payload_of("resolved", {}), by="Anna", at=NOW + 3 * MINUTE)
    take(here, alert("ACME", at=NOW + 4 * MINUTE, **SLACK))
    assert len(here.get(1).reopened) == 2 and len(here.get(1).related) == 1


def test_an_accepted_cause_counts_for_more_than_the_words(here: Records) -> None:
    take(here, alert("ACME", **SLACK, **BAD_DATA), alert("GLOBEX", **SLACK))
    assert links(here) == set()
    here.add(1, payload_of("cause_accepted", {"cause": "external_api_changed"}), by="Anna", at=NOW)
    take(here, alert("HOOLI", at=NOW + MINUTE, **SLACK))
    assert links(here) == both("1-C1", "2-C1", "3-C1")


def test_what_covers_others_is_found_by_itself_while_it_is_open(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    _end(here, 1, "resolved")
    _end(here, 2, "resolved")
    take(here, alert("ACME", "Bills", NOW + MINUTE, **SLACK))
    assert links(here) == both("1-C1", "2-C1", "3-C1")


def test_what_covers_others_takes_nothing_after_the_window_though_it_is_open(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK), alert("HOOLI", at=LATER + MINUTE, **SLACK))
    assert links(here) == both("1-C1", "2-C1")


def test_one_that_goes_on_leads_its_clients_next_one_to_what_covers_it(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    take(here, alert("ACME", at=NOW + 100 * MINUTE, **SLACK), alert("ACME", "Bills", NOW + 101 * MINUTE, **SLACK))
    assert links(here) == both("1-C1", "2-C1", "1-3", "3-C1")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_order_of_arrival_makes_no_difference(here: Records, order: tuple[int, ...]) -> None:
    """Two clients share a credential, and all three the vendor: one incident covers the two, one the three."""
    rows = [alert("ACME", cred="7", **SLACK), alert("GLOBEX", cred="7", **SLACK), alert("HOOLI", cred="8", **SLACK)]
    take(here, *(rows[n] for n in order))
    under = {
        (one.subject.shared, here.get(int(child.removeprefix("INC-"))).client)
        for one in covers(here)
        for child in one.related
    }
    assert under == {
        ("credential:main", "ACME"), ("credential:main", "GLOBEX"),
        ("vendor:Slack", "ACME"), ("vendor:Slack", "GLOBEX"), ("vendor:Slack", "HOOLI"),
    }  # fmt: skip


def _storm() -> list[Arrival]:
    return [
        alert(f"CL{n % 10}", f"Flow {n}", cred=f"cred-{n % 10}", url="https://slack.com/api/chat", **SLACK)
        for n in range(100)
    ]


@pytest.mark.parametrize("together", [False, True], ids=["apart", "in one commit"])
def test_a_storm_of_ten_clients_behind_one_vendor_has_one_above_it(records: Records, together: bool) -> None:
    take(records, *_storm(), together=together)
    [cover] = covers(records)
    assert (cover.title, cover.client, cover.subject.vendor) == ("Slack fails for several clients", None, "Slack")
    assert len(cover.related) == 100 and len(records.incidents()) == 101
    events = sum(len(records.events(one.number)) for one in records.incidents())
    # Each is opened and judged, and related both ways to what covers it and to the first one of its client.
    assert events == 100 * 2 + 100 * 2 + 90 * 2 + 2


def test_nothing_is_asked_for_an_alert_that_opens_nothing(here: Records) -> None:
    take(here, alert("ACME", **SLACK))
    asked: list[str] = []
    sql.listen(here._engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    take(here, *(alert("ACME", **SLACK) for _ in range(50)), together=True)
    assert not [one for one in asked if "changed_at >=" in one]
    take(here, *(alert("ACME", f"Flow {n}", **SLACK) for n in range(50)), together=True)
    assert len([one for one in asked if "changed_at >=" in one]) == 1


def test_two_receivers_at_once_open_one(place: Path | str) -> None:
    Records(place).close()
    start = threading.Barrier(2)

    def receive(rows: list[Arrival]) -> None:
        records = Records(place, clock=Clock())
        start.wait()
        take(records, *rows)
        records.close()

    storm = _storm()[:40]
    threads = [threading.Thread(target=receive, args=(storm[n::2],)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = Records(place, clock=Clock())
    [cover] = covers(records)
    assert len(cover.related) == 40 and len(records.incidents()) == 41
    records.close()


def test_what_covers_others_is_an_incident_like_others(records: Records) -> None:
    owed: list[tuple[str, str]] = []
    arrivals = Arrivals(records, SETTINGS, lambda _w, one, why, _at: owed.append((one.title, why)))
    for one in (alert("ACME", **SLACK), alert("GLOBEX", **SLACK)):
        arrivals.take([one])
    [cover] = covers(records)
    assert ("Slack fails for several clients", "opened") in owed
    assert cover.severity is Severity.P2 and cover.suggested is not None
    assert cover.suggested.text.startswith("2 workflows are down (several_workflows_down, SEV-P2)")
    stands = Desk(records, SETTINGS, clock=Clock()).standing(cover.number)
    assert stands.next_step == "Acknowledge it (ACK-1)."
    assert stands.timers["respond"].due == NOW + timedelta(hours=4)


def test_it_is_as_grave_as_the_gravest_under_it(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    assert covers(here)[0].severity is Severity.P2
    take(here, alert("HOOLI", message="503, data loss: the orders can't be made again", **SLACK))
    child = here.incidents()[0]
    assert child.severity is Severity.P1, child.suggested
    cover = covers(here)[0]
    assert cover.severity is Severity.P1 and cover.suggested is not None
    assert cover.suggested.text.startswith(f"{child.id} alone is P1")


def test_nothing_of_one_client_is_said_in_the_incident_of_another(records: Records, tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "incident-nb.toml").write_text("")
    settings = SETTINGS.model_copy(update={"path": tmp_path / "incident-nb.toml"})
    take(
        records,
        alert("ACME", cred=CREDENTIAL, cred_name="Globex Slack", **SLACK),
        alert("GLOBEX", cred=CREDENTIAL, cred_name="Globex Slack", **SLACK),
        alert("HOOLI", cred=CREDENTIAL, cred_name="[GLOBEX] Slack", **SLACK),
        alert("ACME", "Bills", cred="9", cred_name="Acme Slack", **SLACK),
        alert("HOOLI", "Rooms", **CALLS_OURS),
        alert("GLOBEX", "Menus", **CALLS_OURS),
        settings=settings,
    )
    desk = Desk(records, settings, clock=clock)
    words = {code: {code, NAMES[code], FLOWS[code]} for code in NAMES}
    words["ACME"].add("Bills")
    words["HOOLI"].add("Rooms")
    words["GLOBEX"].add("Menus")
    seen = 0
    for stands in desk.board():
        one = stands.incident
        foreign = {word.casefold() for code in NAMES if code != one.client for word in words[code]}
        slash = (
            answer(
                Command(command="/incident", text=f"show {one.id}", user_id="U1", channel_id="C1"),
                records,
                settings,
                clock,
            )
            or ""
        )
        texts = [
            line(stands), slash, json.dumps(as_json(desk.standing(one.number), desk.timeline(one.number)), default=str),
            *(f"{label} {text}" for label, text in glance(desk.standing(one.number), desk.timeline(one.number))),
        ]  # fmt: skip
        for text in texts:
            assert not [word for word in foreign if word in text.casefold()], (one.id, text)
        seen += one.client is not None
        if one.client:
            assert all(records.get(int(name[4:])).subject.shared or records.get(int(name[4:])).client == one.client
                       for name in one.related)  # fmt: skip
    assert seen == 6 and len(covers(records)) == 3
    assert records.get(1).subject.credential is None
    assert records.incidents()[0].client != "ACME"


def test_a_client_sees_what_covers_its_incident_and_not_the_others_under_it(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    desk = Desk(here, SETTINGS, clock=Clock())
    [cover] = covers(here)
    for child in (one for one in here.incidents() if one.client):
        rows = glance(desk.standing(child.number), desk.timeline(child.number))
        assert [text for label, text in rows if label == "related"] == [
            f"Related to {cover.id}: it covers all that use Slack"
        ]
        assert as_json(desk.standing(child.number))["related"] == [cover.id]
    assert cover.client is None and len(cover.related) == 2


def test_a_long_list_of_what_is_under_it_is_cut(here: Records) -> None:
    take(here, *_storm()[:20], together=True)
    desk, [cover] = Desk(here, SETTINGS, clock=Clock()), covers(here)
    rows = [
        text for label, text in glance(desk.standing(cover.number), desk.timeline(cover.number)) if label == "related"
    ]
    assert len(rows) == 13 and rows[0] == "… and 8 more"


def test_no_diagnosis_of_one_client_goes_to_what_covers_several(here: Records) -> None:
    take(here, alert("ACME", **SLACK), alert("GLOBEX", **SLACK))
    [cover] = covers(here)
    diagnosis = diagnose(log_of(*runs("..XX")), now=BUILT)
    assert diagnosis.problem is not None
    Desk(here, SETTINGS, clock=Clock()).diagnosed(cover.number, diagnosis)
    assert here.get(cover.number).version == cover.version
    assert sources_of(cover, SETTINGS) == [] and sources_of(here.get(1), SETTINGS) == ["n8n:main"]
