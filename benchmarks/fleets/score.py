"""Marks an analysis by the truth about a fleet.

`judge` reads `groups` of a survey and, where it has them, `false_green`, `silent`, `slow` and `shared` (columns as
incident_nb/patterns/columns.py says). A table that is None or missing holds nothing: what was to be found there is missed.

- **onset**: the problem's group is the one of its workflow that holds most of its failing executions. Right when
  `not_before` <= truth <= `not_after`; no `not_before` means that it may have begun before the records. The truth is an
  instant between two runs, so an interval from the last good run to the first failing one always holds it. So that no
  interval can be made endless, its width is told as well: how many of the runs that get to the node lie in it, the first
  failing one included (the least is 1).
  Where several workflows fail together, each one's onset counts in a row of its own: they are many and alike.
- **pattern**: the group's class is one that the scenario's words allow.
- **shared**: of the rows about the fault's problems, the one about most of them (the first of equal ones) names the true
  factor and value, or another that the data can't tell from it (the same workflows have it since then).
- **cross**: the same, and the row names every client.
- **green**, **silent**, **slow**: there is a row of that workflow, of a right kind (green), in the table. Beside: whether
  `since` is right within three of the workflow's runs (green, steps), whether the shape is (slow), and whether `last_run` is
  (silent).
- **clean**: in a fleet without anything wrong there is no row in false_green, silent, slow or shared, and no group that is
  persistent, a regression, recurring or a burst. What nobody could tell (a workflow that a person switched off, without a
  trace in the records) is not counted.
- **elsewhere**: rows of these tables, and groups of these classes, about other workflows than those with the fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .faults import Green, Problem, Shared, Slow
from .fleet import Flow
from .scenarios import Made

TABLES = ("false_green", "silent", "slow", "shared")
FINDINGS = ("persistent", "regression", "recurring", "burst")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NEAR = 3  # runs


class Mark(NamedTuple):
    """One thing that was asked for: in which measure, whether the answer is right, or a number; and what it was."""

    measure: str
    value: float
    note: str = ""


def judge(made: Made, survey: Any) -> list[Mark]:
    """All marks of one fleet."""
    tables = {name: _table(survey, name) for name in TABLES}
    groups = survey.groups
    marks = [*_problems(made, groups)]
    truth = made.truth
    for fault in truth.shared:
        right, note = _shared(fault, groups, tables["shared"])
        marks.append(Mark("cross" if fault.across else "shared", right, note))
    for green in truth.greens:
        marks += _green(green, tables["false_green"])
    for silent in truth.silents:
        row = _first(_of(tables["silent"], silent.flow))
        marks.append(Mark("silent", row is not None, "no row"))
        if row is not None:
            marks.append(
                Mark("silent, last run", abs(_seconds(row["last_run"]) - silent.last_run) < 2, f"{row['last_run']}")
            )
    for slow in truth.slows:
        marks += _slow(slow, tables["slow"])
    return [*marks, *_elsewhere(made, groups, tables)]


def _table(survey: Any, name: str) -> pd.DataFrame:
    found = getattr(survey, name, None)
    return found if found is not None else pd.DataFrame()


def _of(table: pd.DataFrame, flow: Flow) -> pd.DataFrame:
    """The rows of a workflow."""
    if table.empty:
        return table
    mine = (table["workflow_id"].astype("str") == flow.id) & (table["instance"].astype("str") == flow.instance)
    return table[mine]


def _first(table: pd.DataFrame) -> Any:
    return None if table.empty else table.iloc[0]


def _seconds(at: Any) -> float:
    """An instant in seconds since 1970; not a number where there is none."""
    return float("nan") if at is None or pd.isna(at) else pd.Timestamp(at).timestamp()


# --- failures


def _problems(made: Made, groups: pd.DataFrame) -> Iterator[Mark]:
    for problem in made.truth.problems:
        group = _group_of(problem, groups)
        if problem.onset is not None:
            several = ", each of several" if made.truth.shared else ""
            yield from _onset(problem, problem.onset, group, several)
        if problem.patterns:
            answer = "no group" if group is None else str(group["pattern"])
            yield Mark("pattern", answer in problem.patterns, f"{answer}, not {' or '.join(problem.patterns)}")


def _group_of(problem: Problem, groups: pd.DataFrame) -> Any:
    """The group with most of a problem's executions (of which a group keeps the newest)."""
    mine, ids = _of(groups, problem.flow), problem.ids
    shares = [len(ids.intersection(one)) for one in mine["execution_ids"]] if len(mine) else []
    return mine.iloc[int(np.argmax(shares))] if shares and max(shares) else None


def _onset(problem: Problem, truth: float, group: Any, several: str) -> Iterator[Mark]:
    began = None if group is None else group["onset"]
    if began is None:
        yield Mark(f"onset{several}", False, "no onset")
        return
    low = _seconds(began.not_before) if began.not_before is not None else -np.inf
    high = _seconds(began.not_after)
    said = f"{_text(truth)} is not in {_text(low)} to {_text(high)}"
    yield Mark(f"onset{several}", low <= truth <= high, said)
    flow = problem.flow
    speaks = np.union1d(flow.reached(problem.node), problem.runs)
    at = np.round(flow.at[speaks[flow.kept[speaks]]], 3)
    yield Mark("onset, width", float(((at > round(low, 3)) & (at <= round(high, 3))).sum()))


def _text(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%m-%d %H:%M:%S}" if np.isfinite(at) else "ever"


# --- shared


