"""The child process of `model_check`: imports a client's model and says which payloads it refuses, and where.

It is run by its path and imports little, so that it starts fast. One line of JSON comes in on stdin: `{file, root, model,
memory, payloads}`; one goes out on what was stdout: `{ok: [{valid, errors: [{loc, type, msg}]}]}` or `{failed, ...}`. What
the model's module prints goes nowhere, and it may neither write files nor open connections nor start processes: a look
changes nothing. That keeps honest code from doing more than look; it is no sandbox for code that means harm.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from incident_nb.notebook_kernel import limit

MOST_ERRORS = 20
_LONGEST = 300
_EVENTS = {
    "process": "os.fork os.forkpty os.posix_spawn os.exec os.spawn os.startfile os.system subprocess.Popen pty.spawn",
    "connection": "socket.connect socket.bind socket.sendto socket.getaddrinfo socket.gethostbyname",
    "signal": "os.kill os.killpg",
    "file": "os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod os.chown sqlite3.connect",
}
_FORBIDDEN = {event: what for what, events in _EVENTS.items() for event in events.split()}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Words of these kinds of error hold what was refused, or are a validator's own.
_OWN_WORDS = {"value_error", "assertion_error"}
_QUOTING = {"union_tag_invalid"}


class _ForbiddenError(BaseException):
    """Raised into code that wants to do more than look; no `except Exception` there takes it for its own."""


def main() -> None:
    """Answers, and ends at once."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    job = json.loads(sys.stdin.buffer.readline())
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    mine = os.getpid()
    limit(job["memory"])
    sys.dont_write_bytecode = True
    answer = _answer(job)
    if os.getpid() == mine:  # else a copy that the module made
        data = json.dumps(answer).encode() + b"\n"
        while data:
            data = data[os.write(out, data) :]
    os._exit(0)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    import pydantic  # before the repository is on the path: it is ours that is asked
    from pydantic_core.core_schema import ErrorType

    known = set(get_args(ErrorType))
    sys.addaudithook(_only_looking)
    try:
        module = _module(Path(job["file"]), Path(job["root"]))
        model = getattr(module, job["model"], None)
        if not (isinstance(model, type) and issubclass(model, pydantic.BaseModel)):
            return {"failed": "no model", "there": model is not None, "models": _models(module, pydantic.BaseModel)}
        return {"ok": [_judged(model, payload, known) for payload in job["payloads"]]}
    except _ForbiddenError as error:
        return {"failed": str(error)}
    except ModuleNotFoundError as error:
        return {"failed": "missing", "name": str(error.name or "?")[:100]}
    except MemoryError:
        return {"failed": "memory"}
    except SystemExit:
        return {"failed": "exit"}
    except SyntaxError as error:
        return {"failed": "syntax", "line": error.lineno}
    except BaseException as error:  # whatever a client's code may raise
        return {"failed": "error", "name": type(error).__name__[:100], "line": _line(error, job["file"])}


def _only_looking(event: str, details: Any) -> None:
    if event in _FORBIDDEN:
        raise _ForbiddenError(_FORBIDDEN[event])
    if event == "open" and details[2] & _WRITING and details[0] != os.devnull:
        raise _ForbiddenError("file")


def _module(file: Path, root: Path) -> ModuleType:
    """The module at `file`, by its dotted name from the repository's root where it has one, else by its place."""
    sys.path[:0] = [str(root)]
    sys.path.append(str(file.parent))
    parts = file.relative_to(root).with_suffix("").parts
    name = ".".join(parts)
    if all(part.isidentifier() for part in parts) and name not in sys.modules:
        found = importlib.util.find_spec(name)
        if found and found.origin and Path(found.origin).resolve() == file:
            return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"model_of_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(file.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _models(module: ModuleType, base: type) -> list[str]:
    """The names of the models that there are, for whoever misspelt one."""
    found = (name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, base))
    return sorted(name for name in found if name != "BaseModel")[:10]


def _judged(model: Any, payload: Any, known: set[str]) -> dict[str, Any]:
    import pydantic

    try:
        # As FastAPI does: JSON decoded first, then validated as Python.
        model.model_validate(payload)
    except pydantic.ValidationError as error:
        every = error.errors(include_url=False, include_context=False, include_input=False)
        return {"valid": False, "count": len(every), "errors": [_told(one, known) for one in every[:MOST_ERRORS]]}
    return {"valid": True, "count": 0, "errors": []}


def _told(error: Any, known: set[str]) -> dict[str, Any]:
    """One error without any value of the input."""
    kind, words = str(error["type"]), str(error["msg"])
    if kind in _OWN_WORDS or kind not in known:
        words = "a rule of the model's own refuses it"
    elif kind in _QUOTING:
        words = "its tag is none of those that the model knows"
    return {
        "loc": [str(part)[:_LONGEST] for part in error["loc"]][:20],
        "type": kind[:_LONGEST],
        "msg": words[:_LONGEST],
    }


def _line(error: BaseException, file: str) -> int | None:
    """The last line of the model's own file that an error went through."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


if __name__ == "__main__":
    main()
