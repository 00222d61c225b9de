"""Judges for tests of reading in parts, which worker processes load by name: some end the process that they run in."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd


def _of(failures: pd.DataFrame, text: str) -> bool:
    return bool(failures["description"].astype("str").str.contains(text, regex=False).any())


def die_once(failures: pd.DataFrame, text: str, mark: Path) -> pd.DataFrame:
    """Kills its process where a failure says `text`, the first time only."""
    if _of(failures, text):
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return failures[[]]
        os.kill(os.getpid(), signal.SIGKILL)
    return failures[[]]


def die(failures: pd.DataFrame, text: str) -> pd.DataFrame:
    """Kills its process where a failure says `text`."""
    if _of(failures, text):
        os.kill(os.getpid(), signal.SIGKILL)
    return failures[[]]


def look_around(failures: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Writes what others can see of its process."""
    seen = b"".join(Path(f"/proc/self/{name}").read_bytes() for name in ("cmdline", "environ"))
    (folder / str(os.getpid())).write_bytes(seen)
    return failures[[]]


def hang(failures: pd.DataFrame, pipe: Path) -> Any:
    """Says so in a named pipe, and does nothing more until it is killed."""
    with pipe.open("wb", buffering=0) as out:
        out.write(b"x")
        while True:
            signal.pause()
