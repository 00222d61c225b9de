"""An incident from its first failure to its relapse on real n8n: stopped, mended, put back, missed work done once, verified."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

import incident_nb
from incident_nb.actions import fate
from tests_n8n.client import RUN_S, N8n
from tests_n8n.misbehave import BAD_KEY, CRASHED, MINUTE, Behaviour, Request, Service
from tests_n8n.nodes import Workflow, flow, webhook, with_credential
from tests_n8n.proxy import Cut, Proxy
from tests_n8n.replaying import OK, changed, counts, send
from tests_n8n.test_contain import Run, as_it_is, newer, recorded, run
from tests_n8n.test_verify import rows, told
from tests_n8n.wait import wait_for

__all__ = ["run"]

FIRST, SECOND = "Bearer not-a-real-one", "Bearer another-one"
NODE = "Send"
FAST = ("--per-minute", "600")


class Books:
    """A service that takes orders from who has the key: which `reached` it, and which it took (`taken`)."""

    def __init__(self) -> None:
        self.key, self.reached, self.taken = FIRST, Counter[int](), Counter[int]()
        self.breaks_at: int | None = None
        self.holds_at: int | None = None
        self.held = threading.Event()

    def __call__(self, request: Request) -> Behaviour:
        order = json.loads(request.body)["order_id"]
        self.reached[order] += 1
        if order == self.breaks_at:  # it does what it was asked for, and only then fails
            self.taken[order] += 1
            return CRASHED
        if request.headers.get("authorization") != self.key:
            return BAD_KEY
        self.taken[order] += 1
        if order == self.holds_at:
            self.held.set()
            return Behaviour(OK.status, OK.body, OK.headers, wait=MINUTE)
        return OK


class Shop:
    """Workflows that post an order each to the books, signing in with one credential; the executions that failed, by order."""

    def __init__(self, n8n: N8n, service: Service) -> None:
        self.n8n, self.service, self.books, self.orders = n8n, service, Books(), 0
        self.failed: dict[str, int] = {}
        service.set("/orders", self.books)
        data = {"name": "Authorization", "value": FIRST}
        self.name = f"shop {token_hex(4)}"
        made = n8n.api("POST", "/credentials", {"name": self.name, "type": "httpHeaderAuth", "data": data})
        self.key = str(made["id"])

    def workflow(self, name: str) -> Workflow:
        path = f"story-{token_hex(4)}"
        posts = send(NODE, self.service.url("/orders"))
        posts["parameters"]["jsonBody"] = "={{ JSON.stringify($json.body) }}"
        return flow(f"[ACME] {name}", webhook(path), with_credential(posts, "httpHeaderAuth", self.key, self.name))

    def active(self, name: str) -> str:
        number = self.n8n.create(self.workflow(name))
        self.n8n.activate(number)
        return number

    def order(self, workflow: str) -> str:
        """The execution of a new order, once it has ended."""
        self.orders += 1
        execution = self.n8n.run(workflow, {"order_id": self.orders})
        if self.n8n.execution(execution)["status"] == "error":
            self.failed[execution] = self.orders
        return execution

    def mend(self, value: str) -> None:
        """Another key in the credential, as by a person in the editor: the public API of 1.x can't change one."""
        data = {"name": "Authorization", "value": value}
        body = {"name": self.name, "type": "httpHeaderAuth", "data": data}
        self.n8n.rest("PATCH", f"/credentials/{self.key}", body)

    def each_once_more(self, *but: str) -> None:
        """Each failed execution's order reached the service exactly once more and was taken once; `but`: not these."""
        again = {order for execution, order in self.failed.items() if execution not in but}
        assert self.books.reached == Counter({n: 1 + (n in again) for n in range(1, self.orders + 1)})
        assert self.books.taken == Counter(range(1, self.orders + 1))
        for execution in self.failed:
            assert (self.n8n.execution(execution)["retrySuccessId"] is None) is (execution in but), execution


def everything(n8n: N8n) -> dict[str, dict[str, Any]]:
    """All executions of the server by their ids."""
    pages = (json.loads(page)["data"] for page in n8n.pages(limit=250))
    return {str(one["id"]): one for page in pages for one in page}


def planned(run: Run, *given: str) -> dict[str, set[str]]:
    """Which executions `recover` would do what with."""
    shown = run("recover", "INC-1", "--json", *given)
    assert shown.code == 0, shown.err
    found: dict[str, set[str]] = {}
    for row in json.loads(shown.out)["plan"]["rows"]:
        found.setdefault(row["do"], set()).add(row["execution_id"])
    return found


def retries() -> dict[str, str]:
    return {one.execution_id: one.state for one in recorded().retries.values()}


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as started:
        yield started


@pytest.fixture
def shop(n8n: N8n, service: Service) -> Shop:
    return Shop(n8n, service)


