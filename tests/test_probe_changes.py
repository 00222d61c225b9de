"""DX-5: each change put against the onset, from n8n's versions (2.x lists them, 1.x gives one by its id), and real git."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.http import Allowed, Session
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.probes import PROBES, Tools
from incident_nb.probes.changes import CODE, HERE, NOTHING, OTHERS
from incident_nb.probes.workflow_versions import compare, kept
from incident_nb.settings import App, Client, Modal, Settings
from tests.builders import HOUR, START, call, flow, run
from tests.faulty import answer
from tests.test_git_log import Repository
from tests.test_probe_credentials import ONSET, ask, credential, iso, listed, target, texts

ASK = tuple(probe for probe in PROBES if probe.name == "changes")
Json = dict[str, Any]
OLD = START - timedelta(days=20)
BARE: Json = {"credential_id": None, "credential": None, "credential_type": None}
BETWEEN = ONSET - timedelta(minutes=10)


def version(name: str, at: datetime, *nodes: Json) -> Json:
    return {"versionId": name, "createdAt": iso(at), "nodes": flow(1, None, *nodes)["nodes"]}


def n8n_2(*versions: Json, made: datetime = OLD, published: list[Json] | None = None) -> Json:
    """What n8n 2.x answers of a workflow with these versions, oldest first, of which the newest is live."""
    newest = versions[-1]
    live = {
        **flow(), "nodes": newest["nodes"], "createdAt": iso(made), "versionId": newest["versionId"],
        "activeVersionId": newest["versionId"], "activeVersion": {**newest, "workflowPublishHistory": published or []},
    }  # fmt: skip
    rows = [{name: value for name, value in one.items() if name != "nodes"} for one in reversed(versions)]
    singles = {f"workflows/wf1/versions/{one['versionId']}": one for one in versions}
    there = {"credentials/c1": credential(changed=OLD)}
    return {"workflows/wf1": live, "workflows/wf1/history": listed(*rows), **singles, **there}


def effects(said: Probed) -> list[dict[Cause, float]]:
    return [fact.effects for fact in said.evidence if fact.effects]


def look(paths: Json, settings: Settings | None = None, about: Json | None = None, **more: Any) -> Probed:
    return ask(paths, target(**(BARE | (about or {}) | more)), settings, ASK)


A, B = call(path="/v1/orders"), call(path="/v2/orders")
FIRST, NEXT = version("v0", OLD, A), version("v1", OLD + HOUR, A)
VERSIONS = {
    "the node, in between": ((FIRST, version("v2", BETWEEN, B)), Outcome.FOUND, [HERE], "10 minutes before the first"),
    "another node": (
        (FIRST, version("v2", BETWEEN, A, call("Send"))), Outcome.FOUND, [OTHERS], "changes to other nodes: Send"),
    "nothing of what runs": (
        (FIRST, version("v2", BETWEEN, {**A, "position": [9, 9]})), Outcome.FOUND, [], "without a change to what"),
    "five saves weigh as one": (
        (FIRST, *(version(f"v{n}", BETWEEN + n * timedelta(minutes=1), call(path=f"/{n}")) for n in range(2, 7))),
        Outcome.FOUND, [HERE], "Also in the day before it: 4 more"),
    "a day before, and it ran since": (
        (FIRST, version("v2", ONSET - 20 * HOUR, B)), Outcome.FOUND, [], "20 hours before the first failure"),
    "three days before": (
        (FIRST, NEXT, version("v2", ONSET - 72 * HOUR, B)), Outcome.CLEAN, [],
        "Nothing is known to have changed since 2026-03-01 10:00 UTC"),
    "since then": (
        (FIRST, NEXT, version("v2", ONSET + HOUR, B)), Outcome.CLEAN, [], "Nothing is known"),
    "what is older is not kept": ((version("v2", ONSET + HOUR, B),), Outcome.COULD_NOT_LOOK, [], "but not all is known"),
    "the version before is not kept": ((version("v2", BETWEEN, B),), Outcome.FOUND, [], "what was changed is not known"),
}  # fmt: skip


@pytest.mark.parametrize(("versions", "outcome", "factors", "said"), VERSIONS.values(), ids=VERSIONS)
def test_versions_of_the_workflow_beside_the_onset(versions: Any, outcome: Outcome, factors: Any, said: str) -> None:
    answered = look(n8n_2(*versions))
    assert (answered.outcome, effects(answered)) == (outcome, factors)
    assert said in answered.summary + texts(answered)


def test_a_version_that_cannot_be_had_removed_no_node() -> None:
    paths = n8n_2(FIRST, version("v2", BETWEEN, B), version("v3", ONSET + HOUR, B))
    del paths["workflows/wf1/versions/v2"]
    answered = look(paths)
    assert answered.outcome is Outcome.FOUND and not effects(answered)
    assert "what was changed is not known" in answered.summary and "removed" not in texts(answered)


def test_what_changed_is_told_from_before_to_after_masked_and_short() -> None:
    key = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
    before, after = (
        call(parameters={"url": f"https://api.shop.example/?api_key={key}", "jsCode": f"{'x' * 300}{word}{'y' * 300}"})
        for word in ("old", "new")
    )
    after["parameters"]["url"] = "https://api.shop.example/v2"
    said = texts(look(n8n_2(version("v1", OLD, before), version("v2", BETWEEN, after))))
    assert key not in said and "[" in said and "to “https://api.shop.example/v2”" in said
    assert "parameter jsCode from “…xxxxxxxxxxxxxxxoldyyy" in said and "x" * 61 not in said and "y" * 61 not in said


def test_a_workflow_made_that_day_is_said_to_be() -> None:
    answered = look(n8n_2(version("v1", BETWEEN, A), made=BETWEEN))
    assert answered.outcome is Outcome.FOUND and "the workflow was made" in answered.summary and not effects(answered)


def test_what_the_records_weigh_already_is_told_without_weight() -> None:
    nodes = {"nodes": kept(version("", OLD, B)["nodes"]), "good_nodes": kept(version("", OLD, A)["nodes"])}
    answered = look(n8n_2(NEXT, version("v2", BETWEEN, B)), about=nodes)
    assert answered.outcome is Outcome.FOUND and not effects(answered)
    assert "Between the last good run and the newest failing one “Call” was changed: parameter url" in texts(answered)


def test_a_version_that_the_failing_run_did_not_have_weighs_nothing() -> None:
    one = {**run(5, ONSET + HOUR, None), "workflowVersionId": "v1"}
    paths = n8n_2(NEXT, version("v2", BETWEEN, B)) | {"executions/5": one}
    answered = look(paths, execution_id="5")
    assert not effects(answered) and "the newest failing run did not have it yet" in answered.summary
    assert effects(look(paths | {"executions/5": one | {"workflowVersionId": "v2"}}, execution_id="5")) == [HERE]


FILLED = {"url": "https://api.shop.example/v1/orders", "curlImport": "", "options": {"timeout": 10}}
LIVE = {
    "with the defaults filled in": (A, False),
    "with another value": (B, True),
    "with a node more": (None, True),
}


@pytest.mark.parametrize(("node", "differs"), LIVE.values(), ids=LIVE)
def test_the_live_workflow_beside_what_ran(node: Json | None, differs: bool) -> None:
    ran = kept(flow(1, None, call(parameters=FILLED))["nodes"])
    versions = version("v0", OLD, A), version("v1", OLD + HOUR, *([node] if node else [A, call("New")]))
    answered = look(n8n_2(*versions), nodes=ran)
    assert ("Somebody may have mended it" in texts(answered)) == differs


PUBLISHED = [
    ([("activated", BETWEEN)], True),
    ([("activated", BETWEEN), ("activated", OLD)], False),
    ([("deactivated", BETWEEN)], False),
    ([], False),
]


@pytest.mark.parametrize(("events", "told"), PUBLISHED)
def test_a_version_saved_long_ago_and_published_then(events: list[tuple[str, datetime]], told: bool) -> None:
    history = [{"event": event, "createdAt": iso(at)} for event, at in events]
    answered = look(n8n_2(version("v1", OLD, A), published=history))
    assert ("was published" in answered.summary) == told
    assert (answered.outcome is Outcome.FOUND) == told


def test_n8n_1_is_asked_for_the_versions_whose_ids_are_known() -> None:
    good, bad = (
        {**run(number, at, None), "workflowData": {**flow(), "activeVersionId": name}}
        for number, at, name in ((3, START + 2 * HOUR, "v1"), (5, ONSET, "v2"))
    )
    newest = version("v2", BETWEEN, B)
    live = {
        **flow(1, None, B),
        "createdAt": iso(OLD),
        "versionId": "v2",
        "activeVersionId": "v2",
        "activeVersion": newest,
    }
    # The word “history” is the id of a version to n8n 1.x.
    paths = {
        "workflows/wf1": live, "workflows/wf1/v1": version("v1", OLD, A), "workflows/wf1/v2": newest,
        "executions/3": good, "executions/5": bad,
    }  # fmt: skip
    answered = look(paths, execution_id="5", good_execution_id="3")
    assert answered.outcome is Outcome.FOUND and effects(answered) == [HERE]
    assert "keeps them for 24 hours" in texts(answered)


def workspace(folder: Path, **more: Any) -> Settings:
    client = Client(repository=Path("code"), models={"Call": "app/model.py:Order", "/other": "app/other.py:Other"})
    apps = {"api.shop.example": App(app="orders", deploy="deploy.py")} if more.get("own") else {}
    hosts = ("api.shop.example",) if more.get("own") else ()
    return Settings(path=folder / "incident-nb.toml", clients={"ACME": client}, own_hosts=hosts, modal=Modal(apps=apps))


HOSTED = {"host": "api.shop.example", "url": "https://api.shop.example/v1/orders"}
STABLE = n8n_2(version("v1", OLD, A))
COMMITS = {
    "the model, at an own host": (BETWEEN, "app/model.py", True, [CODE], "the model of what it takes"),
    "what it is deployed from": (ONSET - 20 * HOUR, "deploy.py", True, [CODE], "deployed from"),
    "the model, elsewhere": (BETWEEN, "app/model.py", False, [], "the model of what it takes"),
    "another model": (BETWEEN, "app/other.py", True, [], "changed 1 file."),
    "two days before": (ONSET - 49 * HOUR, "app/model.py", True, [], "2 days before"),
    "since then": (ONSET + HOUR, "app/model.py", True, [], "after the first failure"),
}  # fmt: skip


@pytest.mark.parametrize(("at", "file", "own", "factors", "said"), COMMITS.values(), ids=COMMITS)
def test_commits_in_the_clients_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: datetime, file: str, own: bool, factors: Any, said: str
) -> None:
    monkeypatch.setenv("PATH", only_git(tmp_path))
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none"))
    Repository(tmp_path / "code").commit((at - START) / HOUR, "Take what comes", file)
    answered = look(STABLE, settings=workspace(tmp_path, own=own), about=HOSTED)
    assert effects(answered) == factors and said in texts(answered)
    assert "“Take what comes”" in texts(answered)
    assert (answered.outcome is Outcome.FOUND) == (START - 22 * HOUR <= at <= ONSET)


def test_a_clients_folder_below_our_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Repository(tmp_path / "code").commit((BETWEEN - START) / HOUR, "Take what comes", "a.py")
    settings = Settings(path=tmp_path / "x" / "incident-nb.toml", clients={"ACME": Client(repository=Path("~/code"))})
    assert "“Take what comes”" in texts(look(STABLE, settings=settings))


def test_a_clients_folder_below_the_working_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Repository(tmp_path / "a" / "code").commit((BETWEEN - START) / HOUR, "Take what comes", "a.py")
    settings = Settings(clients={"ACME": Client(repository=Path("a/code"))})
    assert "“Take what comes”" in texts(look(STABLE, settings=settings))


def only_git(folder: Path) -> str:
    """A PATH with git and nothing else, so that no Modal that somebody installed is asked."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    return str(tools)


