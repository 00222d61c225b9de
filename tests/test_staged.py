"""Twelve staged incidents, each with the systems around it: an n8n, an endpoint of ours, a vendor's status page.

The right cause has to come first, though the error's own text often says something else; and where the text is the same
before and after, what the systems answer has to make the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from incident_nb.case import Case, read_case
from incident_nb.causes import classify
from incident_nb.diagnose import investigate, run_checks
from incident_nb.models import Cause, Diagnosis, ErrorRecord, Outcome
from incident_nb.probes import endpoint, vendors
from incident_nb.probes.endpoint_timing import Thresholds, kind_of
from incident_nb.settings import Client, Settings
from incident_nb.settings import Server as Configured
from tests import faulty
from tests.builders import HOUR, Json, call, error, flow, run, runs
from tests.faulty import Asked, answer, serving
from tests.served import KEY, Kept, serving_n8n

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - 9.5 * HOUR  # so that the last of ten hourly runs was half an hour ago
C = Cause
UP = {"healthz": ({"status": "ok"}, 200), "healthz/readiness": ({"status": "ok"}, 200)}
SHOP = "api.shop.example"


def hourly(pattern: str, of: Json, wrong: Json, **more: Any) -> list[Json]:
    """The workflow's runs until now, and another one that goes well all the time."""
    fine = flow(9, "[ACME] Other", call(host="api.other.example", credential="c9"))
    return [*runs(pattern, of, wrong=wrong, start=START, **more), *runs("." * 10, fine, first=900, start=START)]


@dataclass
class World:
    """What there is: executions, the workflows as they are now, credentials, how n8n is; and what others answer."""

    executions: list[Json]
    workflows: list[Json] = field(default_factory=list)
    credentials: list[Json] = field(default_factory=lambda: [credential("c1", START - 400 * HOUR)])
    health: dict[str, Any] = field(default_factory=lambda: dict(UP))
    endpoint: faulty.Reply | None = None
    status_page: Any = None
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One incident: its world (made with the address of our endpoint), its cause, and what its text alone says."""

    name: str
    world: Callable[[str], World]
    cause: Cause | None
    text_alone: Cause | None = None


def live(of: Json, **more: Any) -> Json:
    """A workflow as n8n 2.x has it now."""
    return {
        **of,
        "active": True,
        "activeVersionId": "v1",
        "versionId": "v1",
        "versionCounter": 3,
        "isArchived": False,
        **more,
    }


def code(name: str, **more: Any) -> Json:
    return {"name": name, "type": "n8n-nodes-base.code", "parameters": {"jsCode": "return items"}, **more}


def credential(number: str, updated: datetime) -> Json:
    at = updated.isoformat().replace("+00:00", "Z")
    return {
        "id": number,
        "name": f"Key {number}",
        "type": "httpHeaderAuth",
        "createdAt": "2026-01-05T10:00:00.000Z",
        "updatedAt": at,
    }


# The twelve


def credential_changed(_: str) -> World:
    """The service answers a bare 404 to a key that may no longer see something, as GitHub does."""
    of = flow(1, None, call(credential="c1"))
    began = START + 6 * HOUR
    return World(hourly("......XXXX", of, error(404)), [live(of)], [credential("c1", began - timedelta(minutes=20))])


def rate_limited(_: str) -> World:
    return World(hourly("...X..X.XX", flow(1), error(429)), [live(flow(1))])


def cold_start(endpoint: str) -> World:
    """n8n's own text for its time-out blames the server; the endpoint is well, only slow at first."""
    of = flow(1, None, own(endpoint, timeout=2500))
    aborted = error("ECONNABORTED", "The connection was aborted, perhaps the server is offline")
    return World(
        hourly("......X..X", of, aborted | {"messages": ["timeout of 2500ms exceeded"]}), [live(of)],
        endpoint=answer({"ok": True}),
    )  # fmt: skip


def unreachable(_: str) -> World:
    return World(hourly("......XXXX", flow(1), error("ENOTFOUND", f"getaddrinfo ENOTFOUND {SHOP}")), [live(flow(1))])


