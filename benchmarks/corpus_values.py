"""Random values for the redaction corpus: a small template language, secrets of each sort, checksums.

A template is text with fields in guillemets: `«hex:32»` is 32 lower-case hex digits, `«b62:20-24»` between 20 and 24
letters and digits, a trailing `!` marks a field that is an identifier and no secret (`xoxb-«num:12!»-«b62:24»`).
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
import string
from dataclasses import dataclass
from pathlib import Path

FIELD = re.compile(r"«(\w+)(?::([^»!]+))?(!?)»")
UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
B62 = DIGITS + UPPER + LOWER
CLASSES = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "num": DIGITS,
    "low": LOWER,
    "up": UPPER,
    "an": DIGITS + LOWER,
    "AN": DIGITS + UPPER,
    "alpha": UPPER + LOWER,
    "b62": B62,
    "u64": B62 + "-_",
    "u66": B62 + "-_.~",
    "b64": B62 + "+/",
    "b32": UPPER + "234567",
    "b58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    "bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
HOSTS = ("api.acornworks.test", "erp.bluepine.test", "db1.internal.test", "files.quillmark.test", "mail.oaklane.test")
USERS = ("app_user", "svc_reports", "admin", "etl", "backup_runner", "orders_api", "integration")
TABLES = Path(__file__).resolve().parent / "corpus"
WORDS = tuple((TABLES / "words.txt").read_text().split())


@dataclass(frozen=True)
class Secret:
    """A planted value; `parts` are the pieces that must be gone, whole and by halves of at least 8 characters."""

    value: str
    parts: tuple[str, ...]
    where: str = ""


def pick(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def _count(rng: random.Random, text: str | None) -> int:
    low, _, high = (text or "1").partition("-")
    return rng.randint(int(low), int(high)) if high else int(low)


def _mixed(rng: random.Random, alphabet: str, count: int) -> str:
    """A random run that is no accident: with at least one digit and one letter where the alphabet has both."""
    for _ in range(50):
        text = pick(rng, alphabet, count)
        if count < 8 or not (set(alphabet) & set(DIGITS) and set(alphabet) & set(UPPER + LOWER)):
            return text
        if any(c.isdigit() for c in text) and any(c.isalpha() for c in text):
            return text
    return text


def uuid4(rng: random.Random) -> str:
    h = pick(rng, CLASSES["hex"], 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{rng.choice('89ab')}{h[17:20]}-{h[20:]}"


def base62_crc(text: str) -> str:
    """The checksum of GitHub's, npm's and Vercel's tokens: CRC32 in base62, six digits."""
    number, out = binascii.crc32(text.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        out = B62[rest] + out
    return out.rjust(6, "0")


def b64(text: str | bytes, url: bool = False, pad: bool = True) -> str:
    raw = text.encode() if isinstance(text, str) else text
    out = (base64.urlsafe_b64encode(raw) if url else base64.b64encode(raw)).decode()
    return out if pad else out.rstrip("=")


def jwt(rng: random.Random, alg: str) -> tuple[str, tuple[str, ...]]:
    """A JWT of that algorithm; what must be gone: the claims and the signature."""
    size = {"HS256": 32, "RS256": 256, "ES256": 64}[alg]
    head = b64(json.dumps({"alg": alg, "typ": "JWT"}, separators=(",", ":")), url=True, pad=False)
    claims = {"sub": pick(rng, B62, 16), "iat": rng.randint(1_700_000_000, 1_790_000_000), "jti": pick(rng, B62, 12)}
    body = b64(json.dumps(claims, separators=(",", ":")), url=True, pad=False)
    sign = b64(rng.randbytes(size), url=True, pad=False)
    return f"{head}.{body}.{sign}", (body, sign)


def _field(rng: random.Random, name: str, arg: str | None) -> str:
    if name in CLASSES:
        return _mixed(rng, CLASSES[name], _count(rng, arg))
    if name == "uuid":
        return uuid4(rng)
    if name == "crc":  # body and checksum together
        body = _mixed(rng, B62, int(arg or "30"))
        return body + base62_crc(body)
    if name == "pick":
        return rng.choice((arg or "").split(","))
    if name == "json64":  # base64 of a small JSON object that begins with the given key
        payload = {arg: pick(rng, B62, 30), "n": pick(rng, B62, 24)}
        return b64(json.dumps(payload, separators=(",", ":")), pad=False)
    if name == "raw64":
        return b64(rng.randbytes(int(arg or "24")))
    if name == "user":
        return rng.choice(USERS)
    if name == "host":
        return rng.choice(HOSTS)
    raise ValueError(f"no field called {name}")


def fill(rng: random.Random, template: str) -> tuple[str, tuple[str, ...]]:
    """The template with every field filled, and the secret pieces of it."""
    parts: list[str] = []

    def one(match: re.Match[str]) -> str:
        name, arg, public = match.groups()
        text = _field(rng, name, arg)
        if not public and name not in ("pick", "user", "host") and len(text) >= 8:
            parts.append(text)
        return text

    return FIELD.sub(one, template), tuple(parts)


def opaque(rng: random.Random, sort: str) -> str:
    """An opaque secret.

    `tok` is machine made, `tokn` the same without the signs of base64; `pw` is a password of 8 to 16 with symbols, `pws`
    one whose symbols are safe anywhere, `pwq` one with a quote or backslash; `pass` are words.
    """
    if sort == "tok":
        shape = rng.choice(
            ("hex:32", "hex:40", "hex:64", "raw64:18", "raw64:24", "raw64:32", "b62:16", "b62:24", "b62:40")
        )
        return fill(rng, f"«{shape}»")[0]
    if sort == "tokn":  # without the signs of base64
        return fill(rng, f"«{rng.choice(('hex:32', 'hex:40', 'hex:64', 'b62:16', 'b62:24', 'b62:32', 'b62:40'))}»")[0]
    if sort in ("hex", "hex64", "uuid"):
        return fill(rng, {"hex": "«hex:32»", "hex64": "«hex:64»", "uuid": "«uuid»"}[sort])[0]
    if sort in ("pw", "pws"):
        signs = "!#$%&*+-.:;=?@^_~" if sort == "pw" else "!*+-._~^"
        count = rng.randint(8, 16)
        chars = [
            rng.choice(UPPER),
            rng.choice(DIGITS),
            rng.choice(signs),
            *pick(rng, B62, count - 4),
            rng.choice(signs),
        ]
        middle = chars[1:-1]
        rng.shuffle(middle)
        return "".join([chars[0], *middle, rng.choice(LOWER)])
    if sort == "pwq":
        text = opaque(rng, "pw")
        return text[:4] + rng.choice(('"', "\\", '\\"')) + text[4:]
    if sort == "pass":
        words = rng.sample(WORDS, 4)
        return rng.choice(("-", " ", ".")).join(words) + str(rng.randint(10, 99))
    raise ValueError(sort)


def luhn_digit(digits: str) -> str:
    total = 0
    for i, c in enumerate(reversed(digits)):
        n = int(c) * (2 if i % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return str(-total % 10)


def card(rng: random.Random, prefix: str, length: int, valid: bool = True) -> str:
    body = prefix + pick(rng, DIGITS, length - len(prefix) - 1)
    check = luhn_digit(body)
    return body + (check if valid else str((int(check) + rng.randint(1, 9)) % 10))


def iban(rng: random.Random, country: str, shape: str, valid: bool = True) -> str:
    """An IBAN of that country; `shape` gives its account part: `n` a digit, `a` a capital, `c` either."""
    kinds = {"n": DIGITS, "a": UPPER, "c": DIGITS + UPPER}
    account = "".join(rng.choice(kinds[c]) for c in shape)
    number = int("".join(str(int(c, 36)) for c in account + country + "00"))
    check = 98 - number % 97
    return f"{country}{check if valid else (check + rng.randint(1, 60)) % 97 + 2:02d}{account}"
