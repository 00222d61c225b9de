"""Learning files (DOC-2): one for each recurring problem, extended each time that it comes back, for the whole house."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from incident_nb.documents.client_facts import sentence
from incident_nb.documents.incident import brief_description
from incident_nb.documents.plain import BLANK
from incident_nb.escape import markdown_text, printable
from incident_nb.incidents.kinds.diagnosing import named
from incident_nb.models import Cause
from incident_nb.policy import load
from incident_nb.record import Incident
from incident_nb.redact import redact_text

STALE = timedelta(days=180)
"""A file whose fix nobody has seen work for so long is to be checked before it is relied on."""

HEADINGS = ("Symptom", "How to recognise it", "Cause", "Fix", "Verification", "Prevention", "Occurrences")
_MOST_FILES, _MOST_BYTES = 500, 200_000
_CONFIRMED = re.compile(r"(?m)^Last confirmed:[ \t]*(\d{4}-\d{2}-\d{2})?(.*)$")
_PROBLEMS = re.compile(r"(?m)^Problems:.*$")
_CELL = re.compile(r"(?<!\\)\|")
_OUR_LINK = r"\]\((?:\.\./)*[\w./%-]*incident-[\w.%-]+\.md\)"
_COLUMNS = "| Date | Incident | Client | What fixed it |"


class Learning(NamedTuple):
    """A learning file: where it lies, its title, its text, and when its fix was last seen to work (None: not said)."""

    path: Path
    title: str
    text: str
    confirmed: date | None

    def names(self, words: Iterable[str]) -> str | None:
        """The first of these words that stands in it by itself; None for none."""
        return next(
            (word for word in words if word and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", self.text)), None
        )

    def is_stale(self, now: datetime) -> bool:
        """Whether it is long since its fix was seen to work, or nobody says when that was."""
        return self.confirmed is None or now.date() - self.confirmed > STALE


def learnings_in(folder: Path) -> list[Learning]:
    """The learning files of a folder; what can't be read is passed over."""
    found = []
    for path in sorted(folder.glob("*.md"))[:_MOST_FILES]:
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_MOST_BYTES)
        except OSError:
            continue
        found.append(learning_of(path, text))
    return found


