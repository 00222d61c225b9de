"""Batches read by worker processes of this machine: one batch at a time each, every result as it comes.

A worker is a plain child process; what it needs, the redaction key included, comes through its standard input.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from incident_nb.errors import IncidentNbError, UnreachableError
from incident_nb.readers.parts import Batch
from incident_nb.readers.piece import Piece, Task

_LOG = logging.getLogger("incident_nb.readers")
LENGTH = struct.Struct("<Q")


class _EndedError(Exception):
    """A worker is gone."""


class _Worker:
    """One child process that reads batches, started when it is first needed."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = False

    def read(self, batch: Batch) -> Piece:
        """What a batch holds. Raises _EndedError when the process died, and what reading raised."""
        if self._process is None:
            path = os.pathsep.join(filter(None, sys.path))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "incident_nb.readers.worker_child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
            if self.ended:
                self.end()
            self._tell(self._task)
        self._tell(batch)
        answer = self._hear()
        if isinstance(answer, Piece):
            return answer
        raise answer

    def why(self) -> str:
        """How the process came to its end; it is another one next time."""
        process, self._process = self._process, None
        if process is None:
            return "it was never started"
        process.kill()  # it may only have closed its output
        code = process.wait()
        for pipe in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(OSError):
                pipe.close()
        if code >= 0:
            return f"it ended with {code}"
        hint = ", as the system does where memory runs out" if -code == signal.SIGKILL else ""
        return f"signal {-code} ({signal.Signals(-code).name}) ended it{hint}"

    def end(self) -> None:
        """Ends the process, whatever it is doing."""
        self.ended = True
        if (process := self._process) is not None:
            process.kill()

    def _tell(self, message: Any) -> None:
        data = pickle.dumps(message, protocol=5)
        assert self._process and self._process.stdin  # noqa: S101
        try:
            self._process.stdin.write(LENGTH.pack(len(data)) + data)
            self._process.stdin.flush()
        except OSError as error:
            raise _EndedError from error

    def _hear(self) -> Any:
        assert self._process and self._process.stdout  # noqa: S101
        head = self._process.stdout.read(LENGTH.size)
        data = self._process.stdout.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else b""
        if not data or len(data) < LENGTH.unpack(head)[0]:
            raise _EndedError
        return pickle.loads(data)  # noqa: S301  from our own child


def by_processes(batches: Sequence[Batch], task: Task, workers: int) -> Iterator[tuple[int, Piece]]:
    """The batches' pieces with their places, as they come, from so many processes.

    A process that dies is told to the log and its batch is read once more by a fresh one. Raises UnreachableError when that
    dies, too. However this ends, no process is left.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    found: queue.SimpleQueue[tuple[int, Piece] | BaseException] = queue.SimpleQueue()
    for place in range(len(batches)):
        waiting.put(place)
    crew = [_Worker(task) for _ in range(min(workers, len(batches)))]

    def work(worker: _Worker) -> None:
        try:
            while not worker.ended:
                place = waiting.get_nowait()
                found.put((place, _read(worker, batches[place])))
        except queue.Empty:
            pass
        except BaseException as error:
            found.put(error)
        finally:
            worker.end()
            worker.why()

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in crew]
    try:
        for thread in threads:
            thread.start()
        for _ in batches:
            one = found.get()
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        for worker in crew:
            worker.end()
        for thread in threads:
            thread.join()


def _read(worker: _Worker, batch: Batch) -> Piece:
    try:
        return worker.read(batch)
    except _EndedError:
        why = worker.why()
    if worker.ended:
        raise _EndedError
    _LOG.warning("A worker process died while it read %s: %s. It is read once more.", named(batch), why)
    try:
        return worker.read(batch)
    except _EndedError as error:
        raise died(batch, worker.why()) from error


def named(batch: Batch) -> str:
    """A batch in words."""
    return f"{batch[0]} to {batch[-1]} ({len(batch)} files)" if batch[1:] else str(batch[0])


def died(batch: Batch, why: str) -> IncidentNbError:
    """The error for a batch that two processes died of."""
    return UnreachableError(
        f"Reading {named(batch)} failed twice: a worker process died, and so did a fresh one ({why}). Nothing is left out in "
        "silence, so there is no answer. Try fewer workers (--workers 1), more memory, or less of the source."
    )