def _fingerprints(problems: Iterable[Problem], groups: pd.DataFrame) -> set[str]:
    found = set()
    for problem in problems:
        mine, ids = _of(groups, problem.flow), problem.ids
        found |= {str(row["fingerprint"]) for _, row in mine.iterrows() if ids.intersection(row["execution_ids"])}
    return found


def _shared(fault: Shared, groups: pd.DataFrame, table: pd.DataFrame) -> tuple[bool, str]:
    mine = _fingerprints(fault.problems, groups)
    about = [len(mine.intersection(_texts(row["problem"]))) for _, row in table.iterrows()]
    if not about or not max(about):
        return False, f"no row about {fault.factors[0]}"
    row = table.iloc[int(np.argmax(about))]
    answer = (str(row["factor"]), str(row["value"]))
    right = any(answer[0] == factor and same(factor, answer[1], value) for factor, value in fault.factors)
    note = f"{answer}, not {' or '.join(map(str, fault.factors))} ({max(about)} of {len(mine)} problems)"
    if right and fault.across and not fault.clients <= set(_texts(row["clients"])):
        return False, f"clients {row['clients']}, not {sorted(fault.clients)}"
    return right, note


def same(factor: str, answer: str, truth: str) -> bool:
    """Whether two values of a factor mean the same, however they are written."""
    if factor == "hour":
        return (re.findall(r"\d+", answer) or ["-"])[0].lstrip("0") == truth.lstrip("0")
    if factor == "weekday":
        day = DAYS.index(truth.lower())
        return answer == str(day) or answer.lower()[:3] == truth.lower()[:3]
    if factor == "vendor":
        return truth.lower() in answer.lower()
    return answer == truth or truth in re.split(r"[\s/|]+", answer)


def _texts(value: Any) -> list[str]:
    return [str(value)] if isinstance(value, str) else [str(one) for one in value]


# --- the other tables


def _green(truth: Green, table: pd.DataFrame) -> Iterator[Mark]:
    rows = _of(table, truth.flow)
    right = rows[rows["kind"].isin(truth.kinds)] if len(rows) else rows
    row = _first(right)
    said = f"no row of kind {' or '.join(truth.kinds)}; of the workflow: {list(rows['kind']) if len(rows) else 'none'}"
    yield Mark("green", row is not None, said)
    if row is not None:
        yield Mark(
            "green, since", _near(truth.flow, truth.since, row["since"]), f"{row['since']}, not {_text(truth.since)}"
        )


def _slow(truth: Slow, table: pd.DataFrame) -> Iterator[Mark]:
    rows = _of(table, truth.flow)
    yield Mark("slow", len(rows) > 0, f"no row of a {truth.shape}")
    if len(rows):
        shapes = set(rows["shape"])
        yield Mark("slow, shape", truth.shape in shapes, f"{', '.join(shapes)}, not {truth.shape}")
        steps = rows[rows["shape"] == "step"]
        if truth.since is not None and len(steps):
            near = any(_near(truth.flow, truth.since, at) for at in steps["since"])
            yield Mark("slow, since", near, f"{list(steps['since'])}, not {_text(truth.since)}")


def _near(flow: Flow, truth: float, answer: Any) -> bool:
    """Whether at most three of the workflow's runs lie between two instants."""
    said = _seconds(answer)
    if np.isnan(said):
        return False
    low, high = min(truth, said), max(truth, said) - 1
    at = flow.at[flow.kept]
    return int(((at >= low) & (at < high)).sum()) <= NEAR


def _elsewhere(made: Made, groups: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> Iterator[Mark]:
    """What was said of workflows with which nothing is wrong; in a clean fleet that is whatever was said."""
    truth, wrong = made.truth, made.truth.clean
    faulty = [part.flow for part in (*truth.problems, *truth.greens, *truth.silents, *truth.slows)]
    faulty += [problem.flow for fault in truth.shared for problem in fault.problems]
    meant = {
        "false_green": [part.flow for part in truth.greens], "silent": [part.flow for part in truth.silents],
        "slow": [part.flow for part in truth.slows], "groups": faulty,
    }  # fmt: skip
    loud = groups[groups["pattern"].isin(FINDINGS)] if len(groups) else groups
    own = {str(name) for flow in faulty for name in _of(groups, flow)["fingerprint"]} if len(groups) else set()
    found: dict[str, list[str]] = {}
    for name, table in {**tables, "groups": loud}.items():
        if name == "shared":
            found[name] = [f"{row['factor']} {row['value']}" for _, row in table.iterrows()
                           if not own.intersection(_texts(row["problem"]))]  # fmt: skip
            continue
        fine = {(flow.instance, flow.id) for flow in meant[name]}
        spared = {flow for table_name, flow in truth.spared if table_name == name}
        found[name] = [
            _told(name, row) for _, row in table.iterrows()
            if (str(row["instance"]), str(row["workflow_id"])) not in fine and str(row["workflow_id"]) not in spared
        ]  # fmt: skip
    if wrong:
        said = [f"{name}: {one}" for name, rows in found.items() for one in rows]
        yield Mark("clean", not said, "; ".join(said))
        return
    for name, rows in found.items():
        yield Mark(f"elsewhere, {name}", len(rows), "; ".join(rows))


def _told(table: str, row: Any) -> str:
    kind = {"false_green": "kind", "slow": "shape", "groups": "pattern", "silent": "last_run"}[table]
    node = f" at {row['node']}" if "node" in row and row["node"] is not None else ""
    return f"{row[kind]} {row['workflow']}{node} ({str(row.get('why', ''))[-140:]})"
