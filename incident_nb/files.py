"""Files that are either complete or absent, and readable by their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from incident_nb.errors import OutputError, UsageError


def write_atomic(path: Path, content: bytes | str) -> Path:
    """`path`, now holding `content` (text as UTF-8), mode 0600; a reader or a crash never meets half a file.

    Raises `OutputError` when the folder is missing or cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"could not write {path}: {error.strerror or error}; choose another folder") from error
    return path


def private_folder(path: Path) -> Path:
    """`path` as a folder that only its owner can enter (0700), made if it is missing; raises `OutputError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"could not make the folder {path}: {error.strerror or error}") from error
    return path


def read_notebook(path: Path) -> Any:
    """The notebook at `path` as nbformat's own node, format 4; raises `UsageError` if it cannot be read as one."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise UsageError(f"could not read the notebook {path}: {error.strerror or error}") from error
    except Exception as error:  # nbformat raises several unrelated kinds for what is not a notebook
        raise UsageError(f"{path} is not a notebook: {str(error)[:200]}") from error
