"""What followed what: the rows (`desk.chronicle`), the scale of time and the chart (`plots.course`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_nb import display
from incident_nb.desk.chronicle import MOST, Row, chronicle
from incident_nb.desk.standing import standing
from incident_nb.diagnose import investigate
from incident_nb.incidents import fold
from incident_nb.plots import KINDS, course
from incident_nb.plots.scale import scale_of
from incident_nb.settings import Settings
from incident_nb.ui.course import open_times
from tests import ended
from tests.incidents import Happened, after, events_of, incident_of

NOTHING = investigate(replace(ended.case(), log=ended.log_of(), answers=(), workflow=None))
NO_RUNS = pd.DataFrame(
    {"instance": [], "execution_id": [], "at": pd.to_datetime([], utc=True), "status": []}, dtype=object
)


def rows_of(*happened: Happened, now: float = 600, **opened: Any) -> list[Row]:
    events = events_of(*happened, **opened)
    rows, _ = chronicle(events, standing(fold(events), after(now), Settings()), NOTHING)
    return rows


def test_everything_that_was_done_has_its_row_in_the_order_of_time() -> None:
    found = investigate(ended.case())
    events = ended.events()
    rows, more = chronicle(events, standing(fold(events), events[-1].at, Settings()), found)
    assert more == 3 and len(rows) == MOST
    firsts = [row.at[0] for row in rows]
    assert firsts == sorted(firsts)
    told = [(row.kind, row.text) for row in rows]
    at = iter(told)
    for part in (
        ("change", f"The workflow was saved, and in it {ended.CHANGE}"),
        ("bad", "The first failure that was counted as its own"),
        ("alert", "Error detected via Slack: Orders are not fetched"),
        ("action", "Acknowledged by Anna"),
        ("alert", "It failed 2 times more"),
        ("action", "Stopped [ACME] Flow 1"),
        ("action", "Restored [ACME] Flow 1"),
        ("bad", "Execution 23 after the fix failed again at “Call”"),
        ("action", "Escalated to Ben (ESC-1)"),
        ("good", "3 runs watched after the fix went well"),
        ("good", "3 retries: went well"),
        ("bad", "1 retry: failed again"),
        ("bad", "Onset: the first failing run"),
        ("bad", "Reopened: one endpoint still has the old key"),
        ("bad", "Deadline missed: tell the client"),
        ("good", "4 runs watched after the fix went well"),
        ("good", "Verified resolved: four good runs"),
        ("good", "Closed: done (left open: FIN-7)"),
    ):
        assert part in at, (part, told)  # one after the other


def test_what_is_seen_again_shares_a_row() -> None:
    rows = rows_of(
        ("occurred", 10), ("occurred", 20, {"count": 3}), ("fixed", 30, {"what": "a"}),
        *(("run_watched", 40 + n, {"execution_id": str(n), "good": True}) for n in range(2)),
        ("fixed", 50, {"what": "b"}), ("run_watched", 60, {"execution_id": "9", "good": True}),
    )  # fmt: skip
    assert [(row.text, len(row.at)) for row in rows] == [
        ("Error detected via a form: Invoices are not sent", 1), ("It failed 4 times more", 2), ("Fix deployed: a", 1),
        ("2 runs watched after the fix went well", 2), ("Fix deployed: b", 1), ("1 run watched after the fix went well", 1),
    ]  # fmt: skip


def test_corrections_are_heeded() -> None:
    moved = rows_of(
        ("acknowledged", 10), ("corrected", 20, {"seq": 2, "happened_at": after(3).isoformat(), "reason": "x"})
    )
    assert [row.at for row in moved if row.text.startswith("Acknowledged")] == [(after(3),)]
    gone = rows_of(("acknowledged", 10), ("corrected", 20, {"seq": 2, "reason": "x"}))
    assert [row.text for row in gone] == ["Error detected via a form: Invoices are not sent"]


def test_what_is_only_written_down_has_no_row() -> None:
    rows = rows_of(
        ("note", 1, {"text": "lunch"}), ("ticked", 2, {"row": "VER-1"}), ("documented", 3, {"path": "a.md"}),
        ("prevention", 4, {"text": "x"}), ("billing_classified", 5, {"row": "BILL-1"}),
    )  # fmt: skip
    assert len(rows) == 1


def test_of_too_many_rows_the_less_telling_are_left_out_and_counted() -> None:
    waits: list[Happened] = [
        (kind, 10 + 2 * n + (kind == "waiting_ended"), {"why": f"w{n}"} if kind == "waiting_began" else {})
        for n in range(30)
        for kind in ("waiting_began", "waiting_ended")
    ]
    events = events_of(*waits, ("fixed", 500, {"what": "at last"}), ("resolved", 510))
    rows, more = chronicle(events, None, NOTHING)
    assert (len(rows), more) == (MOST, 63 - MOST)
    assert [row.text for row in rows[-2:]] == ["Fix deployed: at last", "Verified resolved"]


def test_a_missed_deadline_stands_where_it_was() -> None:
    rows = rows_of(("severity_chosen", 1, {"severity": "P1"}), ("acknowledged", 70), now=80)
    assert ("bad", "Deadline missed: acknowledge it", (after(60),)) in [row[:3] for row in rows]
    assert not any("resolve it" in row.text for row in rows)


def test_where_nothing_is_known_there_is_no_row() -> None:
    assert chronicle((), None, NOTHING) == ([], 0)


def test_without_a_record_the_runs_and_changes_are_rows() -> None:
    made = replace(ended.case(upto=300), incident=None)
    rows, _ = chronicle((), None, investigate(made))
    assert [row.kind for row in rows] == ["good", "change", "bad", "bad"]


@pytest.mark.parametrize(
    ("happened", "now", "spans"),
    [
        ([], 60, [(0, 60)]),
        ([("resolved", 90)], 600, [(0, 90)]),
        ([("resolved", 90), ("reopened", 200, {"reason": "x"})], 600, [(0, 90), (200, 600)]),
        ([("resolved", 90), ("reopened", 200, {"reason": "x"}), ("resolved", 250)], 600, [(0, 90), (200, 250)]),
        ([("closed", 90)], 600, [(0, 90)]),
        ([("closed", 90), ("reopened", 95, {"reason": "x"})], 99, [(0, 95), (95, 99)]),
    ],
)
def test_when_it_was_open(happened: list[Happened], now: float, spans: list[tuple[float, float]]) -> None:
    found = open_times(incident_of(*happened), after(now))
    assert found == [(after(begin), after(end)) for begin, end in spans]


# the scale

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


@given(st.lists(st.integers(0, 60 * 24 * 400), min_size=1, max_size=30))
def test_the_scale_keeps_the_order_and_shows_everything(minutes: list[int]) -> None:
    moments = [START + timedelta(minutes=count) for count in minutes]
    scale = scale_of(moments)
    places = [scale(at) for at in sorted(set(moments))]
    assert all(0 < place < 1 for place in places)
    assert all(after > before for before, after in pairwise(places))
    ticks = scale.ticks()
    assert len(ticks) <= 12 and all(0 <= place <= 1 for place, _ in ticks)
    assert all(after - before >= 0.07 for (before, _), (after, _) in pairwise(ticks))


def test_a_long_stretch_without_anything_is_short() -> None:
    moments = [START + timedelta(minutes=count) for count in (0, 10, 60, 7 * 1440, 7 * 1440 + 30)]
    scale = scale_of(moments)
    assert scale.gaps == ((moments[2], moments[3]),)
    assert scale(moments[3]) - scale(moments[2]) < 0.15
    assert scale(moments[2]) - scale(moments[0]) > 0.4
    assert scale(moments[4]) - scale(moments[3]) == pytest.approx((scale(moments[2]) - scale(moments[0])) / 2, rel=0.01)
    few = scale_of(
        [
            moments[0],
            moments[0] + timedelta(days=3),
            moments[0] + timedelta(days=5),
            moments[0] + timedelta(days=5, hours=1),
        ]
    )
    assert few.gaps == ()  # nothing but an hour would be left
    even = scale_of([START + timedelta(hours=count) for count in range(9)])
    assert even.gaps == ()


def test_ticks_are_round_and_say_the_day_where_it_changes() -> None:
    labels = [label for _, label in scale_of([START, START + timedelta(hours=30)]).ticks()]
    assert labels == ["12:00\n1 Mar", "18:00", "00:00\n2 Mar", "06:00", "12:00"]


# the chart


def runs(*statuses: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "instance": "default",
            "execution_id": [str(n) for n in range(len(statuses))],
            "at": pd.to_datetime([START + timedelta(hours=n) for n in range(len(statuses))], utc=True),
            "status": statuses,
        }
    )


ROWS = [
    ("change", "the workflow was saved", [START + timedelta(hours=1)]),
    ("alert", "it failed again", [START + timedelta(hours=2), START + timedelta(hours=3)]),
    ("good", "resolved", [START + timedelta(hours=4)]),
]


def test_the_chart_plots_each_instant_and_the_runs_of_that_time() -> None:
    chart = course(
        ROWS, runs("success", "error", "error", "success", "success", "success"), onset=START + timedelta(hours=2),
        spans=[(START + timedelta(hours=2), START + timedelta(hours=4), "2 h")], more=3, title="What followed what",
    )  # fmt: skip
    told = chart.data[chart.data["kind"] != "run"]
    assert told["what"].tolist() == ["the workflow was saved", "it failed again", "it failed again", "resolved"]
    # The first and the last run lie outside of what happened.
    ran = chart.data[chart.data["kind"] == "run"]
    assert ran["what"].tolist() == ["failed", "failed", "succeeded", "succeeded"]
    for words in (
        "What followed what: 3 rows from 2026-03-01 09:00 UTC on", "Onset 2026-03-01 10:00", "2 failed, 2 succeeded",
        "1 Mar 09:00 the workflow was saved; 1 Mar 10:00 it failed again; 1 Mar 12:00 resolved.",
        "3 more in the table of the timeline",
    ):  # fmt: skip
        assert words in chart.alt
    assert [label.get_text() for label in chart.figure.axes[0].get_yticklabels()] == [
        "failed  2", "succeeded  2", "open", "09:00", "10:00", "12:00",
    ]  # fmt: skip


def test_what_a_chart_shows_fits_into_its_words() -> None:
    many = [
        ("action", f"something that was done, number {n} " + "x" * 90, [START + timedelta(hours=n)]) for n in range(30)
    ]
    chart = course(many, NO_RUNS, title="t" * 60, more=12)
    assert len(chart.alt) <= 400
    assert chart.alt.endswith(" more. 12 more in the table of the timeline.")


def test_kinds_differ_by_shape_and_colour() -> None:
    assert (
        len({colour for _, colour, _ in KINDS.values()}) == len({marker for *_, marker in KINDS.values()}) == len(KINDS)
    )


@pytest.mark.parametrize("text", ["$\\frac{x}$", "a\x00b", "😀 emoji", "漢字", "\u202eturned", "x" * 5000, ""])
def test_any_text_can_be_drawn(text: str) -> None:
    chart = course([("action", text, [START]), ("bad", "y", [START])], NO_RUNS, title=text)
    assert chart.png().startswith(b"\x89PNG")


def test_a_chart_of_all_of_it_is_small_and_no_text_leaves_it() -> None:
    found, events = investigate(ended.case()), ended.events()
    rows, _ = chronicle(events, standing(fold(events), events[-1].at, Settings()), found)
    executions, with_errors = display.runs_of(ended.case().log, found)
    chart = course([row[:3] for row in rows], executions, with_errors=with_errors, title="What followed what")
    assert len(chart.png()) < 150_000
    figure = chart.figure
    canvas: Any = figure.canvas
    figure.draw_without_rendering()
    edge = figure.bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent(canvas.get_renderer() if hasattr(canvas, "get_renderer") else None)
        assert edge.x0 <= box.x0 and box.x1 <= edge.x1, text.get_text()
