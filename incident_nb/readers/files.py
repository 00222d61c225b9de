"""From what a user names (file, folder, glob) to open bytes, with the kind found by looking at them."""

from __future__ import annotations

import glob
import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from incident_nb.errors import SourceError
from incident_nb.files import scratch
from incident_nb.readers import limits
from incident_nb.readers.entities import is_entities
from incident_nb.readers.postgres_server import is_address, shown
from incident_nb.readers.unpack import DAMAGE, GZIP, ZSTD, Unpacker

Place = Path | str
"""What is read: a file or folder, or the address of a PostgreSQL database."""
Kind = Literal["json", "sqlite", "zip", "empty", "utf16", "other"]

_ENDINGS = (".json", ".jsonl", ".ndjson", ".gz", ".zst", ".sqlite", ".sqlite3", ".db", ".zip")
_NAMED = re.compile(r"([A-Za-z0-9][\w-]{0,63})=(.+)", re.ASCII | re.DOTALL)
_SQLITE = b"SQLite format 3\x00"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[", b"\0\0\0")


class Opened(NamedTuple):
    """A file's bytes, of a database only the first; `place` is where it lies unpacked; `cut_off`: its end is missing."""

    content: memoryview
    place: Path
    cut_off: bool = False


def named(source: str, instance: str) -> tuple[str, str]:
    """What the server is called that a source comes from, and the source: `NAME=SOURCE` names it, else it is `instance`.

    A path that exists is a path, whatever it looks like. Raises SourceError for a configured server, which has its name.
    """
    found = _NAMED.fullmatch(source)
    if found is None or os.path.lexists(source):
        return instance, source
    if found[2] == "n8n" or found[2].startswith("n8n:"):
        raise SourceError(f"{source}: a configured server has its name in the settings already. Write {found[2]}.")
    return found[1], found[2]


def expand(source: str) -> list[Place]:
    """The files that `source` names, sorted. A folder means every export-like file below it (one of `export:entities` is
    a source itself); a glob what it matches. The address of a PostgreSQL database is itself, and no path.

    Raises SourceError when there is nothing, saying what was looked for.
    """
    if is_address(source):
        return [source]
    if source == "n8n" or source.startswith("n8n:"):
        raise SourceError(f"{source} is a configured server, and only files and databases can be read here.")
    return list(_paths(source))


def _paths(source: str) -> list[Path]:
    try:
        path = Path(source).expanduser()
        if path.is_file() or (path.is_dir() and is_entities(path)):
            return [path]
        if path.is_dir():
            found = _sought(source, path.rglob("*"), lambda p: p.name.lower().endswith(_ENDINGS) and p.is_file())
            if not found:
                raise SourceError(
                    f"No export found in the folder {source}: looked for {', '.join(_ENDINGS)} in it and below."
                )
            return found
        matches = map(Path, glob.iglob(str(path), recursive=True))  # noqa: PTH207  absolute, too
        found = _sought(source, matches, Path.is_file)
    except (OSError, ValueError, RuntimeError) as error:  # no path at all, or `~` of a user there isn't
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"Could not look into {source}: {reason}. Check the path and its permissions.") from error
    if not found:
        raise SourceError(
            f"There is no file, folder or match for {source}. Check the spelling; `sample` is the built-in export."
        )
    return found


def told(place: Place) -> str:
    """What one of those is called in reports: a path as it is, a database by host and name."""
    return shown(place) if isinstance(place, str) else str(place)


def _sought(source: str, paths: Iterable[Path], wanted: Callable[[Path], bool]) -> list[Path]:
    """The wanted paths, sorted. Raises SourceError when there are more than anyone means."""
    found: list[Path] = []
    for number, path in enumerate(paths, 1):
        if wanted(path):
            found.append(path)
        if len(found) > limits.FILES or number > limits.FOLDER_ENTRIES:
            raise SourceError(
                f"{source} names more than {limits.FILES:,} exports, or {limits.FOLDER_ENTRIES:,} files in all. Name a "
                "folder or glob that holds fewer."
            )
    return sorted(found)


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The file's bytes, unpacked: JSON in memory, a database into a private temporary folder, removed afterwards.

    A plain file is mapped, not read, so that memory stays small. Raises SourceError when it can't be read, its
    compression is damaged, or it unpacks to more than `limits` allow.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if head.startswith((GZIP, ZSTD)):
                file.seek(0)
                with scratch() as folder:  # what a crash leaves there is removed at the next start
                    yield _unpacked(file, path, folder)
            else:
                yield Opened(_mapped(file) if head else memoryview(b""), path)
    except DAMAGE as error:
        raise SourceError(f"{path} is compressed and damaged: {error}. Export or copy it again.") from error
    except OSError as error:
        raise SourceError(
            f"Could not read {path}: {error.strerror or error}. Check the path and its permissions."
        ) from error


def _mapped(file: BinaryIO) -> memoryview:
    """Not closed by hand: decoded parts may still point into it, and it goes with the last of them."""
    try:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError as error:  # no regular file after all, such as one of /proc
        raise OSError(str(error)) from error


def _unpacked(file: BinaryIO, path: Path, folder: Path) -> Opened:
    unpacker = Unpacker(file, path)
    pieces = unpacker.pieces()
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) >= len(_SQLITE):
            break
    if not content.startswith(_SQLITE):
        unpacker.check(bytes(content), limits.UNPACKED_IN_MEMORY)
        for piece in pieces:
            unpacker.check(piece, limits.UNPACKED_IN_MEMORY)
            content += piece
        return Opened(memoryview(content), path, unpacker.cut_off)
    place = folder / "database.sqlite"
    try:
        with place.open("wb") as out:
            for piece in chain([bytes(content)], pieces):
                unpacker.check(piece, limits.UNPACKED_ON_DISK)
                out.write(piece)
    except OSError as error:
        raise SourceError(
            f"Could not unpack {path} into {folder.parent}: {error.strerror}. Free some space there, or set TMPDIR to "
            "another folder."
        ) from error
    return Opened(memoryview(content), place, unpacker.cut_off)


def kind_of(content: memoryview) -> Kind:
    """What the bytes are, whatever the file is called."""
    head = bytes(content[:64])
    if head.startswith(_SQLITE):
        return "sqlite"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(_WIDE):
        return "utf16"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "empty" if not bytes(content[:4096]).strip() else "json"
    return "json" if text[:1] in (b"{", b"[") else "other"


def size_of(path: Place) -> int:
    """Bytes on disk, 0 where that can't be told; only for progress."""
    if isinstance(path, str):
        return 0
    try:
        return path.stat().st_size
    except OSError:
        return 0
