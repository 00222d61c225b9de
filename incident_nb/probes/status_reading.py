"""Reading a status page's document with care: what an incident is, and times, names and lists out of foreign JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from incident_nb.errors import UnreachableError

Impact = Literal["none", "minor", "major", "critical", "unknown"]
LONGEST_NAME = 120
MOST_ROWS = 20_000
LAST_YEAR = 3000
LONGEST_TIME = 100  # characters


class UnreadableError(UnreachableError):
    """A document is not what a status page of its format answers."""


class Incident(NamedTuple):
    """One incident or maintenance. Times are UTC; `ended` None: it goes on. `parts`: what of the vendor it names."""

    name: str
    begun: datetime | None
    ended: datetime | None
    state: str
    impact: Impact
    parts: tuple[str, ...] = ()
    maintenance: bool = False


def json_of(body: bytes) -> Any:
    try:
        return json.loads(decoded(body))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"it is {what_it_is(body)} where JSON was expected") from error


def decoded(body: bytes) -> str:
    """The text of a body, by its byte order mark; UTF-8 without one."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16")
    return body.decode("utf-8-sig")


def what_it_is(body: bytes) -> str:
    """What a body that is not what was expected looks like, without quoting it."""
    start = body[:300].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return "a web page"
    return "empty" if not body.strip() else "damaged or something else"


def object_of(body: bytes) -> dict[str, Any]:
    page = json_of(body)
    if not isinstance(page, dict):
        raise UnreadableError("its JSON is not an object")
    return page


def list_of(rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise UnreadableError("its JSON is not the list of incidents that was expected")
    if len(rows) > MOST_ROWS:
        raise UnreadableError(f"its list is longer than {MOST_ROWS:,} incidents")
    if not all(isinstance(row, dict) for row in rows):
        raise UnreadableError("its list holds something that is no incident")
    return rows


def rows_of(page: dict[str, Any], key: str) -> list[Any]:
    if key not in page:
        raise UnreadableError(f"it holds no “{key}”")
    return list_of(page[key])


def time_of(value: Any) -> datetime | None:
    """A time in ISO 8601, as seconds, as in mail (RSS), or as JavaScript prints it; without a zone it is UTC."""
    text = str(value if value is not None else "").strip()
    if not text or len(text) > LONGEST_TIME or isinstance(value, bool):
        return None
    if text.replace(".", "", 1).isdigit():
        try:
            at = datetime.fromtimestamp(float(text), UTC)
            return at if at.year < LAST_YEAR else None
        except (OverflowError, OSError, ValueError):
            return None
    for read in (datetime.fromisoformat, _javascript, parsedate_to_datetime):  # the last one overlooks "GMT+0100"
        try:
            at = read(text)
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        # "9999-12-31" stands for no end at all; and no time that is reckoned with may lie at the end of the calendar.
        return at if 1970 <= at.year < LAST_YEAR else None
    return None


def _javascript(text: str) -> datetime:
    return datetime.strptime(text.partition(" (")[0], "%a %b %d %Y %H:%M:%S GMT%z")


def name_of(value: Any) -> str:
    words = " ".join(str(value or "").split())
    return (words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…") or "an incident without a name"


def impact_of(value: Any) -> Impact:
    known: dict[Any, Impact] = {"none": "none", "minor": "minor", "major": "major", "critical": "critical"}
    return known.get(value, "unknown")


def parts_of(rows: Iterable[Any], key: str = "name") -> tuple[str, ...]:
    """The names of parts, each once: of objects with a name, or of texts."""
    names = [row.get(key) if isinstance(row, dict) else row for row in rows]
    return tuple(
        dict.fromkeys(" ".join(name.split())[:LONGEST_NAME] for name in names if isinstance(name, str) and name)
    )
