"""The commits of a folder in a stretch of time, by real git, which runs nothing that the repository tells it to run.

A client's folder may hold what others wrote, its `.git/config` included. So git gets an environment of our own, no
pager, hooks, file monitor, external diff or signature check, and may fetch nothing (a partial clone would). The user's
own configuration counts, since it is where a folder of another owner is called safe (git-config, `safe.directory`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from incident_nb.probes.target import CouldNotLookError
from incident_nb.redact import redact_text

MOST = 20
MOST_BYTES = 2_000_000  # of names: twenty commits that touch some two thousand files each
LONGEST_S = 8.0
SUBJECT = 80
_SAFE = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never",
)  # fmt: skip
_PLAIN = (
    "--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-color", "--no-decorate", "--no-notes", "--no-mailmap",
    "--encoding=UTF-8", "-z", "--name-only", "--no-renames", "--relative",
)  # fmt: skip
# The environment's own switches, which no repository's configuration can turn back (git(1)).
_SWITCHES = {
    "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat",
    "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_ATTR_NOSYSTEM": "1",
}  # fmt: skip
_REASONS = (
    (
        "dubious ownership",
        "belongs to another user, so git does not read it. Make it yours, or add it to safe.directory",
    ),
    ("not a git repository", "is no git repository. Clone the client's code there, or change the setting"),
    ("cannot use bare repository", "is a repository without a checkout. Name a checked-out folder"),
    ("does not have any commits", "has no commits yet"),
)


class Commit(NamedTuple):
    """One commit as it arrived on the branch that is checked out (UTC): subject, and the files it touched, if all fit."""

    at: datetime
    id: str
    subject: str
    files: tuple[str, ...]


def commits(folder: Path, since: datetime, until: datetime, left: float) -> list[Commit]:
    """At most 20 commits that touched the folder in that time, newest first; file names are relative to the folder.

    Merges count as one commit at the time of the merge, as that is when the change arrived. `left`: seconds there are.
    Raises CouldNotLookError.
    """
    git = shutil.which("git")
    if git is None:
        raise CouldNotLookError("git is not installed, so the client's code could not be looked at. Install git.")
    if not folder.is_dir():
        raise CouldNotLookError(f"The folder of the client's code, {folder.name}, is not there. Change the setting.")
    mark = token_hex(12)  # nobody who wrote a subject or named a file knows it
    when = [
        f"--since={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"--until={until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    ]
    shape = [f"--format=tformat:{mark}%H%x00%ct%x00%s", "--first-parent", "--diff-merges=first-parent"]
    command = [git, *_SAFE, "log", *_PLAIN, *shape, *when, f"--max-count={MOST}", "--", "."]
    found = _run(command, folder, min(left, LONGEST_S)).decode("utf-8", "replace")
    return [commit for part in found.split(mark)[1:] if (commit := _commit(part))]


def _commit(part: str) -> Commit | None:
    """One commit from what git printed of it; None where that broke off."""
    fields = part.split("\0", 3)
    if len(fields) < 3 or not fields[1].isdigit():
        return None
    names = fields[3].split("\0") if len(fields) > 3 else []
    files = tuple(name for name in (name.lstrip("\n") for name in names) if name)
    subject = "".join(sign if sign.isprintable() else " " for sign in fields[2]).strip()
    subject = redact_text(subject)  # before it is cut: half a secret has no shape
    subject = subject if len(subject) <= SUBJECT else f"{subject[: SUBJECT - 1]}…"
    return Commit(datetime.fromtimestamp(int(fields[1]), UTC), fields[0][:10], subject, files)


def _run(command: list[str], folder: Path, seconds: float) -> bytes:
    """What git printed, as far as it is not too much, when it ended well and in time. Raises CouldNotLookError."""
    if seconds <= 0:
        raise CouldNotLookError("There was no time left to read the git log of the client's code.")
    mine = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME") if name in os.environ}
    late = threading.Event()
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command, cwd=folder, env={**mine, **_SWITCHES}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=complaints, start_new_session=True,
        )  # fmt: skip

        def stop() -> None:
            late.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101
            found = process.stdout.read(MOST_BYTES)
            process.stdout.close()  # a git with more to say ends at its next word
            process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                stop()
                process.wait()
        complaints.seek(0)
        said = complaints.read(4000).decode("utf-8", "replace")
    if late.is_set():
        raise CouldNotLookError(f"Reading the git log of the client's code took longer than {seconds:.0f} s.")
    if process.returncode and len(found) < MOST_BYTES:
        raise CouldNotLookError(f"The folder of the client's code, {folder.name}, {_reason(said)}.")
    return found


def _reason(said: str) -> str:
    return next((told for word, told in _REASONS if word in said), "could not be read by git")
