"""Notebook processes made ahead: while a worker has nothing to do, or while a command still reads and judges."""

from __future__ import annotations

import logging
import threading
from typing import Any

from incident_nb.errors import IncidentNbError
from incident_nb.prepared import Prepared, environment
from incident_nb.settings import Settings
from incident_nb.sign_in import credentials

REHEARSAL = "incident_nb.ui.rehearsal"  # what a kernel imports that has time: by name, since it lies above
LIBRARIES = "incident_nb.ui"  # and one that is needed in a few seconds

_LOG = logging.getLogger("incident_nb.jobs")


class Ahead:
    """Notebook processes made ahead, one at a time, for `write_paper` of cases with these settings.

    `options` gives those of the next `write_paper`; `make` sees to it that one is there for the next: to be called when
    a paper is written, and now and then, since one that is an hour old is not used. A failure to make one is told in the
    log, as papers are written without, only later. `offline` as the cases have it; `module` is what its kernel imports.
    """

    def __init__(self, settings: Settings, *, offline: bool = False, module: str = REHEARSAL) -> None:
        self._settings, self._offline, self._module = settings, offline, module
        self._lock = threading.Lock()
        self._next: Prepared | None = None

    def options(self) -> dict[str, Any]:
        """The options of `write_paper` that hand it what was made."""
        return {"prepared": self._next}

    def make(self) -> None:
        """Makes one, unless there is one that will do."""
        env, limits = notebook_env(self._settings, self._offline), self._settings.notebooks
        with self._lock:
            if self._next is not None and self._next.fits(environment(env), limits):
                return
            self._close()
            try:
                self._next = Prepared(self._module, env=env, limits=limits)
            except (IncidentNbError, OSError) as error:
                _LOG.warning("no notebook could be prepared ahead: %s", error)

    def wait(self, timeout: float) -> bool:
        """Whether one is ready, after so many seconds at most."""
        return self._next is not None and self._next.wait(timeout)

    def close(self) -> None:
        """Ends what nobody has taken."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None


def notebook_env(settings: Settings, offline: bool) -> dict[str, str]:
    """What a case's notebook needs of this process's environment: what live checks sign in with, if it may ask."""
    return {} if offline else credentials(settings)
