"""The diagnosis of what holds no failure: what was looked at, and what of it could not be seen into."""

from __future__ import annotations

from incident_nb.diagnose import checklist, gravity
from incident_nb.diagnose.aim import OTHERS, Aim
from incident_nb.diagnose.checks import Checks
from incident_nb.diagnose.subject import text
from incident_nb.models import Diagnosis, Outcome
from incident_nb.policy import Policy, SeverityFacts
from incident_nb.settings import Settings


def healthy(aim: Aim, settings: Settings, policy: Policy, checks: Checks) -> Diagnosis:
    """The diagnosis of runs that hold no failure; what live checks found all the same is said in its headline."""
    subject, runs, answers = aim.subject, aim.runs, checks.answers
    failed = int(runs["status"].isin(["error", "crashed"]).sum())
    ratio = gravity.duration_ratio(runs) if subject.kind == "workflow" else None
    slow = ratio if ratio and ratio >= policy.limits.slow_ratio else None
    told = _told(aim, failed, slow)
    unseen = int((runs["data"] != "full").sum())
    if unseen:
        told += f" {unseen} of {len(runs)} hold no full data, so errors inside them could not be seen."
    alive = [answer for answer in answers if answer.outcome is Outcome.FOUND]
    known = SeverityFacts(
        failing=False, runs_since_onset=len(runs), successes_since_onset=len(runs), duration_ratio=slow
    )
    return Diagnosis(
        subject=subject,
        headline=" ".join([told, *(f"But: {answer.summary}" for answer in alive[:1])]),
        severity=gravity.severity_block(known, aim.now, subject.client, settings, policy) if slow else None,
        findings=checklist.healthy(aim.analysis, told, unseen < len(runs) and not failed, answers),
        next_step=next((answer.next_look for answer in alive if answer.next_look), None),
        window=aim.analysis.window,
        not_asked=checks.why_not,
        others=aim.graded[:OTHERS],
        skipped=sum(part.rows for part in aim.analysis.log.skipped),
    )


def _told(aim: Aim, failed: int, slow: float | None) -> str:
    subject, runs = aim.subject, aim.runs
    named = subject.workflow or subject.workflow_id
    of = f" of “{named}”" if named else ""
    if runs.empty:
        return "There are no executions to look at."
    if failed:
        return (
            f"{failed} of the {len(runs)} executions{of} failed, but the records do not lead to where: open one in n8n."
        )
    if subject.kind == "execution":
        status = text(runs["status"].iloc[0])
        shown = f" ({status})" if status else ""
        return f"Execution {subject.execution_id}{of}{shown} holds no failure: nothing to diagnose."
    if subject.kind == "workflow":
        told = f"None of the {len(runs)} runs{of} in the window failed"
        slower = (
            f", but the newest take {slow:.1f} times as long as those before." if slow else ": nothing to diagnose."
        )
        return told + slower
    return f"None of the {len(runs)} executions failed: nothing to diagnose."
