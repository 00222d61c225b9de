"""Whether all that an investigation needs is there: settings, keys, servers, the archive. Each row says how to mend it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from incident_nb import redact
from incident_nb.archive import Archive
from incident_nb.errors import IncidentNbError, SettingsError, UsageError
from incident_nb.http import Answer, is_loopback, origin
from incident_nb.live import archive_folder, session
from incident_nb.n8n import N8n, key_of
from incident_nb.policy import calendar_of
from incident_nb.probes import modal_run, vendors
from incident_nb.probes.moments import time_of
from incident_nb.settings import Client, Settings, secret

State = Literal["ok", "warning", "failed"]
BUDGET_S = 20.0
STALE = timedelta(days=1)
SKEW = timedelta(seconds=60)


class Check(NamedTuple):
    """One thing that was looked at: ok, a warning (something will be missing), or failed (something will not work)."""

    what: str
    state: State
    told: str
    mend: str | None = None


def examine(settings: Settings, now: datetime) -> Iterator[Check]:
    """Every check, as it is done; servers are asked for 20 seconds at most. `now` is zone-aware."""
    yield _settings(settings)
    yield _redaction_key(settings)
    yield from _clients(settings)
    if settings.modal.apps:
        yield _modal(settings)
    if settings.clients:
        yield _letters(settings)
    if settings.review.clients:
        yield _reviews(settings)
    yield _slack(settings)
    yield _extra("cryptography", "export:entities of n8n", "entities")
    if not settings.n8n:
        yield Check(
            "n8n", "warning", "no server is configured: only exports can be read",
            'Put [n8n.default] with url = "https://…" into incident-nb.toml.',
        )  # fmt: skip
    for name in settings.n8n:
        yield from _server(name, settings, now)
        yield _archive(name, settings, now)


def _settings(settings: Settings) -> Check:
    if settings.path is None:
        told = "no incident-nb.toml from here upwards: the defaults are in force"
        return Check(
            "settings",
            "warning",
            told,
            "Make one where you keep cases and exports; docs/configuration.md has every key.",
        )
    return Check("settings", "ok", f"{settings.path}, {len(settings.n8n)} servers, {len(settings.clients)} clients")


def _redaction_key(settings: Settings) -> Check:
    folder = settings.path.parent if settings.path else None
    try:
        key = redact.load_key(folder)
    except SettingsError as error:
        return Check("redaction key", "failed", str(error))
    if not key.lasting:
        return Check("redaction key", "warning", "it lasts for one process", "Set INCIDENT_NB_REDACTION_KEY.")
    return Check("redaction key", "ok", f"from the {key.source}")


def _clients(settings: Settings) -> Iterator[Check]:
    for code, client in settings.clients.items():
        what = f"client {code}"
        try:
            calendar_of(settings, code)
        except SettingsError as error:
            said, _, mend = str(error).partition(". ")
            yield Check(what, "failed", said, mend)
            continue
        if not (client.name_prefix or client.tag or client.project or client.workflows):
            yield Check(
                what,
                "warning",
                "no rule says which workflows are theirs",
                "Give name_prefix, tag, project or workflows.",
            )
        else:
            yield Check(what, "ok", f"{client.name or code}, {client.time_zone}")
        yield from _code(code, client, settings)


def _code(code: str, client: Client, settings: Settings) -> Iterator[Check]:
    """Whether what live checks read of a client is where the settings say: the code's folder, the models, the vendors."""
    what = f"client {code}"
    unknown = [name for name in client.vendors if vendors.named(name) is None]
    if unknown:
        mend = "Write it as vendors.toml does, or leave it out."
        yield Check(f"{what}: vendors", "warning", f"vendors.toml has no row named {', '.join(unknown)}", mend)
    folder = settings.repository_of(code)
    if folder is None:
        if client.models:
            mend = f"Set clients.{code}.repository."
            yield Check(f"{what}: models", "failed", "models are mapped, but no repository is set", mend)
        return
    if not folder.is_dir():
        mend = "Clone the client's code there, or change clients.CODE.repository."
        yield Check(f"{what}: repository", "failed", f"there is no folder {folder}", mend)
        return
    if not any((place / ".git").exists() for place in (folder, *folder.resolve().parents)):
        told = f"{folder} is no git repository: commits are not read"
        yield Check(f"{what}: repository", "warning", told, "Clone the client's code there.")
    else:
        yield Check(f"{what}: repository", "ok", str(folder))
    for row in dict.fromkeys(client.models.values()):
        place = row.rpartition(":")[0]
        if not (folder / place).is_file():
            mend = "A model is written path.py:Model, from the repository on."
            yield Check(f"{what}: models", "failed", f"{row}: there is no file {place or row} in {folder}", mend)