def test_nothing_anywhere_for_a_week_speaks_against_the_workflow(tmp_path: Path) -> None:
    Repository(tmp_path / "code").commit(-24 * 15, "Long ago", "a.py")
    answered = look(STABLE, settings=workspace(tmp_path))
    assert answered.outcome is Outcome.CLEAN and effects(answered) == [NOTHING]
    assert "nothing changed in the 7 days before" in answered.summary
    known = {"nodes": kept(flow(1, None, A)["nodes"]), "good_nodes": kept(flow(1, None, A)["nodes"])}
    assert not effects(look(STABLE, settings=workspace(tmp_path), about=known))


def test_a_source_that_cannot_be_looked_at_is_named_and_spoils_no_other(tmp_path: Path) -> None:
    paths = STABLE | {"credentials/c1": answer({}, 403)}
    answered = look(paths, settings=workspace(tmp_path), credential_id="c1", credential="Key")
    assert answered.outcome is Outcome.CLEAN and not effects(answered)
    assert (
        "When the credential was changed could not be asked" in answered.summary
        and "code, is not there" in answered.summary
    )
    none = look({}, credential_id="c1", client=None)
    assert none.outcome is Outcome.COULD_NOT_LOOK
    for said in ("not on the server any more", "Set clients.CODE.repository"):
        assert said in none.summary


