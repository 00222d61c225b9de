"""Shapes of secrets that no fixed prefix tells: JWT, bot tokens, keys with a mark in their middle, and private keys."""

from __future__ import annotations

import re

from .keys import jumbled
from .rules import Judge, Rule, Rules, starting
from .vendors import PUBLIC_PREFIXES

WORD = r"[A-Za-z0-9_-]"


def _unknown_vendor(match: re.Match[str]) -> str | None:
    """A prefix that says what it is, as `acme_live_…`, before letters drawn by lot; ids of runs and images have none."""
    body = match["body"]
    if match["s"].startswith(("cs_", "in_", *PUBLIC_PREFIXES)) or (
        match["glue"] == "-" and not re.search(r"[A-Z]", body)
    ):
        return None
    return "api_key" if len(re.findall(r"\d", body)) >= 2 or jumbled(body) else None


def _mixed(kind: str) -> Judge:
    """The judge of a shape that ids have, too: letters of both cases and digits in no order make a key."""
    return lambda match: kind if _drawn(match["s"]) else None


def _drawn(body: str) -> bool:
    """Whether letters of both cases and digits stand in it as only a lot sorts them."""
    runs = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", body)
    mixed = _BOTH_CASES.match(body) is not None and re.search(r"\d", body) is not None
    return mixed and len(body) < 2.9 * len(runs) and max(map(len, runs)) < 9


def _unnamed_vendor(match: re.Match[str]) -> str | None:
    """A short prefix before thirty characters and more drawn by lot, as most vendors' keys are; ids are shorter."""
    before = match.string[max(0, match.start() - 7) : match.start()].lower()
    if match["s"].startswith(("cs_", "chatcmpl", "sha", *PUBLIC_PREFIXES)) or before.startswith("sha"):
        return None
    pieces = re.split("[_-]", match["body"])
    mixed = any(len(piece) > 7 and _BOTH_CASES.match(piece) for piece in pieces)
    return "api_key" if mixed and _drawn(match["body"]) else None


_HEX, _NUMBER, _ANY = "[a-f0-9]", r"\d", "[A-Za-z0-9]"
_UUID = r"[a-f0-9]{7}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}"
_BOTH_CASES = re.compile("(?=.*[a-z])(?=.*[A-Z])")
_FULL_UUID = f"[a-f0-9]{_UUID}"
_HEX32 = re.compile(r"[a-f0-9]{32}")
_RUN20, _RUN24, _RUN32 = (
    re.compile(r"[A-Za-z0-9]{20}"),
    re.compile(r"[A-Za-z0-9_-]{24}"),
    re.compile(r"[A-Za-z0-9_-]{32}"),
)
UNBROKEN = re.compile(r"[^\s\"'<>\\]{12}+")
"""What every key has, a vendor's, a marked one or another, and all base64: prose holds none, and is spared the search."""
RUN = re.compile(r"[A-Za-z0-9_+~$-]{20}+")
"""A run of a key's characters that is in whatever one of `SHAPES` finds: most lines hold none, and are spared them."""
_PURPOSES = "live|test|prod|production|sandbox|sk|pk|pat|api|key|apikey|secret|token|oauth|access|priv|private|admin"


def _shape(kind: str | Judge, first: str, rest: str, hints: str, gate: re.Pattern[str] | str | None = _RUN24) -> Rule:
    look = re.compile(gate) if isinstance(gate, str) else gate
    return Rule(kind, re.compile(f"(?P<s>{starting(first)}{rest})"), tuple(hints.split()), look)


