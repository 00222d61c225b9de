"""What a notebook shows of a diagnosis: each view is one template pair, HTML for eyes and Markdown for text.

A view shows itself as a cell's bare result. `templates/display/NAME.html.j2` and `NAME.md.j2` hold the words; every
value in them is escaped for its form. The classes are those of the report's stylesheet.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from incident_nb.diagnose import OTHERS, Survey
from incident_nb.diagnose.advice import followed
from incident_nb.diagnose.leaks import CHECK as LEAK
from incident_nb.executions import ExecutionLog
from incident_nb.models import Diagnosis, Outcome, Problem
from incident_nb.patterns import Onset
from incident_nb.plots import Chart, execution_strip
from incident_nb.policy import load
from incident_nb.views import View, environment, time_words

AT_A_GLANCE = 5  # other problems that a terminal shows


def summary(diagnosis: Diagnosis, record: Any = None) -> View:
    """The first screen: what failed, since when, the most probable cause, the severity with its clocks, what to do.

    `record`: what the incident's record says of these (`desk.brief`), which goes first; None where there is none.
    """
    facts = {"grounds": _grounds(diagnosis), "ranges": _ranges(diagnosis.problem), "leak": _leak(diagnosis)}
    return _view("summary", diagnosis, r=record, **facts)


def _leak(diagnosis: Diagnosis) -> str | None:
    """What was found of credentials in error records; None where there are none."""
    found = (row for row in diagnosis.findings if row.check == LEAK and row.outcome is Outcome.FOUND)
    return next((f"{row.summary} ({LEAK})" for row in found), None)


def _ranges(problem: Problem | None) -> str:
    """When else it may have begun; nothing to say where only one start is possible."""
    if problem is None or problem.onset is None or problem.onset_not_after is None:
        return ""
    may = []
    if problem.onset_not_before != problem.last_good_before:
        before = problem.onset_not_before
        may.append(f"right after {time_words(before)}" if before else "before what was read")
    if problem.onset_not_after > problem.onset:
        may.append(f"as late as {time_words(problem.onset_not_after)}")
    return " or ".join(may)


def _grounds(diagnosis: Diagnosis) -> list[str]:
    """The facts for the first cause beside the error itself; where only records speak, what was seen around it too."""
    if not diagnosis.hypotheses:
        return []
    best = diagnosis.hypotheses[0]
    around = [fact for row in diagnosis.findings if row.check in ("DX-3", "DX-4", "DX-5") for fact in row.evidence]
    neutral = [fact for fact in around if fact not in best.against]
    speak = list(best.for_[1:])
    enough = any(fact.check != "DX-1" for fact in speak)
    return [fact.text for fact in (speak if enough else speak + neutral)[:3]]


def severity(diagnosis: Diagnosis, *, recorded: bool = False) -> View:
    """Step 1: the suggested severity, why, what would change it, and the deadlines with their basis.

    `recorded`: there is an incident on record, whose clocks count from its detection; they are shown with it, not here.
    """
    return _view("severity", diagnosis, recorded=recorded)


def causes(diagnosis: Diagnosis) -> View:
    """Step 2: each hypothesis with its facts for and against and the look that would settle it."""
    rows = [followed(hypothesis, diagnosis.findings, load()) for hypothesis in diagnosis.hypotheses]
    return _view("causes", diagnosis, followed=rows)


def checklist(diagnosis: Diagnosis) -> View:
    """Step 2: the diagnostic checklist, each row found, clean or could not look."""
    return _view("checklist", diagnosis)


def others(diagnosis: Diagnosis) -> View:
    """The other problems of the same source, gravest first."""
    return _view("others", diagnosis, most=OTHERS)


def glance(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """What a terminal shows, most important first: a label and its text a line, `#` for a heading, no words for a gap."""
    facts = {
        "d": diagnosis, "policy": load(), "grounds": _grounds(diagnosis), "ranges": _ranges(diagnosis.problem),
        "leak": _leak(diagnosis),
    }  # fmt: skip
    return _lines("glance.txt.j2", facts | {"most": AT_A_GLANCE})


def listing(found: Survey) -> list[tuple[str, str]]:
    """What a terminal shows of a survey: each problem in three lines, labelled with its count; see `glance`."""
    return _lines("listing.txt.j2", _surveyed(found))


def _lines(template: str, facts: dict[str, Any]) -> list[tuple[str, str]]:
    lines = environment("txt").get_template(template).render(**facts).splitlines()
    return [(label.strip(), told.strip()) for label, _, told in (line.partition("|") for line in lines if line)]


def survey(found: Survey) -> View:
    """What a survey found in figures: the totals, and the groups with their onsets, rates and patterns."""
    return View("survey", _surveyed(found))


def _surveyed(found: Survey) -> dict[str, Any]:
    rows = [{**row, "onset": row["onset"] if isinstance(row["onset"], Onset) else None} for row in _rows(found.groups)]
    return {"s": found, "rows": rows}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype("object").where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def strip(log: ExecutionLog, diagnosis: Diagnosis) -> Chart:
    """Every run of the subject's workflow (of the whole source, where it is that) over time, with the onset's range."""
    problem, subject = diagnosis.problem, diagnosis.subject
    name = problem.workflow if problem else subject.workflow
    runs, with_errors = runs_of(log, diagnosis)
    span = None
    if problem and problem.onset_not_before and problem.onset_not_after:
        span = (problem.onset_not_before, problem.onset_not_after)
    return execution_strip(
        runs,
        onset=problem.onset if problem else None,
        onset_range=span,
        subject_executions=[(problem.instance, of) for of in problem.execution_ids] if problem else (),
        with_errors=with_errors,
        title="All runs" if subject.kind == "source" else f"Runs of {name or 'the workflow'}",
    )


def runs_of(log: ExecutionLog, diagnosis: Diagnosis) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """The runs of the subject's workflow (of the source, where it is that), and the keys of runs that hold soft failures."""
    problem, subject = diagnosis.problem, diagnosis.subject
    flow = problem.workflow_id if problem else subject.workflow_id
    instance = problem.instance if problem else subject.instance
    table = log.executions
    if subject.kind == "source":
        runs = table if subject.client is None else table[table["client"].astype("str") == subject.client]
    else:
        runs = table[(table["workflow_id"].astype("str") == str(flow)) & (table["instance"] == instance)]
    soft = log.failures[log.failures["place"].isin(["item", "body", "hint", "node"])]
    return runs, set(zip(soft["instance"], soft["execution_id"], strict=True))


