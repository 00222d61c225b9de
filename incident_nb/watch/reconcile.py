"""Failed executions of which n8n told nobody: found by looking, and taken in as their alerts would have been."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from incident_nb.alerts.alert import TITLE, Alert, Called
from incident_nb.desk.arrivals import Arrival, Arrivals, alike, fingerprint_now, found_key
from incident_nb.errors import IncidentNbError
from incident_nb.executions import ExecutionLog
from incident_nb.incidents import Records, engines, tables
from incident_nb.incidents.store import Writing
from incident_nb.models import ErrorRecord
from incident_nb.n8n import links
from incident_nb.outbox import store as outbox
from incident_nb.record import Incident
from incident_nb.settings import Settings
from incident_nb.watch.memory import remembered
from incident_nb.watch.servers import read

FIRST = timedelta(hours=1)  # how far back the very first look goes
# A run that n8n died under is dated by its last node, and may be told of only when n8n is back; so a day is looked at again.
AGAIN = timedelta(days=1)
FURTHEST = timedelta(days=25)  # what was taken in before is known for longer than that (desk.arrivals.KEPT_DAYS)
MOST = 200  # executions of one look; what is left is for the next one

# How runs begin that nobody watches. One by hand is seen by whoever started it; a failed error workflow was to tell of a
# failure that is found here itself.
UNWATCHED = ("trigger", "webhook", "retry", "chat", "integrated")
ENDED_BY = ("execution", "trigger", "subworkflow", "crash", "canceled", "status")
WITHOUT_WORDS = "n8n says that it failed and has kept no error"
REASONS = {
    "crash": "n8n died under it",
    "canceled": "it ran into its time limit, of which n8n tells no error workflow",
}
_ERROR = [name for name in ErrorRecord.model_fields if name != "id"]


class Found(NamedTuple):
    """A failed execution that was taken in, and into which incident; or why a server's executions are not all known."""

    instance: str
    execution_id: str | None = None
    incident: str | None = None
    created: bool = False
    why: str = ""


def look(records: Records, settings: Settings, now: datetime, arrivals: Arrivals | None = None) -> list[Found]:
    """What was found at all configured servers since the last look, and servers that could not be asked, with the reason.

    Failed runs that nobody watched (`UNWATCHED`) and that ended at least `watch.grace_s` ago, so that their alerts had
    their time. Left out is what an incident knows: of the same problem, if it is open or was not resolved before the run
    failed; or by the execution's id. The rest is taken in by `arrivals` in one commit with that look, under
    `found:INSTANCE:EXECUTION`: nothing is taken in twice, and an alert that comes later counts nothing more.

    `now` in any zone. Raises UnreachableError where the records can't be used.
    """
    taking = arrivals or Arrivals(records, settings)
    with remembered(settings, "reconcile") as memory:
        if memory is None:
            return []
        return [one for name in settings.n8n for one in _server(name, records, settings, now, taking, memory)]


def _server(
    name: str, records: Records, settings: Settings, now: datetime, arrivals: Arrivals, memory: dict[str, Any]
) -> list[Found]:
    try:
        known = read(name, settings, now)
    except IncidentNbError as error:
        return [Found(name, why=str(error))]
    first, last = _times(memory.get(name)) or (now - FIRST, now - FIRST)
    begin = max(first, last - AGAIN, now - FURTHEST)
    end = now - timedelta(seconds=settings.watch.grace_s)
    url = links.server_url(settings, name)
    unknown = _Known(records, settings, begin)
    told = [one for row in _failed(known.log, begin, end) if not unknown.problem(one := alert_of(row, url))]
    taken = _take(told[:MOST], unknown, arrivals, now) if told else []
    if len(told) <= MOST:
        memory[name] = {"first": first.isoformat(), "last": max(last, known.until).isoformat()}
    return taken + ([Found(name, why=known.why)] if known.why else [])


def _times(kept: Any) -> tuple[datetime, datetime] | None:
    """When the first look began and the last one ended, as they were remembered."""
    try:
        first, last = (datetime.fromisoformat(kept[name]) for name in ("first", "last"))
        return (first, last) if first.tzinfo and last.tzinfo else None
    except (TypeError, ValueError, LookupError):
        return None