def test_a_credential_is_refused_and_all_that_was_missed_is_done_once(
    n8n: N8n, run: Run, service: Service, shop: Shop
) -> None:
    # 1. What runs well, and then does not.
    books = shop.books
    service.set("/open", OK)
    service.set("/draft", OK)
    web, till, mail = (shop.active(name) for name in ("Web", "Till", "Mail"))
    off = n8n.create(shop.workflow("Never published"))
    other = n8n.create(flow("[ACME] News", webhook(f"story-{token_hex(4)}"), send(NODE, service.url("/open"))))
    n8n.activate(other)
    for one in (web, till, mail):
        shop.order(one)
    n8n.run(other)
    assert not shop.failed
    books.key = SECOND
    began = [shop.order(one) for one in (till, web, mail)]  # the incident's own is not the first that fails
    books.breaks_at = shop.orders + 1
    broken = shop.order(till)
    for one in (web, mail, till, web):
        shop.order(one)
    n8n.run(other)
    assert len(shop.failed) == 8 and counts(service, "/open") == [2]
    safe = set(shop.failed) - {broken}

    # 2. The incident, and what uses the credential stopped.
    told_of = run("incidents", "open", f"{n8n.url}/workflow/{web}/executions/{began[1]}")
    assert told_of.code == 0, told_of.err
    about = recorded().subject
    assert (about.workflow_id, about.node, about.execution_id) == (web, NODE, began[1])
    assert about.credential_id == shop.key
    assert run("incidents", "severity", "INC-1", "P2", "--reason", "orders are late").code == 0
    five = (web, till, mail, off, other)
    before = {one: as_it_is(n8n, one) for one in five}
    assert [before[one][0] for one in five] == [True, True, True, False, True]
    alone = run("contain", "INC-1").out
    assert all(name in alone for name in ("Web", "Till", "Mail")) and "News" not in alone and "Never" not in alone
    stopped = run("contain", "INC-1", "--credential", shop.key, "--yes")
    assert stopped.code == 0, stopped.err
    assert [as_it_is(n8n, one)[0] for one in five] == [False, False, False, False, True]
    assert {one.workflow_id for one in recorded().held_back} == {web, till, mail}
    if newer(n8n):  # 1.x has no drafts
        now = n8n.api("GET", f"/workflows/{mail}")
        draft = {key: now[key] for key in ("name", "nodes", "connections", "settings")}
        draft = changed(draft, **{NODE: service.url("/draft")})
        n8n.api("PUT", f"/workflows/{mail}?publishIfActive=false", draft)

    # 3. Mended, and put back as it was.
    shop.mend(SECOND)
    assert run("incidents", "fix", "INC-1", "the credential has the new key").code == 0
    if newer(n8n):  # of what is stopped a retry would run the draft
        waits = {one for one in safe if everything(n8n)[one]["workflowId"] == mail}
        assert planned(run) == {"retry": safe - waits, "person": {broken} | waits} and waits
    back = run("restore", "INC-1", "--yes")
    assert back.code == 0, back.err
    after = {one: as_it_is(n8n, one) for one in five}
    assert {one: after[one][:2] for one in five} == {one: before[one][:2] for one in five}
    assert (after[mail][2] != before[mail][2]) is newer(n8n) and not recorded().held_back
    if newer(n8n):
        assert service.url("/draft") in json.dumps(n8n.api("GET", f"/workflows/{mail}")["nodes"])

    # 4. What was missed: counted, planned, done once.
    known, asked = everything(n8n), len(service.requests)
    counted = run("impact", "INC-1", "--json")
    assert counted.code == 0, counted.err
    harm = json.loads(counted.out)
    assert (harm["failed"], harm["items"], len(harm["workflows"])) == (8, {"orders": 8}, 3)
    assert planned(run) == {"retry": safe, "person": {broken}}
    shown = run("recover", "INC-1")
    assert "Nothing was changed" in " ".join(shown.err.split()) and "500" in shown.out
    assert everything(n8n) == known and len(service.requests) == asked and not retries()

    done = run("recover", "INC-1", *FAST, "--yes")
    assert done.code == 0, done.err
    now = everything(n8n)
    made = {one: now[one] for one in now.keys() - known.keys()}
    assert sorted((row["mode"], str(row["retryOf"]), row["status"]) for row in made.values()) == sorted(
        ("retry", one, "success") for one in safe
    )
    shop.each_once_more(broken)
    assert counts(service, "/open", "/draft") == [2, 0]
    assert retries() == dict.fromkeys(safe, "well")

    again = run("recover", "INC-1", *FAST, "--yes")
    assert again.code == 0 and "nothing to retry" in again.err, again.err
    assert everything(n8n) == now
    shop.each_once_more(broken)
    assert json.loads(run("impact", "INC-1", "--json").out) == harm

    # 5. Verified by later runs, of which retries are none.
    found = told(run)
    assert found["good"] == 0 and found["runs"] and {one["judged"] for one in found["runs"]} == {"not_counted"}
    for good in (1, 2, 3):
        shop.order(web)
        assert told(run)["good"] == good and rows()["VER-2"][0] and rows()["VER-4"][0] is (good == 3)
    refused = run("incidents", "resolve", "INC-1", "--text", "the new key works")
    assert refused.code == 2 and "VER-1" in refused.err and "VER-3" in refused.err and "VER-4" not in refused.err
    assert not recorded().is_resolved
    assert run("incidents", "step", "INC-1", "VER-1", "--done", "--note", "an order by hand").code == 0
    assert run("verify", "INC-1", "--checked", "all orders are in the books").code == 0
    resolved = run("incidents", "resolve", "INC-1", "--text", "the new key works")
    assert resolved.code == 0 and recorded().is_resolved and not recorded().open_items, resolved.err

    # 6. It comes back.
    books.key = FIRST
    relapse = shop.order(web)
    found = told(run)
    assert found["reopened"] and found["relapse"]["execution_id"] == relapse
    now_is = recorded()
    assert not now_is.is_resolved and now_is.fixed is None and now_is.watched.good == 0
    assert f"execution {relapse} failed again at “{NODE}”" in now_is.reopened[-1].text
    assert not any(is_done for is_done, _ in rows().values())
    assert f"execution {relapse} failed again" in " ".join(run("incidents", "show", "INC-1").out.split())
    late = run("incidents", "resolve", "INC-1")
    late = run("incidents", "resolve", "INC-1")
    assert late.code == 2 and f"since it came back: execution {relapse} failed again" in late.err


