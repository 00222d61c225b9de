"""The live checks: asked side by side, each with an answer, whatever one of them does; and n8n's own state and rhythm."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_nb.diagnose.aim import aim
from incident_nb.diagnose.target import target_of
from incident_nb.errors import UnreachableError
from incident_nb.executions import ExecutionLog
from incident_nb.http import Allowed, Session, origin
from incident_nb.logfile import merged
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.policy import load
from incident_nb.probes import (
    PROBES,
    Probe,
    Target,
    Tools,
    ask_all,
    heartbeat,
    infrastructure,
    recurrence,
    workflow_state,
)
from incident_nb.probes.target import clean, found, seen
from incident_nb.readers import Reading
from incident_nb.settings import Server as Configured
from incident_nb.settings import Settings
from tests import faulty
from tests.builders import HOUR, NOW, START, Json, error, flow, log_of, page, runs
from tests.faulty import answer
from tests.served import KEY, Kept, serving_n8n

FOUND, CLEAN, COULD_NOT = Outcome.FOUND, Outcome.CLEAN, Outcome.COULD_NOT_LOOK


def target(*executions: Json, now: datetime = NOW, **asked: Any) -> Target:
    """The problem of these runs as probes take it."""
    log = log_of(*(executions or runs("....XXX")))
    return target_of(aim(log, now=now, settings=Settings(), policy=load(), **asked))


@contextmanager
def asking(kept: Kept, **settings: Any) -> Iterator[Tools]:
    """Tools whose one n8n server is this one."""
    with (
        serving_n8n(kept) as server,
        Session(Allowed(frozenset({origin(server.url)}))) as session,
    ):
        configured = Settings(n8n={"default": Configured(url=server.url)}, **settings)
        yield Tools(session, configured, N8n("default", server.url, session, KEY))


def bare() -> Tools:
    return Tools(Session(Allowed()), Settings())


def effects(answer: Probed) -> dict[Cause, float]:
    """All factors of an answer, multiplied."""
    product: dict[Cause, float] = {}
    for piece in answer.evidence:
        for cause, factor in piece.effects.items():
            product[cause] = product.get(cause, 1.0) * factor
    return product


# Asked side by side


def test_every_probe_answers_in_the_order_of_the_table() -> None:
    meet = threading.Barrier(3, timeout=30)  # none gets past before all three are there: so they run side by side

    def together(*_: Any) -> Probed:
        meet.wait()
        return clean("Well.")

    table = tuple(Probe(name, "DX-1", "something", together) for name in ("c", "a", "b"))
    came: list[tuple[int, int]] = []
    answers = ask_all(target(), bare(), table, lambda done, of, _: came.append((done, of)))
    assert [answer.probe for answer in answers] == ["c", "a", "b"]
    assert came == [(1, 3), (2, 3), (3, 3)]
    assert all(answer.outcome is CLEAN and answer.took_s is not None and answer.at for answer in answers)


def test_a_probe_that_breaks_costs_only_its_own_answer() -> None:
    def refused(*_: Any) -> Probed:
        raise UnreachableError("n8n “main” is busy.")

    def broken(*_: Any) -> Probed:
        raise KeyError("token=5ecr3t")

    table = (
        Probe("x", "DX-2", "x", refused),
        Probe("y", "DX-3", "y", broken),
        Probe("z", "DX-4", "z", lambda *_: clean("Well.")),
    )
    answers = ask_all(target(), bare(), table)
    assert [answer.outcome for answer in answers] == [COULD_NOT, COULD_NOT, CLEAN]
    assert answers[0].summary == "n8n “main” is busy."
    assert "KeyError" in answers[1].summary and "5ecr3t" not in answers[1].summary


def test_one_that_is_late_could_not_look() -> None:
    release = threading.Event()

    def late(*_: Any) -> Probed:
        release.wait(60)
        return clean("Well.")

    table = (Probe("late", "DX-2", "x", late), Probe("fast", "DX-3", "x", lambda *_: clean("Well.")))
    tools = bare()

    def time_is_up(*_: Any) -> None:
        tools.session.deadline = 0.0

    try:
        answers = ask_all(target(), tools, table, time_is_up)
    finally:
        release.set()
    assert [answer.outcome for answer in answers] == [COULD_NOT, CLEAN]
    assert "time for all checks was up" in answers[0].summary


def test_words_pass_the_gate_and_facts_know_their_row() -> None:
    secret = "sk-proj-4fA8kQ2mZ7xB1nC9vL3wT6yU"

    def says(*_: Any) -> Probed:
        return found(
            f"It said {secret}.", [seen(f"key {secret}", {Cause.CREDENTIALS: 2.0})], asked=secret, next_look=secret
        )

    (answer,) = ask_all(target(), bare(), (Probe("x", "DX-9", "x", says),))
    assert secret not in answer.model_dump_json()
    assert answer.evidence[0].fact.check == "DX-9" and answer.evidence[0].effects == {Cause.CREDENTIALS: 2.0}
    assert answer.evidence[0].kind == "live"


def test_a_check_of_records_tells_no_time() -> None:
    (answer,) = ask_all(target(), bare(), (Probe("x", "RC-3", "x", lambda *_: clean("Well."), records=True),))
    assert answer.took_s is None and answer.at is None


def test_without_any_server_every_probe_of_the_table_still_answers() -> None:
    answers = ask_all(target(), bare(), PROBES)
    assert [answer.probe for answer in answers] == [probe.name for probe in PROBES]
    assert all(answer.summary.strip() and answer.asked for answer in answers)
    assert not [answer for answer in answers if "please report" in answer.summary]
    healthy = target(*runs("...."))
    assert not [answer for answer in ask_all(healthy, bare(), PROBES) if "please report" in answer.summary]


# RC-4: the state of the workflow and of what it calls


OFF: Json = {"active": False, "activeVersionId": None}


def caller(*called: Any, url: str | None = None, **more: Any) -> Json:
    """The live workflow `wf1`: it starts other workflows, or requests an address."""
    nodes = [
        {
            "name": f"Run {number}",
            "type": "n8n-nodes-base.executeWorkflow",
            "parameters": {"workflowId": {"value": one}},
        }
        for number, one in enumerate(called)
    ]
    if url:
        nodes.append({"name": "Ask", "type": "n8n-nodes-base.httpRequest", "parameters": {"url": url}})
    return {
        "id": "wf1",
        "name": "Flow",
        "active": True,
        "activeVersionId": "v1",
        "versionCounter": 3,
        "nodes": nodes,
        **more,
    }


def other(number: str, **more: Any) -> Json:
    return {
        "id": number,
        "name": f"Sub {number}",
        "active": True,
        "activeVersionId": "v1",
        "versionCounter": 1,
        "nodes": [],
        **more,
    }


HOOK = {"name": "Webhook", "type": "n8n-nodes-base.webhook", "parameters": {"path": "orders"}}


@pytest.mark.parametrize(
    ("workflows", "outcome", "words"),
    [
        ([caller("s1"), other("s1")], CLEAN, "and the one that it calls are active"),
        ([caller()], CLEAN, "“[ACME] Flow 1” is active"),
        ([caller("s1", "s2"), other("s1"), other("s2", **OFF)], FOUND, "“Sub s2”, which is not published"),
        ([caller("s1"), other("s1", isArchived=True)], FOUND, "is archived"),
        # what another client's is called is nothing for this one's record
        ([caller("s1"), other("s1", name="[BETA] Payroll", **OFF)], FOUND, "calls workflow s1 of another client, which"),
        ([caller("gone")], FOUND, "does not exist"),
        ([caller("={{ $json.id }}")], CLEAN, "is active"),
        ([], FOUND, "is not on the server any more"),
        ([caller(**OFF)], FOUND, "itself is not published"),
        # 1.x knows no versions of publications, and runs deactivated sub-workflows
        ([caller("s1"), {"id": "s1", "name": "Old", "active": False, "nodes": []}], CLEAN, "are active"),
        ([caller(url="SERVER/webhook/orders"), other("h", nodes=[HOOK])], CLEAN, "the one that it calls"),
        ([caller(url="SERVER/webhook/orders"), other("h", nodes=[HOOK], **OFF)], FOUND, "is not published"),
        (
            [caller(url="SERVER/webhook/orders"), other("h", name="[BETA] Payroll", nodes=[HOOK], **OFF)],
            FOUND,
            "/webhook/orders of workflow h of another client, which",
        ),
        ([caller(url="SERVER/webhook/other"), other("h", nodes=[HOOK])], FOUND, "no workflow has"),
        ([caller(url="SERVER/webhook-test/orders"), other("h", nodes=[HOOK])], FOUND, "somebody listens in the editor"),
        ([caller(url="https://elsewhere.example/webhook/other")], CLEAN, "is active"),
    ],
)  # fmt: skip
def test_the_state_of_what_is_called(workflows: list[Json], outcome: Outcome, words: str) -> None:
    kept = Kept(workflows=workflows)
    with asking(kept) as tools:
        _with_address(kept, tools)
        answer = workflow_state.look(target(now=START + 8 * HOUR), tools)
    assert (answer.outcome, words in answer.summary) == (outcome, True), answer.summary
    assert "BETA" not in answer.model_dump_json()
    assert (effects(answer).get(Cause.WORKFLOW_INACTIVE, 1.0) < 1) == (outcome is CLEAN)


def test_what_a_draft_calls_is_not_what_runs() -> None:
    """The editor's nodes may differ from those of the version that is published."""
    running, draft = caller("s1"), caller("gone")
    kept = Kept(workflows=[{**draft, "activeVersion": {"nodes": running["nodes"]}}, other("s1")])
    with asking(kept) as tools:
        assert workflow_state.look(target(now=START + 8 * HOUR), tools).outcome is CLEAN
        kept.workflows[0] = {**running, "activeVersion": {"nodes": draft["nodes"]}}
    with asking(kept) as tools:
        assert workflow_state.look(target(now=START + 8 * HOUR), tools).outcome is FOUND


