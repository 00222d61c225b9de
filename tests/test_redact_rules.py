"""What rules are built like: nothing that a pattern could match is lost to its hints, its quick look or its anchor."""

from __future__ import annotations

import pytest

from incident_nb.redact.arguments import ARGUMENTS
from incident_nb.redact.calls import CALLS
from incident_nb.redact.commands import COMMANDS
from incident_nb.redact.devices import DEVICES
from incident_nb.redact.neighbours import NEIGHBOURS
from incident_nb.redact.personal import NUMBERS
from incident_nb.redact.places import BLOCKS, LINES
from incident_nb.redact.rules import Rule
from incident_nb.redact.said import SENTENCES
from incident_nb.redact.shapes import DOTTED, MARKED, SHAPES
from incident_nb.redact.urls import PLACES
from tests.matches import matches

FAMILIES = {
    "marked": MARKED,
    "dotted": DOTTED,
    "shapes": SHAPES,
    "places": PLACES,
    "lines": LINES,
    "blocks": BLOCKS,
    "commands": COMMANDS,
    "arguments": ARGUMENTS,
    "devices": DEVICES,
    "calls": CALLS,
    "sentences": SENTENCES,
    "neighbours": NEIGHBOURS,
    "numbers": NUMBERS,
}
KEYS = {"key": ("password", "apiKey", "token", "api_secret")}
# What tells of some secrets stands elsewhere in the text.
AROUND = ("", "form-data ", "LoginModule ", "reg add HKLM ", "execute_kw ", "-[ RECORD 1 ]-\n", "curl ")
# Codes below each other, each with a digit among its letters: too seldom by lot.
NOT_DRAWN = {"."}


def tried(rule: Rule, text: str) -> bool:
    """Whether the rule is tried on a text that its pattern matches, and where it does."""
    low = text.lower()
    hinted = not rule.hints or any(hint in low for hint in rule.hints)
    looked = rule.gate is None or rule.gate.search(text) is not None
    return hinted and looked and rule.next_match(text, low)(text, 0) is not None


@pytest.mark.parametrize("family", FAMILIES)
def test_every_alternative_of_a_pattern_is_tried(family: str) -> None:
    dead = []
    for rule in FAMILIES[family]:
        for name, texts in matches(rule.pattern, KEYS):
            drawn = None
            for drawn in texts:
                if any(tried(rule, before + drawn) for before in AROUND):
                    break
            else:
                if drawn is not None or name not in NOT_DRAWN:
                    dead.append((rule.pattern.pattern[:80], name, drawn))
    assert dead == []
