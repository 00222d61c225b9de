"""Whose records these are: whether the n8n that would be asked is the one that they came from.

An export does not say which server it is of, and is called “default” where nobody says. What another server says of a
workflow of the same id would be told as if it were of this one.
"""

from __future__ import annotations

from typing import NamedTuple

from incident_nb.diagnose.subject import text
from incident_nb.errors import IncidentNbError
from incident_nb.escape import printable
from incident_nb.http import Session
from incident_nb.n8n import N8n, NotThereError
from incident_nb.probes import Target
from incident_nb.redact import redact_text
from incident_nb.settings import Settings

UNNAMED = "default"  # the instance of an export whose server nobody named
WITHIN_S = 3.0


class Witness(NamedTuple):
    """The run by which a server is known again: the newest failing one, else the newest of what is looked into."""

    execution_id: str | None
    workflow_id: str | None
    workflow: str | None
    source: str


def server_name(target: Target, settings: Settings) -> str:
    """The name of the server that the records are of, as far as they say; else the first one that is configured."""
    instances = target.log.executions["instance"].astype("str").unique()
    only = str(instances[0]) if len(instances) == 1 else None
    return target.instance or only or next(iter(settings.n8n), UNNAMED)


def doubt(target: Target, server: N8n, session: Session) -> str | None:
    """Why the records may be of another server than this one, in words; None where they are its own, or it can't say.

    Only what came out of a file that nobody named a server for, or from a server at another address, is in doubt. It is
    this one's if it has the workflow under the same name, or the run as one of that workflow.
    """
    witness = _witness(target, server.name)
    if witness is None or witness.source == redact_text(server.url):
        return None
    if server.name != UNNAMED and not witness.source.startswith("http"):
        return None
    with Session(session.allowed, budget_s=min(WITHIN_S, max(session.left, 0.1))) as brief:
        asked = server.through(brief)
        has_workflow = _has_workflow(witness, asked)
        has_run = has_workflow or _has_run(witness, asked)
    if has_workflow or has_run or (has_workflow is None and has_run is None):
        return None
    return (
        f"n8n was not asked: these records may be of another server than {server}, which knows neither their workflow by "
        "its name nor their newest run. Name theirs, as in [n8n.NAME], with --instance NAME"
    )


def _witness(target: Target, name: str) -> Witness | None:
    runs = target.log.executions
    runs = runs[runs["instance"].astype("str") == name]
    if target.execution_id is not None:
        runs = runs[runs["execution_id"] == target.execution_id]
    elif target.workflow_id is not None:
        runs = runs[runs["workflow_id"].astype("str") == target.workflow_id]
    if runs.empty:
        return None
    row = runs.iloc[-1]
    return Witness(text(row["execution_id"]), text(row["workflow_id"]), text(row["workflow"]), str(row["source"]))


def _has_workflow(witness: Witness, server: N8n) -> bool | None:
    """Whether the server has the workflow under its name; None where it can't be asked."""
    if witness.workflow_id is None or witness.workflow is None:
        return False
    try:
        flow = server.workflow(witness.workflow_id)
    except IncidentNbError:
        return None
    return flow is not None and printable(redact_text(str(flow.get("name")))) == witness.workflow


def _has_run(witness: Witness, server: N8n) -> bool | None:
    """Whether the server has the run as one of the same workflow; None where it can't be asked."""
    if witness.workflow_id is None or witness.execution_id is None:
        return False
    try:
        found = server.plain_execution(witness.execution_id, data=False)
    except NotThereError:
        return False
    except IncidentNbError:
        return None
    return str(found.get("workflowId")) == witness.workflow_id
