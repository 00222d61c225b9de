"""The board: all open incidents by urgency, and a form to take in a new one from whatever somebody pastes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from incident_nb import redact
from incident_nb.desk import Desk, Standing
from incident_nb.desk.folder import NOTEBOOK, folder_of
from incident_nb.desk.intake import Draft, take_in
from incident_nb.desk.told import promise_words, timer_words
from incident_nb.incidents import records_of
from incident_nb.policy import State
from incident_nb.settings import Settings, load
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.panel import Panel
from incident_nb.ui.watch import Watched

SHOWN = 50  # of the most urgent; a list to read, not to search
NO_WORKSPACE = "There is no workspace here: make one with `incident-nb init DIR`, and open it with `incident-nb lab`."


def board(*, attended: bool = True) -> Board:
    """The board of the workspace around the working folder; without one it says how to make it."""
    return Board(OpenIncidents(load(), attended=attended))


class OpenIncidents(Watched):
    """The open incidents of a workspace, the most urgent first."""

    def __init__(self, settings: Settings, *, attended: bool = True) -> None:
        super().__init__()
        self.settings = settings
        self.rows: list[Standing] = []
        self.attended = attended and settings.path is not None
        if settings.path is not None:
            redact.use_workspace(settings.path.parent, personal=settings.redaction.personal)
            self.desk = Desk(records_of(settings), settings)
        self.refresh()

    @property
    def now(self) -> datetime:
        """The present."""
        return self.desk.clock() if self.desk else datetime.now(UTC)

    def version(self) -> Any:
        """How many events each incident has."""
        return self.desk.records.versions() if self.desk else None

    def read(self) -> None:
        """Reads them all."""
        self.rows = self.desk.board(most=SHOWN + 1) if self.desk else []


class Board(Panel):
    """A table of the open incidents, a form to take in a new one, and one to open an incident's notebook."""

    follow: OpenIncidents

    def __init__(self, follow: OpenIncidents) -> None:
        super().__init__(follow)
        self.draft: Draft | None = None
        self.asked: dict[str, str] = {}  # question by fact, those that were answered, too: an answer can be changed
        self.answers: dict[str, bool] = {}
        self._pasted: Any = None

    def sheet(self) -> Sheet:
        """The incidents in a table, and what was read from a pasted text."""
        if self.follow.desk is None:
            return Sheet().text(NO_WORKSPACE, "muted")
        rows = [_row(one) for one in self.follow.rows[:SHOWN]]
        sheet = Sheet().table(("Incident", "Severity", "State", "Client", "What", "Due", "Next"), rows)
        for unread in sorted({one.unread for one in self.follow.rows if one.unread}):
            sheet = sheet.text(f"The clocks leave working hours and holidays out. {unread}", "warn")
        if not rows:
            sheet = sheet.text("No incident is open.", "good")
        if len(self.follow.rows) > SHOWN:
            sheet = sheet.text("There are more, less urgent: `incident-nb incidents list`.", "muted")
        return self._drafted(sheet) if self.draft else sheet

    def _drafted(self, sheet: Sheet) -> Sheet:
        draft = self.draft
        assert draft is not None  # noqa: S101 - asked by the caller
        sheet = sheet.heading(draft.title, draft.suggestion.suggested if draft.suggestion else None)
        where = {"slack": "Slack", "email": "an e-mail", "monitoring": "monitoring", "form": "a form"}[draft.source]
        at = f"detected {draft.detected_at:%Y-%m-%d %H:%M} UTC"
        lines = [Line("read", f"From {where}, {at}, client {draft.client or 'not known'}")]
        if draft.diagnosis:
            lines.append(Line("fetched", draft.diagnosis.headline, "", "good"))
        if found := draft.suggestion:
            lines.append(Line("suggested", f"Severity {found.suggested}", "; ".join(found.reasons)))
        lines += [Line("not known", sentence, "", "warn") for sentence in draft.unknown]
        for known in draft.alike:
            lines.append(Line("open", f"{known.id} is open for the same problem: {known.title}", "", "warn"))
        return sheet.items(lines)

    def state(self) -> Any:
        """What somebody types stays, whoever writes meanwhile; the controls change with the draft and the notebooks."""
        return self.draft, self._notebooks()

    def controls(self) -> list[Any]:
        """Paste and read, open what was read, go to an incident."""
        from incident_nb.ui import controls as c

        if self.follow.desk is None:
            return []
        draft = self.draft
        hint = "a Slack message, an e-mail, or an execution's address"
        self._pasted = pasted = c.area("Pasted alert", hint)
        notebooks = self._notebooks()
        made = [c.links("Open", notebooks)] if notebooks else []
        made += [pasted, c.button("Read it", lambda: self._read(pasted.value), main=draft is None)]
        if draft is not None:
            title = c.field("Title", value=draft.title)
            client = c.field("Client", "its code", width="14rem", value=draft.client or "")
            if first := next(iter(draft.alike), None):
                made.append(c.button(f"Add it to {first.id}", partial(self._join, first.number), main=True))
            for fact, text in self.asked.items():
                made.append(c.question(text, partial(self._answer, fact), self.answers.get(fact)))
            made += [title, c.form("Open the incident", partial(self._open, title), client, main=not draft.alike)]
        number = c.field("Incident", "INC-1", width="14rem")
        source = c.field("Its executions", "an export's file or folder; else its n8n server is asked", width="34rem")
        made.append(c.form("Make its notebook", self._make, number, source))
        return made

    def _notebooks(self) -> tuple[tuple[str, str], ...]:
        """The notebooks of the incidents that are shown, by id, with their paths from the working folder."""
        there = {
            one.incident.id: folder_of(self.follow.settings, one.incident.number) / NOTEBOOK
            for one in self.follow.rows[:SHOWN]
        }
        return tuple((name, os.path.relpath(path)) for name, path in there.items() if path.exists())

    def _answer(self, fact: str, answer: bool | None) -> None:
        self.answers = {name: value for name, value in {**self.answers, fact: answer}.items() if value is not None}
        self._read(self._pasted.value, self.answers)

    def _read(self, text: str, answers: dict[str, bool] | None = None) -> None:
        desk = self.follow.desk

        def read() -> None:
            if desk is not None:
                self.answers = answers or {}
                draft = take_in(text, desk.settings, desk.clock(), records=desk.records, answers=self.answers)
                new = {one.fact: one.text for one in draft.suggestion.questions} if draft.suggestion else {}
                self.asked = {fact: text for fact, text in self.asked.items() if fact in self.answers} | new
                self.draft = draft if text.strip() else None

        self.do(read, "" if text.strip() else "Paste something first.")

    def _open(self, title: Any, client: str) -> bool:
        desk, draft = self.follow.desk, self.draft
        if desk is None or draft is None:
            return False

        def opened() -> None:
            made = draft.opened.model_dump() | {"title": title.value, "client": client.strip() or None}
            number = desk.open(type(draft.opened).model_validate(made)).number
            if draft.suggested:
                desk.add(number, "severity_suggested", **draft.suggested.model_dump())
            self._taken()
            self._link(number, desk.room(number, log=draft.log))

        return self.do(opened)

    def _taken(self) -> None:
        """The pasted text has become an incident, or part of one."""
        self.draft, self._pasted.value = None, ""

    def _join(self, number: int) -> None:
        desk, draft = self.follow.desk, self.draft
        if desk is None or draft is None:
            return

        def join() -> None:
            desk.add(number, "occurred", at=draft.detected_at, execution_id=draft.subject.execution_id)
            self._taken()

        self.do(join, f"INC-{number} took this occurrence.")

    def _make(self, name: str, source: str) -> bool:
        desk = self.follow.desk

        def make() -> None:
            if desk is not None:
                number = desk.number_of(name)
                self._link(number, desk.room(number, [source.strip()] if source.strip() else None, again=True))

        return self.do(make)

    def _link(self, number: int, notebook: Path) -> None:
        """Says where the incident's notebook is."""
        self.after = f"INC-{number}: open {notebook.name} in incidents/INC-{number}, and run all cells."


_MARKS = {State.MISSED: "state bad", State.AT_RISK: "state warn", State.PAUSED: "muted"}  # the gravest first


def _row(one: Standing) -> tuple[str | tuple[str, str], ...]:
    """An incident in the table: how severe and how late it is can be seen before it is read."""
    incident, due = one.incident, one.next_due
    severity = (str(incident.severity), f"severity {str(incident.severity).lower()}") if incident.severity else "?"
    parts = [timer_words(due)] if due else []
    parts += [promise_words(one.promise, one.now)] if one.promise else []
    states = {part.state for part in (due, one.promise) if part}
    mark = next((mark for state, mark in _MARKS.items() if state in states), None)
    late = "; ".join(parts)
    marked = (late, mark) if mark else late
    return incident.id, severity, str(incident.status), incident.client or "", incident.title, marked, one.next_step
