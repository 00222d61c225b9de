"""Whether a text is one that a client understands and may see: its words, its sentences, and what it must not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, NamedTuple

from incident_nb.probes import vendors
from incident_nb.public import names_other
from incident_nb.redact import redact_text

MOST_WORDS = 28
"""So many words a sentence has at most: plain-language guides ask for 15 to 20 on average, and 25 to 30 as the limit."""

Kind = Literal["jargon", "long_sentence", "internal", "other_client", "billing", "secret", "blank"]

BLANK = "[to be written]"

# Words of our trade, each with what a client would say.
JARGON = {
    "api": "connection",
    "auth": "sign-in",
    "backend": "system",
    "bug": "mistake",
    "cache": "stored copy",
    "cold start": "slow start",
    "container": "system",
    "credential": "sign-in",
    "cron": "schedule",
    "debug": "look into",
    "deploy": "put in place",
    "deployed": "put in place",
    "deployment": "change",
    "dns": "connection",
    "docker": "system",
    "endpoint": "part of our systems",
    "env": "setting",
    "exception": "failure",
    "execution": "run",
    "exponential backoff": "longer pauses",
    "fingerprint": "problem",
    "hotfix": "quick repair",
    "http": "connection",
    "idempotent": "safe to repeat",
    "json": "data",
    "latency": "delay",
    "modal": "our systems",
    "n8n": "the automation",
    "node": "step",
    "null": "missing",
    "oauth": "sign-in",
    "oauth2": "sign-in",
    "parse": "read",
    "payload": "data",
    "postgres": "database",
    "production": "live system",
    "pydantic": "our check of the data",
    "query": "request",
    "queue": "line of waiting work",
    "rate limit": "a limit on requests",
    "redeploy": "put in place again",
    "redeployed": "put in place again",
    "refactor": "rework",
    "regex": "rule",
    "regression": "it came back",
    "rollback": "going back to the earlier version",
    "schema": "form of the data",
    "sql": "database",
    "ssl": "secure connection",
    "stack trace": "details",
    "stacktrace": "details",
    "staging": "test system",
    "timeout": "took too long",
    "tls": "secure connection",
    "token": "sign-in",
    "trigger": "start",
    "undefined": "missing",
    "upstream": "connected service",
    "url": "address",
    "webhook": "signal that starts it",
    "worker": "system",
}

_INTERNAL = re.compile(
    r"""
    (?P<address>\b\w{2,10}://\S+)
  | (?P<mask>\[[a-z_]+:[0-9a-f]{6}\])
  | (?P<stack>\bTraceback\b|\bat\s\S+\s\([^)]*:\d+:\d+\)|\bFile\s"[^"]+",\sline\s\d+|\b\w+(?:Error|Exception)\b)
  | (?P<mail>\S+@\S+\.\w+)
  | (?P<path>(?<![\w.])(?:~|\.{0,2})/[\w.-]+/[\w./-]+|\b[A-Za-z]:\\\S+|(?<!\S)[\w-]+(?:/[\w.-]+){2,}
      |\b\w+\.(?:py|js|ts|json|ya?ml|toml|ipynb|sh|log)\b)
  | (?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,}[0-9a-fA-F:]*|\b[0-9a-fA-F]{1,4}::[0-9a-fA-F:]*)
  | (?P<host>\b(?:[^\W_][\w-]*\.)+[^\W\d_]{2,}\b(?::\d+)?|\b[^\W\d_][\w-]*:\d{2,5}\b|\blocalhost\b|\b[^\W\d_]\w*(?:-\w+)+-\d+\b)
  | (?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{13,}\b)
  | (?P<incident>\bINC-\d+\b|\b(?:RES|VER|BILL|FIN|DOC|NOT|ESC|WA|CODE|RC|DX)-[A-Z0-9]+\b)
  | (?P<code>\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{7,}\b|\b\w+_\w+\b|\b[a-z]{2,}[A-Z]\w*\b|\$\w[\w.]*\[?)
  | (?P<number>\#\d{3,}|(?<![\d.,])\d{5,}(?!\d|[.,]\d))
  | (?P<status>\b[45]\d\d\b(?=\s(?:error|status|response|unauthorized|forbidden|not\sfound|internal|bad))
      |\b(?:status|error|code)\s[45]\d\d\b)
  | (?P<braces>\{\w[^{}]*\}|`)
    """,
    re.VERBOSE,
)
_INTERNAL_WORDS = {
    "address": "an address", "mask": "a masked value", "stack": "a line of an error", "mail": "an e-mail address",
    "path": "a path", "ip": "a machine's address", "host": "a host", "uuid": "an id", "incident": "an internal number",
    "code": "an id or a name of a program", "number": "an id", "status": "a status code", "braces": "a blank or code",
}  # fmt: skip
_CURRENCIES = "(?:USD|EUR|GBP|AUD|CAD|NZD|CHF|JPY|SEK|NOK|DKK|PLN|CZK|HUF|SGD|HKD|INR|ZAR|BRL|MXN|AED)"
_MONEY = re.compile(
    rf"(?i)[$€£¥]\s?\d|\b\d[\d.,]*\s?(?:[$€£¥]|dollars?|euros?|pounds?\b|(?-i:{_CURRENCIES})\b)|\b(?-i:{_CURRENCIES})\s?\d"
    r"|\bbill(?:ed|able|ing)?\b|\bper hour\b|/h(?:r|our)?\b|\b(?:we|will|to) invoice\b|\bfees?\b"
    r"|\ballocation\b|\b(?:we|will|be) charged?\b|\bfree of charge\b|\bno charge\b"
)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]?")


class Flaw(NamedTuple):
    """Something in a text that a client should not read: of which kind, the words, and what to do."""

    kind: Kind
    quoted: str
    what: str


def flaws(text: str, *, others: Iterable[str] = (), billing: bool = False, known: Iterable[str] = ()) -> list[Flaw]:
    """What a client should not read in a text, each thing once, in no more words than it takes.

    `others` are the codes and names of other clients, `billing` whether the text may speak of who pays (BILL-4). `known`
    are names that the client knows, such as those of its automation and of the service: they are let be.
    """
    rest = text
    for name in sorted({*known, *_service_names()}, key=len, reverse=True):
        rest = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", " ", rest, flags=re.IGNORECASE) if name else rest
    found = [*_hidden(rest), *_named(text, others), *([] if billing else _paid(rest)), *_jargon(rest), *_long(text)]
    if BLANK in text:
        found.append(Flaw("blank", BLANK, "write what stands there"))
    if redact_text(text, personal=True) != text:
        found.append(Flaw("secret", "", "it holds a secret or personal data; write it without"))
    return list({(flaw.kind, flaw.quoted.lower()): flaw for flaw in found}.values())


def _hidden(text: str) -> Iterator[Flaw]:
    for match in _INTERNAL.finditer(text.replace(BLANK, " ")):
        yield Flaw("internal", match[0].strip(), f"it is {_INTERNAL_WORDS[match.lastgroup or 'code']}; leave it out")


def _named(text: str, others: Iterable[str]) -> Iterator[Flaw]:
    if other := names_other(text, others):
        yield Flaw("other_client", other, "it names another client")


def _paid(text: str) -> Iterator[Flaw]:
    for match in _MONEY.finditer(text):
        yield Flaw(
            "billing", match[0], "nothing of billing before the cause is confirmed and the hours are approved (BILL-4)"
        )


def _jargon(text: str) -> Iterator[Flaw]:
    for match in _jargon_words().finditer(text):
        word = match[1].lower()
        yield Flaw("jargon", match[1], f"say “{JARGON.get(word) or JARGON[word.removesuffix('s')]}” or the like")


def _long(text: str) -> Iterator[Flaw]:
    for match in _SENTENCE.finditer(text):
        words = re.findall(r"\w[\w'’-]*", match[0])
        if len(words) > MOST_WORDS:
            yield Flaw("long_sentence", " ".join(words[:6]) + " …", f"{len(words)} words in a sentence; make two of it")


@cache
def _jargon_words() -> re.Pattern[str]:
    return re.compile(
        rf"(?i)(?<![\w-])((?:{'|'.join(sorted(map(re.escape, JARGON), key=len, reverse=True))})s?)(?![\w-])"
    )


@cache
def _service_names() -> frozenset[str]:
    """The names of services that look like hosts."""
    return frozenset(vendor.name for vendor in vendors.table() if "." in vendor.name)
