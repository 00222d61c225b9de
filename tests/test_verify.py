"""Is it really fixed? Which later runs count, which are false greens, what a relapse does, and that nothing is sent unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb.actions import verify
from incident_nb.actions.false_green import Before, error_body, given, hollow
from incident_nb.actions.next_runs import expected
from incident_nb.actions.runs_after import Seen, judge, runs_since
from incident_nb.actions.runs_recorded import put, say_reopened
from incident_nb.actions.watching import picture
from incident_nb.alerts import n8n_trigger
from incident_nb.cli import verify as command
from incident_nb.desk import Desk
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.errors import UsageError
from incident_nb.incidents import Records
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.logfile import nothing
from incident_nb.record import Incident
from incident_nb.said import Subject, Watched
from incident_nb.settings import Settings, load
from incident_nb.ui.verification import Verification
from tests import acting
from tests.acting import Clicked
from tests.builders import HOUR, UNAUTHORISED, Json, call, error, flow, log_of, run
from tests.faulty import Asked, Server, answer
from tests.served import KEY, Kept, serving_n8n
from tests.test_watch_reconcile import alert_body
from tests.watched import kinds, lines

DETECTED = datetime(2026, 3, 9, 8, tzinfo=UTC)
FIXED = DETECTED + HOUR
NOW = DETECTED + 3 * HOUR
MINUTE = timedelta(minutes=1)
ITEM = {"json": {"order": 7}}
FLOW = flow(1, None, call(), call("Save", path="/v1/save"))
WEBHOOK = {
    "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2,
    "parameters": {"httpMethod": "POST", "path": "orders"},
}  # fmt: skip


def later(
    number: int, minutes: float, wrong: Json | None = None, *, items: list[Json] | None = None, **more: Any
) -> Json:
    """A run that ended so many minutes after the fix, in which “Call” gave one item, unless others are given."""
    of = more.pop("of", FLOW)
    more.setdefault("node", "Call" if wrong else None)
    made = run(number, FIXED + (minutes - 0.1) * MINUTE, wrong, of, took=6, **more)
    runs = made["data"]["resultData"]["runData"]
    if "Call" in runs and "data" in runs["Call"][0]:
        runs["Call"][0]["data"]["main"] = [[ITEM] if items is None else items]
    return made


def judged(execution: Json, node: str | None = "Call", **more: Any) -> Seen:
    (one,) = runs_since(log_of(execution), "default", execution["workflowId"], FIXED)
    return judge(one, node, **more)


# Which runs count, by the log alone


OFF = flow(1, None, call(disabled=True), call("Save"))
GOES_ON = flow(1, None, call(onError="continueRegularOutput"), call("Save", onError="continueRegularOutput"))
CARRIES = {"json": {"error": {"message": "401 - no"}}}


def with_error_at(node: str, **more: Any) -> Json:
    """A run marked a success in which one node failed, which did not end it."""
    made = later(5, 10, of=GOES_ON)
    made["data"]["resultData"]["runData"][node][0] |= {"error": error(401), **more}
    return made


def warned() -> Json:
    split = {"name": "Split", "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": {}}
    made = later(5, 10, of=flow(1, None, call(), split))
    hint = {"message": "The field rows wasn't found", "group": {"key": "fieldNotFound"}}
    made["data"]["resultData"]["runData"]["Split"][0]["hints"] = [hint]
    return made


def in_the_child() -> Json:
    parent = flow(1, None, call(), {"name": "Run sub", "type": "n8n-nodes-base.executeWorkflow", "parameters": {}})
    wrong = {"message": "No", "errorResponse": {"message": "x"}, "executionId": "77", "workflowId": "wf9"}
    made = later(5, 10, wrong, of=parent, node="Run sub")
    made["data"]["resultData"]["error"]["node"] = {"name": "Deep", "type": "n8n-nodes-base.set"}
    made["data"]["resultData"]["runData"]["Run sub"][0]["error"]["node"] = {
        "name": "Deep",
        "type": "n8n-nodes-base.set",
    }
    return made


def without_data() -> Json:
    return {name: value for name, value in later(5, 10).items() if name != "data"}


JUDGED: list[tuple[str, Callable[[], Json], str, str]] = [
    ("good", lambda: later(5, 10), "good", "went well"),
    ("by webhook", lambda: later(5, 10, mode="webhook"), "good", "went well"),
    ("called by another", lambda: later(5, 10, mode="integrated"), "good", "went well"),
    ("failed at the same node", lambda: later(5, 10, UNAUTHORISED), "bad", "failed again at “Call”: Authorization failed"),
    ("failed at another node", lambda: later(5, 10, error(500), node="Save"), "bad", "failed at another node, “Save”: The"),
    ("n8n died under it", lambda: later(5, 10, UNAUTHORISED, status="crashed"), "bad", "failed again at “Call”"),
    ("stopped by hand", lambda: later(5, 10, status="canceled"), "not_counted", "was stopped by hand"),
    ("with a status that nobody knows", lambda: later(5, 10, status="unknown"), "not_counted", "no status that says how"),
    ("with no status", lambda: later(5, 10, status=None, finished=False, stoppedAt=None), "not_counted", "no status that"),
    ("finished, as older versions leave it", lambda: later(5, 10, status=None), "good", "went well"),
    ("goes on", lambda: later(5, 10, status="running"), "going_on", "is not over yet"),
    ("waits", lambda: later(5, 10, status="waiting"), "going_on", "is not over yet"),
    ("a replay that went well", lambda: later(5, 10, mode="retry", retryOf="3"), "not_counted", "replays execution 3, which"),
    ("a replay that failed", lambda: later(5, 10, UNAUTHORISED, mode="retry", retryOf="3"), "not_counted", "replays execution 3"),
    ("by hand", lambda: later(5, 10, mode="manual"), "good", "went well"),
    ("by hand, failed", lambda: later(5, 10, UNAUTHORISED, mode="manual"), "not_counted", "was begun by hand, and failed again"),
    ("by the command line", lambda: later(5, 10, mode="cli"), "not_counted", "otherwise than by the workflow's triggers (cli)"),
    ("did not get there", lambda: later(5, 10, node="Every hour"), "not_counted", "did not get to “Call”"),
    ("without its data", without_data, "not_counted", "was kept without its data"),
    ("the node is gone", lambda: later(5, 10, of=flow(1, None, call("Ask"))), "not_counted", "has no node of this name any more"),
    ("the node is switched off", lambda: later(5, 10, of=OFF), "not_counted", "which is switched off"),
    ("an error that the node swallowed", lambda: with_error_at("Call"), "bad", "is marked a success, but failed again at “Call”"),
    ("an error in its items", lambda: later(5, 10, of=GOES_ON, items=[ITEM, CARRIES]), "bad",
     "is marked a success, but failed again at “Call”: 401 - no (1 items)"),
    ("an error that another node swallowed", lambda: with_error_at("Save"), "not_counted",
     "is a success by its mark only: it failed at “Save”"),
    ("a warning", warned, "not_counted", "was warned of by n8n at “Split”"),
    ("failed in its sub-workflow", in_the_child, "bad", "at another node, “Run sub” (in its sub-workflow, at “Deep”): No"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "verdict", "text"), [row[1:] for row in JUDGED], ids=[name for name, *_ in JUDGED])
def test_a_run_is_judged(made: Callable[[], Json], verdict: str, text: str) -> None:
    one = judged(made())
    assert (one.judged, one.by_hand) == (verdict, made()["mode"] == "manual" and verdict != "x")
    assert text in one.text


def test_what_failed_before_is_told_from_what_fails_elsewhere() -> None:
    assert judged(later(5, 10, UNAUTHORISED)).same and not judged(later(5, 10, error(500), node="Save")).same
    assert judged(in_the_child(), "Deep").same, "the node of a sub-workflow"
    assert judged(later(5, 10, error(500), node="Save"), None).same, "no node is known"


def test_without_a_known_node_any_path_counts() -> None:
    assert judged(later(5, 10, node="Every hour"), None).judged == "good"


def test_a_run_with_test_data_is_by_hand_and_fails_in_earnest() -> None:
    one = judged(later(5, 10, mode="webhook"), trial=True)
    assert (one.judged, one.by_hand) == ("good", True)
    assert judged(later(5, 10, UNAUTHORISED, mode="webhook"), trial=True).judged == "bad"


def called(number: int, above: str, wrong: Json | None = None) -> Json:
    """A run of wf1 that another execution called."""
    child = later(number, 10, wrong, mode="integrated")
    child["data"]["parentExecution"] = {"executionId": above, "workflowId": "wf2"}
    return child


@pytest.mark.parametrize("wrong", [None, UNAUTHORISED], ids=["well", "failed"])
@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("retry", "called by execution 50, which replays an older one"),
        ("manual", "called by execution 50, which was begun by hand"),
        ("cli", "called by execution 50, which no trigger began"),
        ("webhook", ""),
    ],
)
def test_who_called_it_says_whether_a_run_counts(mode: str, text: str, wrong: Json | None) -> None:
    top = run(50, FIXED + 9 * MINUTE, of=flow(3), mode=mode)
    between = run(51, FIXED + 9 * MINUTE, of=flow(2), mode="integrated")
    between["data"]["parentExecution"] = {"executionId": "50", "workflowId": "wf3"}
    for above in ("50", "51"):
        (one,) = runs_since(log_of(top, between, called(60, above, wrong)), "default", "wf1", FIXED)
        seen = judge(one, "Call")
        assert seen.judged == ("not_counted" if text else "bad" if wrong else "good") and text in seen.text
        assert ("failed again at “Call”" in seen.text) == (wrong is not None)
    (alone,) = runs_since(log_of(called(60, "50")), "default", "wf1", FIXED)
    assert judge(alone, "Call").judged == "good", "n8n has not kept its caller"


def test_what_began_before_the_fix_says_nothing() -> None:
    log = log_of(later(5, -1), later(6, 0), later(7, 5), run(8, FIXED - MINUTE, of=FLOW, took=600))
    assert [one.execution_id for one in runs_since(log, "default", "wf1", FIXED)] == ["7"]
    assert runs_since(log, "other", "wf1", FIXED) == [] == runs_since(log, "default", "wf2", FIXED)


def test_an_error_is_told_through_the_gate_and_cut() -> None:
    one = judged(later(5, 10, error(401, "Bearer sk-live-42424242424242424242 " + "x" * 500)))
    assert "sk-live-4242" not in one.text and len(one.text) < 260


# False greens, by the data


def gave(*items: Json, **result: Any) -> Json:
    made = later(5, 10, items=list(items))
    made["data"]["resultData"] |= result
    return made


BODIES: list[tuple[Json, str]] = [
    ({"order": 7}, ""),
    ({"error": None, "errors": [], "success": True, "ok": True, "status": "ok"}, ""),
    ({"status": "error", "order": 7, "total": 3}, ""),  # an order's own state
    ({"error": "invalid_auth"}, "error “invalid_auth”"),
    ({"error": {"message": "No such key", "code": 9}}, "error “No such key”"),
    ({"error": True, "message": "Try later"}, "error “Try later”"),
    ({"errors": [{"message": "Field x is gone"}], "data": None}, "errors “Field x is gone”"),
    ({"ok": False, "error": ""}, "ok: false"),
    ({"success": False, "message": "Quota"}, "success: false “Quota”"),
    ({"status": "fail", "data": {"x": "is needed"}}, "status: fail"),
    ({"statusCode": 200, "headers": {}, "body": {"order": 7}}, ""),
    ({"statusCode": 503, "headers": {}, "body": "<html>"}, "status 503"),
    ({"statusCode": 200, "headers": {}, "body": {"error": "nope"}}, "error “nope”"),
    ({"statusCode": 500, "order": 7}, ""),  # no answer of a service, but somebody's field
]


@pytest.mark.parametrize(("body", "said"), BODIES, ids=[json.dumps(body)[:40] for body, _ in BODIES])
def test_which_bodies_are_errors(body: Json, said: str) -> None:
    assert error_body(body) == said
    why = hollow(gave({"json": body}), "Call", lambda: None)
    assert (f"is an error: {said}" in why) if said else why == ""


HOLLOW: list[tuple[str, Json, Before | None, str]] = [
    ("items", gave(ITEM), None, ""),
    ("binary data only", gave({"json": {}, "binary": {"data": {}}}), None, ""),
    (
        "no items, which had been some",
        gave(),
        Before("3", 12, 0),
        "got nothing at “Call”; in execution 3 it was 12 items",
    ),
    ("no items, as before", gave(), Before("3", 0, 0), ""),
    ("an empty item, which had been some", gave({"json": {}}), Before("3", 1, 0), "got nothing at “Call”"),
    ("no items, nothing known", gave(), None, "no good run from before is kept"),
    ("some errors among items", gave(ITEM, {"json": {"error": "x"}}), Before("3", 2, 0), "(1 of 2 items)"),
    ("errors, as before", gave({"json": {"error": "x"}}), Before("3", 1, 1), ""),
    ("errors, which had been nothing", gave({"json": {"error": "x"}}), Before("3", 0, 0), "is an error"),
    ("as many of more", gave(ITEM, ITEM, {"json": {"error": "x"}}), Before("3", 2, 1), ""),
    (
        "more errors than before",
        gave(*[{"json": {"error": "x"}}] * 50),
        Before("3", 50, 1),
        "(50 of 50 items), in execution 3 1 of 50",
    ),
    ("data too large to display", {"id": "5", "dataTooLargeToDisplay": True}, Before("3", 0, 0), "kept without what"),
    ("pinned data", gave(ITEM, pinData={"Call": [ITEM]}), None, "shows pinned data at “Call”"),
    ("pinned elsewhere", gave(ITEM, pinData={"Save": [ITEM]}), None, ""),
]


@pytest.mark.parametrize(
    ("execution", "before", "text"), [row[1:] for row in HOLLOW], ids=[name for name, *_ in HOLLOW]
)
def test_which_successes_are_hollow(execution: Json, before: Before | None, text: str) -> None:
    why = hollow(execution, "Call", lambda: before)
    assert text in why and bool(text) == bool(why)


def test_a_run_from_before_without_its_data_says_nothing() -> None:
    assert given({"id": "3", "dataTooLargeToDisplay": True}, "Call") is None
    assert given(gave(), "Call") == Before("5", 0, 0)


def test_an_error_in_a_body_passes_the_gate() -> None:
    assert "sk-live-4242" not in error_body({"error": "Bearer sk-live-42424242424242424242"})


# Looks


class Site:
    """A workspace with INC-1, whose server is a made-up one, and a clock that stands still."""

    def __init__(self, folder: Path, kept: Kept, server: Server) -> None:
        self.kept, self.server, self.now = kept, server, NOW
        text = f'[n8n.main]\nurl = "{server.url}"\n'
        (folder / "incident-nb.toml").write_text(text)
        self.settings: Settings = load(folder / "incident-nb.toml")
        self.records = Records(folder / "record.db", clock=lambda: self.now)
        self.desk = Desk(self.records, self.settings, by="Robin", clock=lambda: self.now)
        about = Subject(instance="main", workflow_id="wf1", workflow="[ACME] Flow 1", node="Call")
        self.desk.open(Opened(title="Orders fails", detected_at=DETECTED, client="ACME", subject=about), at=DETECTED)
        self.desk.add(1, "severity_suggested", at=DETECTED, severity="P2")
        kept.workflows = [{**FLOW, "active": True}]

    def fix(self) -> None:
        self.desk.add(1, "fixed", at=FIXED, what="a new key")

    def look(self) -> verify.Watching:
        return verify.look(self.desk, 1)[0]

    def round(self) -> list[verify.Watching]:
        return verify.look_all(self.records, self.settings, self.now)

    def rows(self) -> dict[str, tuple[bool, str]]:
        return {row.id: (row.done, row.basis) for row in self.desk.standing(1).verification}

    def watched(self) -> tuple[int, str | None]:
        seen = self.records.get(1).watched
        return seen.good, seen.last_bad


@pytest.fixture
def kept() -> Kept:
    return Kept(per_page=50)


@pytest.fixture
def site(tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__MAIN", KEY)
    monkeypatch.chdir(tmp_path)
    with serving_n8n(kept) as server:
        made = Site(tmp_path, kept, server)
        yield made
        made.records.close()


def refused(site: Site, number: int = 1) -> str:
    with pytest.raises(UsageError) as error:
        verify.look(site.desk, number)
    return str(error.value)


def test_good_runs_are_counted_to_the_threshold_and_no_further(site: Site) -> None:
    assert "no fix is in place" in refused(site)
    site.fix()
    assert site.look().runs == () and site.watched() == (0, None)
    site.kept.add(later(11, 5), later(12, 10))
    assert site.look().recorded == ("11", "12") and site.rows()["VER-4"] == (
        False, "2 of 3 to 5 good runs in a row since the fix")  # fmt: skip
    assert site.rows()["VER-2"] == (True, "execution 12 went well")
    site.kept.add(later(13, 15))
    assert site.look().recorded == ("13",) and site.rows()["VER-4"][0]
    ((about, number, text),) = lines(site.records)
    assert (about, number) == ("verify", 1) and "3 good runs in a row" in text and "Still open: VER-1, VER-3" in text
    site.kept.add(*(later(number, number) for number in range(20, 30)))
    assert site.look().recorded == ("20", "21") and site.watched() == (5, None)
    again = site.look()
    assert again.recorded == () and "5 good runs are enough" in again.runs[-1].text
    assert kinds(site.records, 1).count("run_watched") == 5 and len(lines(site.records)) == 1


def test_a_look_twice_adds_nothing_and_asks_nothing_again(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 10, items=[{"json": {"ok": False}}]), later(13, 15))
    first = site.look()
    asked = [one.path for one in site.server.asked if re.search(r"executions/\d+", one.path)]
    assert len(asked) == 3 and first.recorded == ("11", "13")
    again = site.look()
    assert [one.path for one in site.server.asked if re.search(r"executions/\d+", one.path)] == asked
    assert again.recorded == () and [one.judged for one in again.runs] == ["good", "not_counted", "good"]
    assert [one.text for one in again.runs] == [one.text for one in first.runs]
    assert site.round()[0].recorded == () and kinds(site.records, 1).count("run_watched") == 2


@pytest.mark.parametrize(
    "items", [[], [{"json": {}}], [{"json": {"error": "no"}}], [{"json": {"statusCode": 500, "body": ""}}]]
)
def test_false_greens_do_not_count(site: Site, items: list[Json]) -> None:
    site.fix()
    before = run(1, DETECTED - HOUR, of=FLOW)
    before["data"]["resultData"]["runData"]["Call"][0]["data"]["main"] = [[ITEM, ITEM]]
    site.kept.add(before, later(11, 5, items=items), later(12, 10))
    seen = site.look()
    assert [one.judged for one in seen.runs] == ["not_counted", "good"] and site.watched() == (1, None)
    assert "Call" in seen.runs[0].text and ("execution 1 " in seen.runs[0].text) == (items in ([], [{"json": {}}]))


def test_a_relapse_starts_the_count_again_and_opens_what_was_ticked(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 10))
    site.now = FIXED + 20 * MINUTE
    site.look()
    site.desk.add(1, "ticked", row="VER-1")
    site.desk.add(1, "ticked", row="VER-3", text="12 orders are there")
    assert site.rows()["VER-1"][0] and site.rows()["VER-3"] == (True, "ticked by Robin: 12 orders are there")
    site.kept.add(later(13, 25, UNAUTHORISED), later(14, 30, UNAUTHORISED), later(15, 35))
    site.now = FIXED + 40 * MINUTE
    seen = site.look()
    assert seen.relapse and seen.relapse.execution_id == "14" and seen.recorded == ("14", "15")
    assert site.watched() == (1, "14")
    for row in ("VER-1", "VER-3"):
        done, basis = site.rows()[row]
        assert not done and basis.startswith("execution 14 failed again at “Call”: Authorization failed"), basis
    assert "; execution 14 failed again" in site.rows()["VER-4"][1]
    assert "20 minutes" in str(site.desk.standing(1).verification[4].basis) or True
    (line,) = lines(site.records)
    assert "does not hold: execution 14 failed again at “Call”" in line[2]
    assert site.look().recorded == () and site.watched() == (1, "14"), "what ended before the relapse was counted again"
    site.kept.add(later(16, 38, UNAUTHORISED))
    site.look()
    site.kept.add(later(17, 39, UNAUTHORISED))
    site.look()
    assert len(lines(site.records)) == 2, "each failing run of one relapse is told"


def test_a_look_that_was_overtaken_counts_nothing_twice(site: Site) -> None:
    """Two looks see the same runs; what the slower one wants to write is checked in the commit that writes it."""
    site.fix()
    stale = site.records.get(1)
    site.kept.add(later(11, 5), later(12, 10, UNAUTHORISED), later(13, 15))
    site.now = FIXED + 20 * MINUTE
    seen = [*site.look().runs]
    before = kinds(site.records, 1)
    late = Seen(execution_id="10", at=FIXED + 7 * MINUTE, mode="trigger", judged="good", text="went well")
    assert put(site.desk, stale, [late, *seen], say_reopened).recorded == ()
    assert kinds(site.records, 1) == before and site.watched() == (1, "12")
    site.desk.add(1, "fixed", what="another fix")
    newer = Seen(execution_id="14", at=FIXED + 18 * MINUTE, mode="trigger", judged="good", text="went well")
    assert put(site.desk, stale, [newer], say_reopened).recorded == (), "it is of the fix before"


def test_a_look_with_no_news_writes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 10, UNAUTHORISED), later(13, 11, UNAUTHORISED), later(14, 15))
    site.look()
    monkeypatch.setattr(site.records, "at_once", lambda: pytest.fail("it began to write"))
    assert site.look().recorded == ()


def test_a_run_by_hand_stands_for_the_trigger_only(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5, mode="manual"), later(12, 6, mode="manual"), later(13, 7, mode="retry", retryOf="2"))
    assert site.look().recorded == ("11",) and site.watched() == (0, None)
    assert site.rows()["VER-1"] == site.rows()["VER-2"] == (True, "execution 11, begun by hand, went well")
    assert not site.rows()["VER-4"][0] and site.look().recorded == ()


def test_test_data_sent_again_and_again_is_no_run_of_the_client(site: Site) -> None:
    site.fix()
    for number in (11, 12, 13):
        site.kept.add(later(number, number, mode="webhook"))
        site.desk.add(1, "ticked", row="VER-1", text="test data sent", execution_id=str(number))
    site.desk.add(1, "ticked", row="VER-1", text="again, in the editor")
    site.look()
    assert site.watched() == (0, None) and site.records.get(1).watched.by_hand == "11"
    site.kept.add(later(14, 14, UNAUTHORISED, mode="webhook"))
    site.desk.add(1, "ticked", row="VER-1", text="test data sent", execution_id="14")
    site.look()
    assert site.watched() == (0, "14"), "that it was test data does not make the failure good"


def test_test_data_that_failed_opens_what_was_ticked_with_it(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 1, UNAUTHORISED, mode="webhook"))
    site.now = FIXED + 2 * MINUTE
    site.desk.add(1, "ticked", row="VER-1", text="test data sent", execution_id="11")
    site.look()
    done, basis = site.rows()["VER-1"]
    assert not done and basis.startswith("execution 11 failed again at “Call”")


def test_without_a_known_node_the_line_says_so(site: Site) -> None:
    site.desk.open(
        Opened(title="From Slack", detected_at=DETECTED, subject=Subject(instance="main", workflow_id="wf1"))
    )
    site.desk.add(2, "fixed", at=FIXED, what="x")
    site.kept.add(later(11, 1, items=[{"json": {"ok": False}}]))
    seen = verify.look(site.desk, 2)[0]
    assert seen.recorded == ("11",) and "which node had failed is not known" in seen.runs[0].text


def test_a_clock_of_n8n_that_is_ahead_lets_nothing_count_that_ended_before_a_relapse(site: Site) -> None:
    site.fix()
    site.now = FIXED + 2 * MINUTE
    site.kept.add(*(later(10 + number, 3 + number / 10) for number in range(10)))
    site.look()
    site.kept.add(later(30, 5, UNAUTHORISED))
    site.look()
    seen = site.look()
    assert seen.recorded == () and site.watched() == (0, "30")
    unseen = site.records.get(1).model_copy(update={"watched": Watched()})
    overtaken = [
        one if one.judged == "bad" else one.model_copy(update={"judged": "good"}) for one in seen.runs
    ]  # as a look saw them that began before the relapse
    assert put(site.desk, unseen, overtaken, say_reopened).recorded == () and site.watched() == (0, "30")
    site.kept.add(later(31, 6))
    assert site.look().recorded == ("31",)


def test_a_fix_that_turns_out_later_is_verified_by_what_began_after_it(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 6), later(13, 7))
    site.look()
    (fixed,) = (event for event in site.records.events(1) if event.kind == "fixed")
    site.desk.add(1, "corrected", seq=fixed.seq, happened_at=FIXED + 5.95 * MINUTE, reason="the clock was slow")
    assert site.watched() == (1, None), "12 ended after the fix, but began before it"
    assert [one.execution_id for one in site.look().runs] == ["13"] and site.watched() == (1, None)


def test_what_a_person_took_back_is_not_put_on_record_again(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 10, UNAUTHORISED))
    site.look()
    bad = next(event for event in site.records.events(1) if event.payload.get("execution_id") == "12")
    site.desk.add(1, "corrected", seq=bad.seq, reason="it was our own test")
    assert site.watched() == (1, None)
    assert site.look().recorded == () and site.watched() == (1, None)


def test_what_can_not_be_looked_at_waits(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5), later(12, 10))
    site.kept.instead = lambda asked: answer({"message": "no"}, 403) if "/executions/11" in asked.path else None
    seen = site.look()
    assert seen.runs == () and "execution 11 could not be looked at" in seen.why and site.watched() == (0, None)
    site.kept.instead = lambda _: None
    assert site.look().recorded == ("11", "12")


def verified_by_three(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 1), later(12, 2), later(13, 3))
    site.look()
    assert site.rows()["VER-4"][0]


def test_a_relapse_does_not_wait_for_a_run_that_can_not_be_looked_at(site: Site) -> None:
    verified_by_three(site)
    site.kept.add(later(14, 4))
    site.kept.instead = lambda asked: answer({"message": "no"}, 403) if "/executions/14" in asked.path else None
    shown = picture(site.desk, 1)
    assert shown.seen.why and not shown.verified, "nobody knows how 14 went"
    site.kept.add(later(15, 5, UNAUTHORISED), later(16, 6))
    assert site.look().recorded == ("15",) and site.watched() == (0, "15")
    site.kept.instead = lambda _: None
    assert site.look().recorded == ("16",), "14 ended before the relapse"


def test_a_relapse_does_not_wait_for_the_runs_that_are_to_be_looked_at(site: Site) -> None:
    verified_by_three(site)
    hollow_ones = [later(20 + number, 4 + number / 10, items=[{"json": {"ok": False}}]) for number in range(12)]
    site.kept.add(*hollow_ones)
    assert not picture(site.desk, 1).verified, "7 of them were not looked at"
    site.kept.add(later(40, 8, UNAUTHORISED))
    assert site.look().recorded == ("40",) and site.watched() == (0, "40")


def test_what_a_server_does_not_tell_is_not_verified(site: Site) -> None:
    verified_by_three(site)
    assert picture(site.desk, 1).verified
    site.kept.instead = lambda _: answer({"message": "no"}, 503)
    assert not picture(site.desk, 1).verified


def test_what_was_pruned_since_is_judged_by_the_log(site: Site) -> None:
    site.fix()
    site.kept.add(later(11, 5))
    site.kept.instead = lambda asked: answer({"message": "none"}, 404) if "/executions/11" in asked.path else None
    assert "by the log alone" in site.look().runs[0].text and site.watched() == (1, None)


def test_a_handful_of_executions_is_asked_for_at_a_time(site: Site) -> None:
    site.fix()
    hollow_ones = [later(10 + number, number + 1, items=[{"json": {"ok": False}}]) for number in range(7)]
    site.kept.add(*hollow_ones, later(30, 30))
    first = site.look()
    assert len(first.runs) == 5 and "3 runs more are to be looked at" in first.why
    assert site.look().recorded == ("30",)


def test_an_incident_says_why_it_can_not_be_watched(site: Site) -> None:
    site.fix()
    site.desk.resolve(1, "", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4"), "tried"))
    site.now += 2 * HOUR
    assert "more than 60 minutes ago" in refused(site)
    site.desk.open(Opened(title="A form", detected_at=NOW))
    site.desk.add(2, "fixed", what="x")
    assert "which workflow failed" in refused(site, 2)


# After it was resolved


def resolved(site: Site) -> None:
    site.fix()
    site.now = FIXED + 30 * MINUTE
    site.desk.resolve(1, "done", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4"), "tried"))


def test_a_relapse_within_the_hour_opens_it_again_once(site: Site) -> None:
    resolved(site)
    site.kept.add(later(11, 20, UNAUTHORISED), later(12, 40, error(500), node="Save"), later(13, 41))
    site.now = FIXED + 45 * MINUTE
    assert not site.look().reopened, "an older failure, or another one, opened it"
    site.kept.add(later(14, 50, UNAUTHORISED))
    site.now = FIXED + 52 * MINUTE
    (seen,) = site.round()
    assert seen.reopened and seen.relapse and seen.relapse.execution_id == "14"
    incident = site.records.get(1)
    assert not incident.is_resolved and "execution 14 failed again at “Call”" in incident.reopened[-1].text
    assert "20 minutes after it was resolved (VER-5)" in incident.reopened[-1].text
    assert site.round() == [] and kinds(site.records, 1).count("reopened") == 1
    ((about, _, text),) = lines(site.records)
    assert about == "reopened" and "execution 14" in text


def test_a_failure_that_nobody_saw_before_it_was_resolved_opens_it_again(site: Site) -> None:
    verified_by_three(site)
    site.kept.add(later(14, 4.5, UNAUTHORISED))
    site.now = FIXED + 5 * MINUTE
    site.desk.resolve(1, "done", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4"), "tried"))
    site.now = FIXED + 6 * MINUTE
    (seen,) = site.round()
    assert seen.reopened and not site.records.get(1).is_resolved
    assert "execution 14 failed again" in (why := site.records.get(1).reopened[-1].text)
    assert "which nobody had seen when it was resolved (VER-5)" in why
    assert site.round() == [] and kinds(site.records, 1).count("reopened") == 1


def test_a_failure_that_was_known_when_it_was_resolved_opens_nothing(site: Site) -> None:
    verified_by_three(site)
    site.kept.add(later(14, 4.5, UNAUTHORISED))
    site.look()
    site.now = FIXED + 5 * MINUTE
    site.desk.resolve(1, "done", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4"), "tried"))
    site.now = FIXED + 6 * MINUTE
    (seen,) = site.round()
    again = [one.model_copy(update={"same": True}) for one in seen.runs]
    assert not seen.reopened and not put(site.desk, site.records.get(1), again, say_reopened).reopened


def test_an_alert_that_came_first_opens_it_and_nothing_else_does(site: Site) -> None:
    resolved(site)
    wrong = later(14, 50, UNAUTHORISED)
    site.kept.add(wrong)
    site.now = FIXED + 52 * MINUTE
    stale = site.records.get(1)
    site.desk.add(1, "reopened", reason="it failed again (VER-5)")
    seen = Seen(execution_id="14", at=site.now, mode="trigger", judged="bad", text="failed again", same=True)
    assert not put(site.desk, stale, [seen], say_reopened).reopened
    assert site.round() == [] and kinds(site.records, 1).count("reopened") == 1 and lines(site.records) == []


def test_an_alert_that_comes_late_finds_it_open(site: Site) -> None:
    wrong = run(1, DETECTED, UNAUTHORISED, FLOW, node="Call")
    taken = n8n_trigger.read(alert_body(wrong), received=DETECTED, instance="main")
    arrivals = Arrivals(site.records, site.settings)
    arrivals.take([Arrival(taken, "n8n", b"", "a", DETECTED, "n8n:main:1:d")])
    for kind, at, said in (("fixed", FIXED, {"what": "x"}),):
        site.desk.add(2, kind, at=at, **said)
    site.now = FIXED + 30 * MINUTE
    site.desk.resolve(2, "", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4", "VER-5"), "tried"))
    again = later(14, 50, UNAUTHORISED)
    site.kept.add(again)
    site.now = FIXED + 52 * MINUTE
    assert [one.reopened for one in site.round()] == [True]
    late = n8n_trigger.read(alert_body(again), received=site.now, instance="main")
    (told,) = arrivals.take([Arrival(late, "n8n", b"x", "b", site.now, "n8n:main:14:d")])
    assert isinstance(told, list) and (told[0].incident, told[0].created) == ("INC-2", False)
    assert kinds(site.records, 2).count("reopened") == 1


def test_the_round_of_a_worker_owes_an_investigation_where_it_opens_one_again(site: Site) -> None:
    resolved(site)
    site.kept.add(later(14, 50, UNAUTHORISED))
    site.now = FIXED + 52 * MINUTE
    owed: list[tuple[int, str]] = []
    verify.look_all(site.records, site.settings, site.now, lambda _, one, why, __: owed.append((one.number, why)))
    assert owed == [(1, "reopened")] and lines(site.records) == []


def test_a_round_reads_each_server_once_and_never_resolves(site: Site) -> None:
    site.fix()
    about = Subject(instance="main", workflow_id="wf2", node="Call")
    site.desk.open(Opened(title="Another", detected_at=DETECTED, subject=about))
    site.desk.add(2, "fixed", at=FIXED, what="x")
    other = flow(2, None, call())
    site.kept.add(*(later(number, number) for number in (11, 12, 13)), *(later(n, n, of=other) for n in (21, 22, 23)))
    told = site.round()
    assert [(one.number, len(one.recorded)) for one in told] == [(1, 3), (2, 3)]
    assert (
        sum(one.path.startswith("/api/v1/executions?") and "status" not in one.path for one in site.server.asked) == 1
    )
    assert not any(site.records.get(number).is_resolved for number in (1, 2))
    assert len(lines(site.records)) == 2


def test_an_incident_that_can_not_be_looked_at_stops_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()
    about = Subject(instance="main", workflow_id="wf2", node="Call")
    site.desk.open(Opened(title="Another", detected_at=DETECTED, subject=about))
    site.desk.add(2, "fixed", at=FIXED, what="x")
    site.kept.add(*(later(number, number, of=flow(2, None, call())) for number in (21, 22, 23)))
    whole = verify.put

    def odd(desk: Desk, incident: Incident, *more: Any) -> Any:
        if incident.number == 1:
            raise UsageError("It was closed meanwhile.")
        return whole(desk, incident, *more)

    monkeypatch.setattr(verify, "put", odd)
    first, second = site.round()
    assert (first.number, first.why) == (1, "It was closed meanwhile.") and second.recorded == ("21", "22", "23")


def test_a_server_that_can_not_be_asked_is_told(site: Site) -> None:
    site.fix()
    site.kept.instead = lambda _: answer({"message": "no"}, 503)
    (told,) = site.round()
    assert told.why and told.recorded == ()


# When the missing runs will be in


def asked_when(of: Json | None, *executions: Json, now: datetime = NOW, missing: int = 2) -> str:
    log = log_of(*executions) if executions else nothing()
    return expected(of, log, "default", "wf1", now, missing=missing, of=3).text


def scheduled(zone: str | None = None, **rule: Any) -> Json:
    made = flow()
    made["nodes"][0]["parameters"] = {"rule": {"interval": [rule]}}
    return {**made, "active": True, "settings": {"timezone": zone} if zone else {}}


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (scheduled(field="minutes", minutesInterval=15), "third good run is to be expected by about 11:30 UTC (its schedule: "),
        (scheduled(field="hours"), "by about 13:00 UTC (its schedule: every hour)"),
        (scheduled(field="hours", triggerAtMinute=20), "by about 12:20 UTC"),
        (scheduled("Europe/Berlin", triggerAtHour=9), "2026-03-11 08:00 UTC (its schedule: every day at 09:00, Europe/B"),
        (scheduled("Australia/Sydney", field="weeks", triggerAtDay=[1, 4], triggerAtHour=9), "by about 2026-03-15 22:00 UTC"),
        (scheduled("UTC", field="cronExpression", expression="0 12 * * 1-5"), "by about 2026-03-10 12:00 UTC"),
        (scheduled(field="cronExpression", expression="*/10 * * * *"), "by about 11:20 UTC"),
        (scheduled(triggerAtHour=9), "too few runs are known"),  # in a zone that nobody knows
        (scheduled(field="cronExpression", expression="={{ $json.x }}"), "too few runs are known"),
        ({**scheduled(field="hours"), "active": False}, "is not active"),
        ({**scheduled(field="hours"), "settings": {"saveDataSuccessExecution": "none"}}, "keeps no good runs"),
        (None, "too few runs are known"),
    ],
)  # fmt: skip
def test_the_estimate_by_the_schedule(of: Json | None, text: str) -> None:
    assert text in asked_when(of)


def with_parameters(parameters: Any) -> Json:
    made = scheduled()
    made["nodes"][0]["parameters"] = parameters
    return made


@pytest.mark.parametrize(
    "of",
    [
        {**scheduled("UTC", triggerAtHour=9), "settings": "x"},
        {**scheduled("UTC", triggerAtHour=9), "settings": ["x"]},
        with_parameters("x"),
        with_parameters({"rule": "x"}),
        with_parameters({"rule": {"interval": "x"}}),
        scheduled("UTC", triggerAtHour=True),
        scheduled("UTC", field="weeks", triggerAtDay=[True]),
        scheduled("UTC", triggerAtHour="9"),
        scheduled("America/Nowhere", triggerAtHour=9),
        scheduled("../etc", triggerAtHour=9),
    ],
)
def test_a_workflow_that_is_damaged_or_in_an_unknown_zone_has_no_schedule(of: Json) -> None:
    assert "too few runs are known" in asked_when(of)


def test_the_estimate_needs_no_zones_where_none_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> Any:
        raise KeyError(name)

    monkeypatch.setattr("incident_nb.actions.schedules.ZoneInfo", none)
    assert "by about 13:00 UTC" in asked_when(scheduled(field="hours"))
    assert "too few runs are known" in asked_when(scheduled("Europe/Berlin", triggerAtHour=9))


def test_a_rule_of_every_second_day_is_counted_from_the_last_run() -> None:
    of = scheduled("UTC", field="days", daysInterval=2, triggerAtHour=6)
    last = run(1, datetime(2026, 3, 8, 6, tzinfo=UTC), of=of, took=0)
    assert "by about 2026-03-12 06:00 UTC" in asked_when(of, last)
    uneven = scheduled("UTC", field="minutes", minutesInterval=50)
    assert "by about 12:20 UTC" in asked_when(uneven, run(1, NOW - 20 * MINUTE, of=uneven, took=0))


def test_the_estimate_by_the_weeks_before() -> None:
    """Runs at nine and at ten of each day: at eleven the second one from now is tomorrow's at ten."""
    days = [NOW - timedelta(days=day) for day in range(1, 24)]
    runs = [run(1000 + i, day.replace(hour=hour), took=0) for i, day in enumerate(days) for hour in (9,)]
    runs += [run(2000 + i, day.replace(hour=10), took=0) for i, day in enumerate(days)]
    assert "by about 2026-03-10 10:00 UTC (as in the 3 weeks before)" in asked_when(None, *runs)


