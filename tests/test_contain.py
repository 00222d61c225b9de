"""Workflows stopped and put back: planned first, on record before and after, right in the end wherever it was cut off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from incident_nb.desk import Desk, on_record
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import load
from incident_nb.ui.resolution import Resolution
from tests.acting import CUTS, Clicked, Run, cut_off
from tests.exports import Json
from tests.test_desk import NOW
from tests.writable import Kept

CREDENTIAL = {"httpHeaderAuth": {"id": "c7", "name": "Team key"}}


def node(kind: str, name: str = "Hook", **more: Any) -> Json:
    kind = kind if "." in kind else f"n8n-nodes-base.{kind}"
    return {"id": name, "name": name, "type": kind, "typeVersion": 1, "parameters": {}, **more}


def opened(workflow: str | None = "w1", **subject: Any) -> None:
    """INC-1, of this workflow."""
    about = Subject(instance="default", workflow_id=workflow, **subject)
    on_record(load(None)).open(Opened(title="Orders fails", detected_at=NOW, subject=about))


def recorded() -> Incident:
    return on_record(load(None)).records.get(1)


def kinds() -> list[str]:
    return [event.kind for event in on_record(load(None)).records.events(1)]


def actives(n8n: Kept) -> dict[str, str | None]:
    """What runs, in which version."""
    return {name: flow["activeVersionId"] for name, flow in n8n.workflows.items() if flow["active"]}


# The plan


def test_a_plan_says_what_would_be_stopped_and_changes_nothing(n8n: Kept, run: Run) -> None:
    n8n.add("[ACME] Orders", nodes=[node("webhook"), node("httpRequest", "Ask", credentials=CREDENTIAL)])
    n8n.add("Parent", nodes=[node("scheduleTrigger", "Nightly"), node("executeWorkflow", "Call", parameters={
        "workflowId": {"__rl": True, "value": "w1", "mode": "id"}})])  # fmt: skip
    n8n.add("Twin", nodes=[node("webhook"), node("httpRequest", "Ask", credentials=CREDENTIAL)])
    n8n.going_on = {"running": [{"id": "77", "workflowId": "w1"}, {"id": "78", "workflowId": "w2"}]}
    run(n8n)
    opened(credential_id="c7")
    told = run("contain", "INC-1")
    assert told.code == 0 and "Nothing was changed" in told.err
    for said in ("[ACME] Orders of ACME", "started by Hook", "called by Parent", "execution 77", "used by Twin"):
        assert said in told.out, said
    assert ("will fail" in told.out) == n8n.newer and "78" not in told.out
    assert n8n.writes == [] and kinds() == ["opened"] and len(actives(n8n)) == 3


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ((), {"w1"}),
        (("--workflow", "w2"), {"w2"}),
        (("--workflow", "Bills", "--workflow", "w1"), {"w1", "w2"}),
        (("--credential", "c7"), {"w2", "w3"}),
        (("--credential", "Team key"), {"w2", "w3"}),
        (("--all",), {"w1", "w2", "w3"}),
    ],
)
def test_just_what_was_chosen_is_stopped(n8n: Kept, run: Run, given: tuple[str, ...], meant: set[str]) -> None:
    n8n.add("Orders")
    for name in ("Bills", "Mails"):
        n8n.add(name, nodes=[node("webhook"), node("httpRequest", "Ask", credentials=CREDENTIAL)])
    n8n.add("Off", active=False, nodes=[node("webhook"), node("httpRequest", "Ask", credentials=CREDENTIAL)])
    n8n.add("Disabled", active=False, nodes=[node("httpRequest", credentials=CREDENTIAL, disabled=True)])
    run(n8n)
    opened()
    assert run("contain", "INC-1", *given, "--yes").code == 0
    assert set(actives(n8n)) == {"w1", "w2", "w3"} - meant
    assert {one.workflow_id for one in recorded().held_back} == meant


@pytest.mark.parametrize("listed", [True, False], ids=["as 2.40 lists it", "where a list has no more than the draft"])
def test_a_credential_counts_by_the_version_that_runs(newer: Kept, run: Run, listed: bool) -> None:
    asks = [node("webhook"), node("httpRequest", "Ask", credentials=CREDENTIAL)]
    for name, nodes, published in (
        ("Runs with it", [node("webhook")], asks),
        ("Draft has it", asks, [node("webhook")]),
    ):
        newer.add(name, draft=True, nodes=nodes, activeVersion={"nodes": published})

    def drafts(method: str, path: str, _: Any) -> tuple[int, Any] | None:
        if listed or (method, path) != ("GET", "/api/v1/workflows"):
            return None
        rows = [{k: v for k, v in flow.items() if k != "activeVersion"} for flow in newer.workflows.values()]
        return 200, {"data": rows, "nextCursor": None}

    newer.instead = drafts
    run(newer)
    opened()
    assert run("contain", "INC-1", "--credential", "c7", "--yes").code == 0
    assert set(actives(newer)) == {"w2"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--workflow", "nobody"), "no workflow with the id or name 'nobody'"),
        (("--workflow", "Twice"), "2 workflows are called 'Twice'"),
        (("--credential", "c9"), "No active workflow signs in"),
        (("--all", "--credential", "c7"), "Choose one of"),
        (("--server", "other"), "no [n8n.other]"),
    ],
)
def test_a_choice_that_is_none_is_refused(newer: Kept, run: Run, given: tuple[str, ...], said: str) -> None:
    newer.add("Twice")
    newer.add("Twice")
    run(newer)
    opened()
    told = run("contain", "INC-1", *given, "--yes")
    assert told.code == 2 and said in told.err and newer.writes == [] and kinds() == ["opened"]


def test_an_incident_of_no_workflow_or_server_says_so(newer: Kept, run: Run) -> None:
    run(newer)
    opened(None)
    assert "names no workflow" in run("contain", "INC-1", "--yes").err
    with pytest.raises(UsageError, match="Name it with --server"), _on(None):
        pass
    assert "nothing to restore" in run("restore", "INC-1", "--yes").err


def _on(server: str | None) -> Any:
    from incident_nb.actions.target import server_of

    elsewhere = recorded().model_copy(update={"subject": Subject(instance="elsewhere")})
    return server_of(elsewhere, load(None), server)


# What is done


def test_what_is_not_on_record_is_not_done(n8n: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    n8n.add("Orders")
    run(n8n)
    opened()

    def full(*_: Any, **__: Any) -> None:
        raise UnreachableError("the disk is full")

    monkeypatch.setattr(Desk, "add", full)
    assert run("contain", "INC-1", "--yes").code == 1
    assert n8n.writes == [] and set(actives(n8n)) == {"w1"}


def test_what_n8n_does_counts_and_not_what_it_answers(n8n: Kept, run: Run) -> None:
    for name in ("Says no, does it", "Says yes, does not"):
        n8n.add(name)

    def instead(method: str, path: str, _: Any) -> tuple[int, Any] | None:
        if method != "POST" or not path.endswith("/deactivate"):
            return None
        if "/w1/" in path:
            n8n.workflows["w1"] |= {"active": False, "activeVersionId": None}
            return 500, {"message": "oops"}
        return 200, {"active": False}

    n8n.instead = instead
    run(n8n)
    opened()
    told = run("contain", "INC-1", "--all", "--yes")
    assert told.code == 1 and "n8n did not stop it" in told.err
    assert {one.workflow_id: one.state for one in recorded().held.values()} == {"w1": "stopped", "w2": "runs"}


def test_n8ns_own_reason_is_told_without_a_secret(newer: Kept, run: Run) -> None:
    newer.add("Orders")
    run(newer)
    opened()
    assert run("contain", "INC-1", "--yes").code == 0
    words = "Cannot publish: Node has Bearer ghp_" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6"
    newer.instead = lambda method, *_: (400, {"message": words}) if method == "POST" else None
    told = run("restore", "INC-1", "--yes")
    assert told.code == 1 and "Cannot publish" in told.err and "ghp_a1" not in told.err
    assert [one.workflow_id for one in recorded().held_back] == ["w1"]


def test_another_version_that_runs_by_then_is_left(newer: Kept, run: Run) -> None:
    newer.add("Orders")
    seen = []

    def instead(method: str, path: str, _: Any) -> None:
        seen.append(path)
        if method == "GET" and path.endswith("/w1"):  # it is published anew between the plan and its turn
            newer.workflows["w1"] |= {"versionId": "w1-9", "activeVersionId": "w1-9"}

    newer.instead = instead
    run(newer)
    opened()
    told = run("contain", "INC-1", "--yes")
    assert told.code == 1 and "another version" in told.err and actives(newer) == {"w1": "w1-9"}
    assert run("contain", "INC-1", "--yes").code == 0 and not actives(newer)
    assert recorded().held_back[0].version == "w1-9"


def test_a_draft_is_never_published(newer: Kept, run: Run) -> None:
    newer.add("Orders", draft=True)
    run(newer)
    opened()
    assert run("contain", "INC-1", "--yes").code == 0
    newer.workflows["w1"]["versionId"] = "w1-5"
    assert run("restore", "INC-1", "--yes").code == 0
    assert newer.published == [("w1", "w1-1")] and newer.workflows["w1"]["versionId"] == "w1-5"


def test_what_is_over_between_the_plan_and_its_turn_is_told_as_that(newer: Kept, run: Run) -> None:
    newer.add("Orders")
    run(newer)
    opened()
    assert run("contain", "INC-1", "--yes").code == 0

    def published(method: str, path: str, _: Any) -> None:
        if method == "GET" and path.endswith("/w1"):
            newer.workflows["w1"] |= {"active": True, "versionId": "w1-9", "activeVersionId": "w1-9"}

    newer.instead = published
    told = run("restore", "INC-1", "--yes")
    assert told.code == 0 and "another version" in told.err and newer.published == []
    last = on_record(load(None)).records.events(1)[-1].payload
    assert "another version" in last["over"]["w1"] and not last.get("workflows"), last
    assert not recorded().held_back


def test_on_1x_what_was_saved_meanwhile_runs_only_if_asked_for(older: Kept, run: Run) -> None:
    older.add("Orders")
    run(older)
    opened()
    assert run("contain", "INC-1", "--yes").code == 0
    older.workflows["w1"]["versionId"] = "w1-2"
    told = run("restore", "INC-1", "--yes")
    assert told.code == 1 and "saved anew" in told.err and not actives(older) and len(recorded().held_back) == 1
    assert run("restore", "INC-1", "--changed", "--yes").code == 0
    assert actives(older) == {"w1": "w1-2"} and not recorded().held_back


def test_the_next_step_is_to_put_it_back_and_a_closed_incident_lets_it(newer: Kept, run: Run) -> None:
    newer.add("Orders")
    run(newer)
    opened()
    desk = on_record(load(None))
    assert run("contain", "INC-1", "--yes").code == 0
    desk.add(1, "acknowledged")
    desk.add(1, "severity_chosen", severity="P3", reason="one client")
    desk.add(1, "cause_accepted", cause="credentials")
    desk.add(1, "fixed", what="a new key")
    assert "incident-nb restore INC-1" in desk.standing(1).next_step
    desk.resolve(1, "by hand", {f"VER-{n}": "tried by hand" for n in range(1, 6)})
    desk.close(1, "over", {f"FIN-{n}": "not needed" for n in range(1, 9)})
    assert run("restore", "INC-1", "--yes").code == 0 and actives(newer)
    assert "restore" not in desk.standing(1).next_step


def test_only_what_was_stopped_and_asked_for_comes_back(n8n: Kept, run: Run) -> None:
    for name in ("Orders", "Bills"):
        n8n.add(name)
    n8n.add("Off", active=False)
    run(n8n)
    opened()
    assert run("contain", "INC-1", "--all", "--yes").code == 0
    assert "has not stopped 'Off'" in run("restore", "INC-1", "--workflow", "Off", "--yes").err
    assert run("restore", "INC-1", "--workflow", "Bills", "--yes").code == 0 and set(actives(n8n)) == {"w2"}
    told = run("restore", "INC-1", "--json")
    assert [row["workflow_id"] for row in json.loads(told.json)["plan"]["rows"]] == ["w1"]
    assert set(actives(n8n)) == {"w2"}


# From a notebook


@pytest.fixture
def notebook(n8n: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> Clicked:
    for name in ("Orders", "Bills"):
        n8n.add(name)
    run(n8n)
    opened()
    monkeypatch.setattr(Desk, "diagnosed", lambda *_, **__: None)
    return Clicked(Resolution, load(None), NOW)


def test_a_button_stops_only_what_was_shown_and_confirmed_by_name(n8n: Kept, notebook: Clicked) -> None:
    assert "not shown before" in notebook.click("Stop them", To_stop_them="INC-1") and n8n.writes == []
    for typed in ("", "yes", "INC-2", "INC-10"):
        assert "Nothing was changed" in notebook.click("Stop them", To_stop_them=typed) and n8n.writes == []
    assert "Nothing was changed" in notebook.click("Show what that stops") and n8n.writes == []
    n8n.workflows["w1"]["versionId"] = n8n.workflows["w1"]["activeVersionId"] = "w1-8"  # meanwhile
    assert "not shown before" in notebook.click("Stop them", To_stop_them="INC-1") and n8n.writes == []
    assert "Orders: stopped" in notebook.click("Stop them", To_stop_them="inc-1")
    assert set(actives(n8n)) == {"w2"} and recorded().held_back[0].version == "w1-8"


def test_a_button_puts_back_only_what_was_shown_and_confirmed_by_name(n8n: Kept, notebook: Clicked) -> None:
    notebook.part("Workflows").value = "all"
    notebook.click("Show what that stops")
    notebook.click("Stop them", To_stop_them="INC-1")
    assert not actives(n8n) and "Orders on n8n" in notebook.panel.sheet().view.markdown
    n8n.writes.clear()
    assert "not shown before" in notebook.click("Put them back", To_put_back="INC-1") and n8n.writes == []
    assert "type INC-1" in notebook.click("Put them back", To_put_back="yes") and n8n.writes == []
    assert "runs again" in notebook.click("Put them back", To_put_back="INC-1")
    assert set(actives(n8n)) == {"w1", "w2"} and not recorded().held_back


def test_what_a_button_could_not_do_is_said(n8n: Kept, notebook: Clicked) -> None:
    notebook.click("Show what that stops")
    n8n.instead = lambda method, *_: (500, {"message": "oops"}) if method == "POST" else None
    said = notebook.click("Stop them", To_stop_them="INC-1")
    assert "n8n did not stop it" in said and set(actives(n8n)) == {"w1", "w2"}


# Cut off at any moment


@pytest.mark.parametrize(("how", "after"), CUTS)
def test_wherever_it_is_cut_off_the_next_time_ends_it_right(n8n: Kept, run: Run, how: str, after: bool) -> None:
    for name in ("Orders", "Bills", "Mails"):
        n8n.add(name)
    n8n.add("Off", active=False)
    run(n8n)
    opened()
    before, at = actives(n8n), 0
    commands = (("contain", "INC-1", "--all", "--yes"), ("restore", "INC-1", "--yes"))
    went_on = {command: True for command in commands}
    while any(went_on.values()):
        at += 1
        for command in commands:
            n8n.writes.clear()
            if went_on[command]:
                went_on[command] = cut_off(at, after, how, run, *command)
            told = run(*command)
            nothing_left = "nothing to restore" in told.err
            assert told.code == 0 or nothing_left, (at, command, told.err)
            assert actives(n8n) == ({} if command[0] == "contain" else before), (at, command)
            assert len(set(n8n.writes)) == len(n8n.writes), (at, command, n8n.writes)  # nothing is done twice
            assert all(one.state in ("stopped", "restored") for one in recorded().held.values()), (at, command)
            held = {one.workflow_id: one.version for one in recorded().held_back}
            assert held == (before if command[0] == "contain" else {}), (at, command)
    assert at > 10
