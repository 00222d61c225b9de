"""Clocks, duties and promised fixes are called out: when they should be, once, and without one keeping another back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.incidents import Records, payload_of
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.settings import Settings
from incident_nb.watch import clocks
from tests.incidents import DETECTED, Happened, after
from tests.watched import kinds, lines, workspace

OUTAGE = ("cause_accepted", 6, {"cause": "external_outage"})
P1 = ("severity_suggested", 0, {"severity": "P1"})
KNOWN = ("acknowledged", 5)
TOLD = ("notified", 20)


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    kept = Records(place, clock=lambda: DETECTED)
    yield kept
    kept.close()


def opened(records: Records, *happened: Happened, detected: datetime = DETECTED, client: str = "BAY") -> int:
    """The number of an incident to which this happened, minutes after its detection."""
    number = records.open(
        Opened(title="Invoices are not sent", detected_at=detected, client=client), by="Anna", at=detected
    ).number
    for kind, minutes, *values in happened:
        said: dict[str, Any] = values[0] if values else {}
        records.add(number, payload_of(kind, said), by="Anna", at=after(minutes, detected))
    return number


def called(records: Records, minutes: float, settings: Settings | None = None) -> list[str]:
    return [f"{one.what.of} {one.what.state}" for one in clocks.look(records, settings or Settings(), after(minutes))]


@pytest.mark.parametrize(
    ("happened", "minutes", "expected"),
    [
        ([P1], 10, []),
        ([P1], 22.4, []),
        ([P1], 22.5, ["notify at_risk"]),  # a quarter of 30 minutes is left
        ([P1], 46, ["respond at_risk", "notify missed"]),
        ([P1, KNOWN], 46, ["notify missed"]),
        ([P1, KNOWN, TOLD], 60, []),
        ([P1, KNOWN, TOLD], 179, []),
        ([P1, KNOWN, TOLD], 181, ["resolve at_risk"]),
        ([P1, KNOWN, TOLD], 241, ["resolve missed", "ESC-1 owed"]),
        ([P1, KNOWN, TOLD, ("escalated", 239, {"row": "ESC-1", "to": "Ben"})], 241, ["resolve missed"]),
        ([P1, KNOWN, TOLD, ("waiting_began", 30, {"why": "their key"})], 239, []),  # it stands still
        ([P1, KNOWN, TOLD, ("waiting_began", 30, {"why": "their key"})], 241, ["ESC-1 owed"]),  # this does not
        ([P1, KNOWN, TOLD, ("resolved", 230)], 241, []),
        ([P1, ("resolved", 230)], 241, []),  # late, and told by nobody: it is over
        ([P1, ("closed", 230)], 241, []),
        ([P1, ("acknowledged", 70), TOLD], 100, []),  # late, but done
        ([P1, KNOWN, TOLD, ("resolved", 30), ("reopened", 100, {"reason": "again"})], 123, ["notify at_risk"]),
        ([KNOWN], 10_000, []),  # nobody has said how severe it is
        ([("fact_confirmed", 7, {"fact": "data_loss"})], 8, ["ESC-2 owed"]),
        ([("fact_confirmed", 7, {"fact": "data_loss", "true": False})], 8, []),
        ([OUTAGE], 8, ["ESC-3 owed"]),
        ([OUTAGE, ("notified", 7)], 8, []),
        ([("fact_confirmed", 7, {"fact": "security"})], 8, ["ESC-4 owed"]),
        ([("worked_around", 7, {"what": "By hand", "due": after(60)})], 46, []),
        ([("worked_around", 7, {"what": "By hand", "due": after(60)})], 47, ["workaround at_risk"]),  # a quarter is left
        ([("worked_around", 7, {"what": "By hand", "due": after(60)}), ("fixed", 40, {"what": "Done"})], 59, []),
        ([("worked_around", 7, {"what": "By hand", "due": after(60)})], 60, ["workaround missed"]),
        ([("worked_around", 7, {"what": "By hand", "due": after(60)}), ("fixed", 50, {"what": "Done"})], 61, []),
        ([("fixed", 5, {"what": "x"}), ("worked_around", 7, {"what": "y", "due": after(60)})], 61, ["workaround missed"]),
    ],
)  # fmt: skip
def test_what_is_called_out(tmp_path: Path, happened: list[Happened], minutes: float, expected: list[str]) -> None:
    records = Records(tmp_path / "record.db", clock=lambda: DETECTED)
    number = opened(records, *happened)
    assert called(records, minutes) == expected
    assert len([about for about, of, _ in lines(records) if of == number]) == len(expected)
    assert kinds(records, number).count("reminded") == len(expected)
    assert called(records, minutes) == []
    assert len(lines(records)) == len(expected)


def test_a_line_says_what_ran_out_and_by_which_row(records: Records) -> None:
    opened(records, P1)
    called(records, 61)
    told = {about: text for about, _, text in lines(records) if "acknowledging" in text}
    assert "ended at 2026-11-23 11:00 UTC (SEV-P1, Within 1 hour" in told["reminded"]


def test_another_deadline_is_called_out_anew(records: Records) -> None:
    number = opened(records, KNOWN, TOLD, ("severity_suggested", 0, {"severity": "P2"}))
    assert called(records, 18.1 * 60) == ["resolve at_risk"]
    records.add(number, payload_of("severity_chosen", {"severity": "P1", "reason": "worse"}), by="Anna", at=DETECTED)
    assert called(records, 18.2 * 60) == ["resolve missed", "ESC-1 owed"]


def test_what_came_back_is_called_out_anew(records: Records) -> None:
    number = opened(records, P1, KNOWN, TOLD)
    assert called(records, 241) == ["resolve missed", "ESC-1 owed"]
    records.add(number, payload_of("resolved", {}), by="Anna", at=after(250))
    assert called(records, 251) == []
    records.add(number, payload_of("reopened", {"reason": "again"}), by="Anna", at=after(300))
    assert called(records, 301) == []
    assert "resolve missed" in called(records, 300 + 241)


def test_two_that_look_at_once_tell_it_once(records: Records, place: Path | str) -> None:
    for _ in range(30):
        opened(records, P1)
    others = [Records(place, clock=lambda: DETECTED) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one: called(one, 61), others))
    assert sum(map(len, found)) == 60 == len(lines(records))
    assert all(kinds(records, number).count("reminded") == 2 for number in range(1, 31))
    for one in others:
        one.close()


def test_what_is_done_between_looking_and_writing_is_not_called_out(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = opened(records, P1, KNOWN, TOLD)
    real = Records.incidents

    def and_then_resolved(self: Records, **more: Any) -> Any:
        found = real(self, **more)
        self.add(number, payload_of("resolved", {}), by="Anna", at=after(240))
        return found

    monkeypatch.setattr(Records, "incidents", and_then_resolved)
    assert called(records, 241) == [] and lines(records) == []


def test_a_calendar_that_cannot_be_read_stops_nobody(records: Records, tmp_path: Path) -> None:
    settings = workspace(tmp_path, clients={"BAD": {"time_zone": "Nowhere/City", "hours": "9"}, "BAY": {}})
    late = datetime(9999, 12, 31, 23, tzinfo=DETECTED.tzinfo)
    numbers = [opened(records, P1, client="BAD"), opened(records, P1, client="BAY")]
    opened(records, ("severity_suggested", 0, {"severity": "P2"}), detected=late)
    found = clocks.look(records, settings, after(61))
    assert {one.incident for one in found} == set(numbers)
    assert any("calendar can't be read" in text for _, of, text in lines(records) if of == numbers[0])
    assert not any("calendar" in text for _, of, text in lines(records) if of == numbers[1])


def test_words_of_people_of_any_length_are_called_out(records: Records) -> None:
    opened(records, ("worked_around", 7, {"what": "x" * 20_000, "due": after(60)}),
           ("fact_confirmed", 7, {"fact": "data_loss", "text": "y" * 20_000}))  # fmt: skip
    assert called(records, 61) == ["ESC-2 owed", "workaround missed"]


def test_lines_are_written_with_their_events_or_not_at_all(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    number = opened(records, P1)

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("incident_nb.outbox.store.put", broken)
        with pytest.raises(OSError, match="no space"):
            called(records, 61)
    assert "reminded" not in kinds(records, number)
    assert called(records, 61) == ["respond missed", "notify missed"]


def test_the_instant_may_be_in_any_zone(records: Records) -> None:
    opened(records, P1)
    found = clocks.look(records, Settings(), (DETECTED + timedelta(minutes=61)).astimezone())
    assert [one.what.due for one in found] == [after(60), after(30)]
