"""What a client sees of a review: figures and sentences of ours, and nothing of the house or of anybody else."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from incident_nb.models import Cause
from incident_nb.public import CAUSE_NOT_FOUND, WHAT_HAPPENED
from incident_nb.review import count
from incident_nb.review.client import GENERAL, ClientReview, client_review, page
from incident_nb.review.kept import sample_incidents, sample_material
from incident_nb.review.model import Review
from tests.builders import NOW, call, flow, log_of, runs
from tests.hostile import vectors
from tests.incidents import Happened, incident_of, utc
from tests.test_review import ALL, BACK, FIXED, MONDAY, UNDER, made, same, shared_one

OTHERS = ("GLOBEX", "Globex Corporation")
SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


def both(found: Review, others: tuple[str, ...] = OTHERS) -> list[str]:
    shown = client_review(found, others)
    return [page(shown, "html"), page(shown, "md")]


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Friday report's lines have tests of their own; here they are none."""
    monkeypatch.setattr(count, "friday_line", lambda *_: None)


def test_a_client_reads_what_happened_and_how_it_stands() -> None:
    rows = (
        incident_of(*FIXED, severity="P1", number=1, subject={"workflow": "[BAY] Invoices"}),
        incident_of(("acknowledged", 5), ("waiting_began", 9, {"why": "a key"}), severity="P3", number=2),
        incident_of(severity="P4", number=3),
    )
    for text in both(made(*rows)):
        assert "Bay Foods" in text and "27 November 2026, 17:00" in text and "Europe/Berlin" in text
        assert "Invoices" in text and "[BAY]" not in text and "One of your automations" in text
        assert WHAT_HAPPENED[Cause.CREDENTIALS] in text
        assert "Resolved on 23 November 2026, 12:30" in text  # 11:30 UTC
        assert "We are waiting for something from you" in text and "We are working on it" in text
        assert "Critical" in text and "Medium" in text and "Low" in text
        assert "too few for a middle" in text and "%" not in text.partition("<main>")[2]


@pytest.mark.parametrize("cause", [(), (("cause_accepted", 5, {"cause": "unknown"}),)])
@pytest.mark.parametrize(
    ("end", "says"),
    [
        ((("resolved", 90),), CAUSE_NOT_FOUND),
        ((("closed", 90),), CAUSE_NOT_FOUND),
        ((), WHAT_HAPPENED[Cause.UNKNOWN]),
        ((("resolved", 90), ("reopened", 95, {"reason": "r"})), WHAT_HAPPENED[Cause.UNKNOWN]),
    ],
)
def test_nobody_looks_into_what_is_over(cause: tuple[Happened, ...], end: tuple[Happened, ...], says: str) -> None:
    shown = client_review(made(incident_of(*cause, *end, severity="P2")), OTHERS)
    assert [one.what_happened for one in shown.lines] == [says] and shown.causes == ((says, 1),)


def test_no_incidents_are_said_in_words() -> None:
    for text in both(made()):
        assert "We know of no incident in this period." in text and "Runs were not counted" in text


def test_what_came_back_in_the_period_is_never_no_incident() -> None:
    back = incident_of(
        *FIXED, *BACK, severity="P1", detected=MONDAY - timedelta(days=7), subject={"workflow": "[BAY] Invoices"}
    )
    for text in both(made(back)):
        assert "We know of no incident in this period." not in text
        assert "No new incident was noticed in this period." in text and "Came back in this period" in text
        assert "Invoices" in text and "22 November 2026, 11:00" in text and "16 November 2026, 11:00" in text
        assert "Resolved on 23 November 2026, 11:00" in text and "1 problem of this period came more than once" in text
    for text in both(made(back, incident_of(*FIXED, number=2, severity="P2"))):
        assert "No new incident" not in text and "Came back in this period" in text


DONE: tuple[Happened, ...] = (("prevention", 95, {"text": "x"}), ("prevented", 40 * 24 * 60, {"action": "x"}))


@pytest.mark.parametrize(
    ("happened", "says"),
    [
        ((), "We are working on what keeps it from coming again"),
        (DONE, "What keeps it from coming again is done"),
    ],
)
def test_what_came_again_is_told_by_number(happened: tuple[Happened, ...], says: str) -> None:
    for text in both(made(same(1, *FIXED, *happened, days=30), same(2))):
        assert "1 problem of this period came more than once" in text and says in text


FORBIDDEN = (
    "node", "id", "host", "url", "title", "bill", "amount", "rate", "hours", "owner", "client", "incident", "error",
    "message", "fingerprint", "severity", "text", "by",
)  # fmt: skip


def test_the_model_has_no_place_for_what_a_client_may_not_see() -> None:
    schema = json.dumps(ClientReview.model_json_schema())
    names = set(re.findall(r'"(\w+)": \{', schema)) - {"properties", "ClientLine", "ClientReview", "$defs"}
    assert {"automation", "what_happened", "mentions"} <= names
    for name in names:
        assert not {part.lower() for part in re.split("_|(?=[A-Z])", name)} & set(FORBIDDEN), name


