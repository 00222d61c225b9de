"""How much the readers take in, each limit with its reason, and the budget for what is looked at in one execution.

Wide enough for any export of a real n8n: 1.4 GB of JSON with 200,000 executions, a database of 10 GB, 100 MB of data in one
execution. What lies beyond a limit is refused with a SourceError that names it, or skipped and counted.
"""

from __future__ import annotations

from typing import Any

import msgspec

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# Folders and globs. One file an execution is 200,000 files; a folder such as `/` holds millions that are none.
FILES = 250_000
FOLDER_ENTRIES = 2_000_000

# Compressed files. A plain file is mapped, not loaded, and has no limit of its own.
UNPACKED_IN_MEMORY = 4 * GIB  # JSON and tables of export:entities: fits a laptop, three times the largest export seen
UNPACKED_ON_DISK = 64 * GIB  # a database, unpacked into a temporary folder
RATIO = 500  # times the packed size; exports pack 5 to 50 times, a bomb of zeros 1,000 times or more
RATIO_FROM = 64 * MIB  # below this the ratio does not matter
ZSTD_WINDOW = 128 * MIB  # memory that a zstd file may ask for to be unpacked; `zstd --ultra -22` asks for this much
ZIP_MEMBERS = 10_000  # export:entities writes 500 rows to a file: 200,000 executions are 800 files

# One source.
ROWS = 2_000_000  # executions kept, about 1 kB of memory each
FLOWS = 20_000  # workflows whose newest snapshot is remembered, to compare the next run's with
SNAPSHOTS = 50_000  # different versions of workflows
SNAPSHOT_BYTES = 512 * MIB  # all of them together
BAD_PARTS = 20_000  # damaged lines or rows of one file, after which the rest of it is given up
SALVAGE_PASSES = 8  # times the size of a damaged file that is searched for rows in all
PLACES_NAMED = 1_000  # skipped places that are named one by one; more are only counted

# One execution.
DATA = 256 * MIB  # bytes of its data; n8n itself shows no more than 100 MB
FAILURES = 5_000  # errors kept
# Looked at beyond what the size of the data gives reason for, since n8n's stored form may repeat one part without end:
RUNS = 20_000  # node runs
ITEMS = 50_000  # items of nodes that continue on failure, and hints
ERROR_PARTS = 200_000  # values in all errors together
ERROR_TEXT = 16 * MIB  # characters in them
DEPTH = 400  # of nesting inside an error

# One workflow snapshot, and texts.
NODES = 10_000  # nodes; people build up to some hundred
TEXT = 128_000  # characters of one text that the redaction gate is given; 6,000 of them are kept
NAME = 1_000  # characters of a node, workflow, host or credential name; n8n's own database takes 128


_REPEATS = (
    f"errors of more than {ERROR_PARTS:,} parts or {ERROR_TEXT:,} characters, which repeat themselves: not looked at"
)


class TooLargeError(Exception):
    """Something in an execution lies beyond a limit; the message says which."""


class Budget:
    """What may still be looked at in one execution. `over` says what was too much, once something was.

    `size`: bytes of its data.
    """

    def __init__(self, size: int = 0) -> None:
        self.over: str | None = None
        self._most = {"node runs": RUNS + size // 3, "items": ITEMS + size // 3, "errors": FAILURES}
        self._left = dict(self._most)
        self._parts, self._text = ERROR_PARTS + size // 3, ERROR_TEXT + 3 * size

    def take(self, what: str, count: int = 1) -> None:
        """Uses up `count` of "node runs", "items" or "errors". Raises TooLargeError when that is too many."""
        self._left[what] -= count
        if self._left[what] < 0:
            raise TooLargeError(f"more than {self._most[what]:,} {what} in one execution: the rest was not looked at")

    def weigh(self, error: Any) -> None:
        """Walks an error, which may repeat parts of itself or hold itself.

        Raises TooLargeError when it is too large, `msgspec.DecodeError` when it is nested too deep.
        """
        level, depth = [error], 0
        while level:
            if depth > DEPTH:
                raise msgspec.DecodeError(f"an error in it is nested deeper than {DEPTH} levels, or holds itself")
            self._parts -= len(level)
            if self._parts < 0:
                raise TooLargeError(_REPEATS)
            deeper: list[Any] = []
            for value in level:
                kind = type(value)
                if kind is str:
                    self._text -= len(value)
                    continue
                if kind is dict:
                    self._text -= sum(map(len, value))
                    deeper += value.values()
                elif kind is list:
                    deeper += value
                if len(deeper) > self._parts:
                    raise TooLargeError(_REPEATS)
            if self._text < 0:
                raise TooLargeError(_REPEATS)
            level, depth = deeper, depth + 1


def amount(size: int) -> str:
    """A number of bytes in words, as limits are given."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} bytes"
