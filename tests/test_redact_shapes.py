"""What the gate masks by its shape and what the tripwire trips over are the same, whatever a key's body is drawn from."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Iterator

import pytest

from incident_nb.errors import LeakError
from incident_nb.redact import SAMPLE_KEY, Redactor, sealed, using
from incident_nb.redact.rules import Rule
from incident_nb.redact.shapes import DOTTED, MARKED, RUN, SHAPES, UNBROKEN
from incident_nb.redact.vendors import ALPHABETS, ROWS, Row
from tests.matches import matches
from tests.test_redact_rules import tried

GATE = Redactor(SAMPLE_KEY)
FRAMES = ("{}", "value {} was sent", "x={}.", '{{"a": "{}"}}', "line\\n{}\\n")
# Drawn from all of an alphabet, from words of it, from its marks, its digits and its capitals alone.
DRAWS = ("", "", "", "abcdefgh_.", "._-/=%&+~:|*!", string.digits, "ABCDEF-")
LETTERS = {name: re.findall(f"[{letters}]", string.printable) for name, letters in ALPHABETS.items()}


def bodies(row: Row) -> Iterator[str]:
    """Bodies of a row's keys, the characters drawn by lot from its alphabets."""
    lot = random.Random(f"{row.vendor} {row.prefixes[0]}")
    for mean in DRAWS:
        parts = []
        for name, low, high in row.items:
            letters = [c for c in LETTERS[name] if c in mean] or LETTERS[name] if low else [name]
            size = lot.randint(low, low + 9 if high is None else high) if low else 1
            parts.append("".join(lot.choice(letters) for _ in range(size)))
        yield "".join(parts)


def agree(text: str) -> None:
    """The text's form without secrets goes into an artefact, and passes the gate once more as it is."""
    clean = GATE.text(text)
    assert GATE.certain(clean) == clean, text
    assert GATE.text(clean) == clean, text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.vendor} {row.prefixes[0]}")
def test_the_gate_leaves_nothing_of_a_vendors_key_to_the_tripwire(row: Row) -> None:
    assert all(len(prefix) + len(body) >= 14 for prefix in row.prefixes for body in bodies(row))
    for body in bodies(row):
        for frame in FRAMES:
            agree(frame.format(row.prefixes[0] + body))


@pytest.mark.parametrize("rule", [*MARKED, *DOTTED, *SHAPES], ids=lambda rule: rule.pattern.pattern[:60])
def test_the_gate_leaves_nothing_of_a_shape_to_the_tripwire(rule: Rule) -> None:
    for mean in DRAWS[2:]:
        for _, texts in matches(rule.pattern, mean=mean):
            for number, text in zip(range(8), texts, strict=False):
                assert tried(rule, text), text
                found = rule.pattern.search(text)
                assert found and UNBROKEN.search(found["s"]) and (rule not in [*SHAPES] or RUN.search(found["s"])), text
                if number < 2:
                    agree(text)


KEYS = (
    "cRJ8Q~dDWVX6-ZSB7TSh9nWZR.W.HxE1VQt88Ivi",
    "$2b$10$hSVsLnwfr2C.OvOsN9xAI.uVYvnzayIH3/jLAb24GwMGKHAtWrKZV",
    "eyJy-DACiQ2F_.FgfdxcjREY",
    "perm:YW5u.S2l0ZQ==.3kT/x9Qz/1mB4/nR8s/TdL3/7hKq2/Zw9XvB",
    "prod:otter|3kT/x9Qz/1mB4/nR8s/TdL3/7hKq2/Zw9XvB/aa7Q+=",
)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_whose_marks_end_its_runs_is_masked(key: str) -> None:
    for frame in FRAMES[:4]:
        clean = GATE.text(frame.format(key))
        assert key not in clean and key[-10:] not in clean and "[" in clean
        with using(GATE):
            assert sealed("report.md", clean) == clean
            with pytest.raises(LeakError):
                sealed("report.md", frame.format(key))


def test_azures_client_secrets_are_masked_whatever_they_are_drawn_as() -> None:
    lot = random.Random(1)
    letters = string.ascii_letters + string.digits + "_~.-"
    for _ in range(400):
        first, body = ("".join(lot.choice(letters) for _ in range(size)) for size in (3, 34))
        secret = f"{first[:3].replace('-', 'a').replace('~', 'b').replace('.', 'c')}8Q~{body}"
        clean = GATE.text(f"value {secret} was sent")
        assert re.fullmatch(r"value \[secret:[0-9a-f]{6}\][.~_-]{0,34} was sent", clean), secret
        assert GATE.text(json.dumps({"a": secret})) != json.dumps({"a": secret})


@pytest.mark.parametrize(
    "name", ["sk_test_helpers_for_orders", "polar_sync_orders_to_the_shop", "github_pat_is_not_set_here_now"]
)
def test_names_of_functions_are_no_keys(name: str) -> None:
    for frame in FRAMES:
        assert GATE.text(frame.format(name)) == frame.format(name) == GATE.certain(frame.format(name))