def mended(run: Run, shop: Shop) -> list[str]:
    """Three failed executions of the workflow of INC-1, whose fix is in place, the oldest first."""
    workflow = shop.active("Web")
    shop.order(workflow)
    shop.books.key = SECOND
    failed = [shop.order(workflow) for _ in range(3)]
    assert run("incidents", "open", f"{shop.n8n.url}/workflow/{workflow}/executions/{failed[1]}").code == 0
    shop.mend(SECOND)
    assert run("incidents", "fix", "INC-1", "the credential has the new key").code == 0
    assert planned(run) == {"retry": set(failed)} == {"retry": set(shop.failed)}
    return failed


def test_a_recovery_that_is_killed_in_a_retry_does_nothing_twice(
    n8n: N8n, run: Run, service: Service, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = mended(run, shop)
    shop.books.holds_at = shop.failed[second]
    command = [sys.executable, "-m", "incident_nb", "recover", "INC-1", *FAST, "--yes"]
    where = {**os.environ, "PYTHONPATH": str(Path(incident_nb.__file__).parents[1])}
    child = subprocess.Popen(command, env=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert shop.books.held.wait(RUN_S), f"the second retry never reached the service ({child.poll()})"
    finally:
        child.kill()
    assert child.wait() == -signal.SIGKILL
    assert retries() == {first: "well", second: "asked"}

    monkeypatch.setattr(fate, "ARRIVED", timedelta())  # it would be sure by now
    meanwhile = run("recover", "INC-1", *FAST, "--yes")
    assert meanwhile.code == 1 and f"Execution {second}" in meanwhile.err and "goes on" in meanwhile.err, meanwhile.err
    assert retries() == {first: "well", second: "going_on", third: "well"}
    service.release()
    wait_for(lambda: n8n.execution(second)["retrySuccessId"], RUN_S, "the retry to end")
    again = run("recover", "INC-1", *FAST, "--yes")
    assert again.code == 0 and retries() == dict.fromkeys((first, second, third), "well"), again.err
    shop.each_once_more()
    assert "nothing to retry" in run("recover", "INC-1", *FAST, "--yes").err
    shop.each_once_more()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_network_that_is_cut_at_a_retry_makes_nothing_be_done_twice(
    n8n: N8n, run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch, cut: Cut
) -> None:
    first, second, third = mended(run, shop)
    order = shop.failed[first]

    def arrived() -> None:
        wait_for(lambda: shop.books.reached[order] == 2 or None, RUN_S, "the retry's request")

    with Proxy(n8n.url, cut, arrived) as proxy:
        Path("incident-nb.toml").write_text(f'[n8n.default]\nurl = "{proxy.url}"\n')
        lost = run("recover", "INC-1", *FAST, "--yes")
        assert lost.code == 1 and "not known what came of it" in lost.err and "not tried" in lost.err, lost.err
        assert proxy.retries == 1 and retries() == {first: "asked"}
        assert shop.books.taken[order] == (cut == "after")
        proxy.mend()
        if cut == "after":
            wait_for(lambda: n8n.execution(first)["retrySuccessId"], RUN_S, "the retry to end")
        again = run("recover", "INC-1", *FAST, "--yes")
        if cut == "before":  # it may still be on its way
            assert again.code == 1 and retries() == {first: "asked", second: "well", third: "well"}, again.err
            assert shop.books.taken[order] == 0
            monkeypatch.setattr(fate, "ARRIVED", timedelta())
            again = run("recover", "INC-1", *FAST, "--yes")
        assert again.code == 0 and retries() == dict.fromkeys((first, second, third), "well"), again.err
        shop.each_once_more()
        assert "nothing to retry" in run("recover", "INC-1", *FAST, "--yes").err
        assert proxy.retries == 3 + (cut == "before")
    shop.each_once_more()
