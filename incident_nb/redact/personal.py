"""Personal data that rules can find: e-mail, telephone, payment card, IBAN and US social security numbers.

Checksums and issuers' number ranges (ISO/IEC 7812, ISO 13616, SSA) keep ids, times, versions and order numbers whole.
Names of people have no shape and are not found here.
"""

from __future__ import annotations

import re

from .rules import START, Rule

PERSONAL_KINDS = frozenset({"email", "phone", "card", "iban", "ssn"})

DIGITS = re.compile(r"\d[\d ().+/-]{6}")
"""What every rule below but e-mail needs. One look spares the others on most strings."""

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
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35\d{14}|3[068]\d{12}"
)


def luhn(digits: str) -> bool:
    """True when the last digit is the Luhn check digit of the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def iban_valid(text: str) -> bool:
    """True for an IBAN without blanks: its country's length, and remainder 1 when divided by 97."""
    number = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return len(text) == IBAN_LENGTHS.get(text[:2]) and int(number) % 97 == 1


def _card(match: re.Match[str]) -> str | None:
    digits = re.sub(r"\D", "", match["s"])
    return "card" if _CARD_RANGES.fullmatch(digits) and luhn(digits) else None


def _iban(match: re.Match[str]) -> str | None:
    return "iban" if iban_valid(match["s"].replace(" ", "")) else None


def _iban_pattern() -> str:
    """One branch a length, since a blank-separated IBAN may be followed by a word that looks like its next group."""
    branches = []
    for length in sorted(set(IBAN_LENGTHS.values())):
        countries = "|".join(country for country, size in IBAN_LENGTHS.items() if size == length)
        groups, rest = divmod(length - 4, 4)
        tail = rf" ?[A-Z0-9]{{{rest}}}" if rest else ""
        branches.append(rf"(?:{countries})\d{{2}}(?: ?[A-Z0-9]{{4}}){{{groups}}}{tail}")
    return rf"{START}(?P<s>{'|'.join(branches)})(?![A-Za-z0-9])"


EMAIL = Rule(
    "email",
    re.compile(
        r"(?<![\w.+-])(?P<s>\w[\w.+-]{0,63}(?:'[\w.+-]{1,40})?@(?!\d+\.)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24})"
        r"(?![\w])"
    ),
    ("@",),
)

NUMBERS = (
    Rule(_iban, re.compile(_iban_pattern()), ()),
    Rule(_card, re.compile(rf"{START}(?<!\d\.)(?P<s>\d(?:[ -]?\d){{12,18}})(?![A-Za-z0-9]|\.\d)"), ()),
    Rule(
        "ssn",
        re.compile(r"(?<![\w-])(?P<s>(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4})(?![\w-])"),
        ("-",),
    ),
    Rule("phone", re.compile(r"(?<![\d.+])(?P<s>\+[1-9](?:[ .()/-]{0,2}\d){7,14})(?!\d)"), ("+",)),
    Rule(
        "phone",  # North America: (212) 555-0187, 212-555-0187, 1.212.555.0187
        re.compile(
            r"(?<![\w.+-])(?P<s>(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d([ .-]))[2-9]\d\d(?(2)\2|[ .-])\d{4})"
            r"(?![\w-]|\.\d)"
        ),
        ("(", "-", ".", " "),
    ),
)
