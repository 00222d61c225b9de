"""Messages for Slack: valid by its documented limits whatever they say, and nothing in them does anything."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from incident_nb.desk.standing import standing
from incident_nb.incidents import fold
from incident_nb.outbox.links import links
from incident_nb.outbox.message import ABOUT, Message, _cut, filled, loose, news, short, whole
from incident_nb.outbox.store import Line
from incident_nb.settings import Links, Settings
from tests.incidents import DETECTED, after, events_of

NOW = after(60)
FLOW = {"workflow": "[BAY] Invoices", "node": "Send", "error": "401 Unauthorized"}
FOUND = ("diagnosed", 5, {"headline": "x", "cause": "credentials", "detail": "api_key", "confidence": 0.87})


def line(about: str, text: str = "", minutes: float = 1, number: int = 1) -> Line:
    return Line(number, 42, about, text, after(minutes), 1)


def check(message: Message) -> str:
    """Holds a message against the limits of Slack's reference; gives all of its plain texts."""
    assert set(message) == {"text", "mrkdwn", "unfurl_links", "unfurl_media", "blocks"}
    assert 1 <= len(message["text"]) <= 3000 and message["mrkdwn"] is False
    assert 1 <= len(message["blocks"]) <= 50
    plain: list[str] = [message["text"]]

    def text(found: Any, most: int, kind: str = "plain_text") -> None:
        assert set(found) == {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}
        assert found["type"] == kind and 1 <= len(found["text"].encode("utf-16-le")) // 2 <= most
        if kind == "plain_text":
            assert found["emoji"] is False
            plain.append(found["text"])
        else:
            assert found["verbatim"] is True

    for block in message["blocks"]:
        if block["type"] == "header":
            assert set(block) == {"type", "text"}
            text(block["text"], 150)
        elif block["type"] == "section":
            assert set(block) in ({"type", "text"}, {"type", "fields"})
            if "text" in block:
                text(block["text"], 3000)
            assert 1 <= len(block.get("fields", "1")) <= 10
            for each in block.get("fields", ()):
                text(each, 2000)
        else:
            assert block["type"] == "context" and 1 <= len(block["elements"]) <= 10
            for each in block["elements"]:
                text(each, 3000, "mrkdwn")
    joined = "\n".join(plain)
    assert not re.search("[<>\u202a-\u202e\u2066-\u2069\u200b\x00-\x09\x0b-\x1f]", joined)
    assert not re.search("&(?!amp;|lt;|gt;)", joined)  # each escape is whole
    return joined


HOSTILE = [
    "<!channel>", "<@U1>", "<https://evil.example|Report>", "&&&", "&amp;", "```", "*b*", "\u202egnp.exe", "a\u200bb",
    "x\ny\r\n> z", "\x1b[31m", "\x00", "😀", "é" * 9, "\ud800", "@here", ":boom:", " ", "https://evil.example",
]  # fmt: skip


@pytest.mark.parametrize("times", [1, 40, 2000])
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_told_is_valid_and_does_nothing(text: str, times: int) -> None:
    said = text * times
    events = events_of(FOUND, severity="P1", subject=FLOW)
    plain = fold(events)
    incident = plain.model_copy(
        update={
            "title": said, "client": said, "cause": plain.cause,
            "subject": plain.subject.model_copy(update={"workflow": said, "node": said, "error": said}),
        }
    )  # fmt: skip
    one = standing(incident, NOW, Settings())
    lines = [line(about, said) for about in (*ABOUT, "unheard_of", said)]
    for message in (whole(one, events, lines, Settings()), short(one, events, lines, Settings()), loose(lines, NOW)):
        check(message)
        assert not any(block["type"] == "context" for block in message["blocks"])  # no link is made of it


def test_three_hundred_things_are_one_message_with_the_newest() -> None:
    one = standing(fold(events_of()), NOW, Settings())
    shown = check(short(one, (), [line("vendor", f"step {n}", n / 10) for n in range(300)], Settings()))
    assert "291 things more, which are in the record" in shown
    assert "step 299" in shown and "step 291" in shown and "step 290" not in shown
    shown = check(short(one, (), [line("vendor", f"step {n}") for n in range(9)], Settings()))
    assert "things more" not in shown and "step 0" in shown


@pytest.mark.parametrize("most", range(1, 12))
def test_no_escape_is_cut_in_two(most: int) -> None:
    shown = _cut("a<b>&😀c", most)
    assert re.fullmatch("(?:[abc😀]|&(?:lt|gt|amp);)*…", shown) and len(shown) + shown.count("😀") <= most
    assert _cut("a<b", 6) == "a&lt;b" and _cut("a<b", 5) == "a…"


