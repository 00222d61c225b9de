"""The gate's work grows with the length of a text and no faster. Work is counted, in characters copied or looked over."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from typing import Any, SupportsIndex

import pytest

from incident_nb import redact
from incident_nb.redact import SAMPLE_KEY, Redactor, gate
from incident_nb.redact.masking import Mask, applied
from incident_nb.redact.rules import Rule
from tests.test_redact import KEPT, SECRET_PLACES

MODULES = [
    importlib.import_module(f"incident_nb.redact.{found.name}") for found in pkgutil.iter_modules(redact.__path__)
]
LINES = [
    *(text for text, _ in SECRET_PLACES),
    *KEPT,
    "arn:aws:secretsmanager:eu:123:secret=abc",
    "password=Pa55(word1",
    "password: hunter",
    "git@h.test:n8n/n8n.git",
    "doctl -t token of the user",
    "client --password hunter in the file",
    "?error=BadCredentials pW9WGPEj4woy9thYEH8L",
]
SHORT, LONG = 5_000, 20_000
work = 0


def add(characters: int) -> None:
    global work  # noqa: PLW0603
    work += characters


class Counted(str):
    """A text that counts what is copied of it."""

    __slots__ = ()

    def __getitem__(self, place: SupportsIndex | slice) -> str:
        part = super().__getitem__(place)
        add(len(part))
        return part


class Watched:
    """A pattern that counts what it looks over."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pattern, name)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        end = len(text) if end is None else min(end, len(text))
        found = self._pattern.search(text, start, end)
        add((found.end() if found else end) - start)
        return found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The patterns of all modules and of all rules count, and so do the texts that rules are given."""

    for module in MODULES:
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Watched(value))
    plain = Rule.next_match

    def next_match(rule: Rule, text: str, low: str) -> Callable[[str, int], re.Match[str] | None]:
        search = plain(rule, text, low)

        def counting(text: str, start: int) -> re.Match[str] | None:
            found = search(text, start)
            add((found.end() if found else len(text)) - start)
            return found

        return counting

    def counted(rule: Rule, text: str, low: str | None, mask: Mask, personal: bool) -> str:
        given = Counted(text)
        clean = applied(rule, given, low, mask, personal)
        return text if clean is given else clean

    monkeypatch.setattr(Rule, "next_match", next_match)
    monkeypatch.setattr(gate, "applied", counted)


def done(line: str, size: int) -> int:
    """The work on as many of the lines as give a text of this size."""
    global work  # noqa: PLW0603
    work = 0
    Redactor(SAMPLE_KEY).text(line * (size // len(line)), personal=True)
    return work


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("glue", [" ", "\n"], ids=["on one line", "on many"])
def test_the_work_grows_with_the_text(glue: str) -> None:
    grown = {line: done(line + glue, LONG) / max(done(line + glue, SHORT), SHORT) for line in LINES if line}
    assert {line: growth for line, growth in grown.items() if growth > 1.3 * LONG / SHORT} == {}
