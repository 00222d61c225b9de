"""Runs after a fix: whether each is a good one of the affected path, a bad one, or one that does not count (VER-4).

n8n's “success” is not enough: the node that failed has to have run, and the error must not have been swallowed on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import pandas as pd

from incident_nb.actions.false_green import Before, hollow
from incident_nb.escape import printable
from incident_nb.executions import ExecutionLog
from incident_nb.models import Frozen
from incident_nb.redact import redact_text

Judgement = Literal["good", "bad", "not_counted", "going_on"]
Json = dict[str, Any]

PRODUCTION = ("webhook", "trigger", "integrated", "chat", "error")
BY_HAND, CALLED = "manual", "integrated"
ENDED_BADLY = ("error", "crashed")
GOING_ON = ("running", "waiting", "new")
DEEPEST = 20  # callers above a run that are followed
MOST_BEFORE = 200  # runs before the fix that are searched for good ones
LONGEST = 200  # characters of an error's words
_ABOUT = ["instance", "execution_id", "mode", "parent_execution_id"]
_CALLED = {"retry": "which replays an older one", BY_HAND: "which was begun by hand"}
_SAID = {"crash": "n8n died under it", "canceled": "it ran into its time limit", "status": "n8n has kept no error"}


class Run(NamedTuple):
    """A run of the workflow as the log has it (UTC): `ran` are the nodes that ran, None where n8n kept no data of it.

    `nodes` are the workflow's nodes as the run saw them, empty where that is not known; `failures` its rows in the log.
    `caller`: id and mode of the execution at the top that it was called from, as far as the log has it.
    """

    execution_id: str
    mode: str
    status: str
    began: datetime
    ended: datetime
    ran: frozenset[str] | None
    nodes: dict[str, Json]
    failures: tuple[Json, ...]
    retry_of: str | None
    caller: tuple[str, str] | None = None


class Seen(Frozen):
    """A run after the fix, as it was judged; `at` is when it ended (UTC). `text` goes on after “execution 812 …”.

    `by_hand`: somebody began it, so that it stands for VER-1 and VER-2 only. `same`: it failed where it had failed before.
    """

    execution_id: str
    at: datetime
    mode: str
    judged: Judgement
    text: str
    by_hand: bool = False
    same: bool = False
    began: datetime | None = None


def runs_since(log: ExecutionLog, instance: str | None, workflow_id: str, since: datetime) -> list[Run]:
    """The runs of a workflow that began at `since` or later, in the order in which they ended."""
    table = _of(log, instance, workflow_id)
    found = _runs(log, table[table["began"] >= pd.Timestamp(since)])
    return sorted(found, key=lambda run: (run.ended, run.began))


def good_before(log: ExecutionLog, instance: str | None, workflow_id: str, node: str, until: datetime) -> list[str]:
    """The ids of good runs of a node that began before `until`, newest first."""
    table = _of(log, instance, workflow_id)
    wanted = (table["began"] < pd.Timestamp(until)) & (table["status"] == "success") & (table["mode"] != BY_HAND)
    found = _runs(log, table[wanted].sort_values("began").tail(MOST_BEFORE))
    good = [run for run in found if not run.failures and run.ran and node in run.ran]
    return [run.execution_id for run in reversed(good)]


def _of(log: ExecutionLog, instance: str | None, workflow_id: str) -> pd.DataFrame:
    """The executions of a workflow, with the instant at which each `began`."""
    table = log.executions
    mine = table[(table["workflow_id"] == workflow_id) & table["at"].notna()]
    mine = mine if instance is None else mine[mine["instance"] == instance]
    return mine.assign(began=mine["started_at"].fillna(mine["at"]))


def _runs(log: ExecutionLog, mine: pd.DataFrame) -> Iterator[Run]:
    failures = log.failures[log.failures["execution_id"].isin(mine["execution_id"])]
    by_run: dict[tuple[str, str], list[Json]] = {}
    for row in failures.astype("object").to_dict("records"):
        known = {str(name): value for name, value in row.items() if pd.notna(value)}
        by_run.setdefault((row["instance"], row["execution_id"]), []).append(known)
    rows = mine.astype("object").to_dict("records")
    called = any(row["mode"] == CALLED for row in rows)
    callers = {
        (one["instance"], one["execution_id"]): one
        for one in (log.executions[_ABOUT].astype("object").to_dict("records") if called else ())
    }
    for row in rows:
        ended = row["stopped_at"] if pd.notna(row["stopped_at"]) else row["at"]
        snapshot = log.snapshots.get(str(row["snapshot"]))
        path = row["nodes_run"]
        retry_of = row["retry_of"] if isinstance(row["retry_of"], str) else None
        yield Run(
            row["execution_id"], str(row["mode"]), str(row["status"]), _time(row["began"]), _time(ended),
            frozenset(path.split("\n")) if isinstance(path, str) else None, snapshot.nodes if snapshot else {},
            tuple(by_run.get((row["instance"], row["execution_id"]), ())), retry_of, _caller(row, callers),
        )  # fmt: skip


def _caller(row: Json, known: dict[tuple[str, str], Json]) -> tuple[str, str] | None:
    top = row
    for _ in range(DEEPEST):
        above = known.get((top["instance"], top["parent_execution_id"])) if top["mode"] == CALLED else None
        if above is None:
            break
        top = above
    return None if top is row else (str(top["execution_id"]), str(top["mode"]))


def judge(run: Run, node: str | None, *, trial: bool = False) -> Seen:
    """How a run is to be judged by the log alone; what it calls good may still be hollow (`with_data`).

    `node`: the one that failed (None: not known, so that any path is the affected one). `trial`: it was begun with test data
    for VER-1. Bad is any failed run of the workflow, and one marked a success in which the same node failed; not one from
    the editor, which runs what is being worked on. A replay counts for nothing: it shows that the node works, no more.
    """

    def seen(judged: Judgement, text: str, **more: Any) -> Seen:
        return Seen(
            execution_id=run.execution_id, at=run.ended, began=run.began, mode=run.mode, judged=judged, text=text, **more
        )  # fmt: skip

    if run.status in GOING_ON:
        return seen("going_on", "is not over yet")
    failed, text, same = _how_it_failed(run, node)
    if run.mode == "retry":
        how = text if failed else "which went well: the node works again, but this is no later run"
        return seen("not_counted", f"replays execution {run.retry_of or 'of old'}, {how}")
    if run.caller and run.caller[1] not in PRODUCTION:
        how = _CALLED.get(run.caller[1], "which no trigger began")
        return seen("not_counted", f"was called by execution {run.caller[0]}, {how}{f'; it {text}' if text else ''}")
    by_hand = trial or run.mode == BY_HAND
    if run.mode not in (*PRODUCTION, BY_HAND):
        return seen("not_counted", f"was begun otherwise than by the workflow's triggers ({run.mode})")
    if failed and run.mode == BY_HAND:
        return seen("not_counted", f"was begun by hand, and {text}", by_hand=True, same=same)
    if failed:
        return seen("bad", text, same=same)
    unknown = "" if run.status == "success" else "has no status that says how it went"
    if why := text or unknown or _not_on_the_path(run, node):
        return seen("not_counted", why, by_hand=by_hand)
    return seen("good", "went well", by_hand=by_hand)


def with_data(seen: Seen, execution: Json | None, node: str | None, before: Callable[[], Before | None]) -> Seen:
    """The same run once its data was looked at; `before` gives what the node did in good runs, and is asked if need be.

    Without data (None) a good one stays good, and says that it was judged by the log alone.
    """
    if seen.judged != "good":
        return seen
    if node is None:
        return seen.model_copy(update={"text": "went well by the log alone; which node had failed is not known"})
    if execution is None:
        return seen.model_copy(update={"text": "went well by the log alone; its data could not be looked at"})
    why = hollow(execution, node, before)
    return seen.model_copy(update={"judged": "not_counted", "text": why}) if why else seen


def _how_it_failed(run: Run, node: str | None) -> tuple[bool, str, bool]:
    """Whether a run that is over failed, what happened in it, and whether that was at the node that had failed before.

    What happened is empty where nothing did; a run that did not fail may still hold an error, which is told.
    """
    # An error as a good answer's body is told by the run's data, beside a run from before: see `hollow`.
    rows = [row for row in run.failures if row.get("place") not in ("hint", "body")]
    here = next((row for row in rows if node is not None and node in (row.get("node"), row.get("child_node"))), None)
    late = next((row for row in rows if row.get("place") == "canceled"), None)
    if run.status in ENDED_BADLY or late:
        row = late or (rows[-1] if rows else {})
        same = node is None or row.get("node") == node or row.get("child_node") == node
        return True, f"failed {_where(row, same, node)}", same
    if run.status == "canceled":
        return False, "was stopped by hand", False
    if here:
        count = f" ({here['items']} items)" if here.get("items") else ""
        return True, f"is marked a success, but failed {_where(here, True, node)}{count}", True
    if rows:
        return False, f"is a success by its mark only: it failed {_where(rows[0], False, None)}", False
    hint = next((row for row in run.failures if row.get("place") == "hint"), None)
    return False, f"was warned of by n8n {_where(hint, False, None)}" if hint else "", False


def _where(row: Json, same: bool, node: str | None) -> str:
    """Where a run failed, and with which words."""
    place = str(row.get("node") or "")
    at = ("again at " if same and node else "at another node, " if node and place else "at ") + f"“{place}”"
    if not place:
        at = "again" if same and node else ""
    child = f" (in its sub-workflow, at “{row['child_node']}”)" if row.get("child_node") else ""
    said = row.get("message") or _SAID.get(str(row.get("place")), "")
    text = " ".join(printable(redact_text(str(said))).split())
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f"{at}{child}{': ' if text else ''}{text}".strip()


def _not_on_the_path(run: Run, node: str | None) -> str:
    """Why a good run says nothing of the node that failed; empty where it went through it."""
    if node is None:
        return ""
    if run.nodes and node not in run.nodes:
        return f"says nothing of “{node}”: the workflow has no node of this name any more, so tell the runs by hand"
    if run.nodes.get(node, {}).get("disabled"):
        return f"says nothing of “{node}”, which is switched off"
    if run.ran is None:
        return f"was kept without its data by n8n, so that nobody can tell whether “{node}” ran"
    return "" if node in run.ran else f"did not get to “{node}”"


def _time(at: Any) -> datetime:
    found: datetime = at.to_pydatetime()
    return found.astimezone(UTC)
