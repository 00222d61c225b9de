"""Personal data that rules can find: e-mail, telephone, payment card, IBAN and US social security numbers.

Checksums and issuers' number ranges (ISO/IEC 7812, ISO 13616, SSA) keep ids, times, versions and order numbers whole.
Names of people have no shape and are not found here.
"""

from __future__ import annotations

import re

from .rules import Rule, Rules, anchored, starting

PERSONAL_KINDS = frozenset({"email", "phone", "card", "iban", "ssn"})

DIGITS = re.compile(
    r"[0-9](?:(?<![0-9]{2})(?![0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:)"
    r"(?:[ ().+/\u00a0\u2010-\u2015-]{0,3}[0-9]){6}|"
    r"(?<=[A-Za-z]{2}[0-9])[0-9][ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]{3})"
)
"""What every rule below but those for e-mail and `+` needs, times left out. One look spares the others on most strings."""

# ISO 13616 registry: country and length of its IBANs.
IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in re.findall(
        r"\w+",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 "
        "FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 "
        "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 "
        "SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TN24 TR26 UA29 VA22 VG24 XK20",
    )
}

# ISO/IEC 7812 ranges of the large schemes with the lengths they use.
_CARD_RANGES = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|"
    r"3[068]\d{12}|62\d{14}"
)
_MAESTRO = re.compile(r"(?:50|5[6-9]|6\d)\d{11,17}")


def luhn(digits: str) -> bool:
    """True when the last digit is the Luhn check digit of the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def iban_valid(text: str) -> bool:
    """True for an IBAN without blanks: its country's length, and remainder 1 when divided by 97."""
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return len(text) == IBAN_LENGTHS.get(text[:2]) and int(number) % 97 == 1


def _card(match: re.Match[str]) -> str | None:
    text = match["s"]
    digits = re.sub(r"\D", "", text)
    grouped = len(digits) != len(text)
    if grouped and not re.fullmatch(
        r"\d{4}(?:([ -])\d{4})(?:\1\d{4}){1,2}(?:\1\d{1,4})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{6}[ -]\d{8,13}", text
    ):
        return None
    fits = _CARD_RANGES.fullmatch(digits) or (grouped and _MAESTRO.fullmatch(digits))
    return "card" if fits and (len(digits) != 13 or grouped) and luhn(digits) else None


def _iban(match: re.Match[str]) -> str | None:
    return "iban" if iban_valid(re.sub(r"[ .-]", "", match["s"]).upper()) else None


def _iban_pattern() -> str:
    """One branch a length, since a blank-separated IBAN may be followed by a word that looks like its next group."""
    branches = []
    for length in sorted(set(IBAN_LENGTHS.values())):
        countries = "|".join(country for country, size in IBAN_LENGTHS.items() if size == length)
        groups, rest = divmod(length - 4, 4)
        tail = rf"[ .-]?[A-Z0-9]{{{rest}}}" if rest else ""
        branches.append(rf"(?:{countries})\d{{2}}(?:[ .-]?[A-Z0-9]{{4}}){{{groups}}}{tail}")
    return rf"(?<![A-Za-z0-9])(?i:(?P<s>{'|'.join(branches)}))(?![A-Za-z0-9])"


# What ends like an address but is a file, a version's or a picture's name.
_FILES = frozenset(
    re.findall(
        r"\w+",
        "png jpg jpeg gif svg webp ico js mjs cjs ts tsx jsx css scss map html htm json yaml yml xml txt csv pdf zip tgz gz lock "
        "log toml ini conf sql exe dll so jar class",
    )
)


_ALGORITHMS = frozenset(("openssh.com", "libssh.org", "lysator.liu.se"))
_OF_MESSAGE = re.compile(r"(?i)(?:message-?id|msgid|in-reply-to|references|content-id|\bcid)[\"']?\s?[:=]\s?[\"']?<?\Z")


def _email(match: re.Match[str]) -> str | None:
    user, _, host = match["s"].rpartition("@")
    before, behind = (
        match.string[max(0, match.start() - 60) : match.start()],
        match.string[match.end() : match.end() + 1],
    )
    if before.endswith("://") and behind in (":", "/"):
        return None  # an account on a server
    if user.lower() in ("pass", "password", "passwd", "pwd") and re.search(r"://[^\s/:@]{0,40}:\Z", before):
        return None  # a document's example of an address
    if host in _ALGORITHMS or (re.search(r"\d{4}|\d\.\d", user) and _OF_MESSAGE.search(before)):
        return None
    return None if host.rsplit(".", 1)[-1].lower() in _FILES or (user == "git" and behind in ":/") else "email"


AT = re.compile(r"@(?!\d+\.)[^\W_]")
"""What every address has; versions of packages have another."""
EMAIL = Rule(
    _email,
    re.compile(
        r"(?<![\w.+-])(?P<s>(?:\w[\w.+&-]{0,63}(?:['’][\w.+-]{1,40})?|\"[^\"\n@]{1,60}\")@(?!\d+\.)"
        r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,40}))(?![\w])"
    ),
    ("@",),
)


# What is written in a card's groups is no telephone number, whether its check digit fits or not.
_CARD_GROUPS = re.compile(r"(?<!\d)\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?!\d)")


def _of_card(match: re.Match[str]) -> bool:
    start, end = match.span("s")
    around = _CARD_GROUPS.finditer(match.string, max(0, start - 24), end + 24)
    return any(card.start() < end and start < card.end() for card in around)


def _dashed(match: re.Match[str]) -> str | None:
    return None if _of_card(match) else "phone"


