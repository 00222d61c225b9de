"""Every problem of a source at once: the groups with their onsets and patterns, and the totals they are part of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from incident_nb.case import Case
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.judged import among, within
from incident_nb.diagnose.subject import runs_of
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.models import Window
from incident_nb.patterns import GROUP_COLUMNS, NEWEST_IDS, Onset, rates, shared, window
from incident_nb.patterns.green import false_greens
from incident_nb.patterns.histories import histories
from incident_nb.patterns.silent import silent
from incident_nb.patterns.slow import slow
from incident_nb.probes import vendors


@dataclass(frozen=True)
class Survey:
    """What `patterns` shows. `groups`: columns as `patterns.GROUP_COLUMNS`, most frequent first. `totals`: counts.

    `false_green`, `silent`, `slow`, `shared`, `rates`: columns as in `patterns.columns`. The rates are those since
    `case.since`, else of the newer half of what was read, beside as long a time before.
    """

    window: Window
    totals: dict[str, int]
    groups: pd.DataFrame
    skipped: tuple[Skipped, ...]
    failures: pd.DataFrame
    log: ExecutionLog
    false_green: pd.DataFrame
    silent: pd.DataFrame
    slow: pd.DataFrame
    shared: pd.DataFrame
    rates: pd.DataFrame

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
            "false_green": _rows(self.false_green),
            "silent": _rows(self.silent),
            "slow": _rows(self.slow),
            "shared": _rows(self.shared),
            "rates": _rows(self.rates),
        }


def survey(case: Case) -> Survey:
    """Every problem of the case's source up to its instant, of its client where it names one, since `case.since`.

    Raises UsageError for a client that the source holds nothing of, and for a time that ends before it begins.
    """
    if case.since is not None and case.since > case.now:
        ends = f"{case.since.isoformat()} to {case.now.isoformat()}"
        raise UsageError(
            f"The time to look at, {ends}, ends before it begins. Give an earlier --since or a later --until."
        )
    read = within(case.log, None, case.now)
    runs_of(read.executions, case.client)
    found = analyse(within(read, None, None, case.client), case.settings)
    log, groups, failures = found.log, found.groups, found.failures
    past = histories(log.executions, case.now)
    green = false_greens(log.executions, failures, case.now, past)
    green = green if case.since is None else green[green["last_seen"] >= case.since]
    whole = dict.fromkeys(case.current, case.now)
    stopped = silent(log.executions, case.now, log.snapshots, active=case.log.active, ends=whole)
    slower = slow(log.executions, case.now, past)
    if case.since is not None:  # what came before is still what onsets, rates and patterns are told by
        log = within(log, case.since, None)
        failures = failures[among(failures, log.executions)]
        groups = counted(groups, failures)
    seen = window(read)
    seen = seen.model_copy(update={"from_": case.since}) if case.since else seen
    totals = totals_of(log, failures, groups)
    common = shared(found.failures, found.log.executions, found.log.snapshots, vendors.name_of, case.since)
    return Survey(
        seen, totals, groups, log.skipped, failures, log, false_green=green, silent=stopped, slow=slower, shared=common,
        rates=rates(found.log, case.since, None, window(read)),
    )  # fmt: skip


def totals_of(log: ExecutionLog, failures: pd.DataFrame, groups: pd.DataFrame) -> dict[str, int]:
    """How many executions, workflows, failures and problems there are."""
    status = log.executions["status"].astype("str")
    return {
        "executions": len(log.executions),
        "workflows": _different(log.executions, "workflow_id"),
        "succeeded": int((status == "success").sum()),
        "failed": int(status.isin(["error", "crashed"]).sum()),
        "with_failures": _different(failures, "execution_id"),
        "failures": len(failures),
        "groups": len(groups),
    }


def _different(table: pd.DataFrame, name: str) -> int:
    """How many different ids there are, which are unique only on one server."""
    return len(table[["instance", name]].dropna(subset=[name]).drop_duplicates())


def counted(groups: pd.DataFrame, failures: pd.DataFrame) -> pd.DataFrame:
    """The groups that have members among `failures`, with these counted and named, most frequent first."""
    members = failures[failures["origin"]].groupby("fingerprint")["execution_id"]
    ids = {str(name): list(dict.fromkeys(group.iloc[::-1])) for name, group in members}
    seen = groups[groups["fingerprint"].isin(list(ids))]
    counted = seen.assign(
        count=[len(ids[name]) for name in seen["fingerprint"]],
        execution_ids=[ids[name][:NEWEST_IDS] for name in seen["fingerprint"]],
    )
    return counted.sort_values(["count", "last_seen"], ascending=False, ignore_index=True, kind="stable")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _json(value) for name, value in row.items()} for row in table.to_dict("records")]


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
