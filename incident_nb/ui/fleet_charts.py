"""The charts of a fleet, each of the part that is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from incident_nb import plots
from incident_nb.desk.folder import kept_record
from incident_nb.diagnose.chosen import FAILED
from incident_nb.diagnose.going_on import standing
from incident_nb.incidents import Event, fold
from incident_nb.incidents.events import corrected
from incident_nb.patterns import Onset
from incident_nb.patterns.versions import versions
from incident_nb.plots.house import place_words
from incident_nb.ui.course import Picture
from incident_nb.ui.fleet_sight import looked
from incident_nb.ui.fleet_words import unseen
from incident_nb.views import View

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

BY_HAND = ("manual", "error", "integrated")  # begun by a person, by a failure, by another workflow
# What a record says was done to a workflow, and how a chart calls it.
DEEDS = {"fixed": "fix", "worked_around": "workaround", "stopped": "stopped", "restored": "put back"}


def causes(fleet: Fleet) -> Picture:
    """Pareto by cause."""
    return Picture(plots.cause_bars(fleet.found.groups))


def groups(fleet: Fleet) -> Picture:
    """Pareto by problem."""
    return Picture(plots.group_bars(fleet.found.groups, title="Failures by problem"))


def heat(fleet: Fleet) -> Picture:
    """Runs that began on their own and are over, by weekday and hour."""
    runs = fleet.found.log.executions
    own = runs[~runs["mode"].isin(BY_HAND) & runs["status"].isin([*FAILED, "success"])]
    return Picture(plots.heat_map(own.assign(failed=own["status"].isin(FAILED))[["at", "failed"]], zone=fleet.zone))


def rates(fleet: Fleet) -> Picture | View:
    """Share of failed runs by workflow, with intervals; a sentence where nobody could look."""
    table, why = looked(fleet, "rates")
    return unseen(why) if table is None else Picture(plots.rate_chart(table))


def onsets(fleet: Fleet) -> Picture:
    """Problems over time, beside new versions and what the case's record says was done."""
    found = fleet.found
    problems = standing(found)
    began = [row if isinstance(row, Onset) else None for row in problems["onset"]]
    table = problems.assign(
        label=[place_words(workflow or "", node or "") for workflow, node in _names(problems, "workflow", "node")],
        note=[
            f"{count:,} × {str(cause or 'not classified').replace('_', ' ')}"
            for count, cause in _names(problems, "count", "cause")
        ],
        at=problems["began"],
        not_before=pd.to_datetime([row.not_before if row else None for row in began], utc=True),
        not_after=pd.to_datetime([row.not_after if row else None for row in began], utc=True),
        open=problems["open"].fillna(False).astype(bool),
    )
    window = found.window
    return Picture(
        plots.onset_chart(table, changes(fleet), since=window.from_ or fleet.now, until=window.to or fleet.now)
    )


def changes(fleet: Fleet) -> pd.DataFrame:
    """What changed: `instance`, `workflow_id`, `at`, `kind` (version, record), `what`."""
    new = versions(fleet.found.log.executions).assign(kind="version", what="new workflow version")
    done = pd.DataFrame([row for _, events in _incidents(fleet) for row in _deeds(events)])
    return pd.concat([new, done], ignore_index=True) if len(done) else new


def _incidents(fleet: Fleet) -> Iterable[tuple[int, list[Event]]]:
    """The events of each incident that the case holds the record of."""
    for number, events in groupby(kept_record(fleet.case), key=attrgetter("number")):
        yield number, list(events)


def _deeds(events: list[Event]) -> Iterable[dict[str, Any]]:
    """What was done to an incident's workflow, as far as it stands: corrections are heeded."""
    incident, stands = fold(events), corrected(events)
    for event in events:
        payload, at = stands[event.seq]
        if event.kind in DEEDS and payload is not None:
            yield {
                "instance": incident.subject.instance, "workflow_id": incident.subject.workflow_id, "at": at,
                "kind": "record", "what": f"{incident.id}: {DEEDS[event.kind]}",
            }  # fmt: skip


def _names(table: pd.DataFrame, *columns: str) -> Iterable[tuple[Any, ...]]:
    """These columns row by row; what is missing is None."""
    plain = table[list(columns)].astype("object")
    yield from plain.where(plain.notna(), None).itertuples(index=False, name=None)
