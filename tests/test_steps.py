"""The six steps (QR-1 to QR-6): how far each is, and the time spent in it. Times are minutes after the detection."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incident_nb.policy import Progress, load, step_times
from tests.incidents import after, incident_of

STEPS = ("QR-1", "QR-2", "QR-3", "QR-4", "QR-5", "QR-6")
DUE = {"due": "2026-12-03T10:00:00Z"}


def chosen(minutes: float, severity: str = "P2"):
    return ("severity_chosen", minutes, {"severity": severity})


def cause(minutes: float, name: str = "credentials"):
    return ("cause_accepted", minutes, {"cause": name})


def fix(minutes: float):
    return ("fixed", minutes, {"what": "signed in again"})


def around(minutes: float):
    return ("worked_around", minutes, {"what": "switched off", **DUE})


def document(minutes: float, row: str = "DOC-1"):
    return (
        "documented",
        minutes,
        {"row": row, "path": "clients/BAY/context/operations/incident-2026-11-23-invoices.md"},
    )


def wait(begin: float, end: float | None = None):
    return [("waiting_began", begin, {"why": "new token"}), *([("waiting_ended", end)] if end is not None else [])]


def tick(minutes: float, row: str, done: bool = True):
    return ("ticked", minutes, {"row": row, "done": done})


# Progress in letters (D done, R running, - to come, N not needed) and the minutes spent, for QR-1 to QR-6.
LETTERS = {"D": "done", "R": "running", "-": "to_come", "N": "not_needed"}
DIAGNOSED = ("diagnosed", 4, {"headline": "401", "cause": "credentials", "confidence": 0.9})
RULED_OUT = ("cause_rejected", 25, {"cause": "credentials", "reason": "the token is fine"})
START = [("acknowledged", 1), chosen(2)]
AGAIN = [("reopened", 1000, {"reason": "it is back"}), ("acknowledged", 1003)]
WHOLE = [*START, cause(20), fix(50), ("resolved", 58), ("notified", 62), document(70)]
TOLD = [
    ("QR-1 nothing yet", [], 1, "R-----", (1,)),
    ("QR-1 acknowledged only", [("acknowledged", 1)], 5, "R-----", (5,)),
    ("QR-1 chosen only", [chosen(1)], 5, "R-----", (5,)),
    ("QR-1 acknowledged last", [chosen(1), ("acknowledged", 4)], 5, "DR----", (4, 1)),
    ("QR-1 chosen last", START, 5, "DR----", (2, 3)),
    ("QR-2 diagnosed, no cause accepted", [*START, DIAGNOSED], 20, "DR----", (2, 18)),
    ("QR-2 cause accepted", [*START, cause(20)], 30, "DDR---", (2, 18, 10)),
    ("QR-2 the cause is unknown", [*START, cause(20, "unknown")], 30, "DR----", (2, 28)),
    ("QR-2 cause ruled out again", [*START, cause(20), RULED_OUT], 30, "DR----", (2, 28)),
    ("QR-3 fixed", [*START, cause(20), fix(50)], 55, "DDDR--", (2, 18, 30, 5)),
    ("QR-4 resolved", [*START, cause(20), fix(50), ("resolved", 58)], 60, "DDDDR-", (2, 18, 30, 8, 2)),
    ("QR-4 fixed again", [*START, cause(20), fix(50), fix(55)], 60, "DDDR--", (2, 18, 35, 5)),
    ("QR-5 told", WHOLE[:-1], 65, "DDDDDR", (2, 18, 30, 8, 4, 3)),
    ("QR-5 a brief e-mail", [*WHOLE[:-2], ("notified", 62, {"notice": "brief"})], 65, "DDDDDR", (2, 18, 30, 8, 4, 3)),
    ("QR-5 a holding notice is not the notice", [*START, ("notified", 10, {"notice": "holding"}), *WHOLE[2:5]], 60, "DDDDR-",
     (2, 18, 30, 8, 2)),
    ("QR-5 told by telephone", [*WHOLE[:5], tick(63, "FIN-4")], 65, "DDDDDR", (2, 18, 30, 8, 5, 2)),
    ("QR-5 not told after all", [*WHOLE[:5], tick(63, "FIN-4"), tick(64, "FIN-4", False)], 65, "DDDDR-", (2, 18, 30, 8, 7)),
    ("QR-5 told while it goes on", [*START, ("notified", 10, {"notice": "brief"})], 15, "DR--D-", (2, 13, None, None, 0)),
    ("QR-5 told before it is resolved", [*WHOLE[:4], ("notified", 54), ("resolved", 58)], 60, "DDDDDR", (2, 18, 30, 8, 0, 2)),
    ("QR-5 told when fixed, not resolved yet", [*WHOLE[:4], ("notified", 54)], 56, "DDDRD-", (2, 18, 30, 6, 0)),
    ("QR-6 documented", WHOLE, 500, "DDDDDD", (2, 18, 30, 8, 4, 8)),
    ("QR-6 a learning file is not the document", [*WHOLE[:-1], document(70, "DOC-2")], 71, "DDDDDR", (2, 18, 30, 8, 4, 9)),
    ("QR-6 written elsewhere", [*WHOLE[:-1], tick(70, "FIN-5")], 500, "DDDDDD", (2, 18, 30, 8, 4, 8)),
    ("QR-6 before the client is told", [*WHOLE[:5], document(61)], 62, "DDDDRD", (2, 18, 30, 8, 4, 3)),
    # waiting for the client is no time spent
    ("QR-2 waited", [*START, *wait(5, 15), cause(20)], 30, "DDR---", (2, 8, 10)),
    ("QR-2 waits", [*START, *wait(5)], 300, "DR----", (2, 3)),
    ("QR-3 waited over two steps", [*START, *wait(10, 30), cause(20), fix(50)], 55, "DDDR--", (2, 8, 20, 5)),
    ("QR-3 the fix ends the wait", [*START, cause(20), *wait(30), fix(50)], 55, "DDDR--", (2, 18, 10, 5)),
    ("QR-2 a wait recorded twice", [*START, *wait(5, 15), *wait(8, 18), cause(20)], 30, "DDR---", (2, 5, 10)),
    # a workaround ends the third step's time; the permanent fix has a date of its own
    ("QR-3 worked around", [*START, cause(20), around(40)], 3000, "DDR---", (2, 18, 20)),
    ("QR-3 worked around, then fixed", [*START, cause(20), around(40), fix(3000)], 3005, "DDDR--", (2, 18, 20, 5)),
    ("QR-3 worked around while looking for the cause", [*START, around(10), cause(20), fix(50)], 55, "DDDR--", (2, 18, 30, 5)),
    ("QR-3 worked around with the cause", [*START, cause(20), around(20), fix(50)], 55, "DDDR--", (2, 18, 0, 5)),
    ("QR-2 worked around while looking for the cause", [*START, around(10)], 30, "DR----", (2, 28)),
    # steps that were passed over: no minute counts twice, and what comes next is running
    ("QR-2 fixed without a cause", [*START, fix(30)], 35, "D-DR--", (2, None, 28, 5)),
    ("QR-2 cause accepted after the fix", [*START, fix(30), cause(600)], 610, "DDDR--", (2, 28, 0, 580)),
    ("QR-2 cause accepted after the end", [*START, fix(30), ("resolved", 40), cause(600)], 610, "DDDDR-", (2, 28, 0, 10, 570)),
    ("QR-3 over by itself", [*START, cause(20), ("resolved", 40)], 50, "DD-DR-", (2, 18, None, 20, 10)),
    ("QR-1 passed over", [("acknowledged", 1), cause(20)], 30, "-DR---", (None, 20, 10)),
    ("QR-1 passed over in the first minute", [cause(0)], 10, "-DR---", (None, 0, 10)),
    ("QR-3 everything passed over", [("resolved", 40)], 50, "---DR-", (None, None, None, 40, 10)),
    # once closed, nothing runs
    ("QR-5 closed with it left open", [*WHOLE[:5], ("closed", 80)], 500, "DDDDNN", (2, 18, 30, 8)),
    ("QR-4 closed unresolved", [*START, cause(20), fix(50), ("closed", 80)], 500, "DDDNNN", (2, 18, 30)),
    ("QR-6 closed after all", [*WHOLE, ("closed", 80)], 500, "DDDDDD", (2, 18, 30, 8, 4, 8)),
    # it came back: all counts from there, but what was learnt stays
    ("QR-1 reopened", [*WHOLE, AGAIN[0]], 1010, "RD----", (10, 0)),
    ("QR-3 reopened", [*WHOLE, *AGAIN], 1010, "DDR---", (3, 0, 7)),
    ("QR-3 reopened after a workaround", [*START, cause(20), around(30), *WHOLE[3:], *AGAIN], 1010,
     "DDR---", (3, 0, 7)),
    ("QR-2 reopened, another cause", [*WHOLE, *AGAIN, cause(1023, "network")], 1030, "DDR---", (3, 20, 7)),
    ("QR-6 reopened, told and written before", [*WHOLE, *AGAIN, fix(1010), ("resolved", 1020)], 1025,
     "DDDDR-", (3, 0, 7, 10, 5)),
    ("QR-6 reopened, told and written anew",
     [*WHOLE, *AGAIN, fix(1010), ("resolved", 1020), ("notified", 1024), document(1030)], 1035, "DDDDDD",
     (3, 0, 7, 10, 4, 6)),
    ("QR-6 closed and reopened", [*WHOLE, ("closed", 80), *AGAIN], 1010, "DDR---", (3, 0, 7)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "now", "progress", "spent"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD]
)
def test_how_far_each_step_is_and_what_was_spent(happened, now, progress, spent):
    steps = step_times(incident_of(*happened, severity="P2"), after(now))
    assert tuple(step.id for step in steps) == STEPS
    assert [step.progress for step in steps] == [Progress(LETTERS[letter]) for letter in progress]
    minutes = (*spent, *[None] * (6 - len(spent)))
    assert [step.spent for step in steps] == [None if one is None else timedelta(minutes=one) for one in minutes]
    for step in steps:
        assert (step.began_at is not None) is (step.progress in (Progress.DONE, Progress.RUNNING))
        assert (step.ended_at is not None) is (step.progress is Progress.DONE)


def test_the_steps_have_their_time_boxes():
    steps = step_times(incident_of(), after(1))
    assert [(step.id, step.box, step.minutes) for step in steps] == [
        ("QR-1", "2 min", (2, 2)), ("QR-2", "5-30 min", (5, 30)), ("QR-3", "15-60 min", (15, 60)), ("QR-4", "5-10 min", (5, 10)),
        ("QR-5", "5 min", (5, 5)), ("QR-6", "10 min", (10, 10)),
    ]  # fmt: skip
    rules = load()
    assert [step.action for step in steps] == [row.action for row in rules.steps]
    longer = (rules.steps[0].model_copy(update={"time": "9 min", "minutes": (9, 9)}), *rules.steps[1:])
    step = step_times(incident_of(), after(9), policy=rules.model_copy(update={"steps": longer}))[0]
    assert (step.box, step.minutes, step.is_over) == ("9 min", (9, 9), False)


BOXES = {"QR-1": 2, "QR-2": 30, "QR-3": 60, "QR-4": 10, "QR-5": 5, "QR-6": 10}


@pytest.mark.parametrize("row", BOXES)
@pytest.mark.parametrize(
    ("more", "over"), [(-0.1, False), (0, False), (0.1, True)], ids=["under", "at its end", "over"]
)
def test_a_step_is_over_when_more_than_its_box_was_spent(row, more, over):
    place = STEPS.index(row)
    done = WHOLE[: (0, 2, 3, 4, 5, 6)[place]]
    begun = done[-1][1] if done else 0
    now = begun + BOXES[row] + more
    running = step_times(incident_of(*done, severity="P2"), after(now))[place]
    assert (running.progress, running.is_over) == (Progress.RUNNING, over)
    ends = {"QR-1": [("acknowledged", now), chosen(now)], "QR-2": [cause(now)], "QR-3": [fix(now)], "QR-4": [("resolved", now)],
            "QR-5": [("notified", now)], "QR-6": [document(now)]}  # fmt: skip
    ended = step_times(incident_of(*done, *ends[row], severity="P2"), after(9999))[place]
    assert (ended.progress, ended.is_over, ended.ended_at) == (Progress.DONE, over, after(now))


def test_a_step_without_time_is_never_over():
    assert not any(step.is_over for step in step_times(incident_of(*WHOLE), after(9999)) if step.spent is None)
    assert not step_times(incident_of(), after(9999))[5].is_over


@pytest.mark.parametrize(
    ("severity", "noticed", "progress"),
    [
        ("P1", False, "running"),
        ("P2", False, "running"),
        ("P3", False, "not_needed"),
        ("P3", True, "running"),
        ("P4", False, "not_needed"),
        ("P4", True, "not_needed"),
        (None, False, "running"),
    ],
    ids=["SEV-P1", "SEV-P2", "SEV-P3", "SEV-P3 noticed", "SEV-P4", "SEV-P4 noticed", "not known"],
)
def test_whether_the_client_has_to_be_told(severity, noticed, progress):
    happened = [("acknowledged", 1), *([chosen(2, severity)] if severity else []), cause(20), fix(50), ("resolved", 58)]
    steps = step_times(incident_of(*happened, noticed=noticed), after(60))
    assert steps[4].progress == progress
    assert steps[5].progress == ("to_come" if progress == "running" else "running")
    assert steps[5].spent == (None if progress == "running" else timedelta(minutes=2))
    told = step_times(incident_of(*happened, ("notified", 59), noticed=noticed), after(60))
    assert told[4].progress == "done"  # what was done shows, needed or not


@pytest.mark.parametrize(
    ("happened", "first", "spent"),
    [
        ([*START, cause(20), fix(50), chosen(55, "P1")], 2, (2, 18, 30, 7)),
        ([*START, cause(20), fix(50), chosen(55, "P1")], None, (20, 0, 30, 7)),
        ([*START, chosen(10, "P1"), cause(20), fix(50)], 2, (2, 18, 30, 7)),
        ([*START, chosen(10, "P1"), cause(20), fix(50)], None, (10, 10, 30, 7)),
        ([("acknowledged", 4), chosen(5), cause(20), fix(50)], 2, (4, 16, 30, 7)),
    ],
    ids=[
        "changed after the fix",
        "not known when first",
        "changed while diagnosing",
        "not known when",
        "acknowledged last",
    ],
)
def test_the_severity_that_was_chosen_first_ends_the_first_step(happened, first, spent):
    when = None if first is None else after(first)
    incident = incident_of(*happened).model_copy(update={"classified_at": when})
    steps = step_times(incident, after(57))
    assert [step.spent for step in steps[:4]] == [timedelta(minutes=one) for one in spent]
    nobody = incident.model_copy(update={"chosen": None, "classified_at": when})
    assert step_times(nobody, after(57))[0].progress is Progress.TO_COME


def test_the_record_remembers_when_the_severity_was_first_chosen():
    incident = incident_of(*START, cause(20), fix(50), chosen(55, "P1"))
    assert [step.spent for step in step_times(incident, after(57))[:4]] == [
        timedelta(minutes=one) for one in (2, 18, 30, 7)
    ]


def test_steps_begin_when_the_incident_was_opened_not_when_the_problem_began():
    incident = incident_of(("acknowledged", 65)).model_copy(update={"opened_at": after(60)})
    assert step_times(incident, after(66))[0].spent == timedelta(minutes=6)


def test_what_was_recorded_afterwards_counts_from_its_first_mark():
    incident = incident_of(*WHOLE, severity="P2").model_copy(update={"opened_at": after(300)})
    spent = [step.spent for step in step_times(incident, after(310))]
    assert spent == [timedelta(minutes=minutes) for minutes in (0, 18, 30, 8, 4, 8)]


def test_the_first_four_steps_never_count_a_minute_twice():
    for count in range(len(WHOLE) + 1):
        for left_out in range(count):
            happened = [row for place, row in enumerate(WHOLE[:count]) if place != left_out]
            steps = step_times(incident_of(*happened, severity="P2"), after(75))
            spent = sum((step.spent or timedelta() for step in steps[:4]), timedelta())
            assert spent <= timedelta(minutes=75), (count, left_out)
            assert sum(step.progress is Progress.RUNNING for step in steps[:4]) <= 1
