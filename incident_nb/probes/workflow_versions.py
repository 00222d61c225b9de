"""How a workflow changed: the versions that n8n keeps of it, when each was saved, and what it changed.

n8n 2.x lists them. 1.x gives a version when asked for its id, and ids stand in the workflow and in what an execution
keeps of it. Without a licence for more, n8n deletes versions after 24 hours, but never the current and the active one
(DEFAULT_WORKFLOW_HISTORY_PRUNE_LIMIT in @n8n/constants; workflow-history.repository.js). The workflow's own `updatedAt`
is of no use: it moves when a schedule is re-activated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.probes.moments import AT_ONCE, time_of
from incident_nb.probes.target import CouldNotLookError, Target, Tools, running_nodes
from incident_nb.readers.collect import gated

Nodes = dict[str, dict[str, Any]]
MOST_COMPARED = 6
MOST_NAMED = 4
DEEPEST = 8
SHOWN = 60


class Version(NamedTuple):
    """A version, when it was saved (UTC), and what it changed: of the failing node (in words), and which other nodes.

    Both None where it, or the version before it, is not known. `first`: the workflow was made with it. `ran`: False if the
    failing run had an older one.
    """

    at: datetime
    here: tuple[str, ...] | None
    others: tuple[str, ...] | None
    first: bool = False
    ran: bool = True


class History(NamedTuple):
    """The versions saved in a stretch of time, newest first. `whole`: there were no others in it.

    `published`: when the active version went live, as 2.x tells. `now`: how the live definition differs from what the
    newest failing run ran: of its node, and which other nodes; None where one of the two is not known.
    """

    saved: tuple[Version, ...]
    whole: bool
    published: datetime | None
    now: tuple[tuple[str, ...], tuple[str, ...]] | None


def history(target: Target, tools: Tools, since: datetime, until: datetime) -> History:
    """How the target's workflow changed in that time, as n8n tells. Raises IncidentNbError where it does not."""
    if target.workflow_id is None:
        raise CouldNotLookError("No workflow is known whose versions could be asked for.")
    flow = tools.workflow(target.workflow_id)
    if flow is None:
        raise CouldNotLookError("The workflow is not on the server any more, or the key may not see it.")
    listed = tools.server().history(target.workflow_id)
    rows = listed if listed is not None else _named(flow, target, tools)
    stamps = sorted(
        ((at, str(row.get("versionId"))) for row in rows if (at := time_of(row.get("createdAt")))), reverse=True
    )
    known = _Nodes(flow, target.workflow_id, tools)
    ran = next((at for at, version in stamps if version == _version_of(target.execution_id, tools)), None)
    made = time_of(flow.get("createdAt"))
    saved: list[Version] = []
    for place, (at, version) in enumerate(stamps):
        if since <= at <= until:
            first = place == len(stamps) - 1 and made is not None and abs(at - made) <= AT_ONCE
            here = others = None
            if not first and len(saved) < MOST_COMPARED and (before := _before(place, stamps, known, target)):
                by_run = place + 1 == len(stamps)
                if after := known(version):  # one that can't be had says nothing of its nodes
                    here, others = compare(before, after, target.node, run=by_run)
            saved.append(Version(at, here, others, first, ran is None or at <= ran))
    live = kept(running_nodes(flow))
    return History(
        tuple(saved), _whole(stamps, since, flow, made, listed is not None), _published(flow),
        compare(target.nodes, live, target.node, run=True) if target.nodes and live else None,
    )  # fmt: skip


def kept(nodes: list[Any]) -> Nodes:
    """Raw nodes as the execution log keeps them."""
    return gated({str(node.get("name")): node for node in nodes if isinstance(node, dict)})


