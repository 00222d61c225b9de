"""Secrets that are known by their place: the key, name, element or words that stand before an opaque value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .judges import (
    LAST_WORDS,
    judge_bracketed,
    judge_element,
    judge_line,
    judge_listed,
    judge_named,
    judge_pair,
    judge_whole,
)
from .keys import key_rule
from .rules import Rule, Rules

QUOTE = r"\\{0,15}[\"'`]"
# "key": value, key=value, (key)=(value)
_BLANKS = r"(?:\s{0,3}|[ \t]{4,40})"
_GAP = (
    rf"\\{{0,15}}[\"'`]?[)\]]{{0,2}}{_BLANKS}(?:=>|:=|<-|->(?=\s)|::(?=\s)|[:=：→]){_BLANKS}"
    r"[(\[]?(?:[&!][\w!]{1,20}\s(?=\S))?(?:[bruNEefL@](?=[\"']))?"
)
# A quoted value ends at the quote that opened it, escaped as often; a cut-off one at the end of the text.
_CLOSED = r"(?P<q>\\{0,15}[\"'`])(?!(?P=q))(?P<s>[^\n]{1,2000}?(?=(?<!\\)(?P=q)|\Z))"
VALUE = (
    r"(?P<q>\\{0,15}[\"'`])?(?P<s>(?(q)(?!(?P=q))"
    r"(?:[^\n]{1,2000}?(?=(?<!\\)(?P=q)|\Z)|[^\s\"'`\\]{1,2000})|"
    r"[^\s\"'`\\,;&<>(){}]{0,2000}[^\s\"'`\\,;&<>(){}.:!?\]]))"
)
_NAME = r"(?:name|key|header|field|parameter|param|variable|property|setting|id|label)"
_CONTENT = r"(?:value|val|content|defaultValue|data)"
_VALUED = (*(f"{name}{end}" for name in ("value", "content", "val", "data") for end in "\"'\\"), "value=", "value:")

_SEPARATOR = re.compile(r"[:=>,}：→]|<(?=-)|(?<=\s)->(?=\s)")
# From a separator backwards, in the text turned round: blanks, a quote, the key. ASCII's letters are told faster.
_BACKWARDS = (
    r"(?:[ \t]{4,40}|\s{0,3})[)\]]{0,2}(?:;touq&|;93#&|;43#&|[\"'`]\\{0,15})?(?P<key>[\d.-]{0,20}[^\W\d][\w.-]{0,80})"
)
_BACKWARDS_ANY, _BACKWARDS_ASCII = re.compile(_BACKWARDS), re.compile(_BACKWARDS, re.ASCII)
BLANKS = frozenset((" ", "'", "’"))


@lru_cache(maxsize=8)  # several rules ask for the same text
def key_starts(text: str, _low: str = "") -> tuple[int, ...]:
    """Where the keys start that `keys.key_rule` knows, before a separator, in order."""
    starts: list[int] = []
    size, last, turned = len(text), -1, ""
    backwards = _BACKWARDS_ASCII if text.isascii() else _BACKWARDS_ANY
    for separator in _SEPARATOR.finditer(text):
        turned = turned or text[::-1]
        match = backwards.match(turned, size - separator.start())
        if match is None:
            continue
        start = size - match.end()
        key = text[start : size - match.start("key")]
        if start > last and (key_rule(key) or (text[start - 1 : start] in BLANKS and key.lower() in LAST_WORDS)):
            starts.append(last := start)
    return tuple(starts)


def _quotes_of_keys(text: str, low: str) -> Iterator[int]:
    """Where the quotes stand that open such keys, with the backslashes before them."""
    for start in key_starts(text, low):
        place = start - 1
        if place >= 0 and text[place] in "\"'`":
            while place and text[place - 1] == "\\":
                place -= 1
            yield place


def may_hold_keys(text: str) -> bool:
    """Whether a text holds such a key, or an element or a form's part that may have one; if not, no rule here is tried."""
    if "</" in text or "&lt;/" in text or "form-data" in text or ("name=" in text and "<" in text) or '";s:' in text:
        return True
    return bool(key_starts(text))


