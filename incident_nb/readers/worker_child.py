"""The process of `incident_nb.readers.workers`: reads what it is told on standard input, answers on standard output.

Each message is its length in eight bytes, then a pickle: first a Task, then batches; a Piece or an error for each.
When its input closes, the one who asked is gone, and it ends at once.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import Any, BinaryIO

import pyarrow as pa

from incident_nb.readers.batch import read_batch
from incident_nb.readers.workers import LENGTH


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one who asked ends us
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    pa.set_cpu_count(1)  # the other processors have workers of their own
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, told), daemon=True).start()
    task = told.get()
    while True:
        batch = told.get()
        try:
            answer: Any = read_batch(batch, task)
        except Exception as error:  # the one who asked raises it
            answer = error
        data = pickle.dumps(answer, protocol=5)
        answers.write(LENGTH.pack(len(data)))
        answers.write(data)
        answers.flush()
        del answer, data


def _listen(source: BinaryIO, told: queue.SimpleQueue[Any]) -> None:
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        told.put(pickle.loads(source.read(*LENGTH.unpack(head))))  # noqa: S301  from the process that started us
    os._exit(1)


if __name__ == "__main__":
    main()
