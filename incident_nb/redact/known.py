"""Exact values that are known to be secret: those of the environment, in plain and in three encodings.

Nothing here is written anywhere: the forms live as long as the process.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

from .keys import NO_VALUES

SHORTEST = 6
MAX_FILE = 64_000

_NAME = re.compile(
    r"(?i)secret|token|passw|passphrase|pwd|api_?key|(?:^|_)key|credential|private|_pass$|_pat$|webhook|(?:database|redis|amqp|mongo\w*|db|postgres\w*|smtp)_ur[il]$"
)
_NO_NAME = re.compile(
    r"(?i)^(?:old)?pwd$|public|_(?:id|name|path|dir|url_file|type|header|expiry|ttl|limit|count|enabled)$|^gpg_key$|keyboard|keymap|keyring|monkey|^less|^ls_|^ssh_auth_sock$"
)
_PLAIN_WORD = re.compile(
    r"[a-z]{1,14}|[A-Z]{1,14}|[A-Z][a-z]{1,13}|\d{1,7}|/[\w./ -]*|[a-z]+(?:[-_ ][a-z]+)?|[\w.-]+\.(?:com|net|org|io|test|local)"
)


def worth_knowing(value: str) -> bool:
    """Whether a value is long and rare enough to be looked for everywhere: no word, path, host or short number."""
    return len(value) >= SHORTEST and value.lower() not in NO_VALUES and not _PLAIN_WORD.fullmatch(value)


def of_environment(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names say that they are secret, and the contents of files that `…_FILE` name."""
    found: list[str] = []
    for name, value in environment.items():
        if name == "INCIDENT_NB_KNOWN_SECRETS_FILE":
            found += _content(value).splitlines()
        elif _NAME.search(name) and not _NO_NAME.search(name):
            found.append(_content(value) if name.endswith("_FILE") else value)
    return known_values(found)


def known_values(values: Iterable[str]) -> tuple[str, ...]:
    """The values that are worth knowing, each once; of a URL only its password."""
    found: dict[str, None] = {}
    for value in values:
        text = value.strip()
        if re.match(r"[a-z][a-z0-9+.-]*://", text):
            try:
                text = urlsplit(text).password or ("" if "hooks" not in text else text)
            except ValueError:
                continue
        if worth_knowing(text):
            found[text] = None
    return tuple(found)


def forms(value: str) -> set[str]:
    """The value as it may stand in a text: plain, URL-encoded, in base64 at any offset, and JSON-escaped once and twice."""
    escaped = json.dumps(value, ensure_ascii=False)[1:-1]
    found = {
        value,
        quote(value, safe=""),
        quote_plus(value),
        quote(value),
        escaped,
        json.dumps(escaped)[1:-1],
        json.dumps(value)[1:-1],
    }
    found |= {re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in found if "%" in form}
    data = value.encode("utf-8", "surrogatepass")
    for offset in range(3):
        # What lies in front of the value and behind it shares its characters at the edges; those are left out.
        text = b64encode(b"\0" * offset + data).decode().rstrip("=")
        core = text[(0, 2, 3)[offset] : len(text) - (1 if (offset + len(data)) % 3 else 0)]
        if len(core) >= SHORTEST:
            found |= {core, core.replace("+", "-").replace("/", "_")}
    return found


def _content(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_FILE).decode(errors="ignore")
    except OSError:
        return ""
