"""The child process of `incident_nb.notebook`: one papermill run, told on standard input, reported line by line.

Standard input: one line of JSON `{notebook, output, parameters, cell_timeout_s, cwd, folder}`, then kept open; when it
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
import threading
from pathlib import Path
from typing import Any, TextIO

import papermill
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.iorw import papermill_io

from incident_nb.files import write_atomic

_SCHEME = "run:"


class _Files:
    """papermill's reading and writing of one run: it never sees a real path, which it would pass to `str.format`."""

    def __init__(self, notebook: Path, output: Path) -> None:
        self.notebook, self.output = notebook, output

    def read(self, _path: str) -> str:
        return self.notebook.read_text(encoding="utf-8")

    def write(self, text: str, _path: str) -> None:
        write_atomic(self.output, text)

    def pretty_path(self, path: str) -> str:
        return path


class _Reporter:
    """Writes the progress lines; its methods are nbclient's hooks."""

    def __init__(self, lines: TextIO) -> None:
        self.lines = lines
        self.labels: dict[int, str] = {}
        self.done = 0

    def say(self, **event: Any) -> None:
        self.lines.write(json.dumps(event) + "\n")
        self.lines.flush()

    def started(self, notebook: Any) -> None:
        label = ""
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                label = _first_words(cell.source) or label
            elif cell.cell_type == "code" and cell.source.strip():
                self.labels[index] = label

    def cell(self, cell_index: int, **_: Any) -> None:
        self.say(done=self.done, total=len(self.labels), cell=cell_index, label=self.labels[cell_index])
        self.done += 1


def _first_words(markdown: str) -> str:
    line = next((line for line in markdown.splitlines() if line.strip()), "")
    return re.sub(r"[#*_`>]+", "", line).strip()[:100]


def _run(job: dict[str, Any], reporter: _Reporter) -> tuple[str, str | None]:
    kernel = AsyncKernelManager(
        kernel_name="python3",
        # No kernel folders: what is left is the native kernel, which is this very interpreter.
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",
        connection_file=str(Path(job["folder"]) / "k.json"),  # short: socket paths end at 104 characters
    )
    threading.Thread(target=_end_with_parent, args=(kernel, job["folder"]), daemon=True).start()
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
            execution_timeout=job["cell_timeout_s"],
            km=kernel,
            on_notebook_start=reporter.started,
            on_cell_execute=reporter.cell,
        )
    except papermill.PapermillExecutionError as error:
        return "failed", f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        return "timed_out", f"a cell took longer than its limit of {job['cell_timeout_s']} s"
    except DeadKernelError:
        return "killed", "the kernel died (out of memory, or killed from outside)"
    finally:
        run_sync(kernel.shutdown_kernel)(now=True)
    return "done", None


def _group(kernel: AsyncKernelManager) -> int:
    process: Any = kernel.provisioner  # a LocalProvisioner, which leads a process group of its own
    return int(process.pgid)


def _end_with_parent(kernel: AsyncKernelManager, folder: str) -> None:
    """Waits for the end of standard input, which only the parent holds open, and takes the kernel and `folder` along."""
    os.read(0, 1)
    if kernel.has_kernel:
        os.killpg(_group(kernel), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Runs the job on standard input and reports its outcome on standard output."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:
        os.dup2(2, 1)  # whatever else prints, the kernel included, cannot speak our protocol
        reporter = _Reporter(lines)
        with open(0, "rb", buffering=0, closefd=False) as stdin:
            job = json.loads(stdin.readline())
        try:
            outcome, error = _run(job, reporter)
        except Exception as unexpected:
            outcome, error = "failed", f"{type(unexpected).__name__}: {unexpected}"
        reporter.say(outcome=outcome, error=error)


if __name__ == "__main__":
    main()