def vendor_down(_: str) -> World:
    """A bare 500 of a vendor, and an incident on its page."""
    incident = {
        "id": "i1", "name": "Elevated errors", "status": "investigating", "impact": "major",
        "created_at": (START + 5.5 * HOUR).isoformat(), "started_at": (START + 5.5 * HOUR).isoformat(),
        "updated_at": NOW.isoformat(), "resolved_at": None, "incident_updates": [], "components": [],
    }  # fmt: skip
    return World(hourly("......XXXX", flow(1), error(500)), [live(flow(1))], status_page={"incidents": [incident]})


def own_crash(endpoint: str) -> World:
    """The network, says the text; the endpoint of ours answers 500."""
    of = flow(1, None, own(endpoint))
    closed = error("ECONNRESET", "The connection to the server was closed unexpectedly, perhaps it is offline")
    return World(
        hourly("......XXXX", of, closed), [live(of)], endpoint=answer({"error": "crashed"}, 500),
    )  # fmt: skip


def api_changed(_: str) -> World:
    return World(hourly("......XXXX", flow(1), error(404)), [live(flow(1))], [credential("c1", START - 400 * HOUR)])


def renamed_field(_: str) -> World:
    """A bug of the Code node, says its text; what came in has another name for a field."""
    fetch, shape = call("Fetch"), code("Shape")
    of = flow(1, None, fetch, shape)
    broken = {"name": "WrappedExecutionError", "message": "Cannot read properties of undefined (reading 'toLowerCase') [line 1]",
              "description": "TypeError"}  # fmt: skip
    rows = []
    for number, sign in enumerate("......XXXX", 1):
        item = {"id": number, ("email" if sign == "." else "emailAddress"): "someone@shop.example", "total": 5}
        rows.append(run(number, START + (number - 1) * HOUR, broken if sign == "X" else None, of))
        data = rows[-1]["data"]["resultData"]["runData"]
        data["Fetch"][0]["data"]["main"] = [[{"json": item}]]
        data["Shape"][0]["source"] = [{"previousNode": "Fetch"}]
    return World([*rows, *hourly("", of, broken)], [live(of)])


def webhook_off(_: str) -> World:
    """A 404 of our own n8n: the workflow behind the webhook was switched off."""
    of = flow(1, None, call("Ask", host="SERVER", path="/webhook/orders", credential=None))
    hook = {"name": "Webhook", "type": "n8n-nodes-base.webhook", "parameters": {"path": "orders"}}
    off = {**live({"id": "wf5", "name": "Orders", "nodes": [hook]}), "active": False, "activeVersionId": None}
    return World(hourly("......XXXX", of, error(404)), [live(of), off])


def node_edited(_: str) -> World:
    before, after = flow(1), flow(1, None, call(path="/v1/order"))
    rows = runs("......", before, start=START) + runs("XXXX", after, wrong=error(404), first=7, start=START + 6 * HOUR)
    return World(rows, [live(after)])


def server_restarted(_: str) -> World:
    """Runs that ended without a word; n8n was restarted when they did, and is not ready now."""
    died = {"name": "WorkflowOperationError", "message": "The execution was stopped"}
    health = {"healthz": ({"status": "ok"}, 200), "healthz/readiness": ({"status": "error"}, 503)}
    return World(hourly("......XXXX", flow(1), died), [live(flow(1))], health=health)


def healthy(_: str) -> World:
    return World(hourly("..........", flow(1), error()), [live(flow(1))])


def own(endpoint: str, timeout: int | None = None) -> Json:
    """A node that calls our endpoint."""
    options = {"options": {"timeout": timeout}} if timeout else {}
    node = call("Ask", host="x", credential=None)
    node["parameters"] = {"url": f"{endpoint}/orders", **options}
    return node


