"""The runner's limits against real kernels that go over them: told apart, stopped, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from incident_nb.notebook import NotebookRun, run_notebook
from incident_nb.notebook_kernel import size
from incident_nb.prepared import Prepared
from incident_nb.settings import NotebookLimits, Settings
from tests.test_notebook import Witness, make, texts, verdict, witness

__all__ = ["witness"]  # a fixture

MB = 2**20
PROC = Path("/proc")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")


def living(mark: str) -> list[int]:
    """The processes that were started with `mark` in their environment."""
    found = []
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


both = pytest.mark.parametrize("ahead", [False, True], ids=["started for it", "prepared"])


def run(
    folder: Path, *sources: str, env: dict[str, str] | None = None, ahead: bool = False, **options: Any
) -> NotebookRun:
    """A run of which no process is left, whatever became of it; `ahead`: in a process that was prepared for it."""
    mark = secrets.token_hex(8)
    limits, given = NotebookLimits(**options.pop("limits", {})), {**(env or {}), "WITNESS": mark}
    out = folder / "out.ipynb"
    prepared = Prepared("json", env=given, limits=limits) if ahead else None
    assert prepared is None or prepared.wait(60)
    done = run_notebook(make(folder, *sources), out, {}, env=given, limits=limits, prepared=prepared, **options)
    assert prepared is None or prepared.used
    assert living(mark) == []
    assert done.outcome == verdict(out)["outcome"]
    return done


@both
@pytest.mark.parametrize(
    "source",
    [
        "for _ in range(10_000): print('x' * 1_000_000)",
        "import os\nwhile True: os.write(1, b'x' * 65536)",
        "from IPython.display import HTML, display\ndisplay(HTML('x' * 30_000_000))",
        "import sys\nprint('y' * 900_000)\nfor _ in range(20): print('x' * 50_000, file=sys.stderr)\n1 + 1",
    ],
    ids=["10 GB of print", "below Python", "one big object", "stderr as well"],
)
def test_cells_that_show_too_much_are_stopped_and_the_beginning_is_kept(
    tmp_path: Path, source: str, ahead: bool
) -> None:
    done = run(tmp_path, "print('before')", source, "print('after')", limits={"output_mb": 1}, ahead=ahead)
    assert (done.outcome, done.error) == ("failed", "the cells showed more than the limit of 1 MB")
    assert texts(done.output).startswith("before\n")
    assert "after" not in texts(done.output)
    if "HTML" not in source:
        assert 0.9 * MB < len(texts(done.output)) <= MB
    assert done.output.stat().st_size < 1.5 * MB
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 1500 * MB


def test_what_a_message_holds_is_measured() -> None:
    assert size({"data": {"text/plain": "x" * 10, "a": ["yy", ("z", b"zz")]}, "metadata": {}}) == 15


@both
@linux
@pytest.mark.parametrize(
    "source", ["x = bytearray(50 << 30)", "import numpy\nx = numpy.ones(50 << 27)"], ids=["bytes", "numpy"]
)
def test_a_cell_that_wants_fifty_gigabytes_fails_and_says_so(tmp_path: Path, source: str, ahead: bool) -> None:
    done = run(tmp_path, "print('before')", source, ahead=ahead)
    assert done.outcome == "failed"
    assert done.error is not None
    assert done.error.startswith("a cell needed more memory than the limit of 4096 MB (")
    assert texts(done.output) == "before\n"


@both
@linux
def test_the_memory_of_all_processes_counts_together(tmp_path: Path, ahead: bool) -> None:
    eats = "import os; x = os.urandom(1 << 20) * 150; input()"
    source = f"""import subprocess, sys
eating = [subprocess.Popen([sys.executable, "-c", {eats!r}], stdin=subprocess.PIPE) for _ in range(6)]
eating[0].wait()"""
    done = run(tmp_path, source, limits={"memory_mb": 700}, ahead=ahead)
    assert (done.outcome, done.error) == ("killed", "its processes took more memory than the limit of 700 MB")


@both
@linux
def test_a_cell_that_starts_too_many_processes_is_stopped(tmp_path: Path, ahead: bool) -> None:
    source = """import os, signal
for _ in range(30):
    if os.fork() == 0:
        os.setsid()
        signal.pause()
