"""From a log to an answer: what failed, since when, why, how bad, and what to do. The one place that knows the flow.

analyse(log)            -> Analysis: failures judged, fingerprinted and grouped
diagnose(log, now=...)  -> Diagnosis of one execution, one workflow, or the gravest problem there is
investigate(case)       -> the same for a case, kept in its folder
survey(case)            -> Survey: every problem of the case's source
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from incident_nb.case import Case
from incident_nb.diagnose import checklist, gravity, rank
from incident_nb.diagnose.advice import next_step
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.evidence import evidence
from incident_nb.diagnose.leaks import leaks
from incident_nb.diagnose.scene import Analysis, Scene, among, known, within
from incident_nb.diagnose.stretch import earlier
from incident_nb.diagnose.subject import (
    execution_of,
    group_of_execution,
    origins,
    runs_of,
    subject_of_execution,
    text,
    workflow_of,
)
from incident_nb.diagnose.survey import Survey, survey
from incident_nb.models import Cause, Diagnosis, ExecutionLog, Fact, Finding, Hypothesis, Problem, Subject
from incident_nb.policy import Policy, SeverityFacts, load, suggest
from incident_nb.settings import Settings

__all__ = ["Analysis", "Survey", "analyse", "diagnose", "investigate", "survey", "within"]

OTHERS = 20
WORDS_OF_A_GROUP = ("client", "workflow_id", "workflow", "node", "node_type", "message", "detail")


def diagnose(
    log: ExecutionLog | Analysis,
    *,
    now: datetime,
    execution: str | None = None,
    workflow: str | None = None,
    client: str | None = None,
    settings: Settings | None = None,
    policy: Policy | None = None,
) -> Diagnosis:
    """The diagnosis of an execution (id or address), a workflow (id or name), or, with neither, the gravest problem.

    An execution is answered for the stretch of failures that it is part of, as known before the problem came back; a
    workflow by its gravest problem that goes on, where none does by its newest.

    `now` (zone-aware) is the instant it is seen from: later executions are left out, and the deadlines count from it,
    since an export does not say when somebody noticed. `client` keeps to one client's workflows. A healthy subject
    gives no hypotheses. Raises UsageError for an execution or workflow that is not in the log.
    """
    settings, policy, now = settings or Settings(), policy or load(), now.astimezone(UTC)
    analysis = log if isinstance(log, Analysis) else analyse(within(log, None, now), settings)
    runs = runs_of(analysis.log.executions, client)
    candidates = _behind(analysis, runs) if client else analysis.groups
    graded = _graded(analysis, candidates, policy)
    before = None
    if execution:
        run = execution_of(runs, execution, settings)
        hit, subject, runs = group_of_execution(analysis, run), subject_of_execution(run), run.to_frame().T
        group = hit[0] if hit else None
        before = earlier(analysis, *hit, settings) if hit else None
    elif workflow:
        runs = workflow_of(runs, workflow)
        behind = set(_behind(analysis, runs)["fingerprint"])
        group = _of_workflow(analysis, [problem for problem in graded if problem.fingerprint in behind])
        subject = subject_of_execution(runs.iloc[-1]).model_copy(update={"kind": "workflow", "execution_id": None})
    else:
        group = _gravest(analysis, graded)
        subject = Subject(kind="source", client=client) if group is None else _subject_of(group)
    if group is None:
        return _healthy(analysis, subject, runs, graded, now, settings, policy)
    if before:
        return _diagnosed(
            Scene(before.analysis, before.group, client), subject, graded, now, settings, policy, before.later
        )
    return _diagnosed(Scene(analysis, group, client), subject, graded, now, settings, policy)


def investigate(case: Case) -> Diagnosis:
    """The diagnosis of a case's subject, seen from the case's instant; also kept in the case as `diagnosis.json`."""
    diagnosis = diagnose(case.log, now=case.now, settings=case.settings, **case.asked)
    case.write("diagnosis.json", diagnosis.as_json())
    return diagnosis


def _diagnosed(
    scene: Scene,
    subject: Subject,
    graded: Sequence[Problem],
    now: datetime,
    settings: Settings,
    policy: Policy,
    later: Fact | None = None,
) -> Diagnosis:
    analysis, group = scene.analysis, scene.group
    found = evidence(scene)
    ranked = rank.hypotheses(scene, found, policy)
    best = ranked[0]
    block = gravity.severity_block(
        gravity.facts(scene, best.cause, best.detail), now, text(group["client"]), settings, policy
    )
    problem = _problem(scene).model_copy(
        update={"cause": best.cause, "detail": best.detail, "severity": block.suggested, "later": later}
    )
    others = [other for other in graded if other.fingerprint != problem.fingerprint]
    return Diagnosis(
        subject=subject,
        headline=_headline(problem, best),
        problem=problem,
        severity=block,
        hypotheses=ranked,
        findings=(*checklist.findings(scene, found, problem), _leaks(scene, policy)),
        impact=gravity.impact(scene),
        next_step=next_step(scene, best, policy, later),
        window=analysis.window,
        others=tuple(others[:OTHERS]),
        skipped=sum(part.rows for part in analysis.log.skipped),
    )


def _leaks(scene: Scene, policy: Policy) -> Finding:
    """Whether credentials stand in the error records of the source, or of the client that was asked for."""
    failures = scene.analysis.failures
    if scene.only is not None:
        failures = failures[failures["client"].astype("str") == scene.only]
    return leaks(failures, str(scene.group["fingerprint"]), checklist.asked(scene.analysis), policy)


def _healthy(
    analysis: Analysis,
    subject: Subject,
    runs: pd.DataFrame,
    graded: Sequence[Problem],
    now: datetime,
    settings: Settings,
    policy: Policy,
) -> Diagnosis:
    """The diagnosis of `runs` that hold no failure: what was looked at, and what of it could not be seen into."""
    named = subject.workflow or subject.workflow_id
    of = f" of “{named}”" if named else ""
    failed = int(runs["status"].isin(["error", "crashed"]).sum())
    ratio = gravity.duration_ratio(runs) if subject.kind == "workflow" else None
    slow = ratio if ratio and ratio >= policy.limits.slow_ratio else None
    if runs.empty:
        told = "There are no executions to look at."
    elif failed:
        told = (
            f"{failed} of the {len(runs)} executions{of} failed, but the records do not lead to where: open one in n8n."
        )
    elif subject.kind == "execution":
        told = f"Execution {subject.execution_id}{of}{_status(runs)} holds no failure: nothing to diagnose."
    elif subject.kind == "workflow":
        told = f"None of the {len(runs)} runs{of} in the window failed"
        told += f", but the newest take {slow:.1f} times as long as those before." if slow else ": nothing to diagnose."
    else:
        told = f"None of the {len(runs)} executions failed: nothing to diagnose."
    unseen = int((runs["data"] != "full").sum())
    if unseen:
        told += f" {unseen} of {len(runs)} hold no full data, so errors inside them could not be seen."
    known = SeverityFacts(
        failing=False, runs_since_onset=len(runs), successes_since_onset=len(runs), duration_ratio=slow
    )
    return Diagnosis(
        subject=subject,
        headline=told,
        severity=gravity.severity_block(known, now, subject.client, settings, policy) if slow else None,
        findings=checklist.healthy(analysis, told, looked=unseen < len(runs) and not failed),
        window=analysis.window,
        others=tuple(graded[:OTHERS]),
        skipped=sum(part.rows for part in analysis.log.skipped),
    )


def _status(runs: pd.DataFrame) -> str:
    status = text(runs["status"].iloc[0])
    return f" ({status})" if status else ""


def _behind(analysis: Analysis, runs: pd.DataFrame) -> pd.DataFrame:
    """The problems because of which these runs failed: their own, and those of the sub-workflows that they called."""
    failures = analysis.failures
    inner = origins(failures, failures[among(failures, runs)])
    return analysis.groups[analysis.groups["fingerprint"].isin(inner["fingerprint"])]


def _gravest(analysis: Analysis, graded: Sequence[Problem]) -> pd.Series | None:
    return _group_of(analysis, graded[0].fingerprint) if graded else None


def _of_workflow(analysis: Analysis, graded: Sequence[Problem]) -> pd.Series | None:
    """The gravest of a workflow's problems that go on; where none does, the newest."""
    mine = [_group_of(analysis, problem.fingerprint) for problem in graded]
    going_on = [group for group in mine if Scene(analysis, group).goes_on]
    return next(iter(going_on), max(mine, key=lambda group: _seconds(group["last_seen"]), default=None))


