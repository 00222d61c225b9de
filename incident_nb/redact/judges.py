"""Judges of places: whether what stands there is a secret, and of which kind.

Those whose place has no key are made for a kind, in order of what they ask of a value: the surer the place, the less.
"""

from __future__ import annotations

import re

from .keys import (
    NO_VALUES,
    Test,
    algorithm,
    anything,
    key_rule,
    not_wordy,
    opaque,
    prose,
    slug,
    stand_in,
    without_scheme,
)
from .rules import MASK, Judge

LAST_WORDS = frozenset(
    re.findall(
        r"[\w']+",
        "key token code secret passe api acceso d'api d'acces secreta secrete value number phrase schlüssel nummer numero número "
        "password",
    )
)
"""What a key in several words ends in: "API key", "mot de passe"."""

HEADER = re.compile(
    r"(?i:(?:proxy-)?authorization|(?:set-)?cookie|[a-z][a-z0-9-]*-(?:key|token|secret|signature|password|auth)|api-?key|"
    r"x-auth-[a-z-]+|dd-[a-z-]+|token|apikey)"
)
_NEVER_LOOSE = re.compile(r"\d{1,19}|[\d.:/-]+|(?:https?|arn|urn):.*|[\w.-]+/[\w./-]+|v?\d+(?:\.\d+)+\S*")
_NAMES = re.compile(r"[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+")
_PROGRAM = re.compile(r"\$_?[A-Za-z]\w{0,40}[\[(>?-]|(?:Read|Get|New|Import|Convert(?:To|From))-[A-Z][a-zA-Z]{2,30}\Z")
_IN_ARN = re.compile(r"arn:[\w-]{1,20}:secretsmanager:[\w-]{0,20}:\d{0,12}:\Z")
# A server's challenge; the answer to one is masked with its nonce.
_OF_CHALLENGE = re.compile(r"(?i)\bdigest\s[^\n]{0,300}\Z")
# An expression of a program: a call, an item, a type.
_CODE = re.compile(r"[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){0,6}[\[(]")
# The same to its end, since a password may hold a bracket: no blank inside but behind a comma or around a sign, unless
# what is called has a name of letters only.
_PIECES = r"\"[^\"\n]{0,120}\"|'[^'\n]{0,120}'|\([^()\n]{0,120}\)|\[[^\[\]\n]{0,120}\]"
_INSIDE = rf"(?:[^\s\"'`()\[\]]|,\s|\s[+*/|&?:=-]{{1,3}}\s|{_PIECES}){{0,200}}"
_ANYTHING = rf"(?:[^\n\"'()\[\]]|{_PIECES}){{0,200}}"
_WHOLE_CODE = re.compile(
    rf"(?:[A-Za-z_]\w{{0,60}}(?:\.[A-Za-z_]\w{{0,60}}){{0,6}}(?:\({_INSIDE}\)|\[{_INSIDE}\]|[\[(](?:\s|\Z))|"
    rf"[A-Za-z_.]{{1,120}}(?:\({_ANYTHING}\)|\[{_ANYTHING}\]))(?!\w)"
)
_NOTHING_BEFORE, _NOTHING_BEHIND = re.compile(r"[ \-*\t{,;'\"<>]{0,200}+"), re.compile(r"[ ,;.})\]]*+\Z")
_MORE_WORDS, _MORE_TEXT = re.compile(r"\s[a-z]{2,12}\s[a-z]"), re.compile(r"\s{1,3}[a-z]")


def unless_stand_in(kind: str) -> Judge:
    """The judge of a place that is always secret, unless something stands in for the value."""
    return lambda match: None if stand_in(match["s"]) else kind


def flagged(match: re.Match[str]) -> str | None:
    """Judge what stands behind a tool's own flag, where a port, a path or the words of a help text may stand, too."""
    value = match["s"]
    helps = re.fullmatch(r"[a-z]{2,8}", value) and _MORE_WORDS.match(match.string, match.end())
    return None if stand_in(value) or helps or re.fullmatch(r"\d{1,5}|/.*", value) else "password"


def placed(match: re.Match[str]) -> str | None:
    """Judge what stands in its place: no word of a help text, and no name of another parameter."""
    value = match["s"]
    helps = value.lower() in NO_VALUES or re.match(r"[\[<({]|[A-Z_]+\Z", value)
    return "password" if not helps and not_wordy(value) and not stand_in(value) else None


