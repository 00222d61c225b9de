"""n8n's public API, as servers give it and as broken ones do: each list ends in time, with what was got and the right word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from incident_nb.errors import SettingsError, UnreachableError
from incident_nb.http import Allowed, Session, origin
from incident_nb.n8n import N8n, NotThereError, key_of, variable
from tests import faulty
from tests.faulty import Asked, Server, answer, serving
from tests.served import KEY, Kept, failed

COUNT, PER_PAGE = 23, 5


def pages() -> faulty.Reply:
    """A server that holds some executions and answers as n8n does."""
    kept = Kept(per_page=PER_PAGE)
    kept.add(*(failed(number) | {"workflowId": "w 1"} for number in range(1, COUNT + 1)))
    return kept.reply


@contextmanager
def n8n(reply: faulty.Reply, *, budget_s: float = 20.0, key: str = KEY) -> Iterator[tuple[N8n, Server]]:
    with serving(reply) as server, Session(Allowed(frozenset({origin(server.url)})), budget_s=budget_s) as session:
        yield N8n("default", server.url, session, key), server


def ids(listing: Any) -> list[str]:
    return [name for page in listing for name in page.ids]


ALL = [str(number) for number in range(COUNT, 0, -1)]


def nth(number: int, bad: faulty.Reply, good: faulty.Reply | None = None) -> faulty.Reply:
    """A server that does something else at its nth answer, and is well again afterwards."""
    count = 0

    def reply(connection: Any, asked: Asked) -> None:
        nonlocal count
        count += 1
        (bad if count == number else good or pages())(connection, asked)

    return reply


def from_then_on(number: int, bad: faulty.Reply) -> faulty.Reply:
    count = 0

    def reply(connection: Any, asked: Asked) -> None:
        nonlocal count
        count += 1
        (bad if count >= number else pages())(connection, asked)

    return reply


@pytest.mark.parametrize("data", [True, False])
def test_a_list_is_read_to_its_end(data: bool) -> None:
    with n8n(pages()) as (server, asked):
        listing = server.executions(data=data, workflow="w 1", status="error")
        assert ids(listing) == ALL and listing.partial is None
    query = parse_qs(urlsplit(asked.asked[0].path).query)
    assert ("includeData" in query) == data and query["workflowId"] == ["w 1"] and query["status"] == ["error"]
    assert {request.headers["x-n8n-api-key"] for request in asked.asked} == {KEY}


def test_rows_are_plain_and_come_once() -> None:
    with n8n(pages()) as (server, _):
        assert [str(row["id"]) for row in server.executions(data=False).rows()] == ALL


BUSY = [answer({"message": "busy"}, status) for status in (429, 502, 503, 504)]


@pytest.mark.parametrize(
    "bad", [*BUSY, faulty.hang_up, faulty.half], ids=["429", "502", "503", "504", "hung up", "half"]
)
@pytest.mark.parametrize("number", [1, 3])
def test_a_server_that_stumbles_once_is_asked_again(bad: faulty.Reply, number: int) -> None:
    with n8n(nth(number, bad)) as (server, _):
        listing = server.executions()
        assert ids(listing) == ALL and listing.partial is None


def test_a_server_says_how_long_to_wait() -> None:
    with n8n(nth(2, answer({}, 429, retry_after=1))) as (server, _):
        assert ids(server.executions()) == ALL


@pytest.mark.parametrize("wait", ["3600", "-5", "soon", "99999999999999999999", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_no_server_makes_us_wait_longer_than_there_is_time(wait: str) -> None:
    with (
        n8n(answer({}, 429, retry_after=wait), budget_s=4.0) as (server, _),
        pytest.raises(UnreachableError, match="busy"),
    ):
        ids(server.executions())


STRANGER = "https://elsewhere.example/api/v1/executions"
ENDS = {
    "html": (answer("<!doctype html><title>Sign in</title>"), "web page"),
    "no list": (answer({"data": {"id": 1}}), "where a list was expected"),
    "no ids": (answer({"data": [{"name": "x"}]}), "where a list was expected"),
    "not JSON": (answer(b'{"data": [', content_type="application/json"), "where a list was expected"),
    "bomb": (faulty.bomb(90), "more than 64 MB"),
    "endless": (faulty.endless, "more than 64 MB"),
    "silent": (faulty.silent, "did not answer in time"),
    "500": (answer({"message": "x"}, 500), "500"),
    "redirect": (answer(b"", 302, location=STRANGER), "sends us elsewhere"),
    "redirect with 401": (answer(b"", 401, location=STRANGER), "refused the key"),
    "401": (answer({"message": "unauthorized"}, 401), "refused the key"),
    "403": (answer({"message": "Forbidden"}, 403), "may not do that"),
    "404": (answer({"message": "not found"}, 404), "public API switched on"),
    "503": (answer({"message": "x"}, 503), "503"),
}


@pytest.mark.parametrize(("reply", "said"), ENDS.values(), ids=ENDS)
def test_a_first_page_that_cannot_be_had_is_an_error_that_says_what_to_do(reply: faulty.Reply, said: str) -> None:
    with n8n(reply, budget_s=3.0) as (server, asked), pytest.raises(UnreachableError) as caught:
        ids(server.executions(data=False))
    assert said in str(caught.value) and "n8n “default” (http://127.0.0.1:" in str(caught.value)
    assert KEY not in str(caught.value)
    assert all(request.path.startswith("/api/v1/executions") for request in asked.asked)


@pytest.mark.parametrize(("reply", "said"), ENDS.values(), ids=ENDS)
def test_a_later_page_that_cannot_be_had_leaves_what_was_got(reply: faulty.Reply, said: str) -> None:
    with n8n(from_then_on(3, reply), budget_s=4.0) as (server, _):
        listing = server.executions(data=False)
        assert ids(listing) == ALL[: 2 * PER_PAGE]
    assert said in (listing.partial or "")


def test_a_drip_ends_with_the_budget() -> None:
    with serving(faulty.silent) as server, Session(Allowed(frozenset({server.url})), budget_s=1.0) as session:
        server.reply = faulty.drip(server.stopped, faulty.head(200) + b'{"data": [')
        with pytest.raises(UnreachableError, match="in time"):
            ids(N8n("default", server.url, session, KEY).executions())


def _page(numbers: range, cursor: str | None) -> faulty.Reply:
    return answer({"data": [{"id": str(number)} for number in numbers], "nextCursor": cursor})


def by_cursor(choose: Callable[[str], faulty.Reply]) -> faulty.Reply:
    return lambda connection, asked: choose(parse_qs(urlsplit(asked.path).query).get("cursor", [""])[0])(
        connection, asked
    )


@pytest.mark.parametrize(
    ("choose", "got", "said"),
    [
        (lambda cursor: _page(range(1, 4), "same"), 3, "in a circle"),
        (lambda cursor: _page(range(4, 7) if cursor else range(1, 4), "a" if cursor == "b" else "b"), 6, "in a circle"),
        (
            lambda cursor: _page(range(int(cursor or 0), int(cursor or 0) + 3), "0" if cursor == "3" else "3"),
            6,
            "circle",
        ),
        (lambda cursor: _page(range(0), f"{cursor}x"), 0, "in a circle"),
    ],
    ids=["the same page", "two in turn", "back to the first", "empty for ever"],
)
def test_a_circle_is_left(choose: Callable[[str], faulty.Reply], got: int, said: str) -> None:
    with n8n(by_cursor(choose)) as (server, _):
        listing = server.executions(data=False)
        assert len(set(ids(listing))) == got
    assert said in (listing.partial or "")


def test_a_list_that_grows_for_ever_ends_with_the_budget() -> None:
    def choose(cursor: str) -> faulty.Reply:
        start = int(cursor or 0)
        return _page(range(start, start + 100), str(start + 100))

    with n8n(by_cursor(choose), budget_s=1.5) as (server, _):
        listing = server.executions(data=False)
        assert len(ids(listing)) >= 100
    assert "in time" in (listing.partial or "")


def test_one_broken_execution_does_not_cost_its_page() -> None:
    def reply(connection: Any, asked: Asked) -> None:
        single = urlsplit(asked.path).path.rsplit("/", 1)[1]
        if single == "19" or ("includeData" in asked.path and single == "executions" and "cursor" not in asked.path):
            return answer({"message": "Internal Server Error"}, 500)(connection, asked)
        return pages()(connection, asked)

    with n8n(reply) as (server, _):
        listing = server.executions()
        whole = list(listing)
    assert [name for page in whole for name in page.ids] == ALL and listing.partial is None
    assert list(listing.skipped) == ["19"] and "status 500" in listing.skipped["19"]
    first = json.loads(whole[0].content)["data"]
    assert ["data" in row for row in first] == [str(row["id"]) != "19" for row in first]


def one_by_one(single: faulty.Reply) -> faulty.Reply:
    """A server that can't build a page with data, and answers so where execution 19 is asked for by itself."""

    def reply(connection: Any, asked: Asked) -> None:
        name = urlsplit(asked.path).path.rsplit("/", 1)[1]
        if name == "19":
            return single(connection, asked)
        if "includeData" in asked.path and name == "executions":
            return answer({"message": "Internal Server Error"}, 500)(connection, asked)
        return pages()(connection, asked)

    return reply


