"""An incident taken in by hand (ACK-1, ACK-4): from a pasted message, an e-mail, an execution's address, or a form.

What can be read from it is read; the execution that it names is fetched from its own server; what nobody can tell is
asked. An open incident for the same problem is offered in place of a second one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from incident_nb.alerts.pasted import PastedAlert, parse_pasted
from incident_nb.desk.fetched import Fetched, fetched
from incident_nb.errors import IncidentNbError
from incident_nb.escape import printable
from incident_nb.executions import ExecutionLog
from incident_nb.incidents import Records
from incident_nb.incidents.kinds.opening import Opened, SeveritySuggested
from incident_nb.models import Diagnosis
from incident_nb.patterns import Decisions, decisions_of
from incident_nb.policy import SeverityFacts, SeveritySuggestion, facts_from_text, suggest
from incident_nb.record import Incident, Source
from incident_nb.said import Subject
from incident_nb.settings import Settings

TITLE = 140
_EMAIL = re.compile(
    r"(?im)^(?:from|to|subject|sent|von|betreff|cc)\s*:\s*\S|^(?:hi|hello|dear|hey|good (?:morning|evening))\b"
)
_ABOUT = re.compile(r"(?im)^(?:subject|betreff)\s*:\s*(\S.*)$")
_SLACK = re.compile(
    r"(?m)<@[UW]\w+>|:rotating_light:|:warning:|\bAPP\b\s+\d{1,2}:\d\d|^\s*n8n\s+APP\b|<https?://[^>|]+\|"
)
_ADDRESS = re.compile(r"^\s*https?://\S+\s*$")


@dataclass(frozen=True)
class Draft:
    """An incident about to be opened, for a person to look over. All text has passed the gate; times are UTC.

    `suggestion` is the severity that the text, and the execution where it could be fetched, suggest; None where neither
    says anything. `unknown` are the things that could not be read or fetched, each a sentence. `alike` are the open
    incidents of the same problem, newest first. `diagnosis` and `log` are the fetched
    execution's.
    """

    title: str
    detected_at: datetime
    source: Source
    client: str | None = None
    subject: Subject = field(default_factory=Subject)
    noticed: bool = False
    text: str = ""
    suggestion: SeveritySuggestion | None = None
    diagnosis: Diagnosis | None = None
    log: ExecutionLog | None = None
    unknown: tuple[str, ...] = ()
    alike: tuple[Incident, ...] = ()

    @property
    def opened(self) -> Opened:
        """The event that opens it."""
        return Opened(
            title=self.title, detected_at=self.detected_at, client=self.client, source=self.source, subject=self.subject,
            noticed=self.noticed, text=self.text,
        )  # fmt: skip

    @property
    def suggested(self) -> SeveritySuggested | None:
        """The event that notes the suggestion."""
        found = self.suggestion
        return SeveritySuggested(severity=found.suggested, reasons=found.reasons) if found else None


def take_in(
    text: str, settings: Settings, now: datetime, *, source: Source | None = None, records: Records | None = None,
    offline: bool = False, answers: dict[str, Any] | None = None,
) -> Draft:  # fmt: skip
    """The draft that a pasted text makes: a Slack alert, an e-mail (so the client noticed), or an execution's address alone.

    The execution is fetched from the configured server whose address it has (not `offline`); a host that is no server of
    ours is never asked. `answers` are a person's to the suggestion's questions, by fact. Never fails for what a text
    says; raises SettingsError for settings that can't be used.
    """
    plain = printable(text).strip()
    read = parse_pasted(plain)
    got = _fetch(read, settings, offline)
    kind = source or _kind(text)
    client = (
        (got.client if got.log is not None else None) or settings.client_of(read.workflow) or _named(plain, settings)
    )
    detected = min(filter(None, (read.at, got.at)), default=now)
    stated = facts_from_text(read.text)
    draft = Draft(
        title=_title(read, got), detected_at=min(detected, now), source=kind, client=client, subject=_subject(read, got),
        noticed=kind == "email", text=read.text, suggestion=_suggestion(stated, got, answers or {}), diagnosis=got.diagnosis,
        log=got.log,
        unknown=_unknown(read, got, settings),
    )  # fmt: skip
    return replace(draft, alike=alike(draft, records, decisions_of(settings))) if records else draft


def opened_by(diagnosis: Diagnosis, now: datetime) -> Opened:
    """The event that opens an incident for what was diagnosed."""
    problem, subject = diagnosis.problem, diagnosis.subject
    known = Subject(
        instance=subject.instance, workflow_id=subject.workflow_id, workflow=subject.workflow,
        node=problem.node if problem else None, execution_id=subject.execution_id,
        fingerprint=problem.fingerprint if problem else None, error=problem.message if problem else None,
    )  # fmt: skip
    title = f"{subject.workflow or 'n8n'}: {problem.message}" if problem and problem.message else diagnosis.headline
    return Opened(
        title=title[:TITLE], detected_at=diagnosis.severity.detected_at if diagnosis.severity else now,
        client=problem.client if problem else subject.client, source="monitoring", subject=known,
        recurring=problem is not None and problem.pattern in ("recurring", "regression"),
    )  # fmt: skip


def alike(draft: Draft, records: Records, decided: Decisions) -> tuple[Incident, ...]:
    """The open incidents for the same problem: by fingerprint, else by workflow and node; newest first."""
    mine = draft.subject
    on = (one for one in records.incidents(closed=False) if not one.is_resolved)
    return tuple(one for one in on if _same(one.subject, mine, decided))


def _same(other: Subject, mine: Subject, decided: Decisions) -> bool:
    if mine.fingerprint and other.fingerprint:
        return decided.of(mine.fingerprint) == decided.of(other.fingerprint)
    if mine.execution_id and mine.execution_id == other.execution_id and mine.instance == other.instance:
        return True
    by_id = mine.workflow_id is not None and (mine.instance, mine.workflow_id) == (other.instance, other.workflow_id)
    by_name = mine.workflow is not None and mine.workflow == other.workflow
    return (by_id or by_name) and (mine.node is None or other.node is None or mine.node == other.node)


def _fetch(read: PastedAlert, settings: Settings, offline: bool) -> Fetched:
    if read.execution_url is None:
        return Fetched(why="the text names no execution's address")
    if offline:
        return Fetched(why="it was read offline")
    try:
        return fetched(read.execution_url, settings)
    except IncidentNbError as error:
        return Fetched(why=str(error).rstrip("."))


def _kind(text: str) -> Source:
    if _ADDRESS.match(text):
        return "form"
    if _SLACK.search(text):
        return "slack"
    return "email" if _EMAIL.search(text) else "form"


def _named(text: str, settings: Settings) -> str | None:
    """The client whose code or name stands in the text, if it is only one."""
    found = {
        code
        for code, client in settings.clients.items()
        for word in (code, client.name)
        if word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, 0 if word == code else re.IGNORECASE)
    }
    return found.pop() if len(found) == 1 else None


def _title(read: PastedAlert, got: Fetched) -> str:
    """What it will be called: workflow and error, else an e-mail's subject, else the first line that says something."""
    problem = got.diagnosis.problem if got.diagnosis else None
    where, what = (problem.workflow, problem.message) if problem else (read.workflow, read.error)
    told = ": ".join(" ".join(part.split()) for part in (where, what) if part)
    if not told and (about := _ABOUT.search(read.text)):
        told = about[1].strip()
    lines = [line.strip() for line in read.text.splitlines() if line.strip() and not _EMAIL.match(line)]
    if not told and read.execution_id and _ADDRESS.match(read.text):
        told = f"Execution {read.execution_id}"
    told = told or next(iter(lines), "An incident without words")
    return told if len(told) <= TITLE else f"{told[: TITLE - 1]}…"