MARKED = Rules(
    (
        Rule(
            "jwt",
            re.compile(
                rf"(?P<s>eyJ(?<![A-Za-z0-9_-]eyJ)(?<!\bpk\.eyJ){WORD}{{8,}}+"
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
        _shape(
            "api_key", "[A-Za-z0-9]", r"[A-Za-z0-9]{41}AzSe[A-D][A-Za-z0-9]{5}(?!\w)", "azse", None
        ),  # Azure AI Search
        Rule(
            "secret",
            re.compile(r"(?<![\w+/])(?P<s>[A-Za-z0-9+/]{42,78}?\+(?:ACR|ABa|AMC)[A-Za-z0-9+/]{5,8}={0,2})(?![\w+/=])"),
            ("+acr", "+aba", "+amc"),
        ),
        Rule("secret", re.compile(r"(?P<s>django-insecure-[^\s\"'\\]{20,100})"), ("django-insecure-",)),
    )
)
# Keys whose alphabets have marks that end a run of letters and digits, a dot or a slash say.
DOTTED = Rules(
    (
        _shape(
            "secret", "[A-Za-z0-9_~.-]", r"[A-Za-z0-9_~.-]{2}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9])", "q~", r"\dQ~"
        ),  # Microsoft
        _shape(
            "token",
            "[pda]",
            r"(?:rod|ev|review|roject|dmin):[a-z0-9:-]{3,80}\|[A-Za-z0-9+/=_-]{40,}+",
            "|",
            r"\|[\w+/=-]{40}",
        ),  # Convex
        _shape("token", "[A-Za-z0-9+/]", r"[A-Za-z0-9+/]{100,200}?1O/w1cDnyilFU=", "1o/w1cdnyilfu=", None),  # LINE
        _shape(
            "token", "M", r"\.[A-Z]\d{1,4}_[A-Z0-9]{2,4}\.[A-Za-z0-9.!*$_-]{50,}+", "m.", r"M\.[A-Z]\d{1,4}_"
        ),  # Microsoft
        Rule("token", re.compile(r"(?P<s>Fe26\.2\*[\w*.-]{50,}+)"), ("fe26.2*",)),  # sealed by iron
        Rule("token", re.compile(r"(?P<s>v\^1\.1#i\^1#[^\s\"'<>\\]{40,}+)"), ("v^1.1#",)),  # eBay
        Rule(
            "token", re.compile(r"(?P<s>_\|WARNING:-DO-NOT-SHARE-THIS\.[\w|.-]{50,}+)"), ("-do-not-share-this.",)
        ),  # Roblox
        Rule(
            "secret", re.compile(r"(?P<s>\$2[abxy]\$\d\d\$[A-Za-z0-9./]{53})"), ("$2",)
        ),  # bcrypt; CurseForge's keys, too
    )
)
# Keys that have their marks elsewhere than at their beginning, and a few with marks that the tables do not write.
MORE = (
    _shape(
        "api_key", "[A-Za-z0-9_-]", rf"{WORD}{{5}}\.{WORD}{{6}}:{WORD}{{20,}}+", ":", rf"\.{WORD}{{6}}:{WORD}{{20}}"
    ),  # Ably
    _shape("api_key", _HEX, rf"{_UUID}:fx(?!\w)", ":fx", None),  # DeepL
    _shape("api_key", _HEX, rf"[a-f0-9]{{31}}-{_FULL_UUID}(?![\w-])", "-", _HEX32),  # Infobip
    _shape(
        "api_key",
        _HEX,
        r"[a-f0-9]{7}(?:-[a-f0-9]{4}){3}-[a-f0-9]{20}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}(?![\w-])",
        "-",
        r"-[a-f0-9]{20}-",
    ),  # bunny
    _shape("token", _HEX, r"[a-f0-9]{31}-[a-f0-9]{32}(?![\w-])", "-", _HEX32),  # OANDA
    _shape("token", _HEX, r"[a-f0-9]{15}-[a-f0-9]{16}-[a-f0-9]{16}(?![\w-])", "-", r"-[a-f0-9]{16}-"),  # Viber
    _shape("api_key", _HEX, r"[a-f0-9]{9}msh[a-f0-9]{15}p1[a-f0-9]{5,6}jsn[a-f0-9]{12}(?!\w)", "msh"),  # RapidAPI
    _shape("api_key", _HEX, r"[a-f0-9]{23}\.[a-f0-9]{32}(?!\w)", ".", _HEX32),  # Codefresh
    _shape(
        _mixed("api_key"), _HEX, rf"[a-f0-9]{{31}}\.(?:{WORD}{{16}}|{WORD}{{24}})(?![\w-])", ".", _HEX32
    ),  # Zhipu, Ollama
    _shape(_mixed("api_key"), _ANY, r"[A-Za-z0-9]{7}\.[A-Za-z0-9]{32}(?![\w-])", ".", r"\.[A-Za-z0-9]{32}"),  # Baseten
    _shape(
        _mixed("api_key"), "[A-Za-z0-9_-]", rf"{WORD}{{10}}\.{WORD}{{43}}(?!\.?[\w-])", ".", rf"\.{WORD}{{43}}"
    ),  # Kagi
    _shape(_mixed("token"), _ANY, r"[A-Za-z0-9]{9}-[A-Za-z0-9]{22}(?![\w-])", "-", r"-[A-Za-z0-9]{22}"),  # Coder
    _shape(
        _mixed("password"), _ANY, r"[A-Za-z0-9]{4}(?:-[A-Za-z0-9]{5}){4}(?![\w-])", "-", r"(?:-[A-Za-z0-9]{5}){4}"
    ),  # Nextcloud
    _shape(
        _mixed("token"), r"[A-Za-z0-9](?<![_-][A-Za-z0-9])", r"[A-Za-z0-9]{21}tt(?![\w-])", "tt", r"[A-Za-z0-9]{22}tt"
    ),  # Storyblok
    _shape(
        "api_key",
        "[A-Z0-9]",
        r"(?=(?:[A-Z-]*\d){4})(?=(?:[\d-]*[A-Z]){4})[A-Z0-9]{6}(?:-[A-Z0-9]{7}){3}(?![\w-])",
        "-",
        r"(?:-[A-Z0-9]{7}){3}",
    ),  # NOWPayments
    _shape("token", _NUMBER, rf"\d{{2,9}}\.(?:pt|at)\.{WORD}{{60,}}+", ".pt. .at."),  # Harvest
    _shape("token", "[um]", r"r?\d{5,10}-[a-f0-9]{24}(?!\w)", "-", r"\d-[a-f0-9]{24}"),  # UptimeRobot
    _shape("token", "[a-z*]", r"[\w-]{0,30}:[\w-]{1,40}\.[a-f0-9]{48,64}(?!\w)", ":", r"\.[a-f0-9]{48}"),  # Unleash
    _shape("token", "a", r"gent:[\w-]{1,60}:[a-f0-9]{32}(?!\w)", "agent:"),  # Dagster
    _shape("token", _NUMBER, r"\d{0,8}\$[a-f0-9]{100,}+", "$", _HEX32),  # Gcore
    _shape(
        "token", _ANY, rf"[A-Za-z0-9]{{47,110}}_[A-Z0-9]{{4}}_{_FULL_UUID}(?!\w)", "_", r"_[A-Z0-9]{4}_[a-f0-9]{8}-"
    ),  # Webex
    _shape(
        "token", "[A-Za-z0-9_-]", rf"(?!.AA){WORD}{{10}}AAAAAAAAAA{WORD}{{43}}(?![\w-])", "aaaaaaaaaa"
    ),  # Dropbox, older
    _shape(
        _mixed("private_key"), "[KL]", r"[1-9A-HJ-NP-Za-km-z]{51}(?!\w)", "k l", r"[KL][1-9A-HJ-NP-Za-km-z]{51}"
    ),  # Bitcoin
)
SHAPES = Rules(
    (
        # Licence keys and BitLocker's recovery keys, in groups.
        _shape("api_key", "[A-Z0-9]", r"[A-Z0-9]{4}-(?=[A-Z-]{0,22}\d)(?:[A-Z0-9]{5}-){3}[A-Z0-9]{5}(?![\w-])", "-"),
        _shape("secret", "[0-9]", r"\d{5}(?:-\d{6}){7}(?![\w-])", "-"),
        *MORE,
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
        # Microsoft: a mark inside the key.
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
                "oauth-",
                "access-",
                "admin-",
            ),
            _RUN20,
        ),
        Rule(
            _unnamed_vendor,
            re.compile(
                r"(?P<s>(?P<head>(?:[a-z](?<![A-Za-z0-9_/+-][a-z])[a-z0-9]{1,11}|[A-Z](?<![A-Za-z0-9_/+-][A-Z])[A-Z]{2,11})"
                rf"(?:_|-(?={WORD}{{36}})))(?P<body>{WORD}{{30,}}+)(?![=@]))"
            ),
            ("_", "-"),
            _RUN32,
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
