"""What has to be done before an incident is resolved (VER-1 to VER-5) and closed (FIN-1 to FIN-8)."""

from __future__ import annotations

import pytest

from incident_nb.errors import UsageError
from incident_nb.policy import closing, load, must_be_done, verification
from tests.incidents import BEN, after, incident_of

FIX = ("fixed", 60, {"what": "signed in again"})
AGAIN = ("reopened", 1000, {"reason": "it is back"})
PATH = {"path": "clients/BAY/context/operations/incident-2026-11-23-invoices.md"}
LEARNT = {"row": "DOC-2", "path": "learnings/ops/tokens.md"}


def run(minutes: float, good: bool, name: str = "", **more):
    return ("run_watched", minutes, {"execution_id": name or f"e{minutes:g}", "good": good, **more})


def tick(minutes: float, row: str, done: bool = True, text: str = ""):
    return ("ticked", minutes, {"row": row, "done": done, "text": text, "by": BEN})


def chosen(minutes: float, severity: str = "P2"):
    return ("severity_chosen", minutes, {"severity": severity})


def cause(minutes: float, name: str = "credentials"):
    return ("cause_accepted", minutes, {"cause": name})


def item(rows, row_id):
    return next(row for row in rows if row.id == row_id)


# --- VER-1 to VER-5 -----------------------------------------------------------------------------------------------------

