"""Documents as files: one writer of a workspace at a time, each in its folder, never over what somebody changed meanwhile."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from incident_nb.documents.kept import digests_of
from incident_nb.errors import LeakError, OutputError, UsageError
from incident_nb.files import private_folder, write_atomic
from incident_nb.incidents.entries import through_gate
from incident_nb.incidents.payload import LONGEST_NAME
from incident_nb.names import safe_name
from incident_nb.redact import sealed
from incident_nb.settings import Settings

LOCK = ".documents.lock"
PATIENCE = 20.0
"""Seconds for which somebody else's writing is waited for."""
_LONGEST = 2_000_000  # of a document that is read back


@contextlib.contextmanager
def one_at_a_time(incidents: Path) -> Iterator[None]:
    """A block in which nobody else writes documents of a workspace, be it another process or another thread.

    `incidents`: its folder for them. Raises OutputError where somebody else is at it for longer than `PATIENCE`.
    """
    path = private_folder(incidents) / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(f"could not open {path}: {error.strerror}. Look at its rights.") from error
    try:
        _hold(handle, path)
        yield
    finally:
        os.close(handle)


def read_back(path: Path) -> str | None:
    """What a file says; None where there is none. Raises OutputError where it can't be read, since it can't be kept then."""
    try:
        if not path.exists():
            return None
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"could not read {path}, so it is left as it is: {error}. Move it away, or mend it."
        ) from error
    if len(text) > _LONGEST:
        raise OutputError(f"{path} is longer than any document of ours, so it is left as it is. Move it away.")
    return text


def make_folder(folder: Path, base: Path) -> None:
    """A folder of the agency's own, made where it is missing, with the rights that the agency's folders have.

    Raises OutputError, before anything is made, where links lead it out of `base`.
    """
    if not folder.resolve().is_relative_to(base.resolve()):
        raise OutputError(f"could not write into {folder}: it leads out of {base}; remove the link")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"could not make {folder}: {error.strerror}. Look at its rights, or set another folder."
        ) from error


def put(path: Path, text: str, *, instead_of: str | None, shared: bool = True) -> Path:
    """The file, written whole. Raises OutputError where it is no longer what was read (`instead_of`; None: there was none).

    A `shared` one keeps its mode, and has what the umask leaves where it is new. Raises LeakError for a secret, which is to
    be taken out of the file where somebody wrote it there.
    """
    if read_back(path) != instead_of:
        raise OutputError(f"{path} was changed just now, so it is left as it is. Try again.")
    try:
        return write_atomic(path, sealed(path.name, text), shared=shared)
    except LeakError:
        sealed(path.name, instead_of or "", by_hand=True)
        raise


def name_of(settings: Settings, path: Path) -> str:
    """A document's path as it goes on record: as seen from the workspace."""
    root = settings.path.parent if settings.path else Path()
    return Path(os.path.relpath(path, root)).as_posix()


def recorded(settings: Settings, name: str | None, folder: Path) -> Path | None:
    """The path on record, where it is a file of this folder: a record may come from elsewhere, or have masked a part of it."""
    if name is None or settings.path is None:
        return None
    path = settings.path.parent / name
    if path.suffix != ".md" or path.resolve().parent != folder.resolve():
        return None
    return path if "[" not in path.name or path.is_file() else None


def found_again(folder: Path, sections: Mapping[str, str], but: Collection[Path]) -> Path | None:
    """The incident document in which most of what was written stands (`sections`: its digests), but for those of others."""
    alike: dict[Path, int] = {}
    for path in sorted(folder.glob("incident-*.md")) if sections else ():
        with contextlib.suppress(OutputError):  # one that can't be read is not the one
            there = digests_of("" if path in but else read_back(path) or "")
            same = len(there.items() & sections.items())
            if there.get("#") == sections.get("#") and same * 2 > len(sections):
                alike[path] = same
    return max(alike, key=alike.__getitem__, default=None)


def free_path(settings: Settings, folder: Path, base: Path, *names: str) -> Path:
    """A new file's path in a folder, under the first of these names that the record can keep, else the last of them."""
    paths = [safe_name(name, folder, ".md", base=base) for name in names]
    return next((path for path in paths if not _unkept(settings, path)), paths[-1])


def must_be_kept(settings: Settings, path: Path, key: str) -> None:
    """Raises UsageError for a path that the record can't keep as it is; `key`: the setting that its folder comes from."""
    if why := _unkept(settings, path):
        raise UsageError(
            f"The path of {path.name} can't be put on record, since {why}, so nothing was written. Set another folder "
            f"({key} in [documents]), or give the file another name."
        )


def _unkept(settings: Settings, path: Path) -> str:
    name = name_of(settings, path)
    if len(name) > LONGEST_NAME:
        return f"it has more than {LONGEST_NAME} characters"
    if name != name.strip():
        return "it begins with a blank"
    if through_gate({"path": name}) != {"path": name}:
        return "a part of it looks like a secret or personal data"
    return ""


def link_to(settings: Settings, document: str | None, folder: Path) -> str | None:
    """Where an incident document lies, seen from a folder."""
    if document is None or settings.path is None or not re.fullmatch(r"[\w./ -]{1,300}", document):
        return None
    return Path(os.path.relpath(settings.path.parent / document, folder)).as_posix().replace(" ", "%20")


def _hold(handle: int, path: Path) -> None:
    """Takes the lock; a file system without locks does without."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise OutputError(
                    f"somebody else is writing documents just now ({path} is locked), so nothing was written. Try again."
                ) from error
            time.sleep(0.02)
        except OSError:
            return
        else:
            return