def _international(match: re.Match[str]) -> str | None:
    return "phone" if 8 <= len(re.findall(r"\d", match["s"])) <= 15 else None


def _national(match: re.Match[str]) -> str | None:
    """Judge a number written with a leading 0 and in groups; dates and times in such form are none."""
    text = match["s"]
    digits = re.sub(r"\D", "", text)
    if (
        _of_card(match)
        or not 9 <= len(digits) <= 12
        or re.fullmatch(
            r"0\d[ .-][01]\d[ .-](?:19|20)\d\d.*|0\d{1,3}(?:-\d{3,})+(?:-\d{2})|(?:\d+-){3,}\d{3,}|"
            r"0\d(?:[ .-]\d\d){2}|0\d\d-\d\d-\d+|0\d{4}-\d{4}|0\d\d[-/ ]\d{3}[-/ ]\d{3}",
            text,
        )
    ):
        return None
    return "phone"


def _spoken(match: re.Match[str]) -> str | None:
    """Judge a number behind a word for telephone."""
    text = match["s"]
    digits = len(re.findall(r"\d", text))
    return (
        "phone"
        if 7 <= digits <= 15
        and not _of_card(match)
        and not re.fullmatch(r"(?:19|20)\d\d[-./]\d\d[-./]\d\d.*|\d{1,3}(?:\.\d{1,3}){3}|1[5-9]\d{8}(?:\d{3})?", text)
        else None
    )


_DASH = r"\u00a0\u2010-\u2015-"
_SPOKEN = (
    "phone|tel|mobil|cell|fax|whatsapp|sms|msisdn|call|dial|celular|movil|móvil|handy|teléfono|téléphone|joignable|llám|llama|anruf|"
    "rufnummer|тел|手机|电话|電話|携帯|전화"
)
_IBAN = re.compile(_iban_pattern())
_IBAN_DIGITS = re.compile(r"\d(?<=[A-Za-z]{2}\d)\d[ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]{4}[ .-]?[A-Za-z0-9]{3}")

NUMBERS = Rules(
    (
        Rule(
            _iban,
            _IBAN,
            (),
            None,
            lambda text, _: [match.start() - 2 for match in _IBAN_DIGITS.finditer(text)],
        ),
        Rule(
            _card,
            re.compile(rf"(?P<s>{starting(r'[0-9]')}(?<!\d[.-]\d)(?:[ -]?\d){{12,18}})(?![A-Za-z0-9]|[.-]\d)"),
            (),
            re.compile(r"\d(?:[ -]?\d){12}"),
        ),
        Rule(
            "ssn",
            re.compile(r"(?P<s>\d(?<![\w-]\d)(?<!9)\d\d(?<!000)(?<!666)-(?!00)\d\d-(?!0000)\d{4})(?![\w-])"),
            ("-",),
            re.compile(r"\d-\d\d-\d{4}"),
        ),
        Rule(
            _international,
            re.compile(rf"(?P<s>\+(?<![\d.+:]\+)(?<!\d[Ee]\+)[1-9](?:[ .()/{_DASH}]{{0,2}}\d){{6,14}})(?!\d|:\d)"),
            ("+",),
        ),
        Rule(
            _international,
            re.compile(
                rf"(?P<s>00(?<![\w.:+/-]00)(?:[1-9]\d(?:[ ()/{_DASH}]{{1,2}}\d{{1,8}}){{2,6}}|[1-9]\d{{9,12}}))(?![\w]|[.:-]\d)"
            ),
            ("00",),
        ),
        Rule(
            _dashed,  # North America: (212) 555-0187, 212-555-0187, 1.212.555.0187
            re.compile(
                r"(?P<s>[(1-9](?<![\w.+-][(1-9])(?:(?:(?<=1)[ .-])?(?:(?<=[ .-])\(|(?<=\())[2-9]\d\d\) ?[2-9]\d\d[ .-]|"
                r"(?:(?<=1)[ .-][2-9]|(?<=[2-9]))\d\d([ .-])[2-9]\d\d\2)\d{4})"
                r"(?![\w-]|\.\d)"
            ),
            ("(", "-", ".", " "),
            re.compile(r"\d\d[ .-]\d{4}(?!\d)"),
        ),
        Rule(
            _dashed,  # an area in brackets: (11) 92215-0111
            re.compile(r"(?P<s>\((?<![\w(]\()0?[1-9]\d{1,2}\) ?\d{3,5}[ -]\d{4})(?![\w-]|\.\d)"),
            ("(",),
            re.compile(r"\) ?\d{3,5}[ -]\d{4}"),
        ),
        Rule(
            _national,
            re.compile(
                rf"(?P<s>0(?<![\w.,:+/-]0)[1-9]\d{{0,4}}\)?(?:[ /{_DASH}]{{1,2}}\d{{2,8}}){{1,5}})(?![\w]|[.:,/-]\d)"
            ),
            ("0",),
        ),
        anchored(
            _spoken,
            rf"(?i:(?:{_SPOKEN}|telefono)(?:[oe]?|efono?|ular|phone|ed|ing|e|number|ефон|番号|号码|me|ame|en)?)"
            rf"(?:[ _]?(?i:number|no\.?|num|nummer|nr\.?|#))?[^\w\n+(]{{0,6}}"
            rf"(?:(?i:is|to|from|at|for|on|number|of|au|al|unter|под)\s[^\w\n+(]{{0,3}}){{0,2}}"
            rf"(?P<s>[+(]{{0,2}}\d(?:[ .()/{_DASH}]{{0,2}}\d){{6,14}})(?![\w]|[:.]\d)",
            _SPOKEN,
        ),
    )
)
