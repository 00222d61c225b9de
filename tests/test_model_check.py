"""A client's model asked in a child process: what it refuses, and that nothing it does can hold us up or get out."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from incident_nb import processes
from incident_nb.probes import model_check
from incident_nb.probes.model_check import Judgement, check
from incident_nb.probes.target import CouldNotLookError
from tests.client_model import MODEL

ORDER = {"customer_email": "a", "total": 1.5, "lines": [{"sku": "s", "amount": 1}]}
WITHIN = 60.0  # generous: a machine under load is no hanging model


def write(folder: Path, text: str, name: str = "models/orders.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return folder


def ask(folder: Path, *payloads: object, spec: str = "models/orders.py:Order") -> Judgement:
    return check(folder, spec, [payloads], WITHIN)[0]


def refused(folder: Path, *payloads: object, spec: str = "models/orders.py:Order", within: float = WITHIN) -> str:
    with pytest.raises(CouldNotLookError) as caught:
        check(folder, spec, [payloads or (ORDER,)], within)
    return str(caught.value)


def keeps(file: Path, pid: str) -> str:
    """Code that writes a process's number to a file, through C: Python's own way is refused."""
    return f"""
import ctypes, os
C = ctypes.CDLL(None)
C.dprintf(C.creat({str(file).encode()!r}, 0o600), b"%d", {pid})
"""


def living(file: Path) -> bool:
    """Whether the process whose number a file holds is there, and no mere entry that nobody has collected."""
    try:
        stat = Path("/proc", file.read_text(), "stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


WRONG = {
    "missing": ({"total": 1.5, "lines": []}, [("customer_email", "missing")]),
    "type": ({**ORDER, "total": "n/a"}, [("total", "float_parsing")]),
    "list missing": ({"customer_email": "a", "total": 1}, [("lines", "missing")]),
    "object instead of list": ({**ORDER, "lines": {"0": {}}}, [("lines", "list_type")]),
    "inside a list": ({**ORDER, "lines": [{"sku": "s"}, {"sku": "s"}]}, [("lines[].amount", "missing")]),
    "a page": ("<!doctype html>", [("the item", "model_type")]),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_field_that_the_model_refuses_is_named(case: str, tmp_path: Path) -> None:
    payload, expected = WRONG[case]
    judged = ask(write(tmp_path, MODEL), ORDER, payload)
    assert (judged.valid, judged.of) == (1, 2)
    assert [(one.where, one.kind) for one in judged.refused] == expected


def test_groups_are_judged_apart_and_equal_refusals_counted_once(tmp_path: Path) -> None:
    bad = {**ORDER, "total": None}
    first, second, none = check(write(tmp_path, MODEL), "models/orders.py:Order", [[ORDER], [bad, bad], []], WITHIN)
    assert first == Judgement(1, 1) and none == Judgement(0, 0)
    assert (second.valid, second.of, [one.payloads for one in second.refused]) == (0, 2, [2])


OWN_RULES = """
from typing import Annotated, Literal, Union
from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
class A(BaseModel):
    kind: Literal["a"]
class B(BaseModel):
    kind: Literal["b"]
class Order(BaseModel):
    one: str = ""
    two: str = ""
    three: str = ""
    tagged: Annotated[Union[A, B], Field(discriminator="kind")] | None = None
    prices: dict[str, float] = {}
    @field_validator("one")
    def own(cls, value):
        raise ValueError("bad " + value.upper())
    @field_validator("two")
    def asserted(cls, value):
        assert value == "", value[::-1]
    @field_validator("three")
    def custom(cls, value):
        raise PydanticCustomError("mine", "not {value}", {"value": value})
"""


def test_no_value_of_the_input_comes_back(tmp_path: Path) -> None:
    secret = "hunter22"
    payload = {
        "one": secret,
        "two": secret,
        "three": secret,
        "tagged": {"kind": secret},
        "prices": {"jo@x.example": "z"},
    }
    judged = ask(write(tmp_path, OWN_RULES), payload)
    assert {one.where.partition(".")[0] for one in judged.refused} == {"one", "two", "three", "tagged", "prices"}
    words = repr(judged).lower()
    assert secret not in words and secret[::-1] not in words and "jo@x" not in words


def test_what_the_module_prints_and_reads_disturbs_nothing(tmp_path: Path) -> None:
    noisy = """