signal.pause()"""
    done = run(tmp_path, source, limits={"processes": 20}, ahead=ahead)
    assert (done.outcome, done.error) == ("killed", "its cells started more than the limit of 20 processes")


def test_a_kernel_that_does_not_start_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, sys\nif 'incident_nb.notebook_kernel' in sys.orig_argv: signal.pause()\n"
    )
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run(tmp_path, "1", env={"PYTHONPATH": paths}, limits={"start_s": 2})
    assert (done.outcome, done.error) == ("timed_out", "the kernel did not start within its limit of 2 s")
    assert done.failed_cell is None


@both
@pytest.mark.parametrize(
    "source",
    [
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True: signal.pause()",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=["deaf", "stopped"],
)
def test_a_kernel_that_does_not_listen_is_ended_all_the_same(tmp_path: Path, source: str, ahead: bool) -> None:
    done = run(tmp_path, source, limits={"cell_s": 2}, ahead=ahead)
    assert (done.outcome, done.error) == ("timed_out", "a cell took longer than its limit of 2 s")


@linux
@pytest.mark.parametrize(
    "ends", ["", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"], ids=["well", "badly"]
)
def test_a_process_that_ran_away_from_its_session_is_ended_too(tmp_path: Path, witness: Witness, ends: str) -> None:
    stays = "import signal; signal.pause()"
    environment = "{}" if not ends else "None"  # without its environment it is known by its descent alone
    source = f"""{witness.source}
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    subprocess.Popen([sys.executable, "-c", {stays!r}], env={environment}, pass_fds=[witness.fileno()],
                     start_new_session=True)
    os._exit(0)
os.wait()"""
    done = run(tmp_path, source, ends)
    assert done.outcome == ("killed" if ends else "done")
    assert witness.started()
    assert witness.gone()


def test_the_verdict_is_the_parents_whatever_the_file_says(tmp_path: Path) -> None:
    source = """import json, os, signal
from pathlib import Path
about = json.loads(Path("out.ipynb").read_text())
about["metadata"]["papermill"] = {"exception": None, "parameters": {"case": "x"}}
about["metadata"]["incident_nb"] = {"outcome": "done", "error": None, "failed_cell": None}
Path("out.ipynb").write_text(json.dumps(about))
os.kill(os.getppid(), signal.SIGKILL)
signal.pause()"""
    done = run(tmp_path, "print('before')", source, cwd=tmp_path)
    assert (done.outcome, done.error) == ("killed", "its process ended with signal 9")
    assert verdict(done.output) == {"outcome": "killed", "error": done.error, "failed_cell": done.failed_cell}
    assert "papermill" not in nbformat.read(done.output, as_version=4).metadata


def listening(root: int) -> list[str]:
    """The TCP addresses on which `root` or a descendant of it listens."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    tree, before = {root}, set()
    while tree != before:
        before, tree = tree, tree | {pid for pid, parent in parents.items() if parent in tree}
    held = set()
    for pid in tree:
        with contextlib.suppress(OSError):  # it, or a file of it, is gone by now
            for end in (PROC / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    held.add(str(end.readlink()))
    rows = [line.split() for name in ("tcp", "tcp6") for line in (PROC / "net" / name).read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in held]


@linux
def test_no_port_is_open_while_a_notebook_runs(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = [f"0100007F:{server.getsockname()[1]:04X}"]
        assert listening(os.getpid()) == ours  # the look itself sees one
        seen = []
        forks = "import os\nif os.fork() == 0:\n    print('from a fork', flush=True)\n    os._exit(0)\nos.wait()"
        done = run(tmp_path, "1", forks, on_cell=lambda *_: seen.append(listening(os.getpid())))
    assert (done.outcome, texts(done.output)) == ("done", "from a fork\n")
    assert seen == [ours] * 4


def test_the_kernel_sees_no_secret_of_the_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "INCIDENT_NB_ALERT_TOKEN", "INCIDENT_NB_SLACK_SIGNING_SECRET", "INCIDENT_NB_SLACK_WEBHOOK",
        "INCIDENT_NB_DATABASE_URL", "INCIDENT_NB_REDACTION_KEY", "INCIDENT_NB_REDACTION_KEY_FILE",
        "INCIDENT_NB_N8N_API_KEY", "INCIDENT_NB_N8N_ENCRYPTION_KEY", "DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN", "SSH_AUTH_SOCK", "http_proxy",
    ):  # fmt: skip
        monkeypatch.setenv(name, "leak-me")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    look = """import os, resource
import subprocess, sys
shown = dict(os.environ)
for process in ("self", os.getppid()):
    try:
        shown.update(x.split("=", 1) for x in open(f"/proc/{process}/environ").read().split("\\0") if "=" in x)
    except FileNotFoundError:
        pass
print(sorted(shown))
print([name for name, value in shown.items() if "leak-me" in value])
print(shown["LC_TIME"], shown["GIVEN"])
print([resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)])"""
    done = run(tmp_path, look, env={"GIVEN": "given"})
    names, leaked, kept, limits = texts(done.output).splitlines()
    assert leaked == "[]"
    assert kept == "C.UTF-8 given"
    assert limits in ("[0, 1024]", f"[0, {min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])}]")
    ours = {name for name in eval(names) if name.startswith("INCIDENT_NB")}
    assert ours == {"INCIDENT_NB_RUN"}  # a random word that marks the run's processes


def test_limits_are_settings() -> None:
    settings = Settings.model_validate({"notebooks": {"total_s": 60, "memory_mb": 512}})
    assert (settings.notebooks.total_s, settings.notebooks.memory_mb, settings.notebooks.cell_s) == (60, 512, 600)
    with pytest.raises(ValueError, match="greater than 0"):
        Settings.model_validate({"notebooks": {"cell_s": 0}})
