"""What a review is made from, kept in a folder, so that it can be made again from that alone; and the bundled sample.

case/case.json, *.parquet   the execution log of the client, from as long before the period as it lasts
case/incidents.jsonl        the incidents that concern it, one a line
case/rounds.jsonl           those of them that came back, as they were at each reopening, one a line, oldest first
case/review.json            whose review it is and of when; written last
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from incident_nb import case as cases
from incident_nb.case import Case, open_case
from incident_nb.diagnose import within
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.files import write_atomic
from incident_nb.incidents import Event
from incident_nb.incidents.events import fold
from incident_nb.logfile import nothing
from incident_nb.models import Severity, Window
from incident_nb.patterns import window
from incident_nb.record import Incident
from incident_nb.redact import sealed
from incident_nb.resources import sample
from incident_nb.review.count import concerning, nameless, review
from incident_nb.review.model import Review
from incident_nb.review.period import Period, chosen_period
from incident_nb.review.rates import earliest
from incident_nb.review.sla import earlier
from incident_nb.settings import Client, Settings

ABOUT, INCIDENTS, ROUNDS = "review.json", "incidents.jsonl", "rounds.jsonl"
SCHEMA = 2

History = Callable[[int], Iterable[Event]]
"""The events of an incident, by its number."""

SAMPLE_CLIENT = "CMPS"
SAMPLE_INCIDENTS = "incidents.events"
SAMPLE_SETTINGS = Settings(
    clients={
        "CMPS": Client(name="Compass Freight", time_zone="Europe/Berlin", hours="08:00-18:00"),
        "DLTA": Client(name="Delta Meters"),
    }
)
SAMPLE_PERIOD = chosen_period(
    datetime(2026, 10, 16, 15, tzinfo=UTC), datetime(2026, 11, 13, 16, tzinfo=UTC), "Europe/Berlin"
)
"""Four weeks, of which the bundled log holds the last one: what a server that prunes leaves of them."""


@dataclass(frozen=True)
class Material:
    """What a review is made from: incidents and executions of one client, or near it, and what the log covers (`seen`).

    `rounds`: the incidents that came back, as they were at each reopening, by number. Where there was no log, `no_runs` says
    why, and the case's is empty. `others` are codes and names of all other clients, which no text for this one may hold.
    """

    case: Case
    client: str
    period: Period
    incidents: tuple[Incident, ...]
    rounds: Mapping[int, tuple[Incident, ...]] = field(default_factory=dict)
    seen: Window | None = None
    no_runs: str = ""
    others: tuple[str, ...] = ()

    def review(self, *, told: bool = False) -> Review:
        """The review that it makes; `told`: of what the client is told of, which no P4 is (NOT-P4)."""
        log = None if self.no_runs else self.case.log
        chosen = [one for one in self.incidents if not told or one.severity is not Severity.P4]
        return review(
            chosen, log, self.case.settings, self.client, self.period, self.case.now, rounds=self.rounds,
            seen=self.seen, no_runs=self.no_runs,
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        """Writes it into the folder (0700, files 0600). Raises OutputError."""
        self.case.save(folder)
        ended = [was for rounds in self.rounds.values() for was in rounds]
        for name, rows in ((INCIDENTS, self.incidents), (ROUNDS, ended)):
            lines = "".join(one.model_dump_json() + "\n" for one in rows)
            write_atomic(folder / name, sealed(name, lines))
        about = {
            "schema": SCHEMA,
            "client": self.client,
            "period": self.period.model_dump(mode="json"),
            "seen": self.seen.model_dump(mode="json") if self.seen else None,
            "no_runs": self.no_runs,
            "others": self.others,
        }
        write_atomic(folder / ABOUT, sealed(ABOUT, json.dumps(about, indent=1, ensure_ascii=False) + "\n"))


def material(
    incidents: Iterable[Incident], log: ExecutionLog | None, settings: Settings, client: str, period: Period,
    now: datetime, *, events: History = lambda _: (), no_runs: str = "no execution log was read",
) -> Material:  # fmt: skip
    """What the review of a client and a period is made from: of all that is known only what concerns it.

    `events` tell how those were that came back, before they did: without them their last round alone is judged.
    """
    everybody = list(incidents)
    known = concerning(everybody, client, period.until)
    rounds = {
        one.number: tuple(
            nameless(was.model_copy(update={"subject": one.subject})) for was in earlier(events(one.number))
        )
        for one in known
        if one.reopened
    }
    mine = _of_one(within(log, earliest(period), period.until, client)) if log is not None else nothing()
    return Material(
        case=Case(mine, now, settings, client=client, unattended=True, offline=True),
        client=client, period=period, incidents=known,
        rounds=rounds,
        seen=window(log) if log is not None else None, no_runs="" if log is not None else no_runs,
        others=_others(client, everybody, log, settings),
    )  # fmt: skip


def _of_one(log: ExecutionLog) -> ExecutionLog:
    """A part of a log without what was in the rest: workflows' snapshots, and the categories of columns."""
    executions, failures = (
        table.assign(
            **{name: column.cat.remove_unused_categories() for name, column in table.select_dtypes("category").items()}
        )
        for table in (log.executions, log.failures)
    )
    return replace(log, executions=executions, failures=failures, snapshots={})


