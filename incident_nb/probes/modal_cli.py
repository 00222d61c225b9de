"""DX-2, by Modal's command line: is the app deployed, was it deployed or stopped before the failures, what does it log?

The app is the one that `[modal.apps]` names for the failing node's host. All four commands run side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Probed
from incident_nb.probes import modal_run
from incident_nb.probes.endpoint_places import places_of
from incident_nb.probes.modal_run import NoAppError, TooOldError
from incident_nb.probes.moments import time_of
from incident_nb.probes.target import CouldNotLookError, Sign, Target, Tools, clean, could_not_look, found, seen
from incident_nb.redact import redact_text

C = Cause
BEFORE = timedelta(hours=24)  # a deployment up to a day before the failures may be why they began
LOG_BEFORE, LOG_AFTER = timedelta(minutes=30), timedelta(minutes=5)  # of the log, around the last failure
LOG_ENTRIES = "200"
MOST_LINES, LONGEST_LINE = 5, 160
LOOKED_AT = 4_000  # characters of a line
SPARE_S = 0.5
STREAM_S = 5.0  # for older versions, whose log comes as a stream without an end
DEPLOYED = {C.ENDPOINT_CRASH: 2.5, C.EXTERNAL_API_CHANGED: 1.3, C.DATA_FORMAT: 1.3}
STOPPED = {C.ENDPOINT_CRASH: 4.0, C.EXTERNAL_API_CHANGED: 0.5}
OFF = ("stopped", "stopping", "disabled")
# A line of the log that fits -> what that does to the odds. The first that fits.
LINES: tuple[tuple[re.Pattern[str], dict[Cause, float]], ...] = (
    (re.compile(r"hit its timeout of \d+"), {C.TIMEOUT: 2.0}),
    (re.compile(r"\bValidationError\b|validation errors? for \w"), {C.DATA_FORMAT: 2.0}),
    (
        re.compile(
            r"Runner failed|out of memory|\bOOM\b|SIGKILL|terminated by signal|exit(?:ed)? (?:with )?code [1-9]"
        ),
        {C.ENDPOINT_CRASH: 2.0},
    ),
    (re.compile(r"^\w[\w.]*(?:Error|Exception)\b(?::|$)"), {C.ENDPOINT_CRASH: 2.0}),
    (re.compile(r"\b(?:ERROR|CRITICAL|FATAL)\b"), {}),
)
_APP = re.compile(r"[A-Za-z0-9_.][\w.-]{0,63}", re.ASCII)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)) ?(.*)")
_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")


class Deployment(NamedTuple):
    """One entry of an app's deployment history: `at` in UTC; `commit` ends in * where changes were not committed."""

    version: str
    at: datetime | None
    by: str | None
    commit: str | None
    tag: str | None


def look(target: Target, tools: Tools) -> Probed:
    """The state, deployments, containers and errors of the app behind the failing node's endpoint."""
    places = places_of(target, tools)
    if places.failing is None:
        told = f"Modal was not asked: {places.why_not}."
        return could_not_look(told) if places.open else clean(told)
    if places.failing.app is None:
        host = places.failing.host
        step = f"Put {host} into [modal.apps] with the name of its app."
        return could_not_look(f"Which Modal app answers at {host} is not known.", next_look=step)
    name = places.failing.app.app
    modal_run.executable()
    parts: tuple[Callable[[], list[Sign]], ...] = (
        lambda: [_state(name, target, tools)],
        lambda: list(_changes(target, deployments(name, tools))),
        lambda: list(_containers(name, target, tools)),
        lambda: list(_log(name, target, tools)),
    )
    with ThreadPoolExecutor(max_workers=len(parts), thread_name_prefix="modal") as pool:
        answers = list(pool.map(lambda part: copy_context().run(_or_error, part), parts))
    signs = [sign for answer in answers if isinstance(answer, list) for sign in answer]
    facts = [sign.fact for sign in signs]
    errors = list(dict.fromkeys(str(answer) for answer in answers if isinstance(answer, IncidentNbError)))
    if not facts:
        raise CouldNotLookError(" ".join(errors))
    asked = f"modal app list, app history {name}, container list, app logs {name}"
    summary = " ".join([*(fact.fact.text for fact in facts), *errors])
    if any(sign.bad for sign in signs):
        return found(summary, facts, asked=asked, next_look=_next(name, places.failing.app.deploy))
    if errors:
        return could_not_look(summary, facts, asked=asked)
    return clean(summary, facts, asked=asked)