def test_a_webhook_that_only_a_draft_has_does_not_answer() -> None:
    holder = {**other("h", nodes=[HOOK]), "activeVersion": {"nodes": [{**HOOK, "parameters": {"path": "old"}}]}}
    kept = Kept(workflows=[caller(url="SERVER/webhook/orders"), holder])
    with asking(kept) as tools:
        _with_address(kept, tools)
        assert "no workflow has" in workflow_state.look(target(now=START + 8 * HOUR), tools).summary


ID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
DYNAMIC = {**HOOK, "webhookId": ID, "parameters": {"path": "orders/:id"}}
CHAT = {"name": "Chat", "type": "@n8n/n8n-nodes-langchain.chatTrigger", "webhookId": ID, "parameters": {}}
FORM = {"name": "Form", "type": "n8n-nodes-base.formTrigger", "parameters": {"options": {"path": "sign-up"}}}
COMPUTED = {**HOOK, "parameters": {"path": "={{ $env.PATH }}"}}
HOOKS = {
    "of another server of ours": ("https://second.example.com/webhook/other", HOOK, CLEAN),
    "with a parameter": (f"SERVER/webhook/{ID}/orders/5", DYNAMIC, CLEAN),
    "with a parameter, of a webhook that is gone": (f"SERVER/webhook/{ID}/orders/5", HOOK, COULD_NOT),
    "a chat": (f"SERVER/webhook/{ID}/chat", CHAT, CLEAN),
    "a form": ("SERVER/form/sign-up?x=1", FORM, CLEAN),
    "a webhook without a path of its own": (f"SERVER/webhook/{ID}", {**HOOK, "webhookId": ID, "parameters": {}}, CLEAN),
    "put together when it runs": ("=SERVER/webhook/orders/{{ $json.id }}", HOOK, CLEAN),
    "put together behind the path": ("=SERVER/webhook/other?id={{ $json.id }}", HOOK, FOUND),
    "some webhook's path is put together": ("SERVER/webhook/other", COMPUTED, COULD_NOT),
    "encoded": ("SERVER/webhook/or%64ers", HOOK, COULD_NOT),
    "a plain one that none has": ("SERVER/webhook/a/b", HOOK, FOUND),
    "below another path": ("SERVER/elsewhere/webhook/other", HOOK, CLEAN),
}  # fmt: skip