LASTING = {
    "broken": (answer({"message": "Internal Server Error"}, 500), "status 500"),
    "pruned meanwhile": (answer({"message": "Not Found"}, 404), "gone before its data"),
    "too large": (faulty.bomb(90), "larger than an answer may be"),
}


@pytest.mark.parametrize(("single", "why"), LASTING.values(), ids=LASTING)
def test_data_that_can_never_be_had_is_left_out_with_the_reason(single: faulty.Reply, why: str) -> None:
    with n8n(one_by_one(single)) as (server, _):
        listing = server.executions()
        assert ids(listing) == ALL and listing.partial is None
    assert list(listing.skipped) == ["19"] and why in listing.skipped["19"]


FOR_NOW = {
    "the session is over": (faulty.silent, "in time"),
    "busy": (answer({"message": "busy"}, 429), "busy|in time"),
    "refused": (answer({"message": "unauthorized"}, 401), "refused the key"),
    "a proxy's 404": (answer("404 page not found", 404), "the address right"),
    "away": (faulty.hang_up, "closed the connection|in time"),
}


@pytest.mark.parametrize(("single", "said"), FOR_NOW.values(), ids=FOR_NOW)
def test_data_that_can_be_had_another_time_is_not_given_up(single: faulty.Reply, said: str) -> None:
    with n8n(one_by_one(single), budget_s=3.0) as (server, _):
        listing = server.executions()
        with pytest.raises(UnreachableError, match=said):
            ids(listing)
    assert not listing.skipped


