"""Notebooks in a process that was prepared ahead: the same results, used once, and done without where it will not do."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from incident_nb import prepared as module
from incident_nb.case import sample_case
from incident_nb.desk.paper import write_paper
from incident_nb.diagnose import run_checks
from incident_nb.notebook import NotebookRun, run_notebook
from incident_nb.notebook_ahead import REHEARSAL, Ahead
from incident_nb.prepared import Prepared, environment
from incident_nb.settings import NotebookLimits, Settings
from tests.test_limits import linux, living
from tests.test_notebook import Witness, make, texts, witness

__all__ = ["witness"]  # a fixture

# What a cell can see of the kernel that it runs in. The run's own folder and number are random.
LOOKS = (
    "import os, sys\nprint(os.getcwd(), _dh, sys.path, sys.argv[:-2], __name__, get_ipython().starting_dir)",
    "print(sorted(name for name in globals()), In[:2], Out, get_ipython().execution_count)",
    "own = ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_RUNTIME_DIR', 'INCIDENT_NB_RUN', 'JPY_PARENT_PID')\n"
    "print(sorted((name, value) for name, value in os.environ.items() if name not in own))",
    "import resource, threading\nprint([resource.getrlimit(kind) for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE)],"
    " os.umask(0o77), os.getpgrp() == os.getpid(), threading.active_count())",
    "import matplotlib, pandas\nprint(matplotlib.get_backend(), pandas.options.display.max_rows)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); print(plt.rcParams['figure.figsize'], plt.get_fignums())",
    "import warnings\ndef old(): warnings.warn('no longer', DeprecationWarning)\nold()",
    "import random, logging, locale, decimal\nprint(logging.root.handlers, locale.getlocale(), decimal.getcontext())",
)


def shown(path: Path) -> list[Any]:
    """The cells of an executed notebook with their numbers and what they showed: a stream in one piece, no process numbers."""
    cells = nbformat.read(path, as_version=4).cells
    return [(cell.source, cell.get("execution_count"), _joined(cell.get("outputs", ()))) for cell in cells]


def _joined(outputs: Iterable[Any]) -> list[Any]:
    streams: dict[str, str] = {}
    for output in outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + re.sub(r"ipykernel_\d+", "ipykernel", output.text)
    return [sorted(streams.items()), [output for output in outputs if output.output_type != "stream"]]


def ran(
    folder: Path, *sources: str, name: str = "out", prepared: Prepared | None = None, **options: Any
) -> NotebookRun:
    """A complete run of these cells."""
    done = run_notebook(make(folder, *sources), folder / f"{name}.ipynb", {}, cwd=folder, prepared=prepared, **options)
    assert (done.outcome, done.error) == ("done", None)
    return done


def ready(ahead: str = "json", **options: Any) -> Prepared:
    one = Prepared(ahead, **options)
    assert one.wait(60)
    return one


def test_a_cell_sees_what_it_sees_in_a_kernel_that_was_started_for_it(tmp_path: Path) -> None:
    plain = ran(tmp_path, *LOOKS, name="plain")
    one = ready(REHEARSAL)
    assert shown(ran(tmp_path, *LOOKS, prepared=one).output) == shown(plain.output)
    assert one.used


def test_an_incident_is_told_the_same(tmp_path: Path) -> None:
    case = replace(sample_case(), unattended=True)
    checks = run_checks(case, records_only=True)
    kept = replace(case, answers=checks.answers, not_asked=checks.why_not)
    plain = write_paper(kept, tmp_path / "plain")
    one = ready(REHEARSAL, env={}, limits=case.settings.notebooks)
    fast = write_paper(kept, tmp_path / "fast", prepared=one, analysis=checks.analysis)
    assert (plain.run.outcome, fast.run.outcome, one.used) == ("done", "done", True)
    assert fast.diagnosis == plain.diagnosis
    for name in ("report.html", "report.md", "diagnosis.json"):
        assert (tmp_path / "fast" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    assert shown(tmp_path / "fast" / "investigation.ipynb") == shown(tmp_path / "plain" / "investigation.ipynb")


def test_it_runs_one_notebook_and_nothing_of_that_reaches_the_next(tmp_path: Path) -> None:
    one = ready()
    leaves = "import builtins, os, sys; builtins.left = sys.left = 1; os.environ['LEFT'] = '1'; os.chdir('/')"
    looks = "import builtins, os, sys; print(hasattr(builtins, 'left'), hasattr(sys, 'left'), os.environ.get('LEFT'))"
    ran(tmp_path, leaves, prepared=one)
    assert one.used
    assert not one.wait(0)
    second = ran(tmp_path, looks, prepared=one)
    assert texts(second.output) == "False False None\n"


def test_one_that_is_at_work_is_not_given_to_another_run(tmp_path: Path) -> None:
    limits, inner = NotebookLimits(total_s=60), tmp_path / "inner"
    one = ready(limits=limits)
    inner.mkdir()
    beside: list[NotebookRun] = []

    def meanwhile(done: int, total: int, _: str) -> None:
        if done == total - 1 and not beside:
            beside.append(ran(inner, "print('inner')", limits=limits, prepared=one))

    outer = ran(tmp_path, "print('outer')", limits=limits, prepared=one, on_cell=meanwhile)
    assert texts(outer.output) == "outer\n"
    assert texts(beside[0].output) == "inner\n"


def test_one_that_is_at_work_goes_on_when_the_next_one_is_made(tmp_path: Path) -> None:
    settings = Settings()
    ahead = Ahead(settings, offline=True)
    ahead.make()
    assert ahead.wait(60)
    one = ahead.options()["prepared"]
    made = []

    def meanwhile(done: int, total: int, _: str) -> None:
        if done == total - 1 and not made:
            ahead.make()
            made.append(ahead.options()["prepared"])

    run = ran(tmp_path, "print('to the end')", env={}, limits=settings.notebooks, prepared=one, on_cell=meanwhile)
    assert one.used and made and made[0] is not one
    assert (run.outcome, texts(run.output)) == ("done", "to the end\n")
    ahead.close()


@linux
@pytest.mark.parametrize("end", ["child killed", "child stopped", "kernel killed", "kernel stopped"])
def test_one_that_died_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(module, "_TAKES_S", 1.0)
    env, limits = {"WITNESS": secrets.token_hex(8)}, NotebookLimits(total_s=60)
    one = ready(env=env, limits=limits)
    child = one._child
    assert child is not None and child.kernel is not None
    number = signal.SIGKILL if end.endswith("killed") else signal.SIGSTOP
    os.kill(child.process.pid if end.startswith("child") else child.kernel, number)
    done = ran(tmp_path, "print('well')", env=env, limits=limits, prepared=one)
    assert (texts(done.output), one.used) == ("well\n", False)
    assert living(env["WITNESS"]) == []


@pytest.mark.parametrize(
    ("env", "limits", "used"),
    [
        ({"KEY": "one"}, {}, True),
        ({"KEY": "two"}, {}, False),
        ({}, {}, False),
        ({"KEY": "one", "MORE": "1"}, {}, False),
        ({"KEY": "one"}, {"memory_mb": 2048}, False),
        ({"KEY": "one"}, {"total_s": 901}, False),
        ({"KEY": "one"}, {"total_s": 900}, True),
    ],
)
def test_it_is_used_only_where_credentials_and_limits_are_those_it_was_made_for(
    tmp_path: Path, env: dict[str, str], limits: dict[str, Any], used: bool
) -> None:
    one = ready(env={"KEY": "one"})
    done = ran(
        tmp_path, "import os; print(os.environ.get('KEY'))", env=env, limits=NotebookLimits(**limits), prepared=one
    )
    assert texts(done.output) == f"{env.get('KEY')}\n"
    assert one.used is used


def test_it_is_not_used_where_this_process_has_another_environment_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ready()
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    ran(tmp_path, "1", prepared=one)
    assert not one.used


@pytest.mark.parametrize("change", ["age", "package"])
def test_one_that_is_old_or_of_another_version_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    one = ready()
    if change == "age":
        monkeypatch.setattr(module, "MAX_AGE_S", 0.0)
    else:
        monkeypatch.setattr(module, "_edition", lambda: (0, 0))
    ran(tmp_path, "1", prepared=one)
    assert not one.used


def test_one_that_does_not_get_ready_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "never.py").write_text("import signal; signal.pause()")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    limits = NotebookLimits(start_s=5)
    one = Prepared("never", env=env, limits=limits)
    ran(tmp_path, "1", env=env, limits=limits, prepared=one)
    assert not one.used


@linux
def test_nothing_is_left_of_one_that_nobody_took() -> None:
    env = {"WITNESS": secrets.token_hex(8)}
    one = ready(env=env)
    assert living(env["WITNESS"]) != []
    one.close()
    assert living(env["WITNESS"]) == []
    assert not one.wait(0)


def test_it_does_not_outlive_a_killed_parent(tmp_path: Path, witness: Witness) -> None:
    (tmp_path / "holding.py").write_text(witness.source)
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    program = f"from incident_nb.prepared import Prepared; one = Prepared('holding', env={env!r}); print(one.wait(60)); input()"
    command = [sys.executable, "-u", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"True\n"
        assert witness.started()
        parent.send_signal(signal.SIGKILL)
    assert witness.gone()


def test_the_next_one_is_made_when_one_was_used(tmp_path: Path) -> None:
    settings = Settings()
    ahead = Ahead(settings, offline=True)
    assert ahead.options() == {"prepared": None}
    ahead.make()
    first = ahead.options()["prepared"]
    ahead.make()
    assert ahead.options()["prepared"] is first
    assert ahead.wait(60)
    ran(tmp_path, "1", env={}, limits=settings.notebooks, prepared=first)
    assert first.used
    ahead.make()
    second = ahead.options()["prepared"]
    assert second is not first
    assert second.fits(environment({}), settings.notebooks)
    ahead.close()
    assert ahead.options() == {"prepared": None}
    assert not second.wait(0)
