"""An incident's documents put where they belong: what a person wrote is kept, what was changed by hand is asked about first."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from incident_nb.desk.desk import Desk
from incident_nb.desk.folder import folder_of
from incident_nb.documents.billing import billing_summary
from incident_nb.documents.friday import friday_line
from incident_nb.documents.gaps import Gap, gaps_of, left_in
from incident_nb.documents.incident import brief_description, incident_document
from incident_nb.documents.kept import difference, digests_of, made_anew
from incident_nb.documents.learning import begun, extended, learning_of, learnings_in, title_of
from incident_nb.documents.letter import Letter, letter_of
from incident_nb.documents.mail import mail_of
from incident_nb.errors import OutputError, UsageError
from incident_nb.files import private_folder, write_atomic
from incident_nb.models import Severity
from incident_nb.names import safe_name
from incident_nb.policy import bill
from incident_nb.policy.clocks import zone
from incident_nb.record import Incident
from incident_nb.redact import sealed
from incident_nb.settings import Settings

Document = Literal["incident", "learning", "notice", "billing"]
DOCUMENTS: tuple[Document, ...] = ("incident", "learning", "notice", "billing")
FOLDER = "documents"
LETTER_FILES = ("notice.txt", "notice.md", "notice.eml", "friday.txt")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
_LONGEST = 2_000_000  # of a document that is read back

State = Literal["written", "unchanged", "to_confirm", "not_needed"]


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
    agency's folders (DOC-1, DOC-2) goes on record. Raises UsageError without a workspace, OutputError for what can't be written.
    """
    now = desk.clock()
    incident, events = desk.records.get(number), desk.records.events(number)
    settings, home = desk.settings, folder_of(desk.settings, number) / FOLDER
    put: list[Put] = []
    if "incident" in only:
        text = incident_document(incident, events, settings, now)
        put.append(_put_incident(desk, incident, text, home, yes))
    if "learning" in only:
        if incident.recurring or incident.reopened or learning or "DOC-2" in incident.documented:
            put.append(_put_learning(desk, desk.records.get(number)))
        else:
            put.append(
                Put(
                    "learning",
                    "not_needed",
                    None,
                    "the problem is not known to recur (--learning writes one all the same)",
                )
            )
    gaps = gaps_of(incident, settings, now, by=desk.by)
    if "notice" in only:
        put.append(_put_letter(incident, settings, letter_of(incident, settings, now, by=desk.by), gaps, home, now))
    if "billing" in only:
        summary = billing_summary(incident, bill(incident, now, rate=settings.billing.rate))
        path = _written(home / "billing.md", summary)
        put.append(Put("billing", "written", path, "for the house only"))
    return Papers(tuple(put), gaps)


def _put_incident(desk: Desk, incident: Incident, text: str, home: Path, yes: bool) -> Put:
    """DOC-1, in the client's folder; one without a client, or over several of them, stays in the incident's own."""
    settings, code = desk.settings, incident.client
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
    path = _recorded(settings, written.text if written else None, folder)
    if path is None:
        name = f"incident-{_day(incident, settings)}-{brief_description(incident)}"
        path = safe_name(name, folder, ".md", base=base)
        words += f"; the one written before, {written.text}, may still be there" if written else ""
    there = _read(path)
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
    _make_folder(folder, base)
    _written(path, new, instead_of=there)
    _on_record(desk, incident, "DOC-1", path, digests_of(text))
    return Put("incident", "written", path, words)


def _put_learning(desk: Desk, incident: Incident) -> Put:
    """DOC-2: the file of this problem with this occurrence in it; a new one where there is none."""
    settings = desk.settings
    folder = settings.placed(settings.documents.learnings)
    said = incident.documented.get("DOC-2")
    words = [word for word in (incident.subject.fingerprint, incident.id) if word]
    path = _recorded(settings, said.text if said else None, folder)
    if path is None or not path.is_file():
        path = next((one.path for one in learnings_in(folder) if one.names(words)), None)
    document = desk.records.get(incident.number).documented.get("DOC-1")
    if path is None:
        path = safe_name(title_of(incident), folder, ".md", base=folder)
        text, there = begun(incident, _link(settings, document.text if document else None, folder)), None
    else:
        there = _read(path) or ""
        text = extended(there, incident, _link(settings, document.text if document else None, folder))
        if text == there:
            return Put("learning", "unchanged", path, "it has this occurrence")
    stale = there is not None and learning_of(path, there).is_stale(desk.clock())
    _make_folder(folder, folder)
    _written(path, text, instead_of=there)
    _on_record(desk, incident, "DOC-2", path, {})
    told = "begun" if there is None else "one more occurrence; what was written there stays"
    return Put(
        "learning", "written", path, told + ("; it had not been confirmed for long: read it through" if stale else "")
    )


