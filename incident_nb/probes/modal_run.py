"""Modal's command line, run for facts: found, signed in, ended in time with all it started, its output cut and explained.

Keys reach it only by its own environment variables or file, never on a command line. Looked up in the client's source
(versions 0.64 to 1.6): `--json` names its fields “App ID” up to 1.3 and `app_id` later; `app history` came after 0.64;
`app logs` takes `--since`, `--until` and `--tail` only in new versions, older ones stream until the app ends.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from incident_nb.probes.target import CouldNotLookError
from incident_nb.redact import redact_text
from incident_nb.sign_in import MODAL

LONGEST_S = 8.0  # it takes two seconds to start
MOST_BYTES = 1_000_000
# What it may know of our environment: where it is, whose home, and its own settings. Its keys are among them.
_KEPT = ("PATH", "HOME", *MODAL, "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
_SET = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "1000"}
_BOX = re.compile("[\u2500-\u257f]+|\x1b\\[[0-9;?]*[A-Za-z]")
INSTALL = (
    "Modal's command line is not installed, so nothing is known of its apps. Run: pip install modal, then modal setup."
)
SIGN_IN = (
    "Modal's command line is not signed in, so nothing is known of its apps. "
    "Run modal setup, or set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET."
)


class Ran(NamedTuple):
    """What a command left: its exit code (None: it was ended), and what it printed."""

    code: int | None
    out: str
    said: str


class NoAppError(CouldNotLookError):
    """Modal has no app of this name where we looked."""


class TooOldError(CouldNotLookError):
    """The installed version does not know the command or option."""


def executable() -> str:
    """The path of Modal's command line: on PATH, or beside the Python that runs this. Raises CouldNotLookError.

    Also where it is not signed in: then it is not even started.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which("modal") or shutil.which("modal", path=beside)
    if found is None:
        raise CouldNotLookError(INSTALL)
    by_token = os.environ.get("MODAL_TOKEN_ID") and os.environ.get("MODAL_TOKEN_SECRET")
    file = Path(os.environ.get("MODAL_CONFIG_PATH") or "~/.modal.toml").expanduser()
    if not by_token and not file.is_file():
        raise CouldNotLookError(SIGN_IN)
    return found


def rows(arguments: Sequence[str], left: float) -> list[dict[str, Any]]:
    """What a command with `--json` lists, under the names that new versions give. Raises CouldNotLookError."""
    text = output((*arguments, "--json"), left)
    try:
        told, _ = json.JSONDecoder().raw_decode(text[max(text.find("["), 0) :].lstrip())
        return [{_key(name): value for name, value in row.items()} for row in told]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise CouldNotLookError(f"{_named(arguments)} printed no list that could be read. Is it up to date?") from error


def output(arguments: Sequence[str], left: float, *, unfinished: bool = False) -> str:
    """What a command printed when it ended well; `unfinished`: what it printed until its time was up counts, too.

    Raises CouldNotLookError, NoAppError, TooOldError.
    """
    within = min(left, LONGEST_S)
    ran = run([executable(), *arguments], within)
    if ran.code == 0 or (unfinished and ran.code is None and ran.out):
        return ran.out
    if ran.code is None:
        raise CouldNotLookError(f"{_named(arguments)} did not end within {max(within, 0):.0f} s.")
    said = " ".join(_BOX.sub(" ", f"{ran.said} {ran.out}").split())
    if re.search(r"No such (?:option|command)", said):
        raise TooOldError(
            f"{_named(arguments)} is not known to the installed version. Run: pip install --upgrade modal."
        )
    if re.search(r"No App with name|Could not find a deployed app|App .{0,80} not found", said, re.IGNORECASE):
        raise NoAppError("Modal has no app of this name in the environment that its command line is set to.")
    if re.search(r"Token missing|Could not authenticate|Token validation failed|AuthError|not authenticated", said):
        raise CouldNotLookError(SIGN_IN)
    why = redact_text(said.rpartition("Error:")[2].strip()[:4_000])[:160]
    raise CouldNotLookError(f"{_named(arguments)} failed{f': {why}' if why else f' with exit code {ran.code}'}.")


def run(command: Sequence[str], within: float) -> Ran:
    """Runs a command in a group of its own, which is ended as a whole when `within` seconds or a megabyte are reached."""
    end = time.monotonic() + within
    if within <= 0:
        return Ran(None, "", "")
    environment = {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **_SET}
    try:
        process = subprocess.Popen(
            list(command), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise CouldNotLookError(f"Modal's command line could not be started: {error.strerror}.") from error
    code: int | None = None
    printed: dict[int, bytearray] = {}
    try:
        whole = _read(process, printed, end)
        if whole:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=max(end - time.monotonic(), 0.01))
    finally:
        if code is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
    out, said = (bytes(part).decode("utf-8", "replace") for part in printed.values())
    return Ran(code, out, said)


def _read(process: subprocess.Popen[bytes], printed: dict[int, bytearray], end: float) -> bool:
    """Reads both outputs until they end (True), the time is up, or they are too long. A pipe held open can't block it."""
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            assert stream is not None  # noqa: S101
            printed[stream.fileno()] = bytearray()
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0 or sum(map(len, printed.values())) > MOST_BYTES:
                return False
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 65536)
                printed[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fileobj)
    return True


def _key(name: str) -> str:
    """A column's name as new versions write it: “App ID” -> `app_id`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _named(arguments: Sequence[str]) -> str:
    return f"Modal's command line (modal {' '.join(arguments[:2])})"