STAGES = (
    Stage("credential_changed", credential_changed, C.CREDENTIALS, C.WORKFLOW_CONFIG),
    Stage("rate_limited", rate_limited, C.RATE_LIMIT, C.RATE_LIMIT),
    Stage("cold_start", cold_start, C.TIMEOUT, C.TIMEOUT),
    Stage("unreachable", unreachable, C.NETWORK, C.NETWORK),
    Stage("vendor_down", vendor_down, C.EXTERNAL_OUTAGE, C.EXTERNAL_OUTAGE),
    Stage("own_crash", own_crash, C.ENDPOINT_CRASH, C.NETWORK),
    Stage("api_changed", api_changed, C.EXTERNAL_API_CHANGED, C.WORKFLOW_CONFIG),
    Stage("renamed_field", renamed_field, C.DATA_FORMAT, C.DATA_FORMAT),
    Stage("webhook_off", webhook_off, C.WORKFLOW_INACTIVE, C.WORKFLOW_CONFIG),
    Stage("node_edited", node_edited, C.WORKFLOW_CONFIG, C.WORKFLOW_CONFIG),
    Stage("server_restarted", server_restarted, C.INFRASTRUCTURE, None),
    Stage("healthy", healthy, None),
)


@contextmanager
def played(world: Callable[[str], World], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """The case of a world as the command line reads it from its n8n, while all its systems run."""
    with ExitStack() as open_:
        ours = open_.enter_context(serving(answer({"ok": True})))
        there = world(ours.url)
        ours.reply = there.endpoint or ours.reply
        theirs = open_.enter_context(serving(answer(there.status_page or {"incidents": []})))
        kept = Kept(per_page=50, health=there.health, workflows=there.workflows)
        kept.instead = lambda asked: _credentials(asked, there.credentials)
        n8n = open_.enter_context(serving_n8n(kept))
        _fill_in(there, n8n.url)
        kept.add(*there.executions)
        row = vendors.Vendor(
            name="Shop", page=theirs.url, format="statuspage", source=theirs.url, checked="never", hosts=(SHOP,)
        )
        monkeypatch.setattr(vendors, "table", lambda: (row,))
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        settings = Settings(
            own_hosts=("127.0.0.1",), path=folder / "incident-nb.toml", n8n={"default": Configured(url=n8n.url)},
            clients={"ACME": Client(repository=folder)},
        )  # fmt: skip
        yield read_case(["n8n"], settings, NOW)


def _credentials(asked: Asked, rows: list[Json]) -> faulty.Reply | None:
    path, _, number = asked.path.partition("?")[0].partition("/credentials")
    if path != "/api/v1":
        return None
    if not number:
        return answer({"data": rows, "nextCursor": None})
    row = next((row for row in rows if number == f"/{row['id']}"), None)
    return answer(row) if row else answer({"message": "Not Found"}, 404)


def _fill_in(there: World, server: str) -> None:
    """Where a node calls the n8n itself, its address."""
    for workflow in [*there.workflows, *(row["workflowData"] for row in there.executions)]:
        for node in workflow["nodes"]:
            url = node["parameters"].get("url", "")
            node["parameters"]["url"] = url.replace("https://SERVER", server)
            if not url:
                del node["parameters"]["url"]


def told(found: Diagnosis) -> str:
    """A diagnosis in words, for a test that fails."""
    lines = [found.headline]
    for each in found.hypotheses:
        lines.append(f"{each.cause} {each.confidence}")
        lines += [f"  + {fact.check} {fact.text}" for fact in each.for_] + [
            f"  - {fact.check} {fact.text}" for fact in each.against
        ]
    return "\n".join([*lines, *(f"{row.check} {row.outcome}: {row.summary}" for row in found.findings)])


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_right_cause_comes_first(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with played(stage.world, tmp_path, monkeypatch) as case:
        checks = run_checks(case)
        found = investigate(case, checks)
    assert checks.why_not is None and not [row for row in checks.answers if "report it" in row.summary], told(found)
    assert (found.hypotheses[0].cause if found.hypotheses else None) == stage.cause, told(found)
    if stage.cause is None:
        assert not [row for row in found.findings if row.outcome is Outcome.FOUND], told(found)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage.text_alone], ids=lambda stage: stage.name)
