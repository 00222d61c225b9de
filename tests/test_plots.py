"""Charts: the plotted data and the words, not the pixels."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from incident_nb.plots import OUTCOMES, Chart, cause_bars, execution_strip, group_bars

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def runs(*statuses: str | None, every: timedelta = timedelta(hours=1)) -> pd.DataFrame:
    """Executions 0, 1, 2, ... with these statuses, one every hour."""
    return pd.DataFrame(
        {
            "instance": pd.Series(["default"] * len(statuses), dtype="category"),
            "execution_id": pd.Series([str(n) for n in range(len(statuses))], dtype="str"),
            "at": pd.Series([START + n * every for n in range(len(statuses))], dtype="datetime64[us, UTC]"),
            "status": pd.Series(statuses, dtype="category"),
        }
    )


def here(*ids: str) -> list[tuple[str, str]]:
    """Executions of this server; another one has the same."""
    return [("default", of) for of in ids]


def png(chart: Chart) -> bytes:
    data, metadata = chart._repr_mimebundle_()
    assert data["text/plain"] == chart.alt == metadata["image/png"]["alt"]
    return base64.b64decode(data["image/png"])


def size(image: bytes) -> tuple[int, int]:
    """Width and height as the PNG's header has them."""
    return int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big")


def test_the_strip_plots_every_run_by_outcome() -> None:
    executions = runs("success", "error", "crashed", "canceled", "waiting", "running", "success", "strange", None)
    chart = execution_strip(executions, subject_executions=here("1"), with_errors=here("6", "1"), title="Orders")
    assert dict(zip(chart.data["execution_id"], chart.data["outcome"], strict=True)) == {
        "0": "succeeded", "1": "failed", "2": "canceled or crashed", "3": "canceled or crashed", "4": "not finished",
        "5": "not finished", "6": "succeeded with errors", "7": "other", "8": "other",
    }  # fmt: skip
    assert chart.data.loc[chart.data["subject"], "execution_id"].tolist() == ["1"]
    assert str(chart.data["at"].dt.tz) == "UTC"
    assert chart.alt == (
        "Orders: 9 runs from 2026-03-01 08:00 to 2026-03-01 16:00 UTC; 1 failed, 2 canceled or crashed, "
        "1 succeeded with errors, 1 succeeded, 2 not finished, 2 other."
    )
    labels = [label.get_text() for label in chart.figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["failed  1", "canceled or crashed  2"]
    assert "UTC" in chart.figure.axes[0].get_xlabel()


def test_a_run_of_the_same_id_on_another_server_is_not_marked() -> None:
    both = pd.concat([runs("error", "success"), runs("error", "success").assign(instance="eu")], ignore_index=True)
    chart = execution_strip(both, subject_executions=here("0"), with_errors=here("1"), title="All")
    assert chart.data.sort_values(["outcome", "subject"])[["outcome", "subject"]].values.tolist() == [
        ["failed", False], ["failed", True], ["succeeded", False], ["succeeded with errors", False],
    ]  # fmt: skip


def test_the_strip_marks_the_onset_and_its_range() -> None:
    onset = START + timedelta(hours=2)
    between = (START + timedelta(hours=1), onset)
    chart = execution_strip(runs("success", "success", "error"), onset=onset, onset_range=between, title="Orders")
    assert chart.alt.endswith("Onset 2026-03-01 10:00 UTC, between 2026-03-01 09:00 and 2026-03-01 10:00.")
    axes = chart.figure.axes[0]
    assert [note.get_text() for note in axes.texts] == ["onset 2026-03-01 10:00"]
    assert len(axes.patches) == 1
    plain = execution_strip(runs("success", "error"), title="Orders")
    assert not plain.figure.axes[0].texts
    assert not plain.figure.axes[0].patches


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_the_strip_can_be_drawn_for_any_number_of_runs(count: int) -> None:
    chart = execution_strip(runs(*["success"] * count, every=timedelta(minutes=7)), onset=START, title="Orders")
    assert len(chart.data) == count
    width, height = size(png(chart))
    facts = chart._repr_mimebundle_()[1]["image/png"]
    assert (width, height) == (2 * facts["width"], 2 * facts["height"])
    assert (f"{count:,} run" in chart.alt) is (count > 0)


def test_runs_without_a_time_are_told_and_not_drawn() -> None:
    executions = runs("success", "error", "error")
    executions.loc[1, "at"] = pd.NaT
    chart = execution_strip(executions, title="Orders")
    assert chart.data["execution_id"].tolist() == ["0", "2"]
    assert chart.alt.endswith("1 more without a time.")


def test_a_chart_is_the_same_picture_every_time() -> None:
    first, second = (execution_strip(runs("success", "error"), title="Orders") for _ in range(2))
    assert png(first) == png(second)


def test_outcomes_differ_by_shape_and_colour() -> None:
    assert len({marker for _, _, marker in OUTCOMES.values()}) == len(OUTCOMES)
    assert len({colour for _, colour, _ in OUTCOMES.values()}) == len(OUTCOMES)


def groups(*rows: tuple[str | None, str | None, str | None, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["workflow", "node", "cause", "count"])


def test_cause_bars_add_up_the_groups_of_a_cause() -> None:
    chart = cause_bars(
        groups(
            ("A", "x", "timeout", 3),
            ("A", "y", "credentials", 900),
            ("B", "x", "credentials", 200),
            ("C", "x", None, 1),
        )
    )
    assert chart.data.drop(columns="together").to_dict("list") == {
        "cause": ["credentials", "timeout", "not classified"],
        "count": [1100, 3, 1],
        "groups": [2, 1, 1],
    }
    assert chart.data["together"].tolist() == pytest.approx([1100 / 1104, 1103 / 1104, 1])
    assert chart.alt == (
        "Failures by cause: credentials 1,100; timeout 3; not classified 1. The first cause of 3 makes up 100%."
    )
    assert png(chart)


def test_group_bars_show_the_largest_and_add_up_the_rest() -> None:
    long = "Sync every new order of the shop to the customer database"
    many = [(f"W{n}", "Send", "rate_limit", 1) for n in range(5)]
    chart = group_bars(groups(("B", "Get", "timeout", 7), (long, "Create Contact", None, 9), *many), limit=3)
    assert chart.data["count"].tolist() == [9, 7, 1, 4]
    assert chart.data["cause"].tolist() == ["not classified", "timeout", "rate limit", ""]
    assert chart.data["label"].tolist()[1:] == ["B › Get", "W0 › Send", "4 smaller groups"]
    assert chart.data["label"][0].endswith("… › Create Contact")
    assert chart.data["label"].str.len().max() <= 44
    assert chart.alt.endswith(
        "B › Get: 7  timeout; W0 › Send: 1  rate limit; 4 smaller groups: 4. The first 3 groups of 7 make up 81%."
    )
    assert chart.data["together"].tolist() == pytest.approx([9 / 21, 16 / 21, 17 / 21, 1])
    assert png(chart)


def test_no_groups_is_said_in_words() -> None:
    for chart in (cause_bars(groups()), group_bars(groups())):
        assert chart.alt.endswith(": no failures.")
        assert chart.data.empty
        assert png(chart)


def test_a_name_made_of_one_long_word_keeps_a_part() -> None:
    chart = group_bars(groups(("x" * 90, "y" * 90, "timeout", 1)))
    assert chart.data["label"][0].count("x") > 5
    assert chart.data["label"][0].count("y") > 5
    assert len(chart.data["label"][0]) <= 44


@pytest.mark.filterwarnings("error")
def test_names_are_drawn_as_they_are_whatever_they_hold() -> None:
    name = "🚀 Preise $x_{$ 订单 <b>"
    chart = group_bars(groups((name, "a$b$", "$", 1)), title=name)
    assert [label.get_text() for label in chart.figure.axes[0].get_yticklabels()] == ["Preise $x_{$ □□ <b> › a$b$"]
    assert name in chart.alt
    assert png(chart)
    assert png(execution_strip(runs("error"), title=name))
