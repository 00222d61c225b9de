"""Plans in words, line by line: a label (a workflow's id, `#` for a heading, or nothing) and what it says."""

from __future__ import annotations

from collections.abc import Sequence

from incident_nb.actions import contain, replays, restore
from incident_nb.actions.next_runs import Estimate
from incident_nb.actions.trial import Trial
from incident_nb.actions.verify import Watching
from incident_nb.documents.client_facts import things_of
from incident_nb.incidents.kinds.recovering import Harmed
from incident_nb.policy import GateItem
from incident_nb.said import Harm

MOST = 200  # workflows
MOST_OTHERS = 20
MOST_NODES = 8
MOST_RUNS = 20
JUDGED = {"good": "good", "bad": "bad", "not_counted": "does not count", "going_on": "goes on"}

Lines = list[tuple[str, str]]


def stops(plan: contain.Plan) -> Lines:
    """What would be stopped, and what that stops."""
    name = f"INC-{plan.number}"
    lines = [("#", f"To stop for {name} on n8n “{plan.instance}”: {plan.scope}")]
    for row in plan.of("stop")[:MOST]:
        whose = f" of {row.client}" if row.client else ""
        started = f"; started by {', '.join(row.starts)}" if row.starts else "; runs only when another one calls it"
        lines.append((row.workflow_id, f"{row.workflow}{whose}{started}"))
        if row.callers:
            then = "their runs will fail at that node" if plan.drafts else "n8n 1.x lets them run it all the same"
            lines.append(("", f"called by {', '.join(row.callers)}: {then}"))
        if row.going_on:
            lines.append(("", f"going on now, and not ended by this: execution {', '.join(row.going_on)}"))
    if len(plan.of("stop")) > MOST:
        lines.append(("", f"and {len(plan.of('stop')) - MOST:,} more: --json has all"))
    lines += [(row.workflow_id, f"{row.workflow}: stopped for {name} already") for row in plan.of("stopped")]
    for row in plan.of("off"):
        all_the_same = row.callers and not plan.drafts
        more = f"; called by {', '.join(row.callers)}, which n8n 1.x lets run it all the same" if all_the_same else ""
        lines.append((row.workflow_id, f"{row.workflow}: is not active{more}"))
    if plan.of("stop") and not plan.drafts:
        lines.append(("", "n8n 1.x does not list all executions that wait; look in the editor, if some may."))
    if plan.others:
        others = ", ".join(plan.others[:MOST_OTHERS])
        lines.append(("", f"The same credential is used by {others}: --credential stops those, too."))
    return lines


def returns(plan: restore.Plan) -> Lines:
    """What would be put back, and what is left as it is."""
    lines = [("#", f"To put back for INC-{plan.number} on n8n “{plan.instance}”")]
    for row in plan.rows:
        how = row.why or (f"in version {row.version}" if plan.drafts else "as it is saved")
        lines.append((row.workflow_id, f"{row.workflow}: {how}"))
    return lines


HEADS: tuple[tuple[replays.Do, str], ...] = (
    ("retry", "To retry"),
    ("keyed", "Only if asked for (--keyed), since they write again under a key"),
    ("person", "For a person to look at; one that is named is retried all the same (--execution)"),
    ("unsure", "Begun before, and not known what came of it; one that is named is retried all the same (--execution)"),
    ("with", "Done with another one"),
    ("going_on", "Being retried"),
    ("apart", "Can't be retried; only a new run from its trigger, or by hand, does it"),
    ("done", "Retried already"),
)


def harm(counted: Harmed | Harm) -> Lines:
    """What the problem did."""
    green = f", {counted.green} were called a success all the same" if counted.green else ""
    lines = [("", f"Since {counted.since:%Y-%m-%d %H:%M} UTC {_executions(counted.failed)} failed{green}.")]
    if counted.items:
        lines.append(("", f"In them: {things_of(counted.items)}."))
    if counted.wrote:
        wrote = ", ".join(f"“{node}” ({count})" for node, count in counted.wrote.items())
        lines.append(("", f"Written before they failed, by executions: {wrote}."))
    if counted.unseen:
        lines.append(("", f"{counted.unseen} kept no data of what reached the node that failed."))
    return lines