def test_the_estimate_by_the_newest_gaps_and_where_nothing_can_be_said() -> None:
    runs = [run(number, NOW - (12 - number) * 20 * MINUTE - 5 * MINUTE, took=0) for number in range(1, 13)]
    assert "by about 11:35 UTC (of late it ran about every 20 minutes)" in asked_when(None, *runs)
    assert "the last one began at" in asked_when(None, *runs, now=NOW + 5 * HOUR)
    assert "too few runs" in asked_when(None, *runs[:3])


# The command


@pytest.fixture
def ran(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., SimpleNamespace]:
    """Runs the command line on the site's record, by the site's clock."""
    monkeypatch.setattr("incident_nb.desk.desk.records_of", lambda _: site.records)
    monkeypatch.setattr("incident_nb.desk.desk._present", lambda: site.now)
    monkeypatch.setattr(Desk.__init__, "__kwdefaults__", {"by": None, "clock": lambda: site.now})
    monkeypatch.setenv("INCIDENT_NB_ENGINEER", "Robin")

    return lambda *given: acting.ran(capsys, *given)


Ran = Callable[..., SimpleNamespace]


def test_the_command_shows_rows_runs_and_what_is_to_come(site: Site, ran: Ran) -> None:
    assert ran("verify", "INC-1").code == 2
    site.fix()
    site.kept.workflows = [scheduled(field="minutes", minutesInterval=15)]
    site.kept.add(later(11, 5), later(12, 10, items=[{"json": {"ok": False}}]), later(13, 15, mode="manual"))
    told = ran("verify", "INC-1")
    assert told.code == 1
    for said in ("VER-4 open: Monitor", "1 of 3 to 5", "good: it went well", "does not count: it is marked a success, but",
                 "by hand: good", "expected by about 11:30 UTC", "done: If P1"):  # fmt: skip
        assert said in told.out, said
    assert "Execute workflow" not in told.out, "VER-1 is done by the run by hand"
    site.kept.add(later(14, 20), later(15, 25))
    done = ran("verify", "INC-1", "--json")
    assert done.code == 0
    found = json.loads(done.json)
    assert (found["verified"], found["good"], found["of"], found["estimate"]) == (True, 3, 3, None)
    assert [one["judged"] for one in found["runs"]] == ["good", "not_counted", "good", "good", "good"]


