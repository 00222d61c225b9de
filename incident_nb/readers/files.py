"""From what a user names (file, folder, glob) to open bytes, with the kind found by looking at them."""

from __future__ import annotations

import glob
import gzip
import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import zstandard

from incident_nb.errors import SourceError
from incident_nb.readers.entities import is_entities

Kind = Literal["json", "sqlite", "zip", "empty", "other"]

_ENDINGS = (".json", ".jsonl", ".ndjson", ".gz", ".zst", ".sqlite", ".sqlite3", ".db", ".zip")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def expand(source: str) -> list[Path]:
    """The files that `source` names, sorted. A folder means every export-like file below it (one of `export:entities` is
    a source itself); a glob what it matches.

    Raises SourceError when there is nothing, saying what was looked for.
    """
    if source == "n8n" or source.startswith(("n8n:", "postgres://", "postgresql://")):
        raise SourceError(
            f"{source.partition('://')[0]}: a running n8n or its PostgreSQL cannot be read directly yet. Export the "
            "executions to a file first; see docs/sources.md."
        )
    try:
        path = Path(source).expanduser()
        if path.is_file() or (path.is_dir() and is_entities(path)):
            return [path]
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(_ENDINGS))
            if not found:
                raise SourceError(
                    f"No export found in the folder {source}: looked for {', '.join(_ENDINGS)} in it and below."
                )
            return found
        found = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())  # noqa: PTH207  absolute, too
    except (OSError, ValueError, RuntimeError) as error:  # no path at all, or `~` of a user there isn't
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"Could not look into {source}: {reason}. Check the path and its permissions.") from error
    if not found:
        raise SourceError(
            f"There is no file, folder or match for {source}. Check the spelling; `sample` is the built-in export."
        )
    return found


@contextmanager
def opened(path: Path) -> Iterator[memoryview]:
    """The file's bytes, decompressed; a plain file is mapped, not read, so that memory stays small.

    Raises SourceError when it can't be read or its compression is damaged.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if not head:
                yield memoryview(b"")
            elif head.startswith(_GZIP):
                file.seek(0)
                with gzip.GzipFile(fileobj=file) as packed:
                    yield memoryview(packed.read())
            elif head.startswith(_ZSTD):
                file.seek(0)
                with zstandard.ZstdDecompressor().stream_reader(file) as reader:
                    yield memoryview(reader.read())
            else:
                # Not closed by hand: decoded parts may still point into it, and it goes with the last of them.
                yield memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise SourceError(f"{path} is compressed and damaged: {error}. Export or copy it again.") from error
    except OSError as error:
        raise SourceError(
            f"Could not read {path}: {error.strerror or error}. Check the path and its permissions."
        ) from error


def kind_of(content: memoryview) -> Kind:
    """What the bytes are, whatever the file is called."""
    head = bytes(content[:64])
    if head.startswith(b"SQLite format 3\x00"):
        return "sqlite"
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return "empty" if not bytes(content[:4096]).strip() else "json"
    return "json" if text[:1] in (b"{", b"[") else "other"


def size_of(path: Path) -> int:
    """Bytes on disk, 0 where that can't be told; only for progress."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
