"""Batches read on a Dask cluster: one that the user named, or one of this machine's own that is gone afterwards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from incident_nb.errors import MissingExtraError, SettingsError, UnreachableError, UsageError
from incident_nb.readers.batch import read_batch
from incident_nb.readers.parts import Batch, NotThereError
from incident_nb.readers.piece import Piece, Task
from incident_nb.readers.workers import died

PATIENCE_S = 30  # for the scheduler to answer and its first worker to be there
_OWN_CLUSTER = {  # of a cluster of the user's, its own settings count
    "distributed.scheduler.allowed-failures": 1,  # a batch whose worker died is read once more
    "distributed.scheduler.http.routes": [],  # nothing is served but Dask's own protocol
    "distributed.worker.http.routes": [],
}


def by_dask(batches: Sequence[Batch], task: Task, workers: int, scheduler: str | None) -> Iterator[tuple[int, Piece]]:
    """The batches' pieces with their places, as they come. Without `scheduler` a cluster of so many processes is made.

    A batch whose worker dies is read once more by another one. Raises MissingExtraError without Dask, UnreachableError where
    the cluster does not answer or has no workers, or a batch's second worker died, too.
    """
    try:
        import dask
        import distributed
    except ImportError as error:
        raise MissingExtraError(
            "Reading on a Dask cluster needs the library distributed: pip install 'incident-nb[dask]'"
        ) from error
    with contextlib.ExitStack() as open_:
        open_.enter_context(dask.config.set(_OWN_CLUSTER))
        if scheduler is None:
            local = _own(distributed, min(workers, len(batches)))
            open_.enter_context(local)
        client = _client(distributed, scheduler or local.scheduler_address)
        open_.enter_context(client)
        yield from _results(distributed, client, batches, task)


def _own(distributed: Any, workers: int) -> Any:
    """A cluster on loopback."""
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", silence_logs="ERROR",
        dashboard_address=None, scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
    )  # fmt: skip


def _client(distributed: Any, address: str) -> Any:
    try:
        client = distributed.Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UnreachableError(
            f"Dask's scheduler at {address} was asked for its workers and did not answer: {error}. Check the address "
            "(tcp://HOST:PORT) and that `dask scheduler` runs there."
        ) from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError as error:
        client.close()
        raise UnreachableError(
            f"Dask's scheduler at {address} has no workers. Start some: dask worker {address}"
        ) from error
    return client


def _results(distributed: Any, client: Any, batches: Sequence[Batch], task: Task) -> Iterator[tuple[int, Piece]]:
    places: dict[Any, int] = {}
    waiting = iter(enumerate(batches))
    done = distributed.as_completed([], loop=client.loop)

    def hand_out(count: int) -> None:
        for place, batch in [one for _, one in zip(range(count), waiting, strict=False)]:
            future = client.submit(_read, batch, task, pure=False)
            places[future] = place
            done.add(future)

    # One for each worker: another that waits there would be blamed for its death as well, and results would pile up.
    hand_out(max(1, len(client.scheduler_info(-1)["workers"])))
    for future in done:
        place = places.pop(future)
        batch = batches[place]
        try:
            made_by, piece = future.result()
        except distributed.KilledWorker as error:
            raise died(batch, "Dask's workers were lost") from error
        except ImportError as error:
            raise SettingsError(
                f"A Dask worker can't load incident-nb: {error}. Install this version on every worker."
            ) from error
        if made_by != version("incident-nb"):
            raise SettingsError(
                f"A Dask worker has incident-nb {made_by}, not this version. Install this one on every worker."
            )
        _seen(piece)
        future.release()
        yield place, piece
        hand_out(1)


def _seen(piece: Piece) -> None:
    """Raises UsageError for a file that is here and was not there."""
    for part, error in piece.refused:
        if isinstance(error, NotThereError) and Path(part.address).exists():
            raise UsageError(f"A Dask worker does not see {part.source}. Put it where all workers see it by this path.")


def _read(batch: Batch, task: Task) -> tuple[str, Piece]:
    """A piece, and the version of what made it."""
    return version("incident-nb"), read_batch(batch, task)