def _put_letter(
    incident: Incident, settings: Settings, letter: Letter, gaps: Iterable[Gap], home: Path, now: datetime
) -> Put:
    """The letter as text, Markdown and, once nothing is open, as a mail to be sent; of a P3 the line for the Friday report."""
    gone = {name for name in LETTER_FILES if (home / name).is_file()}
    line = friday_line(incident, settings) if incident.severity is Severity.P3 else None
    files: dict[str, str | bytes] = {"friday.txt": f"{line}\n"} if line else {}
    open_ = [gap.name for gap in left_in(letter.kind, gaps)]
    if not letter.why_not:
        files |= {"notice.txt": f"Subject: {letter.subject}\n\n{letter.text}", "notice.md": letter.markdown}
        if not open_:
            files["notice.eml"] = mail_of(letter, now)
    for name, content in files.items():
        _written(home / name, content)
    for name in gone - files.keys():  # of another severity, or of a time when nothing was open
        (home / name).unlink(missing_ok=True)
    if letter.why_not:
        path = home / "friday.txt" if line else None
        return Put("notice", "written" if line else "not_needed", path, letter.why_not)
    words = {"notice": "the notice", "holding": "a holding notice", "brief": "a brief e-mail"}[letter.kind]
    ready = "notice.eml opens in a mail program" if not open_ else f"no mail is made while open: {', '.join(open_)}"
    return Put("notice", "written", home / "notice.txt", f"{words}; {ready}")


def _on_record(
    desk: Desk, incident: Incident, row: Literal["DOC-1", "DOC-2"], path: Path, sections: dict[str, str]
) -> None:
    """That it was written, unless the record says the same."""
    root = desk.settings.path.parent if desk.settings.path else Path()
    name = Path(os.path.relpath(path, root)).as_posix()
    said = incident.documented.get(row)
    if said is None or (said.text, said.sections) != (name, sections) or not incident.since((said,)):
        desk.add(incident.number, "documented", row=row, path=name, sections=sections)


def _recorded(settings: Settings, name: str | None, folder: Path) -> Path | None:
    """The path on record, where it is a file of this folder: a record may come from elsewhere."""
    if name is None or settings.path is None:
        return None
    path = settings.path.parent / name
    return path if path.suffix == ".md" and path.resolve().parent == folder.resolve() else None


def _link(settings: Settings, document: str | None, folder: Path) -> str | None:
    """Where an incident document lies, seen from a folder."""
    if document is None or settings.path is None or not re.fullmatch(r"[\w./ -]{1,300}", document):
        return None
    return Path(os.path.relpath(settings.path.parent / document, folder)).as_posix().replace(" ", "%20")


def _day(incident: Incident, settings: Settings) -> str:
    client = settings.clients.get(incident.client or "")
    return f"{incident.detected_at.astimezone(zone(client.time_zone if client else 'UTC')):%Y-%m-%d}"


def _read(path: Path) -> str | None:
    """What a file says; None where there is none. Raises OutputError where it can't be read, since it can't be kept then."""
    try:
        if not path.exists():
            return None
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(
            f"could not read {path}, so it is left as it is: {error}. Move it away, or mend it."
        ) from error
    if len(text) > _LONGEST:
        raise OutputError(f"{path} is longer than any document of ours, so it is left as it is. Move it away.")
    return text


def _make_folder(folder: Path, base: Path) -> None:
    """A folder of the agency's own, made where it is missing, with the rights that the agency's folders have."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"could not make {folder}: {error.strerror}. Look at its rights, or set another folder."
        ) from error
    if not folder.resolve().is_relative_to(base.resolve()):
        raise OutputError(f"could not write into {folder}: it leads out of {base}; remove the link")


def _written(path: Path, content: str | bytes, *, instead_of: str | None = None) -> Path:
    """The file, written whole. Raises OutputError where somebody changed it since it was read."""
    if instead_of is not None and _read(path) != instead_of:
        raise OutputError(f"{path} was changed just now, so it is left as it is. Try again.")
    if path.parent.name == FOLDER:
        private_folder(path.parent)
    return write_atomic(path, content if isinstance(content, bytes) else sealed(path.name, content))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.removeprefix("## ") if name != "#" else "the title" for name in names)
