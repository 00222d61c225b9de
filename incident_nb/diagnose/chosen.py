"""A part of a survey: of one client, workflow or cause, or since an instant; chosen from what was judged already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.diagnose.survey import Survey, counted, totals_of
from incident_nb.patterns import rates

FAILED = ("error", "crashed")
_KEY = ["instance", "execution_id"]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Choice:
    """What of a survey is looked at; None: all of it. `workflow`: instance and id; `since`: zone-aware."""

    client: str | None = None
    workflow: tuple[str, str] | None = None
    cause: str | None = None
    since: datetime | None = None


def chosen(found: Survey, choice: Choice) -> Survey:
    """The survey of that part: the same problems, onsets and patterns, and counts of the part alone.

    Nothing is judged again: a problem stays what it is by all of its runs, and a run that failed only because of its
    sub-workflow stays explained by it. Of a cause there are the runs that failed by it and those that went well; a run
    that failed otherwise says nothing of it.
    """
    if choice == Choice():
        return found
    runs, failures, groups = found.log.executions, found.failures, found.groups
    if choice.client is not None or choice.workflow is not None:
        runs, failures, groups = (table[_whose(table, choice)] for table in (runs, failures, groups))
    if choice.since is not None:
        runs = runs[~(runs["at"] < choice.since).to_numpy()]
        failures = failures[is_among(failures, runs)]
    if choice.cause is not None:
        groups = groups[(groups["cause"].astype("str") == choice.cause).to_numpy()]
        mine = failures["fingerprint"].isin(set(groups["fingerprint"]))
        passed_on = ~failures["origin"] & (failures["cause"].astype("str") == choice.cause)
        failures = failures[(mine | passed_on).to_numpy()]
        otherwise = runs["status"].isin(FAILED).to_numpy(copy=True)
        otherwise[otherwise] = ~is_among(runs[otherwise], failures)
        runs = runs[~otherwise]
    if choice.since is not None:
        groups = counted(groups, failures)
    log = replace(found.log, executions=runs.reset_index(drop=True), failures=failures.reset_index(drop=True))
    begins = max(filter(None, (found.window.from_, choice.since)), default=None)
    return replace(
        found,
        window=found.window.model_copy(update={"from_": begins}),
        totals=totals_of(log, failures, groups),
        groups=groups.reset_index(drop=True),
        failures=failures,
        log=log,
        rates=_rates(found, choice),
        false_green=_rows(found.false_green, choice),
        silent=_rows(found.silent, choice),
        slow=_rows(found.slow, choice),
        shared=_sets(found.shared, set(groups["fingerprint"])),
    )


def is_among(runs: pd.DataFrame, others: pd.DataFrame) -> _Flags:
    """Whether each execution is one of those in another table; ids are unique only on one server."""
    near = others.loc[others["execution_id"].isin(runs["execution_id"].unique()), _KEY]
    there = near.astype("str").drop_duplicates().assign(there=True)
    flags: _Flags = runs[_KEY].astype("str").merge(there, how="left", on=_KEY)["there"].notna().to_numpy()
    return flags


def _whose(table: pd.DataFrame, choice: Choice) -> _Flags:
    """The rows of the client and the workflow that were chosen."""
    flags = np.ones(len(table), dtype=bool)
    if choice.client is not None:
        flags &= (table["client"].astype("object") == choice.client).to_numpy()
    if choice.workflow is not None:
        instance, workflow = choice.workflow
        flags &= (table["workflow_id"].astype("object") == workflow).to_numpy()
        flags &= (table["instance"].astype("object") == instance).to_numpy()
    return flags


def _rates(found: Survey, choice: Choice) -> pd.DataFrame:
    """The rates since then, beside as long a time before; of whole workflows, whatever they failed by."""
    seen = found.window
    table = found.rates if choice.since is None else rates(found.log, choice.since, seen.to, seen)
    return _rows(table, choice)


def _rows(table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    return table[_whose(table, choice)].reset_index(drop=True)


def _sets(table: pd.DataFrame, problems: set[str]) -> pd.DataFrame:
    """The shared factors of sets that have to do with the chosen problems."""
    mine = [not problems.isdisjoint(row) for row in table["problem"]]
    return table[np.array(mine, dtype=bool)].reset_index(drop=True)