_LINE = r"\s{0,40}(?:[-*+<>] )?(?:export |set |setx |ENV |env |-e |\$env:)?[\"']?(?P<key>[\w.-]{2,80})[\"']?"
_LINE_KEY = re.compile(_LINE)
LINES = Rules(
    (
        Rule(
            judge_line,
            re.compile(
                rf"{_LINE}(?P<gap>\s{{0,3}}[:=]\s{{0,3}}|\s)(?P<s>[^\s=][^\n]{{0,2000}}?)\s{{0,40}}(?:\s#[^\n]{{0,400}})?\Z"
            ),
            (),
            None,
            lambda text, _: (0,) if (key := _LINE_KEY.match(text)) and key_rule(key["key"]) else (),
        ),
        Rule(
            judge_whole,
            re.compile(r"(?P<o>\\{0,15}[\"'`])(?P<key>[A-Za-z][\w-]{1,60}):\s{0,3}(?P<s>[^\"'`\\\n]{1,2000})(?P=o)"),
            ("'", '"', "`"),
            None,
            _quotes_of_keys,
        ),
        # password=Pa55(word1
        Rule(
            judge_bracketed,
            re.compile(
                rf"(?P<key>[\w.-]++)(?P<gap>{_GAP})(?P<s>[^\s\"'`\\,;&<>(){{}}\[]{{1,100}}[(\[][^\s\"'`\\,;&<>{{}}]{{0,200}}"
                r"[^\s\"'`\\,;&<>{}.:!?\[(])"
            ),
            ("(", "["),
            None,
            key_starts,
        ),
        Rule(judge_pair, re.compile(rf"(?P<key>[\w.-]++)(?P<gap>{_GAP}){VALUE}"), (), None, key_starts),
    )
)
"""Rules for one line that may hold keys."""