def step(number: int, diagnosis: Diagnosis) -> View:
    """What the procedure asks in step 1 to 6 (QR-1 to QR-6), with this problem's rows picked out."""
    rules = load()
    best = diagnosis.hypotheses[0] if diagnosis.hypotheses else None
    rows = {
        1: rules.acknowledge,
        2: rules.diagnostics,
        3: tuple(r for r in rules.resolutions if best and r.id in best.procedure) + rules.workarounds,
        4: rules.verification,
        5: rules.notifications,
        6: rules.documents + rules.closing,
    }[number]
    grade = diagnosis.severity.suggested if diagnosis.severity else None
    fitting = [_line(row) for row in rows if grade is None or grade in getattr(row, "severities", (grade,))]
    return _view("step", diagnosis, step=rules.steps[number - 1], rows=fitting)


def _line(row: Any) -> dict[str, Any]:
    """A row of any of the procedure's tables as one line: what to do, the rest of it, where, and with which commands."""
    told = getattr(row, "label", None) or row.cause
    more = getattr(row, "detail", None) if hasattr(row, "label") else row.resolution
    return {
        "id": row.id,
        "label": told,
        "detail": more,
        "path": getattr(row, "path", None),
        "commands": getattr(row, "commands", ()),
    }


def _view(name: str, diagnosis: Diagnosis, **more: Any) -> View:
    return View(name, {"d": diagnosis, "policy": load(), **more})
