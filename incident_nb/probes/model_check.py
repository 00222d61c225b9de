"""A client's Pydantic model asked whether it takes some payloads, in a child process that can do no harm by hanging.

The model is code of the client's repository, and is run to be asked. So it gets a process of its own: the repository as
its folder, an environment without our keys, limits on time and memory, and whatever it starts is ended with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from incident_nb import processes
from incident_nb.probes.shapes import ANY, ELEMENT, is_data, told
from incident_nb.probes.target import CouldNotLookError

WITHIN_S = 10.0
MEMORY = 1 << 30
MOST_BYTES = 32_000_000  # of payloads
_ANSWER = 4_000_000
_CHILD = Path(__file__).with_name("model_child.py")
# What Python and its libraries need to start; keys and tokens are never among these.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")


class Refusal(NamedTuple):
    """One thing that the model refuses: where, of which kind, in Pydantic's words, in how many payloads."""

    where: str
    kind: str
    words: str
    payloads: int = 1


class Judgement(NamedTuple):
    """How many payloads the model takes, of how many; and what it refuses, no more than 20 things."""

    valid: int
    of: int
    refused: tuple[Refusal, ...] = ()


def place_of(repository: Path, spec: str) -> tuple[Path, Path, str]:
    """The repository's folder, the model's file and its class, from `path.py:Model`.

    Raises CouldNotLookError, with what to mend, for a file that is not there or not inside the repository.
    """
    path, _, name = spec.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier():
        raise CouldNotLookError(
            f"The model “{spec[:100]}” is not written as `path.py:Model`; correct it in the settings."
        )
    try:
        root = repository.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise CouldNotLookError(
            f"The repository {repository} is not there; correct `repository` in the settings."
        ) from error
    file = (root / path).resolve()
    if not file.is_relative_to(root):
        raise CouldNotLookError(f"The model's file {path[:100]} lies outside the repository {root}; it is not run.")
    if not file.is_file():
        raise CouldNotLookError(
            f"The model's file {path[:100]} is not in the repository {root}; correct `models` in the settings."
        )
    return root, file, name


def check(repository: Path, spec: str, groups: Sequence[Sequence[Any]], within: float) -> list[Judgement]:
    """What the model says of each group of payloads, within so many seconds.

    Raises CouldNotLookError for a model that is not there, can't be imported, hangs, ends, or does more than look.
    """
    root, file, name = place_of(repository, spec)
    flat = [payload for group in groups for payload in group]
    job = {"root": str(root), "file": str(file), "model": name, "memory": MEMORY, "payloads": flat}
    sent = json.dumps(job, default=str).encode() + b"\n"
    if len(sent) > MOST_BYTES:
        raise CouldNotLookError(f"The input is larger than {MOST_BYTES // 1_000_000} MB: the model was not asked.")
    answer = _asked(root, sent, min(WITHIN_S, within), spec)
    if "failed" in answer:
        raise CouldNotLookError(_reason(answer, spec))
    ends = list(accumulate((len(group) for group in groups), initial=0))
    try:
        return [_judgement(answer["ok"][start:end]) for start, end in pairwise(ends)]
    except (KeyError, TypeError, AttributeError) as error:
        raise CouldNotLookError(f"The model {spec} answered with something that is no judgement.") from error


def _asked(root: Path, sent: bytes, within: float, spec: str) -> dict[str, Any]:
    word, deadline = secrets.token_hex(8), time.monotonic() + within
    env = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-P", str(_CHILD)], cwd=root, env={**env, processes.MARK: word}, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None  # noqa: S101 (asked for)
    try:
        threading.Thread(target=_give, args=(child.stdin, sent), daemon=True).start()
        line = _line(child.stdout.fileno(), deadline)
        if line is None:
            raise CouldNotLookError(f"The model {spec} did not answer within {within:.0f} s; it was ended.")
        if not line.endswith(b"\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            how = f"signal {-child.returncode}" if (child.returncode or 0) < 0 else f"exit code {child.returncode}"
            raise CouldNotLookError(f"The model {spec} ended its process without an answer ({how}).")
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            return found if isinstance(found, dict) else {}
        return {}
    finally:
        _end(child, word)


def _give(pipe: Any, sent: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):  # it ended before it had read all; that shows in its answer
        pipe.write(sent)
        pipe.close()


def _line(number: int, deadline: float) -> bytes | None:
    """What comes until the end of a line, or of the pipe; None when the time is up."""
    got = b""
    while not got.endswith(b"\n") and len(got) < _ANSWER:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([number], [], [], left)[0]:
            return None
        piece = os.read(number, 65536)
        if not piece:
            break
        got += piece
    return got


def _end(child: subprocess.Popen[bytes], word: str) -> None:
    """Kills the child and all that it started."""
    processes.end_all(child.pid if child.poll() is None else None, word)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    processes.end_all(None, word)
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            pipe.close()  # type: ignore[union-attr]


def _reason(answer: dict[str, Any], spec: str) -> str:
    line = f" in line {answer['line']}" if answer.get("line") else ""
    there = ", ".join(answer.get("models") or ()) or "none"
    words = {
        "missing": f"needs the library {answer.get('name')}, which is not installed beside incident-nb",
        "no model": f"{'is no BaseModel' if answer.get('there') else 'is not in that file'}; the models there are: {there}",
        "process": "starts another process when it is imported or asked; that was refused",
        "file": "writes or changes a file when it is imported or asked; that was refused",
        "signal": "sends a signal to a process when it is imported or asked; that was refused",
        "connection": "opens a network connection when it is imported or asked; that was refused",
        "memory": f"takes more than {MEMORY // 2**20:,} MB of memory",
        "exit": "ends the process when it is imported",
        "syntax": f"can't be read as Python: a syntax error{line}",
    }.get(str(answer["failed"]), f"fails with {answer.get('name')}{line}")
    return f"The model {spec} {words}."


def _judgement(every: list[dict[str, Any]]) -> Judgement:
    counted: dict[tuple[str, str, str], int] = {}
    for one in every:
        kinds = {(_where(error["loc"]), error["type"], error["msg"]) for error in one["errors"]}
        for key in sorted(kinds):
            counted[key] = counted.get(key, 0) + 1
    refused = [Refusal(*key, count) for key, count in sorted(counted.items(), key=lambda entry: -entry[1])]
    return Judgement(sum(one["valid"] for one in every), len(every), tuple(refused[:20]))


def _where(parts: list[str]) -> str:
    return told(tuple(ELEMENT if part.isdecimal() else ANY if is_data(part) else part for part in parts))