import os, sys
print('{"ok": []}', flush=True)
os.write(1, b'{"ok": [1]}\\n')
sys.stderr.write("x" * 200_000)
assert sys.stdin.read() == ""
"""
    assert ask(write(tmp_path, noisy + MODEL), ORDER) == Judgement(1, 1)


def test_it_runs_in_the_repository_without_our_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", "k")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    looks = f"""
import os
from pathlib import Path
assert Path.cwd() == Path({str(tmp_path.resolve())!r}), os.getcwd()
allowed = {set(model_check._PASSED_ON) | {processes.MARK, "LC_CTYPE"}!r}
assert set(os.environ) <= allowed, set(os.environ) - allowed
assert Path("settings.txt").read_text() == "mine"
"""
    (tmp_path / "settings.txt").write_text("mine")
    assert ask(write(tmp_path, looks + MODEL), ORDER) == Judgement(1, 1)


IMPORTS = {
    "of the root": ("from shared.lines import Line", "shared/lines.py"),
    "relative": ("from .lines import Line", "models/lines.py"),
    "beside it": ("from lines import Line", "models/lines.py"),
}


@pytest.mark.parametrize("case", IMPORTS)
def test_what_the_model_imports_is_found(case: str, tmp_path: Path) -> None:
    line, place = IMPORTS[case]
    write(tmp_path, "from pydantic import BaseModel\nclass Line(BaseModel):\n    sku: str\n", place)
    write(tmp_path, f"from pydantic import BaseModel\n{line}\nclass Order(BaseModel):\n    lines: list[Line]\n")
    assert ask(tmp_path, {"lines": [{"sku": 1}]}).refused[0].where == "lines[].sku"


@pytest.mark.parametrize("name", ["json.py", "my-models/v2 orders.py", "pydantic.py", "types.py"])
def test_a_name_that_is_no_module_or_another_ones_is_no_trouble(name: str, tmp_path: Path) -> None:
    assert ask(write(tmp_path, MODEL, name), {**ORDER, "total": []}, spec=f"{name}:Order").refused[0].where == "total"


REFUSED = {
    "a library is missing": ("import no_such_library\n" + MODEL, "needs the library no_such_library, which is not"),
    "no such class": ("class Other: pass\n", "is not in that file; the models there are: none"),
    "another name": ("from pydantic import BaseModel\nclass Ordr(BaseModel): pass\n", "models there are: Ordr"),
    "no model": ("class Order: pass\n", "is no BaseModel"),
    "syntax": ("class Order(\n", "a syntax error in line 1"),
    "fails": ("\n\nimport os\nos.environ['NOT_THERE']\n", "fails with KeyError in line 4"),
    "exits": ("raise SystemExit(3)\n", "ends the process when it is imported"),
    "exits at once": ("import os\nos._exit(7)\n", "without an answer (exit code 7)"),
    "kills itself": ("import signal\nsignal.raise_signal(signal.SIGKILL)\n", "without an answer (signal 9)"),
    "kills another": ("import os, signal\nos.kill(os.getppid(), signal.SIGCONT)\n", "sends a signal to a process"),
    "writes a log": ("import logging\nlogging.FileHandler('new.log')\n" + MODEL, "writes or changes a file"),
    "writes a file": ("open('models/orders.py', 'r+')\n" + MODEL, "writes or changes a file"),
    "writes past open": ("import os\nos.open('new.log', os.O_CREAT | os.O_WRONLY)\n" + MODEL, "writes or changes a file"),
    "makes a folder": ("import os\nos.makedirs('logs/today')\n" + MODEL, "writes or changes a file"),
    "removes a file": ("import os\nos.remove('models/orders.py')\n" + MODEL, "writes or changes a file"),
    "forks": ("import os\nos.fork()\n" + MODEL, "starts another process"),
    "forks whatever comes": (
        "import os\ntry:\n    os.fork()\nexcept Exception:\n    pass\n" + MODEL, "starts another process"),
    "runs a command": ("import subprocess\nsubprocess.run(['true'])\n", "starts another process"),
    "takes memory": ("x = bytearray(3 << 30)\n", "takes more than 1,024 MB of memory"),
    "recursion in a rule": (
        MODEL + "    @field_validator('total')\n    def rule(cls, value):\n        return cls.rule(value)\n",
        "fails with RecursionError"),
    "a rule that fails": (
        MODEL + "    @field_validator('total')\n    def rule(cls, value):\n        return {}['x']\n", "fails with KeyError"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_be_asked_is_said_to_be_so(case: str, tmp_path: Path) -> None:
    text, reason = REFUSED[case]
    assert reason in refused(write(tmp_path, text))
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["orders.py"]


@pytest.mark.skipif(sys.platform != "linux", reason="tells the living by /proc")
def test_a_model_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = keeps(tmp_path / "pid", "os.getpid()") + "import threading\nthreading.Event().wait()\n"
    assert "did not answer within 3 s" in refused(write(tmp_path, hangs), within=3.0)
    assert not living(tmp_path / "pid")


@pytest.mark.skipif(sys.platform != "linux", reason="only there are processes found by their mark")
def test_what_it_starts_past_python_is_ended_with_it(tmp_path: Path) -> None:
    # Through C there is no hook: the copy holds our pipe open and never ends by itself.
    forks = f"""