def _executions(count: int) -> str:
    return f"{count:,} execution{'s' * (count != 1)}"


def replayed(plan: replays.Plan) -> Lines:
    """What would be retried and how, and what is left to a person, each with its reason."""
    lines = [("#", f"To retry for INC-{plan.number} on n8n “{plan.instance}”"), *harm(plan.harm)]
    for do, head in HEADS:
        rows = plan.of(do)
        if rows:
            lines.append(("#", f"{head} ({len(rows)})"))
        for row in rows[:MOST]:
            lines.append((row.execution_id, f"{row.workflow}, {row.at:%Y-%m-%d %H:%M} UTC: {row.why}"))
            if do in ("retry", "keyed", "person") and row.verdict:
                lines += [("", told) for told in _how(row)]
        if len(rows) > MOST:
            lines.append(("", f"and {len(rows) - MOST:,} more: --json has all"))
    if not plan.fixed and plan.of("retry"):
        lines.append(("", "No fix is in place yet: nothing is retried before it is on record."))
    if plan.others:
        names = ", ".join(plan.others[:MOST_OTHERS]) + f" and {len(plan.others) - MOST_OTHERS:,} more" * (
            len(plan.others) > MOST_OTHERS
        )
        lines.append(
            ("", f"Failed in another way since, and not counted here: execution {names}. --workflow takes them in.")
        )
    if plan.missed:
        lines.append(("#", "Not run at all while it was stopped; only a new run from the trigger does it"))
        lines += [("", text) for text in plan.missed]
    if plan.left_out:
        lines.append(("", f"{_executions(plan.left_out)} beyond these were not looked at."))
    if plan.lacks:
        lines.append(("", plan.lacks))
    return lines


def _how(row: replays.Row) -> list[str]:
    """With which version of the workflow, and what runs again."""
    found = []
    if row.verdict and row.verdict.current:
        found.append(f"with the workflow as it is now. {row.verdict.why_current}")
    if row.verdict and len(row.verdict.rerun) > 1:
        found.append(f"runs again: {', '.join(row.verdict.rerun[:MOST_NODES])}")
    return found


def watched(seen: Watching, rows: Sequence[GateItem], estimate: Estimate | None) -> Lines:
    """How far a fix is verified: the rows, the runs since it, and when the missing ones will be in."""
    lines = [("#", f"INC-{seen.number}: is it fixed?")]
    for row in rows:
        state = "done" if row.done else "open" if row.needed else "not needed"
        lines.append((row.id, f"{state}: {row.label} ({row.basis})"))
    lines.append(("#", f"Runs since the fix{f' on n8n “{seen.instance}”' if seen.instance else ''}"))
    lines += runs(seen)
    if seen.why:
        lines.append(("", f"Not all is known: {seen.why}"))
    return [*lines, ("", estimate.text)] if estimate else lines


def runs(seen: Watching) -> Lines:
    """The newest runs since a fix, each with how it was judged and why."""
    left = len(seen.runs) - MOST_RUNS
    lines = [("", f"{left} runs before these: --json has all")] if left > 0 else []
    for one in seen.runs[-MOST_RUNS:]:
        hand = ", by hand" if one.by_hand else ""
        lines.append((one.execution_id, f"{one.at:%Y-%m-%d %H:%M} UTC{hand}: {JUDGED[one.judged]}: it {one.text}"))
    return lines or [("", "The workflow has not run since the fix.")]


def request(trial: Trial) -> Lines:
    """The request that would trigger a workflow, without what is in it."""
    keys = f", with {', '.join(trial.keys[:MOST_OTHERS])}" if trial.keys else ""
    more = " and others" if len(trial.keys) > MOST_OTHERS else ""
    return [
        ("#", f"To trigger “{trial.workflow}” on n8n “{trial.instance}” for INC-{trial.number} (VER-1)"),
        (trial.method, f"/webhook/{trial.path}: {trial.size:,} bytes of JSON{keys}{more}"),
        ("", "This is the production webhook: what the workflow does with the data, it does in earnest."),
    ]