def _modal(settings: Settings) -> Check:
    mapped = f"{len(settings.modal.apps)} apps are mapped"
    try:
        modal_run.executable()
    except IncidentNbError as error:
        told, _, mend = str(error).partition(". ")
        return Check("modal", "warning", f"{mapped}; {told}", mend)
    return Check("modal", "ok", f"{mapped}; its command line is installed and signed in")


def _letters(settings: Settings) -> Check:
    """Whether letters to clients can be addressed and signed: what lacks is found out before there is an incident."""
    name = settings.sender.name or os.environ.get("INCIDENT_NB_ENGINEER")
    lacks = [f"{key} under sender" for key, value in (("name", name), ("email", settings.sender.email)) if not value]
    lacks += [f"contact under clients.{code}" for code, client in settings.clients.items() if not client.contact]
    if lacks:
        told = f"no mail can be made ready: {', '.join(lacks[:5])}{' and more' if len(lacks) > 5 else ''} not set"
        return Check("letters", "warning", told, "Put it into incident-nb.toml; docs/configuration.md shows how.")
    return Check("letters", "ok", f"signed by {name}, every client has a contact")


def _reviews(settings: Settings) -> Check:
    """Whether those whose reviews a worker is to make are clients at all."""
    wanted = settings.review
    if unknown := [code for code in wanted.clients if code not in settings.clients]:
        told = f"reviews are wanted of {', '.join(unknown)}, and no such client is configured"
        return Check("reviews", "failed", told, "Give the code of a client, as in clients.CODE.")
    return Check("reviews", "ok", f"of {', '.join(wanted.clients)}, every {' and '.join(wanted.every)}, by a worker")


def _slack(settings: Settings) -> Check:
    """Whether messages go to Slack; the address is a secret, and nothing is sent."""
    try:
        place = origin(secret("INCIDENT_NB_SLACK_WEBHOOK"))
    except SettingsError as error:
        return Check("slack", "failed", str(error))
    if place:
        return Check("slack", "ok", f"messages go to the webhook at {place}; incident-nb tell INC-1 tries it")
    where = "the log and outbox.jsonl" if settings.path else "the log"
    mend = "Set INCIDENT_NB_SLACK_WEBHOOK to an incoming webhook of Slack."
    return Check("slack", "warning", f"no webhook is set: messages go to {where}", mend)


def _extra(module: str, purpose: str, extra: str) -> Check:
    if find_spec(module) is None:
        return Check(
            module, "warning", f"not installed: {purpose} can't be read", f'pip install "incident-nb[{extra}]"'
        )
    return Check(module, "ok", f"installed, for {purpose}")


def _server(name: str, settings: Settings, now: datetime) -> Iterator[Check]:
    """What the server says of itself, and what the key may do."""
    what = f"n8n {name}"
    try:
        key_of(name)
    except SettingsError as error:
        yield Check(what, "failed", str(error))
        return
    with session(settings, BUDGET_S) as asked:
        server = N8n(name, settings.n8n[name].url, asked)
        place = urlsplit(server.url)
        if place.scheme == "http" and not is_loopback(place.hostname):
            yield Check(what, "warning", "is asked over http: the key travels in the open", "Use its https address.")
        try:
            health = server.health()
        except IncidentNbError as error:
            yield Check(what, "failed", str(error), "Is the address right, and n8n running?")
            return
        yield _healthy(what, health)
        if (skew := _skew(health, datetime.now(UTC))) is not None:
            yield skew
        for kind, path, look in (("executions", "executions", _kept), ("workflows", "workflows", _listed)):
            yield _may(f"{what}: {kind}", lambda path=path, look=look: look(server, path, now))  # type: ignore[misc]


