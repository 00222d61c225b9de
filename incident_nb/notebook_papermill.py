"""papermill, held to what a run may do: its files, its saves, its client, and how a run by it ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.iorw import papermill_io

from incident_nb.files import write_atomic
from incident_nb.notebook_kernel import TOO_MUCH

_SCHEME = "run:"
_OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError", "ArrowMemoryError")
_LATE_OUTPUT_S = 60  # how long what a cell has shown may take to arrive when the cell is through


class Hooks(Protocol):
    """Who is told how a run goes on: when it begins, and before each code cell."""

    def started(self, notebook: Any) -> None:
        """The notebook, before its first cell."""

    def cell(self, cell_index: int, **_: Any) -> None:
        """The cell that is next."""


def execute(
    job: dict[str, Any], kernel: Any, client: Any, limits: dict[str, Any], hooks: Hooks, how_it_ended: Callable[[], str]
) -> tuple[str, str | None]:
    """The outcome of a job's notebook, run in this kernel, and the reason of any that is not `done`.

    `client`: that of a kernel that is ready; None where it is still to be waited for. Raises RuntimeError for a kernel
    that did not start.
    """
    papermill_engines.register("limited", _Engine)
    papermill_io.register(_SCHEME, _Files(Path(job["notebook"]), Path(job["output"])))
    try:
        papermill.execute_notebook(
            f"{_SCHEME}input.ipynb",
            f"{_SCHEME}output.ipynb",
            parameters=job["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            engine_name="limited",
            start_timeout=limits["start_s"],
            execution_timeout=limits["cell_s"],
            iopub_timeout=_LATE_OUTPUT_S,
            km=kernel,
            kc=client,
            on_notebook_start=hooks.started,
            on_cell_execute=hooks.cell,
        )
    except papermill.PapermillExecutionError as error:
        words = f"{error.ename}: {error.evalue}"
        if error.ename in _OUT_OF_MEMORY:
            return "failed", f"a cell needed more memory than the limit of {limits['memory_mb']} MB ({words})"
        return "failed", words
    except CellTimeoutError as error:
        if "IOPub" in str(error):
            return "timed_out", f"what a cell showed did not arrive within {_LATE_OUTPUT_S} s of its end"
        return "timed_out", f"a cell took longer than its limit of {limits['cell_s']} s"
    except DeadKernelError:
        if _Client.too_much:
            return "failed", f"the cells showed more than the limit of {limits['output_mb']} MB"
        return "killed", f"the kernel died ({how_it_ended()})"
    return "done", None


def rehearse() -> None:
    """Makes what nbformat checks a notebook by, which the first one would have to wait for."""
    nbformat.validate(new_notebook())  # type: ignore[no-untyped-call]


class _Files:
    """papermill's reading and writing of one run: it never sees a real path, which it would pass to `str.format`."""

    def __init__(self, notebook: Path, output: Path) -> None:
        self.notebook, self.output = notebook, output

    def read(self, _path: str) -> str:
        return self.notebook.read_text(encoding="utf-8")

    def write(self, text: str, _path: str) -> None:
        write_atomic(self.output, text, sync=False)  # the parent writes it once more at the end

    def pretty_path(self, path: str) -> str:
        return path


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, which ends a cell that has shown too much."""

    too_much = False

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] != TOO_MUCH:
            return super().process_message(msg, cell, cell_index)
        if not _Client.too_much and self.task_poll_for_reply:
            self.task_poll_for_reply.cancel()  # as if the kernel had died, which it does next
        _Client.too_much = True
        return None


class _Engine(NBClientEngine):  # type: ignore[misc]
    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        wanted = ("km", "kc", "iopub_timeout", "on_notebook_start")
        if options["kc"] is not None:  # else it says so when its kernel answers
            options["on_notebook_start"](notebook=nb_man.nb)
        save = nb_man.save

        def on_cell(**told: Any) -> None:
            """Puts down what the cells before have shown, since this one may be the last."""
            save()
            options["on_cell_execute"](**told)

        nb_man.save = lambda **_: None  # else it writes the whole notebook twice for each cell, of words or of code
        try:
            return _Client(
                nb_man,
                kernel_name=kernel_name,
                timeout=options["execution_timeout"],
                startup_timeout=options["start_timeout"],
                on_cell_execute=on_cell,
                **{name: options[name] for name in wanted},
            ).execute()
        finally:
            nb_man.save = save
