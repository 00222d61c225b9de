"""What documents lack: every look with a near miss, reasons for leaving something, and what is kept from the client."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from incident_nb.documents.gaps import Gap, gap_named, gaps_of, must_be_told
from incident_nb.documents.looks import HOLDING, ROWS
from incident_nb.errors import UsageError
from incident_nb.record import Incident
from incident_nb.said import Notice
from incident_nb.settings import Settings
from tests.documented import CLIENTS, NOW, SENDER, SETTINGS, events_through, through
from tests.incidents import after

NO_CONTACT = Settings.model_validate({"clients": {"BAY": {"name": "Bay"}}, "sender": SENDER})
NO_NAME = Settings.model_validate({"clients": {"BAY": {"contact": "a@bay.example"}}, "sender": SENDER})
NO_SENDER = Settings.model_validate({"clients": CLIENTS})


def found(incident: Incident, settings: Settings = SETTINGS) -> dict[str, Gap]:
    return {gap.name: gap for gap in gaps_of(incident, settings, NOW)}


def worded(section: str, text: str, minutes: float = 80) -> tuple[str, float, dict[str, Any]]:
    return ("worded", minutes, {"section": section, "text": text})


def test_an_incident_with_everything_on_record_lacks_nothing() -> None:
    assert found(through()) == {}


MORE_WELL = [
    ("retrying", 50, {"instance": "default", "execution_id": "7", "workflow": "Invoices"}),
    ("retried", 51, {"instance": "default", "execution_id": "7", "state": "well"}),
]
SEQ = next(event.seq for event in events_through() if event.kind == "resolved")
CASES: list[tuple[str, Incident, str]] = [
    ("client", through(client=None), "names no client"),
    ("severity", through(without=("severity_chosen",)), "nobody has confirmed"),
    ("cause", through(without=("cause_accepted",)), "not confirmed"),
    ("cause", through("unknown"), "not confirmed"),
    ("what_happened", through(without=("cause_accepted",)), "WHAT HAPPENED is blank"),
    ("impact", through(without=("harmed",)), "IMPACT is blank"),
    ("resolution", through(without=("ticked",)), "RESOLUTION is blank"),
    ("prevention", through(without=("prevention",)), "PREVENTION is blank"),
    ("data_recovery", through(without=("harmed",)), "DATA RECOVERY is blank"),
    ("impact", through("timeout", worded("impact", "Some orders were late today.")), "vague (“Some orders”)"),
    ("resolution", through("timeout", worded("resolution", "The issue was fixed.")), "vague"),
    ("prevention", through("timeout", worded("prevention", "Monitoring.")), "says too little (“Monitoring.”)"),
    ("subject", through(without=("cause_accepted",)), "the subject is blank"),
    ("count", through("timeout", worded("impact", "Orders were late on Monday.")), "gives no count"),
    ("actions", through(without=("prevention",)), "no action"),
    ("owner", through("timeout", ("prevention", 67, {"text": "Look twice"})), "nobody does “Look twice”"),
    ("due", through("timeout", ("prevention", 67, {"text": "Look twice", "owner": "Kim"})), "until when: “Look twice”"),
    ("times", through("timeout", ("corrected", 81, {"seq": SEQ, "happened_at": after(-5).isoformat(), "reason": "x"})), "before"),
    ("times", through("timeout", ("occurred", 100, {"count": 1})), "failed again after it was resolved"),
    ("times", through("timeout", ("cause_accepted", 90, {"cause": "timeout"})), "cause was accepted after"),
    ("times", through("timeout", ("fixed", 90, {"what": "x"})), "resolved before the fix"),
    ("times", through("timeout", ("notified", 50)), "told that it is resolved before it was"),
    ("times", through("timeout", ("harmed", 90, {"instance": "d", "since": after(60).isoformat(), "failed": 1})),
     "after the last"),
    ("times", through(detected=after(400)), "in the future"),
    ("times", through("timeout", ("reopened", 90, {"reason": "x"}), ("fixed", 95, {"what": "x"}), ("resolved", 99)),
     "counted before it came back"),
    ("sums", through("timeout", *MORE_WELL), "5 runs were done again, but only 4 failed"),
    ("sums", through("timeout", MORE_WELL[0]), "what became of 1 retried run is not known"),
    ("sums", through("timeout", ("fact_confirmed", 67, {"fact": "data_loss"}), recovered=False),
     "nothing is said of its recovery"),
    ("stopped", through("timeout", ("stopping", 50, {"instance": "d", "scope": "x",
                                    "workflows": [{"workflow_id": "w", "workflow": "Orders"}]})), "“Orders” is still stopped"),
    ("promise", through("timeout", ("worked_around", 40, {"what": "off", "due": after(100).isoformat()}),
                        without=("resolved",)), "has passed: 2026-11-23"),
    ("friday", through("timeout", worded("impact", "3 webhooks of api.example.com"), severity="P3"),
     "leaves out what was written"),
    ("jargon", through("timeout", worded("impact", "3 webhooks were lost.")), "IMPACT: “webhooks”: say"),
    ("sentences", through("timeout", worded("impact", "3 " + "word " * 40)), "words in a sentence"),
    ("internals", through("timeout", worded("impact", "3 calls of api.example.com were lost.")), "it is a host"),
    ("internals", through("timeout", worded("subject", "INC-42 is over")), "the subject: “INC-42”"),
    ("other_client", through("timeout", worded("impact", "3 orders of Otherwise Ltd, too.")), "names another client"),
    ("payment", through("timeout", worded("resolution", "We repaired it for $250 in all.")), "BILL-4"),
    ("billing", through(without=("billing_classified",)), "nobody has said who pays"),
    ("billing", through("timeout", ("billing_classified", 90, {"row": "BILL-3"})), "no reason is given for BILL-3"),
    ("billing", through("timeout", ("billing_classified", 90, {"row": "BILL-3", "reason": "theirs"})), "allocation or the rate"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "incident", "what"), CASES, ids=[f"{name}: {what}" for name, _, what in CASES])
def test_what_is_lacking(name: str, incident: Incident, what: str) -> None:
    gaps = found(incident)
    assert name in gaps, sorted(gaps)
    assert what in gaps[name].what and gaps[name].is_open
    assert "{inc}" not in gaps[name].close and gaps[name].close


def test_what_the_settings_lack() -> None:
    assert "nobody to write to" in found(through(), NO_CONTACT)["contact"].what
    assert "clients.BAY" in found(through(), NO_CONTACT)["contact"].close
    assert "what to call the reader" in found(through(), NO_NAME)["contact"].what
    assert "nobody signs it" in found(through(), NO_SENDER)["sender"].what
    assert {gap.name for gap in gaps_of(through(), NO_SENDER, NOW, by="Kim")} == set()


def test_every_look_has_a_case() -> None:
    assert {name for name, *_ in CASES} | {"contact", "sender"} == set(ROWS)
    assert set(ROWS) >= HOLDING


@pytest.mark.parametrize(
    "incident",
    [
        through("timeout", worded("impact", "No order was lost.")),
        through("timeout", worded("impact", "Three orders were late.")),
        through("timeout", worded("impact", "Nothing was lost, all orders came later.")),
        through("timeout", ("prevention", 67, {"text": "Look twice"}), ("prevented", 68, {"action": "Look twice"})),
        through("timeout", ("fact_confirmed", 67, {"fact": "data_loss", "true": False}), recovered=False),
        through("timeout", ("reopened", 90, {"reason": "x"}), ("cause_accepted", 92, {"cause": "timeout"}),
                ("ticked", 93, {"row": "RES-1"}), ("fixed", 95, {"what": "x"}),
                ("harmed", 96, {"instance": "d", "since": after(-20).isoformat(), "failed": 4, "clients": ["BAY"]}),
                ("resolved", 99)),
        through("timeout", ("billing_classified", 90, {"row": "BILL-1", "reason": "our mistake"})),
        through("timeout", ("billing_approved", 80, {"text": "yes"})),
    ],
)  # fmt: skip
def test_what_is_no_gap(incident: Incident) -> None:
    assert found(incident) == {}


def test_a_reason_is_kept_and_lasts_until_it_comes_back() -> None:
    waived = ("waived", 80, {"gap": "impact", "reason": "nobody can count it"})
    gap = found(through("timeout", waived, without=("harmed",)))["impact"]
    assert not gap.is_open and gap.waived == "nobody can count it"
    back = through("timeout", waived, ("reopened", 90, {"reason": "x"}), ("resolved", 99), without=("harmed",))
    assert found(back)["impact"].is_open


def test_a_reason_holds_for_what_it_was_given_for_only() -> None:
    named = through("timeout", worded("impact", "3 orders of Otherwise Ltd."))
    gap = found(named)["other_client"]
    waived = ("waived", 90, {"gap": "other_client", "reason": "x", "found": gap.found})
    assert not found(through("timeout", worded("impact", "3 orders of Otherwise Ltd."), waived))["other_client"].is_open
    other = through("timeout", waived, worded("impact", "3 orders of OTH.", 95))
    assert found(other)["other_client"].is_open
    with pytest.raises(UsageError, match="there is no gap “nonsense” now; there is other_client"):
        gap_named("nonsense", named, SETTINGS, NOW)


def test_the_way_out_that_is_shown_is_one() -> None:
    action = "Look twice; it's quick"
    without = ("prevention", 67, {"text": action})
    shown = found(through("timeout", without))["owner"].close
    words = shlex.split(shown.partition("record INC-42 ")[2].replace("...", "Kim"))
    assert words == ["prevention", f"text={action}", "owner=Kim"]
    mended = through(
        "timeout", without, ("prevention", 68, {"text": action, "owner": "Kim", "due": after(900).isoformat()})
    )
    assert found(mended) == {} and len(mended.prevention) == 2
    assert found(through("timeout", ("assigned", 70, {"client": "BAY"}), client=None)) == {}
    ended = through("timeout", ("closed", 90), without=("cause_accepted",))
    assert "waived gap=cause" in found(ended)["cause"].close


def test_of_a_holding_notice_no_count_is_asked() -> None:
    early = found(through(without=("resolved", "harmed")))
    assert "count" not in early and "impact" not in early


def test_a_holding_notice_that_is_recorded_late_is_not_judged_by_what_came_after() -> None:
    must_be_told(through("timeout", worded("impact", "3 webhooks of OTH")), "holding", SETTINGS, NOW)


@pytest.mark.parametrize(
    "contact", ["a;b@c.example", "m@bay.example.", "m@bay..example", "nobody", "A <a@b.example>, c@"]
)
def test_an_address_that_can_not_be_read_is_a_gap(contact: str) -> None:
    settings = Settings.model_validate({"clients": {"BAY": {"contact": contact, "greeting": "A"}}, "sender": SENDER})
    assert "can't be read" in found(through(), settings)["contact"].what


def test_nothing_is_lacking_in_a_letter_that_nobody_gets() -> None:
    for gap in gaps_of(through(severity="P4", without=("harmed", "ticked", "prevention")), NO_CONTACT, NOW):
        assert "incident" in gap.of or gap.of == ("billing",), gap


@pytest.mark.parametrize(
    ("incident", "kind", "why"),
    [
        (through(severity="P4"), "notice", "no client is told of a P4"),
        (through(severity="P3"), "brief", "Friday report"),
        (through(without=("resolved",)), "notice", "not resolved yet: what can be sent now is a holding notice"),
        (through(without=("harmed",)), "notice", r"impact: IMPACT is blank.*waived gap=impact"),
        (through("timeout", worded("impact", "3 of OTH"), without=("resolved",)), "holding", "names another client"),
    ],
)
def test_what_is_not_to_be_sent(incident: Incident, kind: Notice, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        must_be_told(incident, kind, SETTINGS, NOW)


def test_what_may_be_sent() -> None:
    must_be_told(through(), "notice", SETTINGS, NOW)
    must_be_told(through(severity="P3", noticed=True), "brief", SETTINGS, NOW)
    must_be_told(through(), "notice", NO_CONTACT, NOW, to="María, by telephone")
    early = through(without=("resolved", "fixed", "harmed", "prevention", "cause_accepted", "severity_chosen"))
    must_be_told(early, "holding", NO_CONTACT, NOW, to="María")
