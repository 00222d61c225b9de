"""Later runs of a workflow that was mended, looked at and put on record: is it really fixed (VER-1 to VER-5)?

A look reads the server once, judges what ran since the fix, and writes down what counts: good runs up to the most that the
procedure asks for, and the newest of failing ones. Everything is checked again in the commit that writes it, so that any
number of looks may be made, by several at once. What does not count is remembered beside the record, and is not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import ValidationError

from incident_nb import live
from incident_nb.actions.false_green import Before, given
from incident_nb.actions.runs_after import Run, Seen, good_before, judge, runs_since, with_data
from incident_nb.actions.runs_recorded import BY, asked_for, last_failed, put, say_reopened, window
from incident_nb.actions.target import BUDGET_S
from incident_nb.desk import Desk
from incident_nb.desk.arrivals import Owe
from incident_nb.desk.folder import sources_of
from incident_nb.errors import IncidentNbError, UnreachableError, UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.incidents import Records
from incident_nb.incidents.events import corrected
from incident_nb.incidents.kinds.mending import RunWatched, Ticked
from incident_nb.incidents.payload import Payload
from incident_nb.models import Frozen
from incident_nb.n8n import N8n, lasting
from incident_nb.policy import Policy
from incident_nb.record import Incident
from incident_nb.settings import Settings
from incident_nb.watch.memory import remembered
from incident_nb.watch.servers import Read, read

GRACE = timedelta(minutes=15)  # for which a look at what was resolved may be late
MOST_ASKED = 5  # executions of one look whose data is asked for
MOST_BEFORE = 2  # good runs from before that are asked what the node gave then
MOST_KEPT = 2_000  # runs whose data says that they do not count, remembered of one incident

Ask = Callable[[str], dict[str, Any] | None]


class Watching(Frozen):
    """What a look saw: the runs since the fix in the order in which they ended, and until when (UTC) none of them lacks.

    `why`: what keeps the look from being complete. `recorded` are the executions that it put on record; `relapse` is a run
    among them that failed, `reopened` that the incident was resolved and is open again for it.
    """

    number: int
    instance: str | None = None
    runs: tuple[Seen, ...] = ()
    until: datetime | None = None
    why: str = ""
    recorded: tuple[str, ...] = ()
    relapse: Seen | None = None
    reopened: bool = False


class _Source(NamedTuple):
    """Where an incident's runs are read from: a log, and how to ask for the data of one run (None: it can't be asked for)."""

    instance: str | None
    log: ExecutionLog
    ask: Ask | None
    until: datetime | None
    why: str


def look(
    desk: Desk, number: int, *, server: str | None = None, sources: Sequence[str] = ()
) -> tuple[Watching, ExecutionLog]:
    """What ran since the fix of an incident, brought on record, and the log that says so.

    Its server is asked, else `server`; or exports (`sources`), by whose log alone runs are judged. Raises UsageError where
    there is nothing to watch, UnreachableError or UsageError where nothing can be read.
    """
    incident = desk.records.get(number)
    _may_watch(incident, desk.clock(), desk.policy)
    if sources:
        from incident_nb.case import read_case

        log = read_case(list(sources), desk.settings, desk.clock()).log
        return _looked(desk, incident, _Source(None, log, None, None, ""), {}, say_reopened), log
    with (
        remembered(desk.settings, "verify") as memory,
        _server(incident, desk.settings, server, desk.clock()) as source,
    ):
        return _looked(desk, incident, source, memory if memory is not None else {}, say_reopened), source.log


def look_all(records: Records, settings: Settings, now: datetime, owe: Owe | None = None) -> list[Watching]:
    """The same for all incidents that are fixed and not resolved, or were resolved within the hour of VER-5.

    Each server is read once. `owe` is told of an incident that is open again; else the outbox is. An incident that can't be
    looked at is answered with the reason. Raises UnreachableError where the records can't be used.
    """
    desk = Desk(records, settings, by=BY, clock=lambda: now.astimezone(UTC))
    watched = [one for one in records.incidents(closed=False) if _is_watched(one, desk.clock(), desk.policy)]
    named = [(name, one) for one in watched if one.subject.workflow_id and (name := _name(one, settings))]
    if not named:
        return []
    told: list[Watching] = []
    with remembered(settings, "verify") as memory:
        if memory is None:
            return []
        for name in memory.keys() - {one.id for _, one in named}:
            del memory[name]
        for name, some in groupby(sorted(named, key=lambda row: (row[0], row[1].number)), key=lambda row: row[0]):
            told += _of_server(desk, name, [one for _, one in some], memory, owe or say_reopened)
    return told


def _of_server(
    desk: Desk, name: str, incidents: list[Incident], memory: dict[str, Any], owe: Owe
) -> Iterator[Watching]:
    try:
        with _server(incidents[0], desk.settings, name, desk.clock()) as source:
            for one in incidents:
                try:
                    yield _looked(desk, one, source, memory, owe)
                except (UsageError, UnreachableError) as error:  # the others can be looked at
                    yield Watching(number=one.number, instance=name, why=str(error))
    except (UsageError, UnreachableError) as error:
        yield Watching(number=incidents[0].number, instance=name, why=str(error))


def _is_watched(incident: Incident, now: datetime, policy: Policy) -> bool:
    if incident.resolved_at is not None:
        return incident.fixed is not None and now - incident.resolved_at <= window(policy) + GRACE
    return incident.fixed is not None and not incident.closed


def _may_watch(incident: Incident, now: datetime, policy: Policy) -> None:
    """Raises UsageError, saying what to do, where no later runs of this incident can be looked at."""
    name = incident.id
    if incident.subject.shared:
        raise UsageError(f"{name} covers several incidents and has no runs of its own. Verify those that it covers.")
    if incident.closed:
        raise UsageError(f"{name} was closed by {incident.closed.by}. Reopen it first.")
    if incident.fixed is None:
        raise UsageError(
            f'{name}: no fix is in place yet. Put it on record first: incident-nb incidents fix {name} "what was changed".'
        )
    if not incident.subject.workflow_id:
        raise UsageError(
            f"{name} does not say which workflow failed. Tell its runs by hand, in the notebook's section 4."
        )
    if not _is_watched(incident, now, policy):
        minutes = window(policy) // timedelta(minutes=1)
        raise UsageError(f"{name} was resolved more than {minutes} minutes ago: what fails now is a new incident.")


def _name(incident: Incident, settings: Settings) -> str | None:
    """The server of an incident; None where no single one is configured for it."""
    names = [name for source in sources_of(incident, settings) for name in live.named(source, settings)]
    return names[0] if len(names) == 1 else None


@contextmanager
def _server(incident: Incident, settings: Settings, name: str | None, now: datetime) -> Iterator[_Source]:
    """A server's log as of now, and how to ask it for one execution."""
    if name is None and (name := _name(incident, settings)) is None:
        live.named(live.WORD, settings)  # says how to configure one
        there = ", ".join(settings.n8n)
        raise UsageError(
            f"{incident.id} does not say on which n8n server it is. Name it with --server; configured: {there}."
        )
    live.named(f"{live.WORD}:{name}", settings)
    known: Read = read(name, settings, now)
    with live.session(settings, BUDGET_S) as session:

        @cache
        def ask(execution_id: str) -> dict[str, Any] | None:
            try:
                return N8n(name, settings.n8n[name].url, session).plain_execution(execution_id)
            except UnreachableError as error:
                if lasting(error) is None:
                    raise
                return None

        yield _Source(name, known.log, ask, known.until, known.why)


