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
    kernel: int | None = None
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


def supervise(
    job: Mapping[str, Any], env: Mapping[str, str], limits: NotebookLimits, state: State, on_cell: OnCell | None
) -> None:
    """Runs the job in a child process and fills `state`. Leaves no process behind, however it ends."""
    word = secrets.token_hex(8)
    told = {**job, "word": word, "limits": limits.model_dump()}
    deadline = time.monotonic() + limits.total_s
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "incident_nb.notebook_child"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**env, processes.MARK: word}, start_new_session=True,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None  # noqa: S101 (asked for)
    try:
        last = _last_words(child.stderr)
        with contextlib.suppress(BrokenPipeError):  # it died at once; its last words say why
            child.stdin.write(json.dumps(told).encode() + b"\n")
            child.stdin.flush()
        for event in _events(child, child.stdout, deadline, limits):
            _take(event, state, on_cell)
        code = child.wait()
    except _StoppedError as stopped:
        state.end(stopped.outcome, stopped.reason)
        return
    finally:
        _end(child, state.kernel, word)
    if code < 0:
        state.end("killed", f"its process ended with signal {-code}")
    elif code > 0:
        state.end("failed", f"its process did not start: {last()[:300]}")


def _end(child: subprocess.Popen[bytes], kernel: int | None, word: str) -> None:
    """Kills all that belongs to the run: descendants while the child can still be asked for them, then the child."""
    processes.end_all(child.pid if child.returncode is None else None, word)
    for group in (child.pid, kernel):
        if group is not None and (group != child.pid or child.returncode is None):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
    child.wait()
    processes.end_all(None, word)
    for end in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            end.close()  # type: ignore[union-attr]


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


def _events(
    child: subprocess.Popen[bytes], lines: IO[bytes], deadline: float, limits: NotebookLimits
) -> Iterator[dict[str, Any]]:
    """The child's events as they come, until it closes its end; raises `_StoppedError` at a limit."""
    arrived: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        with contextlib.suppress(ValueError):  # closed under us: the run was given up
            for line in lines:
                arrived.put(line)
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        left = deadline - time.monotonic()
        try:
            line = arrived.get(timeout=max(0.0, min(left, _LOOK_S)))
        except queue.Empty:
            if left <= _LOOK_S:
                raise _StoppedError(
                    "timed_out", f"the run took longer than its limit of {limits.total_s:g} s"
                ) from None
            _look(child.pid, limits)
            continue
        if line is None:
            return
        yield json.loads(line)


def _look(root: int, limits: NotebookLimits) -> None:
    living = processes.of_run(root, None)
    if len(living) > limits.processes:
        raise _StoppedError("killed", f"its cells started more than the limit of {limits.processes} processes")
    most = limits.memory_mb * 2**20
    if processes.memory(living, most) > most:
        raise _StoppedError("killed", f"its processes took more memory than the limit of {limits.memory_mb} MB")


def _take(event: dict[str, Any], state: State, on_cell: OnCell | None) -> None:
    if "kernel" in event:
        state.kernel = event["kernel"]
    elif "outcome" in event:
        state.end(event["outcome"], event["error"])
        state.kernel = None  # the child has ended it; its number may belong to someone else by now
        if on_cell and state.outcome == "done":
            on_cell(state.total, state.total, "")
    else:
        state.cell, state.total = event["cell"], event["total"]
        if on_cell:
            on_cell(event["done"], event["total"], event["label"])
