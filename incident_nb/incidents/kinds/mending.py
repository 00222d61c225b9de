"""How an incident is mended and the fix verified (steps 3 and 4)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from incident_nb.incidents.payload import Changes, Instant, Name, Payload, Text, Words, waited, without
from incident_nb.record import Incident
from incident_nb.said import Said, Span, Tick, Watched, Workaround

RowId = Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[A-Z0-9]+(\.\d+)?$", max_length=20)]


class Started(Payload):
    """A row of one of the procedure's checklists that somebody sets to."""

    kind: ClassVar[str] = "started"
    row: RowId
    text: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"begun": {**incident.begun, self.row: Said(at=said.at, by=said.by, text=self.text)}}

    def told(self) -> str:
        return f"{self.row} begun{f': {self.text}' if self.text else ''}"


class Ticked(Payload):
    """A row of one of the procedure's checklists done, or not done after all; `execution_id`: the run that it was done with.

    `among`: runs one of which it was, where that can't be told.
    """

    kind: ClassVar[str] = "ticked"
    row: RowId
    done: bool = True
    text: Text = ""
    execution_id: Name | None = None
    among: tuple[Name, ...] = ()

    def change(self, incident: Incident, said: Said) -> Changes:
        tick = Tick(at=said.at, by=said.by, text=self.text, done=self.done, execution_id=self.execution_id)
        return {"ticks": {**incident.ticks, self.row: tick}}

    def told(self) -> str:
        return f"{self.row} {'done' if self.done else 'not done after all'}{f': {self.text}' if self.text else ''}"


class WorkedAround(Payload):
    """A workaround, with the date of the permanent fix (WA-1 to WA-3)."""

    kind: ClassVar[str] = "worked_around"
    what: Words
    due: Instant

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"workaround": Workaround(at=said.at, by=said.by, text=self.what, due=self.due)}

    def told(self) -> str:
        return f"Workaround: {self.what} (permanent fix by {self.due:%Y-%m-%d %H:%M} UTC)"


class WaitingBegan(Payload):
    """From now on the client has to do something."""

    kind: ClassVar[str] = "waiting_began"
    why: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        return {} if incident.is_waiting else {"waiting": (*incident.waiting, Span(since=said.at, why=self.why))}

    def told(self) -> str:
        return f"Waiting for the client: {self.why}"


class WaitingEnded(Payload):
    """The client has done it."""

    kind: ClassVar[str] = "waiting_ended"

    def change(self, incident: Incident, said: Said) -> Changes:
        return waited(incident, said)

    def told(self) -> str:
        return "No longer waiting for the client"


class Fixed(Payload):
    """The fix is in place; it has to be verified from here on."""

    kind: ClassVar[str] = "fixed"
    what: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        fixed = Said(at=said.at, by=said.by, text=self.what)
        return {"fixed": fixed, "watched": Watched(), **without(incident, "VER-"), **waited(incident, said)}

    def told(self) -> str:
        return f"Fix deployed: {self.what}"


class RunWatched(Payload):
    """A run of the workflow after the fix, and whether it was good (VER-4). None counts twice, and none that failed.

    `text` goes on after “Execution 812 …” and says what happened. A good one that was begun `by_hand` is no later run. It is of
    the fix where it `began` after it; where that is not said, where it happened after it.
    """

    kind: ClassVar[str] = "run_watched"
    execution_id: Name
    good: bool
    by_hand: bool = False
    text: Text = ""
    began: Instant | None = None

    def change(self, incident: Incident, said: Said) -> Changes:
        seen, run = incident.watched, self.execution_id
        if incident.fixed is None or (self.began or said.at) < incident.fixed.at:
            return {}  # what ran before says nothing of the fix
        if run in seen.told and (self.good or run == seen.last_bad):
            return {}
        told = tuple(dict.fromkeys((*seen.told, run)))
        if not self.good:
            bad = Watched(told=told, last_good=seen.last_good, last_bad=run, bad_at=said.at, what=self.text)
            return {"watched": bad}
        new = {"by_hand": run} if self.by_hand else {"runs": (*seen.runs, run), "last_good": run}
        return {"watched": seen.model_copy(update={"told": told, **new})}

    def told(self) -> str:
        words = self.text or ("went well" if self.good else "failed")
        hand = ", begun by hand," if self.by_hand else ""
        return f"Execution {self.execution_id}{hand} after the fix {words}"


class Resolved(Payload):
    """It is over, verified; `open_items` are the rows of the verification left open, each with the reason."""

    kind: ClassVar[str] = "resolved"
    text: Text = ""
    open_items: dict[str, Words] = Field(default_factory=dict)

    def change(self, incident: Incident, said: Said) -> Changes:
        resolved = Said(at=said.at, by=said.by, text=self.text)
        return {
            "resolved": (*incident.resolved, resolved),
            "open_items": {**incident.open_items, **self.open_items},
            **waited(incident, said),
        }

    def told(self) -> str:
        left = f" (left open: {', '.join(self.open_items)})" if self.open_items else ""
        return f"Verified resolved{f': {self.text}' if self.text else ''}{left}"
