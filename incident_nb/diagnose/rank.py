"""From evidence to ranked hypotheses: odds from the error records, multiplied by what history and neighbours say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from incident_nb.diagnose.advice import next_look
from incident_nb.diagnose.called import called
from incident_nb.diagnose.evidence import GONE, newest_ids
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Evidence, Fact, Hypothesis, Outcome, Probed
from incident_nb.policy import Policy

# A cause must be more likely than this to be named; below it the answer is `unknown` with the look that would help.
BAR = 0.4
# One kind of evidence alone can't make certain, and neither can two. Kinds: record, history, neighbours, live.
CAPS = {1: 0.9, 2: 0.95, 3: 0.97, 4: 0.98}
SHOWN = 3
RUNNER_UP = 0.6
TIE = 0.25
FLOOR = 0.01
# Which causes a check can tell from others.
SETTLES: dict[str, frozenset[Cause]] = {
    "DX-2": frozenset({Cause.ENDPOINT_CRASH, Cause.TIMEOUT, Cause.NETWORK}),
    "DX-3": frozenset({Cause.CREDENTIALS}),
    "DX-4": frozenset({Cause.EXTERNAL_OUTAGE, Cause.NETWORK, Cause.EXTERNAL_API_CHANGED}),
    "DX-5": frozenset({Cause.WORKFLOW_CONFIG}),
    "RC-3": frozenset({Cause.DATA_FORMAT}),
    "RC-4": frozenset({Cause.WORKFLOW_INACTIVE}),
    "RC-6": frozenset({Cause.INFRASTRUCTURE}),
}


def hypotheses(
    scene: Scene, found: list[Evidence], policy: Policy, answers: tuple[Probed, ...] = ()
) -> tuple[Hypothesis, ...]:
    """Causes, best first, each with facts for and against; the first is `unknown` when nothing clears the bar.

    `answers` are those of live checks: their facts weigh like the others, and what they left open can be the next look.
    """
    found = [*found, *(piece for answer in answers for piece in answer.evidence)]
    ranked = odds(scene, found)
    if ranked[0][0] < BAR and ranked[0][1] is not Cause.UNKNOWN:
        named = [pair for pair in ranked if pair[1] is not Cause.UNKNOWN]
        ranked = [(1 - named[0][0], Cause.UNKNOWN), *named]
    shown = [pair for pair in ranked if pair[0] >= 0.03 or pair is ranked[0]][:SHOWN]
    return tuple(
        _hypothesis(scene, cause, share, found, policy, _look(scene, cause, shown, answers)) for share, cause in shown
    )


def odds(scene: Scene, found: list[Evidence]) -> list[tuple[float, Cause]]:
    """Every cause with its probability, best first."""
    weights = _from_records(scene)
    for piece in found:
        if piece.kind == "live":  # what is seen can be a cause that no record hints at
            weights |= {cause: max(weights[cause], FLOOR) for cause, factor in piece.effects.items() if factor > 1}
    for piece in found:
        for cause, factor in piece.effects.items():
            weights[cause] *= factor
    total = sum(weights.values())
    return sorted(((weight / total, cause) for cause, weight in weights.items()), key=lambda pair: -pair[0])


class _Said(NamedTuple):
    """What records say that are alike in it."""

    cause: str
    confidence: float
    runner_up: str | None
    http_code: str | None


def _from_records(scene: Scene) -> dict[Cause, float]:
    """The odds that the error records alone give, averaged over the problem's failures."""
    odds = dict.fromkeys(Cause, 0.0)
    members = scene.members
    if "said_cause" in members:  # where history has settled a cause, what the record itself said
        members = members.assign(**{name: members[f"said_{name}"] for name in ("cause", "confidence", "runner_up")})
    alike = members[["cause", "confidence", "runner_up", "http_code"]].astype("object").value_counts(dropna=False)
    for row, count in zip(map(_Said._make, alike.index), alike, strict=True):
        weight = count / len(members)
        first, second = Cause(row.cause), Cause(row.runner_up) if isinstance(row.runner_up, str) else None
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


def _hypothesis(
    scene: Scene, cause: Cause, share: float, found: list[Evidence], policy: Policy, look: str
) -> Hypothesis:
    detail = _detail(scene, cause, found)
    speaks = [piece for piece in found if piece.effects.get(cause, 1.0) > 1.0]
    speaks.sort(key=lambda piece: -piece.effects[cause])  # the weightiest first; equals in the order of the looks
    against = [piece.fact for piece in found if piece.effects.get(cause, 1.0) < 1.0]
    record = _record_facts(scene, cause)
    kinds = {piece.kind for piece in speaks} | ({"record"} if record else set())
    return Hypothesis(
        cause=cause,
        detail=detail,
        confidence=round(min(share, CAPS[max(len(kinds), 1)]), 2),
        for_=(*record, *(piece.fact for piece in speaks)),
        against=tuple(against),
        next_look=look,
        procedure=tuple(row.id for row in policy.rows_for(cause, detail)),
    )


def _detail(scene: Scene, cause: Cause, found: Iterable[Evidence]) -> str | None:
    """Which kind of the cause it is: as the weightiest look at a live system shows, else as most of the records say."""
    shown = [piece for piece in found if piece.detail and max(piece.effects, key=piece.effects.__getitem__) is cause]
    if shown:
        return max(shown, key=lambda piece: piece.effects[cause]).detail
    details = scene.members.loc[scene.members["cause"] == cause, "detail"].dropna()
    return str(details.mode().iloc[0]) if len(details) else None


def _look(scene: Scene, cause: Cause, ranked: list[tuple[float, Cause]], answers: tuple[Probed, ...]) -> str:
    """The look that would settle a cause: what a check that speaks for it found to do; in a tie, the check that failed."""
    mine = [answer for answer in answers if any(piece.effects.get(cause, 1.0) > 1.0 for piece in answer.evidence)]
    look = next((answer.next_look for answer in mine if answer.next_look), None)
    facts = [piece for answer in answers for piece in answer.evidence]
    look = look or next_look(scene, cause, _detail(scene, cause, facts))
    rival = next((other for share, other in ranked if other is not cause), None)
    shares = {other: share for share, other in ranked}
    if rival is None or cause is not ranked[0][1] or shares[cause] - shares[rival] > TIE:
        return look
    open_ = [
        row
        for row in answers
        if row.outcome is Outcome.COULD_NOT_LOOK and SETTLES.get(row.check, frozenset()) & {cause, rival}
    ]
    if not open_:
        return look
    return f"{look} {open_[0].check} would tell it from {str(rival).replace('_', ' ')}, but: {open_[0].summary}"


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