import ctypes, os
pid = ctypes.CDLL(None).fork()
if pid == 0:
    ctypes.CDLL(None).setsid()
    ctypes.CDLL(None).pause()
{keeps(tmp_path / "pid", "pid")}
"""
    assert ask(write(tmp_path, forks + MODEL), ORDER) == Judgement(1, 1)
    assert not living(tmp_path / "pid")


def test_it_may_not_call_home(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        calls = f"import socket\nsocket.create_connection(('127.0.0.1', {listening.getsockname()[1]}))\n"
        assert "opens a network connection" in refused(write(tmp_path, calls + MODEL))
        with pytest.raises(BlockingIOError):  # nobody has come
            listening.accept()


def test_files_outside_the_repository_are_not_run(tmp_path: Path) -> None:
    inside = tmp_path / "repository"
    write(tmp_path, "raise SystemExit\n", "outside.py")
    write(inside, MODEL)
    (inside / "link.py").symlink_to(tmp_path / "outside.py")
    (inside / "folder").symlink_to(tmp_path)
    for path in ("../outside.py", "link.py", "folder/outside.py", str(tmp_path / "outside.py")):
        assert "lies outside the repository" in refused(inside, spec=f"{path}:Order")
    (inside / "within.py").symlink_to(inside / "models" / "orders.py")
    assert ask(inside, ORDER, spec="within.py:Order") == Judgement(1, 1)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path, MODEL)
    assert "is not in the repository" in refused(tmp_path, spec="models/none.py:Order")
    assert "is not in the repository" in refused(tmp_path, spec="models:Order".replace("models", "models/x.py"))
    assert "is not written as `path.py:Model`" in refused(tmp_path, spec="models/orders.py")
    assert "is not written as `path.py:Model`" in refused(tmp_path, spec="models/orders.py:Order()")
    assert "is not there" in refused(tmp_path / "nowhere")


def test_a_payload_too_large_to_send_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_check, "MOST_BYTES", 1000)
    assert "larger than" in refused(write(tmp_path, MODEL), {"x": "y" * 1000})


def test_a_large_payload_does_not_block_a_model_that_never_reads_it(tmp_path: Path) -> None:
    payload = {**ORDER, "note": "x" * 3_000_000}
    assert ask(write(tmp_path, MODEL), payload) == Judgement(1, 1)
    assert "syntax error" in refused(write(tmp_path, "class ("), payload)