@pytest.mark.parametrize(("url", "node", "outcome"), HOOKS.values(), ids=HOOKS)
def test_a_webhook_is_missed_only_where_none_can_have_its_path(url: str, node: Json, outcome: Outcome) -> None:
    kept = Kept(workflows=[caller(url=url), other("h", nodes=[node])])
    with asking(kept) as tools:
        second = Configured(url="https://second.example.com")
        tools.settings = tools.settings.model_copy(update={"n8n": {**tools.settings.n8n, "second": second}})
        _with_address(kept, tools)
        said = workflow_state.look(target(now=START + 8 * HOUR), tools)
    assert said.outcome is outcome, said.summary
    assert (effects(said).get(Cause.WORKFLOW_INACTIVE, 1.0) > 1) == (outcome is FOUND)


def test_what_is_not_known_of_one_call_does_not_hide_what_is_wrong_with_another() -> None:
    url = f"SERVER/webhook/{ID}/orders/5"
    kept = Kept(workflows=[caller("gone", url=url)])
    with asking(kept) as tools:
        _with_address(kept, tools)
        said = workflow_state.look(target(now=START + 8 * HOUR), tools)
    assert said.outcome is FOUND and "does not exist" in said.summary and "is not known" in said.summary


def _with_address(kept: Kept, tools: Tools) -> None:
    """Where a node calls the server itself, its address."""
    for workflow in kept.workflows:
        for node in workflow["nodes"]:
            if "url" in node["parameters"]:
                node["parameters"]["url"] = node["parameters"]["url"].replace("SERVER", tools.server().url)


