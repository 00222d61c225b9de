"""The child process of `incident_nb.notebook`: one papermill run, told on standard input, reported line by line.

Standard input: one line of JSON `{folder, word, limits, ahead}`, one `{notebook, output, parameters, cwd}` (the job), then
kept open; when it closes, the parent is gone and the run ends. With `ahead` the kernel starts before the job is there.
Standard output: one JSON object a line, in this order: `{"kernel": process group}`, with `ahead` `{"ready"}` and, once it
has its job, `{"took"}`; `{"done", "total", "cell", "label"}` before each code cell, and at last `{"outcome", "error"}`.
"""

# ruff: noqa: E402 - what is left out of an import is said before it
from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

# Notebooks have no addresses to check, for which jsonschema would build a grammar that takes seconds.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from incident_nb import processes


class Reporter:
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

    def __init__(self, limits: dict[str, Any], ahead: str | None) -> None:
        super().__init__()
        most = (str(limits[name] * 2**20) for name in ("memory_mb", "output_mb"))
        module = ("-P", "-m", "incident_nb.notebook_kernel")
        argv = [sys.executable, *module, *most, ahead or "", "-f", "{connection_file}"]
        self.only = KernelSpec(argv=argv, display_name="Python 3", language="python")

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002
        return self.only


def _first_words(markdown: str) -> str:
    line = next((line for line in markdown.splitlines() if line.strip()), "")
    return re.sub(r"[#*_`>]+", "", line).strip()[:100]


def _run(run: dict[str, Any], jobs: queue.SimpleQueue[dict[str, Any]], reporter: Reporter) -> tuple[str, str | None]:
    limits, client = run["limits"], None
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=_ThisInterpreter(limits, run["ahead"]),
        transport="ipc",
        connection_file=str(Path(run["folder"]) / "k.json"),  # short: socket paths end at 104 characters
    )
    try:
        if run["ahead"]:
            client = _prepare(kernel, run, reporter)
        job = jobs.get()
        if client is None:
            run_sync(kernel.start_kernel)(cwd=job["cwd"])
            reporter.say(kernel=_group(kernel))
        else:
            run_sync(_hand_over)(client, job["cwd"], limits)
            reporter.say(took=True)
        # Only now, since it loads while the kernel does.
        from incident_nb import notebook_papermill

        return notebook_papermill.execute(job, kernel, client, limits, reporter, lambda: _how_it_ended(kernel))
    except RuntimeError as error:
        if reporter.began:
            raise
        if "respond" in str(error):
            return "timed_out", f"the kernel did not start within its limit of {limits['start_s']} s"
        return "failed", f"the kernel did not start: {error}"
    finally:
        if kernel.has_kernel:
            run_sync(kernel.shutdown_kernel)(now=True)


def _prepare(kernel: AsyncKernelManager, run: dict[str, Any], reporter: Reporter) -> Any:
    """The client of a kernel that has started and imported what it was to import."""
    run_sync(kernel.start_kernel)(cwd=run["folder"])
    reporter.say(kernel=_group(kernel))
    from incident_nb import notebook_papermill

    notebook_papermill.rehearse()
    client = kernel.client()
    client.start_channels()
    run_sync(client.wait_for_ready)(timeout=run["limits"]["start_s"])
    client.allow_stdin = False
    reporter.say(ready=True)
    return client


async def _hand_over(client: Any, cwd: str, limits: dict[str, Any]) -> None:
    """Moves the kernel to the job's folder: what a kernel that is started for the job begins with."""
    move = f"__import__('incident_nb.notebook_kernel', fromlist=['']).move({cwd!r})"
    reply = await client.execute(move, silent=True, store_history=False, reply=True, timeout=limits["start_s"])
    if reply["content"]["status"] != "ok":
        raise RuntimeError("it could not go to the folder of its job")


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


def _listen(run: dict[str, Any], jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Passes on the job, and waits for the end of standard input, which only the parent holds open.

    Then takes all of the run and its folder along.
    """
    with open(0, "rb", buffering=0, closefd=False) as told:
        while line := told.readline():
            jobs.put(json.loads(line))
    processes.end_all(os.getpid(), run["word"])
    shutil.rmtree(run["folder"], ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Runs the job on standard input and reports its outcome on standard output."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:
        os.dup2(2, 1)  # whatever else prints, the kernel included, cannot speak our protocol
        processes.keep_orphans()
        reporter = Reporter(lines)
        with open(0, "rb", buffering=0, closefd=False) as told:
            run = json.loads(told.readline())
        jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(run, jobs), daemon=True).start()
        try:
            outcome, error = _run(run, jobs, reporter)
        except Exception as unexpected:
            outcome, error = "failed", f"{type(unexpected).__name__}: {unexpected}"
        processes.end_all(os.getpid(), run["word"])  # what cells left running descends from here only while we live
        reporter.say(outcome=outcome, error=error)
        os._exit(0)  # all is said and ended; taking libraries down in order would only take time


if __name__ == "__main__":
    main()