def _failed(log: ExecutionLog, begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """The failed runs that nobody watched and that ended in this time, oldest first, each with the error that ended it."""
    runs = log.executions.assign(ended=log.executions["stopped_at"].fillna(log.executions["at"]))
    errors = log.failures[log.failures["place"].isin(ENDED_BY)].drop_duplicates("execution_id", keep="last")
    over = runs["status"].isin(("error", "crashed"))
    late = runs["execution_id"].isin(errors.loc[errors["place"] == "canceled", "execution_id"])
    mine = runs[(over | late) & runs["mode"].isin(UNWATCHED) & runs["ended"].between(begin, end)]
    mine = mine[~_told_by_caller(mine, runs, log.failures)]
    kept = ["instance", "execution_id", "workflow_id", "workflow", "mode", "retry_of", "ended"]
    extra = [name for name in errors.columns if name not in ("instance", "workflow_id", "workflow", "client")]
    rows = mine[kept].astype("object").merge(errors[extra].astype("object"), how="left", on="execution_id")
    rows = rows.sort_values("ended", kind="stable")
    return [{str(k): v for k, v in row.items() if pd.notna(v)} for row in rows.to_dict("records")]


def _told_by_caller(mine: pd.DataFrame, runs: pd.DataFrame, failures: pd.DataFrame) -> pd.Series:
    """Which of these runs are a sub-workflow's whose caller knows of its failure, or has not ended yet."""
    status = runs.set_index("execution_id")["status"].astype("object")
    caller = mine["parent_execution_id"].map(status.to_dict())
    passed_on = mine["execution_id"].isin(failures["child_execution_id"].dropna())
    return (mine["mode"] == "integrated") & (passed_on | (caller.notna() & (caller != "success")))


def alert_of(row: dict[str, Any], url: str | None) -> Alert:
    """The alert that n8n's error workflow would have sent of a failed run; all of it is through the gate already.

    `row`: the run's and the failure's columns, without those that are not known; `url`: the server's address.
    """
    words = row.get("message") or WITHOUT_WORDS
    error = ErrorRecord(**{name: row[name] for name in _ERROR if name in row} | {"message": words})
    child = row.get("place") == "subworkflow"
    named: dict[str, Any] = {
        name: row.get(name) for name in ("instance", "workflow_id", "workflow", "execution_id", "mode", "retry_of")
    }
    link = links.execution(url, row.get("workflow_id"), row["execution_id"])
    lines = [("Workflow", row.get("workflow")), ("Node", error.node), ("Error", words), ("Execution", link)]
    title = " ".join(f"{row.get('workflow') or row.get('workflow_id')}: {words}".split())
    return Alert(
        dialect="n8n", **named, execution_url=link, place=row.get("place", "status"), error=error,
        credential_id=row.get("credential_id"), credential=row.get("credential"), called=_called(row) if child else None,
        at=row.get("at", row["ended"]).to_pydatetime(), title=title if len(title) <= TITLE else f"{title[: TITLE - 1]}…",
        text="\n".join(f"{name}: {value}" for name, value in lines if value),
    )  # fmt: skip


def _called(row: dict[str, Any]) -> Called:
    """Where the failure of a sub-workflow began: the words are the sub-workflow's own."""
    own = {name: row[name] for name in _ERROR if name in row and name not in ("node", "node_type")}
    return Called(
        execution_id=row.get("child_execution_id"), workflow_id=row.get("child_workflow_id"),
        error=ErrorRecord(**own, node=row.get("child_node")),
    )  # fmt: skip


class _Known:
    """What the records know of failures: by their problem, and by execution."""

    def __init__(self, records: Records, settings: Settings, since: datetime) -> None:
        self.records, self.settings, self.since = records, settings, since
        self._alike: dict[str, list[Incident]] = {}

    def problem(self, one: Alert, writing: Writing | None = None) -> bool:
        """Whether an incident of the same problem is open, or was over only after this failed; as `writing` sees it."""
        key, client = fingerprint_now(one, self.settings), self.settings.client_of(one.workflow)
        if writing is None and key not in self._alike:
            self._alike[key] = alike(self.records, key, client, self.settings)
        same = alike(writing, key, client, self.settings) if writing else self._alike[key]
        return any((ended := _ended(incident)) is None or one.at <= ended for incident in same)

    def executions(self, connection: Connection, instance: str) -> set[str]:
        """The executions of a server whose alerts came, or that an entry of the timeline names."""
        since, start = self.since.isoformat(), f"n8n:{instance}:"
        sent = select(tables.deliveries.c.id).where(
            tables.deliveries.c.received_at >= since, tables.deliveries.c.id.startswith(start, autoescape=True)
        )
        found = {name.removeprefix(start).rpartition(":")[0] for name in connection.execute(sent).scalars()}
        said = (
            select(tables.events.c.payload, tables.incidents.c.state)
            .join(tables.incidents, tables.incidents.c.number == tables.events.c.number)
            .where(tables.events.c.kind.in_(("opened", "occurred")), tables.events.c.recorded_at >= since)
        )
        for payload, state in connection.execute(said):
            if json.loads(state).get("subject", {}).get("instance") == instance:
                found.add(str((payload.get("subject") or payload).get("execution_id")))
        return found


def _ended(incident: Incident) -> datetime | None:
    return incident.resolved_at or (incident.closed.at if incident.closed else None)


def _take(told: list[Alert], known: _Known, arrivals: Arrivals, now: datetime) -> list[Found]:
    """What became of these failures, those left out that an incident knows at the moment of writing."""
    with known.records.at_once() as writing:
        engines.alone(writing.connection)  # no alert is taken in meanwhile
        alerted = known.executions(writing.connection, str(told[0].instance))
        fresh = [one for one in told if one.execution_id not in alerted and not known.problem(one, writing)]
        outcomes = arrivals.take_in(writing, [_arrival(one, now) for one in fresh]) if fresh else []
        found = []
        for one, outcome in zip(fresh, outcomes, strict=True):
            if not isinstance(outcome, list) or outcome[0].duplicate:
                continue
            said = Found(str(one.instance), one.execution_id, outcome[0].incident, outcome[0].created)
            if said.created:
                _tell(writing.connection, one, str(said.incident), now)
            found.append(said)
    return found


def _arrival(one: Alert, now: datetime) -> Arrival:
    key = found_key(one.instance, str(one.execution_id))
    return Arrival([one], "n8n", one.model_dump_json().encode(), hashlib.sha256(key.encode()).hexdigest(), now, key)


def _tell(connection: Connection, one: Alert, incident: str, now: datetime) -> None:
    why = REASONS.get(one.place, "see whether its workflow has an error workflow")
    text = f"n8n told nobody of execution {one.execution_id}, which failed at {one.at:%Y-%m-%d %H:%M} UTC: {why}."
    number = int(incident.removeprefix("INC-"))
    key = found_key(one.instance, str(one.execution_id))
    outbox.put(connection, key, incident=number, about="silent", text=text, at=now)