def telling(kind: str, mark: str = "") -> Judge:
    """The judge of a place where a word may stand as well: letters, no word, and `mark` if it is given."""

    def judge(match: re.Match[str]) -> str | None:
        value = match["s"]
        fits = not_wordy(value) and re.search(r"[^\W\d]", value) and re.search(mark, value)
        return kind if fits and not stand_in(value) else None

    return judge


def drawn(kind: str, slugs: bool = True, least: int = 0) -> Judge:
    """The judge of a place that says next to nothing: a value is one if it looks drawn by lot, and is this long.

    Without `slugs` it must not be words and numbers with marks between them either.
    """

    def judge(match: re.Match[str]) -> str | None:
        value = match["s"]
        fits = opaque(value) and len(value) >= least and not stand_in(value)
        return kind if fits and (slugs or not slug(value)) else None

    return judge


def judge_pair(match: re.Match[str]) -> str | None:
    """Judge `key: value` and `key=value`, quoted or not; after a blank a value needs more than a plain word to be one."""
    text, key, value, gap = match.string, match["key"], match["s"], match["gap"]
    start = match.start("key")
    rule = key_rule(key) or _rule_of_words(text, start, key)
    if (
        rule is None
        or stand_in(value)
        or text[max(0, start - 2) : start] == "${"
        or (key == "secret" and _IN_ARN.search(text, max(0, start - 120), start))
        or (key == "nonce" and _OF_CHALLENGE.search(text, max(0, start - 300), start))
    ):
        return None
    kind, test = rule
    scheme, rest = without_scheme(value)
    if (scheme and (not rest or stand_in(rest))) or value.strip("_").lower() == key.strip("_-").lower():
        return None
    if _PROGRAM.match(value) if not match["q"] else value[0] == " ":
        return None
    if not match["q"] and (_is_code(text, match.start("s"), kind) or _names_a_key(value)):
        return None
    if "->" in gap and not not_wordy(value):
        return None
    if not match["q"] and gap[-1] in "([" and (len(value) < 4 or not not_wordy(value)):
        return None
    if match["q"] or not gap[-1].isspace() or "=" in gap:
        return kind if test(value) else None
    # "password: must be longer" and "token: expired" are prose, "password: hunter2" is not, nor is a plain word alone.
    if not_wordy(value):
        return kind if test(value) else None
    alone = _NOTHING_BEFORE.fullmatch(text, 0, start) and _NOTHING_BEHIND.match(text, match.end())
    return kind if alone and kind == "password" and test(value) and anything(value) and "." not in value else None


def judge_bracketed(match: re.Match[str]) -> str | None:
    """Judge a password with a bracket in it, which no other value goes on behind: `password=Pa55(word1`."""
    rule, value = key_rule(match["key"]), match["s"]
    if rule is None or rule[0] != "password" or stand_in(value) or _is_code(match.string, match.start("s"), "password"):
        return None
    return "password" if rule[1](value) and not_wordy(value) else None


def _is_code(text: str, start: int, kind: str) -> bool:
    """Whether an expression of a program starts there, not a value; where a password may stand, it has to have its end."""
    return (_WHOLE_CODE if kind == "password" else _CODE).match(text, start) is not None


def _names_a_key(value: str) -> bool:
    """True for a program's own name of a secret, such as `credentials?.apiKey`."""
    return _NAMES.fullmatch(value) is not None and key_rule(value.rpartition(".")[2]) is not None


def _rule_of_words(text: str, start: int, key: str) -> tuple[str, Test] | None:
    """The rule of a key in several words: "API key", "mot de passe", "Access Token"."""
    if key.lower().lstrip("-") not in LAST_WORDS:
        return None
    words = re.search(r"(?:[^\W\d_]{1,12}['’ ]){1,3}\Z", text[max(0, start - 36) : start])
    while words:
        if rule := key_rule(words[0] + key):
            return rule
        words = re.search(r"(?<=[ '’])(?:[^\W\d_]{1,12}['’ ]){1,2}\Z", words[0][1:])
    return None


