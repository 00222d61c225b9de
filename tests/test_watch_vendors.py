"""Third parties that incidents wait for: told only when they change, and never on the word of a page that says nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb import http
from incident_nb.incidents import Records, payload_of
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.probes import vendors
from incident_nb.probes.vendors import Vendor
from incident_nb.said import Subject
from incident_nb.settings import Settings
from incident_nb.watch.vendors import look
from tests.builders import Json, call, error, flow, run
from tests.faulty import Asked, answer, serving
from tests.secure import look_at_loopback, serving_securely
from tests.served import KEY, Kept, serving_n8n
from tests.watched import kinds, lines, workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
LATER = timedelta(minutes=5)
OUTAGE = ("cause_accepted", {"cause": "external_outage"})
SHOP = "api.shop.example"


def going_on(impact: str = "major", status: str = "investigating", **more: Any) -> Json:
    """A row of Statuspage that is not over."""
    return {"name": "API errors", "status": status, "impact": impact, "created_at": "2026-03-09T11:30:00Z",
            "resolved_at": None, "components": [], **more}  # fmt: skip


@dataclass
class Page:
    """A vendor's status page: what it lists, or what it answers instead, and how often it was asked for incidents."""

    rows: list[Json] = field(default_factory=list)
    planned: list[Json] = field(default_factory=list)
    instead: tuple[Any, int] | None = None
    asked: int = 0

    def reply(self, connection: socket.socket, asked: Asked) -> None:
        if "maintenances" in asked.path:
            answer({"scheduled_maintenances": self.planned})(connection, asked)
            return
        self.asked += 1
        (answer(*self.instead) if self.instead else answer({"incidents": self.rows}))(connection, asked)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    made = Page()
    with serving(made.reply) as server:
        told = {"name": "Shop", "page": server.url, "format": "statuspage", "source": server.url, "checked": "never"}
        rows = (Vendor.model_validate({**told, "hosts": [SHOP, "localhost"], "nodes": ["n8n-nodes-base.shop"]}),)
        monkeypatch.setattr(vendors, "table", lambda: rows)
        yield made


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    open_now = Records(tmp_path / "record.db", clock=lambda: NOW)
    yield open_now
    open_now.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return workspace(tmp_path)


def opened(records: Records, *happened: tuple[str, Json], **about: Any) -> int:
    """The number of an incident of a call to the shop."""
    subject = Subject(**{"instance": "main", "workflow_id": "wf1", "node": "Call", "host": SHOP, **about})
    number = records.open(Opened(title="Orders fail", detected_at=NOW, subject=subject), by="Anna", at=NOW).number
    for kind, said in happened:
        records.add(number, payload_of(kind, said), by="Anna", at=NOW)
    return number


def diagnosed(confidence: float = 0.8, cause: str = "external_outage") -> tuple[str, Json]:
    return "diagnosed", {"headline": "It is down", "cause": cause, "confidence": confidence}


def levels(records: Records, settings: Settings, now: datetime = NOW) -> list[tuple[int, str, str]]:
    return [(one.incident, one.vendor, one.level) for one in look(records, settings, now)]


@pytest.mark.parametrize(
    ("happened", "waits"),
    [
        ([OUTAGE], True),
        ([], False),
        ([diagnosed()], True),
        ([diagnosed(0.49)], False),
        ([diagnosed(), diagnosed(cause="network")], False),
        ([diagnosed(cause="network"), diagnosed()], True),
        ([diagnosed(), ("cause_accepted", {"cause": "network"})], False),
        ([diagnosed(), ("cause_rejected", {"cause": "external_outage", "reason": "it is well"})], False),
        ([diagnosed(), ("corrected", {"seq": 2, "reason": "of another incident"})], False),
        ([diagnosed(cause="network"), ("corrected", {"seq": 2, "payload": diagnosed()[1], "reason": "no"})], False),
        ([OUTAGE, ("resolved", {})], False),
        ([OUTAGE, ("closed", {})], False),
    ],
)  # fmt: skip
def test_which_incidents_wait(
    page: Page, records: Records, settings: Settings, happened: list[tuple[str, Json]], waits: bool
) -> None:
    page.rows = [going_on()]
    number = opened(records, *happened)
    assert levels(records, settings) == ([(number, "Shop", "down")] if waits else [])
    assert page.asked == waits and kinds(records, number).count("vendor_watched") == waits


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        ([], None),
        ([going_on()], "down"),
        ([going_on("critical")], "down"),
        ([going_on("minor")], "degraded"),
        ([going_on("none")], None),
        ([going_on(status="monitoring")], "degraded"),
        ([going_on(resolved_at="2026-03-09T11:50:00Z", status="resolved")], None),
        ([going_on("minor"), going_on("critical")], "down"),
        ([going_on(components=[{"name": "API"}])], "down"),
        ([going_on(created_at="2026-03-09T13:00:00Z")], None),  # it has not begun
    ],
)
def test_what_a_page_says(
    page: Page, records: Records, settings: Settings, rows: list[Json], level: str | None
) -> None:
    page.rows = rows
    opened(records, OUTAGE)
    assert levels(records, settings) == ([(1, "Shop", level)] if level else [])