def _group_of(analysis: Analysis, fingerprint: str) -> pd.Series:
    return analysis.groups[analysis.groups["fingerprint"] == fingerprint].iloc[0]


def _graded(analysis: Analysis, candidates: pd.DataFrame, policy: Policy) -> tuple[Problem, ...]:
    """Problems with a severity each: gravest first, then the newest. Those that are over come after those that go on."""
    graded = []
    for _, group in candidates.iterrows():
        scene = Scene(analysis, group)
        suggestion = suggest(gravity.facts(scene, Cause(group["cause"]), text(group["detail"])), policy)
        problem = _problem(scene).model_copy(update={"severity": suggestion.suggested})
        graded.append((suggestion.suggested, not scene.goes_on, -_seconds(group["last_seen"]), problem))
    return tuple(entry[-1] for entry in sorted(graded, key=lambda entry: entry[:3]))


def _seconds(at: pd.Timestamp) -> float:
    return 0.0 if pd.isna(at) else at.timestamp()


def _problem(scene: Scene) -> Problem:
    group, began = scene.group, scene.onset
    newest = scene.members.iloc[-1]
    words: dict[str, Any] = {name: text(group[name]) for name in WORDS_OF_A_GROUP}
    rate = group["error_rate"]
    return Problem(
        fingerprint=group["fingerprint"],
        instance=str(group["instance"]),
        **words,
        description=text(newest["description"]),
        http_code=text(newest["http_code"]),
        count=int(group["count"]),
        execution_ids=tuple(group["execution_ids"]),
        first_seen=known(group["first_seen"]),
        last_seen=known(group["last_seen"]),
        onset=scene.began,
        onset_not_before=began.not_before if began else None,
        onset_not_after=began.not_after if began else None,
        last_good_before=known(scene.good_before["at"].max()) if len(scene.good_before) else None,
        pattern=group["pattern"],
        pattern_why=str(group["why"]).split("; ", 1)[-1],
        error_rate=None if pd.isna(rate) else float(rate),
        cause=Cause(group["cause"]),
    )


