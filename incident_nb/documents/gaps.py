"""What an incident's documents lack: blanks, vague words, what contradicts itself, and what a client should not read.

A gap is closed by filling it, or by a reason for leaving it (`waived`), which is kept. Until then nothing goes to the client.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from incident_nb.documents.letter import letter_of
from incident_nb.documents.looks import HOLDING, LETTER, RECORD, ROWS, About
from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.models import Frozen
from incident_nb.record import Incident
from incident_nb.said import Notice
from incident_nb.settings import Settings

WHILE_OPEN = frozenset({"severity", "cause", "what_happened"})  # what can't be put on record once an incident is closed


class Gap(Frozen):
    """Something that is missing, vague or contradictory: its name, where, what it is, and what closes it.

    `of`: the documents that it keeps from being done: `letter`, `incident`, `billing`. `waived`: why it is left as it is.
    `found` is a digest of what is lacking: a reason for leaving it holds for that only.
    """

    name: str
    of: tuple[str, ...]
    what: str
    close: str
    found: str
    waived: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be filled, or to be given a reason for."""
        return not self.waived


def gaps_of(incident: Incident, settings: Settings, now: datetime, *, by: str = "") -> tuple[Gap, ...]:
    """All that the documents of an incident lack as it stands at `now`, each named once; `by` is who would sign."""
    about = About(incident, settings, now, letter_of(incident, settings, now, by=by))
    found = []
    for name, (documents, look) in ROWS.items():
        if documents == LETTER and about.letter.why_not:
            continue
        lacks = list(look(about))
        if not lacks:
            continue
        what, close = printable("; ".join(one for one, _ in lacks)), lacks[0][1]
        mark, said = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:16], incident.waived.get(name)
        left = said is not None and said.found in ("", mark) and incident.since((said,)) is not None
        if incident.closed and name in WHILE_OPEN:
            close = RECORD + f'waived gap={name} reason="..."'
        shown = close.replace("{inc}", incident.id)
        gap = Gap(
            name=name, of=documents, what=what, close=shown, found=mark, waived=said.text if said and left else ""
        )
        found.append(gap)
    return tuple(found)


def gap_named(name: str, incident: Incident, settings: Settings, now: datetime, *, by: str = "") -> Gap:
    """The gap of this name, to be left with a reason. Raises UsageError where nothing of that name is lacking."""
    found = gaps_of(incident, settings, now, by=by)
    gap = next((one for one in found if one.name == name), None)
    if gap is None:
        names = ", ".join(one.name for one in found) or "nothing"
        raise UsageError(f"{incident.id}: there is no gap “{name[:40]}” now; there is {names}.")
    return gap


def left_in(kind: Notice, gaps: Iterable[Gap]) -> list[Gap]:
    """What is open in a letter of this kind."""
    return [gap for gap in gaps if gap.is_open and "letter" in gap.of and (kind != "holding" or gap.name in HOLDING)]


def must_be_told(
    incident: Incident, kind: Notice, settings: Settings, now: datetime, *, by: str = "", to: str = ""
) -> None:
    """Raises UsageError, naming all that is open, where a text of this kind is not to go to the client yet; `to`: to whom."""
    letter = letter_of(incident, settings, now, by=by)
    if letter.why_not:
        raise UsageError(f"{incident.id}: nothing is to be sent, since {letter.why_not}.")
    if kind != "holding" and not incident.is_resolved:
        raise UsageError(
            f"{incident.id} is not resolved yet: what can be sent now is a holding notice (notice=holding)."
        )
    if kind == "holding" and letter.kind != "holding":
        return  # it went out before there was anything of what is to be told now
    left = left_in(kind, gaps_of(incident, settings, now, by=by))
    if to:
        left = [gap for gap in left if gap.name != "contact"]
    if left:
        told = "; ".join(f"{gap.name}: {gap.what}" for gap in left)
        raise UsageError(
            f"{incident.id}: the client's text is not done. {told}. Fill it in, or leave it with a reason: "
            + RECORD.replace("{inc}", incident.id)
            + f'waived gap={left[0].name} reason="..."'
        )