BLOCKS = Rules(
    (
        # {"name": "X-Api-Key", "value": "…"} as n8n and HAR files keep headers and parameters, in any spacing and escaping.
        Rule(
            judge_named,
            re.compile(
                rf"\b{_NAME}(?:{QUOTE})?\s{{0,3}}[:=]\s{{0,3}}{QUOTE}(?P<key>[^\"'\\\n]{{1,80}}){QUOTE}[\s,]{{0,60}}"
                rf"(?:\\n[\s,]{{0,60}})?(?:{QUOTE}\w{{1,20}}{QUOTE}\s?:\s?[^,{{}}\n]{{1,60}},\s{{0,40}}){{0,2}}"
                rf"(?:{QUOTE})?{_CONTENT}(?:{QUOTE})?\s{{0,3}}[:=]\s{{0,3}}{_CLOSED}"
            ),
            _VALUED,
        ),
        Rule(
            judge_named,
            re.compile(
                rf"(?:{QUOTE}){_CONTENT}(?:{QUOTE})\s{{0,3}}:\s{{0,3}}(?P<q>{QUOTE})(?P<s>[^\"'\\\n]{{1,2000}})(?P=q)\s{{0,3}},"
                rf"\s{{0,40}}{QUOTE}{_NAME}{QUOTE}\s{{0,3}}:\s{{0,3}}{QUOTE}(?P<key>[^\"'\\\n]{{1,80}}){QUOTE}"
            ),
            _VALUED,
        ),
        # ["X-Api-Key", "…"], ('X-Api-Key', '…'), rawHeaders.
        Rule(
            judge_listed,
            re.compile(rf"(?<!\\){QUOTE}(?P<key>[A-Za-z][\w-]{{2,60}}){QUOTE}\s{{0,3}},\s{{0,40}}[bru]?{_CLOSED}"),
            ("', ", '", ', "','", '",', '",\n', "',\n", "`,"),
            None,
            _quotes_of_keys,
        ),
        # <meta name="csrf-token" content="…">, <input value="…" name="_token">
        Rule(
            judge_named,
            re.compile(
                r"(?:name|id|property|key)=\\?[\"'](?P<key>[\w:.-]{2,80})\\?[\"'](?:\s[^<>]{0,100})?\s(?:content|value)="
                r"\\?(?P<q>[\"'])(?P<s>[^\"'<>\n\\]{3,2000})"
            ),
            ("name=", "id=", "property=", "key="),
        ),
        Rule(
            judge_named,
            re.compile(
                r"(?:content|value)=\\?(?P<q>[\"'])(?P<s>[^\"'<>\n\\]{3,2000})\\?(?P=q)(?:\s[^<>]{0,100})?\s(?:name|id|property|key)="
                r"\\?[\"'](?P<key>[\w:.-]{2,80})\\?[\"']"
            ),
            ("content=", "value="),
        ),
        # ["password"]=> string(9) "…", ["key":protected]=> …, as PHP's var_dump writes it.
        Rule(
            judge_named,
            re.compile(
                r"\[\"(?P<key>[\w.-]{2,80})\"(?::[\w\":]{1,60})?\]\s?=>(?:\s|\\n){0,40}string\(\d{1,7}\)\s\\?\"(?P<s>[^\"\n\\]{1,2000})"
            ),
            ("string(",),
        ),
        # s:8:"password";s:9:"…"; as PHP's serialize writes it.
        Rule(
            judge_named,
            re.compile(r"s:\d{1,4}:\\?\"(?P<key>[\w.-]{2,80})\\?\";s:\d{1,7}:\\?\"(?P<s>[^\"\n\\]{1,2000})\\?\";"),
            ('";s:',),
        ),
        # db_password = <<EOT, the value on the next line.
        Rule(
            judge_named,
            re.compile(
                r"(?P<key>[\w.-]{2,80})\s?[=:]\s?<<[-~]?[\"']?\w{1,20}[\"']?\r?\n[ \t]{0,40}(?P<s>[^\s][^\n]{0,2000})"
            ),
            ("<<",),
        ),
        # A part of a multipart form: its name, a blank line, its value.
        Rule(
            judge_named,
            re.compile(
                r"name=\\{0,3}\"(?P<key>[^\"\\\n]{1,80})\\{0,3}\"[^\n\\]{0,200}(?:(?:\r?\n|\\r\\n|\\n)[^\n\\]{1,200}){0,3}?"
                r"(?:\r?\n|\\r\\n|\\n){2}(?P<s>[^\r\n\\]{1,2000})"
            ),
            ("form-data",),
        ),
        # YAML's block: `password: |`, the value on the next line.
        Rule(
            judge_named,
            re.compile(
                r"(?m)^[ \t]{0,40}(?P<key>[\w.-]{2,80}):[ \t]{0,3}[|>][+-]?\r?\n[ \t]{1,40}(?P<s>[^\s][^\n]{0,2000})"
            ),
            ("|\n", ">\n", "|-\n", ">-\n", "|+\n"),
        ),
        # <key>value</key>, <wsse:Password Type="…">value</wsse:Password>, <![CDATA[…]]>, also escaped.
        Rule(
            judge_element,
            re.compile(
                r"(?:<|&lt;)(?:[\w-]{1,20}:)?(?P<key>[^\W\d][\w.-]{0,60})(?:\s[^<>]{0,300})?(?:>|&gt;)\s{0,40}(?:<!\[CDATA\[)?"
                r"(?P<s>[^<>&\s](?:[^<>\n&]|&(?!lt;)){0,2000}?)(?:\]\]>)?\s{0,40}(?:</|&lt;/|\Z)"
            ),
            ("</", "&lt;/", ">"),
        ),
        # <entry key="password">value</entry>
        Rule(
            judge_named,
            re.compile(
                r"<[\w:-]{1,40}\s[^<>]{0,100}?(?:name|key|id)=[\"'](?P<key>[^\"'<>\n]{1,80})[\"'][^<>]{0,100}>(?P<s>[^<>\n]{1,2000})</"
            ),
            ("</",),
        ),
    )
)
"""Rules for a whole text that may hold keys; what they need can stand on several lines."""
