"""Where a notebook runs: a child process that is started for it, or one prepared ahead, its kernel up and its libraries there.

A prepared one is made for an environment and limits, taken by one run, and ended with it, so nothing of one run can
reach the next.
"""

from __future__ import annotations

import os
import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from incident_nb.files import scratch
from incident_nb.settings import NotebookLimits
from incident_nb.supervisor import Child, start

# What a kernel needs to start, find its libraries and speak the user's language. Everything else stays out, since a
# cell can print what it sees; a caller hands over what a notebook's probes need by `env`.
KEPT_ENVIRONMENT = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
MAX_AGE_S = 3600.0
_TAKES_S = 10.0  # how long one that is ready may take to say that it has its job


class Prepared:
    """A child process with its kernel, made ahead for one run under `limits`, with `env` as `run_notebook` takes it.

    Its kernel imports the module `ahead`. Any thread may hand it to a run; the first one gets it, and `used` says whether
    it could have it. One that nobody takes is to be closed; it ends with this process in any case. Raises `OutputError`
    where its folder can't be made.
    """

    def __init__(
        self, ahead: str, *, env: Mapping[str, str] | None = None, limits: NotebookLimits | None = None
    ) -> None:
        self.used = False
        self._env, self._limits = environment(env), limits or NotebookLimits()
        self._edition, self._began = _edition(), time.monotonic()
        self._lock, self._holds, self._ready = threading.Lock(), ExitStack(), False
        self._child: Child | None = _started(self._holds, self._env, self._limits, ahead)

    def wait(self, timeout: float) -> bool:
        """Whether it is ready for a run, after so many seconds at most."""
        with self._lock:
            return self._child is not None and self._is_ready(self._child, time.monotonic() + timeout)

    def fits(self, env: Mapping[str, str], limits: NotebookLimits) -> bool:
        """Whether it may run a notebook in this whole environment and under these limits.

        It was made for them, is neither taken nor dead nor old, and no module of the package has changed since.
        """
        child, aged = self._child, time.monotonic() - self._began > MAX_AGE_S
        alive = child is not None and child.process.poll() is None and not aged
        return alive and (env, limits) == (self._env, self._limits) and self._edition == _edition()

    def close(self) -> None:
        """Ends it, unless a run has taken it."""
        with self._lock:
            self._child = None
            self._holds.close()

    def take(
        self, job: Mapping[str, Any], env: Mapping[str, str], limits: NotebookLimits, stack: ExitStack, deadline: float
    ) -> Child | None:
        """The child, now with this job, to be ended by `stack`; None, and it is ended, where it can't have the job."""
        with self._lock:
            fits, child, self._child = self.fits(env, limits), self._child, None
            if child is None:
                return None
            with ExitStack() as given_up:
                given_up.callback(self._holds.close)
                if fits and self._is_ready(child, min(deadline, self._began + limits.start_s)):
                    child.tell(job)
                    if _says("took", child, min(deadline, time.monotonic() + _TAKES_S)):
                        self.used = True
                        given_up.pop_all()
                        stack.enter_context(self._holds.pop_all())  # from here on it is the run's: `close` leaves it
                        return child
        return None

    def _is_ready(self, child: Child, until: float) -> bool:
        self._ready = self._ready or _says("ready", child, until)
        return self._ready and child.process.poll() is None


@contextmanager
def child_with(
    job: Mapping[str, Any], env: Mapping[str, str], limits: NotebookLimits, prepared: Prepared | None, deadline: float
) -> Iterator[Child]:
    """A child process that has this job, the prepared one where it will do; ended, with all of its run, at the end.

    `env` is the whole of its environment, by `environment`; `deadline` is one of `time.monotonic`.
    """
    with ExitStack() as stack:
        child = prepared.take(job, env, limits, stack, deadline) if prepared else None
        if child is None:
            child = _started(stack, env, limits, None)
            child.tell(job)
        yield child


def environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """What a run's processes see of this process's environment, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT_ENVIRONMENT or name.startswith("LC_")}
    return kept | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"} | dict(extra or {})


def _started(stack: ExitStack, env: Mapping[str, str], limits: NotebookLimits, ahead: str | None) -> Child:
    folder = stack.enter_context(scratch(_socket_base()))
    # The user's own IPython start-up files and Jupyter settings must not change what an unattended run shows.
    private = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"), str(folder))
    child = start(folder, {**private, **env}, limits, ahead=ahead)
    stack.callback(child.end)
    return child


def _socket_base() -> Path | None:
    """Where the kernel's sockets lie: their paths may have no more than 103 bytes."""
    return Path("/tmp") if len(os.fsencode(tempfile.gettempdir())) > 60 else None  # noqa: S108 (a 0700 folder in it)


def _says(what: str, child: Child, until: float) -> bool:
    """Whether the child says so in time; it may say other things before."""
    try:
        while (event := child.hear(until - time.monotonic())) is not None:
            if what in event:
                return True
    except queue.Empty:
        pass
    return False


def _edition() -> tuple[int, int]:
    """What changes when the package's modules do."""
    changed = [path.stat().st_mtime_ns for path in Path(__file__).parent.rglob("*.py")]
    return len(changed), max(changed)
