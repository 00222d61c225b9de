"""Personal data in printed forms: e-mail addresses, telephone numbers, payment cards, IBANs. All made up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import corpus_values as values
from corpus_values import Secret

NAMES = ("nora.quist", "pavel.brandt", "ines.solano", "tomas_wende", "li.marlow", "o.ferrant", "zara-pohl", "k.ando")
DOMAINS = ("example.com", "example.org", "mail.example.net", "bluepine.test", "acornworks.example", "quill-mark.co.uk")
UNICODE = ("müller-beispiel.de", "пример.рф", "例え.jp", "xn--mller-beispiel-gsb.de")
MAIL_PLACES = (
    ("bare", "«M»"),
    ("in a sentence", "Could not deliver to «M», giving up"),
    ("in angle brackets", "From: Nora Quist <«M»>"),
    ("mailto", '<a href="mailto:«M»?subject=hi">write</a>'),
    ("in a URL query", "https://api.bluepine.test/contacts?email=«Q»&page=1"),
    ("in a URL path", "https://api.bluepine.test/contacts/«M»/notes"),
    ("Postgres detail", "Key (email)=(«M») already exists."),
    ("in parentheses", "user 7 («M») is blocked"),
    ("in JSON text", '400 - {"error":"no such user","email":"«M»"}'),
    ("at the end", "The mailbox does not exist: «M»."),
)
# country | how a number is printed there with its country code; # is a random digit, fixed digits are the area's
PHONES = """
AT | +43 1 5## ## ## | +43 (0)664 ### ## ## | +43664#######
DE | +49 30 5### #### | +49 (0)171 ####### | +49-151-########
CH | +41 44 5## ## ## | +41 (0)79 ### ## ##
GB | +44 20 7946 0### | +44 (0)20 7946 0### | +44 7700 900###
FR | +33 1 99 ## ## ## | +33 (0)6 39 98 ## ##
IT | +39 06 5### #### | +39 333 ### ####
ES | +34 91 ### ## ## | +34 6## ### ###
NL | +31 20 ### #### | +31 (0)6 ########
BE | +32 2 ### ## ## | +32 47# ## ## ##
SE | +46 8 ### ## ## | +46 (0)70-### ## ##
PL | +48 22 ### ## ## | +48 5## ### ###
IN | +91 98### ##### | +91-22-2### ####
AU | +61 2 5550 #### | +61 4## ### ###
BR | +55 11 9####-#### | +55 (21) 3###-####
JP | +81 3-5###-#### | +81 90-####-####
ZA | +27 11 ### #### | +27 82 ### ####
US | +1 415 555 01## | +1 (415) 555-01## | +1-415-555-01## | +1.415.555.01## | +141555501##
"""
NORTH_AMERICA = (
    "(212) 555-01##",
    "212-555-01##",
    "212.555.01##",
    "(650) 555 01##",
    "1-800-555-01##",
    "1 (303) 555-01##",
)
PHONE_PLACES = (
    ("under a key", {"phone": "«P»", "id": 7}),
    ("in a sentence", "Could not call «P», line busy"),
    ("in JSON text", '400 - {"to":"«P»","error":"unreachable"}'),
    ("tel link", '<a href="tel:«P»">call</a>'),
    ("labelled", "Tel.: «P» (mobile)"),
    ("in item data", {"json": {"to": "«P»", "text": "Reminder"}}),
)
CARDS = (("Visa", "4", 16), ("Mastercard", "53", 16), ("Mastercard 2-series", "2223", 16))
CARDS += (("American Express", "37", 15), ("Discover", "6011", 16), ("Diners", "36", 14), ("JCB", "3530", 16))
CARD_PLACES = (
    "«C»",
    "Your card «C» was declined",
    {"card": "«C»", "amount": 4200},
    {"json": {"payment": {"number": "«C»", "exp": "11/29"}}},
    '402 - {"error":{"param":"«C»"}}',
)
IBANS = """
AT nnnnnnnnnnnnnnnn|BE nnnnnnnnnnnn|CH nnnnncccccccccccc|CZ nnnnnnnnnnnnnnnnnnnn|DE nnnnnnnnnnnnnnnnnn|DK nnnnnnnnnnnnnn
ES nnnnnnnnnnnnnnnnnnnn|FI nnnnnnnnnnnnnn|FR nnnnnnnnnncccccccccccnn|GB aaaannnnnnnnnnnnnn|IE aaaannnnnnnnnnnnnn
IT annnnnnnnnncccccccccccc|LT nnnnnnnnnnnnnnnn|LU nnnccccccccccccc|NL aaaannnnnnnnnn|NO nnnnnnnnnnn
PL nnnnnnnnnnnnnnnnnnnnnnnn|PT nnnnnnnnnnnnnnnnnnnnn|SE nnnnnnnnnnnnnnnnnnnn|SK nnnnnnnnnnnnnnnnnnnn|HU nnnnnnnnnnnnnnnnnnnnnnnn
TR nnnnnncccccccccccccccc|SA nncccccccccccccccccc|AE nnnnnnnnnnnnnnnnnnn
"""
IBAN_PLACES = (
    "«I»",
    "Transfer to «I» was rejected (AC01)",
    {"iban": "«I»", "amount": 90},
    {"json": {"text": "please pay to «I»"}},
    '400 - {"account":"«I»"}',
)


def grouped(text: str, size: int, sign: str = " ") -> str:
    return sign.join(text[i : i + size] for i in range(0, len(text), size))


def card_forms(number: str) -> tuple[str, str, str]:
    short = len(number) in (14, 15)  # printed 4-6-5 or 4-6-4
    spaced = f"{number[:4]} {number[4:10]} {number[10:]}" if short else grouped(number, 4)
    return number, spaced, spaced.replace(" ", "-")


def mail(rng: random.Random) -> str:
    return f"{rng.choice(NAMES)}{rng.randint(10, 99)}@{rng.choice(DOMAINS)}"


def phone(rng: random.Random, form: str) -> str:
    return "".join(rng.choice("0123456789") if c == "#" else c for c in form)


def put(place: Any, sign: str, text: str) -> Any:
    if isinstance(place, dict):
        return {k: put(v, sign, text) for k, v in place.items()}
    return place.replace(sign, text) if isinstance(place, str) else place


def phone_forms() -> list[tuple[str, str]]:
    out = []
    for line in PHONES.strip().splitlines():
        country, *forms = (cell.strip() for cell in line.split(" | "))
        out += [(country, form) for form in forms]
    return out


def iban_shapes() -> list[tuple[str, str]]:
    return [(s[:2], s[3:]) for line in IBANS.strip().splitlines() for s in line.split("|")]


def _mails(rng: random.Random) -> Iterator[tuple[str, Any, tuple[Secret, ...]]]:
    kinds = {
        "plain": lambda: mail(rng),
        "plus": lambda: mail(rng).replace("@", f"+shop{rng.randint(10, 99)}@"),
        "unicode domain": lambda: f"{rng.choice(NAMES)}{rng.randint(10, 99)}@{rng.choice(UNICODE)}",
        "capitals": lambda: mail(rng).title(),
        "long top domain": lambda: f"{rng.choice(NAMES)}@{rng.choice(('studio', 'dept'))}.bluepine.photography",
    }
    for kind, make in kinds.items():
        for name, place in MAIL_PLACES:
            address = make()
            text = place.replace("«M»", address).replace("«Q»", quote(address, safe=""))
            local = address.split("@")[0]
            yield f"e-mail {kind}, {name}", text, (Secret(address, (local,), "e-mail"),)
        address = make()
        yield (
            f"e-mail {kind}, JSON",
            {"json": {"contact": [address]}},
            (Secret(address, (address.split("@")[0],), "e-mail"),),
        )


def cases(rng: random.Random) -> Iterator[tuple[str, Any, tuple[Secret, ...]]]:
    yield from _mails(rng)
    for country, form in [*phone_forms(), *(("North America", form) for form in NORTH_AMERICA)]:
        for name, place in rng.sample(PHONE_PLACES, 2):
            number = phone(rng, form)
            yield f"phone {country} {form}, {name}", put(place, "«P»", number), (Secret(number, (number,), "phone"),)
    for scheme, prefix, length in CARDS:
        number = values.card(rng, prefix, length)
        for form, text in zip(("together", "blanks", "hyphens"), card_forms(number), strict=True):
            secret = Secret(number, (text, number), "card")
            yield f"card {scheme}, {form}", put(rng.choice(CARD_PLACES), "«C»", text), (secret,)
    for country, shape in iban_shapes():
        number = values.iban(rng, country, shape)
        for form, text in (("together", number), ("blanks", grouped(number, 4))):
            secret = Secret(number, (text, number), "iban")
            yield f"IBAN {country}, {form}", put(rng.choice(IBAN_PLACES), "«I»", text), (secret,)