def _looked(desk: Desk, incident: Incident, source: _Source, memory: dict[str, Any], owe: Owe) -> Watching:
    fixed = incident.fixed
    assert fixed is not None  # noqa: S101 - asked by the callers
    kept = memory.get(incident.id)
    if not isinstance(kept, dict) or kept.get("fixed") != fixed.at.isoformat():
        kept = {"fixed": fixed.at.isoformat(), "runs": {}}
    runs = runs_since(source.log, source.instance, str(incident.subject.workflow_id), fixed.at)
    seen, why = _judged(desk, incident, runs, source, kept["runs"])
    memory[incident.id] = {**kept, "runs": dict([*kept["runs"].items()][-MOST_KEPT:])}
    done = put(desk, incident, seen, owe)
    return Watching(
        number=incident.number, instance=source.instance, runs=tuple(seen), until=source.until, why=why or source.why,
        recorded=done.recorded, relapse=done.relapse, reopened=done.reopened,
    )  # fmt: skip


def _judged(
    desk: Desk, incident: Incident, runs: list[Run], source: _Source, kept: dict[str, Any]
) -> tuple[list[Seen], str]:
    """All these runs as they are judged: by the record, by what is remembered, else anew; and why some could not be."""
    events = desk.records.events(incident.number)
    stands = corrected(events)
    told = {one.payload["execution_id"]: stands[one.seq].payload for one in events if one.kind == RunWatched.kind}
    ticked = [one.payload for one in events if one.kind == Ticked.kind and one.payload["row"] == "VER-1"]
    sent = {name for one in ticked for name in (one.get("execution_id"), *one.get("among", ()))}
    node, failed_at = incident.subject.node, last_failed(incident.watched, runs)
    found: list[Seen] = []
    asked, left, why, good = 0, 0, "", incident.watched.good
    full = asked_for(desk.policy)[1]

    @cache
    def before() -> Before | None:
        names = good_before(
            source.log, source.instance, str(incident.subject.workflow_id), str(node), incident.detected_at
        )
        looked = [source.ask(name) for name in names[:MOST_BEFORE]] if source.ask else []
        gave = [given(execution, str(node)) for execution in looked if execution is not None]
        return max(filter(None, gave), key=lambda one: one.items, default=None)

    for run in runs:
        if run.execution_id in told:
            found.append(_told(run, told[run.execution_id]))
            continue
        if known := _remembered(kept.get(run.execution_id)):
            found.append(known)
            continue
        one = judge(run, node, trial=run.execution_id in sent)
        if one.judged == "good" and failed_at and one.at <= failed_at:
            one = one.model_copy(update={"judged": "not_counted", "text": "ended before a run that failed"})
        elif one.judged == "good" and good >= full and not one.by_hand:
            one = one.model_copy(update={"judged": "not_counted", "text": f"went well; {full} good runs are enough"})
        elif one.judged == "good" and one.by_hand and incident.watched.by_hand:
            one = one.model_copy(update={"judged": "not_counted", "text": "went well; one run by hand is enough"})
        elif one.judged == "good":
            if left or asked >= MOST_ASKED:  # it waits; what failed after it does not
                left += 1
                continue
            try:
                data = source.ask(run.execution_id) if source.ask and node else None
                one = with_data(one, data, node, before)
                if one.judged == "not_counted":
                    kept[run.execution_id] = one.model_dump(mode="json")
            except IncidentNbError as error:
                left, why = 1, f"execution {run.execution_id} could not be looked at: {error}"
                continue
            asked += 1
        good = 0 if one.judged == "bad" else good + (one.judged == "good" and not one.by_hand)
        found.append(one)
    if left and not why:
        why = f"{left} runs more are to be looked at: {MOST_ASKED} at a time"
    return found, why


def _told(run: Run, payload: Payload | None) -> Seen:
    """A run as the record has it; where a person took it back there, it counts for nothing."""
    if not isinstance(payload, RunWatched):
        text = "was taken back in the record"
        return Seen(
            execution_id=run.execution_id, at=run.ended, began=run.began, mode=run.mode, judged="not_counted", text=text
        )
    text = payload.text or ("went well" if payload.good else "failed")
    return Seen(
        execution_id=run.execution_id, at=run.ended, began=run.began, mode=run.mode,
        judged="good" if payload.good else "bad", text=text, by_hand=payload.by_hand,
    )  # fmt: skip


def _remembered(kept: Any) -> Seen | None:
    try:
        return Seen.model_validate(kept) if kept else None
    except ValidationError:
        return None
