"""Sentences and commands of the procedure with an incident's names in them; what is not known stays in braces."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from incident_nb.desk.known import Known
from incident_nb.desk.shares import vendor_of
from incident_nb.record import Incident
from incident_nb.settings import App, Settings

_WORD = re.compile(r"\{(\w+)\}")


class Names:
    """The names of an incident: its client, workflow, node, credential, service, Modal app and code.

    `known` is what its case holds, None where there is none, and `no_case` says why.
    """

    def __init__(self, incident: Incident, settings: Settings, known: Known | None, no_case: str = "") -> None:
        about, held = incident.subject, known or Known()
        self.incident, self.settings = incident, settings
        self.no_case = no_case or "its case does not show it"
        self.host = (about.host or held.host or "").lower() or None
        self.credential_id = about.credential_id or held.credential_id
        self.client = settings.clients.get(incident.client or "")
        self.app: App | None = settings.modal.apps.get(self.host or "")
        self.vendor = None if self.is_own else about.vendor or vendor_of(self.host, held.node_type)
        whose = self.client.name if self.client and self.client.name else None
        self.prose: dict[str, str | None] = {
            "workflow": _quoted(about.workflow or about.workflow_id),
            "node": _quoted(about.node or held.node),
            "credential": _quoted(about.credential or held.credential or self.credential_id),
            "service": self.vendor or (None if self.is_own else self.host),
            "client": f"{whose} ({incident.client})" if whose else incident.client,
            "incident": incident.id,
            "name": self.app.app if self.app else None,
        }
        home = f"clients/{incident.client}" if incident.client else None
        if self.client and self.client.repository:
            home = _home_of(self.client.repository)
        self.home = home or _BLANKS["home"][0]
        app = self.app
        self.typed: dict[str, str | None] = {
            "client": incident.client,
            "incident": incident.id,
            "name": app.app if app else None,
            "module": app.app.replace("-", "_") if app else None,
            "deploy": app.deploy.removeprefix("./") if app and app.deploy else None,
            "home": home,
        }

    @property
    def is_own(self) -> bool:
        """Whether the host that the node calls is one that the agency runs itself."""
        return self.host is not None and any(fnmatchcase(self.host, glob.lower()) for glob in self.settings.own_hosts)

    def sentence(self, text: str, missing: dict[str, str]) -> str:
        """A sentence with the names; `missing` takes each word that has none, with the reason."""

        def name(found: re.Match[str]) -> str:
            return self.prose.get(found[1]) or self._blank(found[1], missing)

        return _WORD.sub(name, text)

    def command(self, text: str, missing: dict[str, str]) -> str:
        """A command with the names, each quoted for a shell by itself where it has to be; blanks stay as they are.

        The folder of the client's code and the file of the app are those of the settings, else the procedure's own.
        """
        if self.typed["deploy"]:
            text = text.replace("modal_apps/{name}_modal.py", "{deploy}")
        text = text.replace("{name}_modal.py", "{module}_modal.py").replace("clients/{client}", "{home}")
        return " ".join(self._typed(word, missing) for word in text.split(" "))

    def _typed(self, word: str, missing: dict[str, str]) -> str:
        def typed(found: re.Match[str]) -> str:
            name = self.typed.get(found[1])
            return shlex.quote(name) if name else self._blank(found[1], missing)

        return _WORD.sub(typed, word)

    def _blank(self, word: str, missing: dict[str, str]) -> str:
        """A word that has no name, as it shows, with the reason noted; one that is nobody's to fill in stays."""
        shown, name = _BLANKS.get(word, (f"{{{word}}}", word))
        if name in _WHY:
            missing[name] = self._why(name)
        return shown

    def _why(self, name: str) -> str:
        if self.host and name == "name":
            return f"which Modal app answers at {self.host} is not known: put it into [modal.apps]"
        if self.is_own and name == "service":
            return f"the node calls our own {self.host}, and what that calls is not on record"
        return _WHY[name].format(no_case=self.no_case)


# What commands are made of, as it shows where it is not known, and the word that is missing then.
_BLANKS = {
    "client": ("{client}", "client"),
    "name": ("{name}", "name"),
    "module": ("{name}", "name"),
    "home": ("clients/{client}", "client"),
}
_WHY = {
    "client": "the incident names no client",
    "workflow": "the incident names no workflow",
    "node": "the incident names no node, and {no_case}",
    "credential": "the incident names no credential, and {no_case}",
    "service": "which service the node calls is not on record, and {no_case}",
    "name": "which host the node calls is not on record, and {no_case}",
}


def _quoted(name: str | None) -> str | None:
    return f"“{name}”" if name else None


def _home_of(folder: Path) -> str:
    with suppress(RuntimeError):  # nobody's home
        folder = folder.expanduser()
    return folder.as_posix()
