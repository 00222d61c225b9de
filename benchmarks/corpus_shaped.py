"""Secrets that are known by their shape alone: vendors' tokens, JWTs, keys in PEM, connection strings, signed URLs."""

from __future__ import annotations

import random
import string
import textwrap
from collections.abc import Iterator
from typing import Any

import corpus_values as values
from corpus_places import rows, situations
from corpus_values import Secret

# The places say nothing about a secret: neither a key nor a word that names one.
PLACES = (
    "«T»",
    "The service answered 401 for «T»",
    'Unexpected value "«T»" at line 3 (item 0)',
    "Retrying with «T», attempt 2 of 3",
    "<td>«T»</td>",
    "- `«T»`",
    "before\n«T»\nafter",
    {"value": "«T»"},
    {"note": "use «T» for the nightly export"},
    ["ok", "«T»", 3],
    {"json": {"text": "see «T»", "ok": True}},
    {"description": '400 - {"detail":"bad input «T»"}'},
    "WARN  [worker-2] input was '«T»', skipped",
    "see https://wiki.acornworks.test/page?ref=«T»",
)


def put(place: Any, text: str) -> Any:
    """The place with the text in it."""
    if isinstance(place, str):
        return place.replace("«T»", text)
    if isinstance(place, dict):
        return {k: put(v, text) for k, v in place.items()}
    return [put(v, text) for v in place] if isinstance(place, list) else place


def _fits(place: Any, text: str) -> bool:
    in_url = isinstance(place, str) and "?ref=" in place
    return not (in_url and (set(text) - set(string.ascii_letters + string.digits + "-_.~")))


def placed(rng: random.Random, text: str, count: int) -> list[Any]:
    fitting = [p for p in PLACES if _fits(p, text)]
    return [put(p, text) for p in rng.sample(fitting, count)]


def pem(rng: random.Random, label: str, size: int, newline: str) -> tuple[str, str]:
    head = {"RSA PRIVATE KEY": b"\x30\x82\x04\xa4", "OPENSSH PRIVATE KEY": b"openssh-key-v1\x00"}.get(
        label, b"\x30\x82"
    )
    body = values.b64(head + rng.randbytes(size))
    lines = [f"-----BEGIN {label}-----", *textwrap.wrap(body, 64), f"-----END {label}-----"]
    if "PGP" in label:
        lines[1:1] = ["Version: GnuPG v2", ""]
        lines[-1:-1] = ["=" + values.pick(rng, values.B62, 4)]
    return newline.join(lines), body


PEMS = (("RSA PRIVATE KEY", 1190), ("EC PRIVATE KEY", 118), ("OPENSSH PRIVATE KEY", 390), ("PRIVATE KEY", 1214))
PEMS += (("ENCRYPTED PRIVATE KEY", 1300), ("DSA PRIVATE KEY", 440), ("PGP PRIVATE KEY BLOCK", 900))


def pem_cases(rng: random.Random) -> Iterator[tuple[str, Any, tuple[Secret, ...]]]:
    for label, size in PEMS:
        for name, newline in (("real line ends", "\n"), ("escaped line ends", "\\n")):
            text, body = pem(rng, label, size, newline)
            parts = tuple(textwrap.wrap(body, 64))[1:-1] or (body,)
            secret = (Secret(text, parts, "pem"),)
            yield f"PEM {label}, {name}", text, secret
            yield (
                f"PEM {label}, {name}, in a sentence",
                f"Cannot read the file:{newline}{text}{newline}(item 0)",
                secret,
            )
            yield f"PEM {label}, {name}, in JSON", {"content": text}, secret


def cases(rng: random.Random) -> Iterator[tuple[str, Any, tuple[Secret, ...]]]:
    base = rng.getrandbits(64)
    for name, _category, template in rows("vendors.txt", 3):
        for turn in range(3):
            own = random.Random(f"{base} {name} {turn}")
            text, parts = values.fill(own, template)
            secret = (Secret(text, parts, name),)
            document = placed(own, text, 1)[0]
            yield name, document, secret
    for alg in ("HS256", "RS256", "ES256"):
        for _ in range(3):
            text, parts = values.jwt(rng, alg)
            yield f"JWT {alg}", placed(rng, text, 1)[0], (Secret(text, parts, "jwt"),)
    yield from pem_cases(rng)
    yield from situations(rng, "connections.txt")