# State: o open, r done by the record, t done by a tick, n not needed. The incident is a P1, looked at after two hours.
VERIFIED = [
    ("VER-1", "no fix yet", [], "o", "no fix is in place yet"),
    ("VER-1", "ticked before there is a fix", [tick(10, "VER-1")], "o", "no fix is in place yet"),
    ("VER-1", "it came back", [FIX, ("resolved", 62, {}), ("reopened", 70, {"reason": "it is back"})], "o",
     "no fix is in place since it came back: it is back"),
    ("VER-1", "ticked before the fix", [tick(59, "VER-1"), FIX], "o", "not ticked yet"),
    ("VER-1", "fixed", [FIX], "o", "not ticked yet"),
    ("VER-1", "ticked", [FIX, tick(61, "VER-1")], "t", "ticked by Ben"),
    ("VER-1", "another row ticked", [FIX, tick(61, "VER-3")], "o", "not ticked yet"),
    ("VER-1", "tick taken away", [FIX, tick(61, "VER-1"), tick(62, "VER-1", False)], "o", "not ticked yet"),
    ("VER-1", "ticked, fixed anew", [FIX, tick(61, "VER-1"), ("fixed", 70, {"what": "again"})], "o", "not ticked yet"),
    ("VER-1", "ticked, then a run failed", [FIX, tick(61, "VER-1"), run(65, False)], "o",
     "execution e65 failed, after it was ticked"),
    ("VER-1", "ticked anew after a run failed", [FIX, run(65, False), tick(66, "VER-1")], "t", "ticked by Ben"),
    ("VER-1", "a good run by hand", [FIX, run(65, True, by_hand=True)], "r", "execution e65, begun by hand, went well"),
    ("VER-1", "a good run by hand, then a failing one", [FIX, run(65, True, by_hand=True), run(66, False)], "o",
     "not ticked yet"),
    ("VER-1", "a good run does not stand for it", [FIX, run(65, True)], "o", "not ticked yet"),
    ("VER-2", "no fix yet", [run(10, True)], "o", "no fix is in place yet"),
    ("VER-2", "fixed", [FIX], "o", "not ticked yet"),
    ("VER-2", "a good run before the fix", [run(10, True), FIX], "o", "not ticked yet"),
    ("VER-2", "a good run", [FIX, run(65, True)], "r", "execution e65 went well"),
    ("VER-2", "a failing run", [FIX, run(65, False)], "o", "not ticked yet"),
    ("VER-2", "a good run, then a failing one", [FIX, run(65, True), run(66, False)], "o", "not ticked yet"),
    ("VER-2", "a failing run, then a good one", [FIX, run(65, False), run(66, True)], "r", "execution e66 went well"),
    ("VER-2", "ticked", [FIX, tick(61, "VER-2")], "t", "ticked by Ben"),
    ("VER-2", "ticked, then a run failed", [FIX, tick(61, "VER-2"), run(66, False)], "o",
     "execution e66 failed, after it was ticked"),
    ("VER-2", "a good run by hand", [FIX, run(65, True, by_hand=True)], "r", "execution e65, begun by hand, went well"),
    ("VER-2", "ticked when a run failed", [FIX, tick(66, "VER-2"), run(66, False)], "o",
     "execution e66 failed, after it was ticked"),
    ("VER-2", "tick taken away, then a run failed", [FIX, tick(61, "VER-2", False), run(66, False)], "o", "not ticked yet"),
    ("VER-2", "ticked after a run failed", [FIX, run(66, False), tick(67, "VER-2")], "t", "ticked by Ben"),
    ("VER-3", "no fix yet", [], "o", "no fix is in place yet"),
    ("VER-3", "good runs do not stand for it", [FIX, run(65, True), run(66, True), run(67, True)], "o", "not ticked yet"),
    ("VER-3", "ticked", [FIX, tick(61, "VER-3")], "t", "ticked by Ben"),
    ("VER-3", "ticked with a note", [FIX, tick(61, "VER-3", text="12 orders")], "t", "ticked by Ben: 12 orders"),
    ("VER-3", "ticked, then a run failed", [FIX, tick(61, "VER-3"), run(65, False, text="failed again at “Send”: 401")], "o",
     "execution e65 failed again at “Send”: 401, after it was ticked"),
    ("VER-4", "no fix yet", [run(1, True), run(2, True), run(3, True)], "o", "no fix is in place yet"),
    ("VER-4", "no runs", [FIX], "o", "0 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "two good runs", [FIX, run(65, True), run(66, True)], "o", "2 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "three good runs", [FIX, run(65, True), run(66, True), run(67, True)], "r",
     "3 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "a failing one among them", [FIX, run(65, True), run(66, True), run(67, False), run(68, True)], "o",
     "1 of 3 to 5 good runs in a row since the fix; execution e67 failed"),
    ("VER-4", "a failing one before three", [FIX, run(65, False), *(run(66 + n, True) for n in range(3))], "r",
     "3 of 3 to 5 good runs in a row since the fix; execution e65 failed"),
    ("VER-4", "a failing one after three", [FIX, *(run(65 + n, True) for n in range(3)), run(70, False)], "o",
     "0 of 3 to 5 good runs in a row since the fix; execution e70 failed"),
    ("VER-4", "one run three times", [FIX, *(run(65 + n, True, "e1") for n in range(3))], "o",
     "1 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "a run that failed, told as good afterwards", [FIX, run(65, False, "e1"), run(66, True, "e1")], "o",
     "0 of 3 to 5 good runs in a row since the fix; execution e1 failed"),
    ("VER-4", "a run by hand", [FIX, run(65, True, by_hand=True), run(66, True)], "o",
     "1 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "a good run before a failing one, told again", [FIX, run(65, True, "e1"), run(66, False), run(67, True, "e1")],
     "o", "0 of 3 to 5 good runs in a row since the fix; execution e66 failed"),
    ("VER-4", "what happened", [FIX, run(65, False, text="failed again at “Send”: 401")], "o",
     "0 of 3 to 5 good runs in a row since the fix; execution e65 failed again at “Send”: 401"),
    ("VER-4", "a good run that turns out to have failed", [FIX, run(65, True, "e1"), run(66, False, "e1")], "o",
     "0 of 3 to 5 good runs in a row since the fix; execution e1 failed"),
    ("VER-4", "runs from before the fix, told later", [FIX, *(run(57 + n, n < 2) for n in range(3)), run(65, True)], "o",
     "1 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "three before the fix", [run(1, True), run(2, True), run(3, True), FIX], "o",
     "0 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "fixed anew after three", [FIX, *(run(65 + n, True) for n in range(3)), ("fixed", 70, {"what": "again"})], "o",
     "0 of 3 to 5 good runs in a row since the fix"),
    ("VER-4", "a tick does not stand for the count", [FIX, run(65, True), tick(66, "VER-4")], "o",
     "1 of 3 to 5 good runs in a row since the fix"),
    ("VER-5", "no fix yet", [], "o", "no fix is in place yet"),
    ("VER-5", "the hour is over", [FIX], "r", "60 minutes since the fix have passed"),
    ("VER-5", "a minute short", [("fixed", 61, {"what": "x"})], "o", "1 minute to go since the fix"),
    ("VER-5", "a second short", [("fixed", 60 + 1 / 60, {"what": "x"})], "o", "1 minute to go since the fix"),
    ("VER-5", "half an hour short", [("fixed", 90, {"what": "x"})], "o", "30 minutes to go since the fix"),
    ("VER-5", "a tick does not stand for the hour", [("fixed", 90, {"what": "x"}), tick(95, "VER-5")], "o",
     "30 minutes to go since the fix"),
    ("VER-5", "a run failed", [FIX, run(100, False)], "o", "40 minutes to go since the last failing run"),
    ("VER-5", "a run failed an hour ago", [("fixed", 30, {"what": "x"}), run(60, False), run(61, True)], "r",
     "60 minutes since the last failing run have passed"),
    ("VER-5", "one failing run, told twice", [FIX, run(70, False, "e1"), run(110, False, "e1")], "o",
     "10 minutes to go since the last failing run"),
    ("VER-5", "two runs failed", [FIX, run(70, False), run(80, True), run(110, False)], "o",
     "50 minutes to go since the last failing run"),
    ("VER-5", "a good run", [FIX, run(100, True)], "r", "60 minutes since the fix have passed"),
    ("VER-5", "fixed anew", [FIX, ("fixed", 110, {"what": "again"})], "o", "50 minutes to go since the fix"),
    ("VER-5", "failed before it was fixed anew", [FIX, run(100, False), ("fixed", 110, {"what": "again"})], "o",
     "50 minutes to go since the fix"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "happened", "state", "basis"),
    [(row, happened, state, basis) for row, _, happened, state, basis in VERIFIED],
    ids=[f"{row} {name}" for row, name, *_ in VERIFIED],
)
def test_each_row_of_the_verification(row, happened, state, basis):
    found = item(verification(incident_of(*happened, severity="P1"), after(120)), row)
    assert (found.done, found.is_open, found.needed) == (state != "o", state == "o", True)
    fixed = any(kind == "fixed" for kind, *_ in happened)
    assert found.by_record is (state == "r" or (fixed and row in ("VER-4", "VER-5")))
    assert found.basis == basis