def judge_line(match: re.Match[str]) -> str | None:
    """Judge a line that is one key and its value: all of the line is the value, blanks in it are only with `=`."""
    rule, value = key_rule(match["key"]), match["s"].rstrip(" ,;")
    if rule is None or stand_in(value) or MASK.search(value) or re.match(r"[\"'`\[{<\\&]", value):
        return None
    kind, test = rule
    if _is_code(value, 0, kind):
        return None
    if without_scheme(value)[0]:
        return None
    if re.search(r"\s", value):
        words = kind in ("password", "secret") and match["gap"].strip() == "=" and not re.search(r"[=:\"']", value)
        return kind if words and not prose(value) and test(value) else None
    if match["gap"].strip() == "=" and not match["gap"].startswith(" "):
        # Of an environment a plain word is a value, too.
        word = match["key"].isupper() and len(value) > 5 and value.isalnum() and value.lower() not in NO_VALUES
        return kind if test(value) or (word and kind in ("api_key", "secret", "token")) else None
    return kind if not_wordy(value) and test(value) else None


def judge_named(match: re.Match[str]) -> str | None:
    """Judge a value by the name that stands in a place of its own beside it."""
    rule, value = key_rule(match["key"]), match["s"]
    if rule is None or stand_in(value) or stand_in(without_scheme(value)[1]):
        return None
    return rule[0] if rule[1](without_scheme(value)[1]) else None


def judge_element(match: re.Match[str]) -> str | None:
    """Judge an element's text; `<YOUR_TOKEN>` is no element, and its quote's end no text."""
    placeholder = re.match(r"(?i)(?:your|my|the|insert|enter|put)[_-]", match["key"]) is not None
    return None if placeholder or match["s"][0] in "\"'@:" else judge_named(match)


def judge_listed(match: re.Match[str]) -> str | None:
    """Judge a value by the item before it in a list: lists of words are no names and values."""
    key, value = match["key"], without_scheme(match["s"])[1]
    rule = key_rule(key)
    if rule is None or stand_in(value) or not rule[1](value):
        return None
    mixed = not_wordy(value) and re.search(r"[^\w. /-]|\d", value) and rule[0] == "password"
    return rule[0] if (HEADER.fullmatch(key) and not_wordy(value)) or opaque(value) or mixed else None


def judge_whole(match: re.Match[str]) -> str | None:
    """Judge "key: value" that fills its quotes, as headers do on command lines."""
    rule, value = key_rule(match["key"]), match["s"]
    rest = without_scheme(value)[1]
    if rule is None or stand_in(value) or stand_in(rest) or MASK.search(value):
        return None
    kind, test = rule
    return kind if test(rest) and (not_wordy(rest) or (kind == "password" and " " not in rest)) else None


def judge_flag(match: re.Match[str]) -> str | None:
    """Judge `--key value`."""
    rule, value = key_rule(match["key"]), match["s"]
    if rule is None or stand_in(value) or value[0] == "(":
        return None
    kind, test = rule
    plain = (
        kind == "password"
        and anything(value)
        and value.lower() not in NO_VALUES
        and not _MORE_TEXT.match(match.string, match.end())
    )
    return kind if plain or (not_wordy(value) and test(value)) else None


def judge_loose(match: re.Match[str]) -> str | None:
    """Judge "API key VALUE was revoked" and "password 'VALUE'": a loose tie needs a value that looks secret."""
    text, start, value = match.string, match.start("key"), match["s"]
    head = re.search(r"[\w-]*\Z", text[max(0, start - 40) : start])
    rule = key_rule((head[0] if head else "") + match["key"])
    before = start - len(head[0]) if head else start
    named = text[max(0, before - 1) : before] == "="  # ?error=BadCredentials
    if rule is None or named or stand_in(value) or value[0] in "\"'`" or _NEVER_LOOSE.fullmatch(value):
        return None
    kind, test = rule
    if match["key"].lower() == "pass" and not re.fullmatch(r"(?=\D*\d)[^=(){}:,`]+", value):
        return None  # "pass `messages` to it"
    if match["q"]:
        if kind == "password":
            return kind if anything(value) and len(value) > 2 and not key_rule(value) else None
        return kind if opaque(value) and test(value) else None
    if kind == "password" and re.search(r"\d", value) and re.search(r"[^\W\d]", value) and len(value) > 5:
        if re.match(r"[A-Za-z_]\w*=", value):
            return None  # another pair
        number = re.fullmatch(r"\d+(?:ms|s|m|h|d|x|th|st|nd|rd)", value)
        return kind if not_wordy(value) and not number and not algorithm(value) else None
    return kind if test(value) and opaque(value) else None
