"""Which workflows fail most, run most, and take most of the servers' time."""

from __future__ import annotations

import pandas as pd

OVER = ("success", "error", "crashed", "canceled")


def busiest(executions: pd.DataFrame) -> pd.DataFrame:
    """One row a workflow that ran, those with most failed runs first.

    Columns: `instance`, `client`, `workflow_id`, `workflow`; `runs` (that are over, of every kind), `failed`, `seconds`
    (of all of them together; missing where no run says how long it took), `share` (of the seconds of all workflows, 0
    to 1).
    """
    where = ["instance", "client", "workflow_id", "workflow"]
    over = executions.loc[executions["status"].isin(OVER), [*where, "status", "duration_s"]]
    over = over.assign(failed=over["status"].isin(["error", "crashed"]))
    found = over.groupby(["instance", "workflow_id"], observed=True, sort=False)
    table = found.agg(
        client=("client", "last"), workflow=("workflow", "last"), runs=("failed", "size"), failed=("failed", "sum")
    )
    table = table.assign(seconds=found["duration_s"].sum(min_count=1)).reset_index()
    names = table[where].astype("object")
    table[where] = names.where(names.notna(), None)
    table["share"] = table["seconds"] / table["seconds"].sum(min_count=1)
    columns = [*where, "runs", "failed", "seconds", "share"]
    return table[columns].sort_values(["failed", "runs"], ascending=False, ignore_index=True, kind="stable")
