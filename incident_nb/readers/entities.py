"""What `n8n export:entities` writes: a zip or folder of tables, each page encrypted with the instance's key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from incident_nb.errors import MissingExtraError, SettingsError, SourceError
from incident_nb.executions import Skipped
from incident_nb.readers import limits
from incident_nb.readers.database import COLUMNS, stored_row
from incident_nb.readers.rows import Row, WorkflowRow, text_or_none

KEY_VARIABLE = "INCIDENT_NB_N8N_ENCRYPTION_KEY"
_SALTED = b"Salted__"
_UNREADABLE = (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError)


def is_entities(path: Path) -> bool:
    """Whether a folder or zip holds such an export."""
    if path.is_dir():
        return (path / "workflowentity.jsonl").is_file() or (path / "entities.zip").is_file()
    try:
        with zipfile.ZipFile(path) as archive:
            return "workflowentity.jsonl" in archive.namelist()
    except _UNREADABLE:
        return False


def read_entities(path: Path) -> Iterator[Row | WorkflowRow | Skipped]:
    """Workflows and, when the export was made with history, executions; as the SQLite reader gives them.

    The key is read from `INCIDENT_NB_N8N_ENCRYPTION_KEY` (n8n's own `N8N_ENCRYPTION_KEY` of that instance). Raises
    SettingsError without it or when it does not fit, MissingExtraError without `cryptography`.
    """
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        raise SettingsError(
            f"{path} is encrypted with its n8n's key. Set {KEY_VARIABLE} to that server's N8N_ENCRYPTION_KEY "
            "(or the encryptionKey in its ~/.n8n/config) and try again."
        )
    files = _tables(path)
    if not any(name.startswith("workflowentity") for name in files):
        raise SourceError(f"{path} holds no tables of `n8n export:entities`.")
    tags = {str(row.get("id")): str(row.get("name")) for row in _rows(files, "tagentity", key, path)}
    tagged: dict[str, list[str]] = {}
    for link in _rows(files, "workflows_tags", key, path):
        tagged.setdefault(str(link.get("workflowId")), []).append(tags.get(str(link.get("tagId")), ""))
    projects = {str(row.get("id")): str(row.get("name")) for row in _rows(files, "project", key, path)}
    owners = {
        str(row.get("workflowId")): projects.get(str(row.get("projectId")))
        for row in _rows(files, "sharedworkflow", key, path)
        if row.get("role") == "workflow:owner"
    }
    for row in _rows(files, "workflowentity", key, path):
        workflow = str(row.get("id"))
        yield WorkflowRow(
            workflow,
            text_or_none(row.get("name")),
            tuple(sorted(filter(None, tagged.get(workflow, ())))),
            owners.get(workflow),
            bool(row["active"]) if row.get("active") in (True, False) else None,
        )
    data = {_id(row.get("executionId")): row for row in _rows(files, "executiondata", key, path)}
    found = False
    for row in _rows(files, "executionentity", key, path):
        found = True
        number = _id(row.get("id"))
        if number is None:
            yield Skipped(str(path), "executionentity", "no execution id in it")
        elif row.get("deletedAt") is None:
            stored = data.pop(number, {})
            fields = [row.get(name) for name in COLUMNS]
            flow, document = _stored(stored.get("workflowData")), _stored(stored.get("data"))
            yield stored_row(fields, flow, document)
    if not found:
        reason = "it holds no executions: export again with --includeExecutionHistoryDataTables=true"
        yield Skipped(str(path), "executionentity", reason, 0)


def _id(value: Any) -> str | None:
    """An id as text; None where there is none."""
    return str(value) if isinstance(value, int | str) and value != "" else None


def _stored(value: Any) -> bytes | None:
    """A column's text; some versions write JSON columns as objects."""
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _tables(path: Path) -> dict[str, bytes]:
    inner = path / "entities.zip"
    if path.is_dir() and inner.is_file():
        return _tables(inner)
    try:
        if path.is_dir():
            files = [file for file in sorted(path.glob("*.jsonl")) if file.is_file()]
            _check(path, len(files), sum(file.stat().st_size for file in files))
            return {file.name: file.read_bytes() for file in files}
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".jsonl")]
            size = sum(member.file_size for member in members)
            _check(path, len(members), size, path.stat().st_size)
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise SourceError(f"{path} is packed in a way that n8n does not use. Unzip it and read the folder.")
            return {member.filename: archive.read(member) for member in members}  # no more than its size says
    except _UNREADABLE as error:
        raise SourceError(f"{path} is damaged or can't be read: {error}. Copy it again.") from error


def _check(path: Path, members: int, size: int, packed: int | None = None) -> None:
    """Raises SourceError for more than any server exports."""
    if members > limits.ZIP_MEMBERS:
        raise SourceError(f"{path} holds more than {limits.ZIP_MEMBERS:,} tables, which no export:entities does.")
    if size > limits.UNPACKED_IN_MEMORY:
        raise SourceError(
            f"{path} holds more than {limits.amount(limits.UNPACKED_IN_MEMORY)} of tables, the limit for export:entities. "
            "Read the server's SQLite file instead, or fetch pages from its API."
        )
    if packed is not None and size > max(limits.RATIO_FROM, limits.RATIO * packed):
        raise SourceError(
            f"{path} unpacks to more than {limits.RATIO} times its size, as no n8n export does. If you trust it, unzip it "
            "and read the folder."
        )


def _rows(files: dict[str, bytes], table: str, key: str, path: Path) -> Iterator[dict[str, Any]]:
    """Rows of one table, over its numbered files (`NAME.jsonl`, `NAME.2.jsonl`, ...)."""
    for name in sorted((n for n in files if n.split(".")[0] == table), key=lambda n: (len(n), n)):
        for page in files[name].split():
            try:
                yield from msgspec.json.Decoder(dict[str, Any]).decode_lines(_decrypt(page, key))
            except (binascii.Error, ValueError, msgspec.DecodeError) as error:
                raise SettingsError(
                    f"{KEY_VARIABLE} does not open {name} of {path}: it is another server's key, or the file is damaged."
                ) from error


def _decrypt(page: bytes, passphrase: str) -> bytes:
    """AES-256-CBC in OpenSSL's salted form with MD5 key derivation, as n8n's own cipher writes it."""
    try:
        from cryptography.hazmat.primitives import padding
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError as error:
        raise MissingExtraError(
            "Reading an encrypted export needs the library cryptography: pip install cryptography"
        ) from error
    raw = base64.b64decode(page, validate=True)
    if not raw.startswith(_SALTED):
        raise ValueError("not in OpenSSL's salted form")
    salt, body, derived, block = raw[8:16], raw[16:], b"", b""
    while len(derived) < 48:
        block = hashlib.md5(block + passphrase.encode() + salt, usedforsecurity=False).digest()
        derived += block
    decryptor = Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:48])).decryptor()
    padded = decryptor.update(body) + decryptor.finalize()
    remover = padding.PKCS7(128).unpadder()
    return remover.update(padded) + remover.finalize()
