"""The child process of `incident_nb.notebook`: one papermill run, told on standard input, reported line by line.

Standard input: one line of JSON `{notebook, output, parameters, limits, cwd, folder, word}`, then kept open; when it
closes, the parent is gone and the run ends. Standard output: one JSON object a line, in this order:
`{"kernel": process group}`, `{"done", "total", "cell", "label"}` before each code cell, and at last
`{"outcome", "error"}`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

import papermill
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.iorw import papermill_io

from incident_nb import processes
from incident_nb.files import write_atomic
from incident_nb.notebook_kernel import TOO_MUCH

_SCHEME = "run:"
_OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError", "ArrowMemoryError")
_LATE_OUTPUT_S = 60  # how long what a cell has shown may take to arrive when the cell is through


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


class _Reporter:
    """Writes the progress lines; its methods are nbclient's hooks."""

    def __init__(self, lines: TextIO) -> None:
        self.lines = lines
        self.labels: dict[int, str] = {}
        self.done = 0
        self.began = False

    def say(self, **event: Any) -> None:
        self.lines.write(json.dumps(event) + "\n")
        self.lines.flush()

    def started(self, notebook: Any) -> None:
        label, self.began = "", True
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                label = _first_words(cell.source) or label
            elif cell.cell_type == "code" and cell.source.strip():
                self.labels[index] = label

    def cell(self, cell_index: int, **_: Any) -> None:
        self.say(done=self.done, total=len(self.labels), cell=cell_index, label=self.labels[cell_index])
        self.done += 1


class _ThisInterpreter(KernelSpecManager):
    """Knows one kernel, whatever kernels are installed: this very interpreter, under limits."""

    def __init__(self, limits: dict[str, Any]) -> None:
        super().__init__()
        most = (str(limits[name] * 2**20) for name in ("memory_mb", "output_mb"))
        module = ("-P", "-m", "incident_nb.notebook_kernel")
        argv = [sys.executable, *module, *most, "-f", "{connection_file}"]
        self.only = KernelSpec(argv=argv, display_name="Python 3", language="python")

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002
        return self.only


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
        wanted = ("km", "iopub_timeout", "on_notebook_start", "on_cell_execute")
        return _Client(
            nb_man,
            kernel_name=kernel_name,
            timeout=options["execution_timeout"],
            startup_timeout=options["start_timeout"],
            **{name: options[name] for name in wanted},
        ).execute()


def _first_words(markdown: str) -> str:
    line = next((line for line in markdown.splitlines() if line.strip()), "")
    return re.sub(r"[#*_`>]+", "", line).strip()[:100]


def _run(job: dict[str, Any], reporter: _Reporter) -> tuple[str, str | None]:
    limits = job["limits"]
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=_ThisInterpreter(limits),
        transport="ipc",
        connection_file=str(Path(job["folder"]) / "k.json"),  # short: socket paths end at 104 characters
    )
    threading.Thread(target=_end_with_parent, args=(job["word"], job["folder"]), daemon=True).start()
    papermill_engines.register("limited", _Engine)
    papermill_io.register(_SCHEME, _Files(Path(job["notebook"]), Path(job["output"])))
    run_sync(kernel.start_kernel)(cwd=job["cwd"])
    reporter.say(kernel=_group(kernel))
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
            on_notebook_start=reporter.started,
            on_cell_execute=reporter.cell,
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
        return "killed", f"the kernel died ({_how_it_ended(kernel)})"
    except RuntimeError as error:
        if reporter.began:
            raise
        if "respond" in str(error):
            return "timed_out", f"the kernel did not start within its limit of {limits['start_s']} s"
        return "failed", f"the kernel did not start: {error}"
    finally:
        if kernel.has_kernel:
            run_sync(kernel.shutdown_kernel)(now=True)
    return "done", None


def _how_it_ended(kernel: AsyncKernelManager) -> str:
    process: Any = kernel.provisioner  # a LocalProvisioner
    code = process.process.poll() if process and process.process else None
    if code == -signal.SIGKILL:
        return "out of memory, or killed from outside"
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return "it ended by itself" if code is None else f"it ended by itself with code {code}"


def _group(kernel: AsyncKernelManager) -> int:
    process: Any = kernel.provisioner  # a LocalProvisioner, which leads a process group of its own
    return int(process.pgid)


def _end_with_parent(word: str, folder: str) -> None:
    """Waits for the end of standard input, which only the parent holds open; takes all of the run and `folder` along."""
    os.read(0, 1)
    processes.end_all(os.getpid(), word)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Runs the job on standard input and reports its outcome on standard output."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:
        os.dup2(2, 1)  # whatever else prints, the kernel included, cannot speak our protocol
        processes.keep_orphans()
        reporter = _Reporter(lines)
        with open(0, "rb", buffering=0, closefd=False) as stdin:
            job = json.loads(stdin.readline())
        try:
            outcome, error = _run(job, reporter)
        except Exception as unexpected:
            outcome, error = "failed", f"{type(unexpected).__name__}: {unexpected}"
        processes.end_all(os.getpid(), job["word"])  # what cells left running descends from here only while we live
        reporter.say(outcome=outcome, error=error)


if __name__ == "__main__":
    main()
