"""Runs a notebook unattended: declared parameters only, a bare environment, limits, and a verdict of our own."""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from incident_nb.errors import OutputError, UsageError
from incident_nb.files import read_notebook, write_atomic
from incident_nb.outputs import harmless
from incident_nb.prepared import Prepared, child_with, environment
from incident_nb.redact import sealed
from incident_nb.settings import NotebookLimits
from incident_nb.supervisor import OnCell, RunOutcome, State, supervise

Scalar = str | int | float | bool | None

MAX_TEXT = 4096


@dataclass(frozen=True)
class NotebookRun:
    """How a run ended. `output` exists in every case and is marked with the outcome in `metadata.incident_nb`.

    `outcome`: `done`; `failed` (a cell raised, or showed too much); `timed_out` (a limit of seconds); `killed` (the
    kernel or the run was ended: from outside, out of memory, too many processes). `failed_cell` is an index into the
    output's cells.
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
    limits: NotebookLimits | None = None,
    on_cell: OnCell | None = None,
    cwd: Path | None = None,
    prepared: Prepared | None = None,
) -> NotebookRun:
    """How the run ended; the executed notebook, whole or in part, is `output` (0600; its folder must exist).

    `parameters`: only names that the notebook declares in its `parameters` cell, only small scalars. `env` comes on
    top of a short allow-list of this process's environment. `limits` holds the run to time, memory, output and
    processes. `on_cell(done, total, label)` is called before each code cell, and once more at the end of a complete run.
    `cwd` is the kernel's working folder. The kernel is this interpreter, whatever kernels are installed. `prepared`: one
    that was made ahead for the same `env` and `limits`; where it does not fit, was used or is dead, it is done without.

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
        "cwd": str((cwd or Path.cwd()).resolve()),
    }  # fmt: skip
    limits, started, state = limits or NotebookLimits(), time.monotonic(), State()
    deadline = started + limits.total_s
    try:
        with child_with(job, environment(env), limits, prepared, deadline) as child:
            supervise(child, limits, state, on_cell, deadline)
    except BaseException:
        state.end("killed", "the run was interrupted")
        raise
    finally:
        failed_cell = _finish(notebook, output, state)
    return NotebookRun(state.outcome, output, state.error, failed_cell, time.monotonic() - started)


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
        if any("\ud800" <= sign <= "\udfff" for sign in str(value)):
            raise UsageError(f"parameter {name} of {notebook.name} holds half a character; write it as UTF-8")


def _finish(notebook: Path, output: Path, state: State) -> int | None:
    """Makes the output say how the run ended, and gives the cell it ended in.

    Strips what papermill noted (parameters, paths, its own marks), and what a person who opens it could be harmed by.
    """
    try:
        result = read_notebook(output)
    except UsageError:  # ended before papermill's first save, or a cell took the file away
        if state.outcome == "done":
            state.end("failed", "the executed notebook was not there at the end")
        state.cell = None
        result = read_notebook(notebook)
        for cell in result.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
    result.cells = [c for c in result.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
    failed_cell = None if state.outcome == "done" else state.cell
    result.metadata["incident_nb"] = {"outcome": state.outcome, "error": state.error, "failed_cell": failed_cell}
    if failed_cell is not None:
        outputs = result.cells[failed_cell].outputs
        if not any(shown.output_type == "error" for shown in outputs):
            mark: dict[str, Any] = {"output_type": "error", "ename": state.outcome, "evalue": state.error}
            outputs.append(nbformat.from_dict(mark | {"traceback": []}))  # type: ignore[no-untyped-call]
    harmless(result, [output.parent, Path.cwd()])
    write_atomic(output, sealed(output.name, nbformat.writes(result)))  # type: ignore[no-untyped-call]
    return failed_cell
