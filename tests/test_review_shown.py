"""What a review shows of itself: words for what is not known, counts instead of shares of a few, charts with their data."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from incident_nb import review as shown
from incident_nb.review.kept import open_review
from incident_nb.review.model import Attained, Review
from incident_nb.review.views import amount_words, met_words, share_words, span_words
from incident_nb.views import View
from tests.builders import HOUR, NOW, START, flow, log_of, runs
from tests.hostile import vectors
from tests.incidents import Happened, incident_of, utc
from tests.test_review import ALL, BACK, FIXED, UNDER, made, same, shared_one

VIEWS = (
    shown.summary, shown.severities, shown.causes, shown.clocks, shown.times, shown.runs, shown.friday, shown.recurring,
    shown.incidents, shown.hours,
)  # fmt: skip
CHARTS = (shown.weeks_chart, shown.clocks_chart, shown.runs_chart)


def texts(found: Review) -> list[str]:
    """Everything that it shows, in every form."""
    views: list[View] = [view(found) for view in VIEWS]
    return [*(one.html for one in views), *(one.markdown for one in views), *(chart(found).alt for chart in CHARTS)]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "under a minute"), (0.4, "under a minute"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min"), (24 * 60, "1 d"),
     (24 * 60 + 5, "1 d 5 min"), (3 * 24 * 60 + 61, "3 d 1 h")],
)  # fmt: skip
def test_durations_in_words(minutes: float, words: str) -> None:
    assert span_words(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("met", "missed", "running", "words"),
    [(5, 1, 0, "5 of 6"), (0, 0, 0, "none asked for"), (0, 0, 2, "2 running"), (1, 0, 1, "1 of 1, 1 running")],
)
def test_deadlines_in_words(met: int, missed: int, running: int, words: str) -> None:
    assert met_words(Attained(clock="resolve", severity=None, met=met, missed=missed, running=running)) == words


@pytest.mark.parametrize(
    ("runs", "failed", "words"), [(19, 5, "5 of 19"), (20, 5, "5 of 20 (25%)"), (2000, 1000, "1,000 of 2,000 (50%)")]
)
def test_a_share_needs_enough_runs(runs: int, failed: int, words: str) -> None:
    assert share_words(runs, failed) == words


def test_a_period_without_incidents_says_so_everywhere() -> None:
    found = made()
    told = "\n".join(texts(found))
    for words in ("No incidents", "No incident was detected in this period", "no deadlines", "no times", "nothing to mention",
                  "No hours were spent", "There is no incident of this client on record"):  # fmt: skip
        assert words in told, words
    assert "Runs were not counted: no execution log was read" in shown.runs(found).markdown


def test_too_few_for_a_median_is_said() -> None:
    found = made(incident_of(*FIXED, severity="P2"))
    assert "too few for a median" in shown.summary(found).markdown
    assert (
        "median 1 h" not in shown.times(found).markdown
        and "worst 1 h 30 min (INC-42), of 1" in shown.times(found).markdown
    )
    three = made(*(incident_of(*FIXED, severity="P2", number=number) for number in (1, 2, 3)))
    assert "median 1 h 30 min" in shown.times(three).markdown


@pytest.mark.parametrize(("happened", "state"), [(BACK, "resolved Mon 23 Nov 2026, 11:00"), (BACK[:2], "open")])
def test_one_that_came_back_is_named_with_how_it_stands(happened: tuple[Happened, ...], state: str) -> None:
    found = made(same(1, *FIXED, *happened, days=7))
    assert f"of Mon 16 Nov 2026, 11:00; came back Sun 22 Nov 2026, 11:00, {state}" in shown.incidents(found).markdown
    assert "came back" in shown.incidents(found).html
    told = shown.summary(found)
    assert (
        "1 older one came back in this period" in told.html
        and "**Of before, and came back in this period:** 1" in told.markdown
    )
    assert ("still open" in told.markdown) is (state == "open") and "**Came again:** 1 problem" in told.markdown


def test_who_missed_what_is_named() -> None:
    markdown = shown.clocks(made(incident_of(("acknowledged", 90), severity="P1"), incident_of(number=2))).markdown
    assert "INC-42 missed respond and resolve and notify, and is open" in markdown
    assert "1 incident nobody has classified has no clocks" in markdown


def test_what_the_log_does_not_cover_is_said() -> None:
    late = made(log=log_of(*runs("X" * 3, flow(1, "[BAY] Orders"), start=START + HOUR)), period=ALL, now=NOW)
    told = shown.runs(late).markdown
    assert "It begins after the period does" in told and "does not reach back far enough to compare" in told
    assert "Whether anything ran between its end and the period's, it can't say" in told
    assert "holds runs from Mon 02 Mar 2026, 09:00" in told
    whole = made(
        log=log_of(*runs("." * 48 + "X", flow(1, "[BAY] Orders"), start=START - 24 * HOUR)), period=ALL, now=NOW
    )
    told = shown.runs(whole).markdown
    assert "begins after" not in told and "to compare" not in told and "it can't say" not in told


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("." * 24, "." * 20 + "XXXX", "more often; before: 0 of 24 (0%)"),
        ("X" * 24, "." * 20 + "XXXX", "less often; before: 24 of 24 (100%)"),
        ("." * 23 + "X", "." * 23 + "X", "about as often; before: 1 of 24 (4%)"),
    ],
)
def test_the_trend_in_words(before: str, now: str, words: str) -> None:
    log = log_of(*runs(before + now, flow(1, "[BAY] Orders"), start=START - 24 * HOUR))
    assert words in shown.runs(made(log=log, period=ALL, now=NOW)).html


def test_of_few_runs_no_trend_is_told() -> None:
    few = log_of(*runs("." * 2 + "XX", flow(1, "[BAY] Orders"), start=START - 48 * HOUR, every=24 * HOUR))
    period = ALL.model_copy(update={"until": START + 48 * HOUR})
    assert "<td>before: 0 of 2</td>" in shown.runs(made(log=few, period=period, now=NOW)).html


def test_prevention_is_told_with_owner_and_date() -> None:
    action = ("prevention", 95, {"text": "Renew it", "owner": "Kim", "due": "2026-11-10T00:00:00Z"})
    found = made(same(1, *FIXED, action, days=30), same(2))
    assert "*overdue:* Renew it (INC-1, Kim, due 10 Nov)" in shown.recurring(found).markdown
    assert "Nothing is noted that would prevent it" in shown.recurring(made(same(1, days=30), same(2))).markdown


def test_hours_are_told_with_what_is_not_confirmed() -> None:
    billed = ("billing_classified", 95, {"row": "BILL-2"})
    markdown = shown.hours(made(incident_of(*FIXED, billed, severity="P2"))).markdown
    assert "| External system change (BILL-2) | 1 | 1.50 (1.50 not confirmed) | \\$375.00 at the rate;" in markdown
    assert "what it uses is not on record" in markdown


def test_hours_from_the_allocation_show_no_amount() -> None:
    rows = [
        incident_of(*FIXED, ("billing_classified", 95, {"row": "BILL-3", "uses": uses, "hours": 10}), number=number)
        for number, uses in enumerate(("allocation", "rate"), 1)
    ]
    view = shown.hours(made(*rows))
    assert "| 1 | 10.00 | from the allocation |" in view.markdown and "<td>from the allocation</td>" in view.html
    assert view.markdown.count("2,500.00") == view.html.count("2,500.00") == 1
    assert "not on record" not in view.markdown + view.html


def test_an_amount_is_written_as_the_rate_is() -> None:
    assert amount_words(1375, "$250/hr") == "$1,375.00" and amount_words(60, "120 € an hour") == "60.00 € an hour"


def test_another_clients_incidents_are_nowhere() -> None:
    rows = (
        incident_of(UNDER, *FIXED, severity="P2"), shared_one(), shared_one(client="BAY"),
        incident_of(*FIXED, number=7, client="GLOBEX", severity="P1", title="Globex is down"),
    )  # fmt: skip
    log = log_of(*runs("X", flow(1, "[BAY] Orders")), *runs("X", flow(2, "[GLOBEX] Own"), first=9))
    period = ALL.model_copy(update={"until": utc("2026-11-27T00:00")})
    for text in texts(made(*rows, log=log, period=period)):
        assert "globex" not in text.lower() and "INC-7" not in text and "Own" not in text


def test_hostile_titles_and_workflows_stay_text() -> None:
    for vector in vectors("http://127.0.0.1:9")[::16]:
        name = (vector.text.strip() or "x")[:200]
        about = {"workflow": name, "fingerprint": "f"}
        again = ("prevention", 5, {"text": name, "owner": name})
        log = log_of(*runs("X", flow(1, f"[BAY] {name}")))
        found = made(
            incident_of(*FIXED, again, ("reopened", 99, {"reason": name}), severity="P3", title=name, subject=about),
            log=log, period=ALL.model_copy(update={"until": utc("2026-11-27T00:00")}),
        )  # fmt: skip
        for view in VIEWS:
            one = view(found)
            assert not re.search(
                r"<(script|img|svg|iframe|body|style|object|a|base|form|input|math)\b", one.html, re.IGNORECASE
            )
            assert not re.search(r"(?<!\\)<", one.markdown), (vector, one.name)
        for chart in CHARTS:
            assert chart(found).png()  # nothing in a name is taken for a formula


# Charts


def test_the_weeks_are_plotted_with_their_severities() -> None:
    found = made(incident_of(severity="P3"), incident_of(number=2), incident_of(severity="P1", number=3))
    chart = shown.weeks_chart(found)
    assert chart.data.to_dict("list") == {
        "week": [utc("2026-11-20T16:00")] * 3, "severity": ["P1", "P3", "not classified"], "count": [1, 1, 1],
    }  # fmt: skip
    assert "20 Nov: 1 P1, 1 P3, 1 not classified" in chart.alt


def test_the_deadlines_are_plotted_in_counts() -> None:
    chart = shown.clocks_chart(made(incident_of(*FIXED, severity="P1"), incident_of(*FIXED, severity="P3", number=2)))
    counts = {(row.clock, row.state): row.count for row in chart.data.itertuples(index=False)}
    assert counts["respond", "met"] == 2 and counts["notify", "missed"] == 1 and counts["notify", "met"] == 1
    assert "respond 2 of 2; resolve 2 of 2; notify 1 of 2" in chart.alt


def test_the_runs_are_plotted_where_there_were_any() -> None:
    log = log_of(*runs("X..X", flow(1, "[BAY] Orders"), every=12 * HOUR), *runs("..", flow(2, "[BAY] Good"), first=9))
    found = made(log=log, period=ALL.model_copy(update={"until": START + 72 * HOUR}), now=NOW)
    chart = shown.runs_chart(found)
    assert set(chart.data["workflow"]) == {"[BAY] Orders"}
    assert chart.data["runs"].tolist() == [2, 2, 0, 0] and chart.data["failed"].tolist() == [1, 1, 0, 0]
    assert chart.data["share"].isna().tolist() == [False, False, True, True]
    assert "[BAY] Orders: 2 of 4, most from 02 Mar on (1 of 2)" in chart.alt
    assert shown.runs_chart(made()).alt == "Share of runs that failed: no runs were counted."


def test_where_there_is_nothing_to_draw_a_sentence_stands_and_no_picture() -> None:
    quiet = made(log=log_of(*runs("..", flow(1, "[BAY] Good"))), period=ALL, now=NOW)
    for chart, says in (
        (shown.weeks_chart(made()), "Incidents by week and severity: none in the 8 weeks up to the period's end."),
        (shown.clocks_chart(made()), "Deadlines met: there was none in this period."),
        (shown.runs_chart(made()), "Share of runs that failed: no runs were counted."),
        (shown.runs_chart(quiet), "Share of runs that failed: no workflow failed."),
    ):
        bundle, _ = chart._repr_mimebundle_()
        assert "image/png" not in bundle and bundle["text/plain"] == chart.alt == says
        assert says in unescape(bundle["text/html"]) and bundle["text/markdown"].replace("\\", "") == says
    drawn, _ = shown.weeks_chart(made(incident_of(severity="P3")))._repr_mimebundle_()
    assert "image/png" in drawn


def test_the_sample_shows_each_kind_of_answer() -> None:
    found = open_review()
    told = "\n".join(texts(found))
    for words in ("10 incidents", "9 of 10", "1 running", "came back", "did not hold", "overdue", "open",
                  "part of a wider problem (INC-12)", "26 of 45 (58%)", "not settled"):  # fmt: skip
        assert words in told, words
    for name in ("DLTA", "EVRG", "Delta", "Evergreen"):
        assert name not in told