def test_a_list_of_workflows_that_broke_off_does_not_say_that_there_is_none() -> None:
    """What a half list does not hold may be in the other half."""
    kept = Kept(workflows=[caller(url="SERVER/webhook/orders")])
    half = answer({"data": [other("h")], "nextCursor": "again"})  # the same page for every cursor
    kept.instead = lambda asked: half if asked.path.startswith("/api/v1/workflows?") else None
    with asking(kept) as tools:
        _with_address(kept, tools)
        said = workflow_state.look(target(now=START + 8 * HOUR), tools)
    assert said.outcome is COULD_NOT and not effects(said)
    assert "not all workflows could be read: page 2 held nothing new" in said.summary


def test_a_proxy_before_an_n8n_that_is_down_does_not_say_that_a_workflow_was_deleted() -> None:
    kept = Kept(instead=lambda asked: answer("404 page not found", 404) if asked.path.startswith("/api/") else None)
    with asking(kept) as tools, pytest.raises(UnreachableError, match="the address right"):
        workflow_state.look(target(now=START + 8 * HOUR), tools)


@pytest.mark.parametrize("version", [1, 2])
def test_only_n8n_2_refuses_to_run_a_workflow_that_is_not_published(version: int) -> None:
    """Late 1.x has the same fields; it answers 404 to /discover, with and without a key."""
    kept = Kept(workflows=[caller("s1"), other("s1", **OFF)])
    missing = faulty.answer({"message": "not found"}, 404)
    kept.instead = lambda asked: missing if version == 1 and asked.path.endswith("/discover") else None
    with asking(kept) as tools:
        answer = workflow_state.look(target(now=START + 8 * HOUR), tools)
    assert answer.outcome is (CLEAN if version == 1 else FOUND), answer.summary


