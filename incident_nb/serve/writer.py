"""The one thread that stores what arrives: as much as waits, in one commit, and only then is any sender answered."""

from __future__ import annotations

import logging
import queue
from concurrent.futures import Future
from threading import Thread

from incident_nb.desk.arrivals import Arrival, Arrivals, Outcome, ReusedError
from incident_nb.errors import IncidentNbError

WAITING = 2_000  # deliveries in line, after which senders are asked to come again
TOGETHER = 200  # of them in one commit

Answer = list[Outcome] | ReusedError
_LOG = logging.getLogger("incident_nb.serve")


class FullError(IncidentNbError):
    """More is waiting to be stored than may wait."""


class Writer:
    """Stores deliveries in the order in which they come."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.arrivals = arrivals
        self._queue: queue.Queue[tuple[Arrival, Future[Answer]] | None] = queue.Queue(WAITING)
        self._thread = Thread(target=self._work, name="alerts", daemon=True)

    def start(self) -> None:
        """Begins to store."""
        self._thread.start()

    def stop(self) -> None:
        """Stores what waits, and ends."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def put(self, arrival: Arrival) -> Future[Answer]:
        """What became of it, once that is stored; the error where it could not be. Raises FullError."""
        done: Future[Answer] = Future()
        try:
            self._queue.put_nowait((arrival, done))
        except queue.Full:
            raise FullError("Too much is waiting to be stored.") from None
        return done

    def _work(self) -> None:
        last = False
        while not last:
            batch = [self._queue.get()]
            while len(batch) < TOGETHER and batch[-1] is not None:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            last = batch[-1] is None
            self._store([one for one in batch if one is not None])

    def _store(self, batch: list[tuple[Arrival, Future[Answer]]]) -> None:
        if not batch:
            return
        try:
            told = self.arrivals.take([arrival for arrival, _ in batch])
        except IncidentNbError as error:  # the database: each of them will be sent again
            for _, done in batch:
                done.set_exception(error)
        except Exception as error:  # one of them is at fault: the others must not suffer for it
            if len(batch) == 1:
                _LOG.error("an alert could not be stored: %s", type(error).__name__)
                batch[0][1].set_exception(error)
            else:
                for one in batch:
                    self._store([one])
        else:
            for (_, done), answer in zip(batch, told, strict=True):
                done.set_result(answer)
