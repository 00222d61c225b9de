"""The decisions of people on problems as they are kept: in the workspace's problems.toml, which anybody can read."""

from __future__ import annotations

import fcntl
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from incident_nb.errors import OutputError, SettingsError, UsageError
from incident_nb.files import write_atomic
from incident_nb.patterns.decided import Decision, Decisions, condition_of
from incident_nb.settings import PROBLEMS, Settings

_HEAD = """# Problems that a person put together or took apart. `incident-nb problems` writes this file and shows what is in it.
"""
_ENTRY = re.compile(r"(?m)^\s*\[\[decision\]\]")


def decisions_of(settings: Settings | None) -> Decisions:
    """All decisions that hold for these settings: of their workspace, or of the case that they came with.

    Raises SettingsError for a file that can't be read, naming the line.
    """
    path = _place(settings)
    if path is None:
        return Decisions()
    try:
        about = path.stat()
    except FileNotFoundError:
        return Decisions()
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from error
    return _read(path, (about.st_ino, about.st_mtime_ns, about.st_size))


def _place(settings: Settings | None) -> Path | None:
    if settings is None or settings.problems or settings.path is None:
        return settings.problems if settings else None
    return settings.path.with_name(PROBLEMS)


@lru_cache(maxsize=8)
def _read(path: Path, _stamp: tuple[int, ...]) -> Decisions:
    mend = "Mend the line, or put back an earlier copy of the file; until then no problem can be told from another."
    try:
        text = path.read_text(encoding="utf-8")
        rows = tomllib.loads(text).get("decision", [])
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}. {mend}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}. {mend}") from error
    lines = [text[: found.end()].count("\n") + 1 for found in _ENTRY.finditer(text)]
    found: list[Decision] = []
    for place, row in enumerate(rows if isinstance(rows, list) else [rows]):
        line = lines[place] if place < len(lines) else 1
        try:
            found.append(Decision.model_validate(row))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
            raise SettingsError(f"{path}, line {line}: the decision there can't be used. {wrong}. {mend}") from error
        except UsageError as error:
            raise SettingsError(f"{path}, line {line}: the decision there can't be used. {error} {mend}") from error
        if found[-1].number != place + 1:
            raise SettingsError(f"{path}, line {line}: the decision there is not number {place + 1}. {mend}")
    return Decisions(found)


def merge(settings: Settings, of: Sequence[str], why: str, by: str, at: datetime) -> Decision:
    """The decision, kept, that these fingerprints are one problem, which the first one names. Raises UsageError."""
    return _add(settings, {"kind": "merge", "of": tuple(of), "why": why, "by": by, "at": at})


def split(settings: Settings, of: str, where: Sequence[str], why: str, by: str, at: datetime) -> Decision:
    """The decision, kept, that the failures of one fingerprint that are like this are another problem. Raises UsageError."""
    for text in where:
        condition_of(text)
    return _add(settings, {"kind": "split", "of": (of,), "where": tuple(where), "why": why, "by": by, "at": at})


def undo(settings: Settings, number: int, by: str, at: datetime) -> Decision:
    """The decision of this number, which holds no longer; it stays in the file. Raises UsageError where there is none."""
    with _writing(settings) as known:
        if not 1 <= number <= len(known):
            raise UsageError(f"There is no decision {number}. `incident-nb problems list` shows them.")
        if known[number - 1].undone_at:
            raise UsageError(f"Decision {number} was undone already.")
        known[number - 1] = known[number - 1].model_copy(update={"undone_by": by, "undone_at": at.astimezone(UTC)})
    return known[number - 1]


def _add(settings: Settings, said: dict[str, Any]) -> Decision:
    with _writing(settings) as known:
        try:
            made = Decision(number=len(known) + 1, **{**said, "at": said["at"].astimezone(UTC)})
        except ValidationError as error:
            raise UsageError(f"That is no decision: {error.errors()[0]['msg']}.") from error
        before = Decisions(known)
        if made.kind == "merge" and len(made.of) < 2:
            raise UsageError("It takes two problems to put together. Name their fingerprints.")
        if made.kind == "merge" and len({before.of(one) for one in made.of}) < 2:
            raise UsageError("These are one problem already.")
        if any(
            one.kind == "split" and one.of == made.of and one.where == made.where and not one.undone_at for one in known
        ):
            raise UsageError("That part was taken apart already.")
        if gone := next((one for one in made.of if before.of(one) != one), None):
            raise UsageError(f"{gone} is a part of {before.of(gone)} by now. Name that one.")
        known.append(made)
    return made


@contextmanager
def _writing(settings: Settings) -> Iterator[list[Decision]]:
    """The decisions, to be added to; written when the block ends without an error, one writer after the other."""
    path = _place(settings)
    if path is None or settings.path is None:
        raise UsageError(
            "Decisions are kept in a workspace, and there is none here. Make one with `incident-nb init DIR`."
        )
    try:
        lock = path.with_name(f".{path.name}.lock").open("a")
    except OSError as error:
        raise OutputError(f"could not write into {path.parent}: {error.strerror or error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = list(decisions_of(settings))
        yield known
        write_atomic(path, "\n".join((_HEAD, *map(_toml, known))))


def _toml(one: Decision) -> str:
    lines = ["[[decision]]"]
    for name, value in one.model_dump(exclude_none=True).items():
        if name == "where" and not value:
            continue
        told = (
            value.isoformat().replace("+00:00", "Z")
            if isinstance(value, datetime)
            else json.dumps(value, ensure_ascii=False)
        )
        lines.append(f"{name} = {told}".replace("\x7f", "\\u007f"))
    return "\n".join(lines) + "\n"
