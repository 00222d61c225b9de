"""Plans in words, line by line: a label (a workflow's id, `#` for a heading, or nothing) and what it says."""

from __future__ import annotations

from incident_nb.actions import contain, restore

MOST = 200  # workflows
MOST_OTHERS = 20

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
