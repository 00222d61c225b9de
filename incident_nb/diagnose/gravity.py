"""How bad it is: the severity facts that a log can tell, the suggested severity with its deadlines, and the impact."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from incident_nb.diagnose.judged import Caller
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Impact, SeverityBlock
from incident_nb.policy import Policy, SeverityFacts, deadlines, suggest, usable_calendar
from incident_nb.settings import Settings

NEWEST = 5
NOTICEABLE_S = 1.0


def facts(scene: Scene, cause: Cause, detail: str | None) -> SeverityFacts:
    """What the log says of the situation; what a log can't know stays None for the rules to ask about."""
    spoken, start = scene.spoken, scene.onset.position if scene.onset else 0
    failing = scene.failing_since
    soft = failing["place"].isin(["item", "body", "hint"])
    runs_failed = not soft.all()  # else n8n calls every run a success, and so do the rules
    known = scene.analysis.has_successes or len(spoken.at) > int(scene.group["count"])
    failed = spoken.failed[start:] & runs_failed
    bad = spoken.at[start:][failed]
    good = spoken.at[:start][~spoken.failed[:start]]
    total, down = _workflows(scene)
    counted = known and len(failed) > 0
    return SeverityFacts(
        workflows_total=total if known else None,
        workflows_down=down if known else None,
        failing=True,
        runs_since_onset=len(failed) if counted else None,
        successes_since_onset=int((~failed).sum()) if counted else None,
        consecutive_failures=int(np.minimum.accumulate(failed[::-1]).sum()) if counted else None,
        hours_failing=_hours(bad[-1] - bad[0]) if counted and len(bad) else None,
        hours_between_runs=_hours(np.median(np.diff(good))) if counted and len(good) > 1 else None,
        intermittent=bool((~failed).any()) if counted and int(failed.sum()) > 1 else None,
        cause=cause,
        detail=detail,
        alert_fired=_alert_fired(scene) or None,
        items_lost=int(failing.loc[soft, "items"].fillna(1).sum()) if soft.any() else None,
    )


def _hours(microseconds: float) -> float:
    return round(float(microseconds) / 3.6e9, 2)


def _workflows(scene: Scene) -> tuple[int, int]:
    """Workflows of the client (or of the server, where no client is known) that ran, and those that only fail since."""
    group = scene.group
    fleet = scene.analysis.fleet(str(group["instance"]), None if pd.isna(group["client"]) else str(group["client"]))
    since = pd.Timestamp(scene.since).tz_convert(None).to_datetime64()
    own = np.isin(fleet.ids, [str(group["workflow_id"]), *(str(caller.workflow_id) for caller in _calling(scene))])
    # What never worked is no part of this, and where the problem's own workflow works again nothing is down by it.
    never = np.isnat(fleet.last_good)
    down = (~never | own | never.all()) & (fleet.last_run >= since) & ~(fleet.last_good >= since)
    return len(fleet.ids), int(down.sum()) if (down & own).any() else 0


def _alert_fired(scene: Scene) -> bool:
    """Whether an error workflow ran for one of the failures."""
    instance, alerted = str(scene.group["instance"]), scene.analysis.alerted
    return any((instance, name) in alerted for name in scene.members["execution_id"])


def duration_ratio(runs: pd.DataFrame) -> float | None:
    """How long a workflow's newest good runs take against those before (medians), 1.0 where nobody would notice.

    None with fewer than `NEWEST` and twice as many before them. `runs` are executions of one workflow, oldest first.
    """
    took = runs.loc[runs["status"] == "success", "duration_s"].dropna()
    before, newest = took.iloc[:-NEWEST], took.iloc[-NEWEST:]
    if len(before) < 2 * NEWEST:
        return None
    longer = newest.median() - before.median()
    return float(newest.median() / before.median()) if longer >= NOTICEABLE_S and before.median() > 0 else 1.0


def severity_block(
    known: SeverityFacts, detected_at: datetime, client: str | None, settings: Settings, policy: Policy
) -> SeverityBlock:
    """The suggestion for the known facts, with its deadlines counted from `detected_at` (UTC)."""
    suggestion = suggest(known, policy)
    calendar, unread = usable_calendar(settings, client)
    due = deadlines(suggestion.suggested, detected_at, calendar=calendar, policy=policy)
    return SeverityBlock(
        suggested=suggestion.suggested,
        reasons=suggestion.reasons,
        questions=tuple(question.text for question in suggestion.questions),
        detected_at=detected_at,
        deadlines={"respond": due.respond, "resolve": due.resolve, "notify": due.notify},
        basis={str(clock): f"{basis} ({unread})" if unread else basis for clock, basis in due.basis.items()},
    )


def impact(scene: Scene) -> Impact:
    """What the problem did since its onset."""
    failing, runs = scene.failing_since, scene.runs
    ids = set(failing["execution_id"])
    green = runs[runs["execution_id"].isin(ids) & (runs["status"] == "success")]
    soft = failing[failing["place"].isin(["item", "body"])]
    after = scene.good_after
    by_hand = scene.passing[(scene.passing["mode"] == "manual") & (scene.passing["status"] == "success")]
    by_hand = by_hand[(by_hand["at"] > scene.group["last_seen"]) & ~by_hand["execution_id"].isin(after["execution_id"])]
    last_good = scene.sequence[~scene.sequence["failed"].astype(bool)]["at"].max() if len(scene.sequence) else pd.NaT
    return Impact(
        failed_executions=len(ids),
        since=scene.began,
        falsely_green=len(green),
        items=int(soft["items"].fillna(1).sum()) if len(soft) else None,
        callers=_callers(scene),
        good_since=len(after),
        good_by_hand=len(by_hand),
        last_good=None if pd.isna(last_good) else last_good.to_pydatetime(),
        still_failing=after.empty,
    )


def _callers(scene: Scene) -> tuple[str, ...]:
    """The names of those workflows; where one client was asked for, only its own."""
    calling = [caller for caller in _calling(scene) if scene.only is None or caller.client == scene.only]
    return tuple(sorted({caller.workflow for caller in calling if caller.workflow is not None}))


def _calling(scene: Scene) -> list[Caller]:
    """The workflows that failed because this one is their sub-workflow, once for each failure."""
    instance, callers = str(scene.group["instance"]), scene.analysis.callers
    return [caller for name in scene.members["execution_id"].unique() for caller in callers.get((instance, name), ())]
