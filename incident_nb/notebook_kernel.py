"""The kernel of an unattended run: ipykernel with a limit on its memory, its open files and what it may show.

It listens on socket files only: ipykernel itself opens a TCP port, whatever the transport, for what forked processes
print. And it has no debugger, which would take a third of its start.

Arguments: memory in bytes, output in characters, a module to import before the first cell comes (or nothing); the rest is
ipykernel's own. What is shown beyond the limit is never
sent, so that neither this process nor the one that listens fills up; a message of the type `TOO_MUCH` says so instead.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

TOO_MUCH = "incident_nb_too_much"
OPEN_FILES = 1024
_COUNTED = ("stream", "display_data", "update_display_data", "execute_result", "error", "comm_open", "comm_msg")


def limit(memory: int) -> None:
    """Sets this process's limits for good; a system that lacks one goes without."""
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_DATA, memory)):
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # noqa: PLW2901
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def size(value: Any) -> int:
    """About how many characters a message's content has."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(size, value))
    return 8


def move(folder: str) -> None:
    """Makes `folder` the working folder, as if the kernel had been started in it."""
    from IPython import get_ipython

    os.chdir(folder)
    shell: Any = get_ipython()
    shell.starting_dir = str(Path.cwd())
    shell.history_manager.dir_hist[:] = [Path.cwd()]


def _import(module: str) -> None:
    """Imports a module with nothing to see or hear of it: what it warns of, the notebook's own imports will again."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(module)


def main() -> None:
    """Runs the kernel until it is told to end."""
    memory, room, ahead = int(sys.argv.pop(1)), int(sys.argv.pop(1)), sys.argv.pop(1)
    folder = Path(sys.argv[sys.argv.index("-f") + 1]).parent
    limit(memory)
    sys.modules["debugpy"] = None  # type: ignore[assignment]

    import zmq
    from ipykernel import kernelapp
    from ipykernel.iostream import IOPubThread
    from jupyter_client.session import Session
    from zmq.eventloop.zmqstream import ZMQStream

    class OnSocketFile(IOPubThread):
        _pipe_place = f"ipc://{folder}/forked"

        def _setup_pipe_in(self) -> None:
            self._pipe_uuid = os.urandom(16)
            pipe = self.socket.context.socket(zmq.PULL)
            pipe.linger = 0
            pipe.bind(self._pipe_place)
            self._pipe_in = ZMQStream(pipe, self.io_loop)
            self._pipe_in.on_recv(self._handle_pipe_msg)

        def _setup_pipe_out(self) -> tuple[Any, Any]:
            context = zmq.Context()  # a new one after a fork
            pipe = context.socket(zmq.PUSH)
            pipe.linger = 3000
            pipe.connect(self._pipe_place)
            return context, pipe

    class Capped(Session):
        def send(
            self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, ident: Any = None,
            buffers: Any = None, *rest: Any, **named: Any,
        ) -> Any:  # fmt: skip
            nonlocal room
            kind = msg_or_type["msg_type"] if isinstance(msg_or_type, dict) else msg_or_type
            if kind not in _COUNTED:
                return super().send(stream, msg_or_type, content, parent, ident, buffers, *rest, **named)
            shown, about = content, parent
            if isinstance(msg_or_type, dict):
                shown, about = msg_or_type["content"], msg_or_type["parent_header"]
            before = room
            room -= size(shown) + sum(memoryview(part).nbytes for part in buffers or ())
            if room >= 0:
                return super().send(stream, msg_or_type, content, parent, ident, buffers, *rest, **named)
            if kind == "stream" and before > 0:
                super().send(stream, kind, {"name": shown["name"], "text": shown["text"][:before]}, about, ident)
            return super().send(stream, TOO_MUCH, {}, about, ident)

    class App(kernelapp.IPKernelApp):
        def _session_default(self) -> Session:
            return Capped(parent=self)

    kernelapp.IOPubThread = OnSocketFile  # type: ignore[attr-defined]  # imported there, and used by that name
    app: Any = App.instance()
    app.initialize()
    if ahead:
        _import(ahead)
    app.start()


if __name__ == "__main__":
    main()
