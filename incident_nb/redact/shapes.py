"""Shapes of secrets that no fixed prefix tells: JWT, bot tokens, keys with a mark in their middle, and private keys."""

from __future__ import annotations

import re

from .keys import jumbled
from .rules import Rule, Rules, starting

WORD = r"[A-Za-z0-9_-]"


def _unknown_vendor(match: re.Match[str]) -> str | None:
    """A prefix that says what it is, as `acme_live_…`, before letters drawn by lot; ids of runs and images have none."""
    body = match["body"]
    if match["head"].startswith(("cs_", "in_", "pk_live_", "pk_test_")) or (
        match["glue"] == "-" and not re.search(r"[A-Z]", body)
    ):
        return None
    return "api_key" if len(re.findall(r"\d", body)) >= 2 or jumbled(body) else None


_HEX, _NUMBER, _ANY = "[a-f0-9]", r"\d", "[A-Za-z0-9]"
_UUID = r"[a-f0-9]{7}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}"
_RUN20, _RUN24 = re.compile(r"[A-Za-z0-9]{20}"), re.compile(r"[A-Za-z0-9_-]{24}")
SHORTEST = 20
"""How long a run of a key's characters every one of `SHAPES` has."""
_PURPOSES = "live|test|prod|production|sandbox|sk|pk|pat|api|key|apikey|secret|token|oauth|access|priv|private|admin"


def _shape(kind: str, first: str, rest: str, hints: str, gate: re.Pattern[str] | None = _RUN24) -> Rule:
    return Rule(kind, re.compile(f"(?P<s>{starting(first)}{rest})"), tuple(hints.split()), gate)


MARKED = Rules(
    (
        Rule(
            "jwt",
            re.compile(
                rf"(?P<s>eyJ(?<![A-Za-z0-9_-]eyJ){WORD}{{8,}}+"
                rf"(?:\.{WORD}{{8,}}+(?:\.{WORD}++){{0,3}}|\.\.{WORD}++\.{WORD}++\.{WORD}++))"
            ),
            ("eyj",),
        ),
        _shape(
            "api_key", "[A-Za-z0-9]", r"[A-Za-z0-9]{39,59}?JQQJ99[A-Za-z0-9]{20,30}(?!\w)", "jqqj99", None
        ),  # Azure OpenAI
        _shape("secret", "[A-Za-z0-9+/]", r"[A-Za-z0-9+/]{75}\+ASt[A-Za-z0-9+/]{6}==", "+ast", None),
        _shape(
            "secret",
            "[A-Za-z0-9_+/-]",
            r"[A-Za-z0-9_+/-]{31,75}?(?:AzFu|ACDb|AzSe|ACRx|AIoT|AEhS|APIM|AzCa)[A-Za-z0-9+/_-]{5,8}={1,2}",
            "azfu acdb azse acrx aiot aehs apim azca",
            None,
        ),
    )
)
SHAPES = Rules(
    (
        _shape("api_key", _HEX, r"[a-f0-9]{31}-us\d{1,2}(?!\w)", "-us"),  # Mailchimp
        _shape("api_key", _HEX, r"[a-f0-9]{31}-[a-f0-9]{8}-[a-f0-9]{8}(?![\w-])", "-"),  # Mailgun
        _shape("api_key", _HEX, r"[a-f0-9]{23}:[a-f0-9]{64}(?!\w)", ":"),  # Ghost
        _shape("api_key", _HEX, rf"{_UUID}:[a-f0-9]{{32}}(?!\w)", ":"),  # fal
        _shape("api_key", _ANY, r"[A-Za-z0-9]{5}_[A-Za-z0-9]{29}_mmk(?!\w)", "_mmk"),  # MaxMind
        _shape("api_key", "[12]", r"[A-Za-z0-9]{25,27}_[A-Za-z0-9]{18,24}(?!\w)", "_"),  # ngrok
        _shape("token", _ANY, rf"[A-Za-z0-9]{{13}}\.atlasv1\.{WORD}{{30,}}+", ".atlasv1."),  # Terraform
        # Telegram: digits, a colon, 35 characters; in URLs right after /bot.
        _shape("token", _NUMBER, rf"\d{{5,11}}:{WORD}{{30,}}+", ":"),
        Rule("token", re.compile(rf"(?<=/bot)(?P<s>\d{{6,12}}:{WORD}{{30,}}+)"), ("/bot",)),
        # Discord bot: the id in base64, a time, a digest.
        _shape("token", "[MNO]", rf"[A-Za-z0-9]{{22,27}}\.{WORD}{{6}}\.{WORD}{{27,45}}", "."),
        _shape("token", _NUMBER, rf"\d{{12,16}}\|{WORD}{{27,40}}(?!\w)", "|"),  # Meta: app id and the app's token
        _shape("token", _NUMBER, r"\d{0,8}\|[A-Za-z0-9]{40,48}(?!\w)", "|"),  # Laravel Sanctum
        _shape(
            "token", _NUMBER, r"\d{14,19}-(?=[A-Za-z0-9]{0,40}[A-Z])[A-Za-z0-9]{35,45}(?!\w)", "-"
        ),  # X: user's id and 40
        # Microsoft: marks inside the key.
        _shape("secret", "[A-Za-z0-9_~.-]", r"[A-Za-z0-9_~.-]{2}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9])", "q~"),
        _shape("token", _ANY, r"[A-Za-z0-9]{75}AZDO[A-Za-z0-9]{4}(?!\w)", "azdo"),
        Rule(
            _unknown_vendor,
            re.compile(
                r"(?P<s>(?P<head>[A-Za-z](?<![A-Za-z0-9_-][A-Za-z])[A-Za-z0-9]{1,15}(?P<glue>[_-])(?:[a-z0-9]{2,12}(?P=glue)){0,2}?"
                rf"(?i:{_PURPOSES})(?P=glue)(?:v\d_)?)(?P<body>[A-Za-z0-9]{{20,}}+)(?:[_-][A-Za-z0-9]{{4,}})*+)"
            ),
            (
                "live",
                "test",
                "prod",
                "sandbox",
                "sk_",
                "pk_",
                "pat_",
                "api",
                "key_",
                "secret_",
                "token_",
                "oauth_",
                "access_",
                "priv",
                "admin_",
                "sk-",
                "pk-",
                "pat-",
                "key-",
                "secret-",
                "token-",
            ),
            _RUN20,
        ),
    )
)

PEM = Rule(
    "private_key",
    re.compile(
        r"(?P<s>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z))"
    ),
    ("private key",),
)
"""Apart from the others because it spans lines. One that is cut off is masked to the end."""

PPK = Rule(
    "private_key",
    re.compile(r"Private-Lines: \d{1,4}\r?\n(?P<s>(?:[A-Za-z0-9+/=]{1,100}\r?\n?){1,200})"),
    ("private-lines",),
)
"""PuTTY's form of one."""
