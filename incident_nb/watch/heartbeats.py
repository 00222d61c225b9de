"""Workflows that went quiet, of which no error workflow can tell since nothing fails: one incident for each silence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from incident_nb.alerts.alert import TITLE, Alert, fingerprint
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.errors import IncidentNbError
from incident_nb.incidents import Records
from incident_nb.live import session
from incident_nb.models import ErrorRecord
from incident_nb.n8n import N8n
from incident_nb.outbox import store as outbox
from incident_nb.patterns import fingerprint_of
from incident_nb.patterns.silent import Silent, are_all_down, silent_ones, told_of
from incident_nb.record import Incident
from incident_nb.settings import Settings
from incident_nb.watch.servers import Read, read

BUDGET_S = 30.0
NEWS = timedelta(days=14)  # what is older was told then, and what was told is known for longer than that
ALL = "*"  # in place of a workflow's id, where most of a server went quiet


class Quiet(NamedTuple):
    """A silence, or the end of one (`again`), with its incident; or why a server's silences are not known."""

    instance: str
    workflow_id: str | None = None
    incident: str | None = None
    again: bool = False
    why: str = ""


def look(records: Records, settings: Settings, now: datetime, arrivals: Arrivals | None = None) -> list[Quiet]:
    """What has gone quiet at the configured servers, or runs again, since that was last looked for.

    A workflow is quiet by the fleet's judgement (`patterns.silent`): its own rhythm must be known, and it must be
    active on the server now. Each silence is an incident, once, with a line; where most of a server's regular workflows
    have stopped, it is one for the server. When it runs again a note says so, and the incident stays open. `now` in any
    zone. Raises UnreachableError where the records can't be used.
    """
    taking = arrivals or Arrivals(records, settings)
    return [one for name in settings.n8n for one in _server(name, records, settings, now, taking)]


def _server(name: str, records: Records, settings: Settings, now: datetime, arrivals: Arrivals) -> list[Quiet]:
    try:
        known = read(name, settings, now)
    except IncidentNbError as error:
        return [Quiet(name, why=str(error))]
    regular, silent = silent_ones(known.log.executions, {name: pd.Timestamp(known.until)}, known.log.snapshots)
    why = known.why
    off: Mapping[str, bool] = {}
    if silent:
        try:
            off = _switched_off(name, settings)
        except IncidentNbError as error:
            why = str(error)
    # One of which it is not known whether it was switched off may be quiet on purpose.
    stopped = [one for one in silent if off.get(one.workflow_id) is False]
    all_down = are_all_down(len(stopped), regular)
    news = [one for one in stopped if now - one.since <= NEWS]
    alerts = [_all_quiet(stopped, regular)] if all_down and news else [] if all_down else [_quiet(one) for one in news]
    told = [_take(one, key, arrivals, now) for one, key in alerts]
    told += [_take(one, key, arrivals, now) for one, key in _over(name, known, records, now, all_down=all_down)]
    return [one for one in told if one] + ([Quiet(name, why=why)] if why else [])


def _switched_off(name: str, settings: Settings) -> Mapping[str, bool]:
    """For each of the server's workflows, by id, whether it is not active now. Raises UnreachableError, SettingsError."""
    with session(settings, BUDGET_S) as asked:
        rows = list(N8n(name, settings.n8n[name].url, asked).workflows().rows())
    return {str(row.get("id")): row.get("active") is not True or bool(row.get("isArchived")) for row in rows}


def _alert(instance: str, workflow_id: str, at: datetime, title: str, **more: Any) -> Alert:
    flow = None if workflow_id == ALL else workflow_id
    title = title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
    return Alert(
        dialect="n8n", instance=instance, workflow_id=flow, problem=f"quiet {workflow_id}", at=at, title=title, **more
    )


def _quiet(one: Silent) -> tuple[Alert, str]:
    """A workflow's silence as an alert, and the delivery that it is: known by the run after which it began."""
    text = told_of(one)
    made = _alert(
        one.instance, one.workflow_id, one.until.to_pydatetime(), f"“{one.name}” has gone quiet", client=one.client,
        workflow=one.name, error=ErrorRecord(message=text), text=text,
    )  # fmt: skip
    return made, f"quiet:{one.instance}:{one.workflow_id}:{one.last.isoformat()}"


def _all_quiet(stopped: list[Silent], regular: int) -> tuple[Alert, str]:
    """The silence of a server as an alert, and the delivery that it is."""
    newest = max(stopped, key=lambda one: one.last)
    text = f"{len(stopped)} of {regular} workflows that run regularly have stopped; the last of them ran at {_at(newest.last)}."
    made = _alert(
        newest.instance, ALL, newest.until.to_pydatetime(), f"n8n “{newest.instance}” has gone quiet",
        error=ErrorRecord(message=text), text=text,
    )  # fmt: skip
    return made, f"quiet:{newest.instance}:{ALL}:{newest.last.isoformat()}"


def _over(name: str, known: Read, records: Records, now: datetime, *, all_down: bool) -> Iterator[tuple[Alert, str]]:
    """The word that it is over, for each open incident of a silence after which there were runs again."""
    runs = known.log.executions
    runs = runs[(runs["mode"] == "trigger") & runs["at"].notna()]
    for incident in records.incidents(closed=False):
        flow = _flow_of(incident, name)
        if flow is None or (flow == ALL and all_down):
            continue
        mine = runs if flow == ALL else runs[runs["workflow_id"].astype("str") == flow]
        first = mine.loc[mine["at"] > pd.Timestamp(incident.last_seen), "at"].min()
        if pd.isna(first) or now - first > NEWS:
            continue
        what = f"n8n “{name}”" if flow == ALL else f"“{incident.subject.workflow}”"
        text = f"{what} runs again since {_at(first)}"
        key = f"again:{name}:{flow}:{incident.number}:{incident.last_seen.isoformat()}"
        yield _alert(name, flow, first.to_pydatetime(), text, resolved=True, text=text), key


def _flow_of(incident: Incident, name: str) -> str | None:
    """Whose silence an incident is about: a workflow's id, or ALL; None where it is about none of this server's."""
    flow = incident.subject.workflow_id or ALL
    if incident.is_resolved or incident.subject.instance != name:
        return None
    silence = _alert(name, flow, incident.detected_at, "")
    return flow if incident.subject.fingerprint == fingerprint(silence, fingerprint_of) else None


def _take(one: Alert, key: str, arrivals: Arrivals, now: datetime) -> Quiet | None:
    """What became of it, and its line in the same commit; None where it was taken in before."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    arrival = Arrival([one], "n8n", one.model_dump_json().encode(), digest, now, key)
    with arrivals.records.at_once() as writing:
        (told,) = arrivals.take_in(writing, [arrival])
        if not isinstance(told, list) or told[0].duplicate or told[0].incident is None:
            return None
        if told[0].created or one.workflow_id or one.resolved:
            number = int(told[0].incident.removeprefix("INC-"))
            outbox.put(writing.connection, key, incident=number, about="quiet", text=one.text, at=now)
        return Quiet(str(one.instance), one.workflow_id, told[0].incident, one.resolved)


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
