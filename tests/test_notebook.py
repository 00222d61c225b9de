"""The unattended runner against real kernels: what it refuses, what it survives, what it leaves behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from incident_nb import supervisor
from incident_nb.errors import OutputError, UsageError
from incident_nb.notebook import MAX_TEXT, declared_parameters, run_notebook
from incident_nb.settings import NotebookLimits

PARAMETERS = 'case: str = "sample"  # which case\nlimit = 3\nrate: float = 0.5\nurgent = False\nnote = None'


def make(folder: Path, *sources: str, parameters: str | None = PARAMETERS) -> Path:
    """A notebook with a parameters cell (cell 0) and the given code cells, each after a sentence that asks."""
    cells = []
    if parameters is not None:
        cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for number, source in enumerate(sources):
        cells += [new_markdown_cell(f"## Question {number}?"), new_code_cell(source)]
    path = folder / "in.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def texts(path: Path) -> str:
    """What the cells of an executed notebook printed."""
    cells = nbformat.read(path, as_version=4).cells
    return "".join(shown.get("text", "") for cell in cells for shown in cell.get("outputs", []))


def verdict(path: Path) -> Any:
    return nbformat.read(path, as_version=4).metadata["incident_nb"]


class Witness:
    """Knows when the kernel is gone: it holds the writing end of a pipe, whose end the operating system reports."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "witness"
        os.mkfifo(self.path)
        self.reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.source = f"witness = open({str(self.path)!r}, 'w'); witness.write('x'); witness.flush()"

    def started(self) -> bool:
        return bool(select.select([self.reader], [], [], 60)[0]) and os.read(self.reader, 1) == b"x"

    def gone(self) -> bool:
        return bool(select.select([self.reader], [], [], 30)[0]) and os.read(self.reader, 1) == b""


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    one = Witness(tmp_path)
    yield one
    os.close(one.reader)


def test_declared_parameters_are_those_of_the_tagged_cell(tmp_path: Path) -> None:
    assert declared_parameters(make(tmp_path, "other = 1")) == ("case", "limit", "rate", "urgent", "note")
    assert declared_parameters(make(tmp_path, "other = 1", parameters=None)) == ()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"casse": "x"}, "no parameter 'casse'; it declares: case, limit"),
        ({"case = 1\nimport os; os.abort()\nx": "x"}, "no parameter"),
        ({"case": ["x"]}, "must be text, a number"),
        ({"case": Path("x")}, "must be text, a number"),
        ({"case": "x" * (MAX_TEXT + 1)}, "longer than"),
    ],
    ids=["unknown", "code as a name", "list", "path", "payload"],
)
def test_unfit_parameters_are_refused_before_anything_runs(
    tmp_path: Path, parameters: dict[str, Any], says: str
) -> None:
    notebook = make(tmp_path, "1")
    with pytest.raises(UsageError, match=says):
        run_notebook(notebook, tmp_path / "out.ipynb", parameters)
    assert not (tmp_path / "out.ipynb").exists()


def test_unusable_files_are_refused_in_words(tmp_path: Path) -> None:
    notebook = make(tmp_path, "1")
    with pytest.raises(UsageError, match="could not read the notebook"):
        run_notebook(tmp_path / "absent.ipynb", tmp_path / "out.ipynb", {})
    (tmp_path / "text.ipynb").write_text("not a notebook")
    with pytest.raises(UsageError, match="is not a notebook"):
        run_notebook(tmp_path / "text.ipynb", tmp_path / "out.ipynb", {})
    with pytest.raises(OutputError, match="the folder does not exist"):
        run_notebook(notebook, tmp_path / "absent" / "out.ipynb", {})
    with pytest.raises(UsageError, match="is not Python"):
        run_notebook(make(tmp_path, parameters="case ="), tmp_path / "out.ipynb", {})


def misleading_home(home: Path) -> Path:
    """A home with another kernel of the usual name, and a start-up file that changes what a notebook sees."""
    kernel = home / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "other", "language": "python"}')
    (home / ".ipython/profile_default/startup").mkdir(parents=True)
    (home / ".ipython/profile_default/startup/00.py").write_text("import os; os.environ['X'] = 'leak-me'")
    return home


