"""What a notebook shows: every view of every diagnosis, in both forms, with nothing from outside taken for markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from incident_nb import display
from incident_nb.case import Case
from incident_nb.diagnose import diagnose, survey
from incident_nb.executions import ExecutionLog
from incident_nb.models import Cause, Diagnosis
from incident_nb.policy import load
from incident_nb.views import CAUSE_NAMES, View
from tests.builders import NOW, Json, call, error, flow, log_of, run, runs

HOSTILE = "<img src=x onerror=alert(1)> **bold** | [link](http://evil.example) `code`"
LOGS = {
    "failing": log_of(*runs("....XXX"), *runs("....X..", flow(2), first=11)),
    "healthy": log_of(*runs("...")),
    "empty": log_of(),
    "without times or words": log_of(
        *(
            {**each, "startedAt": None, "stoppedAt": None, "data": None, "workflowData": None}
            for each in (*runs("XX"), *runs("X", flow(2), first=11))
        )
    ),
    "hostile": log_of(run(1, wrong=error(401, HOSTILE, HOSTILE), of=flow(1, f"[ACME] {HOSTILE}", call(HOSTILE)))),
}


def views(log: ExecutionLog) -> list[View]:
    found = diagnose(log, now=NOW)
    kinds = (display.summary, display.severity, display.causes, display.checklist, display.others)
    steps = [display.step(number, found) for number in range(1, 7)]
    return [*(kind(found) for kind in kinds), *steps, display.survey(survey(Case(log, NOW)))]


class Tags(HTMLParser):
    """The tags that are open at the end, and the names and attributes of all."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.open.append(tag)
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
def test_every_view_of_every_diagnosis(log: ExecutionLog) -> None:
    for view in views(log):
        shown = Tags(view.html)
        assert shown.open == [], view.name
        assert shown.attributes <= {"class"}, view.name
        for text in (view.html, view.markdown):
            assert text.strip(), view.name
            assert not re.search(r"\b(None(?! of)|nan|NaT|Undefined)\b|[{}]{2}|\{%", text), (view.name, text)


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
def test_a_terminal_is_told_what_matters_first(log: ExecutionLog) -> None:
    found = diagnose(log, now=NOW)
    lines = display.glance(found)
    assert lines[0] == ("#", " ".join(found.headline.split()))
    assert not any(re.search(r"\b(None(?! of)|nan|NaT|Undefined)\b|[{}]{2}|\{%", text) for _, text in lines)
    labels = [label for label, _ in lines if label]
    if found.problem:
        assert labels[:6] == ["#", "Error", "Since", "Cause", "Severity", "Next step"]
        assert dict(lines)["Next step"] == " ".join((found.next_step or "").split())
    else:
        assert labels == ["#"]


def test_a_text_from_outside_makes_no_line_of_its_own() -> None:
    words = "one | two\n# | three\u2028P1 | four"
    lines = display.glance(diagnose(log_of(run(1, wrong=error(401, words), of=flow(1, "[ACME] A | B"))), now=NOW))
    assert ("Error", "one | two # | three P1 | four (401)") in lines
    assert [label for label, _ in lines].count("#") == 1


def test_a_terminal_is_shown_the_gravest_others_and_how_many_more() -> None:
    flows = [flow(n, None, call(credential=f"c{n}", host=f"h{n}.example")) for n in range(2, 9)]
    many = [each for n, of in enumerate(flows) for each in runs("...X", of, first=100 * n + 100)]
    shown = display.glance(diagnose(log_of(*runs("...XXX"), *many), now=NOW))
    below = shown[shown.index(("#", "Other problems")) + 1 :]
    assert [label for label, _ in below] == ["P1"] * display.AT_A_GLANCE + [""]
    assert below[-1][1].startswith("2 more with --json or --out")


def test_what_comes_from_outside_is_no_markup() -> None:
    for view in views(LOGS["hostile"]):
        assert "img" not in Tags(view.html).seen
        assert not re.search(r"(?<!\\)(<img|\]\(http|\*\*bold)", view.markdown)
    summary = views(LOGS["hostile"])[0]
    assert "&lt;img src=x onerror=alert(1)&gt;" in summary.html
    assert "\\*\\*bold\\*\\*" in summary.markdown


def cells(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line))


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
def test_rows_of_a_markdown_table_have_its_columns(log: ExecutionLog) -> None:
    for view in views(log):
        lines = view.markdown.splitlines()
        for head in (n for n, line in enumerate(lines) if line.startswith("| ---")):
            for line in lines[head:]:
                if not line.startswith("|"):
                    break
                assert cells(line) == cells(lines[head - 1]), (view.name, line)


