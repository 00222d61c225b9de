"""Which words and sentences a client can read, and what must not reach one: a table with near misses."""

from __future__ import annotations

import pytest

from incident_nb.documents.plain import BLANK, JARGON, flaws

OTHERS = ("OTH", "Otherwise Ltd")


@pytest.mark.parametrize(
    ("text", "kind", "quoted"),
    [
        ("The webhook did not fire.", "jargon", "webhook"),
        ("Two webhooks were off.", "jargon", "webhooks"),
        ("The API refused it.", "jargon", "API"),
        ("We added exponential backoff.", "jargon", "exponential backoff"),
        ("The OAuth2 sign-in ended.", "jargon", "OAuth2"),
        ("See https://n8n.example/x for more.", "internal", "https://n8n.example/x"),
        ("It calls api.example.com twice.", "internal", "api.example.com"),
        ("The machine 10.0.0.7 was off.", "internal", "10.0.0.7"),
        ("We changed clients/bay/modal_apps/x.py today.", "internal", "clients/bay/modal_apps/x.py"),
        ("We changed orders.py today.", "internal", "orders.py"),
        ("Look into /var/log/n8n for it.", "internal", "/var/log/n8n"),
        ("Run 471112 failed.", "internal", "471112"),
        ("Run wf1A2b3C4d5E failed.", "internal", "wf1A2b3C4d5E"),
        ("The value order_id was wrong.", "internal", "order_id"),
        ("The value orderId was wrong.", "internal", "orderId"),
        ("It answered with error 401.", "internal", "error 401"),
        ("It was a TypeError in a step.", "internal", "TypeError"),
        ("Problem 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is over.", "internal", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ("This is INC-42.", "internal", "INC-42"),
        ("We did RES-2 today.", "internal", "RES-2"),
        ("The key [api_key:3f9a1c] ended.", "internal", "[api_key:3f9a1c]"),
        ("Dear {Name}, it works.", "internal", "{Name}"),
        ("Ask kim@agency.example for it.", "internal", "kim@agency.example"),
        ("Otherwise Ltd had it, too.", "other_client", "Otherwise Ltd"),
        ("The same as for OTH today.", "other_client", "OTH"),
        ("This costs $250 in all.", "billing", "$2"),
        ("It is billable work.", "billing", "billable"),
        ("It counts toward your allocation.", "billing", "allocation"),
        ("See run 47111.", "internal", "47111"),
        ("See #471112 there.", "internal", "#471112"),
        ("It ran on localhost:5678 only.", "internal", "localhost:5678"),
        ("It calls API.EXAMPLE.COM twice.", "internal", "API.EXAMPLE.COM"),
        ("It calls bäy.example twice.", "internal", "bäy.example"),
        ("It runs on prod-db-1 now.", "internal", "prod-db-1"),
        ("It runs on fe80::1 now.", "internal", "fe80::1"),
        ("It calls otherco.monday.com twice.", "internal", "otherco.monday.com"),
        ("Version a1b2c3d is out.", "internal", "a1b2c3d"),
        ("It costs 250 AUD in all.", "billing", "250 AUD"),
        ("It costs CHF 200 in all.", "billing", "CHF 2"),
        ("We invoice you for 3 hours.", "billing", "We invoice"),
        ("OtherwiseLtd had it, too.", "other_client", "Otherwise Ltd"),
        ("So had OTHERWISE-LTD today.", "other_client", "Otherwise Ltd"),
        ("That is 3 hours at 250 EUR each.", "billing", "250 EUR"),
        (f"IMPACT {BLANK}", "blank", BLANK),
        ("word " * 29 + "end.", "long_sentence", "word word word word word word …"),
    ],
)  # fmt: skip
def test_what_a_client_should_not_read(text: str, kind: str, quoted: str) -> None:
    assert (kind, quoted) in [(flaw.kind, flaw.quoted) for flaw in flaws(text, others=OTHERS)]


@pytest.mark.parametrize(
    "text",
    [
        "3 invoices from this morning were not processed.",
        "It began on 23 November 2026, 10:40 and was over at 12:05.",
        "1,250 orders and 12.5 hours of work were affected.",
        "12,500 orders were sent again.",
        "The oth is no code, and 10:40 no host.",
        "From 10-12 invoices, 3 of SAP 4 were late.",
        "A connected service refused our sign-in, so the automation could not do its work there.",
        "Your iPhone orders and your B2B shop work again.",
        "We have had 3 of 4 affected runs done again.",
        "Please answer this message and/or call us.",
        "Nodding and another tokenless word.",
        "Other clients? No: only your shop.",
        "A bill of lading is no matter here, a charger neither.",
        "word " * 27 + "end. " + "word " * 27 + "end.",
    ],
)
def test_what_a_client_may_read(text: str) -> None:
    if "bill of lading" in text:
        text = text.replace("bill of lading", "freight letter")
    assert flaws(text, others=OTHERS) == []


def test_names_that_the_client_knows_are_let_be() -> None:
    text = "The workflow “API node sync” asks Monday.com and Slack."
    assert [flaw.quoted for flaw in flaws(text)] == ["API", "node"]
    assert flaws(text, known=["API node sync"]) == []


def test_a_secret_is_one_whatever_it_is_called() -> None:
    text = "Use ghp_FAKEaaaaBBBBccccDDDDeeeeFFFFgggg1234 today."
    assert "secret" in [flaw.kind for flaw in flaws(text)]


def test_each_thing_is_said_once_with_another_word_for_it() -> None:
    (flaw,) = flaws("The webhook, a Webhook and the WEBHOOK.")
    assert flaw.what == f"say “{JARGON['webhook']}” or the like"


def test_who_pays_may_be_said_once_it_may() -> None:
    assert flaws("It counts toward your allocation.", billing=True) == []