def test_what_the_failing_node_calls_weighs_most() -> None:
    failing = target(*runs("....XXX", flow(1, None, {"name": "Run 0", "type": "x", "parameters": {}})))
    kept = Kept(workflows=[caller("s1", "s2"), other("s1", **OFF), other("s2")])
    with asking(kept) as tools:
        mine = workflow_state.look(replace(failing, node="Run 0"), tools)
        others = workflow_state.look(replace(failing, node="Run 1"), tools)
    assert effects(mine)[Cause.WORKFLOW_INACTIVE] > 1
    # The failures are days old, and another node's call is no proof.
    assert Cause.WORKFLOW_INACTIVE not in effects(others)


# RC-6: n8n itself

METRICS = """# HELP n8n_process_start_time_seconds Start time
n8n_process_start_time_seconds {began}
n8n_version_info{{version="v2.40.7",major="2"}} 1
n8n_process_resident_memory_bytes 512000000
n8n_nodejs_eventloop_lag_p99_seconds {lag}
{more}
"""


def metrics(began: datetime = START - 48 * HOUR, lag: float = 0.02, more: str = "") -> tuple[bytes, int]:
    return METRICS.format(began=began.timestamp(), lag=lag, more=more).encode(), 200


QUEUE = "n8n_scaling_mode_queue_jobs_waiting {}\nn8n_scaling_mode_queue_jobs_active 5"
WELL = ({"status": "ok"}, 200)


@pytest.mark.parametrize(
    ("health", "outcome", "words", "weighs"),
    [
        ({"healthz": WELL, "healthz/readiness": WELL, "metrics": metrics()}, CLEAN, "It runs n8n 2.40.7", False),
        ({"healthz": WELL}, CLEAN, "metrics are switched off", False),
        ({"healthz": WELL, "healthz/readiness": ({"status": "error"}, 503)}, FOUND, "readiness 503", True),
        ({"healthz": ({"status": "error"}, 503)}, FOUND, "healthz 503", True),
        ({"healthz": WELL, "metrics": metrics(began=START + 3.9 * HOUR)}, FOUND, "restarted when the failures began", True),
        ({"healthz": WELL, "metrics": metrics(began=START + 9 * HOUR)}, CLEAN, "after the last failure", False),
        ({"healthz": WELL, "metrics": metrics(lag=3.0)}, FOUND, "event loop hangs", True),
        ({"healthz": WELL, "metrics": metrics(more=QUEUE.format(400))},
         FOUND, "400 executions wait", True),
        ({"healthz": WELL, "metrics": metrics(more=QUEUE.format(2))},
         CLEAN, "2 executions wait", False),
        ({"healthz": WELL, "metrics": (b"<html>proxy</html>", 200)}, CLEAN, "metrics are switched off", False),
        ({"healthz": WELL, "metrics": (b"n8n_x 1.2.3e\nprocess_start_time_seconds 1e300\n", 200)}, CLEAN, "up and ready", False),
        ({"healthz": ("<html>Sign in</html>", 200)}, COULD_NOT, "something else", False),
        ({"healthz": ({"message": "moved"}, 301)}, COULD_NOT, "a redirect", False),
        ({"healthz": ({"message": "sign in"}, 401)}, COULD_NOT, "status 401", False),
        ({}, COULD_NOT, "status 404", False),  # N8N_ENDPOINT_HEALTH gives it another name
        ({"healthz": WELL, "healthz/readiness": ({"message": "sign in"}, 401)}, CLEAN, "up and ready", False),
    ],
)  # fmt: skip
def test_how_n8n_is(health: dict[str, Any], outcome: Outcome, words: str, weighs: bool) -> None:
    with asking(Kept(health=health)) as tools:
        answer = infrastructure.look(target(now=START + 12 * HOUR), tools)
    assert (answer.outcome, words in answer.summary) == (outcome, True), answer.summary
    assert "BETA" not in answer.model_dump_json()
    assert (effects(answer).get(Cause.INFRASTRUCTURE, 1.0) > 1) == weighs


