"""Action items whose date has passed are called out once, whatever became of their incident."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from incident_nb.incidents import Records, payload_of
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.watch import prevention
from tests.incidents import DETECTED, Happened, after
from tests.watched import lines

DAY = 24 * 60
NOON = after(0).replace(hour=12, minute=0, second=0, microsecond=0)
MIDNIGHT = NOON.replace(hour=0)
ALARM = ("prevention", 5, {"text": "Add an alarm", "owner": "Ben", "due": NOON})


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    kept = Records(place, clock=lambda: DETECTED)
    yield kept
    kept.close()


def opened(records: Records, *happened: Happened) -> int:
    number = records.open(
        Opened(title="Invoices are not sent", detected_at=DETECTED, client="BAY"), by="Anna", at=DETECTED
    ).number
    for kind, minutes, *values in happened:
        records.add(number, payload_of(kind, dict(values[0]) if values else {}), by="Anna", at=after(minutes))
    return number


def minutes_to(at: object, more: float = 0) -> float:
    return (at - DETECTED).total_seconds() / 60 + more  # type: ignore[operator]


def called(records: Records, minutes: float) -> list[str]:
    return [one.what.text for one in prevention.look(records, after(minutes))]


TOLD = "To prevent it, this was to be done and is not: Add an alarm (Ben)"


@pytest.mark.parametrize(
    ("happened", "minutes", "expected"),
    [
        ([ALARM], minutes_to(NOON, -1), []),
        ([ALARM], minutes_to(NOON), [TOLD]),
        ([ALARM, ("resolved", 8), ("closed", 9)], minutes_to(NOON), [TOLD]),
        ([ALARM, ("prevented", 10, {"action": "Add an alarm"})], minutes_to(NOON, DAY), []),
        ([("prevention", 5, {"text": "Add an alarm"})], minutes_to(NOON, 90 * DAY), []),
        # a date means all of the day
        ([("prevention", 5, {"text": "Tell Ann", "due": MIDNIGHT})], minutes_to(MIDNIGHT, DAY - 1), []),
        (
            [("prevention", 5, {"text": "Tell Ann", "due": MIDNIGHT})], minutes_to(MIDNIGHT, DAY),
            ["To prevent it, this was to be done and is not: Tell Ann"],
        ),
        ([ALARM, ("prevention", 6, {"text": "Tell Ann", "due": NOON})], minutes_to(NOON), [f"{TOLD}; Tell Ann"]),
    ],
)  # fmt: skip
def test_what_is_called_out(records: Records, happened: list[Happened], minutes: float, expected: list[str]) -> None:
    opened(records, *happened)
    assert called(records, minutes) == expected
    assert not expected or called(records, minutes + 60) == []


def test_another_date_is_called_out_again(records: Records) -> None:
    number = opened(records, ALARM)
    assert called(records, minutes_to(NOON)) == [TOLD]
    later = {"text": "Add an alarm", "due": NOON.replace(day=NOON.day + 1)}
    records.add(number, payload_of("prevention", later), by="Anna", at=after(minutes_to(NOON, 1)))
    assert called(records, minutes_to(NOON, 2)) == []
    assert called(records, minutes_to(NOON, DAY)) == [TOLD]


def test_two_that_look_at_once_tell_it_once_and_in_slack(records: Records) -> None:
    opened(records, ALARM)
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: called(records, minutes_to(NOON)), range(2)))
    assert sorted(found) == [[], [TOLD]]
    assert [TOLD in line for line in map(str, lines(records))] == [True]
