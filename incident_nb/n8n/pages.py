"""Lists of n8n's, page by page: never without an end, and never ending half-way without saying so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from incident_nb.errors import UnreachableError

MOST_PAGES = 40_000
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class _Named(msgspec.Struct):
    id: str | int


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]
    nextCursor: str | None = None


_PAGE, _NAMED = msgspec.json.Decoder(_Page), msgspec.json.Decoder(_Named)


@dataclass(frozen=True)
class Page:
    """One page of a list as n8n sent it, the ids on it, and where the next one begins (None: this is the last)."""

    content: bytes
    ids: tuple[str, ...]
    cursor: str | None

    @classmethod
    def of(cls, content: bytes) -> Page:
        """The page that an answer holds. Raises one of UNREADABLE for what is none."""
        page = _PAGE.decode(content)
        return cls(content, tuple(str(_NAMED.decode(row).id) for row in page.data), page.nextCursor or None)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Each element's id, and the element as n8n wrote it."""
        for name, row in zip(self.ids, _PAGE.decode(self.content).data, strict=True):
            yield name, bytes(row)

    def with_rows(self, rows: list[bytes]) -> Page:
        """The same page with other elements of the same ids."""
        return Page(b'{"data":[' + b",".join(rows) + b"]}", self.ids, self.cursor)


Ask = Callable[[Mapping[str, str], dict[str, str]], Page]
"""One page for a query; elements that came without their data go to the table by name, each with the reason."""


@dataclass
class Listing:
    """A list, page by page. Once it has been gone through, `partial` says why it ended early; None if it did not.

    `skipped`: what came without its data, by name, and why.

    The first page raises UnreachableError when it can't be had: then nothing was got, and nothing is partial.
    """

    ask: Ask
    query: Mapping[str, str]
    cursor: str | None = None
    partial: str | None = None
    skipped: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Page]:
        seen: set[str] = set()
        known: set[str | None] = {self.cursor}
        for number in range(MOST_PAGES):
            try:
                page = self.ask({**self.query, **({"cursor": self.cursor} if self.cursor else {})}, self.skipped)
            except UnreachableError as error:
                if number == 0:
                    raise
                self.partial = str(error)
                return
            new = [name for name in page.ids if name not in seen]
            if not new and page.cursor:
                self.partial = f"page {number + 1} held nothing new and names a next one: the paging goes in a circle"
                return
            seen.update(new)
            self.cursor = page.cursor
            yield page
            if page.cursor is None:
                return
            if page.cursor in known:
                self.partial = f"page {number + 1} led back to a page that was read already"
                return
            known.add(page.cursor)
        self.partial = f"more than {MOST_PAGES:,} pages"

    def rows(self) -> Iterator[Any]:
        """The list's elements as plain Python, each id once."""
        seen: set[str] = set()
        for page in self:
            for name, row in page.rows():
                if name not in seen:
                    seen.add(name)
                    yield json.loads(row)
