"""Who has to be told, and since when (ESC-1 to ESC-4); which work stops for a P1 or P2 (ACK-3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incident_nb.models import Severity
from incident_nb.policy import duties, load, paused_by
from tests.incidents import after, incident_of

SECOND = 1 / 60
AGAIN = ("reopened", 1000, {"reason": "it is back"})


def fact(minutes: float, name: str, true: bool = True, text: str = ""):
    return ("fact_confirmed", minutes, {"fact": name, "true": true, "text": text})


def told(minutes: float, row: str):
    return ("escalated", minutes, {"row": row, "to": "Ben"})


def chosen(minutes: float, severity: str):
    return ("severity_chosen", minutes, {"severity": severity})


def cause(minutes: float, name: str = "external_outage"):
    return ("cause_accepted", minutes, {"cause": name})


WAIT = [("waiting_began", 30, {"why": "new token"})]

# What is owed since when, and done when (minutes after the detection; None: nothing applies, or not done).
DUTIES = [
    # P1 not resolved within four hours
    ("ESC-1", "a second before", [], 240 - SECOND, None, None),
    ("ESC-1", "at four hours", [], 240, 240, None),
    ("ESC-1", "long after", [], 5000, 240, None),
    ("ESC-1", "acknowledged and told changes nothing", [("acknowledged", 5), ("notified", 20)], 240, 240, None),
    ("ESC-1", "a fix is not the end", [("fixed", 200, {"what": "x"})], 240, 240, None),
    ("ESC-1", "a workaround is not the end", [("worked_around", 200, {"what": "x", "due": "2026-12-01T10:00Z"})], 240, 240, None),
    ("ESC-1", "waiting for the client changes nothing", WAIT, 240, 240, None),
    ("ESC-1", "resolved in time", [("resolved", 239)], 5000, None, None),
    ("ESC-1", "resolved at four hours", [("resolved", 240)], 5000, None, None),
    ("ESC-1", "resolved a second late", [("resolved", 240 + SECOND)], 5000, 240, None),
    ("ESC-1", "closed in time", [("closed", 230)], 5000, None, None),
    ("ESC-1", "closed too late", [("closed", 250)], 5000, 240, None),
    ("ESC-1", "Ben was told", [told(250, "ESC-1")], 300, 240, 250),
    ("ESC-1", "Ben was told at that moment", [told(240, "ESC-1")], 300, 240, 240),
    ("ESC-1", "Ben was told before", [told(100, "ESC-1")], 300, 240, 100),
    ("ESC-1", "Ben was told twice", [told(260, "ESC-1"), told(250, "ESC-1")], 300, 240, 250),
    ("ESC-1", "Ben was told of something else", [told(250, "ESC-2")], 300, 240, None),
    ("ESC-1", "told and resolved", [told(250, "ESC-1"), ("resolved", 270)], 300, 240, 250),
    ("ESC-1", "reopened: counts anew", [("resolved", 100), AGAIN], 1240 - SECOND, None, None),
    ("ESC-1", "reopened: due", [("resolved", 100), AGAIN], 1240, 1240, None),
    ("ESC-1", "reopened: the old call does not count", [told(250, "ESC-1"), ("resolved", 270), AGAIN], 1240, 1240, None),
    ("ESC-1", "reopened: told again", [told(250, "ESC-1"), ("resolved", 270), AGAIN, told(1100, "ESC-1")], 1240, 1240, 1100),
    ("ESC-1", "reopened and resolved in time", [("resolved", 100), AGAIN, ("resolved", 1200)], 5000, None, None),
    ("ESC-1", "lowered to P2", [chosen(200, "P2")], 300, None, None),
    ("ESC-1", "lowered after it was due", [chosen(250, "P2")], 300, None, None),
    ("ESC-1", "lowered and raised again", [chosen(200, "P2"), chosen(300, "P1")], 300, 240, None),
    # data loss
    ("ESC-2", "nobody said", [], 50, None, None),
    ("ESC-2", "confirmed", [fact(30, "data_loss")], 30, 30, None),
    ("ESC-2", "denied", [fact(30, "data_loss", False)], 50, None, None),
    ("ESC-2", "confirmed, then denied", [fact(30, "data_loss"), fact(40, "data_loss", False)], 50, None, None),
    ("ESC-2", "denied, then confirmed", [fact(30, "data_loss", False), fact(40, "data_loss")], 50, 40, None),
    ("ESC-2", "a note of it is not enough", [("note", 30, {"text": "rows are lost"})], 50, None, None),
    ("ESC-2", "another fact", [fact(30, "security")], 50, None, None),
    ("ESC-2", "Ben was told", [fact(30, "data_loss"), told(35, "ESC-2")], 50, 30, 35),
    ("ESC-2", "Ben was told in the same minute", [fact(30, "data_loss"), told(30, "ESC-2")], 50, 30, 30),
    ("ESC-2", "Ben was told before it was confirmed", [told(25, "ESC-2"), fact(30, "data_loss")], 50, 30, None),
    ("ESC-2", "told, denied, confirmed anew",
     [fact(30, "data_loss"), told(35, "ESC-2"), fact(40, "data_loss", False), fact(45, "data_loss")], 50, 45, None),
    ("ESC-2", "the client's notice is not enough", [fact(30, "data_loss"), ("notified", 35)], 50, 30, None),
    ("ESC-2", "still owed when it is resolved", [fact(30, "data_loss"), ("resolved", 40)], 50, 30, None),
    ("ESC-2", "told before it came back", [fact(30, "data_loss"), told(35, "ESC-2"), ("resolved", 40), AGAIN], 1001, 30, 35),
    # a third party without an end in sight
    ("ESC-3", "nobody said", [], 50, None, None),
    ("ESC-3", "confirmed", [fact(30, "outage_without_end")], 50, 30, None),
    ("ESC-3", "the accepted cause", [cause(20)], 50, 20, None),
    ("ESC-3", "another cause", [cause(20, "network")], 50, None, None),
    ("ESC-3", "the cause was ruled out", [cause(20), ("cause_rejected", 25, {"cause": "external_outage", "reason": "up"})], 50,
     None, None),
    ("ESC-3", "its end is known", [cause(20), fact(30, "outage_without_end", False)], 50, None, None),
    ("ESC-3", "its end was known", [cause(20), fact(30, "outage_without_end", False), fact(40, "outage_without_end")], 50,
     40, None),
    ("ESC-3", "the client was told", [cause(20), ("notified", 30, {"notice": "holding"})], 50, 20, 30),
    ("ESC-3", "the client was told in the same minute", [cause(20), ("notified", 20)], 50, 20, 20),
    ("ESC-3", "the client was told before it was known", [("notified", 10, {"notice": "holding"}), cause(20)], 50, 20, None),
    ("ESC-3", "noted as done", [cause(20), told(30, "ESC-3")], 50, 20, 30),
    ("ESC-3", "told twice", [cause(20), told(35, "ESC-3"), ("notified", 30)], 50, 20, 30),
    ("ESC-3", "resolved, the client never told", [cause(20), ("resolved", 40)], 50, None, None),
    ("ESC-3", "confirmed and resolved, never told", [fact(30, "outage_without_end"), ("resolved", 40)], 50, None, None),
    ("ESC-3", "closed, the client never told", [cause(20), ("closed", 40)], 50, None, None),
    ("ESC-3", "told and resolved", [cause(20), ("notified", 30), ("resolved", 40)], 50, 20, 30),
    ("ESC-3", "it came back", [cause(20), ("resolved", 40), AGAIN], 1001, 20, None),
    # security
    ("ESC-4", "nobody said", [], 50, None, None),
    ("ESC-4", "confirmed", [fact(30, "security")], 30, 30, None),
    ("ESC-4", "denied", [fact(30, "security", False)], 50, None, None),
    ("ESC-4", "confirmed, then denied", [fact(30, "security"), fact(40, "security", False)], 50, None, None),
    ("ESC-4", "another fact", [fact(30, "data_loss")], 50, None, None),
    ("ESC-4", "Ben was told", [fact(30, "security"), told(35, "ESC-4")], 50, 30, 35),
    ("ESC-4", "Ben was told of something else", [fact(30, "security"), told(35, "ESC-2")], 50, 30, None),
    ("ESC-4", "told before it came back", [fact(30, "security"), told(35, "ESC-4"), ("resolved", 40), AGAIN], 1001, 30, 35),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "happened", "now", "since", "done"),
    [(row, *rest) for row, _, *rest in DUTIES],
    ids=[f"{row} {name}" for row, name, *_ in DUTIES],
)
def test_what_is_owed(row, happened, now, since, done):
    found = [duty for duty in duties(incident_of(*happened, severity="P1"), after(now)) if duty.id == row]
    assert [(duty.since, duty.done_at) for duty in found] == (
        [] if since is None else [(after(since), None if done is None else after(done))]
    )


@pytest.mark.parametrize("severity", ["P2", "P3", "P4", None])
def test_esc_1_is_for_p1_only_and_the_others_for_all(severity):
    facts = [fact(1, name) for name in ("data_loss", "security", "outage_without_end")]
    found = duties(incident_of(*facts, severity=severity), after(9999))
    assert [duty.id for duty in found] == ["ESC-2", "ESC-3", "ESC-4"]


def test_what_each_duty_says():
    facts = [fact(5, "data_loss", text="40 rows"), fact(6, "security"), fact(7, "outage_without_end")]
    found = {duty.id: duty for duty in duties(incident_of(*facts, severity="P1"), after(240))}
    assert [(duty.id, duty.to, duty.path, duty.why) for duty in found.values()] == [
        ("ESC-1", "Ben", "Escalate to Ben for client communication",
         "P1 not resolved within 4 hours: since 2026-11-23 14:00 UTC"),
        ("ESC-2", "Ben", "Notify Ben immediately", "Data loss confirmed: confirmed by Anna (40 rows)"),
        ("ESC-3", "the client", "Notify client, monitor vendor status page",
         "Third-party service outage (no ETA): confirmed by Anna"),
        ("ESC-4", "Ben", "Stop all workflows, notify Ben, begin security review",
         "Security incident (credential leak, unauthorized access): confirmed by Anna"),
    ]  # fmt: skip


def test_whom_it_names_is_the_policys(tmp_path):
    from incident_nb.policy.load import DEFAULT

    path = tmp_path / "policy.toml"
    path.write_text(
        DEFAULT.read_text(encoding="utf-8").replace('escalate_to = "Ben"', 'escalate_to = "the duty manager"')
    )
    found = duties(incident_of(fact(5, "data_loss"), cause(6), severity="P1"), after(300), policy=load(path))
    assert [duty.to for duty in found] == ["the duty manager", "the duty manager", "the client"]
    assert found[0].path == "Escalate to the duty manager for client communication"


def test_esc_1_goes_on_where_the_policy_does_not_begin_resolve_anew():
    rules = load()
    goes_on = rules.model_copy(
        update={"settings": rules.settings.model_copy(update={"reopening_restarts": ("respond",)})}
    )
    back = incident_of(told(100, "ESC-1"), ("resolved", 200), AGAIN, severity="P1")
    assert [duty.since for duty in duties(back, after(1001), policy=goes_on)] == [after(240)]
    assert duties(back, after(1001), policy=goes_on)[0].done_at == after(100)
    assert duties(back, after(1001)) == ()


# --- ACK-3: paused work -------------------------------------------------------------------------------------------------


def other(number: int, severity: str | None, *happened, minutes: float = 0):
    return incident_of(*happened, severity=severity, number=number, detected=after(minutes))


def test_ack_3_lists_the_open_incidents_of_lower_severity():
    others = [other(1, "P4"), other(2, "P3", minutes=5), other(3, "P3"), other(4, "P2"), other(5, "P1")]
    assert [one.number for one in paused_by(other(42, "P1"), others)] == [4, 3, 2, 1]
    assert [one.number for one in paused_by(other(42, "P2"), others)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("severity", "happened", "pauses"),
    [
        ("P1", [], True),
        ("P2", [], True),
        ("P3", [], False),
        ("P4", [], False),
        (None, [], False),
        ("P1", [("fixed", 5, {"what": "x"})], True),
        ("P1", [("resolved", 5)], False),
        ("P1", [("closed", 5)], False),
        ("P1", [("resolved", 5), AGAIN], True),
        ("P1", [("closed", 5), AGAIN], True),
        ("P3", [chosen(5, "P2")], True),
        ("P1", [chosen(5, "P3")], False),
    ],
    ids=["SEV-P1", "SEV-P2", "SEV-P3", "SEV-P4", "not known", "fixed", "resolved", "closed", "reopened", "closed, reopened",
         "raised", "lowered"],
)  # fmt: skip
def test_ack_3_is_for_an_open_p1_or_p2(severity, happened, pauses):
    assert bool(paused_by(other(42, severity, *happened), [other(1, "P4")])) is pauses


@pytest.mark.parametrize(
    ("severity", "happened", "paused"),
    [
        ("P3", [], True),
        ("P3", [("acknowledged", 5), ("fixed", 6, {"what": "x"})], True),
        ("P3", [("resolved", 5)], False),
        ("P3", [("closed", 5)], False),
        ("P3", [("resolved", 5), AGAIN], True),
        ("P3", [chosen(5, "P2")], False),
        ("P2", [chosen(5, "P3")], True),
        ("P2", [], False),
        ("P1", [], False),
        (None, [], False),
    ],
    ids=[
        "open",
        "fixed",
        "resolved",
        "closed",
        "reopened",
        "raised",
        "lowered",
        "as grave",
        "graver",
        "nobody has looked",
    ],
)
def test_ack_3_pauses_what_is_open_and_known_to_be_lower(severity, happened, paused):
    assert bool(paused_by(other(42, "P2"), [other(1, severity, *happened)])) is paused


def test_an_incident_does_not_pause_itself():
    one = other(42, "P2")
    assert paused_by(one, [one, other(42, "P3")]) == ()
    assert one.severity is Severity.P2


def test_nothing_is_owed_at_the_beginning():
    for severity in Severity:
        assert duties(incident_of(severity=severity), after(0)) == ()
        assert duties(incident_of(severity=severity), after(0) - timedelta(hours=1)) == ()