def learning_of(path: Path, text: str) -> Learning:
    """A learning file as it is read."""
    title = next((line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")), path.stem)
    said = _CONFIRMED.search(text)
    confirmed = _date(said[1]) if said else None
    return Learning(path, title, text, confirmed)


def belonging(incident: Incident, found: Sequence[Learning], names: Sequence[str] = ()) -> Path | None:
    """The file that the incident's occurrence goes into: the one of its problem, else one with its row; None for none.

    A file is of a problem whose fingerprint stands in its line `Problems:`. One that speaks of either elsewhere is not meant.
    `names`: all fingerprints of the problem, where people put several together.
    """
    marks = names or filter(None, [incident.subject.fingerprint])
    of_problem = (one.path for mark in marks for one in found if _has_problem(one.text, mark))
    with_row = (one.path for one in found if _row_of(one.text.split("\n"), incident) is not None)
    return next(of_problem, None) or next(with_row, None)


def title_of(incident: Incident) -> str:
    """What a new file is called: the workflow and the cause, without the client, whose problem it may not be alone."""
    return brief_description(incident)


def begun(incident: Incident, link: str | None) -> str:
    """A new file from an incident; `link`: where its incident document lies, seen from the file."""
    facts = _facts(incident)
    known = f"Problems: {_md(incident.subject.fingerprint or '')}\n\nLast confirmed: {_confirmed(incident) or ''}"
    head = f"# {_md(title_of(incident))}\n\n{known}"
    sections = "\n\n".join(f"## {heading}\n\n{facts[heading]}" for heading in HEADINGS[:-1])
    table = f"## {HEADINGS[-1]}\n\n{_COLUMNS}\n| --- | --- | --- | --- |\n{_row(incident, link)}"
    return f"{head}\n\n{sections}\n\n{table}\n"


def extended(text: str, incident: Incident, link: str | None) -> str:
    """A file with one more occurrence: its row, its problem, the date; sections that are still blank are filled.

    What a person wrote stays. Of a row of the same incident only the link to its document becomes new, and what is blank.
    """
    text = _filled(text.rstrip() + "\n", _facts(incident))
    text = _with_row(text, incident, _row(incident, link))
    mark = incident.subject.fingerprint
    if mark and not _has_problem(text, mark):
        line = _PROBLEMS.search(text)
        there = line[0].partition(":")[2].strip() if line else ""
        text = _put(text, line, f"Problems: {', '.join(filter(None, (there, _md(mark))))}")
    said, seen = _CONFIRMED.search(text), _confirmed(incident) or ""
    before = _date(said[1]) if said else None
    if before and seen <= before.isoformat():
        return text
    if said and not seen:
        return text
    rest = said[2].rstrip() if said and said[1] else f" {said[2]}".rstrip() if said else ""
    return _put(text, said, f"Last confirmed: {seen}{rest}")


def _facts(incident: Incident) -> dict[str, str]:
    """What an incident says under each heading; a blank where it says nothing."""
    about, cause = incident.subject, incident.cause
    rows = {row.id: row.resolution for row in load().resolutions}
    done = [(rows[row], tick.text) for row, tick in incident.ticks.items() if tick.done and row in rows]
    ticked = [f"{what}{f' ({text})' if text else ''}" for what, text in done]
    known = cause is not None and cause.cause is not Cause.UNKNOWN
    verified = incident.resolved[-1].text if incident.is_resolved else ""
    good = f"{incident.watched.good} good runs in a row" if incident.watched.good else ""
    told: dict[str, Sequence[str]] = {
        "Symptom": [about.error or ""],
        "How to recognise it": [
            f"node “{about.node}”" if about.node else "", f"host {about.host}" if about.host else "",
            f"service {about.vendor}" if about.vendor else "",
        ],
        "Cause": [f"{named(cause.cause, cause.detail)}{f': {cause.text}' if cause.text else ''}" if cause and known else ""],
        "Fix": [*ticked, incident.fixed.text if incident.fixed else ""],
        "Verification": [good, verified],
        "Prevention": [action.text for action in incident.prevention],
    }  # fmt: skip
    return {
        name: " ".join(_md(sentence(part[:1000])) for part in parts if part) or BLANK for name, parts in told.items()
    }


def _confirmed(incident: Incident) -> str | None:
    """The day on which the fix was seen to work."""
    end = incident.resolved_at
    return f"{end:%Y-%m-%d}" if end and incident.watched.good else None


def _row(incident: Incident, link: str | None) -> str:
    name = f"[{incident.id}]({link})" if link else incident.id
    fix = incident.fixed.text if incident.fixed else ""
    cells = (f"{incident.detected_at:%Y-%m-%d}", name, _cell(incident.client or ""), _cell(fix))
    return f"| {' | '.join(cells)} |"


def _with_row(text: str, incident: Incident, row: str) -> str:
    """The text with the incident's row: filled in where it has one below “Occurrences”, else at the end of that table."""
    lines = text.split("\n")
    heading, table = _occurrences(lines)
    if heading is None:
        return f"{text.rstrip()}\n\n## {HEADINGS[-1]}\n\n{_COLUMNS}\n| --- | --- | --- | --- |\n{row}\n"
    if (there := _row_of(lines, incident)) is not None:
        lines[there] = _row_anew(lines[there], row, incident)
        return "\n".join(lines)
    made = [row] if table else [_COLUMNS, "| --- | --- | --- | --- |", row]
    place = table[-1] + 1 if table else heading + 1
    return "\n".join([*lines[:place], *([] if table else [""]), *made, *lines[place:]])


def _occurrences(lines: Sequence[str]) -> tuple[int | None, list[int]]:
    """Where the heading of the occurrences stands (None: nowhere), and the lines of the tables below it."""
    heading = next((place for place, line in enumerate(lines) if line.strip() == f"## {HEADINGS[-1]}"), None)
    if heading is None:
        return None, []
    end = next((place for place in range(heading + 1, len(lines)) if lines[place].startswith("#")), len(lines))
    return heading, [place for place in range(heading + 1, end) if lines[place].startswith("|")]


def _row_of(lines: Sequence[str], incident: Incident) -> int | None:
    """Which line is the incident's row of the occurrences."""
    name = re.compile(rf"\s*\[?{incident.id}(?![\w-])")
    cells = {place: _CELL.split(lines[place]) for place in _occurrences(lines)[1]}
    return next((place for place, row in cells.items() if name.match("".join(row[2:3]))), None)


def _has_problem(text: str, fingerprint: str) -> bool:
    word = re.compile(rf"(?<![\w-]){re.escape(fingerprint)}(?![\w-])")
    return any(word.search(line[0]) for line in _PROBLEMS.finditer(text))


def _row_anew(there: str, row: str, incident: Incident) -> str:
    """A row with the new link to the incident's document in place of one of ours, and with what was blank."""
    cells, fresh = _CELL.split(there), _CELL.split(row)
    if "](" in fresh[2] and re.fullmatch(rf"{incident.id}|\[{incident.id}{_OUR_LINK}", cells[2].strip()):
        cells[2] = fresh[2]
    if len(cells) == len(fresh):
        cells = [
            cells[0],
            *(old if old.strip() else new for old, new in zip(cells[1:-1], fresh[1:-1], strict=True)),
            cells[-1],
        ]
    return "|".join(cells)


def _filled(text: str, facts: dict[str, str]) -> str:
    """The text with what is now known under headings that were blank."""
    for heading, words in facts.items():
        text = text.replace(f"## {heading}\n\n{BLANK}\n", f"## {heading}\n\n{words}\n")
    return text


def _put(text: str, there: re.Match[str] | None, line: str) -> str:
    """The text with a line in place of the one that is there, else below the title."""
    if there:
        return text[: there.start()] + line + text[there.end() :]
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{line}\n{rest}"


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _cell(text: str) -> str:
    return _md(" ".join(text.split())[:200])


def _md(text: str) -> str:
    return markdown_text(redact_text(printable(text)))
