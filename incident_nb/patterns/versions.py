"""When a workflow first ran in another version, by the snapshots that its executions hold."""

from __future__ import annotations

import pandas as pd


def versions(executions: pd.DataFrame) -> pd.DataFrame:
    """One row for each new version of a workflow: `instance`, `workflow_id`, `workflow`, `at` (its first run, UTC), `snapshot`.

    The first version that was read is none: when it was new is not known. Runs by hand don't count, since in the editor a
    version is tried that is not in use.
    """
    columns = ["instance", "workflow_id", "workflow", "at", "snapshot"]
    known = executions.loc[executions["mode"] != "manual", columns].dropna(subset=["workflow_id", "at", "snapshot"])
    keys = ["instance", "workflow_id", "snapshot"]
    names = {name: known[name].astype("object") for name in (*keys, "workflow")}
    first = known.assign(**names).drop_duplicates(keys)  # the log is sorted by time
    new = first[first.duplicated(["instance", "workflow_id"])]
    return new[columns].reset_index(drop=True)
