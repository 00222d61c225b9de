"""Which of the problems is meant: the one behind an execution, a workflow's, or the gravest of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from incident_nb.diagnose import gravity
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.judged import Analysis, among, known, within
from incident_nb.diagnose.scene import Scene
from incident_nb.diagnose.stretch import earlier
from incident_nb.diagnose.subject import (
    execution_of,
    group_of_execution,
    origins,
    runs_of,
    subject_of_execution,
    text,
    workflow_of,
)
from incident_nb.executions import ExecutionLog
from incident_nb.models import Cause, Fact, Problem, Subject
from incident_nb.policy import Policy, suggest
from incident_nb.settings import Settings

OTHERS = 20
WORDS_OF_A_GROUP = ("client", "workflow_id", "workflow", "node", "node_type", "message", "detail")


@dataclass(frozen=True)
class Aim:
    """What is diagnosed: a subject with its problem (`scene`; None where it has none) and its runs.

    `graded` are all problems of the source, gravest first; `later` is the fact that this one came back after the stretch
    that was asked for. `now` is UTC.
    """

    analysis: Analysis
    subject: Subject
    scene: Scene | None
    runs: pd.DataFrame
    graded: tuple[Problem, ...]
    now: datetime
    later: Fact | None = None


def aim(
    log: ExecutionLog | Analysis,
    *,
    now: datetime,
    settings: Settings,
    policy: Policy,
    execution: str | None = None,
    workflow: str | None = None,
    client: str | None = None,
) -> Aim:
    """What these arguments mean in this log; as `diagnose` takes them. Raises UsageError for what is not in it."""
    now = now.astimezone(UTC)
    analysis = log if isinstance(log, Analysis) else analyse(within(log, None, now), settings)
    runs = runs_of(analysis.log.executions, client)
    candidates = _behind(analysis, runs) if client else analysis.groups
    graded = _graded(analysis, candidates, policy)
    before = None
    if execution:
        run = execution_of(runs, execution, settings)
        hit, subject, runs = group_of_execution(analysis, run), subject_of_execution(run), run.to_frame().T
        group = hit[0] if hit else None
        before = earlier(analysis, *hit, settings) if hit else None
    elif workflow:
        runs = workflow_of(runs, workflow)
        behind = set(_behind(analysis, runs)["fingerprint"])
        group = _of_workflow(analysis, [problem for problem in graded if problem.fingerprint in behind])
        subject = subject_of_execution(runs.iloc[-1]).model_copy(update={"kind": "workflow", "execution_id": None})
    else:
        group = _gravest(analysis, graded)
        subject = Subject(kind="source", client=client) if group is None else _subject_of(group)
    if group is None:
        return Aim(analysis, subject, None, runs, graded, now)
    if before:
        return Aim(analysis, subject, Scene(before.analysis, before.group, client), runs, graded, now, before.later)
    return Aim(analysis, subject, Scene(analysis, group, client), runs, graded, now)


def _behind(analysis: Analysis, runs: pd.DataFrame) -> pd.DataFrame:
    """The problems because of which these runs failed: their own, and those of the sub-workflows that they called."""
    failures = analysis.failures
    inner = origins(failures, failures[among(failures, runs)])
    return analysis.groups[analysis.groups["fingerprint"].isin(inner["fingerprint"])]


def _gravest(analysis: Analysis, graded: Sequence[Problem]) -> pd.Series | None:
    return _group_of(analysis, graded[0].fingerprint) if graded else None


def _of_workflow(analysis: Analysis, graded: Sequence[Problem]) -> pd.Series | None:
    """The gravest of a workflow's problems that go on; where none does, the newest."""
    mine = [_group_of(analysis, problem.fingerprint) for problem in graded]
    going_on = [group for group in mine if Scene(analysis, group).goes_on]
    return next(iter(going_on), max(mine, key=lambda group: _seconds(group["last_seen"]), default=None))


def _group_of(analysis: Analysis, fingerprint: str) -> pd.Series:
    return analysis.groups[analysis.groups["fingerprint"] == fingerprint].iloc[0]


def _graded(analysis: Analysis, candidates: pd.DataFrame, policy: Policy) -> tuple[Problem, ...]:
    """Problems with a severity each: gravest first, then the newest. Those that are over come after those that go on."""
    _, grades = analysis.grades.setdefault(id(policy), (policy, {}))  # which keeps the policy, and so its id
    for _, group in candidates[~candidates["fingerprint"].isin(grades)].iterrows():
        grades[group["fingerprint"]] = _grade(Scene(analysis, group), policy)
    mine = (grades[fingerprint] for fingerprint in candidates["fingerprint"])
    return tuple(entry[-1] for entry in sorted(mine, key=lambda entry: entry[:3]))


def _grade(scene: Scene, policy: Policy) -> tuple[Any, bool, float, Problem]:
    group = scene.group
    suggestion = suggest(gravity.facts(scene, Cause(group["cause"]), text(group["detail"])), policy)
    problem = problem_of(scene).model_copy(update={"severity": suggestion.suggested})
    return suggestion.suggested, not scene.goes_on, -_seconds(group["last_seen"]), problem


def _seconds(at: pd.Timestamp) -> float:
    return 0.0 if pd.isna(at) else at.timestamp()


def problem_of(scene: Scene) -> Problem:
    """A group of failures in figures."""
    group, began = scene.group, scene.onset
    description, code = (scene.members[name].iloc[-1] for name in ("description", "http_code"))
    words: dict[str, Any] = {name: text(group[name]) for name in WORDS_OF_A_GROUP}
    rate = group["error_rate"]
    start = began.position if began else 0
    good = scene.spoken.at[:start][~scene.spoken.failed[:start]]
    return Problem(
        fingerprint=group["fingerprint"],
        instance=str(group["instance"]),
        **words,
        description=text(description),
        http_code=text(code),
        count=int(group["count"]),
        execution_ids=tuple(group["execution_ids"]),
        first_seen=known(group["first_seen"]),
        last_seen=known(group["last_seen"]),
        onset=scene.began,
        onset_not_before=began.not_before if began else None,
        onset_not_after=began.not_after if began else None,
        last_good_before=known(pd.Timestamp(good[-1], unit="us", tz="UTC")) if len(good) else None,
        pattern=group["pattern"],
        pattern_why=str(group["why"]).split("; ", 1)[-1],
        error_rate=None if pd.isna(rate) else float(rate),
        cause=Cause(group["cause"]),
    )


def _subject_of(group: pd.Series) -> Subject:
    names = ("instance", "workflow_id", "workflow", "client")
    return Subject(kind="group", execution_id=group["execution_ids"][0], **{name: text(group[name]) for name in names})
