"""The plan of what would be retried: each affected execution looked at on the server, judged, and what was in it counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from incident_nb.actions.affected import Extent
from incident_nb.actions.contents import things_at
from incident_nb.actions.decided import Decided
from incident_nb.actions.harm import Counted
from incident_nb.actions.missed import missed
from incident_nb.actions.replays import Choice, Plan, judged
from incident_nb.actions.sight import Sight
from incident_nb.actions.verdict import Verdict
from incident_nb.errors import UsageError
from incident_nb.n8n import N8n
from incident_nb.record import Incident

MOST = 10_000  # executions of one plan, the oldest first; those beyond are told

Progress = Callable[[int, int], None]


def plan(
    server: N8n, found: Extent, incident: Incident, now: datetime, choice: Choice | None = None, *, lacks: str = "",
    on_progress: Progress = lambda *_: None,
) -> Plan:  # fmt: skip
    """What is to be retried of what was affected, as the server is now. `now` in any zone.

    Raises UnreachableError where the server can't be asked, UsageError for an execution that was named and is none of it.
    """
    wanted = choice or Choice()
    mine = found.executions[:MOST]
    known = {one.execution_id for one in mine}
    if wrong := [name for name in wanted.executions if name not in known]:
        raise UsageError(f"Execution {wrong[0]} is none of those that {incident.id} affected on {found.instance}.")
    sight = Sight(server, found.since)
    verdicts: dict[str, Verdict] = {}
    harm = Counted()
    for number, one in enumerate(mine):
        on_progress(number, len(mine))
        execution, name = sight.execution(one.execution_id), one.execution_id
        verdicts[name] = judged(name, one.workflow_id, sight)
        harm.add(one, verdicts[name].wrote, execution and things_at(execution, verdicts[name].node or one.node or ""))
        sight.forget(name)
    rows = Decided(mine, found.instance, incident, sight, now, wanted, verdicts)
    return Plan(
        number=incident.number, instance=found.instance, since=found.since, fixed=incident.fixed is not None,
        rows=tuple(map(rows.row, mine)), harm=harm.told(found), left_out=len(found.executions) - len(mine), lacks=lacks,
        missed=tuple(missed(incident, found.instance, sight)), others=found.others,
    )  # fmt: skip
