"""The plan carried out on an n8n server: each write is read back and told, and so is what was not done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from incident_nb.error_workflow.build import NAME, Json, workflow
from incident_nb.error_workflow.plan import Own, Plan, Row, error_workflow_of, judge, own_state
from incident_nb.errors import UnreachableError
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Outcome, Step, keeps_drafts

KEPT = ("name", "nodes", "connections", "nodeGroups", "active", "isArchived")
NOTHING = (None, "", "DEFAULT", -1)


def install(server: N8n, plan: Plan) -> Iterator[Step]:
    """Each step as it was done. Ends early where the error workflow is not ready, or it is not known what a write did."""
    rows = plan.of("set")
    if plan.own != "ready" and not rows and not plan.of("done"):
        return
    own_id = plan.own_id
    for step in _own(server, plan):
        yield step
        own_id = step.workflow_id
        if step.outcome != "done":
            yield from (_skipped(row, "the error workflow is not ready") for row in rows)
            return
    if own_id is None:
        return
    publishes = keeps_drafts(server, own_id)
    for place, row in enumerate(rows):
        step = _set(server, row, own_id, publishes=publishes)
        yield step
        if step.outcome == "unsure":
            yield from (_skipped(left, "it was not tried") for left in rows[place + 1 :])
            return


def steps_for_own(own: Own, credential: str) -> str:
    """What a person has to do before the error workflow can be used."""
    return {
        "credential": f"In n8n, make a credential of the kind Header Auth called “{credential}” (Name: Authorization, Value: "
        f"Bearer and the receiver's token), choose it in the workflow “{NAME}”, save, and run this again.",
        "by_hand": f"The workflow “{NAME}” is not published and was changed since it was made. Look at it in n8n, publish it "
        "there, and run this again.",
    }.get(own, "")


def steps_for(row: Row) -> str:
    """What a person has to do to set the error workflow of this one."""
    return (
        f"In n8n, open “{row.name}”, then Settings in its menu, choose “{NAME}” as error workflow and save. "
        "That publishes nothing."
    )


def _own(server: N8n, plan: Plan) -> Iterator[Step]:
    """Makes and, where that is needed, publishes the error workflow itself."""
    own_id, state = plan.own_id, plan.own
    if state == "ready":
        return
    if state == "make":
        try:
            made = server.act("workflows", workflow(plan.wanted))
            own_id = str(made["id"])
            there = server.workflow(own_id)
        except (UnreachableError, TypeError, KeyError) as error:
            yield Step(workflow_id=own_id, name=NAME, outcome="unsure", told=f"it was not made, or not seen: {error}")
            return
        if not there or there.get("name") != NAME:
            yield Step(
                workflow_id=own_id, name=NAME, outcome="unsure", told="n8n said that it was made, and has it not"
            )
            return
        yield Step(workflow_id=own_id, name=NAME, outcome="done", told=f"made ({own_id})")
        state = own_state(there, plan.wanted, publishes=keeps_drafts(server, own_id))
    if state == "publish" and own_id:
        yield _published(server, own_id)
    elif state in ("credential", "by_hand"):
        told = steps_for_own(state, plan.wanted.credential)
        yield Step(workflow_id=own_id, name=NAME, outcome="not_done", told=told)


def _published(server: N8n, own_id: str) -> Step:
    """Publishes our own workflow as it is; on 2.x n8n runs no other."""
    before = server.workflow(own_id) or {}
    said = ""
    try:
        server.act(f"workflows/{own_id}/activate", {"versionId": before.get("versionId")})
    except UnreachableError as error:
        said = f" {error}"
    try:
        after = server.workflow(own_id) or {}
    except UnreachableError as error:
        return Step(
            workflow_id=own_id, name=NAME, outcome="unsure", told=f"it is not known whether it is published: {error}"
        )
    if after.get("activeVersionId") and after.get("activeVersionId") == before.get("versionId"):
        return Step(workflow_id=own_id, name=NAME, outcome="done", told="published")
    told = f"n8n did not publish it.{said} Open it in n8n, see what it lacks, publish it there, and run this again."
    return Step(workflow_id=own_id, name=NAME, outcome="not_done", told=told)


def _set(server: N8n, row: Row, own_id: str, *, publishes: bool) -> Step:
    """Sets the error workflow of one workflow, after a fresh look at it, and looks again."""

    def step(outcome: Outcome, told: str) -> Step:
        return Step(workflow_id=row.workflow_id, name=row.name, outcome=outcome, told=told)

    try:
        before = server.workflow(row.workflow_id)
    except UnreachableError as error:
        return step("unsure", f"not changed: {error}")
    if before is None:
        return step("not_done", "it is gone")
    now = judge(before, own_id, {}, publishes=publishes)
    if now.state == "done":
        return step("done", "has it already")
    if now.state != "set":
        return step("not_done", f"it changed meanwhile: {now.why}")
    said = ""
    try:
        # 2.x would publish what it saves, were there anything new in it; 1.x refuses a query that it does not know.
        query = "?publishIfActive=false" if publishes else ""
        server.act(f"workflows/{row.workflow_id}{query}", _body(before, own_id), "PUT")
    except UnreachableError as error:
        said = str(error)
    try:
        after = server.workflow(row.workflow_id)
    except UnreachableError as error:
        return step("unsure", f"it is not known whether it was set: {said or error}")
    if after is None:
        return step("not_done", "it is gone")
    return step(*_seen(before, after, own_id, said, publishes=publishes))


def _seen(before: Json, after: Json, own_id: str, said: str, *, publishes: bool) -> tuple[Outcome, str]:
    """What a write did, by what the server has afterwards, whatever it answered."""
    was_set = error_workflow_of(after) == own_id
    moved = [key for key in KEPT if before.get(key) != after.get(key)]
    if _other_settings(before) != _other_settings(after):
        moved.append("settings")
    if publishes:
        moved += [key for key in ("versionId", "activeVersionId") if before.get(key) != after.get(key)]
    if moved:
        how = "it is set" if was_set else "it is not set"
        return (
            "not_done",
            f"{how}, but more is different than that: {', '.join(moved)}. Look at it in n8n. {said}".strip(),
        )
    if not was_set:
        return "not_done", f"n8n did not set it, and nothing of it changed. {said}".strip()
    return "done", "set; nothing else changed"


def _body(flow: Json, own_id: str) -> Json:
    """A workflow as it is, with one setting more: n8n takes no setting without nodes and connections."""
    parts = ("name", "nodes", "connections", "nodeGroups")
    return {key: flow[key] for key in parts if key in flow} | {
        "settings": {**_other_settings(flow), "errorWorkflow": own_id}
    }


def _other_settings(flow: Json) -> dict[str, Any]:
    """The settings but the error workflow, without those that say nothing: n8n drops them whenever it saves."""
    settings = (flow.get("settings") or {}).items()
    return {key: value for key, value in settings if key != "errorWorkflow" and value not in NOTHING}


def _skipped(row: Row, why: str) -> Step:
    return Step(workflow_id=row.workflow_id, name=row.name, outcome="not_done", told=f"not changed: {why}")
