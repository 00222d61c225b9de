"""The processes that a run has started: found by descent and by a mark in their environment, measured, ended together.

On Linux both ways are open, and one that has left its group or lost its parent is found all the same. Elsewhere `ps`
shows the descent only, so that a process which made itself an orphan is missed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

MARK = "INCIDENT_NB_RUN"  # the environment variable that holds a run's own random word
_PROC = Path("/proc")
_LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_CHILD_SUBREAPER = 36
_ENDING_S = 10.0


class Process(NamedTuple):
    """One living process; `memory` is what it holds resident, in bytes."""

    pid: int
    parent: int
    memory: int


def of_run(root: int | None, word: str | None) -> dict[int, Process]:
    """The living processes that descend from `root` or carry the mark `word`, without `root` and this process."""
    table = _linux() if _LINUX else _by_ps()
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found = _marked(word) & table.keys() if word else set()
    waiting = [*found, *([] if root is None else [root])]
    while waiting:
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return {pid: table[pid] for pid in found if pid not in (root, os.getpid())}


def memory(processes: dict[int, Process], limit: int) -> int:
    """The bytes that they hold together; what they share is counted once where it matters, above `limit`."""
    held = sum(process.memory for process in processes.values())
    if held <= limit or not _LINUX:
        return held
    return sum(_proportional(process) for process in processes.values())


def end_all(root: int | None, word: str) -> None:
    """Kills what descends from `root` or carries the mark, and again until nothing is left; `root` itself stays.

    Without `root`, which must be alive where it is given, they are found by their mark alone.
    """
    give_up = time.monotonic() + _ENDING_S
    while (left := of_run(root, word)) and time.monotonic() < give_up:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def keep_orphans() -> None:
    """From now on a descendant that loses its parent becomes a child of this process (Linux only)."""
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _linux() -> dict[int, Process]:
    found = {}
    for entry in os.listdir(_PROC):  # noqa: PTH208 (called often)
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The name, in parentheses, may hold anything; after it: state, parent, ..., resident pages.
                state, parent, *rest = (_PROC / entry / "stat").read_bytes().rpartition(b")")[2].split()
                if state not in (b"Z", b"X"):
                    found[int(entry)] = Process(int(entry), int(parent), int(rest[19]) * _PAGE)
    return found


def _by_ps() -> dict[int, Process]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss=,stat="], capture_output=True, text=True, check=False)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {
        int(pid): Process(int(pid), int(parent), int(kilobytes) * 1024)
        for pid, parent, kilobytes, state, *_ in rows
        if not state.startswith("Z")
    }


def _marked(word: str) -> set[int]:
    found = set()
    if _LINUX:
        mark = f"{MARK}={word}".encode()
        for entry in os.listdir(_PROC):  # noqa: PTH208
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    if mark in (_PROC / entry / "environ").read_bytes().split(b"\0"):
                        found.add(int(entry))
    return found


def _proportional(process: Process) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in (_PROC / str(process.pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return process.memory
