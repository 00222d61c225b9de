"""The workspace file `incident-nb.toml`: which servers, which clients, which hosts are ours. It holds no secrets."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from re import compile as regex

from pydantic import Field, ValidationError

from incident_nb.errors import SettingsError
from incident_nb.settings.sections import (
    Alerts,
    App,
    Client,
    Documents,
    JobSettings,
    Links,
    Modal,
    NotebookLimits,
    Probes,
    Rate,
    Redaction,
    ReviewSettings,
    Section,
    Sender,
    Server,
    Slack,
    Watch,
)

__all__ = [
    "FILE_NAME",
    "PROBLEMS",
    "App",
    "Client",
    "JobSettings",
    "Modal",
    "NotebookLimits",
    "Redaction",
    "ReviewSettings",
    "Sender",
    "Server",
    "Settings",
    "load",
    "secret",
]

FILE_NAME = "incident-nb.toml"
PROBLEMS = "problems.toml"  # beside it: what a person decided on problems
_CODE_IN_NAME = regex(r"^\s*\[([A-Z][A-Z0-9]{1,9})\]")


class Settings(Section):
    """All settings, with defaults that make an empty file, or none, a working one.

    `redaction`: what of personal data is masked in internal output.

    `own_hosts`: globs of hosts the agency itself runs, so that their 5xx is an endpoint crash, not an outage.
    `code_in_name`: read a client's code from a workflow name that starts with it in brackets, as in `[ACME] Orders`,
    when no client's rule fits. `notebooks`: limits of a notebook that runs unattended.
    """

    own_hosts: tuple[str, ...] = ("*.modal.run",)
    code_in_name: bool = True
    alerts: Alerts = Alerts()
    slack: Slack = Slack()
    links: Links = Links()
    redaction: Redaction = Redaction()
    notebooks: NotebookLimits = NotebookLimits()
    probes: Probes = Probes()
    jobs: JobSettings = JobSettings()
    watch: Watch = Watch()
    review: ReviewSettings = ReviewSettings()
    sender: Sender = Sender()
    documents: Documents = Documents()
    billing: Rate = Rate()
    modal: Modal = Modal()
    n8n: dict[str, Server] = Field(default_factory=dict)
    clients: dict[str, Client] = Field(default_factory=dict)
    path: Path | None = Field(default=None, exclude=True)
    problems: Path | None = Field(default=None, exclude=True)

    def client_of(self, name: str | None, tags: Sequence[str] = (), project: str | None = None) -> str | None:
        """The code of the client that a workflow belongs to; None when no rule says."""
        for code, client in self.clients.items():
            if client.owns(name, tags, project):
                return code
        for tag in tags:
            if tag.startswith("client:"):
                return tag.removeprefix("client:")
        found = _CODE_IN_NAME.match(name or "") if self.code_in_name else None
        return found[1] if found else None

    def other_clients(self, code: str | None) -> frozenset[str]:
        """The codes and names of all clients but this one: what no text for it may name."""
        rest = {other: client for other, client in self.clients.items() if other != code}
        return frozenset((*rest, *(client.name for client in rest.values() if client.name)))

    def with_clients(self, codes: Iterable[str]) -> Settings:
        """The same with these clients among its own, those that it does not know without anything but their code."""
        return self.model_copy(update={"clients": {**{code: Client() for code in codes}, **self.clients}})

    def repository_of(self, code: str | None) -> Path | None:
        """The folder of a client's code, a relative one begins beside the settings file; None where none is set."""
        client = self.clients.get(code or "")
        if client is None or client.repository is None:
            return None
        return self.placed(client.repository)

    def placed(self, folder: Path) -> Path:
        """A folder of the settings: a relative one begins beside the settings file."""
        with suppress(RuntimeError):  # nobody's home
            folder = folder.expanduser()
        return self.path.parent / folder if self.path else folder


def load(config: Path | None = None, start: Path | None = None) -> Settings:
    """The settings of `config`, or of the nearest `incident-nb.toml` from `start` (default: here) upwards, or defaults.

    Raises SettingsError for a file that is missing, unreadable, no TOML or holds a wrong value, naming the place.
    """
    try:
        path = config or _nearest(start or Path.cwd())
    except OSError as error:
        raise SettingsError(
            f"The working folder can't be looked at: {error.strerror}. Change to another one."
        ) from error
    if path is None:
        return Settings()
    try:
        with path.open("rb") as file:
            return Settings.model_validate(
                {**tomllib.load(file), "path": path.absolute(), "problems": path.absolute().with_name(PROBLEMS)}
            )
    except OSError as error:
        raise SettingsError(f"Could not read the settings file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise SettingsError(f"{path} has a setting that can't be used. {wrong}.") from error


def _nearest(folder: Path) -> Path | None:
    return next((f / FILE_NAME for f in (folder, *folder.parents) if (f / FILE_NAME).is_file()), None)


def secret(name: str) -> str:
    """A secret of the environment: that of the variable, else what stands in the file that `NAME_FILE` names; "" for none.

    Raises SettingsError for a file that can't be read.
    """
    if text := os.environ.get(name, "").strip():
        return text
    file = os.environ.get(f"{name}_FILE", "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip() if file else ""
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"The file that {name}_FILE names can't be read: {why}.") from error
