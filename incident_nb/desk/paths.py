"""What to do about an incident's accepted cause, row by row, with its own names in it (RES-1 to RES-8, CODE-1 to CODE-4,
WA-1 to WA-3). Says what record and case know, and what they don't.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from incident_nb.desk.filled import Names
from incident_nb.desk.known import Known
from incident_nb.desk.request import Request, request_of
from incident_nb.desk.rows import SAYS, Draft
from incident_nb.desk.told import row_words
from incident_nb.incidents.kinds.diagnosing import named
from incident_nb.models import Frozen
from incident_nb.n8n import links
from incident_nb.policy import load
from incident_nb.policy.tables import Item, Policy, Resolution, RootCause
from incident_nb.record import Incident
from incident_nb.settings import Settings

CODE_CAUSES = ("RES-3", "RES-4", "RES-5")  # these are mended by a change of code
NO_CAUSE = "No cause is accepted yet. Accept one in step 2 and its resolution stands here; a workaround needs none."
SHARED = "This incident covers several clients: each of them has an incident with the steps for its own workflow."


class Link(NamedTuple):
    """A page of n8n's editor: what it shows, and its address."""

    label: str
    url: str


class Row(Frozen):
    """One row of the procedure for this incident.

    `asks`: the procedure's own words; `todo`: the same in concrete sentences; `facts`: what case and record know that
    bears on it; `missing`: each blank that is left in braces, and why. `begun`, `done`; `when`: both in words.
    """

    id: str
    label: str
    asks: str
    todo: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    commands: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    begun: bool = False
    done: bool = False
    when: str = ""


class Path(Frozen):
    """The way out of an incident: `note` says what else to know, `links` lead to what failed, `request` is for the client."""

    incident: str
    cause: str | None
    note: str = ""
    links: tuple[Link, ...] = ()
    rows: tuple[Row, ...] = ()
    request: Request | None = None


def items_of(incident: Incident, policy: Policy | None = None) -> tuple[Item, ...]:
    """The rows to tick: the cause's resolutions, a change of code where they ask for one, the workarounds."""
    rules = policy or load()
    found: list[Item] = []
    if cause := incident.cause:
        paths = [row for row in rules.rows_for(cause.cause, cause.detail) if isinstance(row, Resolution)]
        found += [Item(id=row.id, label=row.cause, detail=row.resolution, commands=row.commands) for row in paths]
        if any(row.id in CODE_CAUSES for row in paths):
            found += rules.code_changes
    return (*found, *rules.workarounds)


def path_of(
    incident: Incident, settings: Settings, known: Known | None = None, no_case: str = "", policy: Policy | None = None
) -> Path:
    """What to do about the cause of an incident. `known`: what its case holds; where there is none, `no_case` says why."""
    rules = policy or load()
    names = Names(incident, settings, known, no_case)
    places = _links(names)
    rows = tuple(_row(item, names, known, places) for item in items_of(incident, rules))
    cause = named(incident.cause.cause, incident.cause.detail) if incident.cause else None
    return Path(
        incident=incident.id, cause=cause, note=_note(incident, rules, any(row.id.startswith("RES") for row in rows)),
        links=tuple(places.values()), rows=rows, request=request_of(incident, settings, names),
    )  # fmt: skip


def _row(item: Item, names: Names, known: Known | None, places: dict[str, Link]) -> Row:
    draft = Draft(names, known)
    asks = draft.fill(item.detail)
    draft.commands += [draft.typed(command) for command in item.commands if command != "modal deploy"]
    SAYS[item.id](draft)
    incident = names.incident
    tick = incident.ticks.get(item.id)
    lacks = [
        *draft.lacks,
        *(f"{{{word}}}: {why}" for word, why in draft.missing.items()),
        *_no_links(draft.places, places, names),
    ]
    return Row(
        id=item.id, label=item.label, asks=asks, todo=tuple(draft.todo), facts=tuple(draft.facts),
        links=tuple(places[name] for name in draft.places if name in places), commands=tuple(dict.fromkeys(draft.commands)),
        missing=tuple(lacks), begun=item.id in incident.begun, done=bool(tick and tick.done),
        when=row_words(item.id, incident),
    )  # fmt: skip


def _no_links(wanted: list[str], places: dict[str, Link], names: Names) -> Iterable[str]:
    """Why there is no link where one should be."""
    if lack := [name for name in wanted if name not in places]:
        if not names.settings.n8n:
            yield "no links into n8n: no server is configured ([n8n.NAME])"
        elif links.server_url(names.settings, names.incident.subject.instance) is None:
            yield "no links into n8n: the incident does not say on which of the configured servers it is"
        else:
            yield f"no link to the {' and the '.join(lack)}: the id is not on record"


def _links(names: Names) -> dict[str, Link]:
    """The pages of n8n's editor that an incident is about, as far as it names them."""
    about = names.incident.subject
    server = links.server_url(names.settings, about.instance)
    found = {
        "workflow": ("workflow", names.prose["workflow"], links.workflow(server, about.workflow_id)),
        "execution": ("execution", about.execution_id, links.execution(server, about.workflow_id, about.execution_id)),
        "credential": ("credential", names.prose["credential"], links.credential(server, names.credential_id)),
    }
    return {key: Link(f"{kind} {name}", url) for key, (kind, name, url) in found.items() if url}


def _note(incident: Incident, policy: Policy, has_rows: bool) -> str:
    """What to know before the rows."""
    if incident.subject.shared:
        return SHARED
    cause = incident.cause
    if cause is None:
        return NO_CAUSE
    if has_rows:
        return ""
    steps = [row for row in policy.rows_for(cause.cause, cause.detail) if isinstance(row, RootCause)]
    told = "; ".join(f"{row.diagnostic_step} ({row.id})" for row in steps)
    none = f"The procedure has no row of step 3 for this cause ({named(cause.cause, cause.detail)})."
    return f"{none} What it asks: {told}." if told else f"{none} Find a cause first, or work around it."