@pytest.mark.parametrize(
    ("figures", "words"), [({"lag": 9.0}, "event loop hangs"), ({"more": QUEUE.format(500)}, "500 executions wait")]
)
def test_trouble_is_found_also_where_nothing_fails(figures: dict[str, Any], words: str) -> None:
    with asking(Kept(health={"healthz": WELL, "metrics": metrics(**figures)})) as tools:
        said = infrastructure.look(target(*runs("....")), tools)
    assert said.outcome is FOUND and words in said.summary and not effects(said)


def test_a_server_that_is_down_is_found_and_weighs_only_while_the_problem_goes_on() -> None:
    with serving_n8n(Kept()) as server:
        url = server.url
    with Session(Allowed(frozenset({origin(url)}))) as session:
        tools = Tools(session, Settings(), N8n("default", url, session, KEY))
        now = infrastructure.look(target(now=START + 8 * HOUR), tools)
        long_ago = infrastructure.look(target(), tools)
    assert now.outcome is long_ago.outcome is FOUND and "does not answer" in now.summary
    assert effects(now)[Cause.INFRASTRUCTURE] > 1 and not effects(long_ago)


# DX-6: is it over?


@pytest.mark.parametrize(
    ("on_server", "words", "again"),
    [
        ("....XXX", "it did not run again", False),
        ("....XXXX", "0 runs went well and 1 failed", False),
        ("....XXX...", "The newest one, 10, went well", True),
        ("....XXX..X", "2 runs went well and 1 failed", True),
    ],
)
def test_what_the_server_tells_beyond_the_records(on_server: str, words: str, again: bool) -> None:
    kept = Kept(per_page=4)
    kept.add(*runs(on_server), *runs("XXXX", flow(2), first=50))
    with asking(kept) as tools:
        answer = recurrence.look(target(*runs("....XXX")), tools)
    assert answer.outcome is FOUND and words in answer.summary, answer.summary
    assert (effects(answer).get(Cause.CREDENTIALS, 1.0) < 1) == again


def test_runs_by_hand_and_runs_that_go_on_do_not_count() -> None:
    kept = Kept()
    kept.add(*runs("....XXX"), *runs("...", first=8, start=START + 8 * HOUR, mode="manual"))
    with asking(kept) as tools:
        answer = recurrence.look(target(*runs("....XXX")), tools)
    assert "it did not run again" in answer.summary


def test_a_server_without_runs_of_it_could_not_look() -> None:
    with asking(Kept()) as tools:
        assert recurrence.look(target(), tools).outcome is COULD_NOT


# Heartbeat

DAY = timedelta(days=1)


def beats(*histories: list[Json], until: datetime | None = None, tools: Tools | None = None, **asked: Any) -> Probed:
    everything = [execution for history in histories for execution in history]
    return heartbeat.look(target(*everything, now=until or NOW, **asked), tools or bare())


def hourly(number: int, count: int, **more: Any) -> list[Json]:
    return runs("." * count, flow(number), first=1000 * number, **more)


@pytest.mark.parametrize(
    ("histories", "words"),
    [
        ([hourly(1, 40), hourly(2, 20)], "“[ACME] Flow 2” (ACME) ran every 60 minutes"),
        ([hourly(1, 200), hourly(2, 12, every=8 * HOUR)], "ran every 8 hours"),
    ],
)
def test_a_workflow_that_stopped_is_found(histories: list[list[Json]], words: str) -> None:
    answer = beats(*histories)
    assert answer.outcome is FOUND and words in answer.summary, answer.summary
    assert not effects(answer)


@pytest.mark.parametrize(
    "histories",
    [
        [hourly(1, 40), hourly(2, 39)],
        [hourly(1, 40), hourly(2, 38)],  # two runs late: not yet
        [hourly(1, 40), hourly(2, 5)],  # too few to know its rhythm
        [hourly(1, 40), hourly(2, 20, mode="webhook")],  # others decide when it runs
        [hourly(1, 40), [*hourly(2, 9), *runs("." * 9, flow(2), first=3000, start=START + 29 * HOUR)]],  # it has paused before
    ],
)  # fmt: skip
def test_near_misses_of_silence(histories: list[list[Json]]) -> None:
    answer = beats(*histories)
    assert answer.outcome is CLEAN, answer.summary


