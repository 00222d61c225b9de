"""Credentials that nothing went well with any more, where runs are too few for a set: judged by the credential's own past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from incident_nb.patterns.factors import Ints
from incident_nb.patterns.shared_sets import FEWEST_WORKFLOWS, LEAST_COVERED, SLACK_US, Found
from incident_nb.patterns.stretches import History, Stretch

# That so many uses in a row were refused by chance: at (refused + 1) of (uses + 2) before, which is Laplace's rule. So it
# takes three uses after one good one, or two after three.
MOST_BY_CHANCE = 0.05
_ELSE = ("host", "vendor", "node_type", "client", "instance")


def by_credential(
    history: History, failing: pd.DataFrame, at: Ints, refused: pd.DataFrame, parts: Sequence[Stretch],
    executions: pd.DataFrame,
) -> list[Found]:  # fmt: skip
    """The credentials that were refused in every use since an instant, in two workflows or more, and used well before.

    `failing`: all failures where they began, as `stretches` takes them; `at`: the positions of all runs that hold one;
    `refused`: those of `failing` to explain; `executions`: all runs, for those of error workflows, which the history leaves
    out. docs/patterns.md has the rule and its reasons.
    """
    refused = refused[refused["family"] == "credentials"]
    signed = np.array(
        [next(iter(keys)) if len(keys := _signed(codes)) == 1 else -1 for codes in refused["codes"]], np.int64
    )
    found: list[Found] = []
    rows_of: list[pd.DataFrame] = []
    for code, rows in refused[signed >= 0].groupby(signed[signed >= 0]):
        if rows["workflow"].nunique() < FEWEST_WORKFLOWS:
            continue
        well = _used_well(history, failing, at, int(code), rows)
        since = int(well[-1]) if len(well) else -1
        mine = _newly(history, rows, well, since)
        before = rows.loc[rows["position"] <= since, "position"].nunique()
        failed = np.unique(mine["position"].to_numpy(dtype=np.int64))
        chance = ((before + 1) / (before + len(well) + 2)) ** len(failed)
        if not len(well) or mine["workflow"].nunique() < FEWEST_WORKFLOWS or chance > MOST_BY_CHANCE:
            continue
        one = _found(history, int(code), failed, since, chance)
        if one.rest_good and not _well_for_errors(history, executions, one):
            found.append(one)
            rows_of.append(mine)
    explained = np.unique(np.concatenate([one.failed for one in found])) if found else np.empty(0, np.int64)
    for one, mine in zip(found, rows_of, strict=True):
        _beside(history, one, mine, parts, explained)
    return [one for one in found if len(one.failed) >= LEAST_COVERED * (len(one.failed) + len(one.uncovered))]


def _signed(codes: dict[str, set[int]]) -> set[int]:
    return codes.get("credential", set())


def _used_well(history: History, failing: pd.DataFrame, at: Ints, code: int, rows: pd.DataFrame) -> Ints:
    """The runs in which a node did its work with the credential, oldest first, or may have where no nodes were kept.

    A run that failed at another node counts, if one with the credential ran; one that did not get to it says nothing.
    """
    facts = history.factors
    key = facts.kinds["credential"].values[code]
    has = facts.kinds["credential"].has(code, len(facts.paths))
    nodes = np.zeros(len(has), dtype=np.int64)
    flows = np.unique(facts.workflow[has])
    runs = np.unique(np.concatenate([history.of(int(flow)) for flow in flows]))
    group = facts.group[runs]
    kinds, first = np.unique(group, return_index=True)
    for one, run in zip(kinds.tolist(), runs[first].tolist(), strict=True):
        server = facts.workflows[facts.workflow[one]][0]
        ran = (facts.nodes.of(server, history.snapshot[run], name) for name in facts.paths[one]) if has[one] else ()
        nodes[one] = sum(key in node.credentials for node in ran)
    unkept = ~facts.known & np.isin(facts.workflow, rows["workflow"].unique())
    good = history.good[runs] & (has | unkept)[group]
    failed = np.intersect1d(at, runs[has[group]])
    wrong = failing[failing["position"].isin(failed)]
    nameless = wrong.loc[wrong["node"].isna(), "position"].to_numpy(dtype=np.int64)
    at_it = wrong[np.array([code in _signed(one) for one in wrong["codes"]], dtype=bool)]
    counts = at_it.groupby("position")["node"].nunique().reindex(failed, fill_value=0).to_numpy()
    passed = np.setdiff1d(failed[nodes[facts.group[failed]] > counts], nameless)
    return np.union1d(runs[good], passed)


def _newly(history: History, rows: pd.DataFrame, well: Ints, since: int) -> pd.DataFrame:
    """The failures since the last good use, but for those of workflows that were refused already while it worked."""
    facts = history.factors
    used = pd.Series(well, index=facts.workflow[facts.group[well]], dtype="int64").groupby(level=0).max()
    earlier = rows[rows["position"] < since].groupby("workflow")["position"].max()
    failing = earlier[earlier > used.reindex(earlier.index, fill_value=-1)].index
    return rows[(rows["position"] > since) & ~rows["workflow"].isin(failing)]


def _found(history: History, code: int, failed: Ints, last_good: int, chance: float) -> Found:
    facts = history.factors
    since, without = int(history.at[failed[0]]), _good_since(history, failed)
    return Found(
        factor="credential", value=facts.kinds["credential"].values[code], failed=failed, good=np.empty(0, np.int64),
        uncovered=np.empty(0, np.int64), rest_failed=0, rest_good=int(without[facts.known].sum()), since=since,
        not_before=int(history.at[last_good]), not_after=since, chance=chance,
    )  # fmt: skip


def _good_since(history: History, failed: Ints) -> Ints:
    """How many runs of each group went well since the first of these failed."""
    return np.bincount(history.group_of_good(int(failed[0]), len(history.at)), minlength=len(history.factors.paths))


def _well_for_errors(history: History, executions: pd.DataFrame, one: Found) -> bool:
    """Whether a run of an error workflow, which does not count otherwise, has used the credential well since."""
    since = pd.Timestamp(one.since, unit="us", tz="UTC")
    ended = (executions["mode"] == "error") & (executions["status"] == "success") & (executions["at"] >= since)
    paths = executions.loc[ended, ["instance", "snapshot", "nodes_run"]].astype("object").dropna().drop_duplicates()
    nodes = history.factors.nodes
    return any(
        one.value in nodes.of(instance, snapshot, name).credentials
        for instance, snapshot, path in paths.itertuples(index=False, name=None)
        for name in path.split("\n")
    )


def _beside(history: History, one: Found, mine: pd.DataFrame, parts: Sequence[Stretch], explained: Ints) -> None:
    """Adds what was refused without the credential in every run since that time, and which other factors fit as well."""
    begin, end = int(one.not_before or one.since) - SLACK_US, one.not_after + SLACK_US
    code = history.factors.codes["credential"][one.value]
    rest = [
        part.runs for part in parts
        if part.family == "credentials" and code not in _signed(part.codes) and part.low <= end and begin <= part.at
        and not (history.healthy(part.workflow, part.node) > part.runs[0]).any()
    ]  # fmt: skip
    one.stretches = tuple(part.number for part in parts if np.isin(part.runs, one.failed).any())
    one.uncovered = np.setdiff1d(np.concatenate(rest), explained) if rest else one.uncovered
    one.rest_failed = len(one.uncovered)
    one.others = [f"{words}: cannot be told apart" for words in _as_good(history, one, mine)]
    one.apart = not one.others


def _as_good(history: History, one: Found, mine: pd.DataFrame) -> Iterator[str]:
    """The factors that all of the failures have, and no run that went well since."""
    facts = history.factors
    by_group = _good_since(history, one.failed)
    for kind in _ELSE:
        common = set.intersection(*(codes.get(kind, set()) for codes in mine["codes"]))
        for code in sorted(common):
            if not facts.kinds[kind].count(by_group)[code]:
                value = facts.kinds[kind].values[code]
                yield f"{kind.replace('_', ' ')} {facts.names.get((kind, value), value[-1])}"
