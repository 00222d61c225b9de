"""The gate itself: text and trees in, the same without secrets out."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

from . import encoded, vendors
from .arguments import ARGUMENTS
from .calls import CALLS
from .columns import masked_columns
from .commands import COMMANDS
from .devices import DEVICES
from .known import forms
from .masking import applied, replaced
from .neighbours import NEIGHBOURS
from .personal import AT, DIGITS, EMAIL, NUMBERS
from .places import BLOCKS, LINES, may_hold_keys
from .rules import Hints, Rules
from .said import SENTENCES
from .shapes import DOTTED, MARKED, PEM, PPK, RUN, SHAPES, UNBROKEN
from .tables import masked_tables
from .urls import PLACES
from .walk import Walk

_HINTS = Hints(
    NEIGHBOURS, BLOCKS, MARKED, DOTTED, SHAPES, PLACES, LINES, COMMANDS, ARGUMENTS, DEVICES, CALLS, SENTENCES, NUMBERS
)
# Rules that few lines of a text have a hint of, and that are not tried on the others.
_WORDS = PLACES.bits | COMMANDS.bits | ARGUMENTS.bits | DEVICES.bits | CALLS.bits | SENTENCES.bits

MAX_PASSES = 8
CACHE_CHARACTERS = 32_000_000
LONGEST_CACHED = 20_000

# Words in small letters, in which nothing can be drawn by lot.
_WORDS_ONLY = re.compile(r"[A-Za-z]?[a-z]{0,12}(?:[ ._][A-Za-z]?[a-z]{0,12})*+")


class Redactor:
    """Masks secrets with one key. Distinct lines are looked at once; equal secrets get equal digests.

    A mask is `[kind:digest]`, the digest being the first six hex digits of HMAC-SHA256 over the secret. `known` are
    exact values to mask wherever they stand. `personal` says whether personal data is masked when a call does not.
    """

    def __init__(self, key: bytes, known: Iterable[str] = (), personal: bool = True) -> None:
        self._key = key
        self.personal = personal
        found = {form: self.mask("secret", value) for value in known for form in forms(value)}
        self._known = sorted(found.items(), key=lambda form: -len(form[0]))
        self._seen: dict[tuple[str, bool, str], str] = {}
        self._seen_characters = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process that is to make the same masks. What is pickled holds the key and the known secrets."""
        return _handed_over, (self._key, tuple(self._known), self.personal)

    def mask(self, kind: str, secret: str) -> str:
        """The mask of a secret, such as `[api_key:3f9a1c]`."""
        return f"[{kind}:{hmac.digest(self._key, secret.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:6]}]"

    def text(self, text: str, personal: bool | None = None) -> str:
        """The text with its secrets masked; JSON inside it is treated as a tree. Masked text comes back as it is."""
        personal = self.personal if personal is None else personal
        if len(text) < 4:
            return text
        for form, mask in self._known:
            if form in text:
                text = text.replace(form, mask)
        if len(text) < 14 and text.isidentifier():
            return text
        if len(text) < 100 and _WORDS_ONLY.fullmatch(text) and "pass" not in text.lower():
            return text
        if len(text) > LONGEST_CACHED:
            return self._text(text, personal)
        return self._once(self._text, text, personal)

    def _text(self, text: str, personal: bool, _hints: int = 0) -> str:
        if text[0] in "{[" and text.rstrip()[-1] in "}]":
            try:
                tree = encoded.document(text)
                clean = self.tree(tree, personal)
            except (ValueError, RecursionError):
                pass
            else:
                indent = 2 if "\n" in text else None
                return text if clean == tree else json.dumps(clean, ensure_ascii=False, indent=indent)
        # Masks can bring together what stood apart, so a text is done when a pass changes nothing.
        for _ in range(MAX_PASSES):
            done = text
            text = encoded.quoted_printable(self._pass(text, personal), lambda inner: self.text(inner, personal))
            if text == done:
                break
        return text

    def _once(self, work: Callable[[str, bool, int], str], text: str, personal: bool, hints: int = 0) -> str:
        """What the work makes of a text; error texts and their lines repeat, so what was seen is not done again."""
        key = (text, personal, work.__name__)
        known = self._seen.get(key)
        if known is None:
            known = work(text, personal, hints)
            if self._seen_characters > CACHE_CHARACTERS:
                self._seen.clear()
                self._seen_characters = 0
            self._seen[key] = known
            self._seen_characters += len(text)
        return known

    def certain(self, text: str) -> str:
        """The text with only those secrets masked that are known exactly or told by their shape, wherever they stand."""
        for form, mask in self._known:
            text = text.replace(form, mask)
        text = self._keys(text)
        return self._shaped(text, _HINTS.of(text.lower()))

    def _keys(self, text: str) -> str:
        """The text without private keys, which span lines."""
        return applied(PPK, applied(PEM, text, None, self.mask, True), None, self.mask, True)

    def _shaped(self, text: str, hints: int) -> str:
        """The text without the secrets that their shape tells: what the gate masks is what the tripwire trips over."""
        text = replaced(text, vendors.find(text), self.mask)
        text = self._try(DOTTED, hints, self._try(MARKED, hints, text))
        return self._try(SHAPES, hints, text) if RUN.search(text) else text

    def tree(self, value: Any, personal: bool | None = None) -> Any:
        """The value with secrets masked, keys included; what a key or a neighbour says of a value counts."""
        personal = self.personal if personal is None else personal
        return Walk(partial(self.text, personal=personal), self.mask, personal).tree(value)

    def _pass(self, text: str, personal: bool) -> str:
        low = text.lower()
        hints = _HINTS.of(low)
        if "rivate" in text or "RIVATE" in text:
            text = self._keys(text)
        text = self._try(NEIGHBOURS, hints, text, personal)
        text = masked_tables(text, low, self.mask, personal)
        if "\n" in text:
            text = masked_columns(text, self.mask, personal)
        keyed = may_hold_keys(text)
        if keyed:
            if "{" in text and ("redential" in text or "ecrets" in text):  # what it is inside of counts for those
                text = encoded.documents(text, lambda tree: self.tree(tree, personal))
            text = self._try(BLOCKS, hints, text, personal)
        if "\n" not in text:
            return self._line(text, personal, hints)
        if hints & _WORDS:
            hints = 0
        return "\n".join([self._once(self._line, line, personal, hints) for line in text.split("\n")])

    def _line(self, text: str, personal: bool, hints: int) -> str:
        """One line through every rule; `hints` are those of a text that it stands in, or 0."""
        if len(text) < 4:
            return text
        hints = hints or _HINTS.of(text.lower())
        unbroken = UNBROKEN.search(text) is not None
        if unbroken:
            text = self._shaped(text, hints)
        text = self._try(PLACES, hints, text, personal)
        if may_hold_keys(text):
            text = self._try(LINES, hints, text, personal)
        for rules in (COMMANDS, ARGUMENTS, DEVICES, CALLS, SENTENCES):
            text = self._try(rules, hints, text, personal)
        if personal:
            if AT.search(text):
                text = applied(EMAIL, text, None, self.mask, personal)
            if "+" in text or DIGITS.search(text):
                text = self._try(NUMBERS, hints, text)

        def clean(inner: str) -> str:
            return self.text(inner, personal)

        if "%" in text:
            text = encoded.percent(text, clean)
        if "&" in text or "\\u" in text or not text.isprintable():
            text = encoded.undone(text, clean)
        return encoded.base64(text, clean, self.mask) if unbroken else text

    def _try(self, rules: Rules, hints: int, text: str, personal: bool = True) -> str:
        """The rules of which a text gave a hint."""
        if not hints & rules.bits:
            return text
        low, mask = text.lower(), self.mask
        looked: dict[re.Pattern[str], bool] = {}
        for rule in rules.hinted(hints):
            if rule.gate is not None:
                if rule.gate not in looked:
                    looked[rule.gate] = rule.gate.search(text) is not None
                if not looked[rule.gate]:
                    continue
            masked = applied(rule, text, low, mask, personal)
            if masked is not text:
                text, low = masked, masked.lower()
                looked.clear()
        return text


@lru_cache(maxsize=1)
def _handed_over(key: bytes, known: tuple[tuple[str, str], ...], personal: bool) -> Redactor:
    """A redactor from another process; handed over again, it still knows what it has seen."""
    redactor = Redactor(key, (), personal)
    redactor._known = list(known)
    return redactor