def test_nothing_of_the_house_gets_into_it() -> None:
    """Every field of an incident and of a run holds a word of its own or a secret; only the workflow's name is shown."""
    words = (f"Q{one}{two}velzq" for one in "aeiou" for two in "bcdfghjklm")
    used: list[str] = []

    def word() -> str:
        used.append(next(words))
        return used[-1]

    about = {
        "instance": word(), "workflow_id": word(), "workflow": "[BAY] Invoices", "node": word(), "execution_id": word(),
        "error": f"{word()} {SECRET}", "credential": word(), "credential_id": word(), "host": f"{word()}.example",
        "vendor": word(), "fingerprint": "f",
    }  # fmt: skip
    happened: tuple[Happened, ...] = (
        ("acknowledged", 4, {"by": word()}), ("cause_accepted", 5, {"cause": "timeout", "reason": word()}),
        ("waiting_began", 6, {"why": word()}), ("waiting_ended", 7), ("fixed", 8, {"what": word()}),
        ("harmed", 9, {"instance": word(), "since": MONDAY.isoformat(), "failed": 3, "workflows": [word()]}),
        ("prevention", 10, {"text": word(), "owner": word()}), ("note", 11, {"text": word()}),
        ("billing_classified", 12, {"row": "BILL-2", "hours": 7.77, "reason": word()}), ("resolved", 13, {"text": word()}),
        ("reopened", 14, {"reason": word()}), ("notified", 15, {"subject": word(), "to": word()}),
    )  # fmt: skip
    node = call(word(), host=f"{word()}.example", credential=word())
    log = log_of(*runs("..X", flow(1, "[BAY] Invoices", node)), *runs("X", flow(2, f"[BAY] {SECRET}"), first=9))
    period = ALL.model_copy(update={"until": MONDAY + timedelta(days=1)})
    found = made(incident_of(*happened, severity="P3", title=word(), subject=about), log=log, period=period)
    assert found.runs and len(found.runs.rates) == 2 and found.hours
    for text in both(found):
        body = text.partition("<main>")[2] or text
        assert "Invoices" in body and "Others" in body
        for held in (*used, SECRET, "INC-42", "BILL", "7.77", "$", "wf1", "n8n"):
            assert held not in body, held


def test_nobody_else_is_named() -> None:
    rows = (
        incident_of(UNDER, *FIXED, severity="P2", subject={"workflow": "[BAY] Copy to Globex Corporation"}),
        shared_one(), incident_of(*FIXED, number=7, client="GLOBEX", severity="P1"), shared_one(client="BAY"),
    )  # fmt: skip
    log = log_of(*runs("X", flow(1, "[BAY] Move GLOBEX to us")), *runs("X", flow(2, "[GLOBEX] Own"), first=9))
    found = made(
        *rows, log=log, period=ALL.model_copy(update={"until": utc("2026-11-27T00:00")}), now=utc("2026-11-27T09:00")
    )
    for text in both(found):
        assert "globex" not in text.lower() and "Others" in text and "Own" not in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Orders were late on Tuesday.", "Orders were late on Tuesday."),
        ("As with Globex Corporation, orders were late.", GENERAL),
        ("GLOBEX was late", GENERAL),
        ("globex corporation was late", GENERAL),
        ("globex was late", GENERAL),
        ("Globexes are no names", "Globexes are no names"),
    ],
)
def test_a_line_of_the_friday_report_names_nobody_else(monkeypatch: pytest.MonkeyPatch, said: str, shown: str) -> None:
    monkeypatch.setattr(count, "friday_line", lambda *_: said)
    found = client_review(made(incident_of(*FIXED, severity="P3")), OTHERS)
    assert found.mentions == (shown,)


def test_personal_data_in_it_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "friday_line", lambda *_: "Ask jo.smith@shop.example about it")
    for text in both(made(incident_of(*FIXED, severity="P3"))):
        assert "jo.smith" not in text and "about it" in text


def test_no_vector_gets_in_by_a_title_a_workflow_or_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = set()
    for vector in vectors("http://127.0.0.1:9")[::16]:
        monkeypatch.setattr(count, "friday_line", lambda *_, hostile=vector.text: hostile)
        name = (vector.text.strip() or "x")[:200]
        about: dict[str, Any] = {"workflow": name, "node": name}
        log = log_of(*runs("X", flow(1, name)), settings=None)
        found = made(incident_of(*FIXED, severity="P3", title=name, subject=about), log=log, now=NOW)
        html, markdown = both(found)
        body = html.partition("<main>")[2]
        assert not re.search(
            r"<(?!/?(main|header|h[12]|p|table|thead|tbody|tr|t[hd]|div|ul|li|strong|br|span|footer|body|html)\b)", body
        )
        assert not re.search(r"(?<!\\)<(?!br>)", markdown), vector
        without = client_review(found, OTHERS).model_copy(update={"mentions": ()})
        copies.add(page(without, "md"))
    assert len(copies) == 1  # but for the line, it is the same page whatever the incident is called


def test_the_copy_of_the_sample_names_no_one_else() -> None:
    material = sample_material()
    inner = {
        "INC-",
        "BILL",
        "DLTA",
        "EVRG",
        "Delta",
        "Evergreen",
        "[CMPS]",
        "OpenAI",
        "Kim",
        "Anna",
        "password",
        "Ask the",
    }
    inner |= {one.title for one in sample_incidents()} | {str(one.subject.node) for one in sample_incidents()} - {
        "None"
    }
    inner |= {str(host) for host in material.case.log.failures["host"].dropna().unique()}
    for text in both(material.review(), material.others):
        body = text.partition("<main>")[2] or text
        assert [word for word in inner if word and word in body] == []
