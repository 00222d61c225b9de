"""The gate itself: text and trees in, the same without secrets out."""

from __future__ import annotations

import hmac
import json
import re
from typing import Any
from urllib.parse import unquote_plus

from .personal import DIGITS, EMAIL, NUMBERS, PERSONAL_KINDS
from .places import PLACES, Test, anything, key_rule, stand_in, without_scheme
from .rules import MASK, PEM, SHAPES, SHORTEST_TOKEN, TOKENS, Rule

MAX_DEPTH = 200
MAX_PASSES = 8
CACHE_CHARACTERS = 32_000_000

# Most strings hold no hint; these flat lists make that the cheap case.
_SHAPED = [(hint, rule) for rule in (*TOKENS, *SHAPES) for hint in rule.hints]
_PLACED = [(hint, rule) for rule in PLACES for hint in rule.hints]

# Names and values side by side, as header and query parameters are kept by n8n and in HAR files.
_NAMES = ("name", "key", "header", "field", "parameter")
_VALUES = ("value", "content", "defaultValue")

# Inside a credential's data everything but these is masked: they say which account and place it was.
_CREDENTIAL_DATA = frozenset({"credentials", "credentialdata", "decrypteddata", "oauthtokendata"})
_CREDENTIAL_LABELS = re.compile(
    r"(?i:id|name|type|host|hostname|port|database|server|region|domain|scope|grant_?type|token_?type|.*ur[il]|.*at|"
    r"expires_?in|allowed.*|authentication|ssl|schema|environment|version|user_?name|user)"
)

_PERCENT = re.compile(r"[\w.~%+*!-]*")
_PERCENT_CODE = re.compile(r"%[0-9A-Fa-f]{2}")


