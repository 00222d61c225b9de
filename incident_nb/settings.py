"""The workspace file `incident-nb.toml`: which servers, which clients, which hosts are ours. It holds no secrets."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, time
from fnmatch import fnmatchcase
from pathlib import Path
from re import compile as regex
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from incident_nb.errors import SettingsError

FILE_NAME = "incident-nb.toml"
_LINKED = regex(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%/-]*)?")
_CODE_IN_NAME = regex(r"^\s*\[([A-Z][A-Z0-9]{1,9})\]")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Client(_Section):
    """One `[clients.CODE]`: whose workflows these are. A workflow belongs to the first client with a rule that fits.

    Rules are lists: `name_prefix`, `tag`, `project` (exact), and `workflows` (globs on the name). `time_zone` is an
    IANA name, used for "same day" and "this week"; `hours` ("09:00-17:30") and `days` are when the client works, where
    such are agreed for P3 and P4; `holidays` are days off: dates, and regions whose public holidays are (DE, AU-NSW).
    `contact` is who is written to. `repository` is the folder of the client's code (under git), `vendors` are services
    they depend on (names of `vendors.toml`), `models` maps a node's name, or the path of an endpoint, to the Pydantic
    model of what it takes, as `path.py:Model` in that folder.
    """

    name: str | None = None
    contact: str | None = None
    time_zone: str = "UTC"
    hours: str | None = None
    days: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    holidays: tuple[str, ...] = ()
    name_prefix: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    repository: Path | None = None
    vendors: tuple[str, ...] = ()
    models: dict[str, str] = Field(default_factory=dict)

    @field_validator("holidays", mode="before")
    @classmethod
    def _dates_without_quotes(cls, days: Any) -> Any:
        """TOML has dates of its own."""
        return [str(day) if isinstance(day, date) else day for day in days] if isinstance(days, list) else days

    def owns(self, name: str | None, tags: Sequence[str], project: str | None) -> bool:
        """Whether a workflow with this name, these tags and this project is the client's."""
        return (
            any((name or "").startswith(prefix) for prefix in self.name_prefix)
            or not set(self.tag).isdisjoint(tags)
            or (project is not None and project in self.project)
            or any(fnmatchcase(name or "", pattern) for pattern in self.workflows)
        )


class Server(_Section):
    """One `[n8n.NAME]`: an n8n server; its key is in INCIDENT_NB_N8N_API_KEY__NAME, never here."""

    url: str
    clients: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give an address such as https://n8n.example.com")
        if parts.username or parts.password:
            raise ValueError("leave user and password out of the address; keys come from the environment")
        return url


class NotebookLimits(_Section):
    """`[notebooks]`: what an unattended notebook may use before it is stopped.

    Seconds until its kernel answers, for a cell, and for all of it; megabytes of what its cells show together, and of
    memory (each process, and all of them); processes at once.
    """

    start_s: int = Field(default=60, gt=0)
    cell_s: int = Field(default=600, gt=0)
    total_s: float = Field(default=900, gt=0)
    output_mb: int = Field(default=16, gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    processes: int = Field(default=64, gt=0)


class App(_Section):
    """One row of `[modal.apps]`: which Modal app answers at a host, whose it is, and the file it is deployed from."""

    app: str
    client: str | None = None
    deploy: str | None = None


class Modal(_Section):
    """`[modal]`: where the agency's endpoints answer for their health (DX-2), and which app is behind which host."""

    workspace: str = "the-entourage-ai"
    health: str = "https://{workspace}--{app}-web-app.modal.run/health"
    apps: dict[str, App] = Field(default_factory=dict)

    @field_validator("apps", mode="before")
    @classmethod
    def _by_name(cls, apps: object) -> object:
        """A row may be the app's name alone."""
        if not isinstance(apps, dict):
            return apps
        return {str(host).lower(): {"app": row} if isinstance(row, str) else row for host, row in apps.items()}

    def health_of(self, app: str) -> str:
        """The address at which an app says how it is."""
        return self.health.replace("{workspace}", self.workspace).replace("{app}", app)


class Probes(_Section):
    """`[probes]`: how many seconds all looks at live systems may take together."""

    budget_s: float = Field(default=20.0, gt=0, le=600)


class Slack(_Section):
    """`[slack]`: the channels whose messages are alerts, by id. Secrets come from the environment."""

    channels: tuple[str, ...] = ()


class Links(_Section):
    """`[links]`: the address of the workspace's JupyterLab, for links in messages; without it they show paths."""

    jupyter: str | None = None

    @field_validator("jupyter")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        if url is not None and not _LINKED.fullmatch(url):
            raise ValueError("give an address such as https://lab.example.com, without user, token or query")
        return url.rstrip("/") if url else None


class JobSettings(_Section):
    """`[jobs]`: how an incident is investigated with nobody at hand.

    `at_once`: how many of them a worker makes side by side. `cool_down_minutes`: how long an open incident rests before it
    is investigated again because it goes on failing. `lost_minutes`: after how long without a sign of life a worker's job
    is given to another one.
    """

    at_once: int = Field(default=1, gt=0, le=32)
    cool_down_minutes: float = Field(default=60, ge=0)
    lost_minutes: float = Field(default=1, gt=0)


class Alerts(_Section):
    """`[alerts]`: how many minutes after a failure another one that shares something with it is related to it; 0: none is."""

    related_minutes: int = Field(default=60, ge=0, le=7 * 24 * 60)


class Watch(_Section):
    """`[watch]`: what is looked after without being asked.

    `grace_s`: how many seconds a failed execution has to alert by itself before it counts as one of which n8n told nobody.
    `vendors_s`: after how many seconds a vendor's status page is read again.
    """

    grace_s: float = Field(default=120, ge=0)
    vendors_s: float = Field(default=300, ge=60)


class ReviewSettings(_Section):
    """`[review]`: the `clients` (by code) whose reviews a worker makes by itself, and `every` period that they are of.

    A week ends on `day` at `at` in the client's time zone; months and quarters are those of the calendar.
    """

    clients: tuple[str, ...] = ()
    every: tuple[Literal["week", "month", "quarter"], ...] = ("week",)
    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = "Friday"
    at: time = time(17)

    @field_validator("at", mode="before")
    @classmethod
    def _time_of_day(cls, at: Any) -> time:
        with suppress(ValueError):
            if isinstance(at, str | time) and (read := time.fromisoformat(str(at))).tzinfo is None:
                return read
        raise ValueError('write the time of day in the client\'s time zone, like "17:00"')


class Redaction(_Section):
    """`[redaction]`: whether personal data is masked in what stays in the house. What goes to a client always is."""

    personal: bool = True


class Settings(_Section):
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
    modal: Modal = Modal()
    n8n: dict[str, Server] = Field(default_factory=dict)
    clients: dict[str, Client] = Field(default_factory=dict)
    path: Path | None = Field(default=None, exclude=True)

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

    def repository_of(self, code: str | None) -> Path | None:
        """The folder of a client's code, a relative one begins beside the settings file; None where none is set."""
        client = self.clients.get(code or "")
        if client is None or client.repository is None:
            return None
        folder = client.repository
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
            return Settings.model_validate({**tomllib.load(file), "path": path.absolute()})
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
