"""Addresses of n8n's editor: a workflow, an execution, a credential, on a server of the settings and on no other.

The paths are those of the editor's router, the same in n8n 1.123 and 2.40 (n8n-editor-ui/dist/assets/router-*.js:
`/workflow/:id`, `/workflow/:id/executions` with `:executionId` below it, `/home` with `credentials/:credentialId`).
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from incident_nb.settings import Settings

_SERVER = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%/-]*)?")


def server_url(settings: Settings, instance: str | None) -> str | None:
    """The address of the configured server of this name, without a `/` at its end; None where it is no plain http(s) one.

    Records that name no server, or `default`, are those of the only one that is configured.
    """
    server = settings.n8n.get(instance or "")
    if server is None and len(settings.n8n) == 1 and instance in (None, "default"):
        server = next(iter(settings.n8n.values()))
    if server is None:
        return None
    parts = urlsplit(server.url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    return plain if _SERVER.fullmatch(plain) else None


def workflow(server: str | None, workflow_id: str | None) -> str | None:
    """Where a workflow opens in the editor; None where server or id is not known."""
    return _at(server, "workflow", workflow_id)


def execution(server: str | None, workflow_id: str | None, execution_id: str | None) -> str | None:
    """Where an execution opens, with its data; None where server, workflow or id is not known."""
    return _at(server, "workflow", workflow_id, "executions", execution_id)


def credential(server: str | None, credential_id: str | None) -> str | None:
    """Where a credential opens, to be tested, changed or signed in with again; None where server or id is not known."""
    return _at(server, "home", "credentials", credential_id)


def _at(server: str | None, *parts: str | None) -> str | None:
    known = [part for part in parts if part and part.strip(".")]  # dots alone would lead elsewhere
    return (
        "/".join([server, *(quote(part, safe="") for part in known)]) if server and len(known) == len(parts) else None
    )
