"""Where messages go while no webhook is set: the log, and `outbox.jsonl` in the workspace."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

from incident_nb.outbox.message import Message
from incident_nb.outbox.webhook import NotSent

NAME = "outbox.jsonl"
log = logging.getLogger("incident_nb.outbox")


def write(folder: Path | None, message: Message, incident: int | None, at: datetime) -> None:
    """Puts a message into the log and, where there is a workspace, to the end of its `outbox.jsonl`: a line of JSON each,
    `{at, incident, message}`, on the disk when this returns. The file is its owner's only (0600).

    Raises NotSent where it can't be written; half a line is taken back.
    """
    row = {"at": _z(at), "incident": None if incident is None else f"INC-{incident}", "message": message}
    line = json.dumps(row)  # ASCII, so that nothing in it does things in a log
    if folder is not None:
        try:
            _append(folder / NAME, line.encode() + b"\n")
        except OSError as error:
            raise NotSent(
                f"No webhook is set, and {NAME} can't be written: {error.strerror}. See to it that it may be."
            ) from error
    log.info("%s", line)


def _append(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.fchmod(handle, 0o600)
        end = os.fstat(handle).st_size
        torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"  # by a power cut
        rest = memoryview(b"\n" + data if torn else data)
        try:
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