def compare(
    before: Nodes, after: Nodes, node: str | None, *, run: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What differs between two states of a workflow: of this node, in words; and the names of other nodes.

    `run`: that one of the two is what a run kept and the other is a stored version. n8n fills in the defaults of all
    parameters for a run, so one that only the run has is no change.
    """
    here: list[str] = []
    if node is not None and (node in before) != (node in after):
        here = ["was added" if node in after else "was removed or renamed"]
    elif node in before and node in after:
        here = list(_differences(before[node], after[node], run))
    here = here[:MOST_NAMED] + ([f"{len(here) - MOST_NAMED} more"] if len(here) > MOST_NAMED else [])
    both = sorted({*before, *after} - {node or ""})
    others = [
        name
        for name in both
        if name not in before or name not in after or any(_differences(before[name], after[name], run))
    ]
    return tuple(here), tuple(others)


class _Nodes:
    """The nodes of a version by its id, each asked for once; empty where n8n does not keep it."""

    def __init__(self, flow: Any, workflow_id: str, tools: Tools) -> None:
        self._ask: Callable[[str], Any] = lambda version: tools.server().version(workflow_id, version)
        self._known = {str(one.get("versionId")): kept(_nodes(one)) for one in (flow, flow.get("activeVersion")) if one}

    def __call__(self, version: str) -> Nodes:
        if version not in self._known:
            self._known[version] = kept(_nodes(self._ask(version)))
        return self._known[version]


def _before(place: int, stamps: list[tuple[datetime, str]], known: _Nodes, target: Target) -> Nodes:
    """The nodes before a version was saved: of the version before it, or else as the last good run before it ran."""
    if place + 1 < len(stamps):
        return known(stamps[place + 1][1])
    good = target.onset_not_before
    return target.good_nodes if good is not None and good < stamps[place][0] else {}


def _named(flow: Any, target: Target, tools: Tools) -> Iterator[Any]:
    """The versions of n8n 1.x whose ids we know: the current and the active one, and those that two runs had."""
    active = flow.get("activeVersion") or {}
    if active:
        yield active
    seen = {str(active.get("versionId"))}
    runs = (_version_of(run, tools) for run in (target.execution_id, target.good_execution_id))
    for version in (flow.get("versionId"), *runs):
        if version and str(version) not in seen:
            seen.add(str(version))
            if found := tools.server().version(str(flow.get("id")), str(version)):
                yield found


def _version_of(execution_id: str | None, tools: Tools) -> str | None:
    """The id of the version that an execution ran, where it tells."""
    if execution_id is None:
        return None
    with suppress(IncidentNbError):
        run = tools.execution(execution_id) or {}
        version = run.get("workflowVersionId") or (run.get("workflowData") or {}).get("activeVersionId")
        return str(version) if version else None
    return None


def _whole(stamps: list[tuple[datetime, str]], since: datetime, flow: Any, made: datetime | None, listed: bool) -> bool:
    """Whether no version of that time can have been deleted since."""
    if not stamps:
        return False
    if stamps[0][0] < since:
        return True  # the newest is older
    if not listed:
        return False
    if made is not None and abs(stamps[-1][0] - made) <= AT_ONCE and made >= since:
        return True
    lasting = {str(flow.get("versionId")), str(flow.get("activeVersionId"))}
    return any(at < since and version not in lasting for at, version in stamps)


def _published(flow: Any) -> datetime | None:
    """When the active version first went live; re-activating it is a later event of the same version."""
    events = (flow.get("activeVersion") or {}).get("workflowPublishHistory") or ()
    times = [time_of(event.get("createdAt")) for event in events if event.get("event") == "activated"]
    return min((at for at in times if at), default=None)


def _nodes(holder: Any) -> list[Any]:
    nodes = holder.get("nodes") if isinstance(holder, dict) else None
    return nodes if isinstance(nodes, list) else []


def _differences(before: dict[str, Any], after: dict[str, Any], run: bool) -> Iterator[str]:
    for path, old, new in _leaves(before.get("parameters"), after.get("parameters"), ""):
        if run and (old is None or new is None):
            continue
        yield f"parameter {path or 'set'} from {_told(old, new)} to {_told(new, old)}"
    old, new = _selected(before), _selected(after)
    if old != new:
        yield f"credential from {_told(old, new)} to {_told(new, old)}"
    for key in ("type", "type_version", "disabled", "on_error", "retry"):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield f"{key.replace('_', ' ')} from {_told(old, new)} to {_told(new, old)}"


def _selected(node: dict[str, Any]) -> str | None:
    """The names of a node's credentials; a rename alone is no other credential, but is told apart by its words."""
    signed = node.get("credentials")
    entries = [one for one in signed.values() if isinstance(one, dict)] if isinstance(signed, dict) else []
    return ", ".join(f"{one.get('name')} ({one.get('id')})" for one in entries) or None


def _leaves(old: Any, new: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """The places at which two parameters differ, as deep as they are alike."""
    if old == new:
        return
    if depth < DEEPEST and isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}, key=str):
            yield from _leaves(old.get(key), new.get(key), f"{path}.{key}" if path else str(key), depth + 1)
    elif depth < DEEPEST and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(one, two, f"{path}[{place}]", depth + 1)
    else:
        yield path, old, new


def _told(value: Any, other: Any) -> str:
    """A value in at most 60 signs, from a little before the place where it differs from the other."""
    if value is None:
        return "nothing"
    text, beside = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in (value, other))
    same = next((place for place, (a, b) in enumerate(zip(text, beside, strict=False)) if a != b), len(beside))
    start = max(0, min(same, len(text)) - 15) if len(text) > SHOWN else 0
    cut = text[start : start + SHOWN]
    return f"“{'…' if start else ''}{' '.join(cut.split())}{'…' if start + SHOWN < len(text) else ''}”"
