"""An incident's documents put where they belong: what a person wrote is kept, what was changed by hand is asked about first."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from incident_nb.desk.desk import Desk
from incident_nb.desk.filed import (
    found_again,
    free_path,
    link_to,
    make_folder,
    must_be_kept,
    name_of,
    one_at_a_time,
    put,
    read_back,
    recorded,
)
from incident_nb.desk.folder import folder_of
from incident_nb.desk.own_papers import put_papers
from incident_nb.documents.billing import billing_summary
from incident_nb.documents.friday import friday_line
from incident_nb.documents.gaps import Gap, gaps_of, left_in
from incident_nb.documents.incident import brief_description, incident_document
from incident_nb.documents.kept import difference, digests_of, made_anew
from incident_nb.documents.learning import begun, belonging, extended, learning_of, learnings_in, title_of
from incident_nb.documents.letter import letter_of
from incident_nb.documents.mail import mail_of
from incident_nb.errors import OutputError, UsageError
from incident_nb.files import private_folder
from incident_nb.models import Severity
from incident_nb.patterns import decisions_of
from incident_nb.policy import bill, usable_calendar
from incident_nb.policy.clocks import zone
from incident_nb.record import Incident
from incident_nb.settings import Settings

Document = Literal["incident", "learning", "notice", "billing"]
DOCUMENTS: tuple[Document, ...] = ("incident", "learning", "notice", "billing")
FOLDER = "documents"
LETTER_FILES = ("notice.txt", "notice.md", "notice.eml", "friday.txt")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")

State = Literal["written", "unchanged", "to_confirm", "not_needed", "failed"]


class Put(NamedTuple):
    """What became of a document: where it lies (None: nowhere), in words; the difference where that is asked about."""

    document: Document
    state: State
    path: Path | None
    words: str
    difference: str = ""


class Papers(NamedTuple):
    """What became of each document of an incident, and what they lack."""

    put: tuple[Put, ...]
    gaps: tuple[Gap, ...]


def write_documents(
    desk: Desk, number: int, *, only: Collection[Document] = DOCUMENTS, yes: bool = False, learning: bool = False
) -> Papers:
    """Writes an incident's documents, and says of each what became of it.

    A file that a person changed is left as it is, with the difference shown, unless `yes`: then what the person wrote stays
    and the rest is made anew. `learning`: a learning file also where the problem is not known to recur. What is put into the
    agency's folders (DOC-1, DOC-2) goes on record. One that can't be written says why and keeps none of the others back. Raises
    UsageError without such an incident or a workspace, OutputError while somebody else writes.
    """
    desk.records.get(number)  # there is one
    own = folder_of(desk.settings, number)
    with one_at_a_time(own.parent):
        return _papers(desk, number, own / FOLDER, only, yes=yes, learning=learning)


def _papers(desk: Desk, number: int, home: Path, only: Collection[Document], *, yes: bool, learning: bool) -> Papers:
    incident, settings, now = desk.records.get(number), desk.everybody(), desk.clock()
    gaps = gaps_of(incident, settings, now, by=desk.by)
    makers: dict[Document, Callable[[], Put]] = {
        "incident": lambda: _put_incident(desk, incident, home, now, yes),
        "learning": lambda: _put_learning(desk, desk.records.get(number), learning),
        "notice": lambda: _put_letter(desk, incident, gaps, home, now),
        "billing": lambda: _put_billing(incident, settings, home, now),
    }
    return Papers(tuple(_tried(name, make) for name, make in makers.items() if name in only), gaps)


def _tried(document: Document, make: Callable[[], Put]) -> Put:
    try:
        return make()
    except (UsageError, OutputError) as error:
        return Put(document, "failed", None, str(error))


def _put_incident(desk: Desk, incident: Incident, home: Path, now: datetime, yes: bool) -> Put:
    """DOC-1, in the client's folder; one without a client, or over several of them, stays in the incident's own."""
    settings, code = desk.everybody(), incident.client
    text = incident_document(incident, desk.records.events(incident.number), settings, now)
    written = incident.documented.get("DOC-1")
    if code is None or incident.subject.shared:
        folder, base = home, home
        why = "it covers several clients" if incident.subject.shared else "the incident names no client"
        words = f"kept with the incident, since {why}"
    else:
        if not _CODE.fullmatch(code):
            raise UsageError(f"{incident.id}: the client's code {code!r} can't be the name of a folder. Correct it.")
        base = settings.placed(settings.documents.clients)
        folder, words = base / code / "context" / "operations", "in the client's folder"
    path = recorded(settings, written.text if written else None, folder)
    if path is None and written:
        path = found_again(folder, written.sections, _of_others(desk, incident))
        words += "" if path else f"; the one written before, {written.text}, may still be there"
    if path is None:
        about = brief_description(incident, settings.other_clients(code))
        day = f"incident-{_day(incident, settings)}"
        path = free_path(settings, folder, base, f"{day}-{about}", f"{day}-{incident.id}")
    there = read_back(path)
    if there is not None:
        anew = made_anew(there, text, written.sections if written else {})
        changed = f"; kept as it was changed by hand: {_listed(anew.kept)}" if anew.kept else ""
        if anew.text.strip() == there.strip():
            return Put("incident", "unchanged", path, f"{words}{changed}")
        if anew.kept and not yes:
            told = f"it was changed by hand ({_listed(anew.kept)}); --yes keeps that and makes the rest anew"
            return Put("incident", "to_confirm", path, told, difference(there, anew.text, path.name))
        new, words = anew.text, f"{words}{changed}"
    else:
        new = text
    must_be_kept(settings, path, "clients")
    if folder == home:
        private_folder(folder)
    else:
        make_folder(folder, base)
    put(path, new, instead_of=there, shared=folder != home)
    _on_record(desk, incident, "DOC-1", path, digests_of(text))
    return Put("incident", "written", path, words)


def _put_learning(desk: Desk, incident: Incident, wanted: bool) -> Put:
    """DOC-2: the file of this problem with this occurrence in it; a new one where there is none."""
    if not (incident.recurring or incident.reopened or wanted or "DOC-2" in incident.documented):
        why = "the problem is not known to recur (--learning writes one all the same)"
        return Put("learning", "not_needed", None, why)
    settings = desk.settings
    folder = settings.placed(settings.documents.learnings)
    said = incident.documented.get("DOC-2")
    path = recorded(settings, said.text if said else None, folder)
    if path is None or not path.is_file():
        mark = incident.subject.fingerprint
        path = belonging(incident, learnings_in(folder), decisions_of(settings).names(mark) if mark else ())
    document = incident.documented.get("DOC-1")
    link = link_to(settings, document.text if document else None, folder)
    there = read_back(path) if path else None
    if path is None or there is None:
        path = free_path(settings, folder, folder, title_of(incident), f"problem of {incident.id}")
        text = begun(incident, link)
    else:
        text = extended(there, incident, link)
        if text == there:
            return Put("learning", "unchanged", path, "it has this occurrence")
    stale = there is not None and learning_of(path, there).is_stale(desk.clock())
    must_be_kept(settings, path, "learnings")
    make_folder(folder, folder)
    put(path, text, instead_of=there)
    _on_record(desk, incident, "DOC-2", path, {})
    told = "begun" if there is None else "one more occurrence; what was written there stays"
    return Put(
        "learning", "written", path, told + ("; it had not been confirmed for long: read it through" if stale else "")
    )


def _put_letter(desk: Desk, incident: Incident, gaps: Iterable[Gap], home: Path, now: datetime) -> Put:
    """The letter as text, Markdown and, once nothing is open, as a mail to be sent; of a P3 the line for the Friday report."""
    settings = desk.everybody()
    letter = letter_of(incident, settings, now, by=desk.by)
    line = friday_line(incident, settings) if incident.severity is Severity.P3 else None
    # those of another severity, or of a time when nothing was open, go
    files: dict[str, str | bytes | None] = dict.fromkeys(LETTER_FILES) | {"friday.txt": f"{line}\n" if line else None}
    open_ = [gap.name for gap in left_in(letter.kind, gaps)]
    if not letter.why_not:
        files |= {"notice.txt": f"Subject: {letter.subject}\n\n{letter.text}", "notice.md": letter.markdown}
        if not open_:
            files["notice.eml"] = mail_of(letter, now)
    changed = put_papers(home, files)
    if letter.why_not:
        path = home / "friday.txt" if line else None
        return Put("notice", "written" if line else "not_needed", path, _told(letter.why_not, changed))
    words = {"notice": "the notice", "holding": "a holding notice", "brief": "a brief e-mail"}[letter.kind]
    ready = "notice.eml opens in a mail program" if not open_ else f"no mail is made while open: {', '.join(open_)}"
    return Put("notice", "written", home / "notice.txt", _told(words, ready, changed))


def _put_billing(incident: Incident, settings: Settings, home: Path, now: datetime) -> Put:
    summary = billing_summary(incident, bill(incident, now, rate=settings.billing.rate))
    changed = put_papers(home, {"billing.md": summary})
    return Put("billing", "written", home / "billing.md", _told("for the house only", changed))


def _on_record(
    desk: Desk, incident: Incident, row: Literal["DOC-1", "DOC-2"], path: Path, sections: dict[str, str]
) -> None:
    """That it was written, unless the record says the same."""
    name = name_of(desk.settings, path)
    said = incident.documented.get(row)
    if said is None or (said.text, said.sections) != (name, sections) or not incident.since((said,)):
        desk.add(incident.number, "documented", row=row, path=name, sections=sections)


def _of_others(desk: Desk, incident: Incident) -> set[Path]:
    """The incident documents of all other incidents."""
    others = (one.documented.get("DOC-1") for one in desk.records.incidents() if one.number != incident.number)
    root = folder_of(desk.settings, incident.number).parents[1]
    return {root / written.text for written in others if written}


def _day(incident: Incident, settings: Settings) -> str:
    calendar, _ = usable_calendar(settings, incident.client)
    return f"{incident.detected_at.astimezone(zone(calendar.time_zone if calendar else 'UTC')):%Y-%m-%d}"


def _told(*words: str) -> str:
    return "; ".join(filter(None, words))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.removeprefix("## ") if name != "#" else "the title" for name in names)