UNREADABLE: list[tuple[Any, int]] = [("<html>", 200), ({"incidents": 5}, 200), ({}, 503), ("", 200)]
Says = list[Json] | tuple[Any, int]


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ([[going_on()], [going_on()], [going_on()]], ["is down"]),
        ([[going_on()], []], ["is down", "has recovered"]),
        ([[going_on()], ("<html>", 200), []], ["is down", "has recovered"]),
        ([[going_on()], ("<html>", 200), [going_on()]], ["is down"]),
        *(([[going_on()], broken, broken], ["is down"]) for broken in UNREADABLE),
        (
            [[going_on("minor")], [going_on()], [going_on("minor")]],
            ["is not well", "has become worse", "is doing better"],
        ),
        ([[going_on()], [], [going_on()]], ["is down", "has recovered", "is down"]),
        ([[], ("<html>", 200), []], []),
        ([[], [going_on()]], ["is down"]),
        ([[going_on()], [going_on(name="Another one")]], ["is down"]),
    ],
)
def test_a_line_only_when_something_changed(
    page: Page, records: Records, settings: Settings, says: list[Says], told: list[str]
) -> None:
    number = opened(records, OUTAGE)
    for nth, one in enumerate(says):
        page.rows, page.instead = (one, None) if isinstance(one, list) else ([], one)
        look(records, settings, NOW + nth * LATER)
    assert page.asked == len(says)
    texts = [text for about, of, text in lines(records) if about == "vendor" and of == number]
    assert len(texts) == len(told) and all(words in text for words, text in zip(told, texts, strict=True)), texts
    assert kinds(records, number).count("vendor_watched") == len(told)


def test_an_end_that_is_announced_and_moved(page: Page, records: Records, settings: Settings) -> None:
    opened(records, diagnosed())
    planned = {"name": "Move", "status": "in_progress", "impact": "maintenance", "created_at": "2026-03-09T10:00:00Z",
               "scheduled_for": "2026-03-09T11:00:00Z", "scheduled_until": "2026-03-09T14:00:00Z", "components": []}  # fmt: skip
    page.planned = [planned]
    (seen,) = look(records, settings, NOW)
    assert (seen.level, seen.eta) == ("degraded", NOW + timedelta(hours=2))
    page.planned = [{**planned, "scheduled_until": "2026-03-09T16:00:00Z"}]
    (seen,) = look(records, settings, NOW + LATER)
    assert seen.eta == NOW + timedelta(hours=4) and records.get(1).vendors["Shop"].eta == seen.eta
    assert [about for about, _, _ in lines(records)] == ["vendor", "vendor"]
    assert (
        "Back by 2026-03-09 14:00 UTC" in lines(records)[0][2]
        and "changed what it says of an end" in lines(records)[1][2]
    )
    page.planned, page.rows = [], [going_on()]
    look(records, settings, NOW + 2 * LATER)
    assert [about for about, _, _ in lines(records)][2:] == ["vendor", "escalation"]  # now there is no end


@pytest.mark.parametrize(
    ("happened", "asks"),
    [
        ([diagnosed()], 1),
        ([OUTAGE], 0),  # it is owed anyway
        ([diagnosed(), ("fact_confirmed", {"fact": "outage_without_end"})], 0),
        ([diagnosed(), ("fact_confirmed", {"fact": "outage_without_end", "true": False})], 0),
        ([diagnosed(), ("fact_confirmed", {"fact": "data_loss"})], 1),
    ],
)
def test_an_outage_without_an_end_is_to_be_confirmed_once(
    page: Page, records: Records, settings: Settings, happened: list[tuple[str, Json]], asks: int
) -> None:
    opened(records, *happened)
    page.rows = [going_on("minor")]
    look(records, settings, NOW)
    page.rows = [going_on()]
    look(records, settings, NOW + LATER)
    told = [text for about, _, text in lines(records) if about == "escalation"]
    assert len(told) == asks and all("outage_without_end" in text and "ESC-3" in text for text in told)
    page.rows = []
    look(records, settings, NOW + 2 * LATER)
    page.rows = [going_on()]
    look(records, settings, NOW + 3 * LATER)
    assert [about for about, _, _ in lines(records)].count("escalation") == 2 * asks  # another outage


def test_many_incidents_make_one_request_each_five_minutes(page: Page, records: Records, settings: Settings) -> None:
    page.rows = [going_on()]
    numbers = [opened(records, OUTAGE) for _ in range(20)]
    assert [one for one, _, _ in levels(records, settings)] == numbers and page.asked == 1
    numbers.append(opened(records, OUTAGE))
    assert levels(records, settings, NOW + timedelta(minutes=4)) == [(numbers[-1], "Shop", "down")] and page.asked == 1
    assert levels(records, settings, NOW + LATER) == [] and page.asked == 2
    assert page.asked == 2 and len(lines(records)) == 21


