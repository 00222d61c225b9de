"""What a diagnosis says holds for the runs it leaves out as well: other branches, manual runs, other clients, servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from incident_nb import display
from incident_nb.case import Case
from incident_nb.diagnose import analyse, diagnose, gravity, rank, survey
from incident_nb.diagnose.judged import Analysis
from incident_nb.diagnose.scene import Scene
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.models import Cause, Diagnosis, Outcome
from incident_nb.patterns import NEWEST_IDS, problems, sequences, window
from tests.builders import HOST, HOUR, NOW, START, UNAUTHORISED, Json, call, error, flow, log_of, run, runs
from tests.test_diagnose import asking, calling, fact, first, judged, outcome
from tests.test_severity_of_logs import with_alerts

SOFT = call(onError="continueRegularOutput")
TWO = flow(1, None, call("A"), call("B"))


def texts(found: Diagnosis) -> str:
    """All that is said of a subject, as text."""
    kinds = (display.summary, display.severity, display.causes, display.checklist, display.others)
    return "\n".join(kind(found).markdown for kind in kinds).replace("\\", "")


def soft(number: int, words: str, of: Json | None = None) -> Json:
    """A run that n8n calls a success, all of whose items failed."""
    bad: list[Json] = [{"json": {"error": words}}] * 3
    return run(number, START + number * HOUR, None, of or flow(1, None, SOFT), items=bad)


def both(mine: list[Json], other: list[Json]) -> ExecutionLog:
    """Two servers' runs in one log: the second's ids and workflows are its own, though they may be the same."""
    here, there = log_of(*mine), log_of(*other)
    tables = {}
    for name in ("executions", "failures"):
        moved = getattr(there, name).assign(instance="other")
        table = pd.concat([getattr(here, name).astype({"instance": "str"}), moved])
        tables[name] = table.sort_values(["at", "instance", "execution_id"], ignore_index=True)
    return replace(here, snapshots=here.snapshots | there.snapshots, **tables)


def scene(analysis: Analysis, workflow: str = "wf1", instance: str = "default") -> Scene:
    """The problem of that workflow."""
    table = analysis.groups
    return Scene(analysis, table[(table["workflow_id"] == workflow) & (table["instance"] == instance)].iloc[0])


# Runs that failed in another way


def test_a_run_that_failed_at_the_node_in_another_way_is_no_good_run() -> None:
    log = log_of(*(soft(n, ("Row is locked", "Mailbox is full")[n % 2]) for n in range(1, 9)))
    failures = problems(log.failures)
    for table in sequences(failures, log.executions).values():
        assert list(table["failed"]) == [True] * 4
    found = diagnose(log, now=NOW)
    assert found.problem is not None and found.impact is not None
    assert found.impact.last_good is None
    assert "last succeeded" not in texts(found)


def test_no_run_has_got_past_a_node_only_where_none_did() -> None:
    at_a = [run(n, START + n * HOUR, error(404), TWO, node="A") for n in (1, 2, 3)]
    at_b = [run(n, START + n * HOUR, error(400, "Bad"), TWO, node="B") for n in (4, 5)]
    elsewhere = runs("...", flow(2, None, call(host="other.example")), first=20)
    alone = judged(*at_a, *elsewhere, execution="1")
    assert fact(first(alone).for_, "No run in the window succeeded at “A”: all 3 that got there failed.")
    assert "succeeded at" not in texts(judged(*at_a, *at_b, *elsewhere, execution="1"))


def test_good_runs_of_another_branch_are_not_denied() -> None:
    failing = [run(n, START + n * HOUR, error(404), TWO, node="A") for n in (1, 3, 5)]
    passing = [run(n, START + n * HOUR, None, TWO, node="Every hour") for n in (2, 4, 6)]
    said = texts(judged(*failing, *passing))
    assert "all 3 runs that count failed" in said
    assert "no good run through “A” since" in said


def test_a_good_run_by_hand_is_told_though_it_does_not_count() -> None:
    found = judged(*runs("..XX"), run(9, START + 9 * HOUR, mode="manual"))
    assert found.impact is not None
    assert (found.impact.still_failing, found.impact.good_by_hand) == (True, 1)
    said = texts(found)
    assert "no good run through “Call” since, but 1 good run by hand" in said
    assert "no run has succeeded since" not in said


def test_a_good_run_by_hand_in_between_is_not_denied() -> None:
    between = run(9, START + 4.5 * HOUR, mode="manual")
    assert "went well" in texts(judged(*runs("....XXX")))
    assert "went well" not in texts(judged(*runs("....XXX"), between))


# Since when


@pytest.mark.parametrize(
    ("signs", "good", "range_"),
    [
        ("X....XXX", "after a good run at 2026-03-02 12:00 UTC", "it may have begun before what was read"),
        (
            "..X....XXX",
            "after a good run at 2026-03-02 14:00 UTC",
            "it may have begun right after 2026-03-02 09:00 UTC",
        ),
        (
            "......XX.XXX",
            "after a good run at 2026-03-02 13:00 UTC",
            "it may have begun right after 2026-03-02 10:00 UTC or as late as 2026-03-02 15:00 UTC",
        ),
        ("....XXX", "after a good run at 2026-03-02 11:00 UTC", None),
        ("XXX", "no good run through “Call” before it in the records, manual ones aside", None),
    ],
)
def test_the_last_good_run_before_it_is_the_last(signs: str, good: str, range_: str | None) -> None:
    found = judged(*runs(signs), *runs(".", flow(2), first=90))
    said = texts(found)
    assert good in said
    assert range_ in said if range_ else "may have begun" not in said


def test_what_was_changed_is_not_said_to_lie_outside() -> None:
    older = flow(1, None, call(typeVersion=3))
    late = runs("XXX", wrong=error(404), first=5, start=START + 4 * HOUR)
    best = first(judged(*runs("....", older), *late))
    assert fact(best.for_, "before the first failure, 5, its type version changed").executions == ("5", "4")
    assert best.cause is Cause.WORKFLOW_CONFIG
    assert "outside" not in texts(judged(*runs("....XXX")))


def test_nothing_is_said_to_be_pruned_of_an_export() -> None:
    log = log_of(*runs("X", first=4711))
    assert window(log).pruned_before is None
    assert "is kept" not in display.survey(survey(Case(log, NOW))).markdown


def test_a_survey_of_one_client_covers_the_time_that_was_read() -> None:
    log = log_of(*runs("....X"), *runs("X", flow(2, "[BETA] Flow"), first=90, start=START + 2 * HOUR))
    found = survey(Case(log, NOW, client="BETA"))
    assert (found.window.from_, found.window.to) == (START, START + 4 * HOUR)
    assert found.totals["executions"] == 1


def test_a_survey_of_two_servers_takes_no_execution_for_one_of_the_other() -> None:
    """Ids count up on each server by itself."""
    log = both(runs("XXX"), runs("...", start=START + 48 * HOUR))
    late = survey(Case(log, NOW, since=START + 24 * HOUR))
    assert (late.totals["executions"], late.totals["with_failures"], late.totals["groups"]) == (3, 0, 0)
    whole = survey(Case(log, NOW)).totals
    assert (whole["executions"], whole["workflows"], whole["with_failures"]) == (6, 2, 3)


# One client among several

SHARED = flow(2, "Shared sign-in")


@pytest.mark.parametrize("asked", [{}, {"workflow": "wf1"}, {"execution": "2"}], ids=str)
def test_a_client_that_fails_because_of_a_shared_workflow_is_not_healthy(asked: dict[str, str]) -> None:
    found = judged(run(1, START, UNAUTHORISED, SHARED), calling(2, "1", asking(1)), client="ACME", **asked)
    assert found.problem is not None
    assert (found.problem.workflow, found.problem.node) == ("Shared sign-in", "Call")


def test_failed_runs_are_never_said_not_to_have_failed() -> None:
    loop = [calling(1, "2", asking(1), "wf2"), calling(2, "1", asking(2), "wf1")]
    found = judged(*loop)
    assert found.headline.startswith("2 of the 2 executions failed")
    assert outcome(found, "DX-1") is Outcome.COULD_NOT_LOOK


def test_other_clients_workflows_are_counted_but_not_named() -> None:
    beta = [*runs("....XXX", flow(2, "[BETA] Two"), first=11), *runs("....XXX", flow(3, "[BETA] Three"), first=21)]
    acme = runs("....XXX", flow(4, "[ACME] Four"), first=31)
    said = texts(judged(*runs("....XXX"), *beta, *acme, workflow="wf1", client="ACME"))
    assert (
        "3 other workflows with the same credential “Key c1” fail as well: [ACME] Four and 2 of other clients." in said
    )
    assert "BETA" not in said
    assert "[BETA] Three, [BETA] Two" in texts(judged(*runs("....XXX"), *beta, *acme, workflow="wf1"))
    said = texts(judged(*runs("....XXX", wrong=error(502)), *runs("....XXX", flow(2, "[BETA] Two"), first=11,
                        wrong=error(502)), workflow="wf1", client="ACME"))  # fmt: skip
    assert f"1 other workflow fails at {HOST} as well: 1 of other clients." in said


def test_a_client_that_is_not_there_and_a_time_that_ends_before_it_begins_are_refused() -> None:
    log = log_of(*runs("..X"))
    with pytest.raises(UsageError, match="no executions of client NOPE in this source"):
        survey(Case(log, NOW, client="NOPE"))
    with pytest.raises(UsageError, match="ends before it begins"):
        survey(Case(log, START, since=START + HOUR))


def test_workflows_are_counted_by_client() -> None:
    log = log_of(*runs("....XXX"), *runs(".......", flow(2, "[BETA] Flow"), first=11))
    known = gravity.facts(scene(analyse(log)), Cause.CREDENTIALS, None)
    assert (known.workflows_total, known.workflows_down) == (1, 1)


# Two servers in one log


def test_neighbours_on_another_server_say_nothing() -> None:
    mine = runs("....XXX")
    for other in (runs("....XXX", flow(2), first=11), runs(".......", flow(2), first=11)):
        for column, value in (("credential_id", "c1"), ("host", HOST)):
            failing, good = scene(analyse(both(mine, other))).elsewhere(column, value)
            assert failing.empty and good.empty
            failing, good = scene(analyse(log_of(*mine, *other))).elsewhere(column, value)
            assert len(failing) + len(good) == 3


def test_an_alert_on_another_server_is_not_this_one() -> None:
    alerted = with_alerts(*runs("....XXX"))
    assert gravity.facts(scene(analyse(log_of(*alerted))), Cause.CREDENTIALS, None).alert_fired
    analysis = analyse(both(runs("....XXX"), alerted))
    assert gravity.facts(scene(analysis), Cause.CREDENTIALS, None).alert_fired is None
    assert gravity.facts(scene(analysis, instance="other"), Cause.CREDENTIALS, None).alert_fired


def test_a_good_run_is_not_taken_for_one_of_the_same_id_on_another_server() -> None:
    good = runs(".......", flow(2), first=1)
    log = both([*runs("....XXX", first=11), *good], runs("XXXXXXX", flow(3)))
    _, seen = scene(analyse(log)).elsewhere("credential_id", "c1")
    assert len(seen) == 3


# What a node talks to, and oddly shaped nodes


def test_a_longer_host_is_another_host() -> None:
    mine = runs("....XXX", flow(1, None, call(host="api.shop.com", credential="c1")), wrong=error(502))
    url = "=https://api.shop.com/v2/{{ $json.id }}"
    for of, count in (
        (call(host="api.shop.com.au", credential="c2"), 0),
        (call(host="api.shop.com", credential="c2"), 3),
        (call(credential="c2", parameters={"url": url}), 3),
    ):
        log = log_of(*mine, *runs(".......", flow(2, None, of), first=11))
        assert len(scene(analyse(log)).elsewhere("host", "api.shop.com")[1]) == count


@pytest.mark.parametrize(
    "odd", [{"credentials": [{"id": "c1"}]}, {"parameters": ["url"]}, {"parameters": "x"}], ids=str
)
def test_a_node_of_an_odd_shape_is_passed_over(odd: Json) -> None:
    other = flow(2, None, {**call("Odd"), **odd})
    found = judged(*runs("....XXX"), *runs("...XX..", other, first=11), workflow="wf1")
    assert found.problem is not None
    assert judged(*runs("....XXX", other), workflow="wf2").problem is not None


# What was not kept


def test_a_problem_without_names_is_told_without_them() -> None:
    nameless = {"workflowId": None, "workflowData": {"nodes": []}}
    bare = {"nodes": [{"name": "Call", "type": "n8n-nodes-base.httpRequest",
                       "credentials": {"httpHeaderAuth": {"id": "c1"}}}]}  # fmt: skip
    unnamed = flow(1, None, call(credentials={"httpHeaderAuth": {"id": "c1"}}))
    for executions in (
        [{**each, **nameless} for each in runs("XXX")],
        [{**each, **nameless} for each in runs("XXX", wrong=error(429))],
        [{**each, **nameless} for each in runs("...")],
        [{**each, "workflowData": {**bare, "id": "wf1"}} for each in runs("....XXX")],
        runs("....XXX", unnamed),
        runs("....XXX", {**flow(), "name": None}, wrong=error(429)),
    ):
        said = texts(judged(*executions)) + texts(judged(*executions, execution=executions[0]["id"]))
        assert " nan" not in said and "“nan" not in said and "None”" not in said and "of None" not in said
    assert "uses the credential “c1”" in texts(judged(*runs("....XXX", unnamed)))


def test_good_runs_whose_workflow_is_not_known_are_not_denied() -> None:
    found = judged(*({**each, "workflowData": None, "workflowId": "wf1"} for each in runs("....XXX")))
    told = next(finding.summary for finding in found.findings if finding.check == "DX-5")
    assert told.startswith("The workflow as it was in the last good run and in the first failing one is not known")
    never = judged(*runs("XXX"))
    told = next(finding.summary for finding in never.findings if finding.check == "DX-5")
    assert told.startswith("No good run that counts before the onset")


def test_the_strip_of_a_healthy_source_shows_all_its_runs() -> None:
    log = log_of(*runs("..."), *runs("..", flow(2, "[BETA] Two"), first=11))
    assert "5 runs" in display.strip(log, diagnose(log, now=NOW)).alt
    assert "3 runs" in display.strip(log, diagnose(log, now=NOW, client="ACME")).alt


# Runs that are not over, or whose status is missing


def test_a_run_without_a_status_that_stopped_unfinished_failed() -> None:
    old = [{**each, "status": None} for each in runs("..XX.")]
    log = log_of(*old)
    assert list(log.executions["status"]) == ["success", "success", "error", "error", "success"]
    assert log_of({**old[2], "waitTill": "2026-03-09T00:00:00.000Z"}).executions["status"].isna().all()
    assert log_of({**old[2], "stoppedAt": None}).executions["status"].isna().all()


def test_a_failure_in_a_run_that_is_not_over_has_a_time() -> None:
    for count in (1, 2):
        found = judged(*({**each, "status": "running", "stoppedAt": None} for each in runs("X" * count)))
        assert found.problem is not None and found.problem.last_seen is not None
        assert "time" not in found.problem.pattern_why
        assert "not over" in found.problem.pattern_why


# All of n8n


def share_down(down: int, up: int, **more: object) -> list[Json]:
    """A failing workflow, and so many others that fail and that work, each with its own host and credential."""
    lost = {"name": "Error", "message": "Something went wrong"}
    flows = [flow(n, None, call(host=f"h{n}.example", credential=f"c{n}")) for n in range(2, 2 + down + up)]
    signs = ["....XXX"] * down + ["......."] * up
    pairs = enumerate(zip(signs, flows, strict=True), start=1)
    others = [each for n, (sign, of) in pairs for each in runs(sign, of, wrong=lost, first=100 * n, **more)]
    return [*runs("....XXX", wrong=lost), *others]


@pytest.mark.parametrize(("down", "up", "told"), [(3, 2, True), (2, 2, False), (2, 0, False), (3, 0, True)])
def test_n8n_as_a_whole_fails_where_three_in_five_have_no_success(down: int, up: int, told: bool) -> None:
    said = texts(judged(*share_down(down, up), workflow="wf1"))
    assert (f"{down} of {down + up} other workflows had no successful run in that time either" in said) == told


def test_callers_are_no_evidence_of_their_own_that_n8n_fails() -> None:
    child = [run(n, START + n * HOUR, UNAUTHORISED, flow(1)) for n in (1, 2, 3)]
    callers = [calling(10 * number + n, str(n), asking(number), "wf1") for number in (2, 3, 4) for n in (1, 2, 3)]
    healthy = runs(".", flow(9, None, call(host="h9.example", credential="c9")), first=90, start=START - HOUR)
    assert "other workflows had no successful run" not in texts(judged(*child, *callers, *healthy))


@pytest.mark.parametrize("more", [{"mode": "manual"}, {"status": "waiting"}, {"status": "canceled"}], ids=str)
def test_manual_waiting_and_stopped_runs_are_no_sign_that_n8n_fails(more: dict[str, str]) -> None:
    assert "had no successful run" not in texts(judged(*share_down(3, 0, **more), workflow="wf1"))


def test_a_workflow_that_only_others_call_did_not_run_on_its_own() -> None:
    log = log_of(*runs("...."), *runs("...", flow(2), first=11, mode="integrated"))
    assert list(analyse(log).workflows["workflow_id"]) == ["wf1"]


# How it goes on


def test_the_next_step_of_what_went_well_again_is_to_find_out_whether_it_is_over() -> None:
    going, over = judged(*runs("....XXX")), judged(*runs("....XXX...."))
    assert going.next_step is not None and over.next_step is not None
    assert "since the last failure" not in going.next_step
    assert over.next_step.startswith("4 good runs since the last failure: find out first whether it is over.")


def test_what_is_over_comes_after_what_goes_on() -> None:
    bad, of = error(400, "Bad request"), flow(2, None, call(host="h2.example", credential="c2"))
    going = runs("....X", of, wrong=bad, first=101)
    over = runs("....X......", wrong=bad, start=START + timedelta(days=1))
    for asked in ({}, {"execution": "1"}):
        found = judged(*over, *going, **asked)
        grades = [problem.severity for problem in (found.problem, *found.others) if problem]
        assert len(set(grades)) == 1
    assert [other.workflow_id for other in found.others] == ["wf2", "wf1"]


def test_the_error_rate_counts_from_the_onset() -> None:
    table = analyse(log_of(*runs("..........XXX."))).groups
    assert list(table["error_rate"]) == [0.75]


def test_of_many_executions_the_newest_are_named() -> None:
    row = analyse(log_of(*runs("X" * (NEWEST_IDS + 5)))).groups.iloc[0]
    assert row["count"] == NEWEST_IDS + 5
    assert row["execution_ids"] == [str(number) for number in range(NEWEST_IDS + 5, 5, -1)]


# The odds


def test_an_address_that_is_gone_leaves_a_changed_api_open() -> None:
    for status, likely in ((404, True), (400, False)):
        analysis = analyse(log_of(run(1, START, error(status, "Bad"))))
        chances = {cause: share for share, cause in rank.odds(scene(analysis), [])}
        assert (chances[Cause.EXTERNAL_API_CHANGED] > chances[Cause.INFRASTRUCTURE]) == likely


def test_unknown_is_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = [(0.3, Cause.TIMEOUT), (0.25, Cause.UNKNOWN), (0.2, Cause.NETWORK)]
    monkeypatch.setattr(rank, "odds", lambda *_: list(ranked))
    found = judged(*runs("X", wrong=error(504)))
    assert [h.cause for h in found.hypotheses] == [Cause.UNKNOWN, Cause.TIMEOUT, Cause.NETWORK]


def test_one_run_at_the_end_is_no_persistent_problem() -> None:
    table = analyse(log_of(*runs("X....X....X"))).groups
    assert list(table["pattern"]) == ["intermittent"]


def test_callers_of_a_failing_sub_workflow_are_down_with_it() -> None:
    child = [run(number, START + number * HOUR, UNAUTHORISED, SHARED, mode="integrated") for number in (1, 2, 3)]
    before = [
        *runs("..", flow(4), first=11, start=START - 9 * HOUR),
        *runs("..", flow(3), first=21, start=START - 9 * HOUR),
    ]
    calls = [calling(30 + n, str(n - 1), asking(n)) for n in (3, 4)]
    found = judged(*child, *before, *calls, execution="1")
    assert found.severity is not None
    assert any("2 of 2 workflows are down" in reason for reason in found.severity.reasons)


def test_callers_of_other_clients_are_not_named_where_one_was_asked_for() -> None:
    child = [run(1, START, UNAUTHORISED, SHARED), run(2, START + HOUR, UNAUTHORISED, SHARED)]
    other = {**asking(4), "name": "[BETA] Four"}
    log = [*child, calling(31, "1", {**asking(3), "name": "[ACME] Three"}), calling(32, "2", other)]
    every, mine = judged(*log, execution="1").impact, judged(*log, client="ACME").impact
    assert every is not None and every.callers == ("[ACME] Three", "[BETA] Four")
    assert mine is not None and mine.callers == ("[ACME] Three",)
