"""What a look leaves for the next one, in a file of the workspace. Whoever loses it asks once more, and tells nothing twice."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from incident_nb.errors import OutputError
from incident_nb.files import private_folder, write_atomic
from incident_nb.settings import Settings

FOLDER = "watch"


@contextmanager
def remembered(settings: Settings, name: str) -> Iterator[dict[str, Any] | None]:
    """What the last look of this name left, to be changed at will; None while another process of this machine looks.

    It is kept when the block ends without an error. What can't be read is as good as nothing; without a workspace nothing
    is kept. Raises OutputError where it can't be written.
    """
    if settings.path is None:
        yield {}
        return
    folder = settings.path.parent / FOLDER
    private_folder(folder)
    try:
        lock = (folder / f".{name}.lock").open("a")
    except OSError as error:
        raise OutputError(f"could not write into {folder}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        file = folder / f"{name}.json"
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            known = None
        known = known if isinstance(known, dict) else {}
        yield known
        write_atomic(file, json.dumps(known, indent=1, sort_keys=True) + "\n")
