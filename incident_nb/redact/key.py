"""Where the redaction key comes from. It keys the digests in masks, so that equal secrets can be told to be equal."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import SettingsError

KEY_VARIABLE = "INCIDENT_NB_REDACTION_KEY"
KEY_FILE_VARIABLE = "INCIDENT_NB_REDACTION_KEY_FILE"
KEY_FILE_NAME = "redaction.key"

SAMPLE_KEY = b"incident-nb: public key of the bundled sample"
"""The bundled sample is public, and so is its key: its masks are the same on every machine."""


@dataclass(frozen=True)
class RedactionKey:
    """The key's bytes and where they came from.

    `source` is `process` when no file could be written: masks then compare equal within this process only.
    """

    value: bytes
    source: Literal["given", "environment", "file", "process"]

    @property
    def lasting(self) -> bool:
        """True when the next process will make the same masks."""
        return self.source != "process"

    def __repr__(self) -> str:
        return f"RedactionKey(source={self.source!r})"


def load_key(workspace: Path | None = None) -> RedactionKey:
    """The key of this workspace or, without one, of this user; made on first use.

    Order: INCIDENT_NB_REDACTION_KEY, the file that INCIDENT_NB_REDACTION_KEY_FILE names, `redaction.key` in the
    workspace, else in the user's state folder. Raises SettingsError when a named or existing key file is unusable.
    """
    if text := os.environ.get(KEY_VARIABLE, "").strip():
        return RedactionKey(text.encode(), "environment")
    if named := os.environ.get(KEY_FILE_VARIABLE, "").strip():
        return RedactionKey(_read(Path(named)), "environment")
    path = (workspace or _state_folder()) / KEY_FILE_NAME
    if not path.exists():
        try:
            _create(path)
        except OSError:
            return RedactionKey(secrets.token_bytes(32), "process")
    return RedactionKey(_read(path), "file")


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    # The base directory specification has relative paths ignored.
    root = Path(base) if Path(base).is_absolute() else Path(os.path.expanduser("~")) / ".local" / "state"  # noqa: PTH111
    return root / "incident-nb"


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"Reading the redaction key from {path} failed: {error.strerror}. "
            f"Make the file readable for you, or set {KEY_VARIABLE}."
        ) from error
    if not key:
        raise SettingsError(f"The redaction key file {path} is empty. Remove it, and a new key is made.")
    return key


def _create(path: Path) -> None:
    """Write a new key so that no other process ever reads half of one; the first writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
