"""Where the live checks send requests, whatever the world around them says, and what they make of faulty servers.

Every name that is looked up and every connection that is opened is recorded at the lowest layer; the only machine that
can be reached is this one.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpcore
import pytest

from incident_nb.case import Case, open_case, read_case
from incident_nb.diagnose import investigate, run_checks
from incident_nb.http import Allowed, RequestError, Session, origin
from incident_nb.http.network import Network, _is_public
from incident_nb.models import Outcome, Probed
from incident_nb.probes import PROBES, vendors
from incident_nb.settings import App, Client, Modal, Probes, Settings
from incident_nb.settings import Server as Configured
from tests import faulty
from tests.builders import HOUR, Json, call, error, flow, runs
from tests.faulty import Server, answer, serving
from tests.served import KEY, Kept, serving_n8n

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - 9.5 * HOUR
PAGE = "status.vendor.example"
SHOP = "api.shop.example"
SECRETS = {
    "MODAL_TOKEN_SECRET": "as-7Hq2LmX9Vb4Tz8Kc1Nw5",
    "SLACK_BOT_TOKEN": "xoxb-184729301-aXbYcZdW12",
    "INCIDENT_NB_ALERT_TOKEN": "alert-Zr8Qp4Wn2Ls7Jd5",
}
UP = {"healthz": ({"status": "ok"}, 200), "healthz/readiness": ({"status": "ok"}, 200)}


@dataclass
class Ways:
    """What was asked of the network: names that were looked up; hosts that a request, or a mere look, was to go to."""

    names: set[str] = field(default_factory=set)
    requests: set[tuple[str, int]] = field(default_factory=set)
    looks: set[tuple[str, int]] = field(default_factory=set)
    addresses: set[tuple[str, int]] = field(default_factory=set)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Records all; a name is at 192.0.2.1 (nobody's), `private.*` at a private address, and nothing but loopback is there."""
    seen = Ways()
    connect_tcp, resolve, connect = Network.connect_tcp, socket.getaddrinfo, httpcore.SyncBackend.connect_tcp

    def lookup(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        seen.names.add(str(host))
        if str(host) in ("127.0.0.1", "::1", "localhost"):
            return resolve("127.0.0.1", port, *more, **named)
        if str(host).startswith("nowhere."):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = "10.1.2.3" if str(host).startswith("private.") else "8.8.8.8"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))]

    def to_host(self: Network, host: str, port: int, *more: Any, **named: Any) -> Any:
        (seen.looks if self._public else seen.requests).add((host, port))
        return connect_tcp(self, host, port, *more, **named)

    def to_address(self: Any, host: str, port: int, *more: Any, **named: Any) -> Any:
        seen.addresses.add((host, port))
        if host != "127.0.0.1":
            raise httpcore.ConnectError("[Errno 111] Connection refused")
        return connect(self, host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(Network, "connect_tcp", to_host)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", to_address)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # no command line of Modal's
    return seen


@dataclass
class World:
    """An n8n, a status page and a stranger, all on this machine."""

    n8n: Server
    page: Server
    stranger: Server
    kept: Kept

    def sent(self) -> str:
        """All that the stranger and the status page were sent."""
        return json.dumps([[one.path, one.headers] for one in (*self.page.asked, *self.stranger.asked)])


@contextmanager
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as open_:
        stranger = open_.enter_context(serving(answer({"ok": True})))
        page = open_.enter_context(serving(answer({"incidents": []})))
        kept = Kept(per_page=50, health=dict(UP))
        n8n = open_.enter_context(serving_n8n(kept))
        row = vendors.Vendor(
            name="Shop", page=page.url, format="statuspage", source=page.url, checked="never", hosts=(SHOP,)
        )
        far = row.model_copy(update={"name": "Far", "page": f"https://{PAGE}", "hosts": ("*.far.example",)})
        monkeypatch.setattr(vendors, "table", lambda: (row, far))
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        yield World(n8n, page, stranger, kept)


def case_of(
    there: World, folder: Path, executions: list[Json], *workflows: Json, budget_s: float = 5.0, **more: Any
) -> Case:
    """The case of these executions, read from n8n."""
    there.kept.workflows = [
        {**of, "active": True, "activeVersionId": "v1", "versionId": "v1", "versionCounter": 2} for of in workflows
    ]
    there.kept.add(*executions)
    settings = Settings(
        path=folder / "incident-nb.toml", n8n={"default": Configured(url=there.n8n.url)}, probes=Probes(budget_s=budget_s),
        clients={"ACME": Client(repository=folder)}, **more,
    )  # fmt: skip
    return read_case(["n8n"], settings, NOW)


def told(answers: tuple[Probed, ...]) -> str:
    return "\n".join(f"{one.probe} {one.outcome}: {one.summary}" for one in answers)


def kept_to_its_place(there: World) -> None:
    """The key and the environment's secrets went to nobody who is not to have them."""
    assert {one.headers.get("x-n8n-api-key") for one in there.n8n.asked if one.path.startswith("/api/")} == {KEY}
    assert KEY not in there.sent()
    everything = there.sent() + json.dumps([[one.path, one.headers] for one in there.n8n.asked])
    assert not [name for name, value in SECRETS.items() if value in everything]


def not_ours(found: set[tuple[str, int]], there: World) -> set[tuple[str, int]]:
    """What is neither this machine, but for the stranger on it, nor a page of vendors.toml."""
    local = {one for one in found if one[0] == "127.0.0.1" and one[1] != there.stranger.port}
    return found - local - {(PAGE, 443)}


# Addresses that look like one of ours, or lead somewhere else than they seem to.
STRANGE = [
    "https://evil.modal.run.attacker.example/health",
    "https://attacker.example/#.modal.run",
    "https://attacker.example/?x=.modal.run",
    "https://attacker.example\\.modal.run/",
    "https://attacker.example%2F.modal.run/",
    "https://app.modal.run@attacker.example/",
    "https://user:pass@attacker.example/",
    "https://[::ffff:169.254.169.254]/latest",
    "https://[::1%25.modal.run]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://attacker.example./",
    "https://app.modal.run./",
    "HTTPS://ATTACKER.EXAMPLE/",
    "https://xn--mdal-5na.run/",
    "https://app.m\u043edal.run/",
    "https://app.modal.run\uff0fattacker.example/",
    "https://app.modal.run:8443@attacker.example:22/",
    "https://private.attacker.example/",
    "http://169.254.169.254/latest/meta-data",
    "https://private.modal.run.attacker.example:6379/",
    "={{ $json.host }}/x",
    "=https://attacker.example/{{ $json.x }}.modal.run",
    "gopher://attacker.example/",
    "//attacker.example/x.modal.run",
]


@pytest.mark.parametrize("url", STRANGE)
@pytest.mark.parametrize("where", ["definition", "text"])
def test_a_strange_address_gets_no_request(
    url: str, where: str, ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a definition it may be looked at (DNS and TLS, public addresses); in an error's text not even that."""
    node = call("Ask")
    node["parameters"] = {
        "url": url if where == "definition" else f"https://{SHOP}/v1",
        "path": url,
        "options": {"baseURL": url},
    }
    if where == "text":
        node["parameters"] = {"url": f"https://{SHOP}/v1"}
    said = error(
        502, f"connect ECONNREFUSED {url}", f"See {url}", context={"request": {"uri": url, "url": url}}, messages=[url]
    )
    of = flow(1, f"[ACME] {url}", node)
    with world(monkeypatch) as there:
        checks = run_checks(case_of(there, tmp_path, runs("..XXXX", of, wrong=said, start=START + 3 * HOUR), of))
        kept_to_its_place(there)
        assert not_ours(ways.requests, there) == set(), told(checks.answers)
        assert not [host for host, _ in ways.addresses if host not in ("127.0.0.1", "8.8.8.8")]
        if where == "text":
            assert {host for host, _ in ways.looks} <= {SHOP}, ways.looks
        assert there.stranger.asked == []
    assert checks.why_not is None and "report it" not in told(checks.answers), told(checks.answers)


@pytest.mark.parametrize(
    ("host", "apps", "asked"),
    [
        ("team--app.modal.run", {}, {("team--app.modal.run", 443)}),
        ("TEAM--APP.modal.run", {}, {("team--app.modal.run", 443)}),
        (
            "api.acme.example",
            {"api.acme.example": App(app="scorer")},
            {("the-entourage-ai--scorer-web-app.modal.run", 443)},
        ),
        ("api.acme.example", {}, set()),
    ],
)
def test_an_endpoint_of_ours_is_asked_where_a_definition_or_the_settings_name_it(
    host: str,
    apps: dict[str, App],
    asked: set[tuple[str, int]],
    ways: Ways,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = flow(1, None, call("Ask", host=host))
    with world(monkeypatch) as there:
        run_checks(
            case_of(
                there,
                tmp_path,
                runs("..XXXX", of, wrong=error(500), start=START + 3 * HOUR),
                of,
                modal=Modal(apps=apps),
            )
        )
        assert not_ours(ways.requests, there) == asked
        kept_to_its_place(there)


def test_an_own_host_in_a_text_alone_is_not_asked(ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may have an app under *.modal.run, and name it in an error."""
    node = {"name": "Shape", "type": "n8n-nodes-base.code", "parameters": {"jsCode": "// https://evil--app.modal.run/"}}
    of = flow(1, None, node)
    said = error(
        "ECONNREFUSED",
        "connect ECONNREFUSED https://evil--app.modal.run/x",
        context={"request": {"uri": "https://evil--app.modal.run/x"}},
    )
    with world(monkeypatch) as there:
        checks = run_checks(case_of(there, tmp_path, runs("..XXXX", of, wrong=said, start=START + 3 * HOUR), of))
        assert not_ours(ways.requests, there) == set() and ways.looks == set(), told(checks.answers)


def test_a_host_that_an_alert_names_is_not_contacted(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can post an alert can write what they like into it, a definition of a workflow included."""
    evil = "https://evil--app.modal.run/x"
    node = {**call("Ask"), "parameters": {"url": evil}}
    alert = {
        "execution": {
            "id": "77", "url": f"{evil}/execution/77", "mode": "trigger", "lastNodeExecuted": "Ask",
            "error": {**error(500, f"no answer from {evil}"), "node": node, "timestamp": int(NOW.timestamp() * 1000)},
        },
        "workflow": {"id": "wf1", "name": "[ACME] Flow 1", "nodes": [node]},
        "workflowData": {"id": "wf1", "name": "[ACME] Flow 1", "nodes": [node]},
    }  # fmt: skip
    file = tmp_path / "alert.json"
    file.write_text(json.dumps(alert))
    with world(monkeypatch) as there:
        settings = case_of(there, tmp_path, []).settings
        there.n8n.asked.clear()
        checks = run_checks(read_case([str(file)], settings, NOW))
        assert not_ours(ways.requests, there) == set() and ways.looks == set(), told(checks.answers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401])
def test_no_redirect_is_followed_and_no_key_goes_along(
    status: int, ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = flow(1)
    with world(monkeypatch) as there:
        case = case_of(there, tmp_path, runs("..XXXX", of, wrong=error(500), start=START + 3 * HOUR), of)
        away = answer(
            {"message": "elsewhere"},
            status,
            location=f"{there.stranger.url}/take?key=1",
            refresh=f"0; url={there.stranger.url}",
        )
        there.kept.instead = lambda _: away
        there.page.reply = away
        checks = run_checks(case)
        kept_to_its_place(there)
        assert there.stranger.asked == [] and not_ours(ways.requests, there) == set()
    assert "report it" not in told(checks.answers)
    assert not [one for one in checks.answers if one.outcome is Outcome.CLEAN and one.probe in LIVE - NOT_ASKED], told(
        checks.answers
    )


def test_a_private_address_behind_a_name_is_not_looked_at(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = flow(1, None, call("Ask", host="private.attacker.example"))
    with world(monkeypatch) as there:
        checks = run_checks(
            case_of(
                there,
                tmp_path,
                runs(
                    "..XXXX",
                    of,
                    wrong=error(500, context={"request": {"uri": "https://private.attacker.example/v1/orders"}}),
                    start=START + 3 * HOUR,
                ),
                of,
            )
        )
        assert ("private.attacker.example", 443) in ways.looks and ("10.1.2.3", 443) not in ways.addresses
    assert "is at a private address, which is not asked" in told(checks.answers)


@pytest.mark.parametrize("names_a_file", [False, True])
def test_a_case_from_elsewhere_does_not_say_where_our_key_goes(
    names_a_file: bool, ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case folder holds the settings that it was made with, and whoever made it may have written another address."""
    of = flow(1)
    mark = tmp_path / "ran"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n")
    with world(monkeypatch) as there:
        case = case_of(there, tmp_path, runs("..XXXX", of, wrong=error(500), start=START + 3 * HOUR), of)
        theirs = case.settings.model_copy(
            update={
                "n8n": {"default": Configured(url=there.stranger.url)},
                "own_hosts": ("127.0.0.1", "*"),
                "clients": {"ACME": Client(repository=tmp_path, models={"Call": "evil.py:Model"})},
            }
        )
        replace(case, settings=theirs).save(tmp_path / "case")
        if names_a_file:  # as if these settings had been read from a file of ours
            written = json.loads((tmp_path / "case" / "case.json").read_text())
            written["settings"]["path"] = str(tmp_path / "incident-nb.toml")
            (tmp_path / "case" / "case.json").write_text(json.dumps(written))
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
        there.n8n.asked.clear()
        checks = run_checks(open_case(str(tmp_path / "case")))
        assert there.stranger.asked == [] and there.n8n.asked == [] and not mark.exists(), told(checks.answers)
        (tmp_path / "incident-nb.toml").write_text(f'[n8n.default]\nurl = "{there.n8n.url}"\n')
        run_checks(open_case(str(tmp_path / "case")))
        assert there.stranger.asked == [] and there.n8n.asked
        kept_to_its_place(there)


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1%25.modal.run]/",
        "https://a\\.modal.run/",
        "https://a%00.modal.run/",
        "https://a b.modal.run/",
        "https://\uff41.modal.run/",
    ],
)
def test_only_a_name_can_fit_a_glob(url: str) -> None:
    assert (
        url not in Allowed(hosts=("*.modal.run",)) and origin("https://a-b.modal.run/") == "https://a-b.modal.run:443"
    )


# Faulty servers behind every probe

NOT_ASKED = {"endpoint", "modal"}  # where the failing node calls none of ours
LIVE = {probe.name for probe in PROBES if not probe.records}
Reply = Callable[[Server], faulty.Reply]
ODD = {"data": 5, "incidents": {"a": 1}, "nodes": 7, "activeVersion": "x", "id": "wf1", "tags": [1]}
FIRST, LAST = "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"
ENDS = {
    "incidents": [{"name": "x", "created_at": FIRST, "resolved_at": LAST, "status": "x"}],
    "data": [{"id": "9", "startedAt": LAST, "status": "error"}],
    "id": "wf1", "createdAt": FIRST, "updatedAt": LAST, "nodes": [],
}  # fmt: skip
FAULTS: dict[str, Reply] = {
    "silent": lambda _: faulty.silent,
    "hangs up": lambda _: faulty.hang_up,
    "half": lambda _: faulty.half,
    "nonsense": lambda _: faulty.nonsense,
    "endless": lambda _: faulty.endless,
    "bomb": lambda _: faulty.bomb(80),
    "HTML": lambda _: answer("<!doctype html><title>Sign in</title>"),
    "404 of a proxy": lambda _: answer("404 page not found", 404),
    "drips": lambda server: faulty.drip(server.stopped, faulty.head(200, content_type="application/json") + b'{"a": '),
    "a list": lambda _: answer([{"id": 5}, 3, None]),
    "other shapes": lambda _: answer(ODD),
    "deep": lambda _: answer(b'{"data":' + b"[" * 100_000),
    "no UTF-8": lambda _: answer(b'{"data": "\xff\xfe"}'),
    "circle": lambda _: answer({"data": [{"id": "1"}], "nextCursor": "again"}),
    "ends of time": lambda _: answer(ENDS),
}  # fmt: skip

# Any 2xx is health for an endpoint, whatever its body; and some answers are enough for some checks.
FAINT = dict.fromkeys(("a list", "other shapes", "circle", "ends of time"), LIVE)
FAINT |= dict.fromkeys(("deep", "no UTF-8"), NOT_ASKED)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server_behind_every_check_is_no_health(
    fault: str, ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = flow(1, None, call("Ask"), call("Own", host="x"))
    with world(monkeypatch) as there:
        of["nodes"][2]["parameters"]["url"] = f"{there.stranger.url}/orders"
        history = runs("..XXXX", of, wrong=error(500), start=START + 3 * HOUR, node="Ask")
        case = case_of(there, tmp_path, history, of, budget_s=2.0, own_hosts=("127.0.0.1",))
        there.kept.instead = lambda _: FAULTS[fault](there.n8n)
        there.page.reply, there.stranger.reply = FAULTS[fault](there.page), FAULTS[fault](there.stranger)
        checks = run_checks(case)
        found = investigate(case, checks)
    assert len(checks.answers) == len(PROBES) and found.problem
    assert "report it" not in told(checks.answers), told(checks.answers)
    assert all(one.summary.endswith((".", "!", "?")) for one in checks.answers), told(checks.answers)
    clean = {one.probe for one in checks.answers if one.outcome is Outcome.CLEAN} & LIVE
    assert clean <= FAINT.get(fault, {"modal"}), told(checks.answers)
    assert not_ours(ways.requests, there) <= {("127.0.0.1", there.stranger.port)}


def test_an_interrupt_ends_the_checks(ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    of = flow(1)
    with world(monkeypatch) as there:
        case = case_of(there, tmp_path, runs("..XXXX", of, wrong=error(500), start=START + 3 * HOUR), of)
        with pytest.raises(KeyboardInterrupt):
            run_checks(case, interrupted)
        assert run_checks(case).answers  # and they can be made again


@pytest.mark.parametrize(
    "address", ["::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "224.0.0.1", "ff02::1", "100.64.0.1"]
)
def test_what_is_packed_into_an_address_is_looked_at_too(address: str) -> None:
    assert not _is_public(address) and _is_public("8.8.8.8") and _is_public("64:ff9b::808:808")


def test_a_key_that_http_does_not_allow_is_not_quoted() -> None:
    key = "first-line-of-a-key\nand-another"
    with serving(answer({})) as server, Session(Allowed(frozenset({origin(server.url)}))) as session:
        with pytest.raises(RequestError) as caught:
            session.ask("GET", server.url, headers={"X-N8N-API-KEY": key})
        assert server.asked == [] and "first-line" not in str(caught.value) and "another" not in str(caught.value)
