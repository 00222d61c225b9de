"""Watches over the child process of a notebook run: takes its events, holds it to its limits, leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from incident_nb import processes
from incident_nb.settings import NotebookLimits

RunOutcome = Literal["done", "failed", "timed_out", "killed"]
OnCell = Callable[[int, int, str], None]

_LOOK_S = 0.5  # how often memory and number of the processes are looked at
_LAST_WORDS = 4000


@dataclass
class State:
    """What the parent knows of a run so far; without a word from the child, it was killed."""

    outcome: RunOutcome = "killed"
    error: str | None = None
    cell: int | None = None
    total: int = 0

    def end(self, outcome: RunOutcome, error: str | None) -> None:
        """The verdict, for now."""
        self.outcome, self.error = outcome, error


class _StoppedError(Exception):
    """The run went over a limit that the parent holds it to."""

    def __init__(self, outcome: RunOutcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason


@dataclass
class Child:
    """The child process of one run; `word` marks all its processes, `kernel` is its kernel's process group."""

    process: subprocess.Popen[bytes]
    word: str
    lines: queue.Queue[bytes | None]
    last_words: Callable[[], str]
    kernel: int | None = None
    ended: bool = False

    def tell(self, line: Mapping[str, Any]) -> None:
        """Sends a line; to one that is dead, nothing."""
        assert self.process.stdin is not None  # noqa: S101 (asked for)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
            self.process.stdin.flush()

    def hear(self, timeout: float) -> dict[str, Any] | None:
        """Its next event; None once it says no more. Raises `queue.Empty` where none comes in so many seconds."""
        line = self.lines.get(timeout=max(0.0, timeout))
        event = None if line is None else json.loads(line)
        if event and "kernel" in event:
            self.kernel = event["kernel"]
        elif event and "outcome" in event:
            self.kernel = None  # it has ended it; the number may belong to someone else by now
        return event

    def end(self) -> None:
        """Kills all that belongs to the run: descendants while the child can still be asked for them, then the child."""
        if self.ended:
            return
        self.ended, child = True, self.process
        processes.end_all(child.pid if child.returncode is None else None, self.word)
        for group in (child.pid, self.kernel):
            if group is not None and (group != child.pid or child.returncode is None):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
        child.wait()
        processes.end_all(None, self.word)
        for end in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                end.close()  # type: ignore[union-attr]


def start(folder: Path, env: Mapping[str, str], limits: NotebookLimits, *, ahead: str | None = None) -> Child:
    """A child process that waits for its job; the caller ends it, whatever becomes of it.

    `folder` is the run's own. `ahead`: it starts its kernel at once, which imports that module, and says `ready`.
    """
    word = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "incident_nb.notebook_child"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**env, processes.MARK: word}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None  # noqa: S101 (asked for)
    child = Child(process, word, _lines(process.stdout), _last_words(process.stderr))
    child.tell({"folder": str(folder), "word": word, "limits": limits.model_dump(), "ahead": ahead})
    return child


def supervise(child: Child, limits: NotebookLimits, state: State, on_cell: OnCell | None, deadline: float) -> None:
    """Follows a child that has its job until `deadline` (of `time.monotonic`), and fills `state`."""
    try:
        for event in _events(child, deadline, limits):
            _take(event, state, on_cell)
        code = child.process.wait()
    except _StoppedError as stopped:
        state.end(stopped.outcome, stopped.reason)
        return
    if code < 0:
        state.end("killed", f"its process ended with signal {-code}")
    elif code > 0:
        state.end("failed", f"its process did not start: {child.last_words()[:300]}")


def _last_words(errors: IO[bytes]) -> Callable[[], str]:
    """Reads what the child complains of, however much it is, and keeps the end; the function gives its last line."""
    kept = bytearray()

    def read() -> None:
        with errors:
            while piece := os.read(errors.fileno(), 65536):
                kept.extend(piece)
                del kept[:-_LAST_WORDS]

    reader = threading.Thread(target=read, daemon=True)
    reader.start()

    def last() -> str:
        reader.join(5)
        return kept.decode(errors="replace").strip().rpartition("\n")[2]

    return last


def _lines(pipe: IO[bytes]) -> queue.Queue[bytes | None]:
    """What the child says, line by line, and None when it has closed its end."""
    arrived: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        with contextlib.suppress(ValueError):  # closed under us: the run was given up
            for line in pipe:
                arrived.put(line)
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    return arrived


def _events(child: Child, deadline: float, limits: NotebookLimits) -> Iterator[dict[str, Any]]:
    """The child's events as they come, until it closes its end; raises `_StoppedError` at a limit."""
    while True:
        left = deadline - time.monotonic()
        try:
            event = child.hear(min(left, _LOOK_S))
        except queue.Empty:
            if left <= _LOOK_S:
                raise _StoppedError(
                    "timed_out", f"the run took longer than its limit of {limits.total_s:g} s"
                ) from None
            _look(child.process.pid, limits)
            continue
        if event is None:
            return
        yield event


def _look(root: int, limits: NotebookLimits) -> None:
    living = processes.of_run(root, None)
    if len(living) > limits.processes:
        raise _StoppedError("killed", f"its cells started more than the limit of {limits.processes} processes")
    most = limits.memory_mb * 2**20
    if processes.memory(living, most) > most:
        raise _StoppedError("killed", f"its processes took more memory than the limit of {limits.memory_mb} MB")


def _take(event: dict[str, Any], state: State, on_cell: OnCell | None) -> None:
    if "outcome" in event:
        state.end(event["outcome"], event["error"])
        if on_cell and state.outcome == "done":
            on_cell(state.total, state.total, "")
    elif "cell" in event:
        state.cell, state.total = event["cell"], event["total"]
        if on_cell:
            on_cell(event["done"], event["total"], event["label"])