CREDENTIALS = [
    ({"changed": BETWEEN}, "the credential “Key c1” was changed"),
    ({"changed": BETWEEN, "made": BETWEEN}, "the credential “Key c1” was made"),
    ({"changed": OLD}, None),
    ({"changed": BETWEEN, "type": "oAuth2Api"}, None),
]


@pytest.mark.parametrize(("dates", "said"), CREDENTIALS)
def test_a_credential_is_told_without_weight_and_an_oauth_token_that_n8n_renews_is_no_change(
    dates: Json, said: str | None
) -> None:
    paths = STABLE | {"credentials/c1": credential(**dates)}
    answered = look(paths)
    assert not effects(answered) and (answered.outcome is Outcome.FOUND) == (said is not None)
    assert said is None or said in answered.summary


def test_a_deleted_credential_is_told() -> None:
    assert "was deleted; when, n8n does not tell" in texts(look(STABLE | {"credentials/c1": answer({}, 404)}))


MODAL = """#!/bin/sh
[ "$1 $2" = "app history" ] && echo '{rows}' && exit 0
exit 1
"""


def test_a_deployment_is_told_and_the_commit_that_it_brought_weighs_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = only_git(tmp_path)
    rows = json.dumps([{"version": "v7", "time_deployed": BETWEEN.isoformat(), "deployed_by": "x"}])
    modal = Path(path) / "modal"
    modal.write_text(MODAL.replace("{rows}", rows))
    modal.chmod(0o755)
    monkeypatch.setenv("PATH", path)
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.setenv(name, "made-up")
    Repository(tmp_path / "code").commit(1, "Take what comes", "app/model.py")
    answered = look(STABLE, settings=workspace(tmp_path, own=True), about=HOSTED)
    assert (
        "10 minutes before the first failure (2026-03-02 10:50 UTC): version v7 of the app “orders” was deployed"
        in texts(answered)
    )
    assert not effects(answered)
    told = {piece.fact.text.partition("): ")[2][:9]: piece.fact.at for piece in answered.evidence}
    assert told["version v"] == BETWEEN  # a chart puts it where it was