def _healthy(what: str, health: Answer) -> Check:
    if health.status == 200:
        return Check(what, "ok", f"is up, answered in {health.timing.total or 0:.1f} s")
    mend = "It may be starting, or its database is away: look into n8n's log."
    return Check(what, "failed", f"says of itself that it is not well (healthz: status {health.status})", mend)


def _skew(health: Answer, answered: datetime) -> Check | None:
    """Whether the server's clock and this one's differ, by the time that was here when it answered."""
    try:
        apart = abs(parsedate_to_datetime(health.headers.get("date", "")).astimezone(UTC) - answered)
    except (ValueError, OverflowError):
        return None
    if apart < SKEW:
        return None
    return Check(
        "clock", "warning", f"this machine and n8n are {apart.total_seconds():.0f} s apart", "Set the clock (NTP)."
    )


def _may(what: str, look: Callable[[], Check]) -> Check:
    try:
        return look()._replace(what=what)
    except IncidentNbError as error:
        return Check(what, "failed", str(error))


def _listed(server: N8n, path: str, now: datetime) -> Check:
    del now
    page = next(iter(server.listing(path)), None)
    count = len(page.ids) if page else 0
    return Check("", "ok", f"the key may list them: {count}{' and more' if page and page.cursor else ''}")


def _kept(server: N8n, path: str, now: datetime) -> Check:
    """How far back n8n keeps executions, and whether it saves what happened in them."""
    del path
    page = next(iter(server.executions(data=False)), None)
    if page is None or not page.ids:
        told = "the key may list them, but n8n keeps none"
        return Check(
            "", "warning", told, "Let workflows save executions (Workflow > Settings), or wait for the first run."
        )
    if "data" not in server.plain_execution(page.ids[0]):
        told = f"execution {page.ids[0]} has no data: causes are then told by status alone"
        return Check("", "warning", told, "Set EXECUTIONS_DATA_SAVE_ON_ERROR and …_ON_SUCCESS to all.")
    began = None
    with suppress(ValueError, RecursionError):
        began = time_of(json.loads(list(page.rows())[-1][1]).get("startedAt"))
    age = f", back to {(now - began).days} days ago on the first page" if began else ""
    return Check("", "ok", f"the key may read them{age}")


def _archive(name: str, settings: Settings, now: datetime) -> Check:
    what, folder = f"archive {name}", archive_folder(settings)
    mend = "Let a timer run `incident-nb fetch`, say every hour: n8n prunes what it does not keep."
    if folder is None:
        return Check(what, "warning", "without a workspace there is none", mend)
    place = folder / name
    if not (place / "state.json").exists():
        return Check(what, "warning", "nothing was fetched yet", mend)
    if _open_to_others(place):
        return Check(what, "failed", f"{place} can be read by others", f"chmod -R go= {place}")
    try:
        log = Archive(folder, name).log()
    except UsageError as error:
        return Check(what, "failed", str(error))
    age = now - datetime.fromtimestamp((place / "state.json").stat().st_mtime, UTC)
    told = f"{len(log.executions):,} executions, brought up to date {_ago(age)}"
    return Check(what, "warning" if age > STALE else "ok", told, mend if age > STALE else None)


def _open_to_others(place: Path) -> bool:
    return bool(stat.S_IMODE(place.stat().st_mode) & 0o077)


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return "within the hour" if hours < 1 else f"{hours:.0f} hours ago" if hours < 48 else f"{age.days} days ago"
