"""What a retry of a failed execution really does, on both versions of n8n: what is sent again, and what n8n tells of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests_n8n.ask import Refused
from tests_n8n.client import RUN_S, N8n
from tests_n8n.conftest import ASKED
from tests_n8n.misbehave import CRASHED, SLOW, Service
from tests_n8n.nodes import call, called, flow, node, webhook
from tests_n8n.replaying import (
    OK,
    THREE,
    changed,
    counts,
    keep,
    refuse_second,
    retried,
    retry,
    rows,
    send,
    sent,
    slowly,
    stack,
)
from tests_n8n.server import running
from tests_n8n.wait import wait_for


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as started:
        yield started


def active(n8n: N8n, workflow: dict) -> str:
    number = n8n.create(workflow)
    n8n.activate(number)
    return number


def newer(n8n: N8n) -> bool:
    return n8n.version.startswith("2.")


def test_a_retry_sends_every_item_again_and_no_earlier_node(n8n: N8n, service: Service) -> None:
    for path in ("/before", "/after", "/alarm"):
        service.set(path, OK)
    service.set("/send", refuse_second)
    alarm = n8n.create(flow("Alarm", node("Error Trigger", "errorTrigger", 1, {}), send("Ring", service.url("/alarm"))))
    with suppress(Refused):  # 1.x has nothing to activate in it
        n8n.activate(alarm)
    items = flow(
        "Items", webhook("items"), rows(), send("Before", service.url("/before")), keep(),
        send("Send", service.url("/send")), send("After", service.url("/after")), errorWorkflow=alarm,
    )  # fmt: skip
    first = n8n.run(active(n8n, items), THREE)
    assert stack(n8n.execution(first)) == [("Send", 3)]
    # Item 3 went out although item 2 was refused.
    assert sent(service, "/send") == [1, 2, 3]
    wait_for(lambda: counts(service, "/alarm") == [1] or None, RUN_S, "the error workflow")

    service.set("/send", slowly(refuse_second))
    began = time.monotonic()
    second = retried(n8n, first)
    assert time.monotonic() - began >= 1.0, "the answer comes once the retry has ended"
    assert (second["status"], second["finished"]) == ("error", False)
    assert counts(service, "/before", "/after") == [3, 0]
    assert sent(service, "/send") == [1, 1, 2, 2, 3, 3]
    wait_for(lambda: counts(service, "/alarm") == [2] or None, RUN_S, "the error workflow for the failed retry")
    kept = n8n.execution(second["id"])
    assert (kept["mode"], kept["retryOf"], kept["status"]) == ("retry", first, "error")
    # The first execution does not tell of a retry that failed.
    assert n8n.execution(first)["retrySuccessId"] is None

    service.set("/send", OK)
    third = retried(n8n, second["id"], current=None)  # no body is loadWorkflow false
    assert (third["status"], third["finished"]) == ("success", True)
    assert n8n.execution(second["id"])["retrySuccessId"] == third["id"]
    # Nor does it tell of a good retry of its retry.
    assert n8n.execution(first)["retrySuccessId"] is None
    assert counts(service, "/before", "/after") == [3, 3]

    fourth = retried(n8n, first)
    assert n8n.execution(first)["retrySuccessId"] == fourth["id"]
    # Nothing keeps n8n from doing all of it once more.
    fifth = retried(n8n, first)
    assert fifth["status"] == "success" and n8n.execution(first)["retrySuccessId"] == fifth["id"]
    assert counts(service, "/before", "/send", "/after") == [3, 15, 9]

    refused = retry(n8n, fifth["id"])
    assert refused.status == (409 if newer(n8n) else 400)
    assert refused.body == {"message": "The execution succeeded, so it cannot be retried."}
    assert retry(n8n, "999999").status == 404


def test_which_version_of_the_workflow_a_retry_runs(n8n: N8n, service: Service) -> None:
    for path in ("/send", "/send2", "/after", "/after2", "/before2", "/draft"):
        service.set(path, OK)
    service.set("/send", CRASHED)
    service.set("/before", OK)
    old = flow(
        "Repaired", webhook("repaired"), send("Before", service.url("/before")), send("Send", service.url("/send")),
        send("After", service.url("/after")),
    )  # fmt: skip
    number = active(n8n, old)
    failed = n8n.run(number)
    service.set("/send", OK)
    urls = {name: service.url(f"/{name.lower()}2") for name in ("Before", "Send", "After")}
    repaired = changed(old, **urls)
    n8n.api("PUT", f"/workflows/{number}", repaired)

    retried(n8n, failed, current=False)
    assert counts(service, "/send", "/send2", "/after", "/after2") == [2, 0, 1, 0], "the workflow as it ran"
    retried(n8n, failed, current=True)
    assert counts(service, "/send", "/send2", "/after", "/after2", "/before2") == [2, 1, 1, 1, 0], "as it is now"

    # What somebody is at in the editor, without having published it (2.x): the retry runs that.
    now = n8n.api("GET", f"/workflows/{number}")
    draft = changed(now, Send=service.url("/draft"))
    body = {"nodes": draft["nodes"], "connections": draft["connections"], "versionId": now["versionId"]}
    n8n.rest("PATCH", f"/workflows/{number}", body)
    now = n8n.api("GET", f"/workflows/{number}")
    assert (now["versionId"] != now["activeVersionId"]) is newer(n8n)
    retried(n8n, failed, current=True)
    assert counts(service, "/send2", "/draft") == [1, 1]

    n8n.api("PUT", f"/workflows/{number}", changed(repaired, {"Send": "Sent"}))
    renamed = retry(n8n, failed, current=True)
    if newer(n8n):
        assert (renamed.status, renamed.body) == (500, {"message": "Internal server error"})
    else:
        assert renamed.status == 400 and "probably got deleted or renamed" in renamed.body["message"]
    assert retried(n8n, failed, current=False)["status"] == "success"
    # An earlier node may have another name by now, as long as nothing refers to it.
    n8n.api("PUT", f"/workflows/{number}", changed(repaired, {"Before": "Earlier"}))
    assert retried(n8n, failed, current=True)["status"] == "success"
    assert counts(service, "/send2") == [2]
    off = changed(repaired)
    next(one for one in off["nodes"] if one["name"] == "Send")["disabled"] = True
    n8n.api("PUT", f"/workflows/{number}", off)
    # A node that is switched off lets its items through: nothing is sent, and the retry is a success.
    assert retried(n8n, failed, current=True)["status"] == "success"
    assert counts(service, "/send2") == [2]
    n8n.deactivate(number)
    assert retried(n8n, failed, current=False)["status"] == "success"
    n8n.api("DELETE", f"/workflows/{number}")
    assert retry(n8n, failed, current=False).status == 404, "executions go with their workflow"


def test_what_was_not_kept(n8n: N8n, service: Service) -> None:
    service.set("/send", CRASHED)
    unkept = active(
        n8n,
        flow("No errors", webhook("no-errors"), send("Send", service.url("/send")), saveDataErrorExecution="none"),
    )
    n8n.start(unkept)
    failed = n8n.run(
        active(
            n8n,
            flow("No good", webhook("no-good"), send("Send", service.url("/send")), saveDataSuccessExecution="none"),
        )
    )
    wait_for(lambda: counts(service, "/send") == [2] or None, RUN_S, "both requests")
    service.set("/send", OK)
    good = retried(n8n, failed)
    assert good["status"] == "success"
    # A good retry that is not kept leaves no trace, neither of itself nor at the first execution.
    wait_for(lambda: n8n.answer("GET", f"/executions/{good['id']}").status == 404 or None, RUN_S, "it to be deleted")
    assert n8n.execution(failed)["retrySuccessId"] is None
    assert n8n.ended(unkept) == []


def test_a_sub_workflow_runs_whole_again_with_its_parent_and_does_not_tell_it_when_alone(
    n8n: N8n, service: Service
) -> None:
    paths = ("/p1", "/c1", "/c2", "/p2")
    for path in paths:
        service.set(path, OK)
    service.set("/c2", CRASHED)
    child = n8n.create(flow("Child", called(), send("C1", service.url("/c1")), send("C2", service.url("/c2"))))
    with suppress(Refused):  # 1.x has nothing to activate in it
        n8n.activate(child)
    parent = active(
        n8n,
        flow(
            "Parent", webhook("parent"), send("P1", service.url("/p1")), call(child), send("P2", service.url("/p2"))
        ),
    )  # fmt: skip
    failed = n8n.run(parent)
    inner = n8n.ended(child)[0]
    assert n8n.execution(inner)["data"]["parentExecution"]["executionId"] == failed
    assert n8n.execution(failed)["data"]["resultData"]["error"]["executionId"] == inner
    assert counts(service, *paths) == [1, 1, 1, 0]
    assert retried(n8n, failed)["status"] == "error"
    assert counts(service, *paths) == [1, 2, 2, 0]
    assert n8n.execution(n8n.ended(child)[0])["mode"] == "integrated"

    service.set("/c2", OK)
    assert retried(n8n, inner)["status"] == "success"
    assert counts(service, *paths) == [1, 2, 3, 0]
    assert n8n.execution(failed)["retrySuccessId"] is None
    # The parent does all of it again, though the child's retry went well.
    assert retried(n8n, failed)["status"] == "success"
    assert counts(service, *paths) == [1, 3, 4, 1]


def test_branches_that_had_not_begun_run_and_a_loop_goes_on(n8n: N8n, service: Service) -> None:
    for path in ("/x2", "/x3"):
        service.set(path, OK)
    service.set("/x1", CRASHED)
    branches = flow("Branches", webhook("branches"), send("X1", service.url("/x1")), send("X3", service.url("/x3")))
    branches["nodes"].append({**send("X2", service.url("/x2")), "position": [220, 400]})
    branches["connections"]["Webhook"]["main"][0].append({"node": "X2", "type": "main", "index": 0})
    number = active(n8n, branches)
    failed = n8n.run(number)
    assert [name for name, _ in stack(n8n.execution(failed))] == ["X1", "X2"]
    assert counts(service, "/x1", "/x2", "/x3") == [1, 0, 0]
    service.set("/x1", OK)
    retried(n8n, failed)
    assert counts(service, "/x1", "/x2", "/x3") == [2, 1, 1]
    service.set("/x2", CRASHED)
    failed = n8n.run(number)
    service.set("/x2", OK)
    assert [name for name, _ in stack(n8n.execution(failed))] == ["X2"]
    retried(n8n, failed)
    assert counts(service, "/x1", "/x2", "/x3") == [3, 3, 2], "a branch that was through is not run again"

    service.set("/loop", refuse_second)
    loop = flow("Loop", webhook("loop"), rows(), node("Loop", "splitInBatches", 3, {"batchSize": 1, "options": {}}))
    loop["nodes"].append({**send("Each", service.url("/loop")), "position": [900, 100]})
    loop["connections"]["Loop"] = {"main": [[], [{"node": "Each", "type": "main", "index": 0}]]}
    loop["connections"]["Each"] = {"main": [[{"node": "Loop", "type": "main", "index": 0}]]}
    failed = n8n.run(active(n8n, loop), THREE)
    assert stack(n8n.execution(failed)) == [("Each", 1)] and sent(service, "/loop") == [1, 2]
    service.set("/loop", OK)
    retried(n8n, failed)
    assert sent(service, "/loop") == [1, 2, 2, 3]


def test_batches_and_tries_send_all_items_too(n8n: N8n, service: Service) -> None:
    service.set("/tries", refuse_second)
    service.set("/batches", refuse_second)
    again = {"retryOnFail": True, "maxTries": 2, "waitBetweenTries": 100}
    n8n.run(active(n8n, flow("Tries", webhook("tries"), rows(), send("Send", service.url("/tries"), **again))), THREE)
    assert sent(service, "/tries") == [1, 1, 2, 2, 3, 3]
    batched = send("Send", service.url("/batches"))
    batched["parameters"]["options"] = {"batching": {"batch": {"batchSize": 1, "batchInterval": 200}}}
    n8n.run(active(n8n, flow("Batches", webhook("batches"), rows(), batched)), THREE)
    assert sent(service, "/batches") == [1, 2, 3], "a batch that failed holds up no other one"


def test_runs_that_were_stopped_or_wait_can_be_retried_and_should_not(n8n: N8n, service: Service) -> None:
    service.set("/fast", OK)
    service.set("/slow", SLOW)
    late = n8n.run(
        active(
            n8n,
            flow(
                "Late", webhook("late"), send("Slow", service.url("/slow")), send("Fast", service.url("/fast")),
                executionTimeout=1,
            ),
        )
    )  # fmt: skip
    stopped = n8n.execution(late)
    assert (stopped["status"], stack(stopped)) == ("canceled", [])
    # Nothing was kept to go on with: the retry does nothing, and is a success.
    nothing = retried(n8n, late)
    assert nothing["status"] == "success" and n8n.execution(late)["retrySuccessId"] == nothing["id"]
    assert counts(service, "/slow", "/fast") == [1, 0]

    wait = node("Wait", "wait", 1.1, {"resume": "webhook", "options": {}}, webhookId=str(uuid4()))
    waits = active(n8n, flow("Waits", webhook("waits"), wait, send("Fast", service.url("/fast"))))
    n8n.start(waits)
    waiting = wait_for(lambda: next(iter(n8n.waiting(waits)), None), RUN_S, "the run to wait")
    assert n8n.execution(waiting)["status"] == "waiting"
    # It goes on at once, without what it waits for, and goes on waiting as well.
    assert retried(n8n, waiting)["status"] == "success"
    assert counts(service, "/fast") == [1]
    assert n8n.execution(waiting)["status"] == "waiting"


@pytest.mark.parametrize("version", ASKED)
def test_a_crashed_run_begins_again_at_its_trigger(version: str, tmp_path: Path, service: Service) -> None:
    service.set("/done", OK)
    service.set("/long", SLOW)
    with running(version, tmp_path / "n8n") as n8n:
        workflow = active(
            n8n,
            flow("Killed", webhook("killed"), send("Done", service.url("/done")), send("Long", service.url("/long"))),
        )
        n8n.start(workflow)
        wait_for(lambda: counts(service, "/long") == [1] or None, RUN_S, "the second node's request")
        n8n.kill()
    service.set("/long", OK)
    with running(version, tmp_path / "n8n") as n8n:
        crashed = wait_for(lambda: next(iter(n8n.ended(workflow)), None), RUN_S, "the killed run to be ended")
        kept = n8n.execution(crashed)
        assert (kept["status"], [name for name, _ in stack(kept)]) == ("crashed", ["Webhook"])
        retried(n8n, crashed)
        assert counts(service, "/done", "/long") == [2, 2], "the earlier node runs again, too"