def _others(
    client: str, incidents: Iterable[Incident], log: ExecutionLog | None, settings: Settings
) -> tuple[str, ...]:
    """The codes of all clients but one that anybody knows of, and their names."""
    codes = {*settings.clients, *(one.client for one in incidents if one.client)}
    if log is not None:
        codes |= {str(code) for code in log.executions["client"].dropna().unique()}
    codes.discard(client)
    return tuple(sorted(codes | {one.name for code, one in settings.clients.items() if code in codes and one.name}))


def open_review(name: str = cases.SAMPLE) -> Review:
    """The review of the case in the folder `name`, or of the bundled sample for `"sample"`.

    Raises UsageError when there is none.
    """
    return open_material(name).review()


def open_material(name: str) -> Material:
    """What the review in the folder `name` is made from, or the bundled sample. Raises UsageError when there is none."""
    if name == cases.SAMPLE:
        return sample_material()
    case = open_case(name)
    folder = case.folder or Path(name)
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["schema"] != SCHEMA:
            raise ValueError(f"its form is {about['schema']}, and this version reads form {SCHEMA}")
        rounds: dict[int, tuple[Incident, ...]] = {}
        for was in _incidents(folder / ROUNDS):
            rounds[was.number] = (*rounds.get(was.number, ()), was)
        return Material(
            case=case, client=str(about["client"]), period=Period.model_validate(about["period"]),
            incidents=_incidents(folder / INCIDENTS), rounds=rounds,
            seen=Window.model_validate(about["seen"]) if about["seen"] else None, no_runs=str(about["no_runs"]),
            others=tuple(map(str, about["others"])),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise UsageError(
            f"The case in {folder} is no review's: {Path(str(error.filename)).name} is missing. "
            "Make one with `incident-nb review`, or take `sample`, the built-in one."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The review in {folder} cannot be read: {error}. Make it again.") from error


def _incidents(path: Path) -> tuple[Incident, ...]:
    lines = path.read_bytes().split(b"\n")  # a text may hold other ends of lines
    return tuple(Incident.model_validate_json(line) for line in lines if line)


def sample_material(client: str = SAMPLE_CLIENT, period: Period = SAMPLE_PERIOD) -> Material:
    """The bundled sample: made-up incidents and the bundled executions of a made-up agency, seen from a fixed instant."""
    return material(
        sample_incidents(), cases.sample_case().log, SAMPLE_SETTINGS, client, period, cases.SAMPLE_NOW,
        events=sample_events,
    )  # fmt: skip


def sample_incidents() -> list[Incident]:
    """The bundled incidents, of several clients; made by `tests/make_incidents.py`."""
    return [fold(rows) for rows in _sample().values()]


def sample_events(number: int) -> list[Event]:
    """The events of a bundled incident."""
    return _sample()[number]


def _sample() -> dict[int, list[Event]]:
    events: dict[int, list[Event]] = {}
    for line in (sample() / SAMPLE_INCIDENTS).read_bytes().splitlines():
        event = Event.model_validate_json(line)
        events.setdefault(event.number, []).append(event)
    return events
