"""The tables of what a whole fleet's history tells, column by column; the made-up fleets are marked by them.

The analysis does not give them yet: what is not computed is null in the JSON.

Times are UTC and zone-aware, missing ones NaT; texts that are missing are None; lists are lists of texts. Where a value
could not be told it is missing, never 0.
"""

from __future__ import annotations

WHERE = ["instance", "client", "workflow_id", "workflow"]

# A workflow's health in the window, beside the window before of the same length.
# runs, failed: runs that are over and began on their own. rate and its 95 % interval (Wilson), 0 to 1; before_*: the
# same of the window before, None where the source does not reach back that far. trend: rising, falling, steady or
# unknown; new_since: the fingerprints first seen in the last seven days of the window.
RATE_COLUMNS = [
    *WHERE, "runs", "failed", "rate", "rate_low", "rate_high", "before_runs", "before_failed", "before_rate", "trend",
    "p", "why",
]  # fmt: skip

# A run that n8n calls a success and that was none.
# kind: zero_items (none where there used to be some), fewer_items, swallowed_error (a node went on after an error),
# error_body (an error as the body of a good answer), short_runs. node: None where it is the run as a whole. since: the
# first such run, with not_before (the last good one before it). runs: how many such, of: how many in that time. before,
# now: the typical value (items, seconds, share) then and since. execution_ids: the newest 20.
GREEN_COLUMNS = [
    *WHERE, "kind", "node", "since", "not_before", "last_seen", "runs", "of", "before", "now", "confidence",
    "execution_ids", "why",
]  # fmt: skip

# A workflow that ran at a cadence and does not any more.
# every_s: the typical gap; due: when the next run should have begun; missed: how many; schedule: what the workflow's own
# trigger says, in words, None where it says nothing or there is no trigger by time; state: active, inactive or None
# (not known).
SILENT_COLUMNS = [
    *WHERE, "last_run", "last_good", "every_s", "due", "missed", "overdue_s", "schedule", "state", "confidence", "why",
]  # fmt: skip

# A workflow, or a node of it, that takes longer and longer, or longer since an instant.
# shape: creep or step; node: None for the whole run; p50, p95 in seconds of the first and last third of the window
# (step: before and after `since`).
SLOW_COLUMNS = [
    *WHERE, "node", "shape", "since", "p50_before", "p50_now", "p95_before", "p95_now", "runs", "confidence",
    "execution_ids", "why",
]  # fmt: skip

# What a set of failures has in common: one row a set, its best factor first named.
# problem: the fingerprints of the set. factor: credential, host, vendor, node_type, workflow, version (of the workflow),
# instance, client, hour (of the day, UTC) or weekday. value: its key, label: in words. cause: of most of them. failed,
# runs: of the runs with the factor since the onset. rate, rest_rate: share that failed with it and without it. lift: the
# one by the other. covers: share of the set's failures that have it. counterexamples: runs with it that went well (the
# newest 10); uncovered: failures of the set without it (the newest 10). others: the next factors, as texts. clients,
# workflows: those of the set.
SHARED_COLUMNS = [
    "factor", "value", "label", "cause", "since", "not_before", "not_after", "failed", "runs", "rate", "rest_rate",
    "lift", "covers", "confidence", "workflows", "clients", "problem", "counterexamples", "uncovered", "others", "why",
]  # fmt: skip