def _subject_of(group: pd.Series) -> Subject:
    names = ("instance", "workflow_id", "workflow", "client")
    return Subject(kind="group", execution_id=group["execution_ids"][0], **{name: text(group[name]) for name in names})


def _headline(problem: Problem, best: Hypothesis) -> str:
    name = problem.workflow or problem.workflow_id
    where = f"“{name}”" if name else "A workflow without a name"
    node = f" at “{problem.node}”" if problem.node else ""
    times = "once" if problem.count == 1 else f"{problem.count} times"
    why = (
        "for a reason the records do not tell"
        if best.cause is Cause.UNKNOWN
        else f"most likely because of {WORDS[best.cause]}"
    )
    return f"{where} failed {times}{node}, {why}."


WORDS = {
    Cause.CREDENTIALS: "its credentials",
    Cause.RATE_LIMIT: "a rate limit or used-up quota",
    Cause.TIMEOUT: "a time-out",
    Cause.NETWORK: "the network",
    Cause.EXTERNAL_OUTAGE: "an outage of the service it calls",
    Cause.ENDPOINT_CRASH: "a crash of our own endpoint",
    Cause.EXTERNAL_API_CHANGED: "a change of the API it calls",
    Cause.DATA_FORMAT: "data in a form it does not expect",
    Cause.WORKFLOW_INACTIVE: "a workflow that is not active",
    Cause.WORKFLOW_CONFIG: "its own configuration",
    Cause.INFRASTRUCTURE: "n8n or its host",
    Cause.UNKNOWN: "a reason the records do not tell",
}
