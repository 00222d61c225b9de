"""Waiting for an event by looking for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
TAIL = 60


def wait_for(look: Callable[[], T | None], seconds: float, what: str, log: Path | None = None) -> T:
    """What `look` gives back as soon as that is something; TimeoutError, with the end of the log, when it never is."""
    until = time.monotonic() + seconds
    pause = 0.05
    while True:
        if (found := look()) is not None:
            return found
        if time.monotonic() > until:
            raise TimeoutError(f"Waited {seconds} s for {what}.{tail(log)}")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)


def tail(log: Path | None) -> str:
    """The end of a log file, for a message."""
    if log is None or not log.is_file():
        return ""
    lines = log.read_text("utf-8", "replace").splitlines()[-TAIL:]
    return "\n--- the end of n8n's log:\n" + "\n".join(lines)