def test_the_command_says_how_to_trigger_it(site: Site, ran: Ran) -> None:
    site.fix()
    assert "Every hour”: open http" in ran("verify", "INC-1").out
    kinds_of = ("formTrigger", "errorTrigger", "executeWorkflowTrigger", "stripeTrigger", "webhook", "emailReadImap")
    nodes = [{"name": kind, "type": f"n8n-nodes-base.{kind}", "parameters": {}} for kind in kinds_of]
    nodes.append({"name": "chat", "type": "@n8n/n8n-nodes-langchain.chatTrigger", "parameters": {}})
    site.kept.workflows = [{**FLOW, "nodes": nodes, "active": True}]
    told = ran("verify", "INC-1").out
    for said in ("fill in its form", "let a workflow fail", "a workflow that calls this one", "in the other system",
                 "--send FILE", "send an e-mail", "write to its chat"):  # fmt: skip
        assert said in told, said


def test_what_was_seen_is_ticked_with_a_note(site: Site, ran: Ran) -> None:
    site.fix()
    assert "say in a note" in ran("verify", "INC-1", "--checked", " ").err
    assert not site.rows()["VER-3"][0]
    ran("verify", "INC-1", "--checked", "12 orders are in the shop")
    assert site.rows()["VER-3"] == (True, "ticked by Robin: 12 orders are in the shop")


