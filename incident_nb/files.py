"""Files that are either complete or absent, and readable by their owner only but where they are shared.

A result is written under a name of ours that begins with a dot and is locked as long as its writer lives; finished, it
is renamed. So what bears such a name and is not locked was left by a crash, whoever's number the writer had.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from incident_nb.errors import OutputError, UsageError

_MARK = ".incident-nb-"
_DRAFT = re.compile(rf"{re.escape(_MARK)}[0-9a-f]{{12}}(\.ready)?")
_READY, _ABOUT, _ASIDE = ".ready", ".about", ".aside"

_cleaned: set[Path] = set()


def write_atomic(path: Path, content: bytes | str, *, sync: bool = True, shared: bool = False) -> Path:
    """`path`, now holding `content` (text as UTF-8), mode 0600; a reader or a crash never meets half a file.

    The first time that a process writes into a folder, what a crash left there is cleaned. `sync=False` is for a file
    that need not outlive a power cut. A `shared` one has the mode of the file that it replaces, a new one what the umask
    leaves. Raises `OutputError` when the folder is missing or cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    with _said(f"could not write {path}"):
        if path.exists() and not path.is_file():
            raise OutputError(f"could not write {path}: it is not an ordinary file; choose another place")
        if path.parent not in _cleaned:
            _cleaned.add(path.parent)
            clean_leftovers(path.parent)
        there = path.stat() if shared and path.exists() else None
        handle, draft = _draft_file(path.parent, 0o666 if shared and there is None else 0o600)
        try:
            if there is not None:
                with contextlib.suppress(OSError):  # not ours to give away
                    os.fchown(handle, -1, there.st_gid)
                os.fchmod(handle, stat.S_IMODE(there.st_mode))
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if sync:
                os.fsync(handle)
            draft.replace(path)
            if sync:
                _sync_folder(path.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
    return path


def private_folder(path: Path) -> Path:
    """`path` as a folder; it and parents that are missing are made for their owner only (0700), whatever the umask.

    A folder that exists stays as it is. Raises `OutputError` where there can be none.
    """
    with _said(f"could not make the folder {path}"):
        missing = []
        for part in (path, *path.parents):
            if part.exists():
                break
            missing.append(part)
        for part in reversed(missing):
            with contextlib.suppress(FileExistsError):
                _make_folder(part)
        if not path.is_dir():
            raise FileExistsError(errno.EEXIST, "it exists and is no folder")
    return path


@contextlib.contextmanager
def staged(folder: Path, *, gone: tuple[str, ...] = (), last: str = "") -> Iterator[Path]:
    """A fresh folder to write a result of several files into; its entries are put into `folder` when the block ends.

    All of them or, when the block raises or the process dies, none: until then `folder` holds its earlier content, and
    from the moment of the decision on a crash only puts off what is left to do until the next start. An entry replaces
    the one of the same name; a folder does so as a whole, but what it held of someone else is kept. `gone` names what
    an earlier result may have left (globs, at most one folder deep) and the new one lacks: it is removed. The entry
    `last` is put in place after the others. `folder` is made if it is missing. Raises `OutputError`.
    """
    with _said(f"could not write into {folder}"):
        existed = folder.exists()
        private_folder(folder)
        clean_leftovers(folder)
        handle, draft = _draft_folder(folder)
    try:
        yield draft
        with _said(f"could not write into {folder}"):
            new = (entry.name for entry in draft.iterdir() if not is_leftover(entry.name))
            about = {"new": sorted(new, key=lambda name: (name == last, name)), "gone": gone}
            write_atomic(draft / _ABOUT, json.dumps(about))
            draft = draft.rename(draft.with_name(draft.name + _READY))
            _sync_folder(folder)
            _put(draft, folder)
    except BaseException:
        if not draft.name.endswith(_READY):
            shutil.rmtree(draft, ignore_errors=True)
            if not existed:
                with contextlib.suppress(OSError):
                    folder.rmdir()
        raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def scratch(base: Path | None = None) -> Iterator[Path]:
    """A private folder in `base` (the system's for temporary files), removed at the end; what a crash left is, too."""
    place = base or Path(tempfile.gettempdir())
    clean_leftovers(place)
    with _said(f"could not make a folder in {place}"):
        handle, draft = _draft_folder(place)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(handle)


def clean_leftovers(folder: Path) -> None:
    """Removes from `folder` what a writer that lives no more left half done, and ends what it had decided to do.

    Touches nothing but names of ours that belong to this user and that no running process holds. What cannot be
    removed stays for the next time.
    """
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 (a big folder: no path for each entry)
            if _DRAFT.fullmatch(name):
                with contextlib.suppress(OSError, ValueError, TypeError, LookupError):
                    _clean(folder / name)


def only_for(out: Path, mark: str, what: str) -> None:
    """Raises OutputError where `out` is no folder, or holds anything without the file `mark`, by which `what` is known."""
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} exists and is no folder; choose another --out")
        clean_leftovers(out)
        held = out.is_dir() and not all(is_leftover(entry.name) for entry in out.iterdir())
        if held and not (out / mark).is_file():
            raise OutputError(f"{out} holds other things than {what}; choose an empty or new folder")
    except OSError as error:
        raise OutputError(f"could not look into {out}: {error.strerror}; choose another folder") from error