def test_the_first_message_says_all_of_it() -> None:
    settings = Settings.model_validate({"clients": {"BAY": {"name": "Bay Ltd"}}})
    events = events_of(FOUND, ("occurred", 6, {"count": 2}), severity="P1", subject=FLOW)
    message = whole(
        standing(fold(events), NOW, settings), events, [line("opened", "no"), line("vendor", "yes")], settings
    )
    assert message["blocks"][0]["text"]["text"] == "P1 INC-42: Invoices are not sent"
    shown = check(message).splitlines()
    for expected in (
        "State: open", "Client: Bay Ltd (BAY)", "Workflow: [BAY] Invoices", "Node: Send", "Failures: 3",
        "Error: 401 Unauthorized", "Cause: credentials, api key (87% sure)", "10:01 Vendor: yes", "Deadlines",
        "resolve it in 3 h, by 2026-11-23 14:00 UTC", "Next: Acknowledge it (ACK-1).",
    ):  # fmt: skip
        assert expected in shown, expected
    assert "10:01 Opened: no" not in shown  # which the rest says
    assert message["text"].startswith("P1 INC-42: Invoices are not sent | Cause: credentials, api key (87% sure) | ")


@pytest.mark.parametrize(
    ("happened", "cause"),
    [
        ((), "not known yet"),
        ((FOUND,), "credentials, api key (87% sure)"),
        ((FOUND, ("diagnosed", 6, {"headline": "x", "cause": "timeout", "confidence": 0.5})), "timeout (50% sure)"),
        ((FOUND, ("cause_accepted", 7, {"cause": "network"})), "network, accepted by Anna"),
    ],
)
def test_the_cause_is_the_accepted_one_else_the_newest_diagnosis(happened: Any, cause: str) -> None:
    events = events_of(*happened)
    assert (
        f"Cause: {cause}" in check(whole(standing(fold(events), NOW, Settings()), events, [], Settings())).splitlines()
    )


def test_a_later_message_says_what_is_new_and_what_is_next() -> None:
    events = events_of(FOUND, severity="P1", subject=FLOW)
    one = standing(fold(events), after(60 * 24), Settings())
    message = short(one, (), [line("vendor", "Slack is up"), line("reopened", minutes=60 * 24)], Settings())
    assert [block["text"]["text"] for block in message["blocks"]] == [
        "INC-42 P1 open: Invoices are not sent\n2026-11-23 10:01 Vendor: Slack is up\n10:00 Back again",
        "Next: Acknowledge it (ACK-1).",
    ]


@pytest.mark.parametrize("shared", [None, "vendor:Slack"])
def test_an_incident_across_clients_names_none_of_them(shared: str | None) -> None:
    events = events_of(FOUND, severity="P1", subject={**FLOW, "shared": shared}, client=None if shared else "BAY")
    one = standing(fold(events), NOW, Settings())
    lines = [line(about, "[BAY] Invoices failed") for about in ABOUT if ABOUT[about].names]
    lines.append(line("new_kind", "[BAY] Invoices failed"))
    lines.append(line("vendor", "Slack is down"))
    for message in (whole(one, events, lines, Settings()), short(one, events, lines, Settings())):
        shown = check(message)
        assert ("BAY" in shown) is (shared is None)
        assert ("401" in shown) is (shared is None and message["blocks"][0]["type"] == "header")
        assert "Vendor: Slack is down" in shown and "Back again" in shown
    assert ("Client: several" in check(whole(one, events, [], Settings()))) is bool(shared)


@pytest.mark.parametrize(
    ("lines", "said", "left"),
    [
        ([("diagnosed", "a")], {}, ["a"]),
        ([("diagnosed", "a")], {"diagnosed": "a"}, []),
        ([("diagnosed", "b")], {"diagnosed": "a"}, ["b"]),
        ([("diagnosed", "a")], {"failed": "a"}, ["a"]),
        ([("diagnosed", "a"), ("diagnosed", "a"), ("diagnosed", "b")], {}, ["a", "b"]),
        ([("vendor", "down"), ("vendor", "up"), ("vendor", "down")], {"vendor": "down"}, ["up", "down"]),
        ([("reopened", "")], {"reopened": ""}, [""]),
        ([("reopened", ""), ("reopened", "")], {}, [""]),
        ([("reminded", "late")], {"reminded": "late"}, ["late"]),
    ],
)
def test_what_says_nothing_new_is_not_told(lines: Any, said: dict[str, str], left: list[str]) -> None:
    assert [one.text for one in news([line(*each) for each in lines], said)] == left


REPORTED = ("investigated", 9, {"attempt": 1, "done": True, "report": "incidents/INC-42/report 1"})