def watching(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], Any]) -> list[float]:
    """What happens in the pauses between two looks, one step each; one more pause than steps is an error."""
    waited: list[float] = []
    left = [*steps]

    def pause(seconds: float) -> None:
        waited.append(seconds)
        left.pop(0)()

    monkeypatch.setattr(command, "pause", pause)
    return waited


def test_it_watches_until_it_is_verified(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()
    site.kept.add(later(11, 5))
    busy = iter([answer({"message": "no"}, 403)])
    waited = watching(
        monkeypatch,
        lambda: site.kept.add(later(12, 10)),
        lambda: setattr(site.kept, "instead", lambda _: next(busy, None)),
        lambda: site.kept.add(later(13, 15, items=[{"json": {"ok": False}}])),
        lambda: site.kept.add(later(14, 20)),
    )
    told = ran("verify", "INC-1", "--watch", "--every", "5")
    assert told.code == 0 and waited == [5.0] * 4
    assert (
        "execution 12: good" in told.err
        and "execution 13: does not count" in told.err
        and "execution 14: good" in told.err
    )
    assert "execution 11" not in told.err, "it is no news"


def test_it_watches_until_it_fails_again(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()
    site.kept.add(later(11, 5))
    waited = watching(monkeypatch, lambda: site.kept.add(later(12, 10, UNAUTHORISED)))
    told = ran("verify", "INC-1", "--watch")
    assert told.code == 1 and waited == [30.0] and "execution 12: bad: it failed again at “Call”" in told.err


def test_it_sees_what_somebody_else_saw_first(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()

    def relapse() -> None:
        site.kept.add(later(12, 10, UNAUTHORISED))
        site.round()

    waited = watching(monkeypatch, relapse)
    assert ran("verify", "INC-1", "--watch").code == 1 and len(waited) == 1
    site.desk.add(1, "fixed", what="better", at=FIXED + 15 * MINUTE)

    def resolve() -> None:
        site.desk.resolve(1, "", dict.fromkeys(("VER-1", "VER-2", "VER-3", "VER-4"), "tried"))
        site.desk.add(1, "reopened", reason="it fails")

    waited = watching(monkeypatch, resolve)
    told = ran("verify", "INC-1", "--watch")
    assert told.code == 1 and len(waited) == 1 and "no fix is in place" in told.err


def test_whoever_stops_watching_keeps_what_was_seen(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    site.fix()

    def stop() -> None:
        raise KeyboardInterrupt

    watching(monkeypatch, lambda: site.kept.add(later(11, 5)), stop)
    told = ran("verify", "INC-1", "--watch")
    assert told.code == 1 and "No longer watched" in told.err and site.watched() == (1, None)


def test_an_hour_is_waited_for_where_it_is_a_p1(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    site.desk.add(1, "severity_chosen", severity="P1")
    site.fix()
    site.kept.add(*(later(number, number) for number in (11, 12, 13)))
    site.now = FIXED + 30 * MINUTE
    waited = watching(monkeypatch, lambda: setattr(site, "now", FIXED + 61 * MINUTE))
    assert ran("verify", "INC-1").code == 1
    assert ran("verify", "INC-1", "--watch").code == 0 and len(waited) == 1


def test_an_export_is_judged_by_its_log_alone(site: Site, ran: Ran, tmp_path: Path) -> None:
    site.fix()
    (tmp_path / "page.json").write_text(json.dumps({"data": [later(11, 5)], "nextCursor": None}))
    told = ran("verify", "INC-1", "--from", tmp_path / "page.json")
    assert "by the log alone" in told.out and site.watched() == (1, None) and site.server.asked == []


# VER-1 by a webhook


@pytest.fixture
def hook(site: Site, tmp_path: Path) -> Json:
    """INC-1 is fixed, its workflow begins with a webhook, and test data lies in data.json."""
    site.fix()
    node = json.loads(json.dumps(WEBHOOK))
    site.kept.workflows = [{**FLOW, "nodes": [node, *FLOW["nodes"][1:]], "active": True}]
    (tmp_path / "data.json").write_text('{"order": "not-for-eyes", "lines": []}')
    return node


def posts(site: Site) -> list[Asked]:
    return [one for one in site.server.asked if one.method != "GET"]


def takes(site: Site, *began: Json, status: int = 200) -> None:
    """The webhook answers, and these executions begin."""

    def instead(asked: Asked) -> Any:
        if asked.path != "/webhook/orders":
            return None
        site.kept.add(*began)
        return answer({"message": "Workflow was started"}, status)

    site.kept.instead = instead


def test_the_request_is_shown_and_sent_only_with_yes_and_once(
    site: Site, hook: Json, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = later(41, 30, mode="webhook", of=site.kept.workflows[0])
    takes(site, began)
    told = ran("verify", "INC-1", "--send", "data.json")
    assert posts(site) == [] and "Nothing was sent" in told.err and not site.rows()["VER-1"][0]
    for said in ("POST /webhook/orders: 38 bytes of JSON, with order, lines", "in earnest"):
        assert said in told.out, said
    assert "not-for-eyes" not in told.out + told.err
    assert ran("verify", "INC-1", "--yes").code == 2 and posts(site) == []
    watching(monkeypatch)
    done = ran("verify", "INC-1", "--send", "data.json", "--yes")
    (sent,) = posts(site)
    assert (sent.method, sent.path) == ("POST", "/webhook/orders") and "x-n8n-api-key" not in sent.headers
    assert "execution 41" in done.err and "not-for-eyes" not in done.out + done.err
    incident = site.records.get(1)
    assert incident.ticks["VER-1"].execution_id == "41" and "38 bytes" in incident.ticks["VER-1"].text
    assert (incident.watched.by_hand, incident.watched.good) == ("41", 0), "test data is no later run"
    assert site.rows()["VER-2"][0]


def test_an_execution_that_can_not_be_told_is_not_guessed(
    site: Site, hook: Json, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes(site, later(41, 30, mode="webhook"), later(42, 30, mode="webhook"))
    watching(monkeypatch)
    assert "can't be told" in ran("verify", "INC-1", "--send", "data.json", "--yes").err
    assert site.records.get(1).ticks["VER-1"].execution_id is None and len(posts(site)) == 1
    assert site.watched() == (0, None) and site.records.get(1).watched.by_hand, "either may be the one with test data"


def test_a_webhook_that_refuses_ticks_nothing(site: Site, hook: Json, ran: Ran) -> None:
    takes(site, status=404)
    told = ran("verify", "INC-1", "--send", "data.json", "--yes")
    assert told.code == 1 and "status 404" in told.err and not site.rows()["VER-1"][0] and len(posts(site)) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"authentication": "headerAuth"}, "asks for a credential"),
        ({"path": ":id/orders"}, "a part that varies"),
        ({"path": "../rest/settings"}, "not a plain text"),
        ({"path": "={{ $env.PATH }}"}, "not a plain text"),
        ({"path": ""}, "not a plain text"),
        ({"httpMethod": "GET"}, "takes no POST"),
    ],
)
def test_a_webhook_that_is_not_ours_to_use_is_refused(
    site: Site, hook: Json, ran: Ran, change: Json, text: str
) -> None:
    hook["parameters"] |= change
    told = ran("verify", "INC-1", "--send", "data.json", "--yes")
    assert told.code == 2 and text in told.err and "by hand" in told.err and posts(site) == []


def test_a_webhook_without_parameters_is_refused(site: Site, hook: Json, ran: Ran) -> None:
    hook["parameters"] = ["damaged"]
    assert "not a plain text" in ran("verify", "INC-1", "--send", "data.json", "--yes").err and posts(site) == []


def test_what_is_no_test_data_or_no_webhook_is_refused(site: Site, hook: Json, ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("not JSON")
    assert "no JSON" in ran("verify", "INC-1", "--send", "bad.json", "--yes").err
    assert "Could not read" in ran("verify", "INC-1", "--send", "nowhere.json", "--yes").err
    site.kept.workflows[0]["active"] = False
    assert "is not active" in ran("verify", "INC-1", "--send", "data.json", "--yes").err
    site.kept.workflows = [{**FLOW, "active": True}]
    assert "no Webhook trigger" in ran("verify", "INC-1", "--send", "data.json", "--yes").err
    twice = [hook, {**hook, "name": "Other"}]
    site.kept.workflows = [{**FLOW, "nodes": twice, "active": True}]
    assert "2 Webhook triggers" in ran("verify", "INC-1", "--send", "data.json", "--yes").err
    assert posts(site) == []


# The notebook


@pytest.fixture
def notebook(site: Site, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Clicked]:
    monkeypatch.setattr(Desk, "diagnosed", lambda *_, **__: None)
    monkeypatch.setattr(import_module("incident_nb.ui.follow"), "records_of", lambda _: site.records)
    return lambda: Clicked(Verification, site.settings, NOW)


def test_the_notebook_looks_at_n8n(site: Site, notebook: Callable[[], Clicked]) -> None:
    site.fix()
    site.kept.workflows = [scheduled(field="minutes", minutesInterval=15)]
    site.kept.add(later(11, 5), later(12, 10, items=[{"json": {"ok": False}}]))
    book = notebook()
    assert "1 of 3 good runs; 1 new entry" in book.click("Look at n8n now")
    for said in ("good: it went well", "does not count", "by about 11:30 UTC"):
        assert said in book.shown, said
    site.kept.add(later(13, 15, UNAUTHORISED))
    book.click("Look at n8n now")
    assert "execution 13 failed again" in str(book.panel._shown.value)


def test_the_notebook_asks_what_was_seen(site: Site, notebook: Callable[[], Clicked]) -> None:
    site.fix()
    book = notebook()
    assert "say in a note" in book.click("VER-3 is done") and not site.rows()["VER-3"][0]
    book.click("VER-3 is done", What_you_saw="12 orders")
    assert site.rows()["VER-3"] == (True, "ticked by Robin: 12 orders")
    book.click("VER-3 is not done")
    assert not site.rows()["VER-3"][0] and book.has("VER-3 is done")


def test_the_notebook_works_without_a_server(site: Site, notebook: Callable[[], Clicked], tmp_path: Path) -> None:
    site.fix()
    (tmp_path / "incident-nb.toml").write_text("")
    book = notebook()
    assert not book.has("Look at n8n") and not book.has("Send it")
    book.click("It went well", Execution="11")
    assert site.watched() == (1, None)


def test_the_notebook_sends_only_what_was_shown_and_confirmed(
    site: Site, hook: Json, notebook: Callable[[], Clicked], monkeypatch: pytest.MonkeyPatch
) -> None:
    takes(site, later(41, 30, mode="webhook", of=site.kept.workflows[0]))
    monkeypatch.setattr("incident_nb.ui.trial.pause", lambda _: None)
    book = notebook()
    book.part("Test data").value = '{"order": "not-for-eyes"}'
    assert "type INC-1" in book.click("Send it") and posts(site) == []
    assert "was not shown before" in book.click("Send it", To_send_it="INC-1") and posts(site) == []
    book.part("Test data").value = '{"order": "another"}'
    assert "Nothing was sent" in book.click("Show the request") and "with order" in book.shown
    assert "another" not in book.shown and posts(site) == []
    book.part("Test data").value = '{"order": "changed since"}'
    assert "was not shown before" in book.click("Send it", To_send_it="INC-1") and posts(site) == []
    assert "execution 41" in book.click("Send it", To_send_it="inc-1") and len(posts(site)) == 1
    assert site.records.get(1).ticks["VER-1"].execution_id == "41"
    assert "was not shown before" in book.click("Send it", To_send_it="INC-1") and len(posts(site)) == 1