class Redactor:
    """Masks secrets with one key. Distinct lines are looked at once; equal secrets get equal digests.

    A mask is `[kind:digest]`, the digest being the first six hex digits of HMAC-SHA256 over the secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._seen: dict[tuple[str, bool], str] = {}
        self._seen_characters = 0

    def mask(self, kind: str, secret: str) -> str:
        """The mask of a secret, such as `[api_key:3f9a1c]`."""
        return f"[{kind}:{hmac.digest(self._key, secret.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:6]}]"

    def text(self, text: str, personal: bool = True) -> str:
        """The text with its secrets masked; JSON inside it is treated as a tree. Masked text comes back as it is."""
        if len(text) < 4:
            return text
        if text[0] in "{[" and text.rstrip()[-1] in "}]":
            try:
                tree = json.loads(text)
                clean = self.tree(tree, personal)
            except (ValueError, RecursionError):
                pass
            else:
                indent = 2 if "\n" in text else None
                return text if clean == tree else json.dumps(clean, ensure_ascii=False, indent=indent)
        # Masks can bring together what stood apart, so a text is done when a pass changes nothing.
        for _ in range(MAX_PASSES):
            done, text = text, self._pass(text, personal)
            if text == done:
                break
        return text

    def tree(self, value: Any, personal: bool = True) -> Any:
        """The value with secrets masked, keys included; what a key or a neighbour says of a value counts."""
        return self._tree(value, personal, None, False, 0)

    def _tree(self, value: Any, personal: bool, key: str | None, in_credential: bool, depth: int) -> Any:
        if isinstance(value, str):
            return self._value(value, personal, key, in_credential)
        if isinstance(value, dict):
            if depth >= MAX_DEPTH:
                return self.mask("too_deep", "object")
            named = next((value[name] for name in _NAMES if isinstance(value.get(name), str)), None)
            clean = {}
            for name, child in value.items():
                label = self.text(name, personal) if isinstance(name, str) else name
                place = (named or key) if name in _VALUES else str(label)
                inside = in_credential or _is_credential_data(name)
                clean[label] = self._tree(child, personal, place, inside, depth + 1)
            return clean
        if isinstance(value, list | tuple):
            if depth >= MAX_DEPTH:
                return self.mask("too_deep", "list")
            return [
                self._tree(child, personal, self._header_before(value, index) or key, in_credential, depth + 1)
                for index, child in enumerate(value)
            ]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, personal, key)
        return value

    def _value(self, text: str, personal: bool, key: str | None, in_credential: bool) -> str:
        """A text under its key. Its shape, where it has one, says more than the key does."""
        clean = self.text(text, personal)
        rule = _rule(key)
        if in_credential and rule is None and key and not _CREDENTIAL_LABELS.fullmatch(key):
            rule = ("credential", anything)
        if rule is None or (rule[0] in PERSONAL_KINDS and not personal):
            return clean
        kind, test = rule
        scheme, secret = without_scheme(text)
        rest = without_scheme(clean)[1]
        if stand_in(rest) or stand_in(clean) or not test(MASK.sub("", rest)):
            return clean
        return scheme + self.mask(kind, secret)

    def _number(self, number: float, personal: bool, key: str | None) -> float | str:
        """Numbers are kept, but for those under the key of a password or of personal data."""
        rule = _rule(key)
        if rule is None or not (rule[0] == "password" or (personal and rule[0] in PERSONAL_KINDS)):
            return number
        return self.mask(rule[0], str(number)) if rule[1](str(number)) else number

    @staticmethod
    def _header_before(items: list[Any] | tuple[Any, ...], index: int) -> str | None:
        """The header whose value this item is, in a flat list of names and values such as Node's rawHeaders."""
        before = items[index - 1] if index else None
        return before if isinstance(before, str) and _HEADER.fullmatch(before) else None

    def _pass(self, text: str, personal: bool) -> str:
        if "PRIVATE KEY" in text:
            text = self._apply(PEM, text)
        if "\n" not in text:
            return self._line(text, personal)
        return "\n".join([self._line(line, personal) for line in text.split("\n")])

    def _line(self, line: str, personal: bool) -> str:
        """One line through every rule; stack traces and error texts repeat, so what was seen is not done again."""
        if len(line) < 4:
            return line
        known = self._seen.get((line, personal))
        if known is None:
            known = self._rules(line, personal)
            if self._seen_characters > CACHE_CHARACTERS:
                self._seen.clear()
                self._seen_characters = 0
            self._seen[line, personal] = known
            self._seen_characters += len(line)
        return known

    def _rules(self, text: str, personal: bool) -> str:
        low = text.lower()
        if max(map(len, text.split()), default=0) >= SHORTEST_TOKEN:
            for rule in [rule for hint, rule in _SHAPED if hint in low]:
                text = self._apply(rule, text)
        for rule in [rule for hint, rule in _PLACED if hint in low]:
            text = self._apply(rule, text)
        if personal:
            if "@" in text:
                text = self._apply(EMAIL, text)
            if DIGITS.search(text):
                for rule in NUMBERS:
                    text = self._apply(rule, text)
        if "%" in text and _PERCENT_CODE.search(text):
            text = _PERCENT.sub(lambda match: self._encoded(match[0], personal), text)
        return text

    def _encoded(self, run: str, personal: bool) -> str:
        """A percent-encoded stretch, decoded and masked when there is something to mask in it, else as it was."""
        if not _PERCENT_CODE.search(run):
            return run
        decoded = unquote_plus(run)
        clean = self.text(decoded, personal)
        return run if clean == decoded else clean

    def _apply(self, rule: Rule, text: str) -> str:
        match = rule.pattern.search(text)
        if match is None:
            return text
        parts: list[str] = []
        copied = 0
        while match:
            start, end = match.span("s")
            if masked := MASK.match(text, start) or MASK.match(text, max(0, match.start() - 1)):
                position = masked.end()
            elif kind := rule.kind if isinstance(rule.kind, str) else rule.kind(match):
                parts += (text[copied:start], self.mask(kind, match["s"]))
                copied = position = end
            else:
                # What follows the start may still be the beginning of a real one.
                position = max(start, match.start() + 1)
            match = rule.pattern.search(text, position)
        return "".join(parts) + text[copied:]


_HEADER = re.compile(
    r"(?i:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:key|token|secret|signature)|api-?key|private-token|stripe-signature)"
)


def _rule(key: str | None) -> tuple[str, Test] | None:
    """What the key says of its value; a mask in the key says nothing."""
    return key_rule(MASK.sub("", key) if "[" in key else key) if key else None


def _is_credential_data(key: object) -> bool:
    return isinstance(key, str) and key.replace("_", "").lower() in _CREDENTIAL_DATA
