"""What is to be diagnosed: an execution by id or address, a workflow by id or name, or whatever is gravest."""

from __future__ import annotations

import difflib
import re
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from incident_nb.diagnose.judged import Analysis
from incident_nb.errors import UsageError
from incident_nb.models import Subject
from incident_nb.settings import Settings

LIKE = 0.6  # how alike a name and a misspelt one are at least, by difflib's ratio
DEEPEST = 20  # sub-workflows called by sub-workflows; an end for records that name themselves
_ADDRESS = re.compile(
    r"^[^/?#]+[^?#]*?(?:/workflow/(?P<workflow>[^/]+)/(?:executions|debug)|/execution)/(?P<execution>[^/?#]+)"
)


def runs_of(table: pd.DataFrame, client: str | None) -> pd.DataFrame:
    """The executions of one client, of all where None; raises UsageError for a client that has none in the source."""
    if client is None:
        return table
    mine = table[table["client"].astype("str") == client]
    if mine.empty:
        known = ", ".join(sorted(table["client"].dropna().astype("str").unique())) or "no client's that the rules know"
        raise UsageError(f"There are no executions of client {client} in this source. It holds: {known}.")
    return mine


def execution_of(table: pd.DataFrame, wanted: str, settings: Settings) -> pd.Series:
    """The execution that an id or an n8n address names. An address must be of a configured server, by exact origin.

    Raises UsageError for one that is not among the executions in `table`, saying what is.
    """
    instance = flow = None
    if "://" in wanted:
        found = _ADDRESS.search(wanted.partition("://")[2])
        if not found:
            raise UsageError(
                f"{wanted} is no n8n execution address. It looks like https://HOST/workflow/ID/executions/ID."
            )
        instance, flow = _server(wanted, settings), found["workflow"]
        wanted = found["execution"]
    hits = table[table["execution_id"] == wanted.strip()]
    if flow:
        hits = hits[hits["workflow_id"].isna() | (hits["workflow_id"].astype("str") == flow)]
    if instance and len(hits["instance"].unique()) > 1:
        hits = hits[hits["instance"] == instance]
    if hits.empty:
        numbers = pd.to_numeric(table["execution_id"], errors="coerce").dropna()
        held = f"It holds {len(table)} executions"
        held += f", {int(numbers.min())} to {int(numbers.max())}." if len(numbers) else "."
        named = f"{wanted} of workflow {flow}" if flow else wanted
        raise UsageError(f"There is no execution {named} in this source. {held}")
    if len(hits) > 1:
        names = ", ".join(sorted(hits["instance"].astype("str")))
        raise UsageError(f"Execution {wanted} exists on several servers ({names}). Name it by its full address.")
    return hits.iloc[0]


def address_of(url: str, settings: Settings) -> tuple[str, str]:
    """The configured server and the execution's id that an n8n address names, by exact origin.

    Raises UsageError for an address of none of them, and where none is configured.
    """
    found = _ADDRESS.search(url.partition("://")[2])
    server = _server(url, settings)
    if not found or server is None:
        raise UsageError(
            f"{url} can't be fetched: " + ("no n8n server is configured" if found else "it is no execution's address")
        )
    return server, found["execution"]


def _server(address: str, settings: Settings) -> str | None:
    """The configured server with the same origin; None when no server is configured at all (a plain export)."""
    asked = _origin(address)
    for name, server in settings.n8n.items():
        if asked is not None and _origin(server.url) == asked:
            return name
    if settings.n8n:
        known = ", ".join(f"{name} ({server.url})" for name, server in settings.n8n.items())
        raise UsageError(f"{address} is on none of the n8n servers in the settings: {known}.")
    return None


def _origin(address: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port, the scheme's own port where none is named; None where it is no address."""
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None


def workflow_of(table: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """The executions in `table` of the workflow with that id or name; part of a name is enough where only one has it.

    Raises UsageError with close names for one that is not there.
    """
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
    close = _close(wanted, known)
    if close:
        hint = f"Did you mean {' or '.join(f'“{name}”' for name in close)}?"
    else:
        hint = f"It holds {', '.join(f'“{name}”' for name in known[:8])}{' and others' if len(known) > 8 else ''}."
    raise UsageError(f"There is no workflow “{wanted}” in this source. {hint if known else 'It names no workflow.'}")


def _close(wanted: str, known: list[str]) -> list[str]:
    """Up to three names that are like what was typed, as a whole or in one of their words, likest first."""
    likeness = {}
    for name in known:
        parts = (name.casefold(), *name.casefold().split())
        likeness[name] = max(difflib.SequenceMatcher(None, wanted.casefold(), part).ratio() for part in parts)
    return sorted((name for name in known if likeness[name] >= LIKE), key=lambda name: -likeness[name])[:3]


def group_of_execution(analysis: Analysis, execution: pd.Series) -> tuple[pd.Series, str] | None:
    """The problem that an execution is part of, and the id of its run: through a sub-workflow, the child's. None when
    healthy.
    """
    failures = analysis.failures
    here = failures[
        (failures["instance"] == execution["instance"]) & (failures["execution_id"] == execution["execution_id"])
    ]
    if here.empty:
        return None
    origin = origins(failures, here)
    if origin.empty:
        return None
    ended = origin[origin["place"].isin(["execution", "trigger", "crash", "canceled", "subworkflow", "status"])]
    failure = (ended if len(ended) else origin).iloc[-1]
    return analysis.groups[analysis.groups["fingerprint"] == failure["fingerprint"]].iloc[0], failure["execution_id"]


def origins(failures: pd.DataFrame, here: pd.DataFrame, deepest: int = DEEPEST) -> pd.DataFrame:
    """Those of `here` that began where they are seen, and behind each other one the sub-workflow's own, however deep."""
    passed_on = here[~here["origin"]]
    if passed_on.empty or not deepest:
        return here[here["origin"]]
    children = set(zip(passed_on["instance"], passed_on["child_execution_id"], strict=True))
    called = [key in children for key in zip(failures["instance"], failures["execution_id"], strict=True)]
    return pd.concat([origins(failures, failures[called], deepest - 1), here[here["origin"]]])


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
