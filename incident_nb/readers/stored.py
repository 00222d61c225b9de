"""What is asked of n8n's own tables, in words that SQLite and PostgreSQL both understand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from incident_nb.readers.rows import Row, WorkflowRow, text_or_none


class Answer(Protocol):
    """The rows that a query gives, and in `description` its columns, the name of each first."""

    @property
    def description(self) -> Sequence[Any] | None: ...
    def __iter__(self) -> Iterator[Any]: ...


Ask = Callable[[str], Answer]
"""Runs a query."""
Range = tuple[int | None, int | None]
"""The first and the last id of a range, both within it; None where it has no such end."""
OPTIONAL = ("tag_entity", "workflows_tags", "project", "shared_workflow")
"""Tables that only add to what workflows are called; the older n8n is, the fewer there are."""


class Bounds(NamedTuple):
    """Which executions of a source are wanted: those whose first known time lies in `since` to `until` (zone-aware, both
    included; one without any time is always wanted), and whose id lies in `ids`."""

    since: datetime | None = None
    until: datetime | None = None
    ids: Range | None = None

    def holds(self, row: Row) -> bool:
        """Whether a row is wanted, by its times alone: what a file holds is read whole."""
        at = row.started_at or row.stopped_at
        if at is None or (self.since is None and self.until is None):
            return True
        text = at.replace("T", " ").removesuffix("Z")
        return (self.since is None or text >= _text(self.since)) and (self.until is None or text <= _text(self.until))

    def where(self, present: Collection[str]) -> str:
        """The condition on the executions table `e` with the columns `present`, as SQL; n8n's deleted rows are left out."""
        parts = ['e."deletedAt" IS NULL'] if "deletedAt" in present else []
        low, high = self.ids or (None, None)
        parts += [f"e.id {sign} {end:d}" for sign, end in ((">=", low), ("<=", high)) if end is not None]
        times = [f'e."{name}"' for name in ("startedAt", "stoppedAt") if name in present]
        at = f"COALESCE({', '.join(times)})" if len(times) > 1 else "".join(times)
        bounds = [f"{at} {sign} '{_text(time)}'" for sign, time in ((">=", self.since), ("<=", self.until)) if time]
        if at and bounds:
            parts.append(f"({at} IS NULL OR ({' AND '.join(bounds)}))")
        return f" WHERE {' AND '.join(parts)}" if parts else ""


EVERYTHING = Bounds()


def _text(at: datetime) -> str:
    """An instant as n8n's databases write it."""
    return at.astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


def ranges(starts: Iterable[int]) -> list[Range]:
    """The ids cut before each of `starts`; the first has no lower and the last no upper end, so that none is missed that
    n8n writes meanwhile."""
    return [(low, high and high - 1) for low, high in pairwise([None, *starts, None])]


def workflow_rows(ask: Ask, table: Callable[[str], str], tables: Collection[str]) -> Iterator[WorkflowRow]:
    """All workflows with their tags and projects, as far as there are `tables` for these; `table` is one's name in SQL.

    A copy that somebody made may lack the column that says whether a workflow is active.
    """
    tags: dict[str, list[str]] = {}
    if {"tag_entity", "workflows_tags"} <= set(tables):
        query = (
            f'SELECT w."workflowId", t.name FROM {table("workflows_tags")} w JOIN {table("tag_entity")} t'  # noqa: S608
            ' ON t.id = w."tagId" ORDER BY t.name'
        )
        for workflow, tag in ask(query):
            tags.setdefault(str(workflow), []).append(tag)
    projects: dict[str, str] = {}
    if {"project", "shared_workflow"} <= set(tables):
        query = (
            f'SELECT s."workflowId", p.name FROM {table("shared_workflow")} s JOIN {table("project")} p'  # noqa: S608
            " ON p.id = s.\"projectId\" WHERE s.role = 'workflow:owner'"
        )
        projects = {str(workflow): project for workflow, project in ask(query)}
    flows = table("workflow_entity")
    columns = {column[0] for column in ask(f"SELECT * FROM {flows} LIMIT 0").description or ()}  # noqa: S608
    active = "active" if "active" in columns else "NULL"
    for workflow, name, on in ask(f"SELECT id, name, {active} FROM {flows}"):  # noqa: S608
        known = str(workflow)
        yield WorkflowRow(
            known, text_or_none(name), tuple(tags.get(known, ())), projects.get(known), None if on is None else bool(on)
        )