def deployments(app: str, tools: Tools) -> list[Deployment]:
    """The deployments of a Modal app that Modal still knows, newest first; asked once, whoever asks.

    Raises CouldNotLookError where Modal's command line is missing, not signed in, too old or does not answer.
    """
    known = tools.once(f"modal app history {app}", lambda: _history(app, tools))
    return list(known)


def _history(app: str, tools: Tools) -> list[Deployment]:
    entries = modal_run.rows(("app", "history", _name(app)), _left(tools))
    return [
        Deployment(
            str(row.get("version") or "?"), time_of(row.get("time_deployed")), _text(row.get("deployed_by")),
            _text(row.get("commit")), _text(row.get("tag")),
        )
        for row in entries
    ]  # fmt: skip


def _state(app: str, target: Target, tools: Tools) -> Sign:
    """Whether the app is deployed. An app's name may be there several times, with those that were stopped before."""
    listed = [row for row in modal_run.rows(("app", "list"), _left(tools)) if row.get("description") == app]
    if not listed:
        raise NoAppError(f"Modal lists no app “{app}”: is the name in [modal.apps] right, and MODAL_ENVIRONMENT?")
    row = max(listed, key=lambda row: (row.get("state") == "deployed", str(row.get("stopped_at") or "")))
    state = str(row.get("state")).rstrip(".")
    if not state.startswith(OFF):
        return Sign(seen(f"Modal's app “{app}” is {state}."))
    at = time_of(row.get("stopped_at"))
    first, last = _window(target)
    during = bool(at and first and last and first <= at <= last)
    text = f"Modal's app “{app}” is {state}{f' since {_told(at)}' if at else ''}."
    return Sign(seen(text, STOPPED if target.current or during else {}), bad=True)


def _window(target: Target) -> tuple[datetime | None, datetime | None]:
    """From when, a day before the failures may have begun, until the last one."""
    begun = target.onset_not_before or target.onset or target.first_seen
    return (begun - BEFORE if begun else None), target.last_seen


def _changes(target: Target, known: Sequence[Deployment]) -> Iterator[Sign]:
    """The deployment before the failures, as a possible reason for them, and those since."""
    timed = [(one.at, one) for one in known if one.at is not None]
    onset = target.onset or target.first_seen
    if not timed:
        yield Sign(seen("Modal keeps no deployments of it."))
        return
    if onset is None:
        yield Sign(seen(f"It was last deployed on {_deployment(*max(timed, key=lambda pair: pair[0]))}."))
        return
    first, _ = _window(target)
    before = max((pair for pair in timed if pair[0] <= onset), key=lambda pair: pair[0], default=None)
    if before:
        close = first is not None and before[0] >= first
        ago = f"{_ago(onset - before[0])} before the failures began"
        word = "It was deployed on" if close else "Its last deployment before was on"
        yield Sign(seen(f"{word} {_deployment(*before)}, {ago}.", DEPLOYED if close else {}), bad=close)
    since = sorted(pair for pair in timed if pair[0] > onset)
    if since:
        more = f"{len(since)} times, last" if len(since) > 1 else "once,"
        yield Sign(seen(f"Since they began it was deployed {more} on {_deployment(*since[-1])}."))


def _deployment(at: datetime, one: Deployment) -> str:
    more = [one.version, f"by {one.by}" if one.by else "", f"commit {one.commit.rstrip('*')}" if one.commit else ""]
    more.append("with changes that were not committed" if one.commit and one.commit.endswith("*") else "")
    more.append(f"tag {one.tag}" if one.tag else "")
    return f"{_told(at)} ({', '.join(filter(None, more))})"