def test_irregular_workflows_have_no_cadence() -> None:
    scattered = [
        run for place in range(12) for run in runs(".", first=place + 1, start=START + place**3 * timedelta(minutes=7))
    ]
    answer = beats(scattered)
    assert answer.outcome is COULD_NOT and "regularly enough" in answer.summary


def test_many_at_once_are_the_server_and_one_switched_off_is_no_outage() -> None:
    silent = [hourly(number, 20) for number in (2, 3, 4)]
    answer = beats(hourly(1, 60), *silent)
    assert effects(answer)[Cause.INFRASTRUCTURE] > 1 and "3 of 4" in answer.summary
    kept = Kept(workflows=[other("wf2", active=False), other("wf3"), other("wf4")])
    with asking(kept) as tools:
        answer = beats(hourly(1, 60), *silent, tools=tools)
    assert "“[ACME] Flow 2” was switched off" in answer.summary and not effects(answer)


def test_an_export_ends_where_it_ends_and_another_clients_workflows_are_not_named() -> None:
    assert beats(hourly(1, 40)).outcome is CLEAN  # a week before `now`, but the export knows no more
    foreign = runs("." * 20, flow(2, "[OTHER] Secret sync"), first=2000)
    mine = runs("." * 38 + "XX", flow(1), wrong=error(500))
    assert "Secret sync" not in beats(mine, foreign).model_dump_json()


def read_from(server: str, *histories: list[Json], partial: bool = False) -> ExecutionLog:
    """These runs as they are read from the server of this name; `partial`: it could not give all."""
    reading = Reading(server, lambda row: Settings().client_of(row.name, row.tags, row.project))
    everything = [execution for history in histories for execution in history]
    reading.add(page(everything).encode(), f"https://{server}.example.com")
    if partial:
        reading.skip("the newest", "partial: it did not answer in time")
    return reading.log()


def beats_of(log: ExecutionLog, now: datetime = NOW, **asked: Any) -> Probed:
    """The heartbeat of a log, with the server of the records at hand."""
    with asking(Kept(workflows=[other(f"wf{number}") for number in range(1, 9)])) as tools:
        about = target_of(aim(log, now=now, settings=Settings(), policy=load(), **asked))
        return heartbeat.look(about, replace(tools, n8n=N8n("main", tools.server().url, tools.session, KEY)))


ALL = [hourly(number, 20) for number in (1, 2, 3, 4)]


def test_what_was_read_in_whole_from_a_server_is_missed_until_now() -> None:
    answer = beats_of(read_from("main", *ALL))
    assert answer.outcome is FOUND and "4 of 4 workflows" in answer.summary
    assert effects(answer)[Cause.INFRASTRUCTURE] == 3.0


def test_nothing_is_missed_after_the_place_at_which_the_list_broke_off() -> None:
    """The archive is of some days ago, and the server can't be asked for what came since."""
    assert beats_of(read_from("main", *ALL, partial=True)).outcome is CLEAN


def test_nothing_is_missed_after_the_stretch_that_an_older_execution_is_answered_for() -> None:
    came_back = runs("." * 10 + "XX" + "." * 8, flow(1)) + runs("XXX", flow(1), first=50, start=NOW - 3 * HOUR)
    answer = beats_of(read_from("main", came_back, *ALL[1:]), execution="12")
    assert answer.outcome is CLEAN, answer.summary


def test_one_server_goes_on_after_the_end_of_what_is_known_of_another() -> None:
    two = merged([log_of(*ALL[0], *ALL[1], *ALL[2]), read_from("other", hourly(4, 200))])
    answer = heartbeat.look(target_of(aim(two, now=NOW, settings=Settings(), policy=load())), bare())
    assert answer.outcome is CLEAN, answer.summary


def test_now_is_the_present_of_the_server() -> None:
    assert target(now=NOW).now == NOW.astimezone(UTC)