def test_what_was_remembered_and_cannot_be_read_is_asked_again(
    page: Page, records: Records, settings: Settings, tmp_path: Path
) -> None:
    page.rows = [going_on(components=[{"name": "API"}])]
    opened(records, OUTAGE)
    look(records, settings, NOW)
    kept = tmp_path / "watch" / "vendors.json"
    assert json.loads(kept.read_text())["pages"]["Shop"]["incidents"]
    for broken in ("{", '{"pages": {"Shop": 5}}', '{"pages": {"Shop": {"at": "2099-01-01T00:00:00Z"}}}'):
        kept.write_text(broken)
        asked = page.asked
        assert levels(records, settings, NOW) == [] and page.asked == asked + 1


def test_machines_that_look_at_once_tell_it_once(page: Page, tmp_path: Path, place: Path | str) -> None:
    page.rows = [going_on()]
    many = [(Records(place, clock=lambda: NOW), workspace(tmp_path / str(number))) for number in range(3)]
    number = opened(many[0][0], diagnosed())
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one: look(one[0], one[1], NOW), many))
    assert sum(map(len, found)) == 1 and kinds(many[0][0], number).count("vendor_watched") == 1
    assert sorted(about for about, _, _ in lines(many[0][0])) == ["escalation", "vendor"]
    for one, _ in many:
        one.close()


# The host, where the workflow on n8n names it


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """An n8n whose workflow wf1 calls localhost."""
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__MAIN", KEY)
    kept = Kept()
    with serving_n8n(kept) as server:
        kept.health["url"] = (server.url, 200)
        yield kept


def with_server(kept: Kept, folder: Path) -> Settings:
    return workspace(folder, n8n={"main": {"url": kept.health["url"][0]}})


def test_a_host_that_is_away_and_comes_back(
    page: Page, records: Records, main: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    settings = with_server(main, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    main.workflows = [flow(1, None, call(host=f"localhost:{free}"))]
    opened(records, OUTAGE, host="localhost")
    assert levels(records, settings) == [(1, "localhost", "down")]
    page.instead = ("<html>", 200)
    assert levels(records, settings, NOW + LATER) == []
    main.workflows = []  # it can't be looked at any more
    assert levels(records, settings, NOW + 2 * LATER) == []
    with serving_securely(tmp_path, datetime.now(UTC) + timedelta(days=90), monkeypatch) as port:
        main.workflows = [flow(1, None, call(host=f"localhost:{port}"))]
        assert levels(records, settings, NOW + 3 * LATER) == [(1, "localhost", "up")]
    assert [text.partition(".")[0] for _, _, text in lines(records)] == ["localhost is down", "localhost has recovered"]


def test_one_lost_packet_is_no_outage(
    page: Page, records: Records, main: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    tries: list[int] = []
    real = http.look

    def lost_once(host: str, port: int, **more: Any) -> Any:
        tries.append(port)
        if len(tries) == 1:
            raise http.RequestError("reset", "the connection was reset")
        return real(host, port, **more)

    monkeypatch.setattr(http, "look", lost_once)
    with serving_securely(tmp_path, datetime.now(UTC) + timedelta(days=90), monkeypatch) as port:
        main.workflows = [flow(1, None, call(host=f"localhost:{port}"))]
        opened(records, OUTAGE, host="localhost")
        assert levels(records, with_server(main, tmp_path)) == [] and len(tries) == 2


def test_when_nothing_answers_our_own_connection_may_be_down(
    page: Page, records: Records, main: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at_loopback(monkeypatch)
    away = vendors.table()[0].model_copy(update={"page": "http://127.0.0.1:9"})
    monkeypatch.setattr(vendors, "table", lambda: (away,))
    main.workflows = [flow(1, None, call(host="localhost:9"))]
    opened(records, OUTAGE, host="localhost")
    assert levels(records, with_server(main, tmp_path)) == []


def test_who_is_meant_is_taken_from_the_archive(page: Page, records: Records, main: Kept, tmp_path: Path) -> None:
    """An alert may name neither the host nor the kind of node."""
    from incident_nb.live import fetch

    settings = with_server(main, tmp_path)
    main.add(run(7, NOW - timedelta(hours=1), error(500), flow(1)))
    page.rows = [going_on()]
    opened(records, OUTAGE, host=None, execution_id="7")
    assert levels(records, settings) == []
    fetch("main", settings)
    assert levels(records, settings) == [(1, "Shop", "down")]


def test_a_vendor_may_be_known_by_its_name_alone(page: Page, records: Records, settings: Settings) -> None:
    page.rows = [going_on()]
    opened(records, OUTAGE, host=None, vendor="shop")
    opened(records, OUTAGE, host=None, vendor="nobody")
    assert levels(records, settings) == [(1, "Shop", "down")]


def test_what_a_page_says_passes_the_gate(page: Page, records: Records, settings: Settings) -> None:
    page.rows = [going_on(name="Key sk_live_4eC39HqLyjWDarjtT1zdp7dc leaked")]
    opened(records, OUTAGE)
    look(records, settings, NOW)
    assert "4eC39HqLyjWDarjtT1zdp7dc" not in lines(records)[0][2] + records.get(1).vendors["Shop"].text