def _subject(read: PastedAlert, got: Fetched) -> Subject:
    told = Subject(
        workflow=read.workflow, workflow_id=read.workflow_id, node=read.node, execution_id=read.execution_id,
        execution_url=read.execution_url, error=read.error,
    )  # fmt: skip
    if got.diagnosis is None or got.diagnosis.problem is None:
        return told.model_copy(update={"instance": got.instance})
    problem = got.diagnosis.problem
    known = {
        "instance": problem.instance, "workflow": problem.workflow, "workflow_id": problem.workflow_id, "node": problem.node,
        "fingerprint": problem.fingerprint, "error": problem.message, "credential_id": _signed_in_with(problem.node, got.log),
    }  # fmt: skip
    return told.model_copy(update={name: value for name, value in known.items() if value})


def _signed_in_with(node: str | None, log: ExecutionLog | None) -> str | None:
    """The id of the credential that a failing node signed in with; its name may be another client's."""
    if log is None:
        return None
    known = log.failures.loc[log.failures["node"] == node, "credential_id"].dropna()
    return str(known.iloc[-1]) if len(known) else None


def _suggestion(stated: SeverityFacts, got: Fetched, answers: dict[str, Any]) -> SeveritySuggestion | None:
    """The graver one of what the text says and what the execution shows."""
    found = []
    if stated != SeverityFacts() or answers:
        found.append(suggest(stated.answered(**answers)))
    if got.facts is not None:
        asked = {question.fact for question in suggest(got.facts).questions}
        found.append(suggest(got.facts.answered(**{fact: value for fact, value in answers.items() if fact in asked})))
    return min(found, key=lambda one: one.suggested, default=None)


def _unknown(read: PastedAlert, got: Fetched, settings: Settings) -> tuple[str, ...]:
    """What nobody could tell, each a sentence."""
    missing = []
    if got.diagnosis is None:
        missing.append(f"The execution was not fetched: {got.why}.")
        said = {"which workflow failed": read.workflow, "at which node": read.node, "what the error was": read.error}
        alone = _ADDRESS.match(read.text) is not None  # then nobody expects it to say anything
        missing += [f"The text does not say {what}." for what, value in said.items() if value is None and not alone]
    if read.at is None and got.at is None:
        missing.append("When it was detected is not said; the present is taken.")
    if not (got.client or settings.client_of(read.workflow) or _named(read.text, settings)):
        missing.append("Whose workflow it is is not known.")
    return tuple(missing)
