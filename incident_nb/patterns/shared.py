"""What failures have in common: for each set that began together, the credential, host or other factor that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.executions import Snapshot
from incident_nb.patterns.columns import SHARED_COLUMNS
from incident_nb.patterns.factors import Factors, Ints, VendorOf, factors
from incident_nb.patterns.shared_clock import by_clock
from incident_nb.patterns.shared_credential import by_credential
from incident_nb.patterns.shared_sets import Found, sets
from incident_nb.patterns.shared_told import row_of
from incident_nb.patterns.shared_version import by_version
from incident_nb.patterns.stretches import History, family_of, stretches

_OVER = ("success", "error", "crashed", "canceled")
_NOT_COUNTED = ("manual", "error")
_OF_FAILURE = ["instance", "workflow_id", "client", "node", "node_type", "host", "credential_id"]


def shared(
    failures: pd.DataFrame,
    executions: pd.DataFrame,
    snapshots: Mapping[str, Snapshot],
    vendor_of: VendorOf = lambda *_: None,
    since: Any = None,
) -> pd.DataFrame:
    """What sets of failures have in common, one row a set, the surest first; columns as `SHARED_COLUMNS`.

    `failures` have the classifier's `cause` and the columns of `problems`; `vendor_of` gives the third party of a host or
    node type. Runs by hand and of error workflows are left out. `since`: only sets that went on then or later. Instants
    are UTC. Nothing is found where no good run is there to compare with; docs/patterns.md has the thresholds.
    """
    history = history_of(failures, executions, snapshots, vendor_of)
    mine, at = _positions(failures, history)
    history.good[at] = False
    failing = failing_of(failures.iloc[mine], at, history)
    found: list[Found] = by_clock(history, failing)
    claimed = np.zeros(len(history.at), dtype=bool)
    for one in found:
        claimed[one.failed] = True
    parts = stretches(history, failing[~claimed[failing["position"]]])
    among = sets(history, parts)
    thin = by_credential(history, failing, at, failing[~claimed[failing["position"]]], parts, executions)
    for one in among:
        claimed[one.failed] = True
    among += [one for one in thin if not claimed[one.failed].any()]
    found += among
    taken = {number for one in among for number in one.stretches}
    found += by_version(history, failing, [part for part in parts if part.number not in taken])
    rows = [row_of(one, history, failing) for one in found]
    if since is not None:
        limit = pd.Timestamp(since).value // 1000
        rows = [row for one, row in zip(found, rows, strict=True) if history.at[one.failed].max() >= limit]
    rows.sort(key=lambda row: (-row["confidence"], -row["failed"], row["since"]))
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in rows], dtype=_DTYPES.get(name)) for name in SHARED_COLUMNS}
    )


_DTYPES: dict[str, Any] = {
    **dict.fromkeys(SHARED_COLUMNS, "object"),
    **dict.fromkeys(("since", "not_before", "not_after"), "datetime64[us, UTC]"),
    **dict.fromkeys(("failed", "runs"), "int64"),
    **dict.fromkeys(("rate", "rest_rate", "lift", "covers", "confidence"), "float64"),
}


def history_of(
    failures: pd.DataFrame, executions: pd.DataFrame, snapshots: Mapping[str, Snapshot], vendor_of: VendorOf
) -> History:
    """The runs that count, with what they had to do with; good are those that succeeded."""
    counts = executions["status"].isin(_OVER) & ~executions["mode"].isin(_NOT_COUNTED) & executions["at"].notna()
    runs = executions[counts].sort_values("at", kind="stable", ignore_index=True)
    facts: Factors = factors(runs, failures, snapshots, vendor_of)
    good = (runs["status"] == "success").to_numpy(dtype=bool, copy=True)
    ids = runs["execution_id"].to_numpy(dtype=object)
    return History(
        at=runs["at"].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64), ids=ids, good=good,
        snapshot=runs["snapshot"].to_numpy(dtype=object), factors=facts,
        order=(order := np.argsort(facts.workflow[facts.group], kind="stable")),
        bounds=np.searchsorted(facts.workflow[facts.group][order], np.arange(len(facts.workflows) + 1)),
    )  # fmt: skip


def _positions(failures: pd.DataFrame, history: History) -> tuple[Ints, Ints]:
    """Which rows of `failures` belong to a run that counts, and at which position that run is."""
    wanted = pd.Index(failures["execution_id"].dropna().unique())
    near = (
        np.flatnonzero(wanted.get_indexer(pd.Index(history.ids)) >= 0) if len(wanted) else np.empty(0, dtype=np.int64)
    )
    facts = history.factors
    instance = [facts.workflows[code][0] for code in facts.workflow[facts.group[near]]]
    place = {
        key: position
        for key, position in zip(zip(instance, history.ids[near], strict=True), near.tolist(), strict=True)
    }
    keys = zip(failures["instance"].astype("object"), failures["execution_id"].astype("object"), strict=True)
    at = np.array([place.get(key, -1) for key in keys], dtype=np.int64)
    rows = np.flatnonzero(at >= 0)
    return rows, at[rows]


def failing_of(failures: pd.DataFrame, at: Ints, history: History) -> pd.DataFrame:
    """The failures that began where they are, oldest first, as `stretches` takes them; `at`: the positions of their runs."""
    origin = failures["origin"].to_numpy(dtype=bool)
    mine, at = failures[origin], at[origin]
    texts = mine[_OF_FAILURE].astype("object")
    texts = texts.where(texts.notna(), None)
    known: dict[Any, dict[str, set[int]]] = {}
    codes = []
    for snapshot, key in zip(history.snapshot[at], texts.itertuples(index=False, name=None), strict=True):
        whole = (snapshot, *key)
        if whole not in known:
            seen = snapshot if isinstance(snapshot, str) else None
            known[whole] = history.factors.of_failure(dict(zip(_OF_FAILURE, key, strict=True)), seen)
        codes.append(known[whole])
    families = {cause: family_of(cause) for cause in mine["cause"].astype("object").unique()}
    cause = mine["cause"].astype("object").where(mine["cause"].notna(), "unknown")
    facts = history.factors
    table = pd.DataFrame(
        {
            "position": at, "workflow": facts.workflow[facts.group[at]], "node": texts["node"].to_numpy(object),
            "family": mine["cause"].astype("object").map(families).fillna("unknown").to_numpy(object),
            "fingerprint": mine["fingerprint"].to_numpy(object), "cause": cause.to_numpy(object),
            "codes": pd.Series(codes, dtype=object),
        }
    )  # fmt: skip
    return table.sort_values("position", kind="stable", ignore_index=True)