@pytest.mark.parametrize(
    ("severity", "needed"), [("P1", True), ("P2", False), ("P3", False), ("P4", False), (None, True)],
    ids=["SEV-P1", "SEV-P2", "SEV-P3", "SEV-P4", "not known"],
)  # fmt: skip
def test_the_hour_of_ver_5_is_for_p1(severity, needed):
    rows = verification(incident_of(FIX, severity=severity), after(61))
    assert item(rows, "VER-5").needed is needed
    assert item(rows, "VER-5").is_open is needed
    assert all(item(rows, f"VER-{number}").needed for number in (1, 2, 3, 4))


def test_a_change_of_severity_asks_for_the_hour_or_no_more():
    assert item(verification(incident_of(FIX, chosen(70, "P1"), severity="P2"), after(80)), "VER-5").is_open
    assert not item(verification(incident_of(FIX, chosen(70, "P2"), severity="P1"), after(80)), "VER-5").is_open


def test_reopening_begins_the_verification_anew():
    done = [FIX, *(tick(61, f"VER-{number}") for number in (1, 2, 3)), *(run(65 + n, True) for n in range(3))]
    assert not any(row.is_open for row in verification(incident_of(*done, severity="P1"), after(120)))
    back = incident_of(*done, ("resolved", 120), AGAIN, severity="P1")
    said = "no fix is in place since it came back: it is back"
    assert all(row.is_open and row.basis == said for row in verification(back, after(1001)))


def test_the_rows_and_labels_are_the_policys():
    assert [(row.id, row.label) for row in verification(incident_of(), after(1))] == [
        (row.id, row.label) for row in load().verification
    ]
    assert [(row.id, row.label) for row in closing(incident_of(), after(1))] == [
        (row.id, row.label) for row in load().closing
    ]
    assert [row.id for row in load().closing] == [f"FIN-{number}" for number in range(1, 9)]


# --- FIN-1 to FIN-8 -----------------------------------------------------------------------------------------------------

VERIFIED_P2 = [FIX, *(tick(61, f"VER-{number}") for number in (1, 3)), *(run(65 + n, True) for n in range(3))]
TWO_RUNS = VERIFIED_P2[:-1]
NOTICE = ("notified", 95)
BILLED = ("billing_classified", 97, {"row": "BILL-1"})
PREVENTION = ("prevention", 96, {"text": "warn a week before a token expires"})

