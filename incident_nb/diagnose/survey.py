"""Every problem of a source at once: the groups with their onsets and patterns, and the totals they are part of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from incident_nb.case import Case
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.scene import within
from incident_nb.models import ExecutionLog, Skipped, Window
from incident_nb.patterns import GROUP_COLUMNS, Onset


@dataclass(frozen=True)
class Survey:
    """What `patterns` shows. `groups`: columns as `patterns.GROUP_COLUMNS`, most frequent first. `totals`: counts.

    The parts that need a whole fleet's history (falsely green runs, silent stops, shared factors) are not computed
    and are null in the JSON.
    """

    window: Window
    totals: dict[str, int]
    groups: pd.DataFrame
    skipped: tuple[Skipped, ...]
    failures: pd.DataFrame
    log: ExecutionLog

    def as_json(self) -> dict[str, Any]:
        """The shape that `incident-nb patterns --json` writes: ISO times with Z, missing values as null."""
        window = {"from": self.window.from_, "to": self.window.to, "pruned_before": self.window.pruned_before}
        return {
            "window": {name: _json(value) for name, value in window.items()},
            "totals": self.totals,
            "skipped": [
                {"source": part.source, "where": part.where, "reason": part.reason, "rows": part.rows}
                for part in self.skipped
            ],
            "groups": [{name: _json(row[name]) for name in GROUP_COLUMNS} for _, row in self.groups.iterrows()],
            "false_green": None,
            "silent": None,
            "shared": None,
        }


def survey(case: Case) -> Survey:
    """Every problem of the case's source up to its instant, of its client where it names one, since `case.since`."""
    log = within(case.log, case.since, case.now, case.client)
    found = analyse(log, case.settings)
    status = log.executions["status"].astype("str")
    totals = {
        "executions": len(log.executions),
        "workflows": int(log.executions["workflow_id"].nunique()),
        "succeeded": int((status == "success").sum()),
        "failed": int(status.isin(["error", "crashed"]).sum()),
        "with_failures": int(found.failures["execution_id"].nunique()),
        "failures": len(found.failures),
        "groups": len(found.groups),
    }
    return Survey(found.window, totals, found.groups, log.skipped, found.failures, log)


def _json(value: Any) -> Any:
    if isinstance(value, Onset):
        return {"at": _json(value.at), "not_before": _json(value.not_before), "not_after": _json(value.not_after)}
    if isinstance(value, list):
        return value
    if value is None or pd.isna(value):
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.item() if hasattr(value, "item") else value
