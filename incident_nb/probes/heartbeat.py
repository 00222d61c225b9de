"""Workflows that should have run and did not. No error workflow can tell of those, since nothing fails.

What counts as a silence is judged in `incident_nb.patterns.silent`; here it is told of the problem's server and client.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Probed
from incident_nb.patterns.rhythm import FEWEST
from incident_nb.patterns.silent import Silent, are_all_down, silent_ones, told_of
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen

C = Cause
SHOWN = 5


def look(target: Target, tools: Tools) -> Probed:
    """The workflows that ran regularly by their triggers and have stopped to; as of now, for a file as of its end."""
    runs = target.log.executions
    if target.instance is not None:
        runs = runs[runs["instance"] == target.instance]
    if target.client is not None:
        runs = runs[runs["client"].astype("str") == target.client]
    ends = {name: _until(name, target, tools) for name in runs["instance"].astype("str").unique()}
    regular, silent = silent_ones(runs, ends, target.log.snapshots)
    if not regular:
        return could_not_look(
            f"No workflow in the records ran regularly enough ({FEWEST} triggered runs) for a missing run to be noticed."
        )
    off = list(_switched_off(silent, tools))
    stopped = [one for one in silent if one not in off]
    asked = f"{regular} workflows that run regularly, until {max(ends.values()):%Y-%m-%d %H:%M} UTC"
    told = [told_of(one) for one in stopped]
    told += [f"“{one.name}” was switched off; it last ran at {one.last:%Y-%m-%d %H:%M} UTC." for one in off]
    if not stopped:
        well = "All workflows that run regularly did so." if not told else "The others that run regularly did so."
        return (found if told else clean)(" ".join([*told[:SHOWN], well]), [seen(text) for text in told], asked=asked)
    all_down = are_all_down(len(stopped), regular)
    effects = {C.INFRASTRUCTURE: 3.0} if all_down else {}
    facts = [seen(text) for text in told]
    if all_down:
        told.insert(0, f"{len(stopped)} of {regular} workflows that run regularly have stopped.")
        facts.insert(0, seen(told[0], effects))
    more = [f"And {len(told) - SHOWN} more."] if len(told) > SHOWN else []
    step = f"See in n8n whether “{stopped[0].name}” is active and its trigger registered: deactivate and activate it again."
    return found(" ".join([*told[:SHOWN], *more]), facts, asked=asked, next_look=step)


def _until(instance: str, target: Target, tools: Tools) -> pd.Timestamp:
    """Until when a run of the instance would be in the records: its newest one, where they may hold no more."""
    table = target.log.executions
    newest = table[table["instance"].astype("str") == instance]["at"].max()
    complete = target.complete_until.get(instance)
    return newest if complete is None or tools.n8n is None else pd.Timestamp(complete)


def _switched_off(silent: list[Silent], tools: Tools) -> Iterator[Silent]:
    """Those that are not active any more, by the server; where it can't be asked, none is known to be."""
    theirs = [one for one in silent if tools.n8n is not None and one.instance == tools.n8n.name]
    for one in theirs[: SHOWN * 2]:
        try:
            workflow = tools.workflow(one.workflow_id)
        except IncidentNbError:
            return
        if workflow is None or workflow.get("active") is False or workflow.get("isArchived"):
            yield one
