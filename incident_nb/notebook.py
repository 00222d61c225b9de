"""Runs a notebook unattended: declared parameters only, a bare environment, limits, and a verdict of our own."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import nbformat

from incident_nb.errors import OutputError, UsageError
from incident_nb.files import read_notebook, write_atomic
from incident_nb.outputs import harmless

Scalar = str | int | float | bool | None
RunOutcome = Literal["done", "failed", "timed_out", "killed"]
OnCell = Callable[[int, int, str], None]

MAX_TEXT = 4096
# What a kernel needs to start, find its libraries and speak the user's language. Everything else stays out, since a
# cell can print what it sees; a caller hands over what a notebook's probes need by `env`.
KEPT_ENVIRONMENT = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip


@dataclass(frozen=True)
class NotebookRun:
    """How a run ended. `output` exists in every case and is marked with the outcome in `metadata.incident_nb`.

    `outcome`: `done`; `failed` (a cell raised); `timed_out` (the run's or a cell's limit); `killed` (the kernel or the
    run was ended from outside, or ran out of memory). `failed_cell` is an index into the output's cells.
    """

    outcome: RunOutcome
    output: Path
    error: str | None
    failed_cell: int | None
    took_s: float

    @property
    def banner(self) -> str | None:
        """What the report says at its very top, or nothing after a complete run."""
        if self.outcome == "done":
            return None
        reason = (self.error or self.outcome).strip().splitlines()[0].rstrip(".")[:300]
        return f"The run stopped before its end: {reason}. What comes after that point was not looked at."


def declared_parameters(notebook: Path) -> tuple[str, ...]:
    """The names that the notebook's `parameters` cell assigns, in order; raises `UsageError` for an unreadable one."""
    tagged = [cell for cell in read_notebook(notebook).cells if "parameters" in cell.metadata.get("tags", [])]
    if not tagged:
        return ()
    try:
        body = ast.parse(tagged[0].source).body
    except SyntaxError as error:
        raise UsageError(f"the parameters cell of {notebook} is not Python (line {error.lineno})") from error
    names = []
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return tuple(names)


def run_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Scalar],
    *,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 900,
    cell_timeout_s: int | None = None,
    on_cell: OnCell | None = None,
    cwd: Path | None = None,
) -> NotebookRun:
    """How the run ended; the executed notebook, whole or in part, is `output` (0600; its folder must exist).

    `parameters`: only names that the notebook declares in its `parameters` cell, only small scalars. `env` comes on
    top of a short allow-list of this process's environment. `timeout_s` limits the whole run, `cell_timeout_s` each
    cell. `on_cell(done, total, label)` is called before each code cell, and once more at the end of a complete run.
    `cwd` is the kernel's working folder. The kernel is this interpreter, whatever kernels are installed.

    Raises `UsageError` for an unreadable notebook or an unfit parameter, `OutputError` if `output` cannot be written.
    A run that fails raises nothing: see `NotebookRun`. An interrupt ends the run's processes and is raised again.
    """
    _check(notebook, parameters)
    if not output.parent.is_dir():
        raise OutputError(f"could not write {output}: the folder does not exist; make it first")
    if output.is_dir():
        raise OutputError(f"could not write {output}: it is a folder; choose another place")
    output.unlink(missing_ok=True)  # an earlier run's result must never pass for this one's
    job = {
        "notebook": str(notebook.resolve()), "output": str(output.resolve()), "parameters": dict(parameters),
        "cell_timeout_s": cell_timeout_s, "cwd": str(cwd.resolve()) if cwd else None,
    }  # fmt: skip
    started = time.monotonic()
    state = _State()
    try:
        with tempfile.TemporaryDirectory(prefix="nb-") as folder:
            _supervise(job | {"folder": folder}, _environment(env, folder), started + timeout_s, state, on_cell)
    except queue.Empty:
        state.end("timed_out", f"the run took longer than its limit of {timeout_s:g} s")
    except BaseException:
        state.end("killed", "the run was interrupted")
        raise
    finally:
        failed_cell = None if state.outcome == "done" else state.cell
        _finish(notebook, output, state, failed_cell)
    return NotebookRun(state.outcome, output, state.error, failed_cell, time.monotonic() - started)


