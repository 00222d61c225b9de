"""Reading spread over several processes, or over a Dask cluster: who reads, how many, and when it is worth it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from incident_nb import redact
from incident_nb.errors import SourceError, UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.readers import limits
from incident_nb.readers.collect import ClientOf
from incident_nb.readers.files import Place, size_of
from incident_nb.readers.joined import OddError, joined
from incident_nb.readers.parts import Batch, batches_of, whole
from incident_nb.readers.piece import Judge, Piece, Task
from incident_nb.readers.stored import EVERYTHING, Bounds
from incident_nb.readers.workers import by_processes

# Two workers cost two seconds more than one process and then take half as long per execution, causes included: of
# executions of 8 kB, that is even at about 500 MB (docs/scale.md).
WORTH_IT = 512 * limits.MIB
MOST_WORKERS = 64

Progress = Callable[[int, int, str], None]
Engine = Callable[[Sequence[Batch], Task], Iterator[tuple[int, Piece]]]


@dataclass(frozen=True)
class Spread:
    """How a reading is spread.

    `workers`: how many processes; None for as many as there are processors, and one where the source is smaller than
    `WORTH_IT`. `engine`: `process`, or `dask`, whose cluster `scheduler` is the address of (None: one of its own on this
    machine). `judge`: columns that the workers add to the failures, if this is spread at all.
    """

    workers: int | None = None
    engine: str = "process"
    scheduler: str | None = None
    judge: Judge | None = None


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def engine_of(spread: Spread, files: Sequence[Place]) -> Engine | None:
    """What reads the files in parts; None where one process is to read them. Raises UsageError for a wrong number."""
    workers = spread.workers
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise UsageError(f"{workers} worker processes are not possible: name a number from 1 to {MOST_WORKERS}.")
    if spread.engine == "dask":
        from incident_nb.readers.cluster import by_dask

        return lambda batches, task: by_dask(batches, task, workers or processors(), spread.scheduler)
    if spread.scheduler is not None:
        raise UsageError("A scheduler is Dask's: add --engine dask.")
    if workers is None:
        workers = processors() if sum(map(size_of, files)) >= WORTH_IT else 1
    return (lambda batches, task: by_processes(batches, task, workers)) if workers > 1 else None


def read_spread(
    files: Sequence[Place],
    engine: Engine,
    judge: Judge | None,
    instance: str,
    client_of: ClientOf,
    told: Progress,
    bounds: Bounds = EVERYTHING,
) -> ExecutionLog | None:
    """The files, read in parts, as the log that one process would make of them; None where only one can tell what to keep.

    `told` is the progress. Raises as `readers.read` does for a single file that can't be read, or none that can.
    """
    task = Task(instance, judge, redact.in_force(), bounds)
    batches = batches_of(files)
    total, done = sum(part.size for batch in batches for part in batch), 0
    pieces: dict[int, Piece] = {}
    for place, piece in engine(batches, task):
        pieces[place] = piece
        done += sum(part.size for part in batches[place])
        told(done, total, Path(batches[place][-1].source).name)
    _mend(pieces, batches, engine, task)
    in_order = _placed([(batches[place], pieces[place]) for place in sorted(pieces)])
    refused = [error for piece in in_order for _, error in piece.refused]
    if refused and len(refused) == len(files):
        if len(files) == 1:
            raise refused[0]
        raise SourceError(f"None of {len(files)} files could be read. The first: {refused[0]}")
    try:
        return joined(in_order, instance, client_of)
    except OddError:
        return None


def _placed(found: Sequence[tuple[Batch, Piece]]) -> list[Piece]:
    """The pieces, those of a JSON file's ranges told how many executions of the file come before them."""
    pieces: list[Piece] = []
    before: dict[str, int] = {}
    for batch, piece in found:
        part = batch[0]
        count = before.get(part.address, 0)
        before[part.address] = count + piece.elements
        pieces.append(piece._replace(before=count) if part.kind == "json" and not piece.refused else piece)
    return pieces


def _mend(pieces: dict[int, Piece], batches: Sequence[Batch], engine: Engine, task: Task) -> None:
    """Reads a database whole where a range of it is damaged: what lies behind the damage, one process does not read."""
    broken = {part.address for piece in pieces.values() for part, _ in piece.refused if part.ids is not None}
    places: dict[str, list[int]] = {address: [] for address in sorted(broken)}
    for place, batch in enumerate(batches):
        if batch[0].address in broken:
            places[batch[0].address].append(place)
    again: list[Batch] = [(whole(Path(address)),) for address in places]
    for number, piece in engine(again, task) if again else ():
        first, *others = places[again[number][0].address]
        pieces[first] = piece
        for place in others:
            del pieces[place]
