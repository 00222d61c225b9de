"""A client's review in figures: what belongs to it, which clocks were met, how long things took, what came again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_nb.incidents import fold
from incident_nb.models import Cause, Severity
from incident_nb.record import Incident
from incident_nb.review import Review, chosen_period, concerning, review
from incident_nb.review.model import Attained, Line, Spread, Step
from incident_nb.review.sla import earlier
from incident_nb.settings import Client, Settings
from tests.builders import HOUR, NOW, START, UNAUTHORISED, call, error, flow, log_of, runs
from tests.incidents import Happened, events_of, incident_of, utc

BERLIN = "Europe/Berlin"
SETTINGS = Settings(
    clients={"BAY": Client(name="Bay Foods", time_zone=BERLIN), "GLOBEX": Client(name="Globex Corporation")}
)
WEEK = chosen_period(utc("2026-11-20T16:00"), utc("2026-11-27T16:00"), BERLIN)  # Friday 17:00 to Friday 17:00
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = datetime(2026, 11, 27, 18, tzinfo=UTC)
H = 60  # minutes
FIXED: tuple[Happened, ...] = (
    ("acknowledged", 10), ("cause_accepted", 40, {"cause": "credentials"}), ("fixed", 70, {"what": "signed in"}),
    ("resolved", 90), ("notified", 100),
)  # fmt: skip


def made(*incidents: Incident, now: datetime = LATER, **options: Any) -> Review:
    log = options.pop("log", None)
    return review(incidents, log, options.pop("settings", SETTINGS), "BAY", options.pop("period", WEEK), now, **options)


def the_line(*happened: Happened, now: datetime = LATER, **opened: Any) -> Line:
    events = events_of(*happened, **opened)
    (line,) = made(fold(events), now=now, rounds={42: earlier(events)}).lines
    return line


def attained(found: Review, clock: str, severity: Severity | None = None) -> Attained:
    (one,) = (row for row in found.attained if (row.clock, row.severity) == (clock, severity))
    return one


def spread(found: Review, step: Step, severity: Severity | None = None) -> Spread:
    (one,) = (row for row in found.spreads if (row.step, row.severity) == (step, severity))
    return one


# What belongs to the period


@pytest.mark.parametrize(
    ("detected", "belongs"),
    [
        ("2026-11-20T16:00", True),  # Friday 17:00 in Berlin: the new week begins
        ("2026-11-20T15:59", False),  # a minute before, in the client's zone and in every other
        ("2026-11-27T15:59", True),
        ("2026-11-27T16:00", False),
    ],
)
def test_an_incident_belongs_to_the_period_in_which_it_was_detected(detected: str, belongs: bool) -> None:
    found = made(incident_of(*FIXED, severity="P2", detected=utc(detected)))
    assert bool(found.lines) is belongs
    assert found.older == ()  # the one before was resolved, if only in this period


def test_one_of_before_that_is_open_is_named_and_not_counted() -> None:
    found = made(incident_of(("acknowledged", 5), severity="P3", detected=utc("2026-11-20T15:00")))
    assert found.lines == () and [one.id for one in found.older] == ["INC-42"]
    assert attained(found, "respond").ended == 0


def test_another_clients_are_not_counted() -> None:
    found = made(incident_of(*FIXED, severity="P1"), incident_of(*FIXED, severity="P1", number=7, client="GLOBEX"))
    assert [line.id for line in found.lines] == ["INC-42"]
    assert made(incident_of(*FIXED, severity="P1", client=None)).lines == ()


def test_every_severity_and_cause_is_counted() -> None:
    found = made(
        incident_of(*FIXED, severity="P4", number=1),
        incident_of(*FIXED, severity="P3", number=2),
        incident_of(*FIXED, severity="P3", number=3),
        incident_of(number=4),
    )
    assert found.by(lambda line: line.severity) == {Severity.P3: 2, Severity.P4: 1, None: 1}
    assert found.by(lambda line: line.cause) == {Cause.CREDENTIALS: 3, None: 1}


# Clocks


@pytest.mark.parametrize(
    ("severity", "happened", "clocks"),
    [
        ("P1", FIXED, "met met missed"),  # told after 100 minutes; a P1 is told within 30
        ("P1", (*FIXED[:4], ("notified", 20)), "met met met"),
        ("P1", (("acknowledged", 61), ("resolved", 241)), "missed missed missed"),
        ("P2", FIXED, "met met met"),
        ("P3", FIXED, "met met met"),  # told without need
        ("P3", FIXED[:4], "met met none"),
        ("P4", FIXED[:4], "met met none"),
        ("P4", (("acknowledged", 60),), "met none none"),
        ("P1", (), "missed missed missed"),  # nobody looked, by Friday evening
        (None, FIXED, ""),
    ],
)
def test_each_clock_is_met_or_missed(severity: str | None, happened: tuple[Happened, ...], clocks: str) -> None:
    line = the_line(*happened, severity=severity)
    assert " ".join(line.clocks.get(clock, "") for clock in ("respond", "resolve", "notify")).strip() == clocks  # type: ignore[call-overload]


def test_a_clock_that_runs_is_neither() -> None:
    found = made(incident_of(severity="P2"), now=MONDAY + HOUR)
    assert attained(found, "respond") == Attained(clock="respond", severity=None, met=0, missed=0, running=1)


def test_another_severity_counts_anew() -> None:
    """Two hours to answer are too long for the P1 that was suggested, and not for the P2 that it is."""
    happened: tuple[Happened, ...] = (("severity_chosen", 5, {"severity": "P2", "reason": "r"}), ("acknowledged", 120))
    line = the_line(*happened, severity="P1")
    assert (line.severity, line.clocks["respond"]) == (Severity.P2, "met")
    found = made(incident_of(*happened, severity="P1"))
    assert attained(found, "respond", Severity.P2).met == 1
    assert Severity.P1 not in {row.severity for row in found.attained}


def test_waiting_for_the_client_is_not_held_against_us() -> None:
    waited: tuple[Happened, ...] = (
        ("acknowledged", 10), ("waiting_began", 60, {"why": "a new password"}), ("waiting_ended", 60 + 5 * H),
        ("resolved", 60 + 6 * H),
    )  # fmt: skip
    line = the_line(*waited, severity="P1")
    assert line.clocks["resolve"] == "met"
    assert (line.took["resolve"], line.waited) == (timedelta(hours=2), timedelta(hours=5))
    assert not line.is_open and not line.waiting


def test_one_that_waits_still_is_open_and_running() -> None:
    line = the_line(("acknowledged", 10), ("waiting_began", 60, {"why": "w"}), severity="P2")
    assert line.is_open and line.waiting and line.clocks["resolve"] == "running"
    assert line.waited == LATER - MONDAY - HOUR and "resolve" not in line.took


def test_missed_once_is_missed_although_it_came_back_and_went_well_then() -> None:
    late: tuple[Happened, ...] = (("acknowledged", 10), ("resolved", 5 * H), ("reopened", 10 * H, {"reason": "again"}))
    well: tuple[Happened, ...] = (("acknowledged", 10 * H + 5), ("resolved", 10 * H + 30), ("notified", 10 * H + 10))
    line = the_line(*late, *well, severity="P1")
    assert line.clocks == {"respond": "met", "resolve": "missed", "notify": "missed"}
    assert line.came_back == 1 and line.took["resolve"] == timedelta(hours=10, minutes=30)


def test_met_twice_is_met() -> None:
    again: tuple[Happened, ...] = (
        ("reopened", 600, {"reason": "again"}), ("acknowledged", 610), ("resolved", 620), ("notified", 620),
    )  # fmt: skip
    line = the_line(*FIXED, *again, severity="P2")
    assert set(line.clocks.values()) == {"met"} and line.took["acknowledge"] == timedelta(minutes=10)


def test_one_that_was_reopened_and_is_open_runs_on() -> None:
    line = the_line(*FIXED, ("reopened", 600, {"reason": "again"}), severity="P2", now=MONDAY + timedelta(minutes=630))
    assert line.is_open and line.clocks == {"respond": "running", "resolve": "running", "notify": "running"}


def test_what_ran_still_when_it_was_reopened_says_nothing() -> None:
    """Told to nobody within the hour until it was reopened: the clock was neither met nor missed by then."""
    line = the_line(
        ("acknowledged", 1), ("resolved", 5), ("reopened", 20, {"reason": "again"}), ("acknowledged", 21),
        ("resolved", 25), ("notified", 40), severity="P1",
    )  # fmt: skip
    assert line.clocks["notify"] == "met"


def raised(*before: Happened) -> tuple[Happened, ...]:
    """A P3 that came back five days later and is a P1 since then, answered and resolved in time."""
    back = 5 * 24 * H
    return (
        *before, ("reopened", back, {"reason": "r"}), ("severity_chosen", back + 1, {"severity": "P1", "reason": "r"}),
        ("acknowledged", back + 5), ("resolved", back + 65), ("notified", back + 20),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "clocks"),
    [
        ((("acknowledged", 5 * H), ("resolved", 20 * H)), "met met"),  # as a P3; a P1 has one hour and four
        ((("acknowledged", 25 * H), ("resolved", 30 * H)), "missed met"),
        ((("resolved", 20 * H), ("severity_chosen", 2, {"severity": "P1", "reason": "r"})), "missed missed"),
    ],
)
def test_an_earlier_round_is_judged_by_the_severity_of_its_time(before: tuple[Happened, ...], clocks: str) -> None:
    line = the_line(*raised(*before), severity="P3", now=LATER + timedelta(days=7))
    assert line.severity is Severity.P1
    assert f"{line.clocks['respond']} {line.clocks['resolve']}" == clocks


def test_what_was_recorded_late_is_of_the_round_in_which_it_happened() -> None:
    happened: tuple[Happened, ...] = (
        ("resolved", 90), ("reopened", 600, {"reason": "again"}), ("acknowledged", 10), ("acknowledged", 605),
        ("resolved", 620),
    )  # fmt: skip
    assert the_line(*happened, severity="P1").clocks["respond"] == "met"


def test_a_reopening_that_was_withdrawn_ended_no_round() -> None:
    withdrawn = ("corrected", 700, {"seq": 4, "reason": "another one"})
    events = events_of(("resolved", 300), ("reopened", 600, {"reason": "again"}), withdrawn, severity="P1")
    assert earlier(events) == ()
    assert [one.resolved_at for one in earlier(events[:-1])] == [MONDAY + timedelta(hours=5)]


def test_attainment_is_counts_and_never_hides_how_few() -> None:
    rows = [incident_of(("acknowledged", 10 + 25 * n), severity="P1", number=n) for n in range(1, 4)]
    one = attained(made(*rows), "respond")
    assert (one.met, one.missed, one.ended) == (2, 1, 3)
    assert attained(made(incident_of(("acknowledged", 10), severity="P1")), "respond").met == 1


# How long things took


def test_median_and_worst() -> None:
    rows = [incident_of(("acknowledged", minutes), severity="P2", number=n) for n, minutes in enumerate((5, 90, 20), 1)]
    found = made(*rows)
    for severity in (None, Severity.P2):
        one = spread(found, "acknowledge", severity)
        assert (one.count, one.median, one.worst) == (3, timedelta(minutes=20), timedelta(minutes=90))
        assert one.worst_id == "INC-2"
    assert spread(found, "resolve").to_come == 3


def test_two_cases_have_no_median() -> None:
    rows = [incident_of(("acknowledged", 5 * n), severity="P2", number=n) for n in (1, 2)]
    one = spread(made(*rows), "acknowledge")
    assert (one.count, one.median, one.worst) == (2, None, timedelta(minutes=10))


def test_what_was_on_record_before_the_detection_took_no_time() -> None:
    assert the_line(("acknowledged", -5), severity="P2").took["acknowledge"] == timedelta()


def test_an_unknown_cause_is_no_diagnosis() -> None:
    assert "diagnose" not in the_line(("cause_accepted", 5, {"cause": "unknown"}), severity="P2").took


# Weeks


def test_the_weeks_before_are_shown_with_it() -> None:
    old = incident_of(*FIXED, severity="P1", number=1, detected=utc("2026-10-09T15:00"))
    weeks = made(old, incident_of(severity="P3"), incident_of(number=3)).weeks
    assert len(weeks) == 8 and weeks[0].since == utc("2026-10-02T15:00")
    assert [sum(week.counts.values()) for week in weeks] == [0, 1, 0, 0, 0, 0, 0, 2]
    assert weeks[1].counts == {Severity.P1: 1} and weeks[-1].counts == {Severity.P3: 1, None: 1}


# What came again, and what was to prevent it


def same(number: int, *happened: Happened, days: float = 0, **opened: Any) -> Incident:
    about = {"fingerprint": "f1", "workflow": "[BAY] Invoices"}
    detected = MONDAY - timedelta(days=days)
    return incident_of(*happened, number=number, severity="P2", detected=detected, subject=about, **opened)


ACTION: Happened = ("prevention", 95, {"text": "Renew the key in time", "owner": "Kim", "due": "2026-11-10T00:00:00Z"})


@pytest.mark.parametrize(
    ("happened", "states", "prevented"),
    [
        ((), [], False),
        ((ACTION,), ["overdue"], False),
        ((("prevention", 95, {"text": "Renew it"}),), ["open"], False),
        ((ACTION, ("prevented", 100, {"action": "Renew the key in time"})), ["did_not_hold"], False),
        ((ACTION, ("prevented", 40 * 24 * H, {"action": "Renew the key in time"})), ["done"], True),
        ((ACTION, ("prevented", 40 * 24 * H, {"action": "Another one"})), ["overdue"], False),
    ],
)
def test_a_problem_of_before_that_came_again(
    happened: tuple[Happened, ...], states: list[str], prevented: bool
) -> None:
    (found,) = made(same(1, *FIXED, *happened, days=30), same(2)).recurring
    assert (found.incidents, found.in_period, found.came_back) == (("INC-1", "INC-2"), 1, 0)
    assert [one.state for one in found.prevention] == states and found.is_prevented is prevented


def test_a_reopened_one_came_again() -> None:
    (found,) = made(same(1, *FIXED, ("reopened", 600, {"reason": "r"}))).recurring
    assert (found.incidents, found.came_back) == (("INC-1",), 1)


BACK: tuple[Happened, ...] = (
    ("reopened", 6 * 24 * H, {"reason": "down again"}), ("acknowledged", 6 * 24 * H + 300), ("resolved", 7 * 24 * H),
)  # fmt: skip


def test_one_of_before_that_came_back_in_it_is_told_apart_and_recurs() -> None:
    back = same(1, *FIXED, *BACK, days=7)
    found = made(back)
    assert found.lines == () and found.older == () and [one.id for one in found.relapses] == ["INC-1"]
    assert found.relapses[0].back_at == MONDAY - timedelta(days=1)
    (again,) = found.recurring
    assert (again.incidents, again.in_period, again.came_back) == (("INC-1",), 1, 1)
    assert attained(found, "resolve").ended == 0  # its clocks are of the week in which it was detected
    of_before = made(back, period=chosen_period(utc("2026-11-13T16:00"), WEEK.since, BERLIN))
    assert [one.id for one in of_before.lines] == ["INC-1"] and of_before.relapses == ()


@pytest.mark.parametrize(("happened", "open_now"), [(BACK, False), (BACK[:2], True)])
def test_one_that_came_back_is_named_once_whether_open_or_not(happened: tuple[Happened, ...], open_now: bool) -> None:
    found = made(same(1, *FIXED, *happened, days=7))
    assert [one.is_open for one in found.relapses] == [open_now] and found.older == ()


def test_one_that_came_back_in_another_period_is_no_relapse_of_this_one() -> None:
    found = made(same(1, *FIXED, *BACK, days=20))
    assert found.relapses == () and found.recurring == ()


def test_a_p3_that_came_back_is_mentioned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incident_nb.review.count.friday_line", lambda one, _: f"Line of {one.number}")
    (told,) = made(incident_of(*FIXED, *BACK, severity="P3", detected=MONDAY - timedelta(days=7))).mentions
    assert (told.text, told.told_at) == ("Line of 42", None)


def test_different_problems_and_those_of_other_periods_do_not_recur() -> None:
    other = incident_of(*FIXED, number=3, severity="P2", subject={"fingerprint": "f2"})
    assert made(same(1), other, incident_of(number=4), incident_of(number=5)).recurring == ()
    assert made(same(1, days=30), same(2, days=20)).recurring == ()


# P3s and hours


def test_p3s_are_mentioned_with_their_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incident_nb.review.count.friday_line", lambda one, _: f"Line of {one.number}")
    rows = [incident_of(*FIXED, severity=grade, number=n) for n, grade in enumerate(("P1", "P3", "P3", "P4"), 1)]
    found = made(*rows, incident_of(severity="P3", number=9, detected=utc("2026-11-20T15:00")))
    assert [(one.incident, one.text) for one in found.mentions] == [("INC-2", "Line of 2"), ("INC-3", "Line of 3")]
    assert found.mentions[0].told_at == MONDAY + timedelta(minutes=100)


def test_hours_by_billing_class() -> None:
    def billed(number: int, row: str, **hours: float) -> Incident:
        return incident_of(*FIXED, ("billing_classified", 95, {"row": row, **hours}), severity="P2", number=number)

    rows = (billed(1, "BILL-1", hours=2), billed(2, "BILL-2", hours=1.25), billed(3, "BILL-2"))
    found = made(*rows, incident_of(*FIXED, number=4))
    hours = {row.row: (row.incidents, row.hours, row.proposed, row.amount) for row in found.hours}
    spent = hours["BILL-2"][2]
    assert spent == 1.5
    assert hours["BILL-1"] == (1, 2.0, 0.0, 0.0)
    assert hours["BILL-2"] == (2, 2.75, 1.5, 687.5)
    assert hours[None] == (1, spent, spent, None)
    assert list(hours) == ["BILL-1", "BILL-2", None]


def test_hours_from_the_allocation_are_told_apart_and_have_no_amount() -> None:
    paid = {1: {"uses": "allocation", "hours": 10}, 2: {"uses": "rate", "hours": 2}, 3: {"hours": 1}}
    rows = [
        incident_of(*FIXED, ("billing_classified", 95, {"row": "BILL-3", **uses}), severity="P2", number=number)
        for number, uses in paid.items()
    ]
    free = incident_of(
        *FIXED, ("billing_classified", 95, {"row": "BILL-1", "uses": "allocation", "hours": 4}), number=4
    )
    hours = [(row.row, row.uses, row.hours, row.amount) for row in made(*rows, free).hours]
    assert hours == [
        ("BILL-1", None, 4.0, 0.0), ("BILL-3", "allocation", 10.0, None), ("BILL-3", "rate", 2.0, 500.0),
        ("BILL-3", None, 1.0, 250.0),
    ]  # fmt: skip


# Runs


ALL = chosen_period(START, START + 24 * HOUR, "UTC")


def test_runs_and_failures_of_each_workflow() -> None:
    first, second = flow(1, "[BAY] Orders"), flow(2, "[BAY] Stock")
    log = log_of(
        *runs("." * 20 + "XXXX", first), *runs("." * 24, second, first=100), *runs("X" * 9, flow(3, "[GLOBEX] X"), first=200)
    )  # fmt: skip
    found = made(log=log, period=ALL, now=NOW)
    assert found.runs is not None
    counted = [(one.workflow, one.runs, one.failed) for one in found.runs.rates]
    assert counted == [("[BAY] Orders", 24, 4), ("[BAY] Stock", 24, 0)]
    assert all(one.before is None for one in found.runs.rates)  # the log begins with the period
    assert (found.runs.since, found.runs.until) == (START, START + 23 * HOUR)


def test_the_time_before_is_told_only_where_the_log_reaches_back() -> None:
    log = log_of(*runs("X" * 6 + "." * 18 + "XX" + "." * 22, flow(1, "[BAY] Orders"), start=START - 24 * HOUR))
    (rate,) = made(log=log, period=ALL, now=NOW).runs.rates  # type: ignore[union-attr]
    assert (rate.runs, rate.failed, rate.before) == (24, 2, (24, 6))


def test_a_run_counts_in_its_part_of_the_period() -> None:
    week = chosen_period(START, START + timedelta(days=7), "UTC")
    log = log_of(*runs("X.X", flow(1, "[BAY] Orders"), start=START + 15 * HOUR))
    (rate,) = made(log=log, period=week, now=NOW).runs.rates  # type: ignore[union-attr]
    assert rate.parts == ((1, 1), (2, 1), *[(0, 0)] * 6)  # from before midnight on, to the eighth day's morning


def test_what_says_nothing_of_a_workflow_is_left_out() -> None:
    own = flow(1, "[BAY] Orders")
    log = log_of(
        *runs("..", own), *runs("XX", own, first=10, mode="manual"), *runs("XX", own, first=20, mode="error"),
        *runs("X", own, first=30, status="canceled"),
    )  # fmt: skip
    (rate,) = made(log=log, period=ALL, now=NOW).runs.rates  # type: ignore[union-attr]
    assert (rate.runs, rate.failed) == (2, 0)


def test_a_success_that_holds_a_failure_is_told() -> None:
    goes_on = flow(1, "[BAY] Orders", call(onError="continueRegularOutput"))
    log = log_of(*runs(".", goes_on, items=[{"json": {"error": "Row refused"}}]), *runs("..", goes_on, first=5))
    (rate,) = made(log=log, period=ALL, now=NOW).runs.rates  # type: ignore[union-attr]
    assert (rate.runs, rate.failed, rate.green) == (3, 0, 1)


def test_without_a_log_it_says_why() -> None:
    found = made(no_runs="n8n did not answer")
    assert found.runs is None and found.no_runs == "n8n did not answer"
    empty = made(log=log_of(*runs("X", flow(1, "[GLOBEX] X"), wrong=error(500))), period=ALL, now=NOW)
    assert empty.runs is not None and empty.runs.rates == ()


# Over several clients


def shared_one(**more: Any) -> Incident:
    return incident_of(
        *FIXED, ("related", 1, {"incident": "INC-42", "why": "GLOBEX uses it"}),
        ("harmed", 50, {"instance": "main", "since": MONDAY.isoformat(), "failed": 9, "workflows": ["[GLOBEX] Secret"]}),
        ("note", 60, {"text": "Globex Corporation called"}),
        number=50, severity="P1", title="Globex Corporation's key fails for several clients",
        subject={"shared": "credential:main", "workflow": "[GLOBEX] Secret", "credential_id": "c1", "instance": "main"},
        **{"client": None, **more},
    )  # fmt: skip


UNDER: Happened = ("related", 3, {"incident": "INC-50", "why": "it covers all"})


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "as it is kept"])
def test_one_over_several_clients_is_told_without_a_name(cut: bool) -> None:
    everybody = (incident_of(UNDER, *FIXED, severity="P2"), shared_one(), incident_of(number=7, client="GLOBEX"))
    found = made(*(concerning(everybody, "BAY", WEEK.until) if cut else everybody))
    assert [one.id for one in found.lines] == ["INC-42"] and found.lines[0].wider == ("INC-50",)
    (wide,) = found.wider
    assert (wide.title, wide.workflow, wide.shared) == (None, None, "a credential that several clients use")
    assert wide.resolved_at == MONDAY + timedelta(minutes=90) and wide.clocks["resolve"] == "met"
    assert "globex" not in found.model_dump_json().lower()


def test_one_over_several_clients_that_was_given_to_one_counts_but_not_its_hours() -> None:
    found = made(shared_one(client="BAY"))
    assert [one.title for one in found.lines] == [None] and found.hours == () and found.hours_shared == 1
    assert "globex" not in found.model_dump_json().lower()


def test_what_is_kept_names_no_other_client() -> None:
    everybody = (incident_of(UNDER, *FIXED, severity="P2"), shared_one(), incident_of(number=7, client="GLOBEX"))
    kept = concerning(everybody, "BAY", WEEK.until)
    assert [one.number for one in kept] == [42, 50]
    assert "globex" not in "".join(one.model_dump_json() for one in kept).lower()
    assert concerning(everybody, "BAY", MONDAY) == ()


def test_hours_that_nobody_can_read_leave_the_clocks_running_and_are_told() -> None:
    settings = Settings(clients={"BAY": Client(time_zone=BERLIN, hours="nine to five")})
    found = made(incident_of(*FIXED, severity="P3"), settings=settings)
    assert "clients.BAY" in found.note and found.lines[0].clocks["resolve"] == "met"


def test_it_is_json() -> None:
    log = log_of(*runs(".X", flow(1, "[BAY] Orders"), wrong=UNAUTHORISED))
    plain = made(incident_of(*FIXED, severity="P2"), log=log).as_json()
    assert plain["period"]["since"] == "2026-11-20T16:00:00Z" and plain["lines"][0]["took"]["resolve"] == 5400.0
    assert plain["lines"][0]["severity"] == "P2" and plain["runs"]["rates"] == []
