"""From evidence to ranked hypotheses: odds from the error records, multiplied by what history and neighbours say."""

from __future__ import annotations

import pandas as pd

from incident_nb.diagnose.advice import next_look
from incident_nb.diagnose.called import called
from incident_nb.diagnose.evidence import GONE, newest_ids
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Evidence, Fact, Hypothesis
from incident_nb.policy import Policy

# A cause must be more likely than this to be named; below it the answer is `unknown` with the look that would help.
BAR = 0.4
# One kind of evidence alone can't make certain, and neither can two.
CAPS = {1: 0.9, 2: 0.95, 3: 0.97}
SHOWN = 3
RUNNER_UP = 0.6


def hypotheses(scene: Scene, found: list[Evidence], policy: Policy) -> tuple[Hypothesis, ...]:
    """Causes, best first, each with facts for and against; the first is `unknown` when nothing clears the bar."""
    ranked = odds(scene, found)
    if ranked[0][0] < BAR and ranked[0][1] is not Cause.UNKNOWN:
        named = [pair for pair in ranked if pair[1] is not Cause.UNKNOWN]
        ranked = [(1 - named[0][0], Cause.UNKNOWN), *named]
    shown = [pair for pair in ranked if pair[0] >= 0.03 or pair is ranked[0]][:SHOWN]
    return tuple(_hypothesis(scene, cause, share, found, policy) for share, cause in shown)


def odds(scene: Scene, found: list[Evidence]) -> list[tuple[float, Cause]]:
    """Every cause with its probability, best first."""
    weights = _from_records(scene)
    for piece in found:
        for cause, factor in piece.effects.items():
            weights[cause] *= factor
    total = sum(weights.values())
    return sorted(((weight / total, cause) for cause, weight in weights.items()), key=lambda pair: -pair[0])


def _from_records(scene: Scene) -> dict[Cause, float]:
    """The odds that the error records alone give, averaged over the problem's failures."""
    odds = dict.fromkeys(Cause, 0.0)
    members = scene.members
    weight = 1 / len(members)
    for row in members.itertuples():
        first, second = Cause(row.cause), Cause(row.runner_up) if row.runner_up else None
        left = max(1 - float(row.confidence), 0.01)
        odds[first] += weight * float(row.confidence)
        if second and second is not first:
            odds[second] += weight * left * RUNNER_UP
        else:
            odds[Cause.UNKNOWN] += weight * left * RUNNER_UP
        if row.http_code in GONE:
            odds[Cause.EXTERNAL_API_CHANGED] += weight * left * RUNNER_UP
        for cause in Cause:
            odds[cause] += weight * left * (1 - RUNNER_UP) / len(Cause)
    return odds


def _hypothesis(scene: Scene, cause: Cause, share: float, found: list[Evidence], policy: Policy) -> Hypothesis:
    details = scene.members.loc[scene.members["cause"] == cause, "detail"].dropna()
    detail = str(details.mode().iloc[0]) if len(details) else None
    speaks = [piece for piece in found if piece.effects.get(cause, 1.0) > 1.0]
    against = [piece.fact for piece in found if piece.effects.get(cause, 1.0) < 1.0]
    record = _record_facts(scene, cause)
    kinds = {piece.kind for piece in speaks} | ({"record"} if record else set())
    return Hypothesis(
        cause=cause,
        detail=detail,
        confidence=round(min(share, CAPS[max(len(kinds), 1)]), 2),
        for_=(*record, *(piece.fact for piece in speaks)),
        against=tuple(against),
        next_look=next_look(scene, cause, detail),
        procedure=tuple(row.id for row in policy.rows_for(cause, detail)),
    )


def _record_facts(scene: Scene, cause: Cause) -> list[Fact]:
    """What the error records say, in their own words, where they are what the cause was read from; and what was called."""
    saying = scene.members[scene.members["cause"] == cause]
    if saying.empty:
        return []
    newest = saying.iloc[-1]
    status = f" ({newest['http_code']})" if pd.notna(newest["http_code"]) else ""
    words = f"“{_short(newest['message'])}”" if pd.notna(newest["message"]) else "no message"
    if pd.notna(newest["description"]):
        words += f", “{_short(newest['description'])}”"
    count = saying["execution_id"].nunique()
    place = f" at “{scene.node}”" if scene.node else ""
    text = f"The error{place} says {words}{status}, in {count} execution{'s' if count > 1 else ''}."
    facts = [Fact(text=text, executions=newest_ids(saying), check="DX-1")]
    target = called(scene) if cause is Cause.WORKFLOW_INACTIVE else None
    if target:
        seen = () if target.last_run is None else (str(target.last_run["execution_id"]),)
        facts.append(Fact(text=target.told, executions=seen, check="DX-1"))
    return facts


def _short(text: object, limit: int = 160) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
