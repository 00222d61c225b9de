"""The sections of `incident-nb.toml`, each as a small model with its defaults."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, time
from fnmatch import fnmatchcase
from pathlib import Path
from re import compile as regex
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

_LINKED = regex(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~%/-]*)?")


_RATE = regex(
    r"[^\w\s.,/-]?\s?(?:[A-Z]{3}\s)?\d{1,3}(?:,?\d{3})*(?:\.\d{1,2})?\s?(?:[^\w\s.,/-]|[A-Z]{3})?\s?(?:/\s?|per )h(?:r|our)?"
)


class Section(BaseModel):
    """A section: what it does not know is passed over, since a newer version may have written it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Client(Section):
    """One `[clients.CODE]`: whose workflows these are. A workflow belongs to the first client with a rule that fits.

    Rules are lists: `name_prefix`, `tag`, `project` (exact), and `workflows` (globs on the name). `time_zone` is an
    IANA name, used for "same day" and "this week"; `hours` ("09:00-17:30") and `days` are when the client works, where
    such are agreed for P3 and P4; `holidays` are days off: dates, and regions whose public holidays are (DE, AU-NSW).
    `contact` is who is written to: `Maria Lopez <maria@example.com>`, or several; `greeting` is what a letter calls them
    ("Maria"), else it is their name. `repository` is the folder of the
    client's code (under git), `vendors` are services they depend on (names of `vendors.toml`), `models` maps a node's
    name, or the path of an endpoint, to the Pydantic model of what it takes, as `path.py:Model` in that folder.
    """

    name: str | None = None
    contact: str | None = None
    greeting: str | None = None
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


class Server(Section):
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


class NotebookLimits(Section):
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


class App(Section):
    """One row of `[modal.apps]`: which Modal app answers at a host, whose it is, and the file it is deployed from."""

    app: str
    client: str | None = None
    deploy: str | None = None


class Modal(Section):
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


class Probes(Section):
    """`[probes]`: how many seconds all looks at live systems may take together."""

    budget_s: float = Field(default=20.0, gt=0, le=600)


class Slack(Section):
    """`[slack]`: the channels whose messages are alerts, by id. Secrets come from the environment."""

    channels: tuple[str, ...] = ()


class Links(Section):
    """`[links]`: the address of the workspace's JupyterLab, for links in messages; without it they show paths."""

    jupyter: str | None = None

    @field_validator("jupyter")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        if url is not None and not _LINKED.fullmatch(url):
            raise ValueError("give an address such as https://lab.example.com, without user, token or query")
        return url.rstrip("/") if url else None


class JobSettings(Section):
    """`[jobs]`: how an incident is investigated with nobody at hand.

    `at_once`: how many of them a worker makes side by side. `cool_down_minutes`: how long an open incident rests before it
    is investigated again because it goes on failing. `lost_minutes`: after how long without a sign of life a worker's job
    is given to another one.
    """

    at_once: int = Field(default=1, gt=0, le=32)
    cool_down_minutes: float = Field(default=60, ge=0)
    lost_minutes: float = Field(default=1, gt=0)


class Alerts(Section):
    """`[alerts]`: how many minutes after a failure another one that shares something with it is related to it; 0: none is."""

    related_minutes: int = Field(default=60, ge=0, le=7 * 24 * 60)


class Watch(Section):
    """`[watch]`: what is looked after without being asked.

    `grace_s`: how many seconds a failed execution has to alert by itself before it counts as one of which n8n told nobody.
    `vendors_s`: after how many seconds a vendor's status page is read again.
    """

    grace_s: float = Field(default=120, ge=0)
    vendors_s: float = Field(default=300, ge=60)


class Sender(Section):
    """`[sender]`: who signs what clients get. Without `name` it is INCIDENT_NB_ENGINEER."""

    name: str | None = None
    email: str | None = None
    title: str = "AI Solutions Engineer"
    company: str = "The Entourage AI"


class Documents(Section):
    """`[documents]`: where documents go; a relative folder begins beside the settings file."""

    clients: Path = Path("clients")
    learnings: Path = Path("learnings/ops")


class Rate(Section):
    """`[billing]`: what an hour costs, as it is written in a summary."""

    rate: str = "$250/hr"

    @field_validator("rate")
    @classmethod
    def _has_a_number(cls, rate: str) -> str:
        if not _RATE.fullmatch(rate):
            raise ValueError("give an amount for an hour, such as $250/hr, €99.50/h or 1,200 AUD per hour")
        return rate


class ReviewSettings(Section):
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


class Redaction(Section):
    """`[redaction]`: whether personal data is masked in what stays in the house. What goes to a client always is."""

    personal: bool = True
