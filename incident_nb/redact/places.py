"""Secrets that are known by their place: the key, header, parameter or words that stand before an opaque value."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from .rules import MASK, Judge, Rule

Test = Callable[[str], bool]


def anything(value: str) -> bool:
    """True: whatever stands under such a key is secret, a plain word too."""
    return bool(value)


def not_wordy(value: str) -> bool:
    """True for what is not one or several plain words: it has a digit, a symbol or jumbled letters."""
    if len(value) < 4:
        return False
    if not re.fullmatch(r"[^\W\d]+(?:[ .'/_-][^\W\d]+)*", value.replace("_", "-").strip(".-/ ")):
        return True
    return len(value) >= 12 and _jumbled(value)


def opaque(value: str) -> bool:
    """True for 8 characters or more without blanks that look drawn by lot: three digits, or letters in jumbled case."""
    return len(value) >= 8 and not re.search(r"\s", value) and (len(re.findall(r"\d", value)) >= 3 or _jumbled(value))


def high_entropy(value: str) -> bool:
    """True for 24 characters or more of a token's alphabet in mixed classes, UUIDs apart."""
    return (
        len(value) >= 24
        and re.fullmatch(r"[\w+/=.~-]+", value) is not None
        and not _UUID.fullmatch(value)
        and opaque(value)
        and re.search(r"[A-Za-z]", value) is not None
    )


def many_digits(value: str) -> bool:
    """True for a value that holds at least seven digits."""
    return len(re.findall(r"\d", value)) >= 7


