"""One batch of parts read by the process that this runs in: the same in a worker process and on a Dask worker."""

from __future__ import annotations

from pathlib import Path

from incident_nb import redact
from incident_nb.errors import UsageError
from incident_nb.executions import Skipped
from incident_nb.readers.collect import Collector
from incident_nb.readers.parts import READERS, Batch, NotThereError, garbage_kept, wanted
from incident_nb.readers.piece import PartCollector, Piece, Task
from incident_nb.readers.rows import Row, WorkflowRow


def read_batch(batch: Batch, task: Task) -> Piece:
    """What the parts hold, looked into, through the gate and judged. A part that can't be read is among its `refused`."""
    with redact.using(task.masks), garbage_kept():
        collector = PartCollector()
        for part in batch:
            try:
                for found in READERS[part.kind](part, task.bounds):
                    collector.elements += isinstance(found, Row)
                    if wanted(found, task.bounds):
                        take(collector, found, task.instance, part.source)
            except UsageError as error:
                there = part.kind == "postgres" or Path(part.address).exists()
                collector.refuse(part, error if there else NotThereError(str(error)))
        return collector.piece(task.judge)


def take(collector: Collector, found: Row | WorkflowRow | Skipped, instance: str, source: str) -> None:
    """Puts what a reader found where it belongs."""
    if isinstance(found, Row):
        collector.add(found, instance, source)
    elif isinstance(found, WorkflowRow):
        collector.add_workflow(found, instance)
    else:
        collector.skip(Skipped(found.source or source, found.where, found.reason, found.rows))