def test_what_the_text_alone_says(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with played(stage.world, tmp_path, monkeypatch) as case:
        newest = case.log.failures.iloc[-1]
        record = {
            name: newest[name] for name in ("message", "description", "http_code", "error_name", "node_type", "stack")
        }
        said = classify(ErrorRecord(**{name: None if value != value else value for name, value in record.items()}))
    assert said.cause is stage.text_alone


# The same text, and another cause: what the systems answer makes the difference


def never_worked(_: str) -> World:
    return World(hourly("XXXXXXXXXX", flow(1), error(404)), [live(flow(1))])


def bare_502(of: Json) -> World:
    return World(hourly("......XXXX", of, error(502)), [live(of)])


def own_502(endpoint: str) -> World:
    world = bare_502(flow(1, None, own(endpoint)))
    world.endpoint = answer({"error": "crashed"}, 500)
    return world


def foreign_502(_: str) -> World:
    return bare_502(flow(1))


ABORTED = error("ECONNABORTED", "The connection was aborted, perhaps the server is offline")


def slow_vendor(_: str) -> World:
    world = vendor_down("")
    world.executions = hourly("......XXXX", flow(1), ABORTED)
    return world


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((api_changed, C.EXTERNAL_API_CHANGED), (never_worked, C.WORKFLOW_CONFIG)),
        ((own_502, C.ENDPOINT_CRASH), (foreign_502, C.EXTERNAL_OUTAGE)),
        ((credential_changed, C.CREDENTIALS), (api_changed, C.EXTERNAL_API_CHANGED)),
        ((webhook_off, C.WORKFLOW_INACTIVE), (api_changed, C.EXTERNAL_API_CHANGED)),
    ],
    ids=["404 before and never", "5xx own and foreign", "404 after a change of the key", "404 of our own webhook"],
)
def test_the_same_text_and_another_cause(
    one: tuple[Any, Cause], other: tuple[Any, Cause], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for number, (world, cause) in enumerate((one, other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with played(world, folder, monkeypatch) as case:
            found = investigate(case, run_checks(case))
        assert found.hypotheses[0].cause is cause, told(found)
        texts.append((found.problem.message, found.problem.http_code) if found.problem else None)
    assert texts[0] == texts[1]


def test_a_cold_start_and_a_slow_vendor_have_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which kind of time-out it is: the endpoint's first answer is slow, or the vendor tells of an incident."""
    limits = Thresholds(cold_s=0.0, cold_ratio=0.0)  # however fast this machine is
    monkeypatch.setattr(endpoint, "kind_of", partial(kind_of, thresholds=limits))
    with played(cold_start, tmp_path, monkeypatch) as case:
        cold = investigate(case, run_checks(case))
    (tmp_path / "vendor").mkdir()
    with played(slow_vendor, tmp_path / "vendor", monkeypatch) as case:
        slow = investigate(case, run_checks(case))
    assert cold.problem and slow.problem and cold.problem.message == slow.problem.message
    best = cold.hypotheses[0]
    assert (best.cause, best.detail) == (C.TIMEOUT, "cold_start"), told(cold)
    assert any("starts cold" in fact.text for fact in best.for_)
    assert slow.hypotheses[0].detail != "cold_start"
    assert any("Elevated errors" in fact.text for fact in slow.hypotheses[0].for_), told(slow)


def test_no_answer_leaves_what_the_records_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every system away nothing is claimed of it, and the records' cause stands."""
    with played(api_changed, tmp_path, monkeypatch) as case:
        pass
    checks = run_checks(case)
    found = investigate(case, checks)
    assert found.hypotheses[0].cause is C.EXTERNAL_API_CHANGED, told(found)
    states = {row.check: row.outcome for row in found.findings}
    assert states["RC-4"] is states["DX-4"] is Outcome.COULD_NOT_LOOK, told(found)
