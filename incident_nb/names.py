"""Names that come from outside (a client, a workflow, an alert) as names of files: one function makes them paths."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import unicodedata
from pathlib import Path

from incident_nb.errors import OutputError

MAX_BYTES = 100
# What Windows takes for a device, whatever follows the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,10}){0,2}")


def safe_name(text: str, folder: Path, suffix: str = "", *, base: Path | None = None) -> Path:
    """A free path in `folder` for something called `text`: small letters, digits and hyphens, then `suffix`.

    At most `MAX_BYTES` long, no name that a system reserves, and none that an entry of `folder` has in whatever case;
    a number or a digest of `text` tells it apart. `folder` need not exist. Raises `OutputError` where `folder`, links
    followed, lies outside `base`.
    """
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"{suffix!r} is no suffix of a file's name")
    if base is not None and not folder.resolve().is_relative_to(base.resolve()):
        raise OutputError(f"could not write into {folder}: it leads out of {base}; remove the link")
    try:
        taken = {_folded(name) for name in os.listdir(folder)}  # noqa: PTH208 (names, not paths)
    except FileNotFoundError:
        taken = set()
    except OSError as error:
        raise OutputError(f"could not look into {folder}: {error.strerror}; choose another folder") from error
    stem = _slug(text, MAX_BYTES - len(suffix))
    for number in itertools.count(1):
        ending = suffix if number == 1 else f"-{number}{suffix}"
        name = stem[: MAX_BYTES - len(ending)] + ending
        if name not in taken:
            return folder / name
    raise AssertionError


def _slug(text: str, longest: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if words and words not in _DEVICES and len(words) <= longest:
        return words
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{words[: longest - 11].rstrip('-') or 'unnamed'}-{digest}"


def _folded(name: str) -> str:
    """As a file system that ignores case and the form of accents compares it."""
    return unicodedata.normalize("NFC", name).casefold()
