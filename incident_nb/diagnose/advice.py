"""What to do next: for each cause the look that would settle it, and the procedure's resolution behind it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from incident_nb.diagnose.called import called
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Fact, Finding, Hypothesis
from incident_nb.policy import Policy

# By cause, and by its detail where that calls for something else.
LOOKS: dict[tuple[Cause, str | None], str] = {
    (Cause.CREDENTIALS, None): "Open the credential {credential} in n8n and test it; ask who changed or revoked it.",
    (Cause.CREDENTIALS, "permission"): "Compare what the credential {credential} may do with what {node} asks for.",
    (Cause.RATE_LIMIT, None): "Compare the calls per minute of {workflow} with the limit of {service}.",
    (Cause.RATE_LIMIT, "quota"): "See in the account at {service} when the quota resets, or have the plan raised.",
    (Cause.TIMEOUT, None): "Call {service} directly, timed, several times; compare with the time-out set on {node}.",
    (Cause.TIMEOUT, "execution"): "See what {workflow} spends its time on; raise its time limit, or split its work.",
    (Cause.NETWORK, None): "Resolve and connect to {service} from the n8n host (DNS, TCP, TLS).",
    (Cause.EXTERNAL_OUTAGE, None): "Read the status page of {service}, and send it one request by hand.",
    (Cause.ENDPOINT_CRASH, None): "Read the logs of the endpoint at {service} at the time of the first failure.",
    (
        Cause.EXTERNAL_API_CHANGED,
        None,
    ): "Read what {service} says of changes; correct the address or version in {node}.",
    (Cause.DATA_FORMAT, None): "Compare the input of {node} in a failing run with its input in a good one.",
    (
        Cause.WORKFLOW_INACTIVE,
        None,
    ): "Check in n8n whether the called workflow is active (2.x: published), and since when not.",
    (Cause.WORKFLOW_CONFIG, None): "Open {node} in the editor and compare it with the version that last worked.",
    (
        Cause.INFRASTRUCTURE,
        None,
    ): "Check the n8n host at that time: memory, disk, database, workers; free what is full.",
    (Cause.UNKNOWN, None): "Open the execution in n8n and read the full error and the input of {node}.",
}
# Where the record says which workflow was called in vain.
SWITCHED_OFF = "Publish {called} in n8n (1.x: activate it) if it is meant to run; see who switched it off, and when."
GONE = "Look for {called} in n8n, archived ones too: bring it back, or have {node} call another workflow."
SURE = 0.8


def next_look(scene: Scene, cause: Cause, detail: str | None) -> str:
    """The look that would settle a cause, with this problem's names filled in."""
    newest = scene.members.iloc[-1]
    node = f"“{scene.node}”" if scene.node else "the failing node"
    workflow = scene.group["workflow"]
    names = {
        "node": node,
        "workflow": f"“{workflow}”" if pd.notna(workflow) else "the workflow",
        "credential": f"“{newest['credential']}”" if pd.notna(newest["credential"]) else f"that {node} uses",
        "service": str(newest["host"]) if pd.notna(newest["host"]) else f"the service that {node} calls",
    }
    target = called(scene) if cause is Cause.WORKFLOW_INACTIVE else None
    if target:
        return (GONE if target.gone else SWITCHED_OFF).format(called=target.shown, **names)
    return LOOKS.get((cause, detail), LOOKS[cause, None]).format(**names)


def next_step(scene: Scene, best: Hypothesis, policy: Policy, later: Fact | None = None) -> str:
    """What to do now: whether it is over, the look that settles the cause, then the procedure's resolution for it.

    `later` is the fact that it came back after what the scene shows.
    """
    good = len(scene.good_after)
    if later:
        over = f"It came back since: ask for execution {later.executions[0]} to see how it stands now. "
    else:
        over = f"{good} good run{'s' * (good != 1)} since the last failure: find out first whether it is over. "
    row = next((row for row in policy.resolutions if row.id in best.procedure), None)
    if row is None:
        path = ""
    else:
        what = row.resolution.split(": `")[0].rstrip(".")  # its commands have names to fill in; step 3 shows them
        path = f" {'Then' if best.confidence >= SURE else 'Then, if it is confirmed'}: {what} ({row.id})."
    return f"{over if good or later else ''}{best.next_look or ''}{path}"


# Which checks carry out the diagnostic step of a symptom's row.
CARRIED_OUT = {
    "RC-1": ("DX-3",), "RC-2": ("DX-2", "DX-4"), "RC-3": ("RC-3",), "RC-4": ("RC-4",), "RC-5": ("DX-6", "DX-4"),
    "RC-6": ("RC-6",),
}  # fmt: skip


def followed(hypothesis: Hypothesis, findings: Sequence[Finding], policy: Policy) -> list[str]:
    """The procedure's symptom rows for a cause, each with its diagnostic step and what came of it, one sentence a row."""
    outcomes = {finding.check: str(finding.outcome).replace("_", " ") for finding in findings}
    told = []
    for row in policy.root_causes:
        if row.id in hypothesis.procedure:
            done = [f"{check} {outcomes[check]}" for check in CARRIED_OUT.get(row.id, ()) if check in outcomes]
            came = f"Done: {', '.join(done)}." if done else "Not done: live systems were not asked."
            told.append(f"{row.id} ({row.symptom}): {row.diagnostic_step}. {came}")
    return told
