"""Workflows that should have run and did not. No error workflow can tell of those, since nothing fails.

The cadence is learnt from the runs themselves: a workflow whose triggered runs come at regular intervals is expected to
go on so. The rhythm of a working day is no outage: a gap counts only if it is longer than any that it made before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Probed
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen

C = Cause
FEWEST = 8  # runs, before a cadence is believed
REGULAR = 2.0  # nine in ten gaps are no longer than this many times the median
MISSED = 3.0  # median gaps without a run, before it counts as silent
LONGER = 1.5  # and longer than this many times its longest gap so far
SLACK = pd.Timedelta(minutes=5)
SHOWN = 5
MANY = 3  # silent workflows at once, and half of all regular ones: then it is n8n


class Silent(NamedTuple):
    """A workflow that stopped to run: its names, how often it ran, when last, since when and until when it is missed (UTC)."""

    instance: str
    workflow_id: str
    name: str
    client: str | None
    every: pd.Timedelta
    last: pd.Timestamp
    since: pd.Timestamp
    until: pd.Timestamp


def look(target: Target, tools: Tools) -> Probed:
    """The workflows that ran regularly by their triggers and have stopped to; as of now, for a file as of its end."""
    runs = target.log.executions
    if target.instance is not None:
        runs = runs[runs["instance"] == target.instance]
    if target.client is not None:
        runs = runs[runs["client"].astype("str") == target.client]
    ends = {name: _until(name, target, tools) for name in runs["instance"].astype("str").unique()}
    regular, silent = silent_ones(runs, ends)
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


def silent_ones(runs: pd.DataFrame, ends: Mapping[str, pd.Timestamp]) -> tuple[int, list[Silent]]:
    """How many workflows run regularly by their triggers, and those of them that have stopped to.

    `runs`: executions as in a log; `ends`: until when each instance's are in it (UTC).
    """
    runs = runs[(runs["mode"] == "trigger") & runs["at"].notna()]
    regular, silent = 0, []
    for (instance, workflow_id), mine in runs.groupby(
        [runs[name].astype("str") for name in ("instance", "workflow_id")]
    ):
        every, until = cadence(mine["at"]), ends[str(instance)]
        if every is None:
            continue
        regular += 1
        if is_silent(mine["at"], until):
            last = mine.iloc[-1]
            client = None if pd.isna(last["client"]) else str(last["client"])
            name = str(workflow_id) if pd.isna(last["workflow"]) else str(last["workflow"])
            silent.append(
                Silent(str(instance), str(workflow_id), name, client, every, last["at"], missed_from(mine["at"]), until)
            )
    return regular, silent


def are_all_down(silent: int, regular: int) -> bool:
    """Whether so many of the regular workflows have stopped that it is n8n, not each of them."""
    return silent >= MANY and silent * 2 >= regular


def cadence(at: pd.Series) -> pd.Timedelta | None:
    """How often runs at these times (ascending) come; None where they are too few or too irregular to say."""
    gaps = at.diff().dropna()
    gaps = gaps[gaps > pd.Timedelta(0)]
    if len(gaps) < FEWEST - 1:
        return None
    middle = gaps.median()
    return middle if gaps.quantile(0.9) <= REGULAR * middle else None


def is_silent(at: pd.Series, until: pd.Timestamp) -> bool:
    """Whether a run is missing at `until`, after runs at these times (ascending)."""
    return bool(until > missed_from(at))


def missed_from(at: pd.Series) -> pd.Timestamp:
    """After when a run is missing, after runs at these times (ascending)."""
    gaps = at.diff().dropna()
    return at.iloc[-1] + max(MISSED * gaps.median() + SLACK, LONGER * gaps.max())


def _until(instance: str, target: Target, tools: Tools) -> pd.Timestamp:
    """Until when a run of the instance would be in the records: its newest one, where they may hold no more."""
    table = target.log.executions
    newest = table[table["instance"].astype("str") == instance]["at"].max()
    complete = target.complete_until.get(instance)
    return newest if complete is None or tools.n8n is None else pd.Timestamp(complete)


def told_of(one: Silent) -> str:
    """A silence in a sentence, with how many runs are missing."""
    missing = int((one.until - one.last) / one.every)
    of = f" ({one.client})" if one.client else ""
    return (
        f"“{one.name}”{of} ran every {_span(one.every)} and has not since {one.last:%Y-%m-%d %H:%M} UTC: "
        f"about {missing} runs are missing."
    )


def _span(time: pd.Timedelta) -> str:
    minutes = time.total_seconds() / 60
    return (
        f"{minutes:.0f} minutes"
        if minutes < 90
        else f"{minutes / 60:.0f} hours"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )


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