def test_single_things() -> None:
    with n8n(pages()) as (server, _):
        assert json.loads(server.execution("7"))["id"] in (7, "7")
        with pytest.raises(UnreachableError, match="has no execution 700: pruned"):
            server.execution("700")
        assert server.workflow("no/such?one") is None


PROXY = {
    "text": answer("404 page not found", 404),
    "a page": answer("<!doctype html><title>404 Not Found</title>", 404),
    "nothing": answer(b"", 404),
    "a list": answer([], 404),
    "broken": answer(b'{"message": "no', 404),
    "deep": answer(b'{"a":' * 100_000, 404),
}


@pytest.mark.parametrize("reply", PROXY.values(), ids=PROXY)
def test_only_n8n_itself_can_say_that_a_thing_is_not_there(reply: faulty.Reply) -> None:
    """What stands before an n8n that is down answers 404, too."""
    with n8n(reply) as (server, _):
        for ask in (server.workflow, server.credential, server.history, server.execution):
            with pytest.raises(UnreachableError, match="the address right") as caught:
                ask("1")
            assert not isinstance(caught.value, NotThereError)
        with pytest.raises(UnreachableError, match="the address right"):
            server.version("1", "v1")


@pytest.mark.parametrize("body", ["<!doctype html>", b"[]", b'{"id": ', b'{"a":' * 100_000])
def test_what_is_no_execution_is_said(body: Any) -> None:
    with n8n(answer(body)) as (server, _), pytest.raises(UnreachableError, match="something else than execution 7"):
        server.plain_execution("7")
    with n8n(pages()) as (server, _):
        assert server.plain_execution("7")["data"] and "data" not in server.plain_execution("7", data=False)