def _containers(app: str, target: Target, tools: Tools) -> Iterator[Sign]:
    """How many of its containers run, and whether they were started while the failures lasted."""
    listed = modal_run.rows(("container", "list"), _left(tools))
    mine = [row for row in listed if row.get("app_name") == app]
    if not mine:
        yield Sign(seen("None of its containers runs now: the next request starts cold."))
        return
    starts = [at for row in mine if (at := time_of(row.get("start_time")))]
    onset = target.onset or target.first_seen
    new = sum(1 for at in starts if onset and at >= onset)
    newest = f", the newest since {_told(max(starts))}" if starts else ""
    since = f"; {new} of them started after the failures began" if new else ""
    yield Sign(seen(f"{len(mine)} of its containers run{'s' if len(mine) == 1 else ''} now{newest}{since}."))


def _log(app: str, target: Target, tools: Tools) -> Iterator[Sign]:
    """The last lines of the app's log that tell of errors, around the last failure where the version can do that."""
    text, around = _log_text(_name(app), target, tools)
    first, last = (target.last_seen - LOG_BEFORE, target.last_seen + LOG_AFTER) if target.last_seen else (None, None)
    lines: list[str] = []
    effects: dict[Cause, float] = {}
    for line in _COLOUR.sub("", text).splitlines():
        stamp = _STAMP.match(line)
        at, said = (time_of(stamp[1]), stamp[2]) if stamp else (None, line)
        said = said.strip()[:LOOKED_AT]
        weights = next((weights for words, weights in LINES if words.search(said)), None)
        if weights is None or (at and first and last and not first <= at <= last):
            continue
        when = f"{at.astimezone(UTC):%H:%M:%S} " if at else ""
        said = redact_text(said)  # before it is cut: half a secret has no shape
        lines.append(f"“{when}{said[:LONGEST_LINE]}{'…' if len(said) > LONGEST_LINE else ''}”")
        # A line without its time may be from any time: it speaks of now.
        effects |= weights if (at and first) or target.current else {}
    where = "around the last failure" if around else "in its last entries"
    if not lines:
        yield Sign(seen(f"Its log tells of no error {where}."))
        return
    yield Sign(seen(f"Its log tells of errors {where}: {'; '.join(lines[-MOST_LINES:])}.", effects), bad=True)


def _log_text(app: str, target: Target, tools: Tools) -> tuple[str, bool]:
    """The log, and whether it is that of the time of the last failure; older versions only stream what comes."""
    base = ("app", "logs", app)
    stretch: tuple[str, ...] = ()
    if target.last_seen:
        first, last = (
            at.astimezone(UTC).isoformat(timespec="seconds")
            for at in (target.last_seen - LOG_BEFORE, target.last_seen + LOG_AFTER)
        )
        stretch = ("--since", first, "--until", min(last, target.now.astimezone(UTC).isoformat(timespec="seconds")))
    try:
        wanted = (*base, "--timestamps", "--tail", LOG_ENTRIES, *stretch)
        return modal_run.output(wanted, _left(tools)), bool(stretch)
    except TooOldError:
        return modal_run.output(base, min(_left(tools), STREAM_S), unfinished=True), False


def _next(app: str, deploy: str | None) -> str:
    again = f"modal deploy {deploy}" if deploy else "modal deploy with its file"
    return f"Read modal app logs {app} and what its last deployment changed; then modal app rollback {app}, or {again}."


def _or_error(part: Callable[[], list[Sign]]) -> list[Sign] | IncidentNbError:
    try:
        return part()
    except IncidentNbError as error:
        return error


def _left(tools: Tools) -> float:
    return tools.session.left - SPARE_S


def _name(app: str) -> str:
    """An app's name as an argument; one that could be taken for an option is none."""
    if not _APP.fullmatch(app):
        raise CouldNotLookError("The app in [modal.apps] is no name that Modal knows: letters, digits, dots, - and _.")
    return app


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _told(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{span.days} days"