def test_an_own_host_without_an_app_is_said(tmp_path: Path) -> None:
    settings = Settings(own_hosts=("api.shop.example",))
    assert "Put it into [modal.apps]" in look(STABLE, settings=settings, about=HOSTED).summary


def test_without_an_onset_there_is_nothing_to_put_changes_against() -> None:
    assert look(STABLE, onset=None).outcome is Outcome.COULD_NOT_LOOK


def test_all_that_decides_how_a_node_runs_is_compared() -> None:
    before = kept([A])["Call"]
    for name, value in (("disabled", True), ("on_error", "stop"), ("type_version", 5), ("retry", {"maxTries": 3})):
        (told,), others = compare({"Call": before}, {"Call": before | {name: value}}, "Call")
        assert told.startswith(name.replace("_", " ")) and others == ()
    (told,), _ = compare({"Call": before}, {"Call": kept([call(credential="c2")])["Call"]}, "Call")
    assert told == "credential from “Key c1 (c1)” to “Key c2 (c2)”"
    assert compare({"Call": before}, {}, "Call") == (("was removed or renamed",), ())
    assert compare({"Call": before}, {"Other": before}, None) == ((), ("Call", "Other"))


def test_no_time_left_is_said(tmp_path: Path) -> None:
    Repository(tmp_path / "code").commit(0, "Now", "a.py")
    with Session(Allowed(), budget_s=0.0) as session:
        said = ASK[0].look(target(**BARE), Tools(session, workspace(tmp_path)))
    assert said.outcome is Outcome.COULD_NOT_LOOK and "no time left" in said.summary and "no n8n server" in said.summary
