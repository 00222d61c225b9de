"""Modal's command line: what it says of an app becomes facts; whatever else it does ends in time, with its reason.

The stand-in prints what the client's source prints (modal 1.6.4; up to 1.3 with other names of fields).
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.http import Allowed, Session
from incident_nb.models import Cause, Probed
from incident_nb.probes import Probe, Target, Tools, ask_all
from incident_nb.probes.modal_cli import DEPLOYED, STOPPED, Deployment, deployments, look
from incident_nb.probes.modal_run import run
from incident_nb.probes.target import CouldNotLookError
from incident_nb.settings import Settings
from tests import builders

C = Cause
NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)
ONSET = NOW - timedelta(hours=2)
HOST = "acme--scorer-web-app.modal.run"
NODE = "n8n-nodes-base.httpRequest"
SECRET = "as-a-made-up-secret-of-the-tests"

STAND_IN = """#!{python} -IS
import json, os, subprocess, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
with open(folder + "/asked", "a") as file:
    file.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
answers = json.load(open(folder + "/answers.json"))
what = answers.get(" ".join(sys.argv[1:3]), {{}})
for option in what.get("unknown", []):
    if option in sys.argv:
        sys.stderr.write("Usage: modal app list [OPTIONS]\\n\\nError: No such option '" + option + "'.\\n")
        sys.exit(2)
sys.stdout.write(what.get("out", ""))
sys.stdout.flush()
sys.stderr.write(what.get("err", ""))
if what.get("child"):
    child = "import socket, time; s = socket.create_connection(('127.0.0.1', %d)); print('up', flush=True); time.sleep(600)"
    started = subprocess.Popen([sys.executable, "-IS", "-c", child % what["child"]], stdout=subprocess.PIPE)
    started.stdout.readline()
if what.get("endless"):
    while True:
        sys.stdout.write("x" * 65536)
if what.get("hangs"):
    time.sleep(600)
sys.exit(what.get("code", 0))
"""


def stamp(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def app(state: str = "deployed", name: str = "scorer", stopped: datetime | None = None) -> dict[str, Any]:
    return {"app_id": "ap-" + "0" * 22, "description": name, "state": state, "tasks": "1",
            "created_at": stamp(ONSET - timedelta(days=90)), "stopped_at": stamp(stopped) if stopped else None}  # fmt: skip


def deployed(version: int, at: datetime, commit: str | None = "0a1b2c3") -> dict[str, Any]:
    return {"version": f"v{version}", "time_deployed": stamp(at), "client": "1.6.4", "deployed_by": "acme-deploys",
            "commit": commit}  # fmt: skip


def container(at: datetime, of: str = "scorer") -> dict[str, Any]:
    return {"container_id": "ta-1", "app_id": "ap-1", "app_name": of, "start_time": stamp(at)}


WELL = {
    "app list": {"out": json.dumps([app()])},
    "app history": {"out": json.dumps([deployed(3, ONSET - timedelta(days=12))])},
    "container list": {"out": json.dumps([container(NOW - timedelta(hours=9))])},
    "app logs": {"out": f"{stamp(NOW - timedelta(minutes=6))} POST /score -> 200 OK\n"},
}


class Modal:
    """The stand-in on PATH: what it answers, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "modal"
        program.write_text(STAND_IN.format(python=sys.executable))
        program.chmod(0o755)
        self.says(**{})

    def says(self, **answers: Any) -> None:
        """Sets the answers by command (`app_list`); what is not named is well."""
        changed = {name.replace("_", " "): answer for name, answer in answers.items()}
        (self.folder / "answers.json").write_text(json.dumps({**WELL, **changed}))

    @property
    def asked(self) -> list[tuple[list[str], dict[str, str]]]:
        file = self.folder / "asked"
        return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []  # type: ignore[misc]


