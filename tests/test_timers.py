"""Where the three clocks of an incident stand (SEV-P1 to SEV-P4). Instants are UTC; 2026-11-23 is a Monday."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from incident_nb.policy import ClientCalendar, State, load, timers
from incident_nb.policy.clocks import add_working_time, working_time
from tests.incidents import (
    BERLIN,
    BERLIN_OFFICE,
    DETECTED,
    NEW_YORK_OFFICE,
    SYDNEY,
    SYDNEY_OFFICE,
    after,
    between,
    incident_of,
    utc,
)

SECOND = timedelta(seconds=1)
MEETS = {"respond": "acknowledged", "resolve": "resolved", "notify": "notified"}
MONDAY = "2026-11-23T10:00"
DATE = {"due": "2026-12-03T10:00:00Z"}


def off(calendar: ClientCalendar, *regions: str, days: tuple[str, ...] = ()) -> ClientCalendar:
    return calendar.model_copy(update={"regions": regions, "holidays": frozenset(map(date.fromisoformat, days))})


# Each severity and clock that has a deadline: when it is due, and from when on it is at risk.
DUE = [
    ("SEV-P1", "respond", MONDAY, None, "2026-11-23T11:00", "2026-11-23T10:45"),
    ("SEV-P1", "resolve", MONDAY, None, "2026-11-23T14:00", "2026-11-23T13:00"),
    ("SEV-P1", "notify", MONDAY, None, "2026-11-23T10:30", "2026-11-23T10:22:30"),
    ("SEV-P2", "respond", MONDAY, None, "2026-11-23T14:00", "2026-11-23T13:00"),
    ("SEV-P2", "resolve", MONDAY, None, "2026-11-24T10:00", "2026-11-24T04:00"),
    ("SEV-P2", "notify", MONDAY, None, "2026-11-24T00:00", "2026-11-23T20:30"),
    ("SEV-P3", "respond", MONDAY, None, "2026-11-24T10:00", "2026-11-24T04:00"),
    ("SEV-P3", "resolve", MONDAY, None, "2026-11-27T17:00", "2026-11-26T15:15"),
    ("SEV-P3", "notify", MONDAY, None, "2026-11-24T00:00", "2026-11-23T20:30"),
    ("SEV-P4", "respond", MONDAY, None, "2026-11-25T10:00", "2026-11-24T22:00"),
    ("SEV-P4", "resolve", MONDAY, None, "2026-12-03T10:00", "2026-11-30T22:00"),
    # at night and at the week's end, P1 and P2 count every hour whatever the client's
    ("SEV-P1", "respond", "2026-11-28T23:50", BERLIN_OFFICE, "2026-11-29T00:50", "2026-11-29T00:35"),
    ("SEV-P1", "resolve", "2026-12-25T02:00", off(BERLIN_OFFICE, "DE"), "2026-12-25T06:00", "2026-12-25T05:00"),
    ("SEV-P2", "resolve", "2026-11-27T22:00", SYDNEY_OFFICE, "2026-11-28T22:00", "2026-11-28T16:00"),
    # the local day: Sydney's ends at 13:00 UTC; Berlin's on 2026-10-25 has 25 hours, on 2026-03-29 23
    ("SEV-P2", "notify", MONDAY, SYDNEY, "2026-11-23T13:00", "2026-11-23T12:15"),
    ("SEV-P2", "notify", "2026-10-24T22:30", BERLIN, "2026-10-25T23:00", "2026-10-25T16:52:30"),
    ("SEV-P2", "notify", "2026-03-28T23:00", BERLIN, "2026-03-29T22:00", "2026-03-29T16:15"),
    # hours over a change of the clocks stay hours
    ("SEV-P1", "resolve", "2026-10-24T23:00", BERLIN, "2026-10-25T03:00", "2026-10-25T02:00"),
    ("SEV-P2", "resolve", "2026-10-31T18:00", NEW_YORK_OFFICE, "2026-11-01T18:00", "2026-11-01T12:00"),
    # working hours: at risk when a quarter of them is left, however long the night or the week's end before it
    ("SEV-P3", "respond", MONDAY, BERLIN_OFFICE, "2026-11-26T10:00", "2026-11-25T12:00"),
    ("SEV-P3", "respond", "2026-11-27T15:00", BERLIN_OFFICE, "2026-12-02T15:00", "2026-12-02T09:00"),
    ("SEV-P3", "respond", "2026-11-25T08:30", BERLIN_OFFICE, "2026-11-30T08:30", "2026-11-27T10:30"),
    ("SEV-P3", "respond", MONDAY, SYDNEY_OFFICE, "2026-11-26T06:00", "2026-11-26T00:00"),
    ("SEV-P3", "respond", "2026-11-24T14:00", NEW_YORK_OFFICE, "2026-11-26T22:00", "2026-11-26T16:00"),
    ("SEV-P4", "respond", MONDAY, BERLIN_OFFICE, "2026-12-01T10:00", "2026-11-27T14:00"),
    # ... over a change of the clocks at the week's end (Berlin, Sydney, New York back and forth)
    ("SEV-P3", "respond", "2026-10-23T13:00", BERLIN_OFFICE, "2026-10-28T14:00", "2026-10-27T16:00"),
    ("SEV-P3", "respond", "2026-10-02T05:00", SYDNEY_OFFICE, "2026-10-07T04:00", "2026-10-06T06:00"),
    ("SEV-P3", "respond", "2026-10-30T19:00", NEW_YORK_OFFICE, "2026-11-04T20:00", "2026-11-03T22:00"),
    ("SEV-P3", "respond", "2026-03-06T20:00", NEW_YORK_OFFICE, "2026-03-11T19:00", "2026-03-10T21:00"),
    # ... over holidays of a region, each beside the same without it, and over a date
    ("SEV-P3", "respond", "2026-10-02T05:00", off(SYDNEY_OFFICE, "AU-NSW"), "2026-10-08T04:00", "2026-10-07T06:00"),
    ("SEV-P3", "respond", "2026-11-24T14:00", off(NEW_YORK_OFFICE, "US"), "2026-11-27T22:00", "2026-11-27T16:00"),
    ("SEV-P3", "respond", "2026-12-24T08:00", BERLIN_OFFICE, "2026-12-28T16:00", "2026-12-28T10:00"),
    ("SEV-P3", "respond", "2026-12-24T08:00", off(BERLIN_OFFICE, "DE"), "2026-12-29T16:00", "2026-12-29T10:00"),
    ("SEV-P3", "respond", "2026-04-02T07:00", off(BERLIN_OFFICE, "DE"), "2026-04-08T15:00", "2026-04-08T09:00"),
    ("SEV-P3", "respond", "2027-01-05T08:00", off(BERLIN_OFFICE, "DE"), "2027-01-07T16:00", "2027-01-07T10:00"),
    ("SEV-P3", "respond", "2027-01-05T08:00", off(BERLIN_OFFICE, "DE-BY"), "2027-01-08T16:00", "2027-01-08T10:00"),
    ("SEV-P3", "respond", MONDAY, off(BERLIN_OFFICE, days=("2026-11-25",)), "2026-11-27T10:00", "2026-11-26T12:00"),
    # this week: Friday 17:00 of the client, to the minute; in working hours at risk on the last morning
    ("SEV-P3", "resolve", "2026-11-27T06:00", SYDNEY, "2026-11-27T06:00", "2026-11-27T06:00"),
    ("SEV-P3", "resolve", "2026-11-27T06:01", SYDNEY, "2026-12-04T06:00", "2026-12-02T12:00:15"),
    ("SEV-P3", "resolve", "2026-10-23T16:00", BERLIN, "2026-10-30T16:00", "2026-10-28T22:00"),
    ("SEV-P3", "resolve", "2026-11-23T08:00", BERLIN_OFFICE, "2026-11-27T16:00", "2026-11-26T14:00"),
]
SITUATIONS = {
    "running": ("border", -SECOND, None, "running"),
    "at risk at the border": ("border", timedelta(), None, "at_risk"),
    "at risk at the deadline": ("due", timedelta(), None, "at_risk"),
    "missed": ("due", SECOND, None, "missed"),
    "met": ("due", timedelta(days=9), -SECOND, "met"),
    "met at the deadline": ("due", timedelta(days=9), timedelta(), "met"),
    "met too late": ("due", timedelta(days=9), SECOND, "missed"),
}


def kind(calendar: ClientCalendar | None) -> str:
    """A calendar in a word, for the name of a case."""
    if calendar is None:
        return "UTC"
    days = [*calendar.regions, *map(str, calendar.holidays)]
    return "-".join([calendar.time_zone, *(["office"] if calendar.working_hours else []), *days])


CASES = [
    pytest.param(*row, situation, id=f"{'-'.join([*row[:3], kind(row[3])])} {situation}")
    for row in DUE
    for situation in SITUATIONS
    if row[5] != row[2] or situation != "running"  # detected when it is due already: it never runs without risk
]


@pytest.mark.parametrize(("row", "clock", "detected", "calendar", "due", "border", "situation"), CASES)
def test_each_clock_in_each_state(row, clock, detected, calendar, due, border, situation):
    base, offset, done, state = SITUATIONS[situation]
    now = utc(due if base == "due" else border) + offset
    happened = [(MEETS[clock], between(detected, due) + done / timedelta(minutes=1))] if done is not None else []
    noticed, date_set = clock == "notify" and row == "SEV-P3", [("scheduled", 0, DATE)] * (row == "SEV-P4")
    incident = incident_of(*date_set, *happened, severity=row[4:], detected=utc(detected), noticed=noticed)
    found = timers(incident, now, calendar=calendar)[clock]
    assert (found.state, found.due, found.since) == (State(state), utc(due), utc(detected))
    assert found.done == (utc(due) + done if done is not None else None)
    assert found.left == utc(due) - (found.done or now)
    assert found.is_over is (done is not None)
    assert found.basis.startswith(row)


@pytest.mark.parametrize(
    ("severity", "clock", "noticed", "because"),
    [
        ("P3", "notify", False, "SEV-P3, Only if client noticed: nobody said that the client noticed"),
        ("P4", "resolve", False, "SEV-P4, Scheduled: none until a date is set"),
        ("P4", "notify", False, "SEV-P4, No: the client is not told"),
        ("P4", "notify", True, "SEV-P4, No: the client is not told"),
    ],
    ids=["SEV-P3-notify", "SEV-P4-resolve", "SEV-P4-notify", "SEV-P4-notify-noticed"],
)
def test_a_clock_without_a_deadline(severity, clock, noticed, because):
    found = timers(incident_of(severity=severity, noticed=noticed), after(99_999))[clock]
    assert (found.state, found.due, found.left, found.is_over, found.basis) == (State.NONE, None, None, True, because)
    done = timers(incident_of((MEETS[clock], 50), severity=severity, noticed=noticed), after(99_999))[clock]
    assert (done.state, done.done, done.is_over) == (State.MET, after(50), True)


def test_without_a_severity_there_are_no_clocks():
    assert timers(incident_of(("acknowledged", 1)), after(5)) == {}


def test_a_clock_is_met_by_its_own_event_only():
    others = [("diagnosed", 1, {"headline": "401", "cause": "credentials", "confidence": 0.9}),
              ("cause_accepted", 2, {"cause": "credentials"}), ("fixed", 3, {"what": "signed in again"}),
              ("note", 4, {"text": "x"}), ("escalated", 5, {"row": "ESC-1", "to": "Ben"}), ("occurred", 6)]  # fmt: skip
    for met, event in MEETS.items():
        found = timers(incident_of(*others, (event, 7), severity="P1"), after(8))
        assert {clock for clock, timer in found.items() if timer.state is State.MET} == {met}


def test_a_workaround_does_not_stop_resolve():
    around = incident_of(("worked_around", 30, {"what": "switched off", "due": DATE["due"]}), severity="P1")
    assert timers(around, after(239))["resolve"].state is State.AT_RISK
    assert timers(around, after(241))["resolve"].state is State.MISSED


@pytest.mark.parametrize("notice", ["holding", "brief", "notice"])
def test_any_text_to_the_client_meets_notify(notice):
    told = incident_of(("notified", 20, {"notice": notice}), ("notified", 200), severity="P1")
    assert timers(told, after(300))["notify"].state is State.MET
    assert timers(told, after(300))["notify"].done == after(20)


# --- waiting for the client ---------------------------------------------------------------------------------------------


def wait(begin: float, end: float | None = None):
    return [("waiting_began", begin, {"why": "new token"}), *([("waiting_ended", end)] if end is not None else [])]


P1_WAITS = [
    ("one wait", wait(60, 120), 239, "running", 300),
    ("at risk by its own four hours", wait(60, 120), 239.9, "running", 300),
    ("at risk by its own four hours", wait(60, 120), 240, "at_risk", 300),
    ("used up", wait(60, 120), 300, "at_risk", 300),
    ("used up", wait(60, 120), 300.1, "missed", 300),
    ("two waits", [*wait(30, 60), *wait(90, 150)], 329, "at_risk", 330),
    ("two waits", [*wait(30, 60), *wait(90, 150)], 331, "missed", 330),
    ("a second one in the time won by the first", [*wait(60, 120), *wait(299, 359)], 359, "at_risk", 360),
    ("a second one after the time won by the first", [*wait(60, 120), *wait(300, 360)], 360, "missed", 300),
    ("begins in the last minute", wait(239, 300), 300, "at_risk", 301),
    ("begins at the deadline", wait(240, 300), 300, "missed", 240),
    ("begins at the deadline and goes on", wait(240), 241, "missed", 240),
    ("begins after the deadline", wait(241, 300), 300, "missed", 240),
    ("begins after the deadline and goes on", wait(241), 300, "missed", 240),
    ("begins at this moment", wait(60), 60, "paused", 240),
    ("goes on", wait(60), 500, "paused", 680),
    ("goes on after another", [*wait(30, 60), *wait(200)], 1000, "paused", 1070),
    ("ended by the fix", [*wait(60), ("fixed", 100, {"what": "token"})], 200, "running", 280),
    ("from the first minute", wait(0, 1000), 1000, "running", 1240),
    ("recorded twice for the same time", [*wait(60, 120), *wait(90, 150)], 200, "running", 330),
    ("recorded in another order", [*wait(150, 180), *wait(60, 120)], 200, "running", 330),
]


@pytest.mark.parametrize(
    ("waits", "now", "state", "due"),
    [row[1:] for row in P1_WAITS],
    ids=[f"SEV-P1 {row[0]} {row[2]}" for row in P1_WAITS],
)
def test_resolve_pauses_while_the_client_is_waited_for(waits, now, state, due):
    found = timers(incident_of(*waits, severity="P1"), after(now))["resolve"]
    assert (found.state, found.due) == (State(state), after(due))
    assert found.left == timedelta(minutes=due - now)
    assert ("of waiting for the client not counted" in found.basis) is (due > 240)


def test_only_resolve_pauses():
    found = timers(incident_of(*wait(5), severity="P1"), after(61))
    assert {clock: timer.state for clock, timer in found.items()} == {
        "respond": State.MISSED, "resolve": State.PAUSED, "notify": State.MISSED,
    }  # fmt: skip
    assert found["respond"].due == after(60)
    assert found["notify"].due == after(30)


@pytest.mark.parametrize(
    ("happened", "state", "due"),
    [
        ([*wait(60), ("resolved", 300)], "met", 480),
        ([*wait(60, 120), ("resolved", 300)], "met", 300),
        ([*wait(60, 120), ("resolved", 300.1)], "missed", 300),
        ([("resolved", 200), *wait(210)], "met", 240),
        ([("resolved", 250), *wait(210, 300)], "met", 280),
        ([("resolved", 250), *wait(251)], "missed", 240),
    ],
    ids=[
        "while waiting",
        "at the moved deadline",
        "after it",
        "waits afterwards",
        "waits on",
        "late, waits afterwards",
    ],
)
def test_what_was_waited_counts_until_it_is_resolved(happened, state, due):
    found = timers(incident_of(*happened, severity="P1"), after(2000))["resolve"]
    assert (found.state, found.due) == (State(state), after(due))


LONG_WAITS = [
    # hours stay hours over the night on which Berlin turns its clocks back (01:00 UTC)
    ("P2", "2026-10-24T20:00", BERLIN, "2026-10-25T00:00", "2026-10-25T02:00", "2026-10-25T22:00"),
    # over the week's end: what was left of Friday is left when it goes on, not gone
    ("P3", MONDAY, None, "2026-11-25T10:00", "2026-11-26T10:00", "2026-11-28T17:00"),
    ("P3", MONDAY, None, "2026-11-26T10:00", "2026-11-28T10:00", "2026-11-29T17:00"),
    ("P3", MONDAY, None, "2026-11-26T10:00", "2026-11-30T10:00", "2026-12-01T17:00"),
    ("P3", MONDAY, None, "2026-11-27T17:00", "2026-11-30T10:00", "2026-11-27T17:00"),
    # ... in working hours: 7 h on Thursday, 8 on Friday, 1 on Monday
    ("P3", MONDAY, BERLIN_OFFICE, "2026-11-26T09:00", "2026-11-30T09:00", "2026-12-01T16:00"),
    ("P3", MONDAY, BERLIN_OFFICE, "2026-11-27T15:59", "2026-11-30T07:00", "2026-11-30T08:01"),
    ("P3", MONDAY, BERLIN_OFFICE, "2026-11-25T17:00", "2026-11-26T07:00", "2026-11-27T16:00"),  # a night is none
    # ... and over a change of the clocks, with hours and without; both leave the two hours that were left
    ("P3", "2026-10-19T10:00", BERLIN_OFFICE, "2026-10-23T13:00", "2026-10-26T09:00", "2026-10-26T11:00"),
    ("P3", "2026-10-19T10:00", BERLIN, "2026-10-23T13:00", "2026-10-26T09:00", "2026-10-26T11:00"),
    # ... and over a holiday besides (Labour Day, 2026-10-05)
    ("P3", "2026-09-28T10:00", off(SYDNEY_OFFICE, "AU-NSW"), "2026-10-02T05:00", "2026-10-05T23:00", "2026-10-06T01:00"),
    ("P3", "2026-09-28T10:00", SYDNEY_OFFICE, "2026-10-02T05:00", "2026-10-05T23:00", "2026-10-06T01:00"),
    ("P3", "2026-09-28T10:00", off(SYDNEY_OFFICE, "AU-NSW"), "2026-10-02T05:00", "2026-10-05T03:00", "2026-10-06T00:00"),
    ("P3", "2026-09-28T10:00", SYDNEY_OFFICE, "2026-10-02T05:00", "2026-10-05T03:00", "2026-10-05T05:00"),
    # a date that was set
    ("P4", MONDAY, None, "2026-11-30T10:00", "2026-12-01T10:00", "2026-12-04T10:00"),
    ("P4", MONDAY, None, "2026-12-03T10:00", "2026-12-04T10:00", "2026-12-03T10:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "detected", "calendar", "begin", "end", "due"),
    LONG_WAITS,
    ids=[f"SEV-{row[0]}-{row[3]}-{kind(row[2])}" for row in LONG_WAITS],
)
def test_a_wait_over_nights_weeks_ends_and_changes_of_the_clocks(severity, detected, calendar, begin, end, due):
    waits = wait(between(detected, begin), between(detected, end))
    incident = incident_of(("scheduled", 0, DATE), *waits, severity=severity, detected=utc(detected))
    found = timers(incident, utc(end), calendar=calendar)["resolve"]
    assert found.due == utc(due)
    assert timers(incident, utc(due), calendar=calendar)["resolve"].state is not State.MISSED
    assert timers(incident, utc(due) + SECOND, calendar=calendar)["resolve"].state is State.MISSED
    # the same while it lasts: an instant before its end it is as far
    going_on = incident_of(("scheduled", 0, DATE), waits[0], severity=severity, detected=utc(detected))
    assert timers(going_on, utc(end), calendar=calendar)["resolve"].due == utc(due)


def counted_out(calendar: ClientCalendar | None, detected: datetime, due: datetime, waits) -> datetime:
    """The deadline by counting minute after minute, those down that are worked and not waited."""
    local = ZoneInfo(calendar.time_zone) if calendar else UTC

    def counts(minute: datetime) -> bool:
        there = minute.astimezone(local)
        hours = calendar.working_hours if calendar else None
        return hours is None or (calendar.works_on(there.date()) and hours[0] <= there.time() < hours[1])

    minute, step = detected, timedelta(minutes=1)
    left = sum(counts(detected + place * step) for place in range(int((due - detected) / step)))
    while left:
        waiting = any(after(begin, detected) <= minute < after(end, detected) for begin, end in waits)
        left -= counts(minute) and not waiting
        minute += step
    return minute


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("severity", "detected", "calendar", "due"),
    [
        ("P1", "2026-10-24T23:00", BERLIN, "2026-10-25T03:00"),
        ("P2", "2026-10-24T23:00", BERLIN_OFFICE, "2026-10-25T23:00"),
        ("P3", "2026-10-22T09:00", BERLIN_OFFICE, "2026-10-23T15:00"),
        ("P3", "2026-10-01T00:00", off(SYDNEY_OFFICE, "AU-NSW"), "2026-10-02T07:00"),
    ],
    ids=["SEV-P1", "SEV-P2", "SEV-P3-Berlin", "SEV-P3-Sydney"],
)
def test_waits_at_any_time_are_not_counted(severity, detected, calendar, due, seed):
    chance, span = random.Random(seed), between(detected, due)
    ends = sorted(chance.sample(range(int(span * 2)), 6))
    waits = list(zip(ends[::2], ends[1::2], strict=True))
    incident = incident_of(*(one for pair in waits for one in wait(*pair)), severity=severity, detected=utc(detected))
    found = timers(incident, after(99_999), calendar=calendar)["resolve"].due
    assert found == counted_out(calendar if severity == "P3" else None, utc(detected), utc(due), waits)


def test_the_basis_says_what_was_waited():
    waits = wait(between(MONDAY, "2026-11-26T09:00"), between(MONDAY, "2026-11-30T09:00"))
    found = timers(incident_of(*waits, severity="P3"), after(12_000), calendar=BERLIN_OFFICE)["resolve"]
    assert found.basis == (
        "SEV-P3, This week: Friday 17:00 in Europe/Berlin, 16 h of waiting in working hours for the client not counted"
    )
    found = timers(incident_of(*waits, severity="P2"), after(9999))["resolve"]
    assert "counts, " not in found.basis  # it began after P2's deadline
    found = timers(incident_of(*wait(60, 60 + 26 * 60 + 5), severity="P2"), after(9999))["resolve"]
    assert found.basis.endswith(", 1 d 2 h 5 min of waiting for the client not counted")
    found = timers(incident_of(*wait(60, 60.2), severity="P2"), after(9999))["resolve"]
    assert found.basis.endswith(", less than a minute of waiting for the client not counted")


def test_working_time_between_two_instants():
    def worked(first: str, then: str, calendar: ClientCalendar = BERLIN_OFFICE) -> float:
        return working_time(utc(first), utc(then), calendar) / timedelta(hours=1)

    assert worked("2026-11-23T07:00", "2026-11-23T17:00") == 8
    assert worked("2026-11-23T09:30", "2026-11-23T10:00") == 0.5
    assert worked("2026-11-27T15:00", "2026-11-30T09:00") == 2
    assert worked("2026-11-28T00:00", "2026-11-29T23:00") == 0
    assert worked("2026-11-24T10:00", "2026-11-23T10:00") == 0
    assert worked("2026-11-28T00:00", "2026-11-29T00:00", BERLIN) == 24
    assert worked("2026-11-29T00:00", "2026-11-28T00:00", BERLIN) == 0


def test_without_working_hours_every_hour_counts():
    assert add_working_time(utc("2026-11-28T00:00"), timedelta(hours=30), BERLIN) == utc("2026-11-29T06:00")
    found = timers(incident_of(severity="P3", noticed=True), after(1), calendar=BERLIN)
    assert found["respond"].basis == "SEV-P3, Within 24 hours: 24 hours from detection, every hour counts"
    assert found["notify"].basis == "SEV-P3, Only if client noticed: end of 2026-11-23 in Europe/Berlin"


# --- what changes on the way --------------------------------------------------------------------------------------------


def chosen(minutes: float, severity: str):
    return ("severity_chosen", minutes, {"severity": severity, "reason": "seen"})


@pytest.mark.parametrize(
    ("suggested", "happened", "now", "states", "dues"),
    [
        ("P3", [chosen(300, "P1")], 300, ("missed", "missed", "missed"), (60, 240, 30)),
        ("P3", [("acknowledged", 59), chosen(200, "P1")], 200, ("met", "at_risk", "missed"), (60, 240, 30)),
        ("P3", [("acknowledged", 61), chosen(200, "P1")], 200, ("missed", "at_risk", "missed"), (60, 240, 30)),
        ("P1", [("acknowledged", 61), chosen(200, "P3")], 300, ("met", "running", "none"), (1440, 6180, None)),
        ("P1", [("notified", 31), chosen(100, "P2")], 101, ("running", "running", "met"), (240, 1440, 840)),
        ("P2", [chosen(10, "P4")], 2159, ("running", "none", "none"), (2880, None, None)),
        ("P4", [chosen(10, "P3"), chosen(20, "P2")], 179, ("running", "running", "running"), (240, 1440, 840)),
        ("P2", [chosen(10, "P1"), ("severity_suggested", 20, {"severity": "P4"})], 61, ("missed", "running", "missed"),
         (60, 240, 30)),
        ("P2", [("severity_suggested", 20, {"severity": "P1"})], 61, ("missed", "running", "missed"), (60, 240, 30)),
        # what was waited under the old severity counts by the new one's deadline
        ("P2", [*wait(60, 120), chosen(130, "P1")], 130, ("missed", "running", "missed"), (60, 300, 30)),
        ("P2", [*wait(250, 300), chosen(310, "P1")], 310, ("missed", "missed", "missed"), (60, 240, 30)),
    ],
    ids=["up", "up, met", "up, missed by it", "down, met by it", "down to P2", "down to P4", "up twice", "chosen stays",
         "suggested anew", "up, waited", "up, waited too late"],
)  # fmt: skip
def test_a_change_of_severity_counts_anew_from_detection(suggested, happened, now, states, dues):
    found = timers(incident_of(*happened, severity=suggested), after(now))
    assert tuple(str(found[clock].state) for clock in MEETS) == states
    assert tuple(found[clock].due for clock in MEETS) == tuple(due and after(due) for due in dues)
    assert all(timer.since == DETECTED for timer in found.values())


def restarting(*clocks: str):
    rules = load()
    return rules.model_copy(update={"settings": rules.settings.model_copy(update={"reopening_restarts": clocks})})


FIRST_TIME = [("acknowledged", 10), ("notified", 20), ("resolved", 200)]
AGAIN = ("reopened", 1000, {"reason": "it is back"})


@pytest.mark.parametrize(
    ("clocks", "happened", "now", "states", "dues"),
    [
        (MEETS, [AGAIN], 1001, ("running", "running", "running"), (1060, 1240, 1030)),
        (MEETS, [AGAIN], 1241, ("missed", "missed", "missed"), (1060, 1240, 1030)),
        (MEETS, [AGAIN, ("acknowledged", 1000), ("notified", 1000), ("resolved", 1240)], 2000, ("met",) * 3, (1060, 1240, 1030)),
        (MEETS, [AGAIN, ("acknowledged", 1061), ("notified", 1031), ("resolved", 1241)], 2000, ("missed",) * 3,
         (1060, 1240, 1030)),
        (MEETS, [AGAIN, ("resolved", 1100), ("reopened", 3000, {"reason": "again"})], 3001, ("running",) * 3, (3060, 3240, 3030)),
        (MEETS, [AGAIN, *wait(1100, 1160)], 1239, ("missed", "running", "missed"), (1060, 1300, 1030)),
        (("respond",), [AGAIN], 1001, ("running", "missed", "met"), (1060, 240, 30)),
        (("respond",), [AGAIN, ("resolved", 1100)], 1200, ("missed", "missed", "met"), (1060, 240, 30)),
        (("resolve",), [AGAIN], 1001, ("met", "running", "met"), (60, 1240, 30)),
        (("notify",), [AGAIN], 1001, ("met", "missed", "running"), (60, 240, 1030)),
        ((), [AGAIN], 1001, ("met", "missed", "met"), (60, 240, 30)),
        ((), [], 1001, ("met", "met", "met"), (60, 240, 30)),
        (MEETS, [], 1001, ("met", "met", "met"), (60, 240, 30)),
    ],
    ids=["all begin anew", "all missed", "all met", "all too late", "twice", "waits", "respond", "respond, resolved", "resolve",
         "notify", "none", "none, not reopened", "all, not reopened"],
)  # fmt: skip
def test_reopening_begins_those_clocks_anew_that_the_policy_names(clocks, happened, now, states, dues):
    incident = incident_of(*FIRST_TIME, *happened, severity="P1")
    found = timers(incident, after(now), policy=restarting(*clocks))
    assert tuple(str(found[clock].state) for clock in MEETS) == states
    assert tuple(found[clock].due for clock in MEETS) == tuple(map(after, dues))
    began = [clock for clock in MEETS if incident.reopened and clock in clocks]
    assert [clock for clock in MEETS if found[clock].since != DETECTED] == began
    assert [clock for clock in MEETS if "from its reopening" in found[clock].basis] == began


def test_the_packages_policy_begins_all_clocks_anew():
    assert load().settings.reopening_restarts == ("respond", "resolve", "notify")


def test_a_wait_before_the_reopening_is_not_counted_after_it():
    incident = incident_of(*wait(60, 120), ("resolved", 200), AGAIN, severity="P1")
    assert timers(incident, after(1100))["resolve"].due == after(1240)
    assert timers(incident, after(1100), policy=restarting())["resolve"].due == after(300)


@pytest.mark.parametrize(
    ("happened", "clock", "done"),
    [
        ([("acknowledged", 50), ("acknowledged", 5)], "respond", 5),
        ([("notified", 50), ("notified", 5, {"notice": "holding"})], "notify", 5),
        ([("resolved", 230), ("resolved", 250)], "resolve", 230),
        ([("resolved", 250), ("resolved", 230)], "resolve", 230),
        ([("resolved", 100), AGAIN, ("resolved", 1200), ("resolved", 1250)], "resolve", 1200),
        ([("resolved", 100), AGAIN, ("acknowledged", 1050), ("acknowledged", 1005)], "respond", 1005),
        ([("resolved", 100), ("reopened", 1000, {"reason": "x"}), ("reopened", 900, {"reason": "y"})], "resolve", None),
    ],
    ids=["respond", "notify", "resolve", "resolve in another order", "reopened", "respond reopened", "two reopenings"],
)
def test_what_happened_first_counts_in_whatever_order_it_was_recorded(happened, clock, done):
    found = timers(incident_of(*happened, severity="P1"), after(3000))[clock]
    assert found.done == (None if done is None else after(done))
    if len([kind for kind, *_ in happened if kind == "reopened"]) == 2:
        assert found.since == after(1000)


def test_a_correction_moves_or_takes_away_what_met_a_clock():
    says = {"seq": 3, "happened_at": after(55).isoformat(), "reason": "by telephone"}
    moved = incident_of(("acknowledged", 90), ("corrected", 95, says), severity="P1")
    assert timers(moved, after(100))["respond"].state is State.MET
    gone = incident_of(("acknowledged", 5), ("corrected", 95, {"seq": 3, "reason": "a slip"}), severity="P1")
    assert timers(gone, after(100))["respond"].state is State.MISSED


# --- a date, a client who noticed, the end ------------------------------------------------------------------------------


def test_a_set_date_is_for_p4_only_and_the_newest_counts():
    later = ("scheduled", 5, {"due": "2026-12-10T10:00:00Z"})
    assert timers(incident_of(("scheduled", 1, DATE), later, severity="P4"), after(9))["resolve"].due == utc(
        "2026-12-10T10:00"
    )
    assert timers(incident_of(("scheduled", 1, DATE), severity="P2"), after(9))["resolve"].due == after(1440)
    assert timers(incident_of(("scheduled", 1, DATE), severity="P4"), after(9))["resolve"].basis == (
        "SEV-P4, Scheduled: the date that was set"
    )
    assert timers(incident_of(*wait(5), severity="P4"), after(9))["resolve"].state is State.NONE


def test_whoever_sets_a_date_knows_of_the_waits_before_it():
    waits = wait(between(MONDAY, "2026-11-24T10:00"), between(MONDAY, "2026-11-26T10:00"))
    incident = incident_of(*waits, ("scheduled", between(MONDAY, "2026-11-26T11:00"), DATE), severity="P4")
    known = incident.model_copy(update={"scheduled_at": utc("2026-11-26T11:00")})
    assert timers(known, utc("2026-11-27T10:00"))["resolve"].due == utc("2026-12-03T10:00")
    earlier = incident.model_copy(update={"scheduled_at": utc("2026-11-25T10:00")})
    assert timers(earlier, utc("2026-11-27T10:00"))["resolve"].due == utc("2026-12-04T10:00")
    # a date counts as at risk by the time from when it was set
    assert timers(known, utc("2026-12-01T16:14"))["resolve"].state is State.RUNNING
    assert timers(known, utc("2026-12-01T16:15"))["resolve"].state is State.AT_RISK


@pytest.mark.parametrize(("reopened", "due"), [("2026-12-03T10:00", None), ("2026-12-03T09:59", "2026-12-03T10:00")])
def test_a_date_before_the_reopening_is_none_for_it(reopened, due):
    back = ("reopened", between(MONDAY, reopened), {"reason": "it is back"})
    incident = incident_of(("scheduled", 1, DATE), ("resolved", 90), back, severity="P4")
    assert timers(incident, utc("2026-12-05T10:00"))["resolve"].due == (due and utc(due))
    assert timers(incident, utc("2026-12-05T10:00"), policy=restarting())["resolve"].due == utc("2026-12-03T10:00")


@pytest.mark.parametrize(
    ("noticed_at", "sent", "state", "due"),
    [
        ("2026-11-26T15:00", None, "running", "2026-11-27T00:00"),
        ("2026-11-26T15:00", "2026-11-24T10:00", "met", "2026-11-27T00:00"),
        ("2026-11-26T15:00", "2026-11-27T00:01", "missed", "2026-11-27T00:00"),
        (None, None, "missed", "2026-11-24T00:00"),
        (MONDAY, None, "missed", "2026-11-24T00:00"),
        ("2026-11-22T10:00", None, "missed", "2026-11-24T00:00"),
    ],
    ids=["told by nobody", "told before", "told too late", "not known when", "at once", "before we did"],
)
def test_a_client_who_noticed_is_told_on_the_day_on_which_it_noticed(noticed_at, sent, state, due):
    happened = [("notified", between(MONDAY, sent), {"notice": "brief"})] if sent else []
    when = noticed_at and utc(noticed_at)
    incident = incident_of(*happened, severity="P3", noticed=True).model_copy(update={"noticed_at": when})
    found = timers(incident, utc("2026-11-26T16:00"))["notify"]
    assert (found.state, found.due) == (State(state), utc(due))
    found = timers(incident.model_copy(update={"noticed": False}), utc("2026-11-26T16:00"))["notify"]
    assert found.due is None


def test_the_record_remembers_when_the_client_noticed_and_when_a_date_was_set():
    thursday = between(MONDAY, "2026-11-26T15:00")
    noticed = incident_of(("noticed", thursday), ("noticed", thursday + 2000), severity="P3")
    assert timers(noticed, utc("2026-11-26T16:00"))["notify"].due == utc("2026-11-27T00:00")
    not_after_all = incident_of(("noticed", thursday), ("noticed", thursday + 5, {"noticed": False}), severity="P3")
    assert timers(not_after_all, utc("2026-11-26T16:00"))["notify"].state is State.NONE
    waits = wait(between(MONDAY, "2026-11-24T10:00"), between(MONDAY, "2026-11-26T10:00"))
    date_set = ("scheduled", between(MONDAY, "2026-11-26T11:00"), DATE)
    for happened, due in (
        ([*waits, date_set], "2026-12-03T10:00"),
        ([("scheduled", 1, DATE), *waits], "2026-12-05T10:00"),
    ):
        found = timers(incident_of(*happened, severity="P4"), utc("2026-11-27T10:00"))
        assert found["resolve"].due == utc(due)


def test_when_the_client_noticed_moves_no_other_clock():
    noticed = incident_of(severity="P3", noticed=True).model_copy(update={"noticed_at": utc("2026-11-26T15:00")})
    found = timers(noticed, after(5))
    assert (found["respond"].due, found["resolve"].due) == (after(1440), utc("2026-11-27T17:00"))
    graver = incident_of(severity="P2", noticed=True).model_copy(update={"noticed_at": utc("2026-11-26T15:00")})
    assert timers(graver, after(5))["notify"].due == utc("2026-11-24T00:00")


@pytest.mark.parametrize(
    ("closed", "state", "due", "left"),
    [(29, "none", None, None), (30, "none", None, None), (31, "missed", 30, -1)],
    ids=["before the deadline", "at the deadline", "after the deadline"],
)
def test_closing_ends_every_clock(closed, state, due, left):
    found = timers(incident_of(("closed", closed), severity="P1"), after(5000))["notify"]
    assert (found.state, found.due) == (State(state), due and after(due))
    assert found.left == (None if left is None else timedelta(minutes=left))
    assert found.is_over is (due is None)
    assert ("closed before that" in found.basis) is (due is None)


def test_closing_what_has_no_deadline():
    found = timers(incident_of(("closed", 20), severity="P4"), after(5000))
    assert {clock: timer.state for clock, timer in found.items()} == dict.fromkeys(MEETS, State.NONE)


def test_what_was_met_stays_met_after_closing():
    found = timers(incident_of(*FIRST_TIME, ("closed", 220), severity="P1"), after(5000))
    assert [timer.state for timer in found.values()] == [State.MET] * 3
    assert found["resolve"].left == timedelta(minutes=40)


def test_now_may_be_in_any_zone():
    there = datetime.fromisoformat("2026-11-23T22:00+11:00")
    assert timers(incident_of(severity="P1"), there) == timers(incident_of(severity="P1"), utc("2026-11-23T11:00"))
