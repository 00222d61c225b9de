"""An incident's own papers (letter, Friday line, billing) put into its folder: one that somebody changed is moved aside."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path

from incident_nb.errors import OutputError
from incident_nb.files import private_folder, write_atomic
from incident_nb.redact import sealed

KNOWN = ".written.json"
"""Beside them: the digest of each as it was written last."""


def put_papers(home: Path, papers: Mapping[str, str | bytes | None]) -> str:
    """Which papers somebody had changed, and where they are now, in words ("" for none); then they are as given (None: away).

    One that is as it was written before is replaced silently. Raises OutputError for what can't be read or written.
    """
    wanted = {name: _bytes(name, content) for name, content in papers.items()}
    if not home.is_dir() and not any(wanted.values()):
        return ""
    known = _known(private_folder(home))
    after = dict(known)
    moved = []
    for name, content in wanted.items():
        path = home / name
        there = _read(path)
        if there is not None and there != content and _digest(there) != known.get(name):
            moved.append(f"{name} was changed by hand and is kept as {_aside(path).name}")
        if content is not None:
            write_atomic(path, content)
            after[name] = _digest(content)
        else:
            path.unlink(missing_ok=True)
            after.pop(name, None)
    if after != known:
        write_atomic(home / KNOWN, json.dumps(after, indent=1, sort_keys=True) + "\n")
    return "; ".join(moved)


def _bytes(name: str, content: str | bytes | None) -> bytes | None:
    return sealed(name, content).encode() if isinstance(content, str) else content


def _read(path: Path) -> bytes | None:
    """What a paper holds; None where there is none."""
    try:
        if not os.path.lexists(path):
            return None
        if not path.is_file():
            raise OutputError(f"{path} is no ordinary file, so it is left as it is. Move it away.")
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"could not read {path}, so it is left as it is: {error.strerror}. Move it away.") from error


def _known(home: Path) -> dict[str, str]:
    """The digests of what was written; none where nobody can read them, so that every paper counts as changed."""
    try:
        known = json.loads((home / KNOWN).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _aside(path: Path) -> Path:
    """The paper under the first name that is free."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(1))
    free = next(name for name in names if not os.path.lexists(name))
    try:
        return path.rename(free)
    except OSError as error:
        raise OutputError(f"could not move {path} to {free.name}, so it is left as it is: {error.strerror}.") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