@pytest.fixture
def modal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modal:
    """The stand-in, signed in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MODAL_CONFIG_PATH", raising=False)
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-of-the-tests")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", SECRET)
    return Modal(folder)


@pytest.fixture
def tools() -> Iterator[Tools]:
    mapped = {"apps": {HOST: {"app": "scorer", "deploy": "clients/acme/modal_apps/scorer_modal.py"}}}
    with Session(Allowed(), budget_s=20.0) as session:
        yield Tools(session, Settings.model_validate({"modal": mapped}))


TARGET = Target(
    log=builders.log_of(builders.run(1)), now=NOW, instance="main", node="Score", host=HOST, cause=C.ENDPOINT_CRASH,
    onset=ONSET, onset_not_before=ONSET - timedelta(minutes=30), last_seen=NOW - timedelta(minutes=5), goes_on=True,
    nodes={"Score": {"type": NODE, "parameters": {"url": f"https://{HOST}/score"}}},
)  # fmt: skip
OVER = replace(TARGET, goes_on=False)


def asked(tools: Tools, target: Target = TARGET) -> Probed:
    (probed,) = ask_all(target, tools, (Probe("modal", "DX-2", "Modal", look),))
    return probed


def effects(probed: Probed) -> dict[Cause, float]:
    return {cause: factor for piece in probed.evidence for cause, factor in piece.effects.items()}


def test_an_app_that_is_well(modal: Modal, tools: Tools) -> None:
    probed = asked(tools)
    assert probed.outcome == "clean" and effects(probed) == {}
    for told in (
        "Modal's app “scorer” is deployed.",
        "Its last deployment before was on 2026-02-25 06:00 UTC (v3, by acme-deploys, commit 0a1b2c3), 12 days before",
        "1 of its containers runs now, the newest since 2026-03-08 23:00 UTC.",
        "Its log tells of no error around the last failure.",
    ):
        assert told in probed.summary


def test_only_the_four_questions_are_asked_and_no_key_is_in_them(modal: Modal, tools: Tools, monkeypatch: Any) -> None:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", "a-key-that-is-none-of-its-business")
    asked(tools)
    arguments = sorted(" ".join(words) for words, _ in modal.asked)
    assert arguments == [
        "app history scorer --json",
        "app list --json",
        "app logs scorer --timestamps --tail 200 --since 2026-03-09T07:25:00+00:00 --until 2026-03-09T08:00:00+00:00",
        "container list --json",
    ]
    for _, environment in modal.asked:
        assert environment["MODAL_TOKEN_SECRET"] == SECRET and "INCIDENT_NB_N8N_API_KEY" not in environment


@pytest.mark.parametrize(
    ("state", "stopped", "target", "weights", "outcome"),
    [
        ("stopped", ONSET - timedelta(minutes=10), TARGET, STOPPED, "found"),
        ("stopped", ONSET - timedelta(minutes=10), OVER, STOPPED, "found"),
        ("stopped", ONSET - timedelta(days=40), OVER, {}, "found"),
        ("stopped", NOW, OVER, {}, "found"),
        ("disabled", None, TARGET, STOPPED, "found"),
        ("stopping...", None, TARGET, STOPPED, "found"),
        ("disabled", None, OVER, {}, "found"),
        ("ephemeral", None, TARGET, {}, "clean"),
    ],
)
def test_an_app_that_was_stopped(
    modal: Modal,
    tools: Tools,
    state: str,
    stopped: datetime | None,
    target: Target,
    weights: dict[Cause, float],
    outcome: str,
) -> None:
    modal.says(app_list={"out": json.dumps([app(name="other"), app(state, stopped=stopped)])})
    probed = asked(tools, target)
    assert (effects(probed), probed.outcome) == (weights, outcome)
    assert f"Modal's app “scorer” is {state.rstrip('.')}" in probed.summary
    if outcome == "found":
        assert "modal deploy clients/acme/modal_apps/scorer_modal.py" in (probed.next_look or "")


def test_one_that_was_stopped_and_deployed_again_is_deployed(modal: Modal, tools: Tools) -> None:
    modal.says(app_list={"out": json.dumps([app("stopped", stopped=NOW), app()])})
    assert "“scorer” is deployed" in asked(tools).summary


@pytest.mark.parametrize(
    ("before", "weighs", "words"),
    [
        (
            timedelta(minutes=5),
            True,
            "It was deployed on 2026-03-09 05:55 UTC (v3, by acme-deploys, commit 0a1b2c3), 5 min",
        ),
        (timedelta(0), True, "0 minutes before"),
        (timedelta(hours=24, minutes=29), True, "24 hours before"),
        (timedelta(hours=24, minutes=31), False, "Its last deployment before was on"),
        (-timedelta(minutes=1), False, "Since they began it was deployed once, on 2026-03-09 06:01 UTC"),
    ],
)
def test_a_deployment_beside_the_onset(modal: Modal, tools: Tools, before: timedelta, weighs: bool, words: str) -> None:
    modal.says(app_history={"out": json.dumps([deployed(3, ONSET - before), deployed(2, ONSET - timedelta(days=50))])})
    for target in (TARGET, OVER):  # what was deployed then speaks of it even when it is over
        probed = asked(tools, target)
        assert words in probed.summary and effects(probed) == (DEPLOYED if weighs else {})


def test_changes_that_were_not_committed_are_told(modal: Modal, tools: Tools) -> None:
    modal.says(app_history={"out": json.dumps([deployed(3, ONSET, "0a1b2c3*")])})
    assert "commit 0a1b2c3, with changes that were not committed" in asked(tools).summary


def test_deployments_for_others_newest_first_and_asked_once(modal: Modal, tools: Tools) -> None:
    east = stamp(ONSET.astimezone(UTC)).replace("06:00:00+00:00", "17:00:00+11:00")
    rows = [{**deployed(4, ONSET), "time_deployed": east, "tag": "2.1"}, {**deployed(3, ONSET), "time_deployed": None}]
    modal.says(app_history={"out": json.dumps(rows)})
    for _ in range(2):
        known = deployments("scorer", tools)
    assert known == [
        Deployment("v4", ONSET, "acme-deploys", "0a1b2c3", "2.1"),
        Deployment("v3", None, "acme-deploys", "0a1b2c3", None),
    ]
    assert len(modal.asked) == 1


def test_older_versions_name_the_fields_otherwise_and_print_warnings_first(modal: Modal, tools: Tools) -> None:
    def old(row: dict[str, Any], **names: str) -> str:
        return "A newer version is there.\n" + json.dumps([{names.get(key, key): value for key, value in row.items()}])

    modal.says(
        app_list={"out": old(app("stopped"), description="Description", state="State", stopped_at="Stopped at")},
        app_history={"out": old(deployed(3, ONSET), time_deployed="Time deployed", version="Version")},
        container_list={"out": old(container(NOW), app_name="App Name", start_time="Start Time")},
    )
    summary = asked(tools).summary
    assert "“scorer” is stopped" in summary and "It was deployed on 2026-03-09 06:00 UTC (v3" in summary
    assert "1 of its containers runs now" in summary


def test_containers(modal: Modal, tools: Tools) -> None:
    rows = [container(NOW), container(ONSET - timedelta(hours=1)), container(NOW, "other")]
    modal.says(container_list={"out": json.dumps(rows)})
    told = "2 of its containers run now, the newest since 2026-03-09 08:00 UTC; 1 of them started after the failures began."
    assert told in asked(tools).summary
    modal.says(container_list={"out": "[]"})
    assert "None of its containers runs now" in asked(tools).summary


def logged(*lines: str, at: datetime | None = NOW - timedelta(minutes=6)) -> dict[str, str]:
    return {"out": "".join(f"{stamp(at)} {line}\n" if at else f"{line}\n" for line in lines)}


@pytest.mark.parametrize(
    ("line", "weights"),
    [
        ("KeyError: 'budget'", {C.ENDPOINT_CRASH: 2.0}),
        ("\x1b[31mRuntimeError\x1b[0m", {C.ENDPOINT_CRASH: 2.0}),
        ("Runner failed with exit code: 137", {C.ENDPOINT_CRASH: 2.0}),
        ("pydantic_core._pydantic_core.ValidationError: 1 validation error for Lead", {C.DATA_FORMAT: 2.0}),
        ("Task's current input in-01 hit its timeout of 300s", {C.TIMEOUT: 2.0}),
        ("ERROR could not reach the CRM", {}),
    ],
)
def test_what_the_log_tells(modal: Modal, tools: Tools, line: str, weights: dict[Cause, float]) -> None:
    modal.says(app_logs=logged("POST /score -> 500", line))
    probed = asked(tools)
    assert (
        effects(probed) == weights and "Its log tells of errors around the last failure: “07:54:00 " in probed.summary
    )
    assert probed.outcome == "found"


@pytest.mark.parametrize(
    "line",
    ["POST /error -> 200 OK", "the word error in a sentence", "handled: KeyError: no", "0 errors", "exit code 0"],
)
def test_what_the_log_does_not_tell(modal: Modal, tools: Tools, line: str) -> None:
    modal.says(app_logs=logged(line))
    assert "Its log tells of no error" in asked(tools).summary


def test_the_log_of_another_time_counts_for_nothing(modal: Modal, tools: Tools) -> None:
    modal.says(app_logs=logged("KeyError: 'budget'", at=NOW - timedelta(hours=1)))
    assert "no error" in asked(tools).summary


def test_at_most_five_short_lines_without_secrets(modal: Modal, tools: Tools) -> None:
    lines = [f"ValueError: number {n} for ada@acme.example with key sk-{'x1Y2' * 12} {'z' * 400}" for n in range(9)]
    modal.says(app_logs=logged(*lines))
    (fact,) = [piece.fact.text for piece in asked(tools).evidence if "Its log" in piece.fact.text]
    assert fact.count("ValueError") == 5 and "number 8" in fact and "number 3" not in fact
    assert "x1Y2x1Y2" not in fact and "z" * 161 not in fact


def test_an_older_version_streams_its_log_until_it_is_ended(modal: Modal, tools: Tools, monkeypatch: Any) -> None:
    monkeypatch.setattr("incident_nb.probes.modal_cli.STREAM_S", 1.0)
    modal.says(app_logs={"out": "KeyError: 'budget'\n", "unknown": ["--tail"], "hangs": True})
    probed = asked(tools)
    assert effects(probed) == {C.ENDPOINT_CRASH: 2.0}
    assert "Its log tells of errors in its last entries: “KeyError: 'budget'”" in probed.summary
    over = asked(tools, OVER)
    assert effects(over) == {} and over.outcome == "found"  # such a line may be from any time


# When it does not say


def test_not_installed(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    probed = asked(tools)
    assert probed.outcome == "could_not_look" and "pip install modal" in probed.summary


def test_not_signed_in_is_not_even_started(modal: Modal, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODAL_TOKEN_SECRET")
    probed = asked(tools)
    assert probed.outcome == "could_not_look" and "modal setup" in probed.summary and modal.asked == []


def test_a_file_with_keys_is_a_sign_in(modal: Modal, tools: Tools, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.delenv("MODAL_TOKEN_SECRET")
    (tmp_path / ".modal.toml").write_text('[default]\ntoken_id = "ak-1"\n')
    assert asked(tools).outcome == "clean"


MISSING = "Error: Token missing. Could not authenticate client. If you have token credentials, see modal.com\n"
BOXED = "╭─ Error ───────────╮\n│ Token missing. Could not    │\n│ authenticate client. │\n╰────────────╯\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"err": MISSING, "code": 1}, "modal setup"),
        ({"err": BOXED, "code": 1}, "modal setup"),
        ({"err": "Error: Could not connect to the Modal server.\n", "code": 1}, "failed: Could not connect to the Modal server."),
        ({"code": 3}, "failed with exit code 3"),
        ({"out": "{garbage"}, "no list that could be read"),
        ({"out": '{"app_id": 1}'}, "no list that could be read"),
        ({"out": "[1, 2]"}, "no list that could be read"),
        ({"out": ""}, "no list that could be read"),
        ({"unknown": ["--json", "--tail"], "code": 2}, "pip install --upgrade modal"),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_its_words(modal: Modal, tools: Tools, answer: dict[str, Any], words: str) -> None:
    wrong = dict.fromkeys(("app_list", "app_history", "container_list"), answer)
    modal.says(
        **wrong, app_logs={"err": "Error: No App with name 'scorer' found in the 'main' environment.", "code": 1}
    )
    probed = asked(tools)
    assert probed.outcome == "could_not_look" and words in probed.summary and not probed.evidence
    assert "no app of this name in the environment" in probed.summary


def test_an_app_that_modal_does_not_list_is_said_and_does_not_count_as_health(modal: Modal, tools: Tools) -> None:
    modal.says(app_list={"out": json.dumps([app(name="other")])})
    probed = asked(tools)
    assert probed.outcome == "could_not_look" and "Modal lists no app “scorer”" in probed.summary
    assert "containers runs now" in probed.summary


def test_what_was_got_is_told_beside_what_was_not(modal: Modal, tools: Tools) -> None:
    modal.says(app_list={"code": 1}, app_history={"out": json.dumps([deployed(3, ONSET)])})
    probed = asked(tools)
    assert probed.outcome == "found" and effects(probed) == DEPLOYED and "modal app list) failed" in probed.summary


@pytest.mark.parametrize("answer", [{"hangs": True}, {"hangs": True, "out": "[]"}, {"endless": True}])
def test_what_does_not_end_is_ended(modal: Modal, answer: dict[str, Any]) -> None:
    modal.says(app_list=answer)
    settings = Settings.model_validate({"modal": {"apps": {HOST: "scorer"}}})
    with Session(Allowed(), budget_s=2.0) as session:
        probed = asked(Tools(session, settings))
        assert session.left > 0 and "app list) did not end within" in probed.summary


def test_what_it_started_ends_with_it(modal: Modal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        modal.says(app_list={"child": listening.getsockname()[1], "endless": True})
        ran = run([str(modal.folder / "modal"), "app", "list"], 60.0)
        child, _ = listening.accept()
        with child:
            child.settimeout(20)
            assert child.recv(1) == b""  # the other side lives no more
    assert ran.code is None


def test_no_time_is_left(modal: Modal) -> None:
    assert run([str(modal.folder / "modal"), "app", "list"], 0).code is None and modal.asked == []


@pytest.mark.parametrize("name", ["--profile=x", "-e", "", "a b", "a;b", "ä"])
def test_a_name_that_could_be_an_option_is_not_passed_on(modal: Modal, tools: Tools, name: str) -> None:
    with pytest.raises(CouldNotLookError, match="no name that Modal knows"):
        deployments(name, tools)
    assert modal.asked == []


# Whose app it is


def test_a_host_without_an_app_asks_for_it_and_does_not_guess(modal: Modal) -> None:
    with Session(Allowed()) as session:
        probed = asked(Tools(session, Settings()))
    assert probed.outcome == "could_not_look" and modal.asked == []
    assert probed.next_look == f"Put {HOST} into [modal.apps] with the name of its app."


def test_a_node_that_calls_a_vendor_is_no_matter_of_modal(modal: Modal, tools: Tools) -> None:
    nodes = {"Score": {"type": NODE, "parameters": {"url": "https://api.pay.example/v1"}}}
    probed = asked(tools, replace(TARGET, host="api.pay.example", nodes=nodes))
    assert probed.outcome == "clean" and modal.asked == [] and not probed.evidence


def test_a_secret_at_the_end_of_a_long_line_is_masked_before_the_line_is_cut(modal: Modal, tools: Tools) -> None:
    modal.says(app_logs=logged(f"ValueError: {'no answer ' * 13}sk_live_4eC39HqLyjWDarjtT1zdp7dc4eC39Hq"))
    assert "ValueError" in asked(tools).summary and "sk_live" not in asked(tools).summary