# As above, n for not needed. The incident is a P2 whose error type is known to come back.
CLOSED = [
    ("FIN-1", "nobody chose", [], "o", "nobody has confirmed the severity"),
    ("FIN-1", "suggested anew", [("severity_suggested", 5, {"severity": "P1"})], "o", "nobody has confirmed the severity"),
    ("FIN-1", "chosen", [chosen(2, "P3")], "r", "P3 chosen by Anna"),
    ("FIN-1", "ticked", [tick(2, "FIN-1")], "t", "ticked by Ben"),
    ("FIN-1", "chosen and ticked", [chosen(2, "P3"), tick(3, "FIN-1")], "r", "P3 chosen by Anna"),
    ("FIN-1", "tick taken away", [tick(2, "FIN-1"), tick(3, "FIN-1", False)], "o", "nobody has confirmed the severity"),
    ("FIN-2", "no cause", [], "o", "no cause is accepted"),
    ("FIN-2", "diagnosed, not accepted", [("diagnosed", 5, {"headline": "401", "cause": "credentials", "confidence": 1})], "o",
     "no cause is accepted"),
    ("FIN-2", "accepted", [cause(20)], "r", "credentials accepted by Anna"),
    ("FIN-2", "accepted as unknown", [cause(20, "unknown")], "o", "the cause is not known"),
    ("FIN-2", "ruled out again", [cause(20), ("cause_rejected", 25, {"cause": "credentials", "reason": "no"})], "o",
     "no cause is accepted"),
    ("FIN-2", "another one ruled out", [cause(20), ("cause_rejected", 25, {"cause": "network", "reason": "no"})], "r",
     "credentials accepted by Anna"),
    ("FIN-2", "ticked", [tick(20, "FIN-2", text="a full disk")], "t", "ticked by Ben: a full disk"),
    ("FIN-3", "nothing", [], "o", "it is not resolved"),
    ("FIN-3", "fixed", [FIX], "o", "it is not resolved"),
    ("FIN-3", "verified, not resolved", VERIFIED_P2, "o", "it is not resolved"),
    ("FIN-3", "resolved", [*VERIFIED_P2, ("resolved", 90)], "r", "resolved and verified"),
    ("FIN-3", "resolved with a reason for what was open", [*TWO_RUNS, ("resolved", 90, {"open_items": {"VER-4": "monthly"}})],
     "r", "resolved, with VER-4 open"),
    ("FIN-3", "resolved without one", [*TWO_RUNS, ("resolved", 90)], "o", "resolved, with VER-4 open"),
    ("FIN-3", "resolved with a reason for another row", [*TWO_RUNS, ("resolved", 90, {"open_items": {"VER-3": "x"}})], "o",
     "resolved, with VER-4 open"),
    ("FIN-3", "a run failed afterwards", [*VERIFIED_P2, ("resolved", 90), run(95, False)], "o",
     "resolved, with VER-1, VER-2, VER-3, VER-4 open"),
    ("FIN-3", "a tick does not stand for it", [FIX, tick(61, "FIN-3")], "o", "it is not resolved"),
    ("FIN-3", "it came back", [*VERIFIED_P2, ("resolved", 90), AGAIN], "o", "it is not resolved"),
    ("FIN-4", "not told", [], "o", "no notice was sent"),
    ("FIN-4", "told", [NOTICE], "r", "told on 2026-11-23 11:35 UTC"),
    ("FIN-4", "told by a brief e-mail", [("notified", 95, {"notice": "brief"})], "r", "told on 2026-11-23 11:35 UTC"),
    ("FIN-4", "a holding notice is not the notice", [("notified", 20, {"notice": "holding"})], "o", "no notice was sent"),
    ("FIN-4", "a holding notice, then the notice", [("notified", 20, {"notice": "holding"}), NOTICE], "r",
     "told on 2026-11-23 11:35 UTC"),
    ("FIN-4", "ticked", [tick(95, "FIN-4", text="by telephone")], "t", "ticked by Ben: by telephone"),
    ("FIN-4", "told before it came back", [NOTICE, ("resolved", 99), AGAIN], "o", "no notice was sent"),
    ("FIN-4", "told in the minute in which it came back", [("resolved", 99), AGAIN, ("notified", 1000)], "r",
     "told on 2026-11-24 02:40 UTC"),
    ("FIN-4", "told after it came back", [NOTICE, ("resolved", 99), AGAIN, ("notified", 1200)], "r",
     "told on 2026-11-24 06:00 UTC"),
    ("FIN-4", "P3", [chosen(2, "P3")], "n", "no notice was sent"),
    ("FIN-4", "P4", [chosen(2, "P4")], "n", "no notice was sent"),
    ("FIN-4", "P1", [chosen(2, "P1")], "o", "no notice was sent"),
    ("FIN-5", "not written", [], "o", "not written"),
    ("FIN-5", "written", [("documented", 99, PATH)], "r", PATH["path"]),
    ("FIN-5", "the learning file is another", [("documented", 99, LEARNT)], "o", "not written"),
    ("FIN-5", "ticked", [tick(99, "FIN-5", text="in the client's wiki")], "t", "ticked by Ben: in the client's wiki"),
    ("FIN-5", "written before it came back", [("documented", 99, PATH), ("closed", 100), AGAIN], "o",
     f"{PATH['path']} was written before it came back"),
    ("FIN-5", "written anew", [("documented", 99, PATH), ("closed", 100), AGAIN, ("documented", 1200, PATH)], "r", PATH["path"]),
    ("FIN-6", "no action item", [], "o", "no action item is on record"),
    ("FIN-6", "one action item", [PREVENTION], "r", "1 action item"),
    ("FIN-6", "two action items", [PREVENTION, ("prevention", 97, {"text": "look twice"})], "r", "2 action items"),
    ("FIN-6", "a note is none", [("note", 96, {"text": "we should warn earlier"})], "o", "no action item is on record"),
    ("FIN-6", "ticked", [tick(96, "FIN-6", text="nothing to be done")], "t", "ticked by Ben: nothing to be done"),
    ("FIN-7", "not written", [], "o", "not written"),
    ("FIN-7", "written", [("documented", 99, LEARNT)], "r", LEARNT["path"]),
    ("FIN-7", "the document is another", [("documented", 99, PATH)], "o", "not written"),
    ("FIN-7", "ticked", [tick(99, "FIN-7")], "t", "ticked by Ben"),
    ("FIN-7", "written before it came back", [("documented", 99, LEARNT), ("closed", 100), AGAIN], "o",
     f"{LEARNT['path']} was written before it came back"),
    ("FIN-8", "nobody said", [], "o", "nobody has said who pays"),
    ("FIN-8", "classified as free", [BILLED], "r", "BILL-1, by Anna"),
    ("FIN-8", "classified as billable", [("billing_classified", 97, {"row": "BILL-2"})], "r", "BILL-2, by Anna"),
    ("FIN-8", "approval is not classification", [("billing_approved", 97, {"text": "by mail"})], "o", "nobody has said who pays"),
    ("FIN-8", "ticked", [tick(97, "FIN-8", text="in the invoice")], "t", "ticked by Ben: in the invoice"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "happened", "state", "basis"),
    [(row, happened, state, basis) for row, _, happened, state, basis in CLOSED],
    ids=[f"{row} {name}" for row, name, *_ in CLOSED],
)
def test_each_row_of_the_closing_checklist(row, happened, state, basis):
    found = item(closing(incident_of(*happened, severity="P2", recurring=True), after(120)), row)
    assert (found.done, found.is_open, found.needed) == (state in "rt", state == "o", state != "n")
    assert found.by_record is (state != "t")
    assert found.basis == basis


