"""The incident document (DOC-1): the procedure's headings, times of the client's own clock, and all that is known under them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from markdown_it import MarkdownIt

from incident_nb.documents.incident import brief_description, incident_document, span
from incident_nb.documents.plain import BLANK
from incident_nb.incidents import fold
from incident_nb.models import Cause
from incident_nb.policy import load
from incident_nb.policy.tables import Document
from incident_nb.settings import Settings
from tests.documented import NOW, SETTINGS, SUBJECT, events_through, through
from tests.incidents import after

HEADINGS = next(row.sections for row in load().documents if isinstance(row, Document) and row.id == "DOC-1")


def document(cause: str = "credentials", *more: object, settings: Settings = SETTINGS, **options: object) -> str:
    events = events_through(cause, *more, **options)  # type: ignore[arg-type]
    return incident_document(fold(events), events, settings, NOW)


def part(text: str, heading: str) -> str:
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0].strip()


@pytest.mark.parametrize("recovered", [True, False])
@pytest.mark.parametrize("severity", ["P1", "P2", "P3", "P4"])
@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.UNKNOWN])
def test_what_it_says_of_every_cause(cause: Cause, severity: str, recovered: bool) -> None:
    text = document(cause.value, severity=severity, recovered=recovered)
    assert re.findall(r"(?m)^## (.+)$", text) == list(HEADINGS)
    assert text.startswith("# Incident: Invoices are not sent\n\nDate: 2026-11-23\n\n")
    assert f"\nSeverity: {severity}\n" in text and "\nDuration: 1 hour 5 minutes\n" in text
    assert part(text, "Root Cause").startswith(cause.value.replace("_", " ").capitalize())
    assert "api.internal.example says so" in part(text, "Root Cause")
    assert "Fix: set OAUTH" in part(text, "Resolution") and "Verified by 3 good runs in a row" in part(
        text, "Resolution"
    )
    impact = part(text, "Data Impact")
    assert "Missed runs: 4 of “Invoices” since 2026-11-23 10:40." in impact and "In them: 3 invoices." in impact
    assert ("Retried: 4 well." in impact) == recovered
    assert "“HTTP Request3” had written before 1 of these runs failed." in impact
    assert part(text, "Prevention") == "- [ ] Ask for a new sign-in a week before it ends (Kim, by 2026-11-27)"
    assert BLANK not in text


def test_the_timeline_is_in_the_clients_time_and_in_its_order() -> None:
    lines = re.findall(r"(?m)^- (\d\d:\d\d) - (.+)$", part(document(), "Timeline"))
    assert [time for time, _ in lines] == sorted(time for time, _ in lines)
    assert ("11:00", "Error detected via Slack: Invoices are not sent") in lines
    for line in [
        ("11:05", "Diagnosis started"),
        ("11:08", "It failed 3 times more (execution 471113)"),
        ("11:35", "4 failed executions retried: 4 went well"),
        ("11:40", "3 runs after the fix watched: 3 went well"),
        ("12:05", "Verified resolved: three good runs (left open: VER-1)"),
    ]:
        assert line in lines, lines
    assert any(text.startswith("Root cause identified: credentials, oauth token") for _, text in lines)
    assert any(text.startswith("Fix deployed: ") for _, text in lines)
    assert not any("RES-1" in text and "billing" in text.lower() for _, text in lines)
    assert ("10:00", "Error detected via Slack: Invoices are not sent") in re.findall(
        r"(?m)^- (\d\d:\d\d) - (.+)$", document(settings=Settings())
    )


def test_of_several_days_each_has_its_name() -> None:
    text = document("timeout", ("note", 60 * 26, {"text": "seen again"}))
    timeline = part(text, "Timeline")
    assert "**Monday, 23 November 2026**" in timeline and "**Tuesday, 24 November 2026**" in timeline
    assert timeline.index("Tuesday") < timeline.index("13:00 - seen again")
    assert "**Monday" not in part(document(), "Timeline")


def test_corrections_are_heeded() -> None:
    events = events_through()
    seq = next(event.seq for event in events if event.kind == "fixed")
    fix = (
        "corrected",
        80,
        {"seq": seq, "payload": {"what": "another key"}, "happened_at": after(25).isoformat(), "reason": "x"},
    )
    text = document("credentials", fix)
    assert "11:25 - Fix deployed: another key" in text and "set OAUTH" not in text and "corrected" not in text
    gone = document(
        "credentials", ("note", 81, {"text": "Lunch"}), ("corrected", 82, {"seq": len(events) + 1, "reason": "x"})
    )
    assert "Lunch" not in gone


def test_what_was_stopped_is_named_and_so_is_what_still_is() -> None:
    flows = [{"workflow_id": name, "workflow": name.upper()} for name in ("aa", "bb")]
    stopping = ("stopping", 16, {"instance": "d", "scope": "x", "workflows": flows})
    stopped = ("stopped", 17, {"instance": "d", "workflows": ["aa", "bb"]})
    restored = ("restored", 32, {"instance": "d", "workflows": ["aa"], "left": {"bb": "it is gone"}})
    text = document("credentials", stopping, stopped, restored)
    assert "11:17 - Stopped “AA”, “BB”" in text
    assert (
        "Stopped meanwhile: “AA”, “BB”." in text
        and "Put back in the version that ran: “AA”; still stopped: “BB”." in text
    )
    assert "## Still to be filled in" in text and "still stopped" in part(text, "Still to be filled in")


def test_blanks_are_pointed_out_under_their_headings_and_at_the_end() -> None:
    none = (
        "cause_accepted",
        "ticked",
        "fixed",
        "resolved",
        "harmed",
        "prevention",
        "diagnosed",
        "run_watched",
        "retried",
        "retrying",
    )
    text = document(without=none, subject=dict.fromkeys(SUBJECT))
    for heading in HEADINGS[1:-1]:
        assert part(text, heading) == BLANK, heading
    assert part(text, "Prevention") == f"- [ ] {BLANK}"
    assert "Duration: not resolved yet" in text
    missing = part(text, "Still to be filled in")
    assert "the cause is not confirmed" in missing and "no action" in missing


def test_action_items_have_owner_date_and_state() -> None:
    more = [
        ("prevention", 67, {"text": "Look twice."}),
        ("prevented", 90, {"action": "Ask for a new sign-in a week before it ends"}),
    ]
    items = part(document("timeout", *more), "Prevention")
    assert "- [x] Ask for a new sign-in" in items and "- [ ] Look twice (no owner, no date)" in items
    assert items.startswith("Ask for a new sign-in a week before it ends.\n"), "what is done are steps taken"


def test_when_the_clocks_are_turned_the_lines_say_so() -> None:
    text = document("timeout", detected=datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert "- 02:50 (UTC+02:00) - Error detected" in text and "- 02:21 (UTC+01:00) - Fix deployed" in text
    assert "(UTC" not in document("timeout")


def test_another_client_whose_code_is_a_word_garbles_nothing() -> None:
    settings = SETTINGS.with_clients(["IT", "IS"])
    text = document("timeout", settings=settings)
    assert "It failed 3 times more" in text and "another client" not in text
    named = document("timeout", ("note", 90, {"text": "IT has it as well"}), settings=settings)
    assert "another client has it as well" in named


def test_it_came_back() -> None:
    again = [("reopened", 90, {"reason": "401 again"}), ("fixed", 95, {"what": "x"}), ("resolved", 120)]
    text = document("credentials", *again)
    assert "Duration: 2 hours; it came back once" in text and "12:30 - Reopened: 401 again" in text


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=20), "less than a minute"), (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=25, minutes=4), "1 day 1 hour"), (timedelta(days=3, minutes=5), "3 days 5 minutes"),
        (timedelta(minutes=-5), "less than a minute"),
    ],
)  # fmt: skip
def test_lengths_of_time(length: timedelta, words: str) -> None:
    assert span(length) == words


HOSTILE = [
    "<script>alert(1)</script>", "[click](javascript:alert(1))", "## Root Cause\nnone", "- [x] done", "{{ 7 * 7 }}", "![x](https://e.example/p.png)",
    "sk-ant-api03-FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B-AA", "\x1b[31mred", "Otherwise Ltd", "`x`\n```\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_is_shown_as_text(text: str) -> None:
    more = [("note", 67, {"text": text}), ("prevention", 68, {"text": text, "owner": text}), ("reopened", 90, {"reason": text}),
            ("cause_accepted", 91, {"cause": "timeout", "reason": text}), ("fixed", 95, {"what": text}),
            ("ticked", 96, {"row": "RES-1", "text": text}),
            ("resolved", 99, {"text": text}), ("fact_confirmed", 99, {"fact": "data_loss", "text": text}),
            ("harmed", 99, {"instance": "d", "since": after(1).isoformat(), "failed": 2, "workflows": [text],
                            "items": {text: 2}, "wrote": {text: 1}})]  # fmt: skip
    made = document("timeout", *more, title=text, subject=dict.fromkeys(SUBJECT, text) | {"fingerprint": "abc"})
    page = MarkdownIt("commonmark", {"html": True}).render(made)
    assert page.count("<h1>") == 1 and page.count("<h2>") in (len(HEADINGS), len(HEADINGS) + 1)
    for bad in ("<script", "<a ", "<img", "<code", "<pre", "FAKE0a1B", "\x1b", "Otherwise"):
        assert bad not in page, bad


def test_what_its_file_is_called_for() -> None:
    assert brief_description(through()) == "Invoices by mail credentials"
    assert brief_description(through("unknown")) == "Invoices by mail"
    named = brief_description(through("unknown", subject={"workflow": "Sync of Otherwise Ltd"}), ["Otherwise Ltd"])
    assert named == "Sync of another client"
    assert brief_description(through("unknown", subject={"workflow": None})) == "Invoices are not sent"