def is_leftover(name: str) -> bool:
    """Whether an entry's name is one of ours for what is not finished."""
    return _DRAFT.fullmatch(name) is not None


def read_notebook(path: Path) -> Any:
    """The notebook at `path` as nbformat's own node, format 4; raises `UsageError` if it cannot be read as one."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise UsageError(f"could not read the notebook {path}: {error.strerror or error}") from error
    except Exception as error:  # nbformat raises several unrelated kinds for what is not a notebook
        raise UsageError(f"{path} is not a notebook: {str(error)[:200]}") from error


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{what}: {error.strerror or error}; choose another folder") from error


def _draft_file(folder: Path, mode: int) -> tuple[int, Path]:
    while True:
        path = folder / f"{_MARK}{secrets.token_hex(6)}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        left = stat.S_IMODE(os.fstat(handle).st_mode)
        if left & 0o600 != 0o600:
            os.fchmod(handle, left | 0o600)  # a umask takes rights away, never adds any
        if _hold(handle, path):
            return handle, path
        os.close(handle)


def _draft_folder(folder: Path) -> tuple[int, Path]:
    while True:
        path = folder / f"{_MARK}{secrets.token_hex(6)}"
        _make_folder(path)
        with contextlib.suppress(FileNotFoundError):  # a cleaner saw it before it was locked
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if _hold(handle, path):
                return handle, path
            os.close(handle)


def _make_folder(path: Path) -> None:
    path.mkdir(0o700)
    with contextlib.suppress(FileNotFoundError):  # a cleaner was faster; whoever wants a lock will see it
        if stat.S_IMODE(path.stat().st_mode) & 0o700 != 0o700:
            path.chmod(0o700)


def _hold(handle: int, path: Path) -> bool:
    """Locks an open draft; False where a cleaner was faster and removed it. Without locks nobody cleans either."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)
    return _is_at(handle, path)


def _is_at(handle: int, path: Path) -> bool:
    try:
        there, here = path.lstat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _clean(draft: Path) -> None:
    handle = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(handle)
        if about.st_uid != os.geteuid():
            return
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where its writer lives
        if not _is_at(handle, draft):
            return
        if not stat.S_ISDIR(about.st_mode):
            draft.unlink()
        elif draft.name.endswith(_READY):
            _put(draft, draft.parent)
        else:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(handle)


def _put(ready: Path, folder: Path) -> None:
    """Puts the entries of a finished draft into `folder`; begun again after a crash, it goes on where it was."""
    about = json.loads((ready / _ABOUT).read_bytes())
    aside = ready / _ASIDE
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not is_leftover(folder.name):  # a draft in a draft: the folder is ours alone, and locked by us
            with contextlib.suppress(OSError):
                fcntl.flock(place, fcntl.LOCK_EX)  # two results for one folder come one after the other
        with contextlib.suppress(FileExistsError):
            _make_folder(aside)
        for name in about["new"]:
            new, target = ready / name, folder / name
            if not os.path.lexists(new):
                continue
            if os.path.lexists(target) and (_is_folder(new) or _is_folder(target)):
                target.rename(aside / name)
            new.rename(target)
        for pattern in about["gone"]:
            for old in (*aside.glob(pattern), *folder.glob(pattern)):
                if old.is_relative_to(aside) or old.relative_to(folder).parts[0] not in about["new"]:
                    old.unlink(missing_ok=True)
            emptied = folder / Path(pattern).parent
            if emptied != folder and emptied.name not in about["new"]:
                with contextlib.suppress(OSError):  # not there, or it holds something of someone else
                    emptied.rmdir()
        for old in aside.iterdir():
            for entry in old.iterdir() if _is_folder(old) and _is_folder(folder / old.name) else ():
                if not os.path.lexists(folder / old.name / entry.name):
                    entry.rename(folder / old.name / entry.name)
        os.fsync(place)
    finally:
        os.close(place)
    shutil.rmtree(ready.rename(ready.with_name(ready.name.removesuffix(_READY))), ignore_errors=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