@pytest.mark.parametrize(
    ("jupyter", "report", "shown"),
    [
        ("https://lab.example.com/", "incidents/a b", ["<https://lab.example.com/files/incidents/a%20b/report.html|Report>",
            "<https://lab.example.com/lab/tree/incidents/a%20b/investigation.ipynb|Executed notebook>"]),
        ("http://127.0.0.1:8888/user/x", "r", ["<http://127.0.0.1:8888/user/x/files/r/report.html|Report>",
            "<http://127.0.0.1:8888/user/x/lab/tree/r/investigation.ipynb|Executed notebook>"]),
        ("https://lab.example.com", "a|b><!channel>", ["<https://lab.example.com/files/a%7Cb%3E%3C%21channel%3E/report.html|Report>",
            "<https://lab.example.com/lab/tree/a%7Cb%3E%3C%21channel%3E/investigation.ipynb|Executed notebook>"]),
        (None, "a`<b", ["Report: `a &lt;b/report.html`", "Executed notebook: `a &lt;b/investigation.ipynb`"]),
        (None, None, []),
        ("https://lab.example.com", "../../etc", []),
        ("https://lab.example.com", "/etc", []),
    ],
)  # fmt: skip
def test_links_lead_into_the_workspace(jupyter: str | None, report: str | None, shown: list[str]) -> None:
    settings = Settings(links=Links(jupyter=jupyter))
    values = {"attempt": 1, "done": True} | ({"report": report} if report else {})
    incident = fold(events_of(("investigated", 9, values)))
    assert links(incident, settings) == shown


def test_the_notebook_is_linked_where_it_is(tmp_path: Path) -> None:
    settings = Settings(links=Links(jupyter="https://lab.example.com"), path=tmp_path / "incident-nb.toml")
    incident = fold(events_of())
    assert links(incident, settings) == []
    (tmp_path / "incidents" / "INC-42").mkdir(parents=True)
    (tmp_path / "incidents" / "INC-42" / "incident.ipynb").touch()
    assert links(incident, settings) == ["<https://lab.example.com/lab/tree/incidents/INC-42/incident.ipynb|Notebook>"]
    message = whole(standing(incident, NOW, settings), (), [], settings)
    check(message)
    assert message["blocks"][-1]["elements"][0]["text"] == links(incident, settings)[0]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://lab",
        "lab.example.com",
        "https://u:p@lab",
        "https://lab?token=x",
        "https://lab/#a",
        "https://lab/a|b",
        "https://",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match=r"https://lab\.example\.com"):
        Links(jupyter=url)


def test_a_line_of_an_unknown_incident_is_told() -> None:
    shown = check(loose([line("quiet", "Flow 1"), line("unheard_of", "x")], DETECTED + timedelta(minutes=1)))
    assert "incident-nb INC-42\n10:01 Went quiet: Flow 1\n10:01 Unheard of: x" in shown


def test_a_diagnosis_is_told_by_its_cause_and_told_again_when_that_is_another_one() -> None:
    other = ("diagnosed", 6, {"headline": "x", "cause": "timeout", "confidence": 0.5})
    surer = ("diagnosed", 7, {"headline": "x", "cause": "timeout", "confidence": 0.6})
    said: dict[str, str] = {}
    told = []
    for count in range(4):
        events = events_of(*(FOUND, other, surer)[:count])
        new = news(filled([line("diagnosed")], events), said)
        said |= {one.about: one.text for one in new}
        shown = check(short(standing(fold(events), NOW, Settings()), events, new, Settings()))
        told.append(shown.partition("10:01 ")[2].split(" | ")[0])
    assert told == [
        "Diagnosed: no cause was found",
        "Diagnosed: credentials, api key (87% sure)",
        "Diagnosed: timeout (50% sure)",
        "",
    ]
    assert filled([line("diagnosed", "in words"), line("vendor")], events_of(FOUND)) == [
        line("diagnosed", "in words"),
        line("vendor"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x85"])
def test_what_comes_from_outside_begins_no_line_of_its_own(end: str) -> None:
    forged = f"x{end}Next: nothing, it is closed"
    plain = fold(events_of(subject={"workflow": "w"}))
    subject = plain.subject.model_copy(update={"workflow": forged, "node": forged, "error": forged})
    one = standing(plain.model_copy(update={"title": forged, "client": forged, "subject": subject}), NOW, Settings())
    lines = [line("vendor", forged)]
    for message in (whole(one, (), lines, Settings()), short(one, (), lines, Settings()), loose(lines, NOW)):
        assert not any(row.startswith("Next: nothing") for row in check(message).splitlines())
