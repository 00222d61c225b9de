"""From a log to an answer: what failed, since when, why, how bad, and what to do. The one place that knows the flow.

analyse(log)            -> Analysis: failures judged, fingerprinted and grouped
diagnose(log, now=...)  -> Diagnosis of one execution, one workflow, or the gravest problem there is
run_checks(case)        -> Checks: what live systems answered for the case's subject
investigate(case)       -> the diagnosis of a case, kept in its folder
survey(case)            -> Survey: every problem of the case's source
"""

from __future__ import annotations

from datetime import datetime

from incident_nb.case import Case
from incident_nb.diagnose import checklist, gravity, rank
from incident_nb.diagnose.advice import next_step
from incident_nb.diagnose.aim import OTHERS, Aim, aim, problem_of
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.checks import Checks, run_checks
from incident_nb.diagnose.evidence import evidence
from incident_nb.diagnose.healthy import healthy
from incident_nb.diagnose.judged import Analysis, within
from incident_nb.diagnose.leaks import leaks
from incident_nb.diagnose.scene import Scene
from incident_nb.diagnose.subject import text
from incident_nb.diagnose.survey import Survey, survey
from incident_nb.executions import ExecutionLog
from incident_nb.models import Cause, Diagnosis, Finding, Hypothesis, Problem
from incident_nb.policy import Policy, load
from incident_nb.settings import Settings

__all__ = [
    "OTHERS",
    "Analysis",
    "Checks",
    "Survey",
    "analyse",
    "diagnose",
    "investigate",
    "run_checks",
    "survey",
    "within",
]


def diagnose(
    log: ExecutionLog | Analysis,
    *,
    now: datetime,
    execution: str | None = None,
    workflow: str | None = None,
    client: str | None = None,
    settings: Settings | None = None,
    policy: Policy | None = None,
    checks: Checks | None = None,
) -> Diagnosis:
    """The diagnosis of an execution (id or address), a workflow (id or name), or, with neither, the gravest problem.

    An execution is answered for the stretch of failures that it is part of, as known before the problem came back; a
    workflow by its gravest problem that goes on, where none does by its newest.

    `now` (zone-aware) is the instant it is seen from: later executions are left out, and the deadlines count from it,
    since an export does not say when somebody noticed. `client` keeps to one client's workflows. `checks` are those
    made for the same subject. A healthy subject gives no hypotheses. Raises UsageError for an execution
    or workflow that is not in the log.
    """
    settings, policy = settings or Settings(), policy or load()
    checks = checks or Checks(why_not="only the records were read")
    meant = aim(log, now=now, execution=execution, workflow=workflow, client=client, settings=settings, policy=policy)
    if meant.scene is None:
        return healthy(meant, settings, policy, checks)
    return _diagnosed(meant, meant.scene, settings, policy, checks)


def investigate(case: Case, checks: Checks | None = None) -> Diagnosis:
    """The diagnosis of a case's subject, seen from the case's instant; also kept in the case as `diagnosis.json`.

    `checks`: what live systems answered, by `run_checks`; without them what the case keeps of an earlier time.
    """
    checks = checks or Checks(case.answers, case.not_asked)
    log = checks.analysis or case.log
    diagnosis = diagnose(log, now=case.now, settings=case.settings, checks=checks, **case.asked)
    case.write("diagnosis.json", diagnosis.as_json())
    return diagnosis


def _diagnosed(meant: Aim, scene: Scene, settings: Settings, policy: Policy, checks: Checks) -> Diagnosis:
    analysis, group = scene.analysis, scene.group
    found = evidence(scene)
    ranked = rank.hypotheses(scene, found, policy, checks.answers)
    best = ranked[0]
    block = gravity.severity_block(
        gravity.facts(scene, best.cause, best.detail), meant.now, text(group["client"]), settings, policy
    )
    problem = problem_of(scene).model_copy(
        update={"cause": best.cause, "detail": best.detail, "severity": block.suggested, "later": meant.later}
    )
    others = [other for other in meant.graded if other.fingerprint != problem.fingerprint]
    return Diagnosis(
        subject=meant.subject,
        headline=_headline(problem, best),
        problem=problem,
        severity=block,
        hypotheses=ranked,
        findings=(*checklist.findings(scene, found, problem, checks.answers), _leaks(scene, policy)),
        impact=gravity.impact(scene),
        next_step=next_step(scene, best, policy, meant.later),
        window=analysis.window,
        not_asked=checks.why_not,
        others=tuple(others[:OTHERS]),
        skipped=sum(part.rows for part in analysis.log.skipped),
    )


def _leaks(scene: Scene, policy: Policy) -> Finding:
    """Whether credentials stand in the error records of the source, or of the client that was asked for."""
    failures = scene.analysis.failures
    if scene.only is not None:
        failures = failures[failures["client"].astype("str") == scene.only]
    return leaks(failures, str(scene.group["fingerprint"]), checklist.asked(scene.analysis), policy)


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
