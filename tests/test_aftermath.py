"""What went well and badly, what is missing, what is left (`desk.aftermath`); the words of a first screen (`desk.brief`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from incident_nb.desk.aftermath import Aftermath, Point, aftermath
from incident_nb.desk.brief import brief, duration
from incident_nb.desk.standing import Standing, standing
from incident_nb.incidents import fold
from incident_nb.settings import Settings
from tests import ended
from tests.incidents import BEN, DETECTED, Happened, after, events_of


def looked(*happened: Happened, now: float = 600, severity: str = "P2", **opened: Any) -> tuple[Aftermath, Standing]:
    """The aftermath of these events, so many minutes after the detection."""
    events = events_of(*happened, severity=severity, **opened)
    one = standing(fold(events), after(now), Settings())
    return aftermath(one, events), one


def about(points: Sequence[Point], topic: str) -> list[str]:
    return [point.text for point in points if point.about == topic]


TAKEN: list[Happened] = [("acknowledged", 1), ("severity_chosen", 1, {"severity": "P1"})]


@pytest.mark.parametrize(
    ("minutes", "well", "badly"),
    [
        (30, ["Respond: acknowledged after 30 min, 30 min before the deadline"], []),
        (60, ["Respond: acknowledged after 1 h, 0 min before the deadline"], []),
        (61, [], ["Respond: acknowledged after 1 h 1 min, 1 min too late"]),
        (None, [], ["Respond: not met; 9 h late"]),
    ],
)
def test_a_clock_was_met_or_missed(minutes: int | None, well: list[str], badly: list[str]) -> None:
    found, _ = looked(*([("acknowledged", minutes)] if minutes else []), severity="P1")
    of = [[text for text in about(points, "clock") if "Respond" in text] for points in (found.well, found.badly)]
    assert of == [well, badly]


def test_a_clock_that_still_runs_is_neither() -> None:
    found, _ = looked(*TAKEN, now=20)
    assert about(found.points, "clock") == ["Respond: acknowledged after 1 min, 59 min before the deadline"]


@pytest.mark.parametrize(
    ("minutes", "well", "text"),
    [
        (30, True, "Diagnose root cause: 29 min, box 5-30 min"),
        (32, False, "Diagnose root cause: 31 min, box 5-30 min"),
        (None, False, "Diagnose root cause: not ended after 1 h 59 min, box 5-30 min"),
    ],
)
def test_a_time_box_was_kept_or_not(minutes: int | None, well: bool, text: str) -> None:
    cause: list[Happened] = [("cause_accepted", minutes, {"cause": "network"})] if minutes else []
    found, _ = looked(*TAKEN, *cause, now=120)
    (point,) = (one for one in found.points if one.about == "time box" and one.basis == "QR-2")
    assert (point.well, point.text) == (well, text)


def test_what_was_before_a_reopening_is_judged_by_itself() -> None:
    """The first time it was resolved too late; the second time not. Both stay true."""
    found, one = looked(
        *TAKEN, ("resolved", 300), ("reopened", 1000, {"reason": "it fails again"}), ("acknowledged", 1070),
        ("resolved", 1100), now=1200,
    )  # fmt: skip
    assert [timer.state for timer in one.timers.values()][1] == "met"
    assert about(found.badly, "clock") == [
        "Resolve: resolved after 5 h, 1 h too late",
        "Notify: not met; 16 h 10 min late",
        "Respond: acknowledged after 1 h 10 min, 10 min too late",
        "Notify: not met; 2 h 50 min late",
    ]
    assert about(found.well, "clock") == [
        "Respond: acknowledged after 1 min, 59 min before the deadline",
        "Resolve: resolved after 1 h 40 min, 2 h 20 min before the deadline",
    ]
    first = next(point for point in found.badly if point.about == "clock")
    assert first.basis.endswith("; before it came back")
    twice, _ = looked(
        *TAKEN, ("resolved", 300), ("reopened", 1000, {"reason": "a"}), ("resolved", 1100), ("reopened", 1200, {"reason": "b"}),
        now=1300,
    )  # fmt: skip
    assert next(point for point in twice.badly).basis.endswith("; before it came back 2026-11-24 02:40 UTC")
    assert about(found.badly, "relapse") == ["It came back, reopened 2026-11-24 02:40 UTC: it fails again"]


def test_an_entry_that_was_withdrawn_counts_for_nothing() -> None:
    happened: list[Happened] = [*TAKEN, ("resolved", 100), ("reopened", 200, {"reason": "again"})]
    found, _ = looked(*happened, ("corrected", 210, {"seq": 6, "reason": "it was another one"}))
    assert about(found.points, "relapse") == []
    assert len([point for point in found.points if point.text.startswith("Respond")]) == 1
    # A correction of what was before a reopening is heeded in what is said of that time, too.
    found, _ = looked(
        *happened, ("corrected", 210, {"seq": 3, "happened_at": after(70).isoformat(), "reason": "later"})
    )
    assert "Respond: acknowledged after 1 h 10 min, 10 min too late" in about(found.badly, "clock")


def test_whether_the_checklist_was_right() -> None:
    first: Happened = ("diagnosed", 2, {"headline": "no", "cause": "timeout", "confidence": 0.6})
    found, _ = looked(first, ("cause_accepted", 9, {"cause": "timeout", "detail": "cold_start"}))
    assert about(found.well, "cause") == ["The checklist put the accepted cause first: timeout, cold start (60%)"]
    found, _ = looked(first, ("cause_accepted", 9, {"cause": "network"}))
    assert about(found.badly, "cause") == ["The checklist put timeout first (60%); accepted was network"]
    found, _ = looked(("cause_accepted", 1, {"cause": "network"}), first)  # it came later, and was no help
    assert about(found.points, "cause") == []


def test_fixes_runs_and_rows_left_open() -> None:
    def run(minutes: float, name: str, good: bool) -> Happened:
        return "run_watched", minutes, {"execution_id": name, "good": good}

    found, _ = looked(
        ("fixed", 10, {"what": "a"}), run(12, "7", False), run(13, "7", False), ("fixed", 20, {"what": "b"}),
        *(run(30 + n, f"1{n}", True) for n in range(3)), ("resolved", 60, {"open_items": {"VER-3": "no staging"}}),
    )  # fmt: skip
    assert about(found.badly, "fix") == ["It took 2 fixes; the last one: b"]
    assert about(found.badly, "runs") == ["1 run failed after a fix: execution 7"]
    assert about(found.well, "runs") == ["3 good runs in a row were watched; 3 to 5 are asked for"]
    assert about(found.badly, "verification") == [
        "Resolved without “Check output is correct in the destination system”: no staging"
    ]
    found, _ = looked(("fixed", 10, {"what": "a"}), run(30, "8", True), run(31, "9", True))
    assert about(found.points, "runs") == about(found.points, "fix") == []


@pytest.mark.parametrize(
    ("fixed", "well", "text"), [(50, True, "In place 10 min before"), (70, False, "In place 10 min after")]
)
def test_whether_the_promised_fix_came_in_time(fixed: int, well: bool, text: str) -> None:
    around: Happened = ("worked_around", 5, {"what": "by hand", "due": after(60).isoformat()})
    found, _ = looked(around, ("fixed", fixed, {"what": "a"}))
    (point,) = (one for one in found.points if one.about == "permanent fix")
    assert point.well is well and point.text == f"{text} the date that was set"


def test_escalations_made_and_owed() -> None:
    found, _ = looked(*TAKEN, now=300)
    assert about(found.badly, "escalation") == ["Ben had to be told since 2026-11-23 14:00 UTC, and was not"]
    assert [todo.late for todo in found.left if "ESC-1" in todo.basis] == [True]
    told: Happened = ("escalated", 270, {"row": "ESC-1", "to": "Ben"})
    found, _ = looked(*TAKEN, told, now=300)
    assert about(found.well, "escalation") == ["Ben was told 30 min after it was due"]
    assert not [todo for todo in found.left if "ESC-1" in todo.basis]
    found, _ = looked(*TAKEN, told, ("resolved", 280), ("reopened", 290, {"reason": "x"}), now=300)
    assert about(found.well, "escalation") == ["Ben was told 2026-11-23 14:30 UTC"]  # of the first time


def test_retries_and_workflows_that_were_stopped() -> None:
    retried = [
        (kind, 60 + n, {"instance": "default", "execution_id": str(n), **more})
        for n, state in enumerate(["well", "well", "failed", None])
        for kind, more in (("retrying", {"workflow": "Orders"}), ("retried", {"state": state}))
        if more.get("state", 0) is not None
    ]
    held: list[Happened] = [
        ("stopping", 5, {"instance": "default", "scope": "all", "workflows": [
            {"workflow_id": "a", "workflow": "A"}, {"workflow_id": "b", "workflow": "B"}]}),
        ("stopped", 6, {"instance": "default", "workflows": ["a", "b"]}),
        ("restored", 65, {"instance": "default", "workflows": ["a"]}),
    ]  # fmt: skip
    found, _ = looked(*held, *retried)
    assert about(found.well, "retries") == ["2 of 4 retried executions went well"]
    assert about(found.badly, "retries") == [
        "1 of 4 retried executions failed again", "Of 1 retried executions it is not known that they ran",
    ]  # fmt: skip
    assert about(found.well, "stopped") == ["1 workflow stopped and put back, the last after 1 h"]
    assert about(found.badly, "stopped") == ["1 workflow stopped and not put back"]
    assert "Put back 1 workflow" in [todo.what for todo in found.left]


@pytest.mark.parametrize(("told", "said"), [(None, 1), (30, 1), (5, 0)])
def test_that_the_client_noticed_first(told: int | None, said: int) -> None:
    notice: list[Happened] = [("notified", told, {"notice": "holding"})] if told else []
    found, _ = looked(("noticed", 10, {"noticed": True}), *notice)
    assert len(about(found.badly, "client")) == said


def test_blanks_are_pointed_out() -> None:
    action: Happened = ("prevention", 50, {"text": "Watch keys", "due": "2026-12-01T00:00:00Z"})
    subject = {"workflow_id": "w1", "instance": "default"}
    found, _ = looked(("fixed", 10, {"what": "a"}), ("resolved", 40), action, subject=subject)
    missing = dict(found.missing)
    assert missing["FIN-1"].endswith("nobody has confirmed the severity")
    assert missing["FIN-8"].endswith("nobody has said who pays")
    assert missing["DOC-1"] == "“Watch keys” has no owner"
    assert missing["impact"] == "What it did was not counted on n8n: incident-nb impact INC-42"
    assert missing["QR-2"].startswith("Diagnose root cause: no entry says when it ended")
    assert "FIN-6" not in missing  # there is an action
    closed: Happened = ("closed", 60, {"open_items": {"FIN-8": "it is ours"}})
    found, _ = looked(("fixed", 10, {"what": "a"}), ("resolved", 40), action, closed)
    assert dict(found.missing)["FIN-8"].endswith("left open, it is ours")
    found, _ = looked(severity="")
    assert ("clocks", "Nobody has said how severe it is, so no clock runs") in found.missing


def test_what_is_left_has_owner_and_date() -> None:
    events: list[Happened] = [
        ("prevention", 5, {"text": "Watch keys", "owner": "Kim", "due": after(100).isoformat()}),
        ("prevention", 6, {"text": "Write it down"}), ("worked_around", 7, {"what": "x", "due": after(200).isoformat()}),
    ]  # fmt: skip
    found, one = looked(*events, now=150)
    rows = [(todo.what, todo.owner, todo.due, todo.late) for todo in found.left]
    assert rows == [
        (one.next_step, None, None, False), ("Put the permanent fix in place", None, after(200), False),
        ("Watch keys", "Kim", after(100), True), ("Write it down", None, None, False),
    ]  # fmt: skip
    found, _ = looked(*events, ("closed", 20), now=150)
    assert [todo.what for todo in found.left] == ["Watch keys", "Write it down"]


def test_an_action_that_is_done_is_no_longer_left() -> None:
    due: Happened = ("prevention", 5, {"text": "Watch keys", "due": after(100).isoformat()})
    for at, well in ((90, True), (130, False)):
        found, _ = looked(due, ("prevented", at, {"action": "Watch keys"}), now=150)
        assert "Watch keys" not in [todo.what for todo in found.left] and "DOC-1" not in dict(found.missing)
        (text,) = about(found.well if well else found.badly, "prevention")
        assert ("30 min after its date" in text) is not well


def test_the_whole_of_a_closed_incident() -> None:
    events = ended.events()
    found = aftermath(standing(fold(events), events[-1].at, Settings()), events)
    assert {point.about for point in found.well} == {
        "clock", "time box", "runs", "permanent fix", "retries", "stopped", "escalation",
    }  # fmt: skip
    assert {point.about for point in found.badly} == {
        "clock", "time box", "cause", "fix", "runs", "relapse", "retries",
    }  # fmt: skip


# the first screen


def short(*happened: Happened, now: float = 600, **opened: Any) -> Any:
    return brief(standing(fold(events_of(*happened, severity="P2", **opened)), after(now), Settings()))


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        ([], "Open for 10 h: nobody has acknowledged it"),
        ([("acknowledged", 1)], "Open for 10 h: its cause is not known yet"),
        ([("cause_accepted", 1, {"cause": "network"})], "Open for 10 h: diagnosed, not fixed yet"),
        ([("fixed", 1, {"what": "x"})], "Open for 10 h: a fix is in place, not verified yet"),
        ([("resolved", 90)], "Resolved 1 h 30 min after it was detected"),
        ([("resolved", 90), ("reopened", 95, {"reason": "x"})], "Open for 10 h, came back: nobody has acknowledged it"),
        ([("resolved", 90), ("closed", 120)], "Resolved 1 h 30 min after it was detected, closed 2026-11-23 12:00 UTC"),
        ([("closed", 120)], "Closed 2026-11-23 12:00 UTC without being resolved"),
    ],
)
def test_the_state_in_a_sentence(happened: list[Happened], state: str) -> None:
    assert short(*happened).state == state


def test_how_long_it_took_counts_from_the_detection() -> None:
    happened: list[Happened] = [
        ("acknowledged", 4), ("cause_accepted", 20, {"cause": "network"}), ("fixed", 50, {"what": "x"}), ("resolved", 90),
    ]  # fmt: skip
    events = events_of(*happened, severity="P2")
    one = standing(fold(events), after(100), Settings())
    assert brief(one, DETECTED - timedelta(minutes=22)).took == (
        "Detected 2026-11-23 10:00 UTC, 22 min after its onset; acknowledged after 4 min; cause accepted after 20 min; "
        "fixed after 50 min; resolved after 1 h 30 min."
    )
    assert duration(one.incident) == timedelta(minutes=90)
    back = short(*happened, ("reopened", 200, {"reason": "x"}), ("acknowledged", 201), ("resolved", 300))
    assert back.took == (
        "Detected 2026-11-23 10:00 UTC; acknowledged after 4 min; resolved after 1 h 30 min; came back after 3 h 20 min; "
        "resolved after 5 h."
    )


def test_the_severity_says_whose_word_it_is() -> None:
    assert short().severity_by == "Suggested; nobody has confirmed it"
    assert short(("severity_chosen", 1, {"severity": "P2", "by": BEN})).severity_by == "Chosen by Ben"
    assert (
        short(("severity_chosen", 1, {"severity": "P1", "by": BEN})).severity_by == "Chosen by Ben (P2 was suggested)"
    )
    met = {name: words for name, _, words in short(("acknowledged", 10), ("resolved", 1500), now=1501).clocks}
    assert met == {"respond": "met, 3 h 50 min before it was due", "resolve": "missed by 1 h", "notify": met["notify"]}