def at(*known: tuple[str, Any]) -> faulty.Reply:
    """A server that knows these paths; to all others it answers as n8n does."""
    things = {f"/api/v1/{path}": thing for path, thing in known}

    def reply(connection: Any, asked: Asked) -> None:
        thing = things.get(asked.path, answer({"message": "not found"}, 404))
        (thing if callable(thing) else answer(thing))(connection, asked)

    return reply


VERSION = {"versionId": "v1", "nodes": []}


@pytest.mark.parametrize("path", ["workflows/w%201/versions/v1", "workflows/w%201/v1"], ids=["2.x", "1.x"])
def test_a_version_is_found_at_either_address(path: str) -> None:
    with n8n(at((path, VERSION))) as (server, _):
        assert server.version("w 1", "v1") == VERSION and server.version("w 1", "v2") is None


def test_a_history_is_a_list_on_2_and_none_on_1() -> None:
    # 1.x takes the word for the id of a version, and answers 400 to every query it does not know.
    known = at(("workflows/w1/history", {"data": [VERSION, "x"], "nextCursor": None}))
    with n8n(known) as (server, _):
        assert server.history("w1") == [VERSION] and server.history("w2") is None


def test_a_credential_is_there_or_deleted_or_not_told() -> None:
    known = at(
        ("credentials/c1", {"id": "c1"}),
        ("credentials/c2", answer({"message": "Forbidden"}, 403)),
        ("credentials/c3", answer({"message": "GET method not allowed"}, 405)),
        ("credentials/c4", answer("<!doctype html>")),
    )
    with n8n(known) as (server, _):
        assert server.credential("c1") == {"id": "c1"} and server.credential("c9") is None
        for name, said in (("c2", "may not do that"), ("c3", "n8n 1.x has no such question"), ("c4", "a web page")):
            with pytest.raises(UnreachableError, match=said):
                server.credential(name)


def test_an_action_is_sent_once_even_if_the_server_stumbles() -> None:
    with n8n(answer({"message": "x"}, 503)) as (server, asked), pytest.raises(UnreachableError, match="503"):
        server.act("workflows/1/deactivate")
    assert [(request.method, request.path) for request in asked.asked] == [("POST", "/api/v1/workflows/1/deactivate")]


def test_health_is_asked_without_the_key() -> None:
    with n8n(answer({"status": "ok"})) as (server, asked):
        assert server.health("healthz/readiness").status == 200
    assert asked.asked[0].path == "/healthz/readiness" and "x-n8n-api-key" not in asked.asked[0].headers


@pytest.mark.parametrize(("name", "expected"), [("default", ""), ("eu-1", "__EU_1"), ("Main", "__MAIN")])
def test_where_a_key_comes_from(name: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert variable(name) == f"INCIDENT_NB_N8N_API_KEY{expected}"
    with pytest.raises(SettingsError, match=variable(name)):
        key_of(name)
    (tmp_path / "key").write_text(" from-a-file\n")
    monkeypatch.setenv(f"{variable(name)}_FILE", str(tmp_path / "key"))
    assert key_of(name) == "from-a-file"
    monkeypatch.setenv(variable(name), "plain")
    assert key_of(name) == "plain"
    monkeypatch.delenv(variable(name))
    monkeypatch.setenv(f"{variable(name)}_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="can't be read"):
        key_of(name)
