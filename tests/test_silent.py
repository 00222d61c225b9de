"""Silent stops: a workflow's schedule or its rhythm against its last run, and quiet that is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from incident_nb.executions import Snapshot
from incident_nb.patterns.columns import SILENT_COLUMNS
from incident_nb.patterns.silent import silent, silent_ones
from tests.histories import START, fleet, history, office, times

DAYS = 42
END = START + pd.Timedelta(days=DAYS)  # a Monday at midnight
OTHER = history(times("15min", DAYS), flow="other")  # goes on
CLOCK = times("1h", DAYS)


def snapshot(**interval: Any) -> dict[str, Snapshot]:
    node = {"type": "n8n-nodes-base.scheduleTrigger", "parameters": {"rule": {"interval": [interval]}}}
    return {"v1": Snapshot("v1", {"Schedule": node})}


def found(*histories: pd.DataFrame, now: pd.Timestamp = END, **more: Any) -> list[dict[str, Any]]:
    table = silent(fleet(OTHER, *histories), now, **more)
    assert list(table.columns) == SILENT_COLUMNS
    return table[table["workflow_id"] != "other"].to_dict("records")


def until(at: Any, end: str) -> Any:
    return at[at < pd.Timestamp(end, tz="UTC")]


def test_a_workflow_that_stopped() -> None:
    (row,) = found(history(until(CLOCK, "2026-07-12T14:30")))
    assert (row["workflow_id"], row["every_s"], row["state"], row["schedule"]) == (
        "wf1",
        pytest.approx(3600, abs=30),
        None,
        None,
    )
    assert row["last_run"].floor("h") == pd.Timestamp("2026-07-12T14:00Z") == row["last_good"].floor("h")
    assert row["missed"] == 9 and row["due"].floor("h") == pd.Timestamp("2026-07-12T15:00Z")
    assert row["overdue_s"] == pytest.approx(9 * 3600, abs=1800) and "is not known" in row["why"]


def test_it_failed_before_it_stopped() -> None:
    at = until(CLOCK, "2026-07-12T14:30")
    (row,) = found(history(at, status=["success"] * (len(at) - 5) + ["error"] * 5))
    assert row["last_good"].floor("h") == pd.Timestamp("2026-07-12T09:00Z")


@pytest.mark.parametrize(
    ("name", "at", "end", "more"),
    [
        ("goes on", CLOCK, END, {}),
        ("two late", until(CLOCK, "2026-07-12T21:30"), END, {}),
        ("office hours, on a weekend", office(CLOCK), END, {}),
        ("office hours, on a Monday morning", office(CLOCK), END + pd.Timedelta("10h"), {}),
        ("too few", CLOCK[:7], END, {}),
        ("others start it", CLOCK[-200:-96:4], END, {"mode": "webhook"}),
        ("by hand", until(CLOCK, "2026-07-10"), END, {"mode": "manual"}),
        ("by and by", CLOCK[np.unique((np.linspace(0, 1, 60) ** 4 * 995).astype(int))], END, {}),
        (
            "it paused as long before",
            CLOCK[((CLOCK < "2026-06-20") | (CLOCK > "2026-06-22")) & (CLOCK < "2026-07-11")],
            END,
            {},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_near_misses(name: str, at: Any, end: pd.Timestamp, more: dict[str, Any]) -> None:
    goes_on = history(times("15min", 50), flow="other")
    assert found(history(at, **more), goes_on, now=end) == [], name


def test_office_hours_are_missed_in_their_hours() -> None:
    at = until(office(CLOCK), "2026-07-08T12:30")  # a Wednesday
    (row,) = found(history(at), now=pd.Timestamp("2026-07-09T10:30Z"))
    assert row["missed"] >= 3 and row["due"].floor("h") == pd.Timestamp("2026-07-08T13:00Z")
    assert found(history(at), now=pd.Timestamp("2026-07-08T14:30Z")) == []
    holiday = at[at.normalize() != pd.Timestamp("2026-06-23", tz="UTC")]  # a day like this was there before
    assert found(history(holiday), now=pd.Timestamp("2026-07-09T10:30Z")) == []
    assert len(found(history(holiday), now=pd.Timestamp("2026-07-10T10:30Z"))) == 1


@pytest.mark.parametrize(
    ("interval", "every", "hours", "words"),
    [
        ({"field": "hours", "hoursInterval": 1}, "1h", 6, "every hour"),
        ({"field": "minutes", "minutesInterval": 30}, "30min", 3, "every 30 minutes"),
        ({"field": "hours", "hoursInterval": 6}, "6h", 30, "every 6 hours"),
        ({"field": "days", "triggerAtHour": 2}, "1D", 58, "every day at 02:00"),
        ({"field": "cronExpression", "expression": "0 */4 * * *"}, "4h", 20, "0 */4 * * *"),
        ({"field": "weeks", "triggerAtDay": [1]}, "7D", 24 * 9, "every week at 00:00"),
    ],
)
def test_its_own_schedule_decides(interval: dict[str, Any], every: str, hours: int, words: str) -> None:
    at = times(every, DAYS)
    stopped = at[at < END - pd.Timedelta(hours=hours)]
    (row,) = found(history(stopped), snapshots=snapshot(**interval))
    assert words in row["schedule"] and row["confidence"] > 0.9 and row["missed"] >= 1
    assert found(history(at), snapshots=snapshot(**interval)) == []


def test_what_fell_into_a_time_in_which_the_server_was_off_is_not_missed() -> None:
    """Every Sunday at noon; on the last one the server was off from ten to three, as all its workflows show."""
    at = times("7D", 35, start=START + pd.Timedelta("6D12h"))
    sundays, weekly = history(at), snapshot(field="weeks", triggerAtDay=[0], triggerAtHour=12)
    later = END + pd.Timedelta("2D")
    on = times("15min", 46)
    assert len(found(sundays, history(on, flow="wf2"), snapshots=weekly, now=later)) == 1
    off = (on > "2026-07-12T10:00") & (on < "2026-07-12T15:00")
    other = history(times("15min", 20, start=START - pd.Timedelta("20D")), flow="other")
    table = silent(fleet(other, sundays, history(on[~off], flow="wf2")), later, weekly)
    assert table["workflow_id"].tolist() == ["other"]


def test_a_schedule_of_a_server_in_another_time_zone() -> None:
    """Every working day at nine in Berlin, seven in UTC."""
    daily = times("1D", DAYS, start=START + pd.Timedelta("7h"))
    at = daily[daily.day_of_week < 5]
    cron = snapshot(field="cronExpression", expression="0 9 * * 1-5")
    assert found(history(at), snapshots=cron) == []  # Monday at midnight
    assert found(history(at[:-1]), snapshots=cron, now=pd.Timestamp("2026-07-10T12:00Z")) == []  # not late enough
    (row,) = found(history(at[:-2]), snapshots=cron)
    assert row["due"].hour == 7 and row["due"].day == 9 and row["missed"] == 2


def test_a_change_of_clocks_is_no_silence() -> None:
    """Every 20 minutes of office hours, seen when by the summer's clock two runs of the first winter's day lack."""
    start = pd.Timestamp("2026-09-21", tz="UTC")
    at = times("20min", 35, start=start)
    at = at[(at.day_of_week < 5) & (at.hour >= 7) & (at.hour < 16)]  # 9 to 18 in Berlin, until Friday the 23rd
    cron = snapshot(field="cronExpression", expression="*/20 9-17 * * 1-5")
    goes_on = history(times("15min", 40, start=start), flow="other")
    assert found(history(at), goes_on, snapshots=cron, now=pd.Timestamp("2026-10-26T07:55Z")) == []
    assert len(found(history(at), goes_on, snapshots=cron, now=pd.Timestamp("2026-10-26T11:00Z"))) == 1


def test_the_end_of_a_day_after_a_change_of_clocks_is_no_silence() -> None:
    """Every 20 minutes of office hours in Sydney; in summer the day ends an hour sooner than what most of the runs kept to."""
    at = times("20min", 16, start=pd.Timestamp("2026-09-21", tz="UTC"))
    local = at.tz_convert("Australia/Sydney")  # the clock goes forward on 4 October
    at = at[(local.day_of_week < 5) & (local.hour >= 8) & (local.hour < 18)]
    cron = snapshot(field="cronExpression", expression="*/20 8-17 * * 1-5")
    goes_on = history(times("15min", 40, start=at[0]), flow="other")
    ended = until(at, "2026-10-06T12:00")  # on the second day of summer, at 17:40
    assert ended[-1].hour == 6
    assert found(history(ended), goes_on, snapshots=cron, now=pd.Timestamp("2026-10-06T20:30Z")) == []
    assert len(found(history(ended), goes_on, snapshots=cron, now=pd.Timestamp("2026-10-06T23:59Z"))) == 1


def test_runs_of_no_known_server_say_nothing() -> None:
    runs = history(CLOCK[:-30])
    assert len(found(runs)) == 1
    assert found(runs.assign(instance=pd.Categorical([None] * len(runs)))) == []


def test_a_schedule_that_was_made_rarer_is_kept_to() -> None:
    at = until(times("15min", DAYS), "2026-07-12T14:30")
    version = np.where(np.arange(len(at)) < len(at) - 1, "v0", "v1")
    daily = snapshot(field="days", triggerAtHour=14)
    assert len(found(history(at, version=version))) == 1
    new = pd.to_datetime([f"2026-07-{day}T14:00:03Z" for day in (10, 11, 12)])
    assert found(history(at[at < "2026-07-09T14:00"].append(new)), snapshots=daily) == []


def test_a_schedule_that_its_runs_never_kept_to_says_nothing() -> None:
    """n8n keeps only every tenth, or something else starts it, too."""
    at = until(CLOCK, "2026-07-12T14:30")
    (row,) = found(history(at), snapshots=snapshot(field="minutes", minutesInterval=5))
    assert row["schedule"] is None and row["missed"] == 9
    assert found(history(at[::10][:-1]), snapshots=snapshot(field="minutes", minutesInterval=5)) == []


def calls(per_day: float, days: float = DAYS, seed: int = 3) -> Any:
    """Instants by chance, fewer at night and on weekends."""
    random = np.random.default_rng(seed)
    at = START + pd.to_timedelta(np.sort(random.uniform(0, days, int(per_day * days * 3))), unit="D")
    busy = np.where((at.hour < 6) | (at.hour > 21), 0.1, 1) * np.where(at.day_of_week >= 5, 0.3, 1)
    return at[random.random(len(at)) < busy / 3 / 0.6].as_unit("us")


def test_calls_that_come_by_chance_are_missed_when_it_is_none_any_more() -> None:
    stopped = history(until(calls(40), "2026-07-08T10:00"), mode="webhook")
    (row,) = found(stopped)
    assert row["missed"] > 50 and row["confidence"] < 0.8 and "was called" in row["why"]
    assert found(history(calls(40), mode="webhook")) == []
    assert found(history(until(calls(40), "2026-07-12T00:00"), mode="webhook")) == []  # a Sunday
    assert found(history(until(calls(1), "2026-07-08T10:00"), mode="webhook")) == []
    heaps = np.sort(
        np.concatenate([calls(2).asi8, *(calls(800, 0.1).asi8 + day * 86_400_000_000 for day in (3, 9, 20, 27))])
    )
    at = pd.DatetimeIndex(heaps.astype("datetime64[us]")).tz_localize("UTC")
    assert found(history(until(at, "2026-07-09"), mode="webhook")) == []
    assert silent_ones(fleet(OTHER, stopped), {"main": END}) == (1, [])  # nobody is woken for what others do


def test_whose_triggers_are_disabled_in_its_newest_version_is_off() -> None:
    stopped = history(until(CLOCK, "2026-07-12T14:30"))
    by_hand = history(until(CLOCK, "2026-07-12T14:30")[-1:] + pd.Timedelta("5min"), mode="manual", version="v2")
    off = {**snapshot()["v1"].nodes["Schedule"], "disabled": True}
    assert found(stopped, by_hand, snapshots={"v2": Snapshot("v2", {"Schedule": off})}) == []
    both = Snapshot("v2", {"Schedule": off, "Hook": {"type": "n8n-nodes-base.webhook"}})
    assert len(found(stopped, by_hand, snapshots={"v2": both})) == 1


def test_what_a_person_switched_off_is_quiet_on_purpose() -> None:
    stopped = history(until(CLOCK, "2026-07-12T14:30"))
    assert found(stopped, active={("main", "wf1"): False}) == []
    (row,) = found(stopped, active={("main", "wf1"): True})
    assert row["state"] == "active" and "not known" not in row["why"]
    assert len(found(stopped, active={("other", "wf1"): False})) == 1


def test_an_instance_that_stopped_is_one_statement() -> None:
    many = [history(until(CLOCK, "2026-07-12T14:30"), flow=f"wf{number}") for number in range(5)]
    (row,) = found(*many)
    assert row["workflow_id"] is None and "5 of 6 workflows" in row["why"] and row["client"] == "ACME"
    assert row["missed"] == 45 and row["last_good"].floor("h") == pd.Timestamp("2026-07-12T23:00Z")
    two = found(*many[:2], history(CLOCK, flow="wf8"), history(CLOCK, flow="wf9"))
    assert {row["workflow_id"] for row in two} == {"wf0", "wf1"}


def test_an_export_ends_where_it_ends() -> None:
    later = END + pd.Timedelta(days=5)
    assert found(history(CLOCK), now=later) == []
    (row,) = found(history(CLOCK), now=later, ends={"main": later})
    assert row["missed"] == pytest.approx(5 * 24, abs=1)
    assert found(history(CLOCK), now=END, ends={"main": later}) == []  # not after now


def test_of_two_instances_one_stopped_or_its_export_ends_there() -> None:
    early = [history(until(CLOCK, "2026-07-10"), flow=f"wf{number}", instance="second") for number in range(4)]
    (row,) = found(*early)
    assert (row["instance"], row["workflow_id"], row["confidence"]) == ("second", None, 0.5)
    assert "or what was read of it ends there" in row["why"]
    assert found(*early, ends={"main": END, "second": START + pd.Timedelta(days=39)}) == []
    (row,) = found(*early, ends={"main": END})  # of the other nothing is known
    assert (row["instance"], row["confidence"]) == ("second", 0.5)
    (row,) = found(*early, ends={"second": END})
    assert (row["instance"], row["confidence"]) == ("second", 0.95)
    assert found(*early[:2]) == []


def test_no_executions() -> None:
    assert silent(OTHER.head(0), END).empty