@pytest.mark.parametrize(
    ("happened", "recurring", "needed"),
    [
        ([], False, False),
        ([], True, True),
        ([AGAIN], False, True),
        ([("diagnosed", 5, {"headline": "x", "cause": "timeout", "confidence": 1, "recurring": True})], False, True),
        ([("diagnosed", 5, {"headline": "x", "cause": "timeout", "confidence": 1})], False, False),
        ([("occurred", 5, {"count": 40})], False, False),
    ],
    ids=["once", "known before", "came back", "diagnosed as recurring", "diagnosed", "many failures are one incident"],
)
def test_fin_7_is_needed_where_the_error_type_recurs(happened, recurring, needed):
    assert (
        item(closing(incident_of(*happened, severity="P2", recurring=recurring), after(1200)), "FIN-7").needed is needed
    )


def test_all_other_rows_are_needed_for_every_severity():
    for severity in ("P1", "P2", "P3", "P4", None):
        needed = [row.id for row in closing(incident_of(severity=severity), after(1)) if row.needed]
        told = ["FIN-4"] if severity in ("P1", "P2", None) else []
        assert needed == ["FIN-1", "FIN-2", "FIN-3", *told, "FIN-5", "FIN-6", "FIN-8"]


def test_reopening_takes_the_ticks_of_the_checklist_away():
    ticks = [tick(90, f"FIN-{number}") for number in (1, 2, 4, 5, 6, 7, 8)]
    rows = closing(incident_of(*ticks, severity="P2", recurring=True), after(95))
    assert [row.id for row in rows if row.is_open] == ["FIN-3"]
    rows = closing(incident_of(*ticks, ("closed", 95), AGAIN, severity="P2"), after(1001))
    assert [row.id for row in rows if row.is_open] == [f"FIN-{number}" for number in range(1, 9)]