@dataclass
class _State:
    """What the parent knows of a run so far; without a word from the child, it was killed."""

    outcome: RunOutcome = "killed"
    error: str | None = None
    kernel: int | None = None
    cell: int | None = None
    total: int = 0

    def end(self, outcome: RunOutcome, error: str | None) -> None:
        self.outcome, self.error = outcome, error


def _check(notebook: Path, parameters: Mapping[str, Scalar]) -> None:
    declared = declared_parameters(notebook)
    for name, value in parameters.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise UsageError(f"{notebook.name} has no parameter {name[:80]!r}; it declares: {known}")
        if type(value) not in (str, int, float, bool, type(None)):
            raise UsageError(f"parameter {name} of {notebook.name} must be text, a number, a truth value or None")
        if len(str(value)) > MAX_TEXT:
            raise UsageError(f"parameter {name} of {notebook.name} is longer than {MAX_TEXT} characters")


def _environment(extra: Mapping[str, str] | None, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT_ENVIRONMENT or name.startswith("LC_")}
    # The user's own IPython start-up files and Jupyter settings must not change what an unattended run shows.
    private = {"IPYTHONDIR": folder, "JUPYTER_CONFIG_DIR": folder, "JUPYTER_RUNTIME_DIR": folder}
    return kept | private | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"} | dict(extra or {})


def _supervise(
    job: dict[str, Any], env: dict[str, str], deadline: float, state: _State, on_cell: OnCell | None
) -> None:
    """Fills `state`; raises `queue.Empty` at the deadline. Leaves no process behind, however it ends."""
    command = [sys.executable, "-P", "-m", "incident_nb.notebook_child"]
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, start_new_session=True
        )
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 (pipes were asked for)
        try:
            child.stdin.write(json.dumps(job).encode() + b"\n")
            child.stdin.flush()
            for event in _events(child.stdout, deadline):
                _take(event, state, on_cell)
            code = child.wait()
        finally:
            for group in (child.pid, state.kernel):
                if group is not None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(group, signal.SIGKILL)
            child.wait()
            child.stdin.close()
            child.stdout.close()
        if code != 0:
            log.seek(0)
            last = log.read()[-4000:].decode(errors="replace").strip().rpartition("\n")[2]
            if code < 0:
                state.end("killed", f"its process ended with signal {-code}")
            else:
                state.end("failed", f"its process did not start: {last[:300]}")


def _events(lines: IO[bytes], deadline: float) -> Iterator[dict[str, Any]]:
    """The child's events as they come, until it closes its end; raises `queue.Empty` at the deadline."""
    arrived: queue.Queue[bytes | None] = queue.Queue()

    def read() -> None:
        with contextlib.suppress(ValueError):  # closed under us: the run was given up
            for line in lines:
                arrived.put(line)
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (line := arrived.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
        yield json.loads(line)


def _take(event: dict[str, Any], state: _State, on_cell: OnCell | None) -> None:
    if "kernel" in event:
        state.kernel = event["kernel"]
    elif "outcome" in event:
        state.end(event["outcome"], event["error"])
        state.kernel = None  # the child has ended it; its number may belong to someone else by now
        if on_cell and state.outcome == "done":
            on_cell(state.total, state.total, "")
    else:
        state.cell, state.total = event["cell"], event["total"]
        if on_cell:
            on_cell(event["done"], event["total"], event["label"])


def _finish(notebook: Path, output: Path, state: _State, failed_cell: int | None) -> None:
    """Makes the output say how the run ended; strips what papermill noted (parameters, paths, its own marks), and what a
    person who opens the notebook could be harmed by."""
    try:
        result = read_notebook(output)
    except UsageError:  # ended before papermill's first save
        result = read_notebook(notebook)
        for cell in result.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
    result.cells = [c for c in result.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
    result.metadata["incident_nb"] = {"outcome": state.outcome, "error": state.error, "failed_cell": failed_cell}
    if failed_cell is not None:
        outputs = result.cells[failed_cell].outputs
        if not any(shown.output_type == "error" for shown in outputs):
            mark: dict[str, Any] = {"output_type": "error", "ename": state.outcome, "evalue": state.error}
            outputs.append(nbformat.from_dict(mark | {"traceback": []}))  # type: ignore[no-untyped-call]
    harmless(result, [output.parent, Path.cwd()])
    write_atomic(output, nbformat.writes(result))  # type: ignore[no-untyped-call]
