"""The error workflow and its way onto a server: planned first, never in place of another, no draft published, done once."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb import error_workflow as ew
from incident_nb.error_workflow.build import NAME
from incident_nb.errors import UsageError
from tests.acting import Run, ran
from tests.exports import Json
from tests.writable import KEY, Kept

TOKEN = "tok-4fA8kQ2mZ7xB1nC9vL3wPq"
TRIGGER = {"id": "t", "name": "On error", "type": "n8n-nodes-base.errorTrigger", "typeVersion": 1, "parameters": {}}
MAIL = {"id": "m", "name": "Mail", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {}}
TO = "http://127.0.0.1:8787/alerts/n8n"
INSTALL = ("n8n-error-workflow", "--install", "default")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in a workspace; the first argument may be the server that it has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
    monkeypatch.setenv("INCIDENT_NB_ALERT_TOKEN", TOKEN)

    def once(*given: Any) -> SimpleNamespace:
        if given and isinstance(given[0], Kept):
            (tmp_path / "incident-nb.toml").write_text(f'[n8n.default]\nurl = "{given[0].url}"\n')
            given = given[1:]
        told = ran(capsys, *given, secrets=(KEY, TOKEN))
        return SimpleNamespace(code=told.code, out=told.json, err=told.err)

    return once


def by_name(flow: Json) -> dict[str, Json]:
    return {node["name"]: node for node in flow["nodes"]}


def own(kept: Kept) -> Json:
    (found,) = (flow for flow in kept.workflows.values() if flow["name"] == NAME)
    return found


def setting(kept: Kept, number: str) -> Any:
    return kept.workflows[number]["settings"].get("errorWorkflow")


def test_the_printed_workflow_sends_the_whole_item_and_holds_no_secret(run: Run) -> None:
    ended = run("n8n-error-workflow")
    flow = json.loads(ended.out)
    nodes = by_name(flow)
    send, slack = nodes["Send to incident-nb"], nodes["Tell Slack instead"]
    assert ended.code == 0 and not ended.err
    assert send["parameters"]["url"] == TO and send["parameters"]["jsonBody"] == "={{ JSON.stringify($json) }}"
    assert send["credentials"] == {"httpHeaderAuth": {"id": None, "name": "incident-nb alert token"}}
    assert (send["retryOnFail"], send["maxTries"], send["waitBetweenTries"]) == (True, 5, 5000)
    assert send["onError"] == "continueErrorOutput" and send["parameters"]["options"]["timeout"] == 10_000
    assert flow["connections"]["Send to incident-nb"]["main"] == [
        [],
        [{"node": slack["name"], "type": "main", "index": 0}],
    ]
    for part in ("workflow?.name", "lastNodeExecuted", "error?.message", "execution?.url"):
        assert part in slack["parameters"]["text"]
    assert "Bearer" in nodes["About this workflow"]["parameters"]["content"]
    assert TOKEN not in ended.out
    assert run("n8n-error-workflow").out == ended.out


@pytest.mark.parametrize(
    ("given", "to"),
    [
        (("--instance", "acme"), f"{TO}/acme"),
        (("--instance", "a b/c"), f"{TO}/a%20b%2Fc"),
        (("--to", "https://incidents.example.com/alerts/n8n"), "https://incidents.example.com/alerts/n8n"),
    ],
)
def test_where_it_sends(run: Run, given: tuple[str, ...], to: str) -> None:
    flow = json.loads(run("n8n-error-workflow", *given).out)
    assert by_name(flow)["Send to incident-nb"]["parameters"]["url"] == to


@pytest.mark.parametrize(
    "to",
    ["", "incidents.example.com", "ftp://x.example", "http://", "http://u:p@x.example/", "https://x.example/?token=abc",
     "http://x.example:99999/", "http://[::1/", "=http://x.example", "http://x.example/a b", "http://x.example/#a"],
)  # fmt: skip
def test_what_is_no_place_to_send_to(to: str) -> None:
    with pytest.raises(UsageError, match="--to"):
        ew.address(to, "default")


@pytest.mark.parametrize(
    "given",
    [
        ("--all",),
        ("--yes",),
        ("--workflow", "x"),
        ("--json",),
        ("--install", "default"),
        ("--install", "default", "--all", "--workflow", "x"),
        ("--install", "default", "--instance", "other", "--all"),
        ("--install", "nowhere", "--all"),
        ("--install", "default", "--workflow", "nothing"),
        ("--install", "default", "--workflow", "Twice"),
    ],
)
def test_wrong_usage_is_told_and_does_nothing(run: Run, n8n: Kept, given: tuple[str, ...]) -> None:
    n8n.add("Twice")
    n8n.add("Twice")
    ended = run(n8n, "n8n-error-workflow", *given)
    assert ended.code == 2 and ended.err.startswith("error:") and not n8n.writes


def crowd(kept: Kept) -> dict[str, str]:
    """One workflow for each thing that can become of one."""
    has = kept.add("Errors by mail", nodes=[TRIGGER, MAIL])
    sends = kept.add("Errors to us", nodes=[TRIGGER, *ew.fragment(ew.Wanted(to=TO), "On error")["nodes"]])
    found = {
        "set": kept.add("Orders"),
        "idle": kept.add("Idle", active=False),
        "default": kept.add("Old editor", settings={"errorWorkflow": "DEFAULT", "executionTimeout": -1}),
        "kept": kept.add("Invoices", settings={"errorWorkflow": has}),
        "lost": kept.add("Payroll", settings={"errorWorkflow": "gone"}),
        "sends": kept.add("Leads", settings={"errorWorkflow": sends}),
        "draft": kept.add("Half edited", draft=True),
        "unknown": kept.add("Strange", settings={"newThing": 1}),
        "name only": kept.add(
            "Loose", nodes=[{**MAIL, "credentials": {"slackApi": {"id": None, "name": "incident-nb alert token"}}}]
        ),
        "odd node": kept.add("Odd", nodes=[{**MAIL, "rewired": True}]),
        "archived": kept.add("Gone", isArchived=True, active=False),
    }
    return {**found, "has": has, "errors to us": sends}


STATES = {
    "set": "set", "idle": "set", "default": "set", "kept": "kept", "lost": "kept", "sends": "sends", "has": "kept",
    "draft": "by_hand", "unknown": "by_hand", "name only": "by_hand", "odd node": "by_hand", "archived": "left",
    "errors to us": "sends",
}  # fmt: skip


def test_without_yes_there_is_a_plan_and_nothing_happens(run: Run, n8n: Kept) -> None:
    found = crowd(n8n)
    before = copy.deepcopy(n8n.workflows)
    ended = run(n8n, *INSTALL, "--all", "--json")
    told = json.loads(ended.out)
    states = {row["workflow_id"]: row["state"] for row in told["plan"]["rows"]}
    assert {name: states[number] for name, number in found.items()} == STATES
    assert told["plan"]["own"] == "make" and told["steps"] is None and ended.code == 0
    assert "Nothing was changed" in ended.err and not n8n.writes and n8n.workflows == before


def test_the_plan_in_words_offers_nodes_and_steps_for_a_person(run: Run, n8n: Kept) -> None:
    crowd(n8n)
    ended = run(n8n, *INSTALL, "--all")
    flat = " ".join(ended.out.split())
    for part in ("would be made", "Get it: 3", "“Errors by mail” stays its error workflow", "changes that are not published",
                 "open “Half edited”", "can't be seen on this server", "To add to “Errors by mail”"):  # fmt: skip
        assert part in flat, part
    start = ended.out.index("{\n", ended.out.index("To add to “Errors by mail”"))
    nodes, _ = json.JSONDecoder().raw_decode(ended.out[start:])
    assert "$('On error')" in by_name(nodes)["Tell Slack instead"]["parameters"]["text"]
    assert not any(node["type"] == TRIGGER["type"] for node in nodes["nodes"])


def test_with_yes_only_the_safe_ones_get_it_and_nothing_else_changes(run: Run, n8n: Kept) -> None:
    found = crowd(n8n)
    before = copy.deepcopy(n8n.workflows)
    ended = run(n8n, *INSTALL, "--all", "--yes")
    assert ended.code == 0, ended.err
    mine = own(n8n)["id"]
    for name, number in found.items():
        if STATES[name] == "set":
            assert setting(n8n, number) == mine
            after = n8n.workflows[number]
            rest = {**after, "settings": {key: one for key, one in after["settings"].items() if key != "errorWorkflow"}}
            was = {**before[number], "settings": {**before[number]["settings"]}}
            was["settings"].pop("errorWorkflow", None)
            if not n8n.newer:  # each save is a version there
                was |= {key: rest[key] for key in ("versionId", "activeVersionId")}
            assert rest == was
        else:
            assert n8n.workflows[number] == before[number], name
    assert bool(own(n8n)["active"]) == n8n.newer
    if n8n.newer:
        assert n8n.published == [(mine, own(n8n)["versionId"])]
    assert ended.err.count("set; nothing else changed") == 3
    assert TOKEN not in "".join(n8n.bodies) and KEY not in "".join(n8n.bodies)


def test_done_again_it_changes_nothing(run: Run, n8n: Kept) -> None:
    crowd(n8n)
    assert run(n8n, *INSTALL, "--all", "--yes").code == 0
    before, n8n.writes = copy.deepcopy(n8n.workflows), []
    ended = run(n8n, *INSTALL, "--all", "--yes")
    assert ended.code == 0 and not n8n.writes and n8n.workflows == before
    assert "There was nothing to change" in ended.err and "is there" in ended.out


def test_only_the_chosen_ones(run: Run, n8n: Kept) -> None:
    first, second, third = n8n.add("A"), n8n.add("B"), n8n.add("C")
    assert run(n8n, *INSTALL, "--workflow", first, "--workflow", "B", "--workflow", "B", "--yes").code == 0
    assert setting(n8n, first) == setting(n8n, second) == own(n8n)["id"] and setting(n8n, third) is None


def test_an_archived_or_other_one_of_ours_is_not_taken_for_it(run: Run, n8n: Kept) -> None:
    number = n8n.add("A")
    n8n.add(NAME, isArchived=True, active=False, nodes=ew.workflow(ew.Wanted(to=TO))["nodes"])
    n8n.add(NAME, nodes=ew.workflow(ew.Wanted(to="https://elsewhere.example/alerts/n8n"))["nodes"])
    assert run(n8n, *INSTALL, "--workflow", number, "--yes").code == 0
    assert setting(n8n, number) == "w4"


def test_without_its_credential_it_is_set_nowhere(run: Run, n8n: Kept) -> None:
    number = n8n.add("A")
    n8n.credentials = {}
    first = run(n8n, *INSTALL, "--all", "--yes")
    assert first.code == 1 and setting(n8n, number) is None and not n8n.published
    assert "kind Header Auth called “incident-nb alert token”" in first.err and "not ready" in first.err
    again = run(n8n, *INSTALL, "--all", "--yes")
    assert again.code == 1 and len(n8n.workflows) == 2 and setting(n8n, number) is None
    by_name(own(n8n))["Send to incident-nb"]["credentials"]["httpHeaderAuth"]["id"] = "cred1"  # as a person chooses it
    assert run(n8n, *INSTALL, "--all", "--yes").code == 0 and setting(n8n, number) == own(n8n)["id"]


def test_our_own_workflow_that_a_person_changed_is_not_published(run: Run, newer: Kept) -> None:
    number = newer.add("A")
    flow = copy.deepcopy(ew.workflow(ew.Wanted(to=TO, slack=False)))
    by_name(flow)["Send to incident-nb"]["credentials"]["httpHeaderAuth"]["id"] = "cred1"
    by_name(flow)["Send to incident-nb"]["parameters"]["options"] = {}
    newer.add(NAME, active=False, nodes=flow["nodes"], connections=flow["connections"])
    ended = run(newer, *INSTALL, "--all", "--yes")
    assert ended.code == 1 and "was changed since" in ended.err and setting(newer, number) is None
    assert not newer.published and not newer.writes


def test_a_draft_that_comes_up_meanwhile_is_not_written_to(run: Run, newer: Kept) -> None:
    number = newer.add("A")

    def edited(method: str, path: str, _: Any) -> None:
        if method == "POST" and path.endswith("/activate"):
            newer.workflows[number]["versionId"] = "edited"

    newer.instead = edited
    ended = run(newer, *INSTALL, "--all", "--yes")
    assert ended.code == 1 and "it changed meanwhile" in ended.err and setting(newer, number) is None
    assert newer.workflows[number]["activeVersionId"] == f"{number}-1"


def test_an_error_workflow_that_is_set_meanwhile_stays(run: Run, n8n: Kept) -> None:
    number = n8n.add("A")

    def other(method: str, path: str, _: Any) -> None:
        if method == "POST" and path.endswith("/workflows"):
            n8n.workflows[number]["settings"]["errorWorkflow"] = "theirs"

    n8n.instead = other
    ended = run(n8n, *INSTALL, "--all", "--yes")
    assert ended.code == 1 and setting(n8n, number) == "theirs" and ("PUT", f"workflows/{number}") not in n8n.writes


def test_what_fails_half_way_is_told_workflow_by_workflow(run: Run, n8n: Kept) -> None:
    first, second, third = n8n.add("First"), n8n.add("Second"), n8n.add("Third")
    n8n.instead = lambda method, path, _: (400, {"message": "no"}) if (method, path[-2:]) == ("PUT", second) else None
    ended = run(n8n, *INSTALL, "--all", "--yes")
    assert ended.code == 1 and setting(n8n, second) is None
    assert setting(n8n, first) == setting(n8n, third) == own(n8n)["id"]
    assert "Second (w2): n8n did not set it, and nothing of it changed" in ended.err
    n8n.instead = lambda *_: None
    assert run(n8n, *INSTALL, "--all", "--yes").code == 0 and setting(n8n, second) == own(n8n)["id"]


def test_where_the_server_goes_away_the_rest_is_told_as_not_done(run: Run, n8n: Kept) -> None:
    first, second, third = n8n.add("First"), n8n.add("Second"), n8n.add("Third")
    gone: list[str] = []

    def away(method: str, path: str, _: Any) -> tuple[int, Any] | None:
        if method == "PUT" and path.endswith(second):
            gone.append(path)
        return (401, {"message": "unauthorized"}) if gone else None

    n8n.instead = away
    ended = run(n8n, *INSTALL, "--all", "--yes", "--json")
    steps = {step["workflow_id"]: step for step in json.loads(ended.out)["steps"]}
    assert ended.code == 1
    assert (steps[first]["outcome"], steps[second]["outcome"], steps[third]["outcome"]) == (
        "done",
        "unsure",
        "not_done",
    )
    assert "not known whether" in steps[second]["told"] and setting(n8n, third) is None


@pytest.mark.parametrize("lie", ["sets nothing", "drops a setting", "stops it", "changes a node"])
def test_every_write_is_looked_at_afterwards(run: Run, n8n: Kept, lie: str) -> None:
    number = n8n.add("A", settings={"executionOrder": "v1", "timezone": "UTC"})

    def lying(method: str, path: str, body: Any) -> tuple[int, Any] | None:
        if method != "PUT":
            return None
        flow = n8n.workflows[number]
        if lie != "sets nothing":
            flow["settings"] = body["settings"] if lie != "drops a setting" else {"errorWorkflow": own(n8n)["id"]}
        if lie == "stops it":
            flow |= {"active": False, "activeVersionId": None}
        if lie == "changes a node":
            flow["nodes"] = [{**flow["nodes"][0], "disabled": True}]
        return 200, flow

    n8n.instead = lying
    ended = run(n8n, *INSTALL, "--all", "--yes")
    said = {
        "sets nothing": "did not set it",
        "drops a setting": "that: settings",
        "stops it": "that: active",
        "changes a node": "that: nodes",
    }
    assert ended.code == 1 and said[lie] in ended.err


def test_names_from_the_server_are_shown_without_secrets_and_control_characters(run: Run, n8n: Kept) -> None:
    n8n.add("Orders sk-proj-4fA8kQ2mZ7xB1nC9vL3w9dKs8\x1b[31m\x07", draft=True)
    for more in ((), ("--json",)):
        ended = run(n8n, *INSTALL, "--all", *more)
        assert ended.code == 0 and "4fA8kQ2mZ7xB1nC9" not in ended.out and "\x1b[31m" not in ended.out


def test_a_list_that_breaks_off_makes_no_plan(run: Run, n8n: Kept) -> None:
    n8n.add("A")
    n8n.instead = lambda _, path, __: (
        (200, {"data": [*n8n.workflows.values()], "nextCursor": "again"}) if path.endswith("/workflows") else None
    )
    ended = run(n8n, *INSTALL, "--all", "--yes")
    assert ended.code == 1 and "Not all workflows" in ended.err and not n8n.writes
