"""Ways to damage an export: its bytes, its JSON as a tree, or n8n's stored text inside it."""

from __future__ import annotations

import json
import random
from typing import Any

ODD: list[Any] = [
    None, True, False, 0, -1, 7, 1.5, 1e308, 2**63, -(2**70), 10**400, "", "x", "0", "-1", "99999999", "\x00", "\ud83d", "é" * 40,
    "x" * 5_000, [], [[]], [None], ["0"], {}, {"": ""}, {"message": None}, {"error": {"message": "boom"}}, {"0": "1"},
    "2026-13-45T99:00:00Z", "[1,2", '{"a":', "Infinity", "__proto__",
]  # fmt: skip
TOKENS = [
    b"null", b"true", b"[]", b"{}", b'""', b'"', b"\\", b"}", b"]", b"{", b"[", b",", b":", b"-1", b"1e999", b"NaN", b"0" * 30,
    b"9" * 400, b"\\ud800", b"\\u0000", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b',{"id":', b'[{"id":', b'"error":', b'"data":',
    b"\n", b"\n{", b"{" * 300, b"[" * 3000, b'[{"id":' * 300, b"/*", b"'",
]  # fmt: skip


def bytes_of(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The content after one to six damages, some of them taken from another export."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(content) + 1)
        to = min(len(content), at + int(rng.expovariate(1 / 40)))
        match rng.randrange(10):
            case 0 if content:  # a flipped bit
                at = rng.randrange(len(content))
                content = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
            case 1:  # a piece lost
                content = content[:at] + content[to:]
            case 2:  # bytes that do not belong
                content = content[:at] + rng.randbytes(rng.randrange(1, 9)) + content[at:]
            case 3:  # cut off
                content = content[:at]
            case 4:  # a piece twice, or many times
                content = content[:to] + content[at:to] * rng.choice((1, 2, 50)) + content[to:]
            case 5:  # the end of another export
                content = content[:at] + other[rng.randrange(len(other) + 1) :]
            case 6 | 7:  # a token too many, or in place of what stood there
                content = content[:at] + rng.choice(TOKENS) + content[rng.choice((at, to)) :]
            case 8:  # a number or text replaced by another
                content = _swapped(content, rng)
            case _:  # two pieces changed over
                second = rng.randrange(len(content) + 1)
                one, two = sorted((at, second))
                size = min(40, two - one)
                content = (
                    content[:one]
                    + content[two : two + size]
                    + content[one + size : two]
                    + content[one : one + size]
                    + content[two + size :]
                )
    return content


def _swapped(content: bytes, rng: random.Random) -> bytes:
    """One JSON token replaced by another one of the same document."""
    if not content:
        return content
    cuts = [rng.randrange(len(content)) for _ in range(2)]
    spans = [(content.rfind(b",", 0, cut) + 1, (content.find(b",", cut) + len(content)) % len(content)) for cut in cuts]
    (start, end), (other, last) = spans
    return content[:start] + content[other:last] + content[max(start, end) :]


def tree_of(value: Any, rng: random.Random, times: int | None = None) -> Any:
    """The tree after one to five changes of its structure."""
    for _ in range(times or rng.choice((1, 1, 2, 5))):
        places = list(_holders(value))
        holder = rng.choice(places)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        match rng.randrange(9):
            case 0 | 1 | 2:  # a value of another type
                holder[key] = _copied(rng.choice(ODD))
            case 3:  # a key or entry lost
                del holder[key]
            case 4:  # a part of the document in another place
                holder[key] = _copied(rng.choice(places))
            case 5:  # many of one
                holder[key] = [_copied(holder[key])] * rng.choice((2, 30, 1000 if not places[50:] else 2))
            case 6:  # nested deeper
                for _ in range(rng.choice((1, 5, 120, 500))):
                    holder[key] = {"cause": holder[key]} if rng.random() < 0.5 else [holder[key]]
                    if rng.random() < 0.02:
                        break
            case 7 if isinstance(holder, dict):  # another name
                holder[rng.choice(("error", "data", "name", "id", "node", "", "x" * 3000, "\x1b[31m", "json"))] = (
                    holder.pop(key)
                )
            case _:  # a number moved, a text changed
                old = holder[key]
                if isinstance(old, str):
                    holder[key] = old[: rng.randrange(len(old) + 1)] + rng.choice(("", "\ud800", "\x00", "é", '"', old))
                elif isinstance(old, int | float):
                    holder[key] = rng.choice((-old, old * 1000, old + 1, str(old)))
        if not next(_holders(value), None):
            break
    return value


def _holders(value: Any) -> Any:
    """Every object and list in a tree that is not empty, without looking below a depth that mutation itself made."""
    waiting = [(value, 0)]
    while waiting:
        found, depth = waiting.pop()
        if isinstance(found, dict | list) and found and depth < 80:
            yield found
            waiting += [(child, depth + 1) for child in (found.values() if isinstance(found, dict) else found)]


def _copied(value: Any) -> Any:
    """A copy that shares nothing, so that no mutation makes a cycle; what is too deep comes back as null."""
    try:
        return json.loads(json.dumps(value))
    except (RecursionError, ValueError):
        return None


def stored_of(text: str, rng: random.Random) -> str:
    """n8n's stored data with its indices changed: to other parts, to themselves, to nowhere."""
    try:
        parts = json.loads(text)
    except ValueError:
        return text
    for _ in range(rng.choice((1, 2, 8))):
        holder = rng.choice([part for part in parts if isinstance(part, dict | list) and part] or [[None]])
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        match rng.randrange(5):
            case 0 | 1:
                holder[key] = str(rng.randrange(len(parts) + 1))
            case 2:
                holder[key] = _copied(rng.choice(ODD))
            case 3 if isinstance(holder, list):  # the same part again and again
                holder[:] = [holder[key]] * rng.choice((2, 300))
            case _:  # a ladder: each rung holds the one below it twice
                below = str(rng.randrange(len(parts)))
                for _ in range(rng.choice((5, 40, 200))):
                    parts.append([below, below] if rng.random() < 0.5 else {"message": below, "cause": below})
                    below = str(len(parts) - 1)
                holder[key] = below
    return json.dumps(parts)