def test_a_run_takes_values_as_they_are_and_keeps_secrets_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_NB_ALERT_TOKEN", "leak-me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak-me")
    monkeypatch.setenv("HOME", str(misleading_home(tmp_path / "home")))
    folder = tmp_path / "a {case} {0} b"
    folder.mkdir()
    notebook = make(
        folder,
        "print([case, limit, rate, urgent, note])",
        "import os, sys; print(sorted(os.environ.values())); print(os.environ['INCIDENT_NB_N8N_API_KEY'])",
        "open('where', 'w').write(f'{sys.executable} {os.getcwd()}')",
    )
    seen: list[tuple[int, int, str]] = []
    value = 'quo"te \\ {brace} é\n# new line'
    run = run_notebook(
        notebook,
        folder / "out {x}.ipynb",
        {"case": value, "limit": -7, "rate": 1e-9, "urgent": True, "note": None},
        env={"INCIDENT_NB_N8N_API_KEY": "for-the-probes", "JUPYTER_PATH": str(tmp_path / "home/jupyter")},
        on_cell=lambda *event: seen.append(event),
        cwd=folder,
    )
    assert (run.outcome, run.error, run.failed_cell, run.banner) == ("done", None, None, None)
    assert run.output == folder / "out {x}.ipynb"
    assert run.output.stat().st_mode & 0o777 == 0o600
    printed = texts(run.output)
    assert str([value, -7, 1e-9, True, None]) in printed
    assert "for-the-probes" in printed
    assert "leak-me" not in printed
    assert (folder / "where").read_text() == f"{sys.executable} {folder}"
    # parameters, the injected ones, and three cells; then the end
    assert [(done, total) for done, total, _ in seen] == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    assert [label for *_, label in seen[2:5]] == ["Question 0?", "Question 1?", "Question 2?"]
    text = run.output.read_text()
    assert '"papermill"' not in text
    assert "in.ipynb" not in text
    assert verdict(run.output) == {"outcome": "done", "error": None, "failed_cell": None}


def test_a_failing_cell_ends_the_run_and_is_named(tmp_path: Path) -> None:
    run = run_notebook(make(tmp_path, "print('before')", "1 / 0", "print('after')"), tmp_path / "out.ipynb", {})
    assert run.outcome == "failed"
    assert run.error == "ZeroDivisionError: division by zero"
    cells = nbformat.read(run.output, as_version=4).cells
    assert cells[run.failed_cell].source == "1 / 0"
    assert texts(run.output) == "before\n"
    assert verdict(run.output)["outcome"] == "failed"
    assert run.banner is not None
    assert "division by zero" in run.banner


@pytest.mark.parametrize(
    ("source", "cell_s", "outcome"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 600, "killed"),
        ("while True: pass", 1, "timed_out"),
    ],
)
def test_a_dead_or_endless_cell_is_told_apart_and_marked(
    tmp_path: Path, source: str, cell_s: int, outcome: str
) -> None:
    notebook = make(tmp_path, "print('before')", source, "print('after')")
    run = run_notebook(notebook, tmp_path / "out.ipynb", {}, limits=NotebookLimits(cell_s=cell_s))
    assert run.outcome == outcome == verdict(run.output)["outcome"]
    cells = nbformat.read(run.output, as_version=4).cells
    assert run.failed_cell is not None
    assert cells[run.failed_cell].source == source
    assert [shown.ename for shown in cells[run.failed_cell].outputs] == [outcome]
    assert texts(run.output) == "before\n"


def test_the_limit_of_a_run_ends_all_its_processes(
    tmp_path: Path, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "import signal; signal.alarm(300); signal.pause()"
    source = f"""{witness.source}
import subprocess, sys
subprocess.run([sys.executable, "-c", {waits!r}], pass_fds=[witness.fileno()])"""
    notebook = make(tmp_path, "print('before')", source)
    clock = {"ahead": 0.0}
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: monotonic() + clock["ahead"]))

    def hurry(done: int, total: int, label: str) -> None:
        if label == "Question 1?":
            assert witness.started()
            clock["ahead"] = 600.0

    run = run_notebook(notebook, tmp_path / "out.ipynb", {}, limits=NotebookLimits(total_s=500), on_cell=hurry)
    assert run.outcome == "timed_out" == verdict(run.output)["outcome"]
    assert run.error == "the run took longer than its limit of 500 s"
    assert texts(run.output) == "before\n"
    assert witness.gone()


def test_a_run_that_never_began_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    notebook = make(tmp_path, "print('before')")
    earlier = nbformat.read(notebook, as_version=4)
    earlier.cells[2].outputs = [new_output("stream", text="of an earlier run")]
    nbformat.write(earlier, notebook)
    nbformat.write(earlier, tmp_path / "out.ipynb")
    run = run_notebook(notebook, tmp_path / "out.ipynb", {}, limits=NotebookLimits(total_s=1e-9))
    assert (run.outcome, run.failed_cell) == ("timed_out", None)
    assert [cell.source for cell in nbformat.read(run.output, as_version=4).cells][1:] == [
        "## Question 0?",
        "print('before')",
    ]
    assert texts(run.output) == ""


def test_an_interrupt_ends_the_run_and_is_raised_again(tmp_path: Path, witness: Witness) -> None:
    notebook = make(tmp_path, witness.source, "while True: pass")

    def interrupt(done: int, total: int, label: str) -> None:
        if label == "Question 1?":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_notebook(notebook, tmp_path / "out.ipynb", {}, on_cell=interrupt)
    assert witness.started()
    assert witness.gone()
    assert verdict(tmp_path / "out.ipynb")["outcome"] == "killed"


def test_the_kernel_does_not_outlive_a_killed_parent(tmp_path: Path, witness: Witness) -> None:
    notebook = make(tmp_path, f"{witness.source}\nwhile True: pass")
    call = f"run_notebook(Path({str(notebook)!r}), Path({str(tmp_path / 'out.ipynb')!r}), {{}})"
    program = f"from pathlib import Path; from incident_nb.notebook import run_notebook; {call}"
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        assert witness.started()
        parent.send_signal(signal.SIGKILL)
    assert witness.gone()