def _jumbled(value: str) -> bool:
    """True when the runs of one case are too short for words, as in random letters, or one too long for any word."""
    runs = [len(run) for run in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", value)]
    return bool(runs) and (max(runs) > 24 or (len(runs) > 2 and sum(runs) / len(runs) < 3))


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# What a key says of its value. The first row that matches the key (lower case, letters and digits only) counts;
# the test says what the value must look like to be masked. A row without a kind lets the value be.
KEYS: tuple[tuple[str | None, str, Test], ...] = (
    ("cookie", r"cookies?$", not_wordy),
    ("cookie", r"sess(?:ion)?(?:id|key|cookie|token)$|connectsid$|session$|^sid$", opaque),
    (None, r"(?:page|next|prev|previous|sync|continuation|cursor|delta|start|skip|pagination)token$", anything),
    (
        None,
        r"(?:url|uri|type|name|id|ids|length|count|policy|expiry|expires|expiresin|expiresat|field|hint|ttl|limit|usage|"
        r"required|enabled|valid|status|error|message|scope|algorithm|method|version|format|prefix|location|placement)$",
        anything,
    ),
    ("password", r"passw(?:or)?d\d?$|passwd$|passphrase$|passcode$|^pass$|^(?:user)?pwd$", anything),
    ("password", r"^(?:pin|pincode|otp|totp|mfacode)$", anything),
    ("private_key", r"private(?:key|pem|keypem)$", anything),
    ("secret", r"secret\d?$|secret(?:key|value|accesskey)$|(?:encryption|signing|shared|hmac)key$", not_wordy),
    ("api_key", r"apikey\d?$|(?:access|account|subscription|master|functions|service|license|app)key$", not_wordy),
    ("signature", r"signature(?:v?\d{1,3})?$|^sig$", opaque),
    ("credential", r"^x?amzcredential$", anything),
    ("token", r"token\d?$|^bearer$|jwt$|authorization$|^xauth$|authkey$|oauthverifier$", not_wordy),
    ("credential", r"^(?:credentials?|auth|authentication|authorizationcode|accesscode)$", opaque),
    ("phone", r"(?:phone|mobile|whatsapp|msisdn|fax)(?:number|no|e164)?$|^(?:tel|cell)$", many_digits),
    ("card", r"^(?:credit|debit|payment)?card(?:number|no|num)?$|^ccnum(?:ber)?$", many_digits),
    ("card", r"^(?:cvv2?|cvc|cardsecuritycode)$", anything),
    ("ssn", r"(?:^|us)ssn$|socialsecurity(?:number|no)?$", many_digits),
    ("iban", r"iban$", many_digits),
    ("secret", r"key|token|secret|auth|cred|passw|signature|session", high_entropy),
)
_KEYS = tuple((kind, re.compile(pattern), test) for kind, pattern, test in KEYS)


@lru_cache(maxsize=4096)
def key_rule(key: str) -> tuple[str, Test] | None:
    """The kind of secret that a value under this key is and the test it must pass, or None for an ordinary key."""
    plain = re.sub(r"[^a-z0-9]", "", key[-80:].lower())
    for kind, pattern, test in _KEYS:
        if pattern.search(plain):
            return (kind, test) if kind else None
    return None


# What stands in for a value: n8n's **hidden**, stars of a vendor, templates, expressions, variables, nothing at all.
_STAND_IN = re.compile(
    r"(?:=?\{\{.*\}\}|<[^<>]*>|\$\{\w+\}|\$[A-Z][A-Z_]{3,}|%[A-Z_]{3,}%|.{0,8}\*{2,}.*|[xX.•…]{3,}|"
    r"(?i:true|false|null|none|nil|undefined|\[object Object\]|\[?redacted\]?|\[?hidden\]?|\[?filtered\]?))",
    re.DOTALL,
)
_SCHEME = re.compile(r"(?i:Bearer|Basic|Token|Digest|Negotiate|Api-?Key|Key|Bot|Zoho-oauthtoken|SSWS)\s+")


def stand_in(value: str) -> bool:
    """True when nothing secret is left: a mask of ours begins it, or something stands in its place."""
    return MASK.match(value) is not None or _STAND_IN.fullmatch(value) is not None


def without_scheme(value: str) -> tuple[str, str]:
    """An authorization value as its scheme ("Bearer ", or "") and what follows."""
    match = _SCHEME.match(value)
    return (value[: match.end()], value[match.end() :]) if match else ("", value)


def _judge_pair(match: re.Match[str]) -> str | None:
    """Judge `key: value`, `key=value` and "API key VALUE was revoked"; a loose tie needs a value that looks secret."""
    text, start = match.string, match.start("key")
    head = re.search(r"[\w-]*\Z", text[max(0, start - 40) : start])
    rule = key_rule((head[0] if head else "") + match["key"])
    value, gap = match["s"], match["gap"]
    if rule is None or stand_in(value):
        return None
    kind, test = rule
    signed = any(sign in gap for sign in ":=>")
    if signed and (match["q"] or not gap[-1].isspace() or "=" in gap):
        return kind if test(value) else None
    # "password: must be longer" and "token expired" are prose, "password: hunter2" and "token a81f0c337e" are not.
    return kind if test(value) and (not_wordy if signed else opaque)(value) else None


def _if_opaque(kind: str) -> Judge:
    """The judge of a place that is secret only when its value looks it."""
    return lambda match: kind if opaque(match["s"]) and not stand_in(match["s"]) else None


def _any_case(words: str) -> str:
    """An alternation of the words in any case, grouped by first letter: that makes the search twice as fast."""
    ends: dict[str, list[str]] = {}
    for word in words.split():
        ends.setdefault(word[0], []).append(word[1:])
    return "|".join(f"[{first}{first.upper()}](?i:{'|'.join(rest)})" for first, rest in ends.items())


_KEY_WORDS = _any_case(
    "password passwd passphrase passcode pass pwd secret token jwt signature authorization bearer credential sessionid "
    r"api[\s_-]?key access[\s_-]?key account[\s_-]?key subscription[\s_-]?key private[\s_-]?key "
    r"encryption[\s_-]?key signing[\s_-]?key master[\s_-]?key auth[\s_-]?key"
)
_GAP = (
    r"\\{0,15}[\"'`]?[)\]]?\s{0,3}(?:=>|[:=])\s{0,3}\(?"  # "key": value, key=value, (key)=(value)
    r"|>"  # <key>value</key>
    r"|(?:\s{1,3}(?i:provided|supplied|used|given|sent|is|was|value|of)){0,3}\s{0,2}[:=]?\s{1,3}"
)
# A quoted value ends at the quote that opened it, escaped as often; a cut-off one at the end of the text.
_VALUE = (
    r"(?P<q>\\{0,15}[\"'`])?(?P<s>(?(q)"
    r"(?:[^\n]{1,2000}?(?=(?<!\\)(?P=q)|\Z)|[^\s\"'`\\]{1,2000})|"
    r"[^\s\"'`\\,;&<>(){}]{0,2000}[^\s\"'`\\,;&<>(){}.:!?\]]))"
)

PLACES = (
    # scheme://user:password@host. Users stay: they say which account it was.
    Rule("password", re.compile(r"""://[^\s/:@"'<>\\[]{0,100}:(?P<s>[^\s/"'<>\\]{1,200})@(?=[\w.\[-])"""), ("://",)),
    Rule("token", re.compile(r"""://(?P<s>[^\s/:@"'<>\\]{16,200})@(?=[\w.\[-])"""), ("://",)),
    Rule(
        _if_opaque("token"),
        re.compile(
            r"(?i:\b(?:bearer|basic|token|bot|apikey|oauthtoken|ssws)(?:\s|%20|\+){1,3})"
            r"(?P<s>[A-Za-z0-9._~+/=:-]{8,4000})"
        ),
        ("bearer", "basic", "token", "bot ", "apikey", "ssws"),
    ),
    Rule(
        "cookie",
        re.compile(
            r"(?i:cookie)\\{0,15}[\"']?\s{0,3}[:=]\s{0,3}\\{0,15}[\"']?"
            r"(?P<s>[^\s=;,\"'\\]{1,200}=[^\"'\\\r\n]{4,4000})"
        ),
        ("cookie",),
    ),
    Rule(
        _if_opaque("cookie"),
        re.compile(
            r"(?i:\b(?:session|(?:php|j)?sess(?:ion)?id|sid|connect\.sid|[cx]srf-?token)=)(?P<s>[^\s;,&\"'\\]{8,1000})"
        ),
        ("sess", "sid=", "csrf", "xsrf"),
    ),
    Rule(
        _if_opaque("signature"),
        re.compile(r"(?i:[?&;](?:sig|sign|hmac|key|code|auth|st|hash|pass|pw)=)(?P<s>[^?&;#\s\"'<>\\]{6,2000})"),
        ("?", "&"),
    ),
    Rule(
        _judge_pair,
        re.compile(rf"(?P<key>(?:{_KEY_WORDS})[A-Za-z0-9_-]{{0,30}})(?P<gap>{_GAP}){_VALUE}"),
        (
            "pass",
            "pwd",
            "secret",
            "token",
            "jwt",
            "signature",
            "authorization",
            "bearer",
            "key",
            "credential",
            "sessionid",
        ),
    ),
)
