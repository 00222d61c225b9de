"""The diagnostic checklist, one finding a row: what the records say (DX-1 to DX-6), and what live checks answered."""

from __future__ import annotations

import pandas as pd

from incident_nb.diagnose.evidence import time_of
from incident_nb.diagnose.judged import Analysis
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Evidence, Fact, Finding, Outcome, Probed, Problem

_LIVE = {
    "DX-2": ("the endpoint's health", "no endpoint is asked when only records are read"),
    "DX-4": ("the third party's status", "no status page is asked when only records are read"),
}


def findings(
    scene: Scene, found: list[Evidence], problem: Problem, answers: tuple[Probed, ...] = ()
) -> tuple[Finding, ...]:
    """One finding for each row of the checklist, in its order."""
    source = asked(scene.analysis)
    by_check: dict[str, list[Fact]] = {}
    for piece in found:
        by_check.setdefault(str(piece.fact.check), []).append(piece.fact)
    blamed = {(piece.fact.check, cause) for piece in found for cause, factor in piece.effects.items() if factor > 1}
    came_back = (problem.later,) if problem.later else ()
    first = (
        f"{problem.message or 'no message was kept'} "
        f"({problem.count} execution{'s' if problem.count > 1 else ''}, last at {time_of(problem.last_seen)})"
    )
    looked = {
        "DX-1": Finding(
            check="DX-1", outcome=Outcome.FOUND, asked=source, summary=f"At “{problem.node or 'unknown node'}”: {first}",
            evidence=(Fact(text=first, executions=problem.execution_ids[:5], check="DX-1"), *by_check.get("DX-1", ())),
        ),
        "DX-3": _credential(scene, by_check.get("DX-3", []), source, ("DX-3", Cause.CREDENTIALS) in blamed),
        "DX-5": _changes(scene, by_check.get("DX-5", []), source, ("DX-5", Cause.WORKFLOW_CONFIG) in blamed),
        "DX-6": Finding(
            check="DX-6", outcome=Outcome.FOUND, asked=source, evidence=(*by_check.get("DX-6", ()), *came_back),
            summary=". ".join([f"{problem.pattern}: {problem.pattern_why}", *(fact.text for fact in came_back)]),
        ),
    }  # fmt: skip
    for check, (what, why) in _LIVE.items():
        facts = tuple(by_check.get(check, ()))
        told = f"{facts[0].text} Otherwise {why}." if facts else f"{why[0].upper()}{why[1:]}."
        looked[check] = Finding(check=check, outcome=Outcome.COULD_NOT_LOOK, asked=what, summary=told, evidence=facts)
    return _with(looked, answers)


def healthy(analysis: Analysis, told: str, looked: bool, answers: tuple[Probed, ...] = ()) -> tuple[Finding, ...]:
    """The findings of a subject without failures: the records are clean, or hold no data; and live checks' answers."""
    source, outcome = asked(analysis), Outcome.CLEAN if looked else Outcome.COULD_NOT_LOOK
    rows = [Finding(check=check, outcome=outcome, summary=told, asked=source) for check in ("DX-1", "DX-6")]
    for check, (what, why) in _LIVE.items():
        rows.append(
            Finding(check=check, outcome=Outcome.COULD_NOT_LOOK, summary=f"{why[0].upper()}{why[1:]}.", asked=what)
        )
    return _with({row.check: row for row in rows}, answers)


def _with(records: dict[str, Finding], answers: tuple[Probed, ...]) -> tuple[Finding, ...]:
    """The records' findings and the live answers, one a row."""
    by_check: dict[str, list[Probed]] = {}
    for answer in answers:
        by_check.setdefault(answer.check, []).append(answer)
    rows = [_joined(check, records.get(check), by_check.get(check, [])) for check in {**records, **by_check}]
    return tuple(sorted(rows, key=lambda row: row.check))


def _joined(check: str, record: Finding | None, answers: list[Probed]) -> Finding:
    """What the records and the live checks say of one row. One that could not look is named where another one could."""
    if not answers:
        assert record is not None  # noqa: S101
        return record
    said = [answer for answer in answers if answer.outcome is not Outcome.COULD_NOT_LOOK]
    if record and check in _LIVE:
        record = None if not record.evidence else record.model_copy(update={"summary": record.evidence[0].text})
    told = (
        [record.summary]
        if record and (record.outcome is not Outcome.COULD_NOT_LOOK or record.evidence or not said)
        else []
    )
    told += [answer.summary for answer in said]
    failed = [answer.summary for answer in answers if answer.outcome is Outcome.COULD_NOT_LOOK]
    told += [f"Could not look: {words}" if said or told else words for words in failed]
    outcomes = {answer.outcome for answer in answers} | ({record.outcome} if record else set())
    worst = next(kind for kind in (Outcome.FOUND, Outcome.CLEAN, Outcome.COULD_NOT_LOOK) if kind in outcomes)
    facts = [*(record.evidence if record else ()), *(piece.fact for answer in answers for piece in answer.evidence)]
    asked = [*([record.asked] if record else []), *(answer.asked for answer in answers)]
    took = [answer.took_s for answer in answers if answer.took_s is not None]
    return Finding(
        check=check, outcome=worst, summary=" ".join(map(_sentence, dict.fromkeys(told))), asked="; ".join(dict.fromkeys(asked)),
        evidence=tuple(dict.fromkeys(facts)), at=answers[0].at, took_s=max(took, default=None),
    )  # fmt: skip


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def asked(analysis: Analysis) -> str:
    """What was looked at, in words: how many executions of which time."""
    window, count = analysis.window, len(analysis.log.executions)
    if window.from_ is None or window.to is None:
        return f"{count} executions without times"
    return f"{count} executions from {window.from_:%Y-%m-%d %H:%M} to {window.to:%Y-%m-%d %H:%M} UTC"


def _credential(scene: Scene, facts: list[Fact], asked: str, blamed: bool) -> Finding:
    newest = scene.members.iloc[-1]
    if pd.isna(newest["credential_id"]):
        nothing = "The records name no credential at this node."
        return Finding(check="DX-3", outcome=Outcome.COULD_NOT_LOOK, summary=nothing, asked=asked)
    name = next(value for value in (newest["credential"], newest["credential_id"]) if pd.notna(value))
    kind = f" ({newest['credential_type']})" if pd.notna(newest["credential_type"]) else ""
    used = f"{f'“{scene.node}”' if scene.node else 'The failing node'} uses the credential “{name}”{kind}."
    summary = " ".join([used, *(fact.text for fact in facts)])
    if not facts:
        summary += " Nothing else in the window used it, and the credential itself was not tested."
    outcome = Outcome.FOUND if blamed else Outcome.CLEAN if facts else Outcome.COULD_NOT_LOOK
    return Finding(check="DX-3", outcome=outcome, summary=summary, asked=asked, evidence=tuple(facts))


def _changes(scene: Scene, facts: list[Fact], asked: str, blamed: bool) -> Finding:
    if not facts:
        if scene.node is None:
            nothing = "The records name no node whose settings could be compared"
        elif scene.good_before.empty:
            nothing = "No good run that counts before the onset to compare the workflow with"
        else:
            nothing = "The workflow as it was in the last good run and in the first failing one is not known"
        nothing += "; deployments and credentials were not asked."
        return Finding(check="DX-5", outcome=Outcome.COULD_NOT_LOOK, summary=nothing, asked=asked)
    outcome = Outcome.FOUND if blamed else Outcome.CLEAN
    return Finding(check="DX-5", outcome=outcome, summary=facts[0].text, asked=asked, evidence=tuple(facts))
