"""The redaction gate: what must be masked, what looks like it and must not, and how the key is kept."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident_nb import redact
from incident_nb.errors import SettingsError
from incident_nb.redact import SAMPLE_KEY, Redactor, key, load_key, redact_text, redact_tree, using
from incident_nb.redact.arguments import ARGUMENTS
from incident_nb.redact.calls import CALLS
from incident_nb.redact.commands import COMMANDS
from incident_nb.redact.devices import DEVICES
from incident_nb.redact.neighbours import NEIGHBOURS
from incident_nb.redact.personal import EMAIL, IBAN_LENGTHS, NUMBERS, iban_valid, luhn
from incident_nb.redact.places import BLOCKS, LINES
from incident_nb.redact.rules import MASK
from incident_nb.redact.said import SENTENCES
from incident_nb.redact.shapes import DOTTED, MARKED, PEM, PPK, SHAPES
from incident_nb.redact.stream import Unread, redact_lines
from incident_nb.redact.urls import PLACES
from incident_nb.redact.walk import MAX_DEPTH

A = "FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2g3H4"  # an alphabet of made-up keys
HEX = "00facade1b2c3d4e5f60718293a4b5c6d7e8f900"


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


TOKEN_EXAMPLES = {
    "anthropic": f"sk-ant-api03-{A[:60]}-AA",
    "openai": f"sk-{A[:48]}",
    "openai project": f"sk-proj-{A[:40]}_{A[5:30]}",
    "groq": f"gsk_{A[:52]}",
    "hugging face": f"hf_{A[:34]}",
    "replicate": f"r8_{A[:37]}",
    "modal id": f"ak-{A[:22]}",
    "modal secret": f"as-{A[:22]}",
    "stripe": f"sk_live_{A[:24]}",
    "stripe restricted": f"rk_test_{A[:24]}",
    "stripe webhook": f"whsec_{A[:32]}",
    "square": f"sq0atp-{A[:22]}",
    "shopify": f"shpat_{HEX[:32]}",
    "slack bot": f"xoxb-000000000000-000000000000-{A[:24]}",
    "slack app": f"xapp-1-A00000000-{A[:30]}",
    "slack hook": f"hooks.slack.com/services/T00000000/B00000000/{A[:24]}",
    "discord hook": f"discord.com/api/webhooks/000000000000000000/{A[:60]}",
    "discord bot": f"M{A[:23]}.{A[:6]}.{A[:38]}",
    "telegram": f"110201543:AA{A[:33]}",
    "sendgrid": f"SG.{A[:22]}.{A[:43]}",
    "mailgun": f"key-{HEX[:32]}",
    "mailchimp": f"{HEX[:32]}-us14",
    "twilio": f"SK{HEX[:32]}",
    "hubspot": "pat-na1-00000000-fa4e-fa4e-fa4e-000000000000",
    "airtable": f"pat{A[:14]}.{HEX[:32]}{HEX[:32]}",
    "airtable old": f"key{A[:14]}",
    "notion": f"secret_{A[:43]}",
    "notion new": f"ntn_{A[:46]}",
    "linear": f"lin_api_{A[:40]}",
    "github": f"ghp_{A[:36]}",
    "github fine": f"github_pat_{A[:22]}_{A[:50]}",
    "gitlab": f"glpat-{A[:20]}",
    "npm": f"npm_{A[:36]}",
    "pypi": f"pypi-{A[:70]}",
    "google key": f"AIza{A[:35]}",
    "google access": f"ya29.{A[:60]}",
    "google secret": f"GOCSPX-{A[:28]}",
    "google refresh": f"1//0g{A[:60]}",
    "aws": "AKIAFAKE0FAKE0FAKE00",
    "digitalocean": f"dop_v1_{HEX}{HEX}",
    "supabase": f"sbp_{HEX}",
    "jwt": f"eyJ{A[:20]}.eyJ{A[:30]}.{A[:43]}",
}


@pytest.mark.parametrize("name", TOKEN_EXAMPLES)
@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        "The service refused {}.",
        "a ({}) b",
        "'{}'",
        "\\n{}\\n",
        "https://h.test/x/{} y",
        '401 - "{{\\"m\\": \\"{}\\"}}"',
    ],
)
def test_token_shapes_are_masked_wherever_they_stand(name: str, frame: str) -> None:
    secret = TOKEN_EXAMPLES[name]
    clean = redact_text(frame.format(secret))
    assert secret not in clean
    before, after = frame.replace("{{", "{").replace("}}", "}").split("{}")
    assert clean.startswith(before[:4]) and clean.endswith(after[-4:])
    assert MASK.search(clean)


SECRET_PLACES = [
    ("Authorization: Bearer a81f0c337eaa", "a81f0c337eaa"),
    ("Authorization: Basic ZmFrZTpmYWtlLXBhc3M=", "ZmFrZTpmYWtlLXBhc3M="),
    ('curl -H "X-Api-Key: a81f0c337eaa" https://h.test', "a81f0c337eaa"),
    ("password=hunter2", "hunter2"),
    ("user=app pass=abc123", "abc123"),
    ("password: hunter2", "hunter2"),
    ("password = 'correct horse battery'", "correct horse battery"),
    ('{\\"password\\": \\"correct horse\\", \\"id\\": 7', "correct horse"),
    ('400 - "{\\\\\\"client_secret\\\\\\": \\\\\\"its-own-4\\\\\\"}"', "its-own-4"),
    ('token "a81f0c337eaa" is not valid', "a81f0c337eaa"),
    ("Incorrect API key provided: zz-FAKE-0001.", "zz-FAKE-0001"),
    ("API key zz-FAKE-00017 has been revoked", "zz-FAKE-00017"),
    ("Key (api_key)=(a81f0c337eaa) already exists.", "a81f0c337eaa"),
    ("<password>correct</password>", "correct"),
    ("postgres://app:s3cr3t@db.test:5432/x", "s3cr3t"),
    ("mongodb+srv://app:p%40ss@cluster.test/", "p%40ss"),
    ("https://a81f0c337eaa4b2a76b9@github.test/x.git", "a81f0c337eaa4b2a76b9"),
    ("https://h.test/f?X-Amz-Signature=" + "deadbeef" * 8, "deadbeef" * 8),
    ("https://h.test/f?sv=2024-01-01&sig=a81f0c%2B337eaa%3D", "a81f0c%2B337eaa%3D"),
    ("https://h.test/v1?key=a81f0c337eaa&q=1", "a81f0c337eaa"),
    ("https://h.test/cb?code=a81f0c337eaa", "a81f0c337eaa"),
    ("https://h.test/cb?next=https%3A%2F%2Fi.test%2F%3Ftoken%3Da81f0c337eaa", "a81f0c337eaa"),
    ("https://api.telegram.org/bot110201543:" + A[:35] + "/sendMessage", A[:35]),
    ("Cookie: session=a81f0c337eaa; theme=dark", "a81f0c337eaa"),
    ("session=a81f0c337eaa4b2a76b9", "a81f0c337eaa4b2a76b9"),
    (f"-----BEGIN RSA PRIVATE KEY-----\n{A}\n{A}\n-----END RSA PRIVATE KEY-----", A),
    (f"-----BEGIN PRIVATE KEY-----\\n{A}\\n", A),
    ("mail maria.lopez@example.com now", "maria.lopez@example.com"),
    ("to tom.o'neil@example.co.uk", "tom.o'neil@example.co.uk"),
    ("q=maria.lopez%40example.com", "maria.lopez%40example.com"),
    ("call +1 415 555 0132 now", "415 555 0132"),
    ("call +44 (0)20 7946 0958", "7946 0958"),
    ("The 'To' number (212) 555-0187 is not valid", "(212) 555-0187"),
    ("to=%2B1%20415%20555%200132", "415%20555%200132"),
    ("card 4242 4242 4242 4242 declined", "4242 4242 4242 4242"),
    ("card 5555-5555-5555-4444", "5555-5555-5555-4444"),
    ("amex 378282246310005.", "378282246310005"),
    ("pay DE89370400440532013000", "DE89370400440532013000"),
    ("pay GB82 WEST 1234 5698 7654 32 TODAY", "WEST 1234 5698 7654 32"),
    ("ssn 078-05-1120", "078-05-1120"),
]


@pytest.mark.parametrize(("text", "secret"), SECRET_PLACES)
def test_secrets_are_masked_by_their_place(text: str, secret: str) -> None:
    clean = redact_text(text)
    assert secret not in clean
    assert MASK.search(clean)


KEPT = [
    "",
    "429 - too many requests",
    "The connection was aborted, perhaps the server is offline",
    "Authorization failed - please check your credentials",
    "Your API key is invalid or has been revoked",
    "Invalid API key provided.",
    "The access token expired 2 hour(s) ago",
    "token expired, token type: bearer, Bearer authentication required",
    "password: must be at least 8 characters",
    "Bearer token is missing; Basic authentication is off",
    'The credential "Slack – Delta" needs to be reconnected.',
    'password authentication failed for user "brixton_app"',
    'duplicate key value violates unique constraint "contacts_email_key"',
    "max_tokens=4096 prompt_tokens: 1250 next_page_token=CAUQAA",
    "headers: authorization=**hidden**, x-api-key: **hidden**",
    "Invalid API Key provided: sk_test_****************0000",
    "={{ $json.token }} and {{ $credentials.apiKey }}",
    "at Object.request (/usr/lib/node_modules/n8n/node_modules/.pnpm/n8n-core@2.40.7_abc/dist/index.js:1203:17)",
    "node_modules/@langchain/core/dist/runnables.cjs:12:5",
    "https://n8n.test/workflow/4oKgB7917op6hIRg/executions/2039",
    "execution 1792837465 at 1793664000123, order 4539018273645102, id 100000000000000001",
    "2026-11-02T10:00:57.441+01:00 2026-11-02 10:00:57",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256 " + "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "acct_1FAKE0a1B2c3D4e5 cus_FAKE0a1B2c3D4 req_FAKE0a1B2c3D4 evt_1FAKE0a1B2c3D4e5F6g7H8i",
    "ECONNREFUSED 127.0.0.1:5432 EAI_AGAIN getaddrinfo api.hubapi.com",
    "version 1.123.81 of n8n-nodes-base.slackTrigger, 10.20.30.40",
    "GET https://api.stripe.com/v1/customers?limit=100&starting_after=cus_9",
    "task-runner-000000000000000000000000 risk-assessment-and-review-board",
    "DE89370400440532013001 is no IBAN; 078-05-11200 no number; 000-12-3456 neither",
    "npm_config_user_agent_version_10 test_workflow_number_42_for_client pk_contacts_unique_email_2",
    "patience and patterns; keyboardshortcuts; keyboard 12345678901234",
    "0.4242424242424242 is a share",
    "50% of 100% done, a%20b",
    "Problem in node ‘HubSpot’: user@localhost",
    "[api_key:3f9a1c] and [email:000000]",
]


@pytest.mark.parametrize("text", KEPT)
def test_look_alikes_survive(text: str) -> None:
    assert redact_text(text) == text
    assert redact_text(f"Error 7: {text}") == f"Error 7: {text}"


def test_words_and_hosts_around_a_secret_survive() -> None:
    assert re.fullmatch(
        r"401 - Incorrect API key provided: \[api_key:[0-9a-f]{6}\]\. See https://platform\.openai\.com/account\.",
        redact_text(f"401 - Incorrect API key provided: sk-proj-{A[:40]}. See https://platform.openai.com/account."),
    )
    assert re.fullmatch(
        r"postgres://app:\[password:[0-9a-f]{6}\]@127\.0\.0\.1:5432/x",
        redact_text("postgres://app:s3cr3t@127.0.0.1:5432/x"),
    )


@pytest.mark.parametrize(
    ("tree", "path", "kind"),
    [
        ({"password": "plain"}, ["password"], "password"),
        ({"password": 1234}, ["password"], "password"),
        ({"dbPassword": "x"}, ["dbPassword"], "password"),
        ({"headers": {"Authorization": "a81f0c33"}}, ["headers", "Authorization"], "token"),
        ({"headers": {"set-cookie": ["a=a81f0c337e; Path=/"]}}, ["headers", "set-cookie", 0], "cookie"),
        ({"headers": {"X-API-Key": "a81f0c33"}}, ["headers", "X-API-Key"], "api_key"),
        ({"qs": {"access_token": "a81f0c33"}}, ["qs", "access_token"], "token"),
        ({"resumeToken": "a81f0c33"}, ["resumeToken"], "token"),
        ([{"name": "api_key", "value": "zz-FAKE-1"}], [0, "value"], "api_key"),
        ({"rawHeaders": ["Host", "h.test", "Authorization", "a81f0c33"]}, ["rawHeaders", 3], "token"),
        ({"api_key": {"value": "a81f0c33"}}, ["api_key", "value"], "api_key"),
        ({"aws": {"secretAccessKey": A[:40]}}, ["aws", "secretAccessKey"], "secret"),
        (
            {"credentials": {"httpBasicAuth": {"user": "app", "pass2": "plain"}}},
            ["credentials", "httpBasicAuth", "pass2"],
            "credential",
        ),
        ({"thing_key": A[:40]}, ["thing_key"], "secret"),
        ({"phone": "020 7946 0958"}, ["phone"], "phone"),
        ({"phone": 4155550132}, ["phone"], "phone"),
        ({"card": 4242424242424242}, ["card"], "card"),
        ({"ssn": "078051120"}, ["ssn"], "ssn"),
    ],
)
def test_the_key_says_what_an_opaque_value_is(tree: object, path: list[object], kind: str) -> None:
    clean = redact_tree(tree)
    for step in path:
        clean = clean[step]
    assert re.fullmatch(rf"\[{kind}:[0-9a-f]{{6}}\]", clean)


@pytest.mark.parametrize(
    "tree",
    [
        {"credentials": {"slackApi": {"id": "4oKgB7917op6hIRg", "name": "Slack – Delta 2024"}}},
        {"authorization": "**hidden**", "apiKey": "={{ $env.KEY }}", "password": "", "token": None},
        {"usage": {"total_tokens": 1500, "max_tokens": "4096"}, "nextPageToken": A[:40], "tokenType": "bearer"},
        {"credential": "Google Sheets – Northbeam shared", "nodeCredentialType": "hubspotAppToken"},
        {
            "authentication": "genericCredentialType",
            "genericAuthType": "httpHeaderAuth",
            "authUrl": "https://h.test/o/v2",
        },
        {"id": "4oKgB7917op6hIRg", "webhookId": "550e8400-e29b-41d4-a716-446655440000", "httpCode": "401", "n": 1.5},
        {"startTime": 1793664000123, "executionId": 20393837261, "flag": True},
        {"sessionId": "550e8400 is a chat", "keyword": "freight", "key": "contact"},
        {"name": "Authorization header missing", "value": "see docs"},
    ],
)
def test_trees_without_secrets_come_back_equal(tree: object) -> None:
    assert redact_tree(tree) == tree


def test_keys_can_hold_secrets_and_the_input_is_not_changed() -> None:
    tree = {"maria@example.com": {"n": 1}, "ok": [1, "x"]}
    clean = redact_tree(tree)
    assert "maria@example.com" not in json.dumps(clean)
    assert tree == {"maria@example.com": {"n": 1}, "ok": [1, "x"]}


def test_schemes_stay_and_equal_secrets_compare_equal_across_places() -> None:
    header = redact_tree({"authorization": "Bearer a81f0c337eaa"})["authorization"]
    assert re.fullmatch(r"Bearer \[token:[0-9a-f]{6}\]", header)
    assert header[-7:-1] in redact_text("The token a81f0c337eaa was revoked")
    assert header[-7:-1] in redact_text('{"api_key": "a81f0c337eaa"}')
    assert header[-7:-1] not in redact_text("The token a81f0c337eab was revoked")


def test_json_in_a_string_is_a_tree_at_any_depth() -> None:
    inner = json.dumps({"user": {"password": "two words"}, "id": 7})
    clean = redact_tree({"body": json.dumps({"m": inner})})
    assert "two words" not in clean["body"]
    assert json.loads(json.loads(clean["body"])["m"])["id"] == 7


def test_json_without_secrets_keeps_its_writing() -> None:
    text = '{ "a" : 1.0,\n "b":[ ] }'
    assert redact_text(text) == text


def test_personal_data_can_be_left() -> None:
    text = "maria@example.com used sk-" + A[:30]
    assert redact_text(text, personal=False).startswith("maria@example.com used [api_key:")
    assert redact_tree({"phone": "020 7946 0958", "pin": 1}, personal=False)["phone"] == "020 7946 0958"


@pytest.mark.parametrize("secret", ["pa ss/w+rd@example.com", "maria.lopez@example.com", "4242 4242 4242 4242"])
@pytest.mark.parametrize(
    "encode", [str, quote, quote_plus, lambda s: quote(s, safe=""), lambda s: json.dumps(json.dumps(s))]
)
def test_encoded_forms_are_found_too(secret: str, encode: object) -> None:
    form = encode(secret)  # type: ignore[operator]
    assert form not in redact_text(f"https://h.test/?password={form}")


PIECES = [
    "token",
    "password",
    ":",
    "=",
    '"',
    "\\",
    "@",
    "://",
    "%41",
    "?sig=",
    "+",
    "-",
    "4242",
    "Bearer ",
    "cookie: a=",
    "[",
]
MASKS = ["[api_key:3f9a1c]", "[password:123456]"]
FRAGMENTS = st.sampled_from(
    [*TOKEN_EXAMPLES.values(), *(text for text, _ in SECRET_PLACES), *KEPT, *PIECES, *MASKS, " ", "\n"]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=6), max_size=8).map("".join)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["password", "name", "value", "headers", "token", "credentials", "phone"]) | TEXTS,
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_redacting_twice_changes_nothing_in_text(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_redacting_twice_changes_nothing_in_trees(tree: object) -> None:
    once = redact_tree(tree)
    assert redact_tree(once) == once


K = "Kq7-Zw9Xv4nR8sTd"
# What once was judged otherwise when a mask stood in it or beside it, and the form of what becomes of it.
MASKED_ONCE: dict[str, tuple[object, object]] = {
    "a name with its own password": (
        {"name": "password=hunter2", "value": 1234},
        {"name": "password=[password]", "value": "[password]"},
    ),
    "a name with a password, behind its value": (
        {"content": "e", "header": "Pass:hunter2"},
        {"content": "[password]", "header": "Pass:[password]"},
    ),
    "a name masked for the credential that it is in": (
        {"credentials": {"header": "url", "value": "word"}},
        {"credentials": {"header": "[credential]", "value": "[credential]"}},
    ),
    "a name masked for the request that it is in": (
        {"params": {"key": "X-API-Key", "value": "abc12"}},
        {"params": {"key": "[api_key]", "value": "[api_key]"}},
    ),
    "an item masked for its list's key, before another": (
        {"pin": ["password", "x-12345678-token", "hunter"]},
        {"pin": ["password", "[password]", "[password]"]},
    ),
    "an item with a mask, before another": (
        {"password": ["maria@example.com phone", K]},
        {"password": ["[email] phone", "[password]"]},
    ),
    "an item with a word for a key and a key": (
        ["api key zz-FAKE-00017", "a81f0c337eaa"],
        ["api key [api_key]", "[api_key]"],
    ),
    "an item with a mask, behind a name": (
        {"password": ["apikey", "mail:maria@example.com"]},
        {"password": ["[password]", "[password]"]},
    ),
    "a credential with a cookie in it": (
        {"credentials": "session=a81f0c337eaa4b2a76b9?sig="},
        {"credentials": "[credential]"},
    ),
    "a credential whose file has a hook in its path": (
        {"credentials": {"slackApi": "a/hooks/5sen7i5372jrsokjw46w20l7j9.txt"}},
        {"credentials": {"slackApi": "[credential]"}},
    ),
    "a card's number among tokens": ({"tokens": ["ab-4242424242424242-x"]}, {"tokens": ["[token]"]}),
    "the private part of a key": ({"kty": "oct", "k": K}, {"kty": "oct", "k": "[private_key]"}),
    "an address among tokens": ({"tokens": ["mail:maria@example.com"]}, {"tokens": ["mail:[email]"]}),
    "an address among cookies": ({"cookies": {"to": "mail:maria@example.com"}}, {"cookies": {"to": "mail:[email]"}}),
    "an address in a query": ({"query": {"code": "mail:maria@example.com"}}, {"query": {"code": "mail:[email]"}}),
}


@pytest.mark.parametrize("case", MASKED_ONCE)
def test_a_mask_changes_nothing_for_what_it_stands_in_or_beside(case: str) -> None:
    tree, form = MASKED_ONCE[case]
    for number in range(20):  # the digits of a mask may look like those of a secret, or not
        gate = Redactor(bytes([number]))
        once = gate.tree(tree)
        assert re.sub(r":[0-9a-f]{6}\]", "]", json.dumps(once)) == json.dumps(form)
        assert gate.tree(once) == once


def test_masks_depend_on_the_key_and_on_nothing_else() -> None:
    text = "token a81f0c337eaa by maria@example.com"
    assert Redactor(b"one").text(text) == Redactor(b"one").text(text)
    assert Redactor(b"one").text(text) != Redactor(b"two").text(text)
    assert Redactor(SAMPLE_KEY).mask("api_key", "x") == "[api_key:" + Redactor(SAMPLE_KEY).mask("token", "x")[7:]


def test_too_deep_trees_are_cut_not_kept() -> None:
    tree: object = "maria@example.com"
    for _ in range(3 * MAX_DEPTH):
        tree = [tree]
    text = str(redact_tree(tree))
    assert "maria@example.com" not in text and "[too_deep:" in text
    assert "maria@example.com" not in redact_text("[" * 100_000 + '"maria@example.com"' + "]" * 100_000)


_SETS = (
    MARKED,
    DOTTED,
    SHAPES,
    PLACES,
    LINES,
    BLOCKS,
    COMMANDS,
    ARGUMENTS,
    DEVICES,
    CALLS,
    SENTENCES,
    NEIGHBOURS,
    NUMBERS,
)
RULES = (*(rule for rules in _SETS for rule in rules), PEM, PPK, EMAIL)
UNITS = sorted(
    {hint for rule in RULES for hint in rule.hints} | {"eyJaaaaaaaa.", "a@b.", "4242 ", "DE89 ", "%25", "\\", "{", "1"}
)


@pytest.mark.parametrize("glue", ["", " ", "-", "a", ".", "=", ": '", "0 "])
def test_hostile_repetition_ends(glue: str) -> None:
    """Every rule's own hint, over and over: time that grows with the square of the length would show as minutes."""
    for unit in UNITS:
        for cased in {unit, unit.upper(), unit.replace("eyj", "eyJ")}:
            text = (cased + glue) * (5_000 // len(cased + glue))
            once = redact_text(text)
            assert redact_text(once) == once


def test_no_pattern_repeats_an_open_repetition() -> None:
    """`(a+)+` takes exponential time; a repeated group may hold bounded repetitions only."""
    import re._constants as sre
    import re._parser as parser

    def walk(parsed: object, repeated: bool) -> None:
        for op, argument in parsed:  # type: ignore[attr-defined]
            if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                _, high, body = argument
                assert not (repeated and high is sre.MAXREPEAT)
                walk(body, repeated or high is sre.MAXREPEAT or high > 8)
            elif op is sre.SUBPATTERN:
                walk(argument[3], repeated)
            elif op is sre.BRANCH:
                for branch in argument[1]:
                    walk(branch, repeated)

    for rule in RULES:
        walk(parser.parse(rule.pattern.pattern), False)


def test_checksums() -> None:
    assert luhn("4242424242424242") and not luhn("4242424242424241")
    assert iban_valid("GB82WEST12345698765432") and not iban_valid("GB82WEST12345698765433")
    assert not iban_valid("ZZ00") and all(15 <= length <= 34 for length in IBAN_LENGTHS.values())


class TestStream:
    def test_text_goes_line_by_line_and_a_private_key_as_one(self) -> None:
        lines = [
            "plain\n",
            "maria@example.com\r\n",
            "-----BEGIN PRIVATE KEY-----\n",
            A + "\n",
            "-----END PRIVATE KEY-----\n",
            "\n",
            "end",
        ]
        clean = list(redact_lines(lines))
        assert clean[0] == "plain" and clean[1].startswith("[email:") and clean[2].startswith("[private_key:")
        assert clean[3:] == ["", "end"]

    def test_an_unended_private_key_is_masked(self) -> None:
        assert A not in "".join(redact_lines(["-----BEGIN PRIVATE KEY-----\n", A]))

    def test_jsonl_holds_a_value_a_line_and_loses_no_bad_line(self) -> None:
        unread = Unread()
        lines = ['"maria@example.com"\n', '{"password": "plain"}\n', "\n", '{"password": "plain\n', "7\n"]
        clean = list(redact_lines(lines, "jsonl", unread))
        assert json.loads(clean[0]).startswith("[email:")
        assert json.loads(clean[1])["password"].startswith("[password:")
        assert clean[2] == "" and clean[3].startswith('{"password": "[password:') and clean[4] == "7"
        assert unread.count == 1

    def test_json_is_one_document(self) -> None:
        unread = Unread()
        (clean,) = redact_lines(['{"a": 1,\n', '"password": "plain"}\n'], "json", unread)
        assert json.loads(clean)["a"] == 1 and "plain" not in clean and unread.count == 0
        (broken,) = redact_lines(['{"password": "plain"'], "json", unread)
        assert "plain" not in broken and unread.count == 1


class TestKey:
    @pytest.fixture(autouse=True)
    def _home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(key.KEY_VARIABLE, raising=False)
        monkeypatch.delenv(key.KEY_FILE_VARIABLE, raising=False)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setattr(redact, "_default", None)

    def test_a_file_is_made_once_for_its_owner_only(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            first = load_key()
        finally:
            os.umask(before)
        path = tmp_path / "state" / "incident-nb" / "redaction.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert first.lasting and len(first.value) >= 32
        assert load_key() == first
        assert [entry.name for entry in path.parent.iterdir()] == ["redaction.key"]

    def test_a_workspace_has_its_own_and_the_environment_goes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = load_key(tmp_path)
        assert own != load_key() and (tmp_path / "redaction.key").exists()
        named = tmp_path / "named"
        named.write_text("from a file\n")
        monkeypatch.setenv(key.KEY_FILE_VARIABLE, str(named))
        assert load_key(tmp_path).value == b"from a file"
        monkeypatch.setenv(key.KEY_VARIABLE, "from the environment")
        assert load_key(tmp_path).value == b"from the environment"

    def test_where_nothing_can_be_written_the_key_lasts_as_long_as_the_process(self, tmp_path: Path) -> None:
        blocked = tmp_path / "a file"
        blocked.write_text("")
        assert not load_key(blocked / "workspace").lasting

    @pytest.mark.parametrize("content", [None, ""])
    def test_a_named_key_file_that_is_missing_or_empty_is_an_error(
        self, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        named = tmp_path / "named"
        if content is not None:
            named.write_text(content)
        monkeypatch.setenv(key.KEY_FILE_VARIABLE, str(named))
        with pytest.raises(SettingsError, match="redaction key"):
            load_key()

    def test_the_chosen_key_is_the_one_used_and_is_never_shown(self) -> None:
        with using(Redactor(b"other")):
            other = redact_text("maria@example.com")
        redact._override.set(None)
        redact.use_key(b"given")
        assert redact_text("maria@example.com") == Redactor(b"given").text("maria@example.com") != other
        assert redact.redaction_key().source == "given" and "b'given'" not in repr(redact.redaction_key())
