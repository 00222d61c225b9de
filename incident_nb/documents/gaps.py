"""What an incident's documents lack: blanks, vague words, what contradicts itself, and what a client should not read.

A gap is closed by filling it, or by a reason for leaving it (`waived`), which is kept. Until then nothing goes to the client.
"""

from __future__ import annotations

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


class Gap(Frozen):
    """Something that is missing, vague or contradictory: its name, where, what it is, and what closes it.

    `of`: the documents that it keeps from being done: `letter`, `incident`, `billing`. `waived`: why it is left as it is.
    """

    name: str
    of: tuple[str, ...]
    what: str
    close: str
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
        said = incident.waived.get(name)
        reason = said.text if said and incident.since((said,)) else ""
        lacks = list(look(about))
        if lacks:
            what, close = "; ".join(one for one, _ in lacks), lacks[0][1]
            shown = close.replace("{inc}", incident.id)
            found.append(Gap(name=name, of=documents, what=printable(what), close=shown, waived=reason))
    return tuple(found)


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
