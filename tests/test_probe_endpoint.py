"""DX-2: what an endpoint of ours is, by its answers; which one is asked, and which never; who gave up first."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_nb.http import Allowed, Reason, Session, Timing, origin
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.probes import Probe, Target, Tools, ask_all
from incident_nb.probes.endpoint import EFFECTS, GATEWAY_EFFECTS, NEXT, WORDS, look
from incident_nb.probes.endpoint_limits import limits
from incident_nb.probes.endpoint_places import places_of
from incident_nb.probes.endpoint_timing import GaveUp, Kind, Limit, Shot, gave_up, kind_of, limit_of, said_by, steps
from incident_nb.settings import Settings
from tests import builders, faulty
from tests.faulty import Asked, Server, answer, head, serving

K, C = Kind, Cause
NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)
WELL = answer({"status": "ok"})


def good(*seconds: float) -> list[Shot]:
    return [Shot(taken, 200) for taken in seconds]


def bad(status: int, said: str = "", **more: Any) -> Shot:
    return Shot(0.2, status, said=said, **more)


def gone(reason: Reason, said: str = "") -> Shot:
    return Shot(9.0, reason=reason, said=said)


@pytest.mark.parametrize(
    ("shots", "kind"),
    [
        ([], K.NOT_ASKED),
        (good(0.2, 0.1, 0.1), K.HEALTHY),
        (good(0.2), K.HEALTHY),
        (good(5.0, 0.3, 0.2), K.COLD_START),
        (good(2.0, 0.6, 0.2), K.COLD_START),
        (good(1.9, 0.1, 0.1), K.HEALTHY),  # slower, but nobody gives up on that
        (good(2.9, 1.5, 1.4), K.HEALTHY),  # not much slower than the rest
        (good(9.0, 2.9, 2.9), K.COLD_START),
        (good(9.0, 3.1, 3.1), K.SLOW),  # cold, but slow when warm, too
        (good(3.0, 3.0, 3.0), K.SLOW),
        (good(4.0), K.SLOW),
        (good(0.2, 5.0, 0.2), K.HEALTHY),  # one hiccup in the middle is no cold start
        ([gone("timeout"), *good(0.3)], K.COLD_START),
        ([gone("timeout"), *good(4.0)], K.FLAKY),
        ([gone("timeout"), gone("timeout")], K.HANGS),
        ([bad(500), *good(0.3, 0.3)], K.FLAKY),
        ([*good(0.3), bad(500), *good(0.3)], K.FLAKY),
        ([bad(500), bad(503), bad(500)], K.ERRORING),
        ([bad(404)], K.NO_HEALTH_ROUTE),
        ([bad(405)], K.NO_HEALTH_ROUTE),
        ([bad(307)], K.NO_HEALTH_ROUTE),
        ([bad(401)], K.PROTECTED),
        ([bad(408)], K.HANGS),
        ([bad(429)], K.BUSY),
        ([bad(303)], K.NO_HEALTH_ROUTE),
        ([bad(303, deferred=True)], K.DEFERRED),
        ([gone("dns")], K.UNREACHABLE),
        ([gone("tls")], K.UNREACHABLE),
        ([gone("refused", "x: the connection failed: [Errno 111] Connection refused")], K.DOWN),
        ([gone("refused", "x: the connection failed: [Errno 113] No route to host")], K.UNREACHABLE),
        ([gone("reset")], K.DOWN),
        ([gone("bad_answer")], K.ERRORING),
        ([gone("not_allowed")], K.NOT_ASKED),
    ],
)
def test_what_answers_say_of_an_endpoint(shots: list[Shot], kind: Kind) -> None:
    assert kind_of(shots) is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, "modal-http: invalid function call", K.NOT_DEPLOYED),
        (404, "modal-http: app for invoked web endpoint is stopped", K.NOT_DEPLOYED),
        (404, "modal-http: workspace ac-0000 is disabled", K.SPENT),
        (429, "modal-http: Webhook failed: workspace billing cycle spend limit reached", K.SPENT),
        (429, "modal-http: Function f reached pending input queue limit (2000) for workspace w", K.BUSY),
        (401, "modal-http: missing credentials for proxy authorization", K.PROTECTED),
        (500, "modal-http: internal error: function execution timed out", K.TIMED_OUT),
        (502, "modal-http: function call timed out", K.TIMED_OUT),
        (500, "modal-http: internal error: function was terminated by signal", K.ERRORING),
        (500, "modal-http: internal error: Server has lost track of input", K.PLATFORM),
        (502, "Missing request, possibly due to expiry or cancellation", K.HANGS),
        (404, '{"detail":"Not Found"}', K.NO_HEALTH_ROUTE),
        (500, "Internal Server Error", K.ERRORING),
        (200, "modal-http: invalid function call, as our guide explains", K.HEALTHY),
        (200, '{"status": "ok"}', K.HEALTHY),
        (200, '{"status": "Unhealthy"}', K.UNWELL),
        (200, '{"healthy": false, "db": "x"}', K.UNWELL),
        (200, '{"error": null, "checks": {"status": "down"}}', K.HEALTHY),
        (200, '["down"]', K.HEALTHY),
        (200, "", K.HEALTHY),
    ],
)
def test_what_a_body_says(status: int, body: str, kind: Kind) -> None:
    assert kind_of([bad(status, said_by(status, body.encode()))]) is kind


def test_nothing_of_a_foreign_body_is_kept() -> None:
    assert said_by(500, b"ada@acme.example failed, token=abc") == ""
    assert said_by(200, b'{"status": "ok", "user": "ada@acme.example"}') == ""
    assert said_by(500, b"<p>\nmodal-http: internal error: boom\n</p>") == "modal-http: internal error: boom"
    assert len(said_by(500, b"modal-http: internal error: " + b"x" * 9000)) == 120


def test_every_kind_has_its_words_and_effects() -> None:
    assert set(WORDS) == set(EFFECTS) == set(Kind)
    assert set(Kind) - set(NEXT) == {K.HEALTHY}


def test_steps_are_told_as_spans() -> None:
    timing = Timing(dns=0.004, connect=0.024, tls=0.084, first_byte=1.5, total=1.6)
    assert steps(timing) == "DNS 4 ms, connection 20 ms, TLS 60 ms, first byte after 1.5 s"
    assert steps(Timing(first_byte=0.2)) == "first byte after 200 ms" and steps(None) == ""


NODE = "n8n-nodes-base.httpRequest"


@pytest.mark.parametrize(
    ("node", "said", "limit"),
    [
        ({"type": NODE, "type_version": 4.2, "parameters": {}}, None, Limit(300, "n8n's default")),
        ({"type": NODE, "type_version": 2, "parameters": {}}, None, Limit(3600, "n8n's default")),
        ({"type": NODE, "type_version": 4, "parameters": {"options": {"timeout": 2500}}}, None, Limit(2.5, "set on the node")),
        ({"type": NODE, "typeVersion": 4, "parameters": {"options": {"timeout": "2500"}}}, "", Limit(2.5, "set on the node")),
        ({"type": NODE, "type_version": 4, "parameters": {"options": {"timeout": 0}}}, None, Limit(300, "n8n's default")),
        ({"type": NODE, "type_version": 4, "parameters": {"options": {"timeout": "={{ $json.t }}"}}}, None, None),
        ({"type": NODE, "parameters": {}}, None, None),
        ({"type": "n8n-nodes-base.slack", "type_version": 4, "parameters": {}}, None, None),
        ({}, "The connection was aborted timeout of 2500ms exceeded", Limit(2.5, "the error names it")),
    ],
)  # fmt: skip
def test_the_limit_of_n8n(node: dict[str, object], said: str | None, limit: Limit | None) -> None:
    assert limit_of(node, said) == limit


@pytest.mark.parametrize(
    ("limit", "took", "timed_out", "modal", "who"),
    [
        (2.5, 2.51, True, True, GaveUp.N8N),
        (2.5, 2.51, False, True, GaveUp.OPEN),  # a 500 that happens to come then
        (300, 150.4, True, True, GaveUp.MODAL),
        (300, 150.4, False, True, GaveUp.MODAL),
        (300, 150.4, False, False, GaveUp.ENDPOINT),
        (300, 150.4, True, False, GaveUp.OPEN),
        (300, 0.4, False, True, GaveUp.ENDPOINT),
        (0.1, 0.4, False, True, GaveUp.OPEN),
        (300, None, True, True, GaveUp.OPEN),
        (None, 0.4, False, True, GaveUp.OPEN),
    ],
)
def test_who_gave_up_first(limit: float | None, took: float | None, timed_out: bool, modal: bool, who: GaveUp) -> None:
    known = Limit(limit, "set on the node") if limit else None
    assert gave_up(known, took, timed_out=timed_out, modal=modal) is who


# Against servers


def target_of(url: str | None, *, host: str | None = "127.0.0.1", **more: Any) -> Target:
    """A problem that goes on at the node “Score”, which calls `url`."""
    node = {"type": NODE, "type_version": 4.2, "parameters": {"url": url} if url else {}}
    started = NOW - timedelta(hours=2)
    base = Target(
        log=builders.log_of(builders.run(1)), now=NOW, instance="main", workflow_id="wf1", workflow="Flow 1", node="Score",
        host=host, cause=C.ENDPOINT_CRASH, onset=started, last_seen=NOW - timedelta(minutes=5), goes_on=True,
        nodes={"Score": node},
    )  # fmt: skip
    return replace(base, **more)


@contextmanager
def tools_for(*servers: Server, budget_s: float = 20.0, **settings: Any) -> Iterator[Tools]:
    allowed = Allowed(frozenset(origin(server.url) for server in servers))
    with Session(allowed, budget_s=budget_s) as session:
        yield Tools(session, Settings.model_validate({"own_hosts": ["127.0.0.1", "*.modal.run"], **settings}))


def asked(target: Target, tools: Tools) -> Probed:
    (probed,) = ask_all(target, tools, (Probe("endpoint", "DX-2", "endpoints", look),))
    return probed


def effects(probed: Probed) -> dict[Cause, float]:
    return next((piece.effects for piece in probed.evidence if piece.effects), {})


def by_path(**replies: faulty.Reply) -> faulty.Reply:
    """Answers by path; `root` for /, 404 as FastAPI has it for what is not named."""

    def reply(connection: socket.socket, got: Asked) -> None:
        name = got.path.strip("/") or "root"
        replies.get(name, answer({"detail": "Not Found"}, 404))(connection, got)

    return reply


def in_turn(*replies: faulty.Reply) -> faulty.Reply:
    """One answer after the other, and the last one from then on."""
    left = list(replies)

    def reply(connection: socket.socket, got: Asked) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(connection, got)

    return reply


def bare(status: int) -> faulty.Reply:
    """A head without a body, as HEAD is answered."""
    return lambda connection, _: connection.sendall(head(status, content_length=0))


def modal(words: str, status: int) -> faulty.Reply:
    return answer(f"modal-http: {words}", status)


@pytest.mark.parametrize(
    ("reply", "outcome", "words", "weights", "requests"),
    [
        (WELL, "clean", "is healthy", EFFECTS[K.HEALTHY], 3),
        (answer("Internal Server Error", 500), "found", "fails: 500", EFFECTS[K.ERRORING], 3),
        (answer("no healthy upstream", 503), "found", "fails: 503", GATEWAY_EFFECTS, 3),
        (modal("internal error: function was terminated by signal", 500), "found", "by signal", EFFECTS[K.ERRORING], 3),
        (modal("invalid function call", 404), "found", "not deployed", EFFECTS[K.NOT_DEPLOYED], 1),
        (modal("workspace ac-1 is disabled", 404), "found", "spend limit", EFFECTS[K.SPENT], 1),
        (modal("missing credentials for proxy authorization", 401), "could_not_look", "sign-in", {}, 1),
        (answer({"status": "degraded"}), "found", "not well (status: degraded)", EFFECTS[K.UNWELL], 2),
        (faulty.hang_up, "found", "is down", EFFECTS[K.DOWN], 2),
        (faulty.nonsense, "found", "fails", EFFECTS[K.ERRORING], 3),
        (by_path(root=bare(405)), "clean", "no health route", EFFECTS[K.NO_HEALTH_ROUTE], 2),
        (by_path(root=bare(404)), "could_not_look", "Nor is / there", {}, 2),
        (by_path(root=faulty.hang_up), "could_not_look", "could not be seen: http://127.0.0.1:", {}, 2),
        (by_path(root=answer(b"", 302, location="https://stranger.example/")), "could_not_look",
         "a redirect to stranger.example answers there", {}, 2),
        (by_path(root=answer(b"", 200, content_encoding="gzip")), "clean", "no health route", EFFECTS[K.NO_HEALTH_ROUTE], 2),
        (by_path(root=bare(500)), "found", "fails: 500", EFFECTS[K.ERRORING], 2),
        (answer("", 303, location="/health?__modal_function_call_id=fc-1"), "found", "150 s", EFFECTS[K.DEFERRED], 1),
        (answer("", 301, location="https://stranger.example/"), "could_not_look", "a redirect to stranger.example", {}, 1),
        (answer("", 307, location="/health/"), "clean", "no health route", EFFECTS[K.NO_HEALTH_ROUTE], 2),
        (answer(" <!DOCTYPE html><title>Sign in</title>"), "could_not_look", "a web page", {}, 1),
        (faulty.endless, "could_not_look", "not as a health check does", {}, 1),
    ],
)  # fmt: skip
def test_each_kind_of_endpoint(
    reply: faulty.Reply, outcome: str, words: str, weights: dict[Cause, float], requests: int
) -> None:
    with serving(reply) as server, tools_for(server) as tools:
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert (probed.outcome, effects(probed)) == (outcome, weights)
    assert words in probed.summary and f"{server.url}/" in probed.summary
    assert len(server.asked) == requests
    assert {(got.method, got.path) for got in server.asked} <= {("GET", "/health"), ("HEAD", "/")}


def test_an_endpoint_that_comes_and_goes() -> None:
    with serving(in_turn(answer("", 500), WELL, WELL)) as server, tools_for(server) as tools:
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert probed.outcome is Outcome.FOUND and effects(probed) == EFFECTS[K.FLAKY]


def test_nothing_listens() -> None:
    with serving(WELL) as server:
        pass
    with tools_for(server) as tools:
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert probed.outcome is Outcome.FOUND and effects(probed) == EFFECTS[K.DOWN]
    assert "is down" in probed.summary


def test_a_silent_endpoint_is_asked_again_and_the_answer_comes_in_time() -> None:
    with serving(faulty.silent) as server, tools_for(server, budget_s=1.0) as tools:
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert probed.outcome is Outcome.FOUND and "does not answer in time" in probed.summary
    assert effects(probed) == EFFECTS[K.HANGS] and len(server.asked) == 2


def test_one_that_answers_only_after_the_first_request_was_given_up_starts_cold() -> None:
    with serving(in_turn(faulty.silent, WELL)) as server, tools_for(server, budget_s=2.0) as tools:
        probed = asked(target_of(f"{server.url}/score", cause=C.TIMEOUT), tools)
    assert "starts cold" in probed.summary and probed.outcome is Outcome.FOUND
    assert effects(probed) == {C.TIMEOUT: 3.0, C.ENDPOINT_CRASH: 0.5}


def test_the_times_of_the_first_request_are_told() -> None:
    with serving(WELL) as server, tools_for(server) as tools:
        summary = asked(target_of(f"{server.url}/score"), tools).summary
    assert "The first request in steps: DNS " in summary and "connection " in summary and "first byte after " in summary


@pytest.mark.parametrize("more", [{"goes_on": False}, {"last_seen": NOW - timedelta(days=2)}], ids=["over", "old"])
def test_what_is_seen_now_says_nothing_of_a_problem_that_is_over(more: dict[str, Any]) -> None:
    with serving(answer("", 500)) as server, tools_for(server) as tools:
        probed = asked(target_of(f"{server.url}/score", **more), tools)
    assert probed.outcome is Outcome.FOUND and effects(probed) == {}


# Which one is asked


def test_the_app_is_asked_where_the_procedure_says() -> None:
    with serving(WELL) as procedure, serving(WELL) as own, tools_for(
        procedure, own, modal={"health": f"{procedure.url}/{{workspace}}/{{app}}", "workspace": "w",
                               "apps": {"127.0.0.1": "scorer"}},
    ) as tools:  # fmt: skip
        probed = asked(target_of(f"{own.url}/score"), tools)
    assert {got.path for got in procedure.asked} == {"/w/scorer"} and own.asked == []
    assert probed.outcome is Outcome.CLEAN


@pytest.mark.parametrize(
    ("first", "second", "outcome", "words"),
    [
        (modal("invalid function call", 404), WELL, "clean", "otherwise"),
        (modal("invalid function call", 404), answer("", 500), "found", "otherwise"),
        (answer("", 500), answer("", 500), "found", "fails"),
    ],
)
def test_where_the_app_is_not_well_the_host_that_the_node_calls_decides(
    first: faulty.Reply, second: faulty.Reply, outcome: str, words: str
) -> None:
    with serving(first) as procedure, serving(second) as own, tools_for(
        procedure, own, modal={"health": f"{procedure.url}/{{app}}", "apps": {"127.0.0.1": "scorer"}}
    ) as tools:  # fmt: skip
        probed = asked(target_of(f"{own.url}/score"), tools)
    assert probed.outcome == outcome and words in probed.summary and f"{own.url}/health" in probed.summary
    assert procedure.asked and own.asked


@pytest.mark.parametrize(("reply", "outcome"), [(WELL, "clean"), (modal("invalid function call", 404), "found")])
def test_a_domain_with_an_app_is_ours_but_asked_at_the_apps_address_alone(reply: faulty.Reply, outcome: str) -> None:
    apps = {"score.acme.example": "scorer"}
    with serving(reply) as server, tools_for(server, modal={"health": f"{server.url}/{{app}}", "apps": apps}) as tools:
        probed = asked(target_of("https://score.acme.example/x", host="score.acme.example"), tools)
    assert probed.outcome == outcome and "score.acme.example" not in probed.summary and server.asked


def test_an_address_that_may_not_be_asked_is_said() -> None:
    with serving(WELL) as server, tools_for() as tools:
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert probed.outcome is Outcome.COULD_NOT_LOOK and server.asked == [] and effects(probed) == {}
    assert "own_hosts" in (probed.next_look or "")


def test_the_file_to_deploy_is_named() -> None:
    app = {"app": "scorer", "deploy": "clients/acme/modal_apps/scorer_modal.py"}
    with serving(modal("invalid function call", 404)) as server, tools_for(
        server, modal={"health": f"{server.url}/{{app}}", "apps": {"127.0.0.1": app}}
    ) as tools:  # fmt: skip
        probed = asked(target_of(f"{server.url}/score"), tools)
    assert "modal deploy clients/acme/modal_apps/scorer_modal.py" in (probed.next_look or "")


def test_a_host_from_an_error_alone_is_not_asked() -> None:
    with serving(WELL) as server, tools_for(server) as tools:
        probed = asked(target_of("={{ $json.where }}/score"), tools)
    assert server.asked == [] and probed.outcome is Outcome.COULD_NOT_LOOK
    assert "127.0.0.1 stands in the error alone" in probed.summary and "[modal.apps]" in (probed.next_look or "")


def test_where_no_node_failed_there_is_no_endpoint_to_ask() -> None:
    with tools_for() as tools:
        probed = asked(target_of(None, node=None, host=None, nodes={}), tools)
    assert probed.outcome is Outcome.CLEAN and "no node failed" in probed.summary and probed.next_look is None


def test_a_host_that_is_not_ours_is_not_asked() -> None:
    with serving(answer("", 500)) as server, tools_for(server, own_hosts=["*.modal.run"]) as tools:
        probed = asked(target_of(f"{server.url}/v1"), tools)
    assert server.asked == [] and probed.outcome is Outcome.CLEAN and effects(probed) == {}
    assert "“Score” calls 127.0.0.1, which is not among own_hosts" in probed.summary


def test_other_endpoints_of_the_workflow_are_context_only() -> None:
    with serving(answer("", 500)) as server, tools_for(server) as tools:
        nodes = {"Pay": {"type": NODE, "parameters": {"url": "https://api.pay.example/v1"}},
                 "Score": {"type": NODE, "parameters": {"url": f"{server.url}/score"}}}  # fmt: skip
        probed = asked(target_of(None, node="Pay", host="api.pay.example", nodes=nodes), tools)
    assert probed.outcome is Outcome.FOUND and effects(probed) == {} and len(server.asked) == 1
    assert f"Besides, {server.url}/health fails: 500" in probed.summary


@pytest.mark.parametrize("published", [False, True])
def test_the_definition_that_runs_on_the_server_is_read_where_the_records_hold_none(published: bool) -> None:
    with serving(WELL) as endpoint:
        nodes = [{"name": "Score", "type": NODE, "parameters": {"url": f"{endpoint.url}/score"}}]
        draft = [{"name": "Score", "type": NODE, "parameters": {"url": "https://draft.example/score"}}]
        workflow = {"id": "wf1", "nodes": nodes}
        if published:
            workflow |= {"nodes": draft, "activeVersion": {"nodes": nodes}}
        with serving(answer(workflow)) as server, tools_for(server, endpoint) as tools:
            tools.n8n = N8n("main", server.url, tools.session, "a-key-of-the-tests")
            probed = asked(target_of(None, nodes={}), tools)
    assert probed.outcome is Outcome.CLEAN and {got.path for got in endpoint.asked} == {"/health"}
    assert all("x-n8n-api-key" not in got.headers for got in endpoint.asked)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://acme--app.modal.run/score", "https://acme--app.modal.run"),
        ("=https://acme--app.modal.run/score?id={{ $json.id }}", "https://acme--app.modal.run"),
        ("https://Acme--App.modal.run", "https://acme--app.modal.run"),
        ("https://acme--app.modal.run:8443/x", "https://acme--app.modal.run:8443"),
        ("http://acme--app.modal.run/x", "https://acme--app.modal.run"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000"),
        ("=https://acme--{{ $json.app }}.modal.run/x", None),
        ("=https://acme--app.modal.run{{ $json.path }}", None),
        ("={{ $env.BASE }}/acme--app.modal.run", None),
        ("https://acme--app.modal.run@evil.example/x", None),
        ("https://evil.example/?https://acme--app.modal.run/", None),
        ("ftp://acme--app.modal.run/", None),
    ],
)
def test_a_host_is_read_from_an_address_only_where_it_stands_there(url: str, base: str | None) -> None:
    with tools_for() as tools:
        place = places_of(target_of(url, host=None), tools).failing
    assert (place.base if place else None) == base


def test_at_most_four_others_are_asked_and_none_that_is_disabled() -> None:
    def node(number: int, **more: Any) -> Any:
        return {"type": NODE, "parameters": {"url": f"https://app{number}.modal.run/x"}, **more}

    nodes = {"Score": node(0), "Off": node(9, disabled=True), **{f"N{n}": node(n) for n in range(1, 8)}}
    with tools_for() as tools:
        places = places_of(target_of(None, host="app0.modal.run", nodes=nodes), tools)
    assert places.failing and places.failing.host == "app0.modal.run"
    assert [place.host for place in places.others] == [f"app{n}.modal.run" for n in range(1, 5)]


# Who gave up first


def execution(spent: int) -> Any:
    return {"data": {"resultData": {"runData": {"Score": [{"executionTime": 10}, {"executionTime": spent}]}}}}


def told(target: Target, kept: Any = None, slowest: float | None = None, budget_s: float = 1.0) -> list[Any]:
    with tools_for(budget_s=budget_s) as tools:
        tools.execution_of = lambda _: kept
        return list(limits(target, tools, True, slowest))


def timed_out(**more: Any) -> Target:
    node = {"type": NODE, "type_version": 4.2, "parameters": {"options": {"timeout": 2500}}}
    base = {"nodes": {"Score": node}, "cause": C.TIMEOUT, "execution_id": "7", **more}
    return target_of(None, **base)


def test_the_time_at_the_node_beside_the_limit_of_n8n() -> None:
    (fact,) = told(timed_out(), execution(2504))
    assert fact.fact.text == (
        "n8n waits 2.5 s for “Score” (set on the node); the run of “Score” in execution 7 took 2.5 s; n8n gave up first."
    )
    assert fact.effects == {}


def test_an_answer_that_takes_longer_than_n8n_waits_speaks_for_a_timeout() -> None:
    assert told(timed_out(), execution(2504), slowest=4.2)[1].effects == {C.TIMEOUT: 2.0}
    assert told(timed_out(goes_on=False), execution(2504), slowest=4.2)[1].effects == {}
    assert len(told(timed_out(), execution(2504), slowest=2.4)) == 1


def test_tries_of_its_own_leave_it_open_who_gave_up() -> None:
    node = {**timed_out().nodes["Score"], "retry": {"retryOnFail": True, "maxTries": 3}}
    (fact,) = told(timed_out(nodes={"Score": node}), execution(2504))
    assert "gave up" not in fact.fact.text
    (fact,) = told(timed_out(nodes={"Score": {**node, "retry": {"retryOnFail": False}}}), execution(2504))
    assert "n8n gave up first" in fact.fact.text


def test_without_the_execution_the_runs_as_a_whole_are_told() -> None:
    log = builders.log_of(*builders.runs("XXX", wrong=builders.error(500), took=3.0))
    instance = str(log.executions["instance"].iloc[0])
    ids = tuple(log.executions["execution_id"])
    (fact,) = told(timed_out(log=log, instance=instance, failing_ids=ids, cause=C.ENDPOINT_CRASH))
    assert "The failing runs as a whole (3, median) took 3.0 s" in fact.fact.text.replace("the f", "The f")
