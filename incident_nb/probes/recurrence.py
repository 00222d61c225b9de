"""DX-6: one-off or recurring, and is it over? How the workflow's runs on the server went, beyond what the records hold."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import NamedTuple

from incident_nb.models import Cause, Probed
from incident_nb.probes.moments import time_of
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen

C = Cause
MOST = 500  # two pages of n8n's list
FAILED = ("error", "crashed")
AGAIN = {C.CREDENTIALS: 0.5, C.WORKFLOW_INACTIVE: 0.5, C.EXTERNAL_API_CHANGED: 0.5, C.WORKFLOW_CONFIG: 0.7}


class Run(NamedTuple):
    """One run as the list shows it, without what happened in it."""

    id: str
    status: str
    mode: str
    at: datetime | None


def look(target: Target, tools: Tools) -> Probed:
    """How the newest runs of the workflow ended, and whether any went well since the last failure in the records."""
    if target.workflow_id is None:
        return could_not_look("No workflow is known whose runs could be counted.")
    listing = tools.server().executions(data=False, workflow=target.workflow_id)
    runs = [run for run in map(_run, islice(listing.rows(), MOST)) if run.mode != "manual"]
    over = [run for run in runs if run.status in (*FAILED, "success")]
    name = f"“{target.workflow or target.workflow_id}”"
    if not over:
        why = f" ({listing.partial})" if listing.partial else ", or does not save them"
        return could_not_look(f"n8n keeps no run of {name} that is over{why}.")
    failed = [run for run in over if run.status in FAILED]
    told = f"Of the {len(over)} newest runs of {name} that n8n keeps, since {_time(over[-1].at)}, {len(failed)} failed"
    told += f", the last at {_time(failed[0].at)}." if failed else "."
    if listing.partial:
        told += f" The list broke off: {listing.partial}."
    counted = seen(told, {}, *(run.id for run in failed[:5]))
    if target.last_seen is None:
        return (found if failed else clean)(told, [counted])
    later = [run for run in over if run.at and run.at > target.last_seen and run.id not in target.failing_ids]
    good, bad = [run for run in later if run.status == "success"], [run for run in later if run.status in FAILED]
    since = f"Since the last failure in the records, {_time(target.last_seen)}, "
    if not later:
        return found(f"{told} {since}it did not run again.", [counted, seen(f"{since}it did not run again.")])
    text = f"{since}{_many(len(good), 'run')} went well and {len(bad)} failed."
    ended = later[0].status == "success"
    effects = AGAIN if good and target.goes_on else {}
    facts = [counted, seen(text, effects, *(run.id for run in later[:5]))]
    if ended:
        step = f"Its newest run, {later[0].id}, went well: find out whether it is over."
        return found(f"{told} {text} The newest one, {later[0].id}, went well.", facts, next_look=step)
    return found(f"{told} {text}", facts)


def _run(row: dict[str, object]) -> Run:
    at = None
    for name in ("startedAt", "stoppedAt"):
        text = row.get(name)
        if isinstance(text, str):
            at = time_of(text)
            break
    return Run(str(row.get("id")), str(row.get("status")), str(row.get("mode")), at)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