@pytest.fixture
def found() -> Diagnosis:
    return diagnose(LOGS["failing"], now=NOW)


def test_the_first_screen(found: Diagnosis) -> None:
    for text in (display.summary(found).html, display.summary(found).markdown.replace("\\", "")):
        for words in (
            "[ACME] Flow 1",
            "Authorization failed - please check your credentials",
            "invalid token",
            "2026-03-02 12:00 UTC",
            "Credentials (api key)",
            "P2",
            "Mon 09 Mar, 12:00 UTC",
            "RES-2",
        ):
            assert words in text


@pytest.mark.parametrize(
    ("executions", "told"),
    [
        (runs("..XX"), "no good run through “Call” since"),
        (runs("..XX."), "1 good run since"),
        (runs("XX"), "the records do not tell whether it goes on"),
    ],
    ids=["goes on", "over", "failures only"],
)
def test_whether_it_goes_on_is_told_only_where_the_records_tell(executions: list[Json], told: str) -> None:
    view = display.summary(diagnose(log_of(*executions), now=NOW))
    for text in (view.html, view.markdown):
        assert told in text
        assert told.startswith("no good run") or "“Call” since" not in text


def test_a_step_shows_what_the_severity_and_the_cause_ask_for(found: Diagnosis) -> None:
    rules = load()
    resolve = display.step(3, found).markdown
    assert "RES-2" in resolve
    assert "RES-6" not in resolve
    for number, step in enumerate(rules.steps, 1):
        assert step.time in display.step(number, found).markdown


def test_every_cause_has_a_name() -> None:
    assert set(CAUSE_NAMES) == set(Cause)


def test_a_view_shows_itself_in_every_form(found: Diagnosis) -> None:
    shown = display.summary(found)._repr_mimebundle_()
    assert set(shown) == {"text/html", "text/markdown", "text/plain"}
    assert shown["text/plain"] == shown["text/markdown"]


def test_the_strip_shows_the_runs_of_the_workflow_asked_for(found: Diagnosis) -> None:
    assert "Flow 1" in display.strip(LOGS["failing"], found).alt
    healthy = diagnose(LOGS["healthy"], now=NOW, workflow="wf1")
    assert "Flow 1" in display.strip(LOGS["healthy"], healthy).alt


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<html><head><title>Busy</title></head><body>Try again &amp; wait</body></html>", "Busy Try again & wait"),
        ("Try one of these:<br/><br/>1. Fewer items", "Try one of these: 1. Fewer items"),
        ("expected a value < 5 and > 3", "expected a value < 5 and > 3"),
        ('Unexpected token "<", "<!DOCTYPE "... is not valid JSON', '"<", "<!DOCTYPE "... is not valid'),
    ],
)
def test_a_page_that_a_service_sent_is_shown_without_its_tags(said: str, shown: str) -> None:
    found = diagnose(log_of(run(1, wrong=error(503, "Service unavailable", said))), now=NOW)
    told = re.search(r"- \*\*In detail:\*\* (.*)", display.summary(found).markdown)
    assert told
    assert shown in told[1].replace("\\", "")


def test_the_first_screen_tells_what_the_checks_saw_where_only_the_error_speaks_for_the_cause() -> None:
    found = diagnose(log_of(*runs("....X", wrong=error("ECONNREFUSED", "Connection refused"))), now=NOW)
    assert len(found.hypotheses[0].for_) == 1
    assert "last succeeded in execution 4" in display.summary(found).markdown


def test_a_cause_that_is_not_known_has_no_confidence() -> None:
    known, unknown = (diagnose(LOGS[name], now=NOW) for name in ("failing", "without times or words"))
    assert unknown.hypotheses[0].cause is Cause.UNKNOWN
    assert "confidence" in display.summary(known).markdown
    assert "confidence" not in display.summary(unknown).markdown + display.summary(unknown).html


def test_a_problem_that_was_there_before_its_onset_says_since_when() -> None:
    back, new = (diagnose(log_of(*runs(marks)), now=NOW) for marks in ("X" + "." * 40 + "XXX", "." * 40 + "XXX"))
    assert "seen before, first at" in display.summary(back).markdown
    assert "seen before" not in display.summary(new).markdown


def test_a_list_of_other_problems_that_is_cut_says_so() -> None:
    many = [run(number, wrong=error(401), of=flow(number)) for number in range(1, 25)]
    all_, few = (diagnose(log_of(*part), now=NOW) for part in (many, many[:5]))
    assert "20 gravest" in display.others(all_).markdown
    assert "20 gravest" not in display.others(few).markdown
