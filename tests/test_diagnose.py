"""The diagnosis of small histories: which cause comes first, by which facts, how grave, and what to look at next."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from incident_nb import display
from incident_nb.case import sample_case
from incident_nb.diagnose import analyse, diagnose, rank
from incident_nb.errors import UsageError
from incident_nb.models import Cause, Diagnosis, Fact, Hypothesis, Outcome
from incident_nb.settings import Server, Settings
from tests.builders import HOUR, NOW, START, UNAUTHORISED, Json, call, error, flow, log_of, run, runs

MODAL = "acme--orders-web-app.modal.run"


def judged(*executions: Json, **asked: object) -> Diagnosis:
    return diagnose(log_of(*executions), **{"now": NOW, **asked})  # type: ignore[arg-type]


def first(diagnosis: Diagnosis) -> Hypothesis:
    return diagnosis.hypotheses[0]


def fact(facts: tuple[Fact, ...], words: str) -> Fact:
    """The one fact that holds these words."""
    (found,) = [each for each in facts if words in each.text]
    return found


def outcome(diagnosis: Diagnosis, check: str) -> Outcome:
    return next(finding.outcome for finding in diagnosis.findings if finding.check == check)


def calling(number: int, child: str, of: Json, child_flow: str = "wf2") -> Json:
    """A run that failed because execution `child` did."""
    inner = UNAUTHORISED | {"executionId": child, "workflowId": child_flow, "errorResponse": {"message": "Refused"}}
    return run(number, START + number * HOUR, inner, of)


def asking(number: int) -> Json:
    return flow(number, None, {"name": "Ask", "type": "n8n-nodes-base.executeWorkflow", "parameters": {}})


# What speaks for and against


def test_a_refused_credential_that_worked_before() -> None:
    found = judged(*runs("....XXX"))
    best = first(found)
    assert (best.cause, best.detail) == (Cause.CREDENTIALS, "api_key")
    assert fact(best.for_, "invalid token").executions == ("7", "6", "5")
    assert fact(best.for_, "last succeeded in execution 4").executions == ("4",)
    assert (
        fact(
            best.for_, "No run through “Call” went well between the first failure of the stretch and the last: 3"
        ).check
        == "DX-6"
    )
    assert best.next_look is not None and "Key c1" in best.next_look
    assert {"RC-1", "RES-2"} <= set(best.procedure)
    assert outcome(found, "DX-1") is Outcome.FOUND
    assert found.impact is not None and found.impact.still_failing


def test_a_shared_credential_that_fails_in_two_workflows() -> None:
    best = first(judged(*runs("....XXX"), *runs("....XXX", flow(2), first=11), workflow="wf1"))
    told = fact(best.for_, "1 other workflow with the same credential “Key c1” fails as well: [ACME] Flow 2")
    assert told.check == "DX-3"
    assert set(told.executions) == {"15", "16", "17"}


def test_other_users_of_the_credential_succeed() -> None:
    found = judged(*runs("....XXX"), *runs(".......", flow(2), first=11))
    assert fact(first(found).against, "3 runs of other workflows used the credential “Key c1” without failing")
    assert outcome(found, "DX-3") is Outcome.CLEAN


def test_some_users_of_the_credential_fail_and_others_succeed() -> None:
    others = [*runs("....XXX", flow(2), first=11), *runs(".......", flow(3), first=21)]
    best = first(judged(*runs("....XXX"), *others, workflow="wf1"))
    assert fact(
        best.for_, "1 other workflow that uses the credential “Key c1” fails as well, while others succeed with it."
    )


def test_another_trouble_with_the_same_credential_says_nothing_about_it() -> None:
    found = judged(*runs("....XXX"), *runs("....XXX", flow(2), wrong=error(502), first=11), workflow="wf1")
    assert not [each for each in first(found).for_ if each.check == "DX-3"]


def test_another_credential_says_nothing() -> None:
    other = flow(2, None, call(credential="c2", host="other.example"))
    found = judged(*runs("....XXX"), *runs("....XXX", other, first=11), workflow="wf1")
    assert not [each for each in first(found).for_ if each.check == "DX-3"]
    assert outcome(found, "DX-3") is Outcome.COULD_NOT_LOOK


def test_parameters_that_changed_before_the_first_failure_are_named() -> None:
    changed = flow(1, None, call(path="/v1/oders"))
    found = judged(*runs("...."), *runs("XXX", changed, wrong=error(404), first=5, start=START + 4 * HOUR))
    best = first(found)
    assert best.cause is Cause.WORKFLOW_CONFIG
    assert fact(best.for_, "before the first failure, 5, its parameter url changed").executions == ("5", "4")
    assert fact(best.for_, "its parameter url changed").at == START + 4 * HOUR  # by then at the latest
    assert outcome(found, "DX-5") is Outcome.FOUND


def test_another_node_that_changed_is_told_apart_from_the_failing_one() -> None:
    before, after = flow(1, None, call("First"), call()), flow(1, None, call("First", path="/v2"), call())
    late = runs("XXX", after, wrong=error(400, "Bad request"), first=5, start=START + 4 * HOUR)
    facts = [each.text for each in first(judged(*runs("....", before), *late)).for_]
    assert any(
        "with the same parameters, but other nodes were changed before the first failure: First" in text
        for text in facts
    )


@pytest.mark.parametrize(
    ("signs", "cause"),
    [("....XXX", Cause.EXTERNAL_API_CHANGED), ("XXXXX", Cause.WORKFLOW_CONFIG)],
    ids=["worked before with the same parameters", "never worked"],
)
def test_not_found_means_what_history_says(signs: str, cause: Cause) -> None:
    found = judged(*runs(signs, wrong=error(404)), *runs("....", flow(2, None, call(host="other.example")), first=20))
    assert first(found).cause is cause
    assert list(analyse(log_of(*runs(signs, wrong=error(404)))).groups["cause"]) == [cause]


def test_a_node_that_never_succeeded() -> None:
    found = judged(*runs("XXX", wrong=error(404)), *runs("...", flow(2, None, call(host="other.example")), first=20))
    assert fact(first(found).for_, "No run in the window succeeded at “Call”: all 3 that got there failed.")
    assert found.problem is not None
    assert (found.problem.onset_not_before, found.problem.error_rate) == (None, 1.0)


def test_records_of_failures_only_claim_nothing_about_success() -> None:
    found = judged(*runs("XXX", wrong=error(404)))
    texts = [each.text for hypothesis in found.hypotheses for each in (*hypothesis.for_, *hypothesis.against)]
    assert not any("succeeded at" in text or "went well" in text for text in texts)
    assert found.problem is not None
    assert found.problem.error_rate is None


def test_a_problem_that_comes_and_goes() -> None:
    found = judged(*runs("....X.XX.X.X..", wrong=error(504)))
    best = first(found)
    assert best.cause is Cause.TIMEOUT
    assert fact(best.for_, "runs of the same node succeeded between").check == "DX-6"
    assert found.impact is not None
    assert (found.impact.still_failing, found.impact.good_since) == (False, 2)


def test_all_workflows_failing_points_at_n8n_itself() -> None:
    lost = {"name": "Error", "message": "Something went wrong"}
    flows = [flow(n, None, call(host=f"host{n}.example", credential=f"c{n}")) for n in range(1, 6)]
    found = judged(*(each for n, of in enumerate(flows) for each in runs("....XXX", of, wrong=lost, first=10 * n + 1)))
    infrastructure = next(h for h in found.hypotheses if h.cause is Cause.INFRASTRUCTURE)
    assert fact(infrastructure.for_, "4 of 4 other workflows had no successful run in that time either.")


def test_one_workflow_failing_among_good_ones_does_not() -> None:
    flows = [flow(n, None, call(host=f"host{n}.example", credential=f"c{n}")) for n in range(2, 5)]
    others = [each for n, of in enumerate(flows) for each in runs(".......", of, first=100 * n + 100)]
    found = judged(*runs("....XXX", wrong={"name": "Error", "message": "Something went wrong"}), *others)
    assert all(h.cause is not Cause.INFRASTRUCTURE for h in found.hypotheses)


@pytest.mark.parametrize(
    ("host", "cause"), [(MODAL, Cause.ENDPOINT_CRASH), ("api.shop.example", Cause.EXTERNAL_OUTAGE)]
)
def test_a_server_error_is_ours_on_our_own_host_only(host: str, cause: Cause) -> None:
    assert first(judged(*runs("....XXX", flow(1, None, call(host=host)), wrong=error(502)))).cause is cause


def test_the_failures_of_a_host_that_others_reach_are_told() -> None:
    other = flow(2, None, call(credential="c2"))
    found = judged(
        *runs("....XXX", wrong=error(502)), *runs("....XXX", other, wrong=error(502), first=11), workflow="wf1"
    )
    assert fact(first(found).for_, "1 other workflow fails at api.shop.example as well").check == "DX-4"


def test_an_error_that_says_nothing_is_not_explained_by_force() -> None:
    found = judged(*runs("X", wrong={"name": "Error", "message": "Oops"}))
    assert first(found).cause is Cause.UNKNOWN
    assert first(found).next_look is not None
    assert found.headline.endswith("for a reason the records do not tell.")


def test_a_cause_that_does_not_clear_the_bar_is_shown_behind_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for share, causes in ((0.39, [Cause.UNKNOWN, Cause.TIMEOUT]), (0.41, [Cause.TIMEOUT])):
        monkeypatch.setattr(rank, "odds", lambda *_, share=share: [(share, Cause.TIMEOUT), (0.01, Cause.NETWORK)])
        found = judged(*runs("X", wrong=error(504)))
        assert [h.cause for h in found.hypotheses] == causes


def test_confidence_is_capped_where_one_kind_of_evidence_speaks() -> None:
    alone = first(judged(run(1, START, error(401, description="token expired"))))
    assert {each.check for each in alone.for_} == {"DX-1"}
    assert alone.confidence <= 0.9
    backed = first(judged(*runs("....XXX"), *runs("....XXX", flow(2), first=11)))
    assert 0.9 < backed.confidence <= 0.97


# What is asked for


def test_an_execution_by_its_id() -> None:
    found = judged(*runs("..X."), *runs("..XX", flow(2, None, call("Other")), first=11), execution="3")
    assert (found.subject.kind, found.subject.execution_id, found.subject.workflow) == (
        "execution",
        "3",
        "[ACME] Flow 1",
    )
    assert found.problem is not None and found.problem.node == "Call"
    assert [other.node for other in found.others] == ["Other"]


def test_a_workflow_by_part_of_its_name() -> None:
    found = judged(*runs("..X."), *runs("..XX", flow(2, "[ACME] Invoices"), first=11), workflow="invoi")
    assert (found.subject.kind, found.subject.workflow_id) == ("workflow", "wf2")


def test_without_a_subject_the_gravest_problem_comes_first() -> None:
    lasting = runs("...XXXX", flow(2), first=11)
    found = judged(*lasting, *runs(".........X...", wrong=error(504)))
    assert (found.subject.kind, found.subject.workflow) == ("group", "[ACME] Flow 2")
    assert [other.workflow for other in found.others] == ["[ACME] Flow 1"]


DAY = timedelta(days=1)
# A history, the execution asked for, and what is known of its stretch: onset and newest (as executions), failures.
STRETCHES = [
    ("....XXX..........XX", "6", "5", "7", 3),
    ("....XXX..........XX", "18", "18", "19", 5),  # the newest stretch, as without a subject
    ("....X.XX......X", "5", "5", "8", 3),  # a good run inside a stretch does not end it
    ("..X.....XXX.....X", "9", "9", "11", 4),  # the middle one of three
    ("..X.....XXX.....X", "3", "3", "3", 1),
]


@pytest.mark.parametrize(("signs", "asked", "onset", "newest", "count"), STRETCHES)
def test_an_execution_is_answered_for_its_own_stretch(
    signs: str, asked: str, onset: str, newest: str, count: int
) -> None:
    found = judged(*runs(signs), execution=asked)
    assert found.subject.execution_id == asked
    assert found.problem is not None
    assert found.problem.onset == START + (int(onset) - 1) * HOUR
    assert (found.problem.execution_ids[0], found.problem.count) == (newest, count)
    assert (found.problem.later is None) == ("X" not in signs[int(newest) :])


def test_what_was_true_around_an_old_execution() -> None:
    """Workflow 2 failed with the same credential later only; afterwards all went well until it came back."""
    found = judged(*runs("....XXX........XX"), *runs("...............XX", flow(2), first=21), execution="5")
    best = first(found)
    assert fact(best.for_, "last succeeded in execution 4")
    assert not [each for each in best.for_ if each.check == "DX-3"]
    assert found.impact is not None
    assert (found.impact.failed_executions, found.impact.good_since, found.impact.still_failing) == (3, 8, False)
    assert found.window.to == START + 14 * HOUR
    later = found.problem.later if found.problem else None
    assert later is not None
    assert later.text == (
        "It came back later: 2 more runs failed this way from 2026-03-02 23:00 UTC to 2026-03-03 00:00 UTC, "
        "the newest is execution 17."
    )
    assert later.executions == ("17", "16")
    assert later in next(finding.evidence for finding in found.findings if finding.check == "DX-6")
    assert found.next_step is not None and found.next_step.startswith("It came back since: ask for execution 17")
    for text in (display.summary(found).markdown, display.summary(found).html):
        assert "It came back later: 2 more runs" in text


def test_what_others_did_after_it_was_over_is_no_part_of_it() -> None:
    apart = [*runs("....XXX......"), *runs(".............XX", flow(2), first=21)]
    assert not [each for each in first(judged(*apart, workflow="wf1")).for_ if each.check == "DX-3"]
    meanwhile = [*runs("....XXX......"), *runs("....XX", flow(2), first=21)]
    assert [each for each in first(judged(*meanwhile, workflow="wf1")).for_ if each.check == "DX-3"]


def test_a_caller_is_answered_for_the_stretch_of_the_run_it_called() -> None:
    executions = [*runs(".XX.......X", flow(2)), *(calling(20 + n, str(n), asking(1)) for n in (2, 3, 11))]
    old, new = judged(*executions, execution="22"), judged(*executions, execution="31")
    assert old.problem is not None and new.problem is not None
    assert (old.problem.execution_ids, old.problem.later is None) == (("3", "2"), False)
    assert (new.problem.execution_ids[0], new.problem.later) == ("11", None)


def test_runs_of_one_instant_are_no_stretches_of_their_own() -> None:
    found = judged(*runs("X.....X", every=timedelta(0)), execution="1")
    assert found.problem is not None
    assert (found.problem.count, found.problem.later) == (2, None)


LATE = flow(1, None, call("First"), call())
SOFT = flow(1, None, call(onError="continueRegularOutput"))
AGAIN = error(400, "Bad request")


def lossy(number: int) -> Json:
    """A run of workflow 1 that went on though items failed: grave, even where later runs went well."""
    return run(number, START + number * HOUR, None, SOFT, items=[{"json": {"error": "Row refused"}}])


WORKFLOWS = [
    # a graver problem is over
    ([lossy(1), *runs(".....", SOFT, first=2, start=START + 2 * HOUR), run(12, NOW, AGAIN, SOFT)], "Bad request"),
    # the gravest of those that go on, though another is newer
    ([*runs("..XXX", LATE), run(12, START + DAY, AGAIN, LATE)], "Authorization failed"),
    # none goes on: the newest, though another was graver
    ([lossy(1), *runs("....X..", SOFT, wrong=AGAIN, first=2, start=START + 2 * HOUR)], "Bad request"),
    # a run that failed only later on got past the first node, so what failed there is over
    (
        [*runs("..XXX", LATE, node="First"), *runs("X", LATE, wrong=AGAIN, first=21, start=START + DAY)],
        "Bad request",
    ),
]


@pytest.mark.parametrize(("executions", "message"), WORKFLOWS, ids=["over", "gravest", "newest", "got past"])
def test_a_workflow_is_answered_by_what_goes_on(executions: list[Json], message: str) -> None:
    found = judged(*executions, workflow="wf1")
    assert found.problem is not None and found.problem.message is not None
    assert found.problem.message.startswith(message)


def test_a_workflow_whose_own_problem_is_over_is_answered_by_its_sub_workflow() -> None:
    own = runs("..XXX.....", asking(1), wrong=AGAIN)
    child = [*runs("....XX", flow(2), first=21, start=START + DAY), calling(31, "26", asking(1))]
    found = judged(*own, *child, workflow="wf1")
    assert found.problem is not None
    assert found.problem.workflow == "[ACME] Flow 2"


REFUSED = [
    ({"execution": "99"}, "no execution 99 in this source. It holds 7 executions, 1 to 7"),
    ({"workflow": "[ACME] Flwo 1"}, "Did you mean “[ACME] Flow 1”"),
    ({"workflow": "flwo"}, "Did you mean “[ACME] Flow 1”"),
    ({"workflow": "Invoices"}, "no workflow “Invoices” in this source. It holds “[ACME] Flow 1”."),
    ({"client": "BETA"}, "no executions of client BETA in this source. It holds: ACME"),
    ({"execution": "https://n8n.acme.example/workflow/wf1/executions/99"}, "no execution 99 of workflow wf1"),
    ({"execution": "https://n8n.acme.example/workflow/wf9/executions/7"}, "no execution 7 of workflow wf9"),
    ({"execution": "https://n8n.acme.example/home"}, "no n8n execution address"),
    (
        {"execution": "https://evil.example/workflow/wf1/executions/7"},
        "on none of the n8n servers in the settings: main",
    ),
    ({"execution": "http://n8n.acme.example/workflow/wf1/executions/7"}, "on none of the n8n servers"),
    ({"execution": "https://n8n.acme.example:8443/workflow/wf1/executions/7"}, "on none of the n8n servers"),
    ({"execution": "https://n8n.acme.example.evil.example/workflow/wf1/executions/7"}, "on none of the n8n servers"),
    ({"execution": "https://n8n.acme.example@evil.example/workflow/wf1/executions/7"}, "on none of the n8n servers"),
    ({"execution": "https://n8n.acme.example:x/workflow/wf1/executions/7"}, "on none of the n8n servers"),
    ({"execution": "https://[::1/workflow/wf1/executions/7"}, "on none of the n8n servers"),
]
SERVER = Settings(n8n={"main": Server(url="https://n8n.acme.example")})


@pytest.mark.parametrize(("asked", "says"), REFUSED, ids=[str(next(iter(asked.values()))) for asked, _ in REFUSED])
def test_what_is_not_there_is_refused_with_what_is(asked: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        judged(*runs("....XXX"), settings=SERVER, **asked)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://n8n.acme.example/workflow/wf1/executions/6",
        "https://n8n.acme.example:443/workflow/wf1/executions/6?x=1#top",
        "https://N8N.acme.example/workflow/wf1/debug/6",
        "https://n8n.acme.example/execution/6",
    ],
)
@pytest.mark.parametrize("settings", [SERVER, Settings()], ids=["server", "no server"])
def test_an_execution_by_its_address(address: str, settings: Settings) -> None:
    assert judged(*runs("....XXX"), settings=settings, execution=address).subject.execution_id == "6"


def test_a_name_that_several_workflows_have_is_refused() -> None:
    twins = [*runs("..X"), *runs("..X", flow(2, "[ACME] Flow 1"), first=11)]
    with pytest.raises(UsageError, match="Several workflows fit"):
        judged(*twins, workflow="[ACME] Flow 1")
    assert judged(*twins, workflow="wf2").subject.workflow_id == "wf2"


def test_the_settings_of_a_client_keep_to_its_workflows() -> None:
    found = judged(*runs("...XXXX"), *runs("..X", flow(2, "[BETA] Flow"), first=11), client="BETA")
    assert (found.subject.client, found.others) == ("BETA", ())


def test_what_another_client_has_is_not_healthy_but_unknown() -> None:
    both = [*runs("...XXXX"), *runs("...", flow(2, "[BETA] Flow"), first=11)]
    for asked in ({"execution": "7"}, {"workflow": "wf1"}):
        with pytest.raises(UsageError):
            judged(*both, client="BETA", **asked)
    assert judged(*both, client="BETA").headline.startswith("None of the 3 executions failed")


def test_later_runs_are_left_out() -> None:
    executions = runs("...X.XXX")
    found = judged(*executions, now=START + 4 * HOUR)
    assert found.problem is not None
    assert found.problem.execution_ids == ("4",)
    assert found.window.to == START + 4 * HOUR
    with pytest.raises(UsageError):
        judged(*executions, now=START + 4 * HOUR, execution="8")


def test_a_problem_without_any_time_is_diagnosed_all_the_same() -> None:
    found = judged(*({**each, "startedAt": None, "stoppedAt": None, "data": None} for each in runs("XX")))
    assert found.problem is not None
    assert (found.problem.count, found.problem.onset, found.problem.last_seen) == (2, None, None)
    assert found.problem.pattern == "intermittent"
    assert found.impact is not None and found.impact.since is None
    assert "last at an unknown time" in found.findings[0].summary
    assert "not known" in display.summary(found).markdown


# Sub-workflows


def test_asking_for_the_parent_diagnoses_the_child() -> None:
    executions = [*runs("XXX", flow(2)), *(calling(10 + n, str(n), asking(1)) for n in (1, 2, 3))]
    for asked in ({"execution": "13"}, {"workflow": "wf1"}):
        found = judged(*executions, **asked)
        assert found.subject.workflow == "[ACME] Flow 1"
        assert found.problem is not None
        assert (found.problem.workflow, found.problem.node) == ("[ACME] Flow 2", "Call")
        assert found.impact is not None and found.impact.callers == ("[ACME] Flow 1",)


def test_asking_for_the_caller_of_a_caller_diagnoses_the_innermost() -> None:
    chain = [run(1, START, UNAUTHORISED, flow(3)), calling(2, "1", asking(2), "wf3"), calling(3, "2", asking(1))]
    found = judged(*chain, execution="3")
    assert found.problem is not None
    assert found.problem.workflow == "[ACME] Flow 3"


def test_a_child_that_is_not_in_the_log_is_diagnosed_at_its_caller() -> None:
    found = judged(calling(3, "2", asking(1)), execution="3")
    assert found.problem is not None
    assert (found.problem.workflow, found.problem.node) == ("[ACME] Flow 1", "Ask")


def test_a_child_that_is_there_but_says_nothing_leaves_the_caller_failed() -> None:
    child = run(1, START, None, flow(2), status="running", stoppedAt=None)
    found = judged(child, calling(3, "1", asking(1)), execution="3")
    assert found.problem is not None


# Health


@pytest.mark.parametrize(
    ("asked", "headline"),
    [
        ({}, "None of the 4 executions failed: nothing to diagnose."),
        ({"workflow": "wf1"}, "None of the 3 runs of “[ACME] Flow 1” in the window failed: nothing to diagnose."),
        ({"execution": "2"}, "Execution 2 of “[ACME] Flow 1” (success) holds no failure: nothing to diagnose."),
    ],
)
def test_a_healthy_subject_has_no_hypotheses_and_says_so(asked: dict[str, str], headline: str) -> None:
    found = judged(*runs("..."), *runs(".", flow(2), first=9), **asked)
    assert found.headline == headline
    assert (found.hypotheses, found.problem, found.severity, found.impact) == ((), None, None, None)
    assert outcome(found, "DX-1") is Outcome.CLEAN
    assert outcome(found, "DX-2") is outcome(found, "DX-4") is Outcome.COULD_NOT_LOOK


def test_a_healthy_execution_of_a_failing_workflow_is_healthy_and_names_the_others() -> None:
    found = judged(*runs("...XX"), execution="2")
    assert found.hypotheses == ()
    assert [other.count for other in found.others] == [2]


def test_what_could_not_be_seen_into_is_no_health() -> None:
    found = judged(*({**each, "data": None} for each in runs("..")))
    assert "2 of 2 hold no full data, so errors inside them could not be seen." in found.headline
    assert outcome(found, "DX-1") is Outcome.COULD_NOT_LOOK


def test_no_executions_are_no_health() -> None:
    found = judged()
    assert found.headline == "There are no executions to look at."
    assert outcome(found, "DX-1") is Outcome.COULD_NOT_LOOK


# Shape


def shape(value: object) -> object:
    """Keys all the way down; of a list, its first element."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_the_shape_of_diagnosis_json() -> None:
    found = json.loads(json.dumps(judged(*runs("....XXX"), *runs(".......", flow(2), first=11)).as_json()))
    facts = [{"text": None, "executions": [None], "check": None, "at": None}]
    assert shape(found["subject"]) == dict.fromkeys(
        ("kind", "instance", "workflow_id", "workflow", "execution_id", "client")
    )
    assert found["subject"]["kind"] == "group"
    assert {"suggested", "reasons", "chosen", "deadlines"} <= set(found["severity"])
    assert found["severity"]["suggested"] == "P2"
    assert found["severity"]["chosen"] is None
    assert set(found["severity"]["deadlines"]) == {"respond", "resolve", "notify"}
    assert found["severity"]["deadlines"]["respond"] == "2026-03-09T12:00:00Z"
    hypothesis = shape(found["hypotheses"][0])
    assert isinstance(hypothesis, dict)
    assert set(hypothesis) == {"cause", "detail", "confidence", "for", "against", "next_look", "procedure"}
    assert hypothesis["for"] == hypothesis["against"] == facts
    assert set(found["findings"][0]) == {"check", "outcome", "summary", "asked", "evidence", "at", "took_s"}
    assert {finding["outcome"] for finding in found["findings"]} <= {"found", "clean", "could_not_look"}
    assert found["impact"]["since"] == "2026-03-02T12:00:00Z"
    assert found["window"] == {"from": "2026-03-02T08:00:00Z", "to": "2026-03-02T14:00:00Z", "pruned_before": None}


def test_what_was_not_computed_is_null_in_json() -> None:
    found = judged(*runs("..")).as_json()
    assert found["hypotheses"] == []
    assert found["severity"] is found["impact"] is found["problem"] is None


def test_times_are_utc_whatever_zone_it_is_seen_from() -> None:
    from zoneinfo import ZoneInfo

    found = judged(*runs("....XXX"), now=NOW.astimezone(ZoneInfo("Asia/Tokyo"))).as_json()
    assert found["severity"]["detected_at"] == "2026-03-09T08:00:00Z"
    assert all(due is None or due.endswith("Z") for due in found["severity"]["deadlines"].values())


def test_the_sample() -> None:
    case = sample_case()
    found = diagnose(case.log, now=case.now, settings=case.settings)
    best = first(found)
    assert (best.cause, best.detail) == (Cause.CREDENTIALS, "oauth_token")
    assert fact(best.for_, "with the same credential")
    assert found.severity is not None and found.severity.suggested == "P2"
    assert found.next_step is not None and "RES-1" in found.next_step
    assert len(found.others) > 5
    assert timedelta() < found.severity.deadlines["respond"] - case.now <= timedelta(hours=4)  # type: ignore[operator]
