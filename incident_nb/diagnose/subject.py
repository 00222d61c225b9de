"""What is to be diagnosed: an execution by id or address, a workflow by id or name, or whatever is gravest."""

from __future__ import annotations

import difflib
import re
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from incident_nb.diagnose.scene import Analysis
from incident_nb.errors import UsageError
from incident_nb.models import Subject
from incident_nb.settings import Settings

_ADDRESS = re.compile(r"/workflow/(?P<workflow>[^/]+)/(?:executions|debug)/(?P<execution>[^/?#]+)")


def execution_of(analysis: Analysis, wanted: str, settings: Settings) -> pd.Series:
    """The execution that an id or an n8n address names. An address must be of a configured server, by exact origin.

    Raises UsageError for one that is not in the source, saying what is.
    """
    instance = None
    if "://" in wanted:
        found = _ADDRESS.search(urlsplit(wanted).path)
        if not found:
            raise UsageError(
                f"{wanted} is no n8n execution address. It looks like https://HOST/workflow/ID/executions/ID."
            )
        instance = _server(wanted, settings)
        wanted = found["execution"]
    table = analysis.log.executions
    hits = table[table["execution_id"] == wanted.strip()]
    if instance and len(hits["instance"].unique()) > 1:
        hits = hits[hits["instance"] == instance]
    if hits.empty:
        numbers = pd.to_numeric(table["execution_id"], errors="coerce").dropna()
        held = f"It holds {len(table)} executions"
        held += f", {int(numbers.min())} to {int(numbers.max())}." if len(numbers) else "."
        raise UsageError(f"There is no execution {wanted} in this source. {held}")
    if len(hits) > 1:
        names = ", ".join(sorted(hits["instance"].astype("str")))
        raise UsageError(f"Execution {wanted} exists on several servers ({names}). Name it by its full address.")
    return hits.iloc[0]


def _server(address: str, settings: Settings) -> str | None:
    """The configured server with the same origin; None when no server is configured at all (a plain export)."""
    asked = urlsplit(address)
    for name, server in settings.n8n.items():
        mine = urlsplit(server.url)
        if (mine.scheme, mine.hostname, mine.port) == (asked.scheme, asked.hostname, asked.port):
            return name
    if settings.n8n:
        raise UsageError(
            f"{asked.scheme}://{asked.netloc} is none of the n8n servers in the settings: {', '.join(settings.n8n)}."
        )
    return None


def workflow_of(analysis: Analysis, wanted: str) -> pd.DataFrame:
    """The executions of the workflow with that id or name; part of a name is enough where only one has it.

    Raises UsageError with close names for one that is not there.
    """
    table = analysis.log.executions
    names = table["workflow"].astype("str")
    for hits in (
        table[table["workflow_id"].astype("str") == wanted],
        table[names == wanted],
        table[names.str.casefold() == wanted.casefold()],
        table[names.str.casefold().str.contains(wanted.casefold(), regex=False)],
    ):
        flows = hits[["instance", "workflow_id"]].drop_duplicates()
        if len(flows) == 1:
            return hits
        if len(flows) > 1:
            several = ", ".join(f"“{name}”" for name in sorted(hits["workflow"].astype("str").unique())[:8])
            raise UsageError(f"Several workflows fit “{wanted}”: {several}. Give the whole name or the id.")
    known = sorted(table["workflow"].dropna().astype("str").unique())
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.4) or known[:3]
    hint = f"Did you mean {' or '.join(f'“{name}”' for name in close)}?" if close else "The source names no workflow."
    raise UsageError(f"There is no workflow “{wanted}” in this source. {hint}")


def group_of_execution(analysis: Analysis, execution: pd.Series) -> pd.Series | None:
    """The problem that an execution is part of; through a sub-workflow, the problem of the child. None when healthy."""
    failures = analysis.failures
    here = failures[
        (failures["instance"] == execution["instance"]) & (failures["execution_id"] == execution["execution_id"])
    ]
    if here.empty:
        return None
    origin = here[here["origin"]]
    if origin.empty:
        child = here["child_execution_id"].iloc[0]
        origin = failures[(failures["execution_id"] == child) & failures["origin"]]
    if origin.empty:
        return None
    ended = origin[origin["place"].isin(["execution", "trigger", "crash", "canceled", "subworkflow", "status"])]
    fingerprint = (ended if len(ended) else origin).iloc[-1]["fingerprint"]
    return analysis.groups[analysis.groups["fingerprint"] == fingerprint].iloc[0]


def subject_of_execution(execution: pd.Series) -> Subject:
    """An execution as a diagnosis' subject."""
    return Subject(
        kind="execution",
        execution_id=str(execution["execution_id"]),
        **{name: text(execution[name]) for name in ("instance", "workflow_id", "workflow", "client")},
    )


def text(value: Any) -> str | None:
    """A table's value as text, None where it is missing."""
    return None if value is None or pd.isna(value) else str(value)