# --- refused, or left open with a reason --------------------------------------------------------------------------------


RUNS = [run(65 + n, True) for n in range(3)]
LEFT_OPEN = {
    "VER-1": [FIX, tick(61, "VER-3"), *RUNS],
    "VER-2": [FIX, tick(61, "VER-1"), tick(61, "VER-3")],
    "VER-3": [FIX, tick(61, "VER-1"), *RUNS],
    "VER-4": [FIX, tick(61, "VER-1"), tick(61, "VER-3"), *RUNS[:2]],
    "VER-5": [("fixed", 61, {"what": "signed in again"}), tick(61, "VER-1"), tick(61, "VER-3"), *RUNS],
}


@pytest.mark.parametrize("row", LEFT_OPEN)
def test_it_is_not_resolved_with_an_open_row_unless_there_is_a_reason(row):
    rows = verification(incident_of(*LEFT_OPEN[row], severity="P1"), after(120))
    others = {"VER-4": "it runs once a month"} if row == "VER-2" else {}
    assert [one.id for one in rows if one.is_open] == [row, *others]
    with pytest.raises(
        UsageError, match=rf"can't be resolved yet: {row} .* \(.+\)\. Do what is open, or give a reason for each"
    ):
        must_be_done(rows, others, "resolved")
    with pytest.raises(UsageError, match=row):
        must_be_done(rows, {**others, row: " \n"}, "resolved")
    assert must_be_done(rows, {**others, row: " the client looks "}, "resolved") == {row: "the client looks", **others}


ALL_DONE = {
    "FIN-1": [chosen(2)],
    "FIN-2": [cause(20)],
    "FIN-3": [*VERIFIED_P2, ("resolved", 90)],
    "FIN-4": [NOTICE],
    "FIN-5": [("documented", 99, PATH)],
    "FIN-6": [PREVENTION],
    "FIN-7": [("documented", 99, LEARNT)],
    "FIN-8": [BILLED],
}


@pytest.mark.parametrize("row", ALL_DONE)
def test_it_is_not_closed_with_an_open_row_unless_there_is_a_reason(row):
    happened = [one for name, rows in ALL_DONE.items() if name != row for one in rows]
    rows = closing(incident_of(*happened, severity="P2", recurring=True), after(120))
    assert [one.id for one in rows if one.is_open] == [row]
    with pytest.raises(UsageError, match=rf"can't be closed yet: {row} .* \(.+\)\. Do what is open"):
        must_be_done(rows, {}, "closed")
    with pytest.raises(UsageError, match=row):
        must_be_done(rows, {row: "", "FIN-9": "no such row"}, "closed")
    assert must_be_done(rows, {row: "the client left"}, "closed") == {row: "the client left"}


def test_with_all_done_nothing_is_asked_and_no_reason_is_kept():
    happened = [one for rows in ALL_DONE.values() for one in rows]
    rows = closing(incident_of(*happened, severity="P2", recurring=True), after(120))
    assert must_be_done(rows, {}, "closed") == {}
    assert must_be_done(rows, {"FIN-4": "not needed"}, "closed") == {}


def test_what_is_not_needed_needs_no_reason():
    happened = [one for name, rows in ALL_DONE.items() if name not in ("FIN-4", "FIN-7") for one in rows]
    rows = closing(incident_of(*happened, chosen(3, "P3"), severity="P2"), after(120))
    assert must_be_done(rows, {}, "closed") == {}


def test_every_open_row_is_named_at_once():
    with pytest.raises(UsageError) as caught:
        must_be_done(closing(incident_of(severity="P2"), after(1)), {"FIN-6": "none"}, "closed")
    assert str(caught.value).startswith(
        "It can't be closed yet: FIN-1 Incident severity classified correctly (nobody has confirmed the severity); FIN-2 Root"
    )
    assert [row for row in ALL_DONE if row in str(caught.value)] == [
        "FIN-1",
        "FIN-2",
        "FIN-3",
        "FIN-4",
        "FIN-5",
        "FIN-8",
    ]
