"""A log judged: every failure given a cause, equal ones grouped, and what a record leaves open settled by history."""

from __future__ import annotations

import contextlib
from zoneinfo import ZoneInfo

import pandas as pd

from incident_nb.causes.label import label
from incident_nb.diagnose import rank
from incident_nb.diagnose.evidence import GONE, worked_before
from incident_nb.diagnose.judged import Analysis
from incident_nb.diagnose.scene import Scene
from incident_nb.errors import SettingsError
from incident_nb.executions import ExecutionLog
from incident_nb.models import Cause
from incident_nb.patterns import decisions_of, groups, problems, sequences, window
from incident_nb.policy.clocks import zone
from incident_nb.settings import Settings

# "Gone" and "wrong address" look alike in one record (404, 405, an unknown field); what tells them apart is whether
# the same node succeeded before with the same parameters.
SAID = ("cause", "confidence", "runner_up")
OPEN = {str(Cause.WORKFLOW_CONFIG), str(Cause.EXTERNAL_API_CHANGED)}


def analyse(log: ExecutionLog, settings: Settings | None = None) -> Analysis:
    """The log with its failures judged (cause, detail, confidence, ...), fingerprinted, grouped and settled."""
    settings = settings or Settings()
    decided, zones = decisions_of(settings), _zones(settings)
    failures = problems(label(log.failures, settings.own_hosts), decided)
    runs = sequences(failures, log.executions)
    first = Analysis(log, failures, decided.explained(groups(failures, runs, log.executions, zones)), runs, window(log))
    settled = _settle(first)
    return (
        Analysis(log, settled, decided.explained(groups(settled, runs, log.executions, zones)), runs, first.window)
        if settled is not failures
        else first
    )


def _zones(settings: Settings) -> dict[str, ZoneInfo]:
    """The clients' time zones; one that nobody knows is left out, as others say so."""
    found = {}
    for code, client in settings.clients.items():
        with contextlib.suppress(SettingsError):
            found[code] = zone(client.time_zone)
    return found


def _settle(analysis: Analysis) -> pd.DataFrame:
    """The failures, with another cause where the record left two open and history speaks for the other one."""
    failures, open_groups = analysis.failures, analysis.groups[analysis.groups["cause"].isin(OPEN)]
    changes = {}
    for _, group in open_groups.iterrows():
        scene = Scene(analysis, group)
        either = set(scene.members["runner_up"].dropna()) & (OPEN - {group["cause"]})
        if either or scene.members["http_code"].isin(GONE).all():
            best = rank.odds(scene, list(worked_before(scene)))[0]
            if best[1] != group["cause"]:
                changes[group["fingerprint"]] = best
    if not changes:
        return failures
    # What the record itself said is kept: a diagnosis weighs history once more, and must not do so twice.
    failures = failures.assign(**{f"said_{name}": failures[name] for name in SAID})
    for fingerprint, (share, cause) in changes.items():
        members = failures["fingerprint"] == fingerprint
        failures.loc[members, "runner_up"] = failures.loc[members, "cause"]
        failures.loc[members, ["cause", "detail", "confidence"]] = [str(cause), None, round(share, 2)]
    return failures
