"""What the client is told: for every cause and severity, with blanks, and with hostile text in every field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt

from incident_nb.documents.client_facts import DONE
from incident_nb.documents.friday import friday_line
from incident_nb.documents.letter import Letter, letter_of
from incident_nb.documents.plain import BLANK, MOST_WORDS, flaws
from incident_nb.models import Cause
from incident_nb.policy import load
from incident_nb.public import WHAT_HAPPENED
from incident_nb.record import Incident
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from incident_nb.settings import Settings
from tests.documented import CLIENTS, NOW, SETTINGS, SUBJECT, through
from tests.incidents import after

KNOWN = [cause for cause in Cause if cause is not Cause.UNKNOWN]
ORDER = ["WHAT HAPPENED", "IMPACT", "RESOLUTION", "DATA RECOVERY", "PREVENTION"]
# Nothing of this may reach a client, whatever its case.
INTERNAL = [
    "HTTP Request3", "wf1A2b3C4d5E6f7G", "471112", "a1b2c3d4e5f6", "n8n.agency.example", "invalid_grant", "x.js", "internal",
    "Otherwise", "OTH", "cr3d1d", "[BAY]", "INC-42", "OAUTH_KEY", "orders_modal", "VER-", "RES-", "BILL", "$", "billable",
    "no test data", "password", "default",
]  # fmt: skip


def letter(incident: Incident, settings: Settings = SETTINGS) -> Letter:
    return letter_of(incident, settings, NOW, by="me")


def section(made: Letter, heading: str) -> str:
    return dict(made.sections)[heading]


@pytest.mark.parametrize("recovered", [True, False])
@pytest.mark.parametrize("severity", ["P1", "P2", "P3"])
@pytest.mark.parametrize("cause", KNOWN)
def test_the_notice_for_every_cause(cause: Cause, severity: str, recovered: bool) -> None:
    made = letter(through(cause.value, severity=severity, recovered=recovered, noticed=severity == "P3"))
    assert made.kind == ("brief" if severity == "P3" else "notice")
    assert made.subject.startswith("Resolved: Invoices by mail (") and made.subject.endswith(")")
    assert [heading for heading, _ in made.sections] == [one for one in ORDER if recovered or one != "DATA RECOVERY"]
    assert section(made, "WHAT HAPPENED").startswith(WHAT_HAPPENED[cause])
    assert "on 23 November 2026, 10:40 and was over at 12:05" in section(made, "WHAT HAPPENED")
    assert section(made, "IMPACT") == "3 invoices were not processed, from 23 November 2026, 10:40 on."
    assert section(made, "RESOLUTION").startswith(DONE["RES-1"]) and "3 times in a row" in section(made, "RESOLUTION")
    assert section(made, "PREVENTION") == "Ask for a new sign-in a week before it ends."
    if recovered:
        assert section(made, "DATA RECOVERY").startswith("We have had 4 affected runs of the workflow done again")
    order = [made.text.index(f"\n{heading}\n") for heading, _ in made.sections]
    assert order == sorted(order)
    assert made.text.startswith("Hi María,\n") and made.text.endswith(
        "Cheers,\nKim Park\nAI Solutions Engineer\nThe Entourage AI\n"
    )
    assert BLANK not in made.subject + made.text
    clean_for_a_client(made)


def clean_for_a_client(made: Letter) -> None:
    """No internal of the incident, no jargon, no long sentence."""
    for text in (made.subject, made.text, made.markdown):
        assert [word for word in INTERNAL if word.lower() in text.lower()] == [], text
    names = [made.people.automation or "", made.people.company, made.people.title]
    assert flaws(f"{made.subject}. {made.text}", others=made.people.others, known=names) == []


def test_every_sentence_of_ours_is_plain() -> None:
    for text in (*WHAT_HAPPENED.values(), *DONE.values()):
        assert flaws(text) == [], text
    assert MOST_WORDS <= 30
    assert set(DONE) == {row.id for row in load().resolutions}


@pytest.mark.parametrize(
    ("without", "blank"),
    [
        (("cause_accepted",), "WHAT HAPPENED"),
        (("harmed",), "IMPACT"),
        (("ticked",), "RESOLUTION"),
        (("prevention",), "PREVENTION"),
    ],
)
def test_what_the_record_does_not_say_is_a_blank_and_nothing_else(without: tuple[str, ...], blank: str) -> None:
    made = letter(through(without=without))
    expected = {blank} | ({"DATA RECOVERY"} if blank == "IMPACT" else set())
    assert {heading for heading, words in made.sections if words == BLANK} == expected
    assert (BLANK in made.subject) == (blank == "WHAT HAPPENED")
    clean_for_a_client(made.model_copy(update={"sections": (), "subject": ""}))


def test_a_cause_that_is_not_known_is_no_cause() -> None:
    assert section(letter(through("unknown")), "WHAT HAPPENED") == BLANK


def test_what_was_fixed_is_told_where_a_client_understands_it() -> None:
    plain = through(
        "credentials", ("fixed", 64, {"what": "we renewed the sign-in"}), without=("ticked", "resolved", "run_watched")
    )
    resolved = through("credentials", ("resolved", 66), without=("ticked", "resolved"))
    assert not letter(plain).sections[2:] and not plain.is_resolved
    done = plain.model_copy(update={"resolved": resolved.resolved})
    assert section(letter(done), "RESOLUTION") == "We renewed the sign-in."
    assert section(letter(resolved), "RESOLUTION") == BLANK, "it names a file and a setting"


def test_a_prevention_in_our_own_words_is_left_to_a_person() -> None:
    odd = ("prevention", 67, {"text": "Add exponential backoff to HTTP Request3 in wf1A2b3C4d5E6f7G"})
    assert section(letter(through("timeout", odd)), "PREVENTION") == "Ask for a new sign-in a week before it ends."
    only = through("timeout").model_copy(update={"prevention": through("timeout", odd).prevention[1:]})
    assert section(letter(only), "PREVENTION") == BLANK


def worded(name: str, text: str, minutes: float = 80) -> tuple[str, float, dict[str, Any]]:
    return ("worded", minutes, {"section": name, "text": text})


@pytest.mark.parametrize(
    ("name", "heading"), [(heading.lower().replace(" ", "_"), heading) for heading in ORDER] + [("subject", "")]
)
def test_what_a_person_wrote_counts_before_the_draft(name: str, heading: str) -> None:
    said = "Two of your invoices went out twice."
    made = letter(through("timeout", worded(name, said), recovered=False))
    assert (section(made, heading) if heading else made.subject.removeprefix("Resolved: ")) == said
    back = letter(through("timeout", worded(name, said), worded(name, "", 81), recovered=False))
    assert said not in back.text + back.subject, "the draft again"


def test_what_was_written_before_it_came_back_is_not_told_again() -> None:
    again = [("reopened", 90, {"reason": "again"}), ("fixed", 95, {"what": "x"}), ("resolved", 99)]
    made = letter(through("timeout", worded("impact", "Nothing was lost."), *again))
    assert "Nothing was lost" not in made.text
    assert "Nothing was lost" in letter(through("timeout", *again, worded("impact", "Nothing was lost.", 100))).text


def test_of_what_came_back_only_the_last_time_is_told() -> None:
    again: list[Any] = [
        ("reopened", 60 * 24 * 9, {"reason": "again"}), ("ticked", 60 * 24 * 9 + 9, {"row": "RES-6"}),
        ("harmed", 60 * 24 * 9 + 10, {"instance": "d", "since": after(-20).isoformat(), "failed": 10, "clients": ["BAY"]}),
        ("fixed", 60 * 24 * 9 + 20, {"what": "x.py"}), ("resolved", 60 * 24 * 9 + 60),
    ]  # fmt: skip
    made = letter(through("timeout", *again))
    assert "It came back on 2 December 2026, 11:00 and was over at 12:00." in section(made, "WHAT HAPPENED")
    assert "DATA RECOVERY" not in dict(made.sections), "those retries were of the time before"


def test_when_it_began_is_not_taken_from_other_clients() -> None:
    both = ("harmed", 40, {"instance": "d", "since": after(-600).isoformat(), "failed": 9, "clients": ["BAY", "OTH"]})
    assert "It began on 23 November 2026, 11:00 and" in section(letter(through("timeout", both)), "WHAT HAPPENED")


def test_when_the_clocks_are_turned_each_time_has_its_offset() -> None:
    made = letter(through("timeout", detected=datetime(2026, 10, 25, 0, 50, tzinfo=UTC), without=("harmed",)))
    told = section(made, "WHAT HAPPENED")
    assert "on 25 October 2026, 02:50 (UTC+02:00) and was over at 02:55 (UTC+01:00)." in told


def test_closed_without_being_resolved_is_not_being_worked_on() -> None:
    ended = through("timeout", ("closed", 90), without=("resolved",))
    assert "closed without being resolved" in letter(ended).why_not
    low = through("timeout", ("closed", 90), severity="P3", without=("resolved",))
    assert str(friday_line(low, SETTINGS)).endswith("It is closed.")


def test_a_promise_that_has_passed_is_not_made_again() -> None:
    around = ("worked_around", 40, {"what": "off", "due": after(100).isoformat()})
    assert "planned" not in letter(through("timeout", around, without=("resolved",))).ending


@pytest.mark.parametrize(
    ("items", "told"),
    [({"addresses": 1}, "1 address was"), ({"classes": 1}, "1 class was"), ({"series": 1}, "1 series was"),
     ({"news": 1}, "1 news was"), ({"boxes": 2}, "2 boxes were"), ({"companies": 1}, "1 company was")],
)  # fmt: skip
def test_one_of_a_kind(items: dict[str, int], told: str) -> None:
    harm = (
        "harmed",
        40,
        {"instance": "d", "since": after(-20).isoformat(), "failed": 1, "clients": ["BAY"], "items": items},
    )
    assert section(letter(through("timeout", harm)), "IMPACT").startswith(told)


@pytest.mark.parametrize(
    "text", ["n8n node HTTP Request3 on api.internal.example", "3 hours at $250/hr", "as Otherwise Ltd had"]
)
def test_the_friday_line_takes_nothing_that_a_client_should_not_read(text: str) -> None:
    line = str(
        friday_line(through("timeout", worded("what_happened", text), worded("impact", text), severity="P3"), SETTINGS)
    )
    assert text not in line and line.startswith("“Invoices by mail” workflow") and WHAT_HAPPENED[Cause.TIMEOUT] in line
    plain = worded("what_happened", "Two reports came late.")
    assert "Two reports came late." in str(friday_line(through("timeout", plain, severity="P3"), SETTINGS))


def test_clients_that_are_only_on_record_are_others_too() -> None:
    known = SETTINGS.with_clients(["ZEN", "BAY"])
    assert known.clients["BAY"].name == "Bay Bikes"
    made = letter(through(subject={"workflow": "[BAY] Sync for ZEN"}), known)
    assert "ZEN" not in made.text + made.subject
    assert (
        letter(through(subject={"workflow": "[BAY] Sync of zen gardens"}), known).people.automation
        == "Sync of zen gardens"
    )


def test_what_was_done_the_time_before_is_not_told_as_done_now() -> None:
    again: list[Any] = [("reopened", 90, {"reason": "again"}), ("fixed", 95, {"what": "x.py"}), ("resolved", 99)]
    assert section(letter(through("timeout", *again)), "RESOLUTION") == BLANK
    ticked = ("ticked", 96, {"row": "RES-6"})
    assert section(letter(through("timeout", *again, ticked)), "RESOLUTION") == DONE["RES-6"]


def test_a_service_is_named_as_its_users_know_it() -> None:
    told = section(letter(through("external_outage", subject={"vendor": "slack"})), "WHAT HAPPENED")
    assert "The service is Slack." in told
    assert "The service is" not in section(letter(through("data_format", subject={"vendor": "slack"})), "WHAT HAPPENED")
    assert "The service is" not in section(
        letter(through("network", subject={"vendor": "x9-internal"})), "WHAT HAPPENED"
    )


@pytest.mark.parametrize(
    "name", ["[BAY] Sync of Otherwise Ltd", "wf_orders_v2", "https://a.example/x", "Orders 471112", "", None]
)
def test_a_workflow_whose_name_is_not_for_the_client_is_not_named(name: str | None) -> None:
    made = letter(through(subject={"workflow": name}))
    assert "one of your workflows" in made.text
    assert made.subject == "Resolved: a connected service refused the sign-in"


# Who is told, and of what


@pytest.mark.parametrize(
    ("severity", "noticed", "kind", "why"),
    [
        ("P1", False, "notice", ""), ("P2", False, "notice", ""), ("P3", True, "brief", ""),
        ("P3", False, "brief", "Friday report"), ("P4", False, "brief", "no client is told of a P4"),
        ("P4", True, "brief", "no client is told of a P4"),
    ],
)  # fmt: skip
def test_who_is_told(severity: str, noticed: bool, kind: str, why: str) -> None:
    made = letter(through(severity=severity, noticed=noticed))
    assert made.kind == kind
    assert why in made.why_not and bool(made.why_not) == bool(why)
    assert bool(made.text) == bool(made.markdown) == (not why)


def test_one_over_several_clients_is_told_to_none() -> None:
    made = letter(through(subject={"shared": "host api.internal.example"}))
    assert made.text == "" and "several clients" in made.why_not


def test_the_holding_notice_says_no_more_than_is_known() -> None:
    early = through(without=("resolved", "fixed", "harmed", "prevention", "cause_accepted", "ticked"))
    made = letter(early)
    assert (
        made.kind == "holding" and made.subject == "We are working on a problem with your “Invoices by mail” workflow"
    )
    assert made.sections == (("IMPACT", "We are finding out what is affected."),)
    assert "planned" not in made.ending
    promised = through(
        "timeout", ("worked_around", 40, {"what": "x.py off", "due": after(1500).isoformat()}), without=("resolved",)
    )
    assert "A lasting repair is planned by 24 November 2026, 12:00." in letter(promised).text
    assert section(letter(promised), "IMPACT").startswith("3 invoices")
    clean_for_a_client(letter(promised))


def test_nothing_of_who_pays_before_the_client_has_agreed() -> None:
    told = letter(through()).ending
    assert "1.5" not in told and "charge" not in told
    agreed = letter(through("credentials", ("billing_approved", 80, {"text": "María by mail"}))).ending
    assert agreed.startswith("As agreed, this work took 1.5 hours and is billed at $250/hr.")
    more = ("billing_classified", 90, {"row": "BILL-3", "hours": 40, "uses": "rate"})
    said = [("billing_approved", 80, {"text": "1.5 hours"}), more]
    assert "40" not in letter(through("credentials", *said)).ending, "nobody agreed to so many"
    early = ("billing_approved", 10, {"text": "María by mail"})
    assert "1.5" not in letter(through("credentials", early)).ending, "older than the accepted cause"
    ours = ("billing_classified", 81, {"row": "BILL-1"})
    assert letter(through("credentials", ours)).ending.startswith("There is no charge for this work.")
    assert "charge" not in letter(through("unknown", ours)).ending, "the cause is not confirmed"


def test_the_friday_line_of_a_p3() -> None:
    line = friday_line(through("timeout", severity="P3"), SETTINGS)
    assert line == (
        "“Invoices by mail” workflow, 23 November 2026: A step took longer than it may and was stopped before it was done. "
        "3 invoices were not processed, from 23 November 2026, 10:40 on. It is resolved."
    )
    assert "We are working on it." in str(friday_line(through(severity="P3", without=("resolved",)), SETTINGS))
    assert "looking into it" not in str(friday_line(through("unknown", severity="P3"), SETTINGS)), "it is over"
    for severity in ("P1", "P2", "P4"):
        assert friday_line(through(severity=severity), SETTINGS) is None
    assert friday_line(through(severity="P3", subject={"shared": "x"}), SETTINGS) is None


# Whose words these are not

HOSTILE = [
    "<script>alert(1)</script>", "[click](javascript:alert(1))", "a\nIMPACT\nnone", "{{ 7 * 7 }}", "\x1b[31mred\x1b[0m",
    "sk-ant-api03-FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B-AA", "maria.other@otherwise.example",
    "Otherwise Ltd", "\u202etxet", "=cmd|' /C calc'!A0", "# Heading\n- item",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_of_the_record_reaches_no_client(text: str) -> None:
    subject = dict.fromkeys(SUBJECT, text) | {"fingerprint": "abc"}
    made = letter(through("credentials", title=text, subject=subject))
    clean_for_a_client(made)
    assert text.strip() not in made.text + made.subject + made.markdown
    assert "one of your workflows" in made.text or made.people.automation in ("red", "a IMPACT none")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_that_a_person_pasted_is_shown_as_text(text: str) -> None:
    made = letter(through("credentials", worded("impact", f"3 orders. {text}"), worded("subject", text)))
    assert "FAKE0a1B" not in made.text + made.subject and "\x1b" not in made.text + made.subject
    assert "\n" not in made.subject and "\u202e" not in made.text
    page = MarkdownIt("commonmark", {"html": True}).render(made.markdown)
    assert "<script" not in page and "<a " not in page and page.count("<h1") == 0
    assert "maria.other@" not in made.text


def test_names_and_addresses_of_the_settings_are_one_line_each() -> None:
    odd = {
        "name": "Bay\r\nBcc: x@evil.example",
        "contact": "A\r\nBcc: b@evil.example <a@bay.example>",
        "greeting": "A\nB",
    }
    settings = Settings.model_validate({"clients": {"BAY": odd}, "sender": {"name": "Kim\r\nX: y"}})
    made = letter(through(), settings)
    assert made.people.greeting == "A B" and "\n" not in made.people.sender
    assert all("\n" not in part for pair in made.people.to for part in pair)


def test_without_settings_it_says_what_is_missing() -> None:
    made = letter_of(through(), Settings(), NOW)
    assert made.people.greeting == "{Name}" and made.people.to == () and made.people.sender == ""
    assert CLIENTS["BAY"]["name"] not in made.text


def test_what_leaves_the_house_has_no_personal_data_whatever_the_settings_say() -> None:
    said = worded("impact", "3 orders of kim.lee@shop.example, +49 170 1234567, were late.")
    with using(Redactor(SAMPLE_KEY, personal=False)):
        made = letter(through("timeout", said))
        line = str(friday_line(through("timeout", said, severity="P3"), SETTINGS))
    for text in (made.text, line):
        assert "kim.lee@" not in text and "1234567" not in text
    assert "3 orders of" in made.text and "3 invoices were" in line, "of the line for Friday, ours"
