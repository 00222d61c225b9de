"""The incident that a notebook follows: its record as it is now, whoever changes it, and the panels that show it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from incident_nb.case import Case
from incident_nb.desk import Desk, Standing, standing
from incident_nb.desk.folder import kept_record
from incident_nb.desk.intake import opened_by
from incident_nb.desk.similar import Seen
from incident_nb.incidents import Event, Records, fold, records_of
from incident_nb.models import Diagnosis
from incident_nb.settings import load
from incident_nb.ui.acknowledge import Acknowledge
from incident_nb.ui.banner import Banner
from incident_nb.ui.causes import Causes
from incident_nb.ui.closing import Closing
from incident_nb.ui.course import Course
from incident_nb.ui.first_screen import FirstScreen, Grading
from incident_nb.ui.looking_back import Harmed, LookingBack
from incident_nb.ui.notice import Notice
from incident_nb.ui.resolution import Resolution
from incident_nb.ui.timeline import Timeline
from incident_nb.ui.verification import Verification
from incident_nb.ui.watch import Watched


class Follow(Watched):
    """An incident on record and how it stands; `standing` is None where the case has none.

    Somebody who looks works on the workspace's record; for the sample, on a copy that is thrown away. A run that nobody
    looks at shows the record that the case holds.
    """

    def __init__(self, case: Case, diagnosis: Diagnosis) -> None:
        super().__init__()
        self.case, self.diagnosis = case, diagnosis
        self.number: int | None = None
        self.trial = False
        self.standing: Standing | None = None
        self.events: tuple[Event, ...] = kept_record(case)
        self.alike: tuple[Seen, ...] = ()
        self.everybody = case.settings  # with every client on record, where there is a record
        self.attended = not case.unattended
        if self.attended:
            self._open()
        self.refresh()

    def _open(self) -> None:
        if self.case.incident is not None:
            settings = load()
            self.desk = Desk(records_of(settings), settings)
            self.number = int(self.case.incident.removeprefix("INC-"))
        elif self.case.folder is None:
            self._try_out()
        if self.desk is not None and self.number is not None:
            self.desk.diagnosed(self.number, self.diagnosis)

    def _try_out(self) -> None:
        """A record of the sample's incident, kept nowhere; its clock stands still, as the sample's does."""
        self._folder = tempfile.TemporaryDirectory(prefix="incident-nb-")  # gone when this is
        now = self.case.now
        records = Records(Path(self._folder.name) / "record.db", clock=lambda: now)
        self.desk = Desk(records, self.case.settings, by="you", clock=lambda: now)
        self.trial = True
        self.number = self.desk.open(opened_by(self.diagnosis, now), at=now).number

    @property
    def now(self) -> datetime:
        """The instant that clocks are seen from; of a record that only the case holds, when it was written to last."""
        if self.desk is not None:
            return self.desk.clock()
        return max([self.case.now, *(event.recorded_at for event in self.events)])

    def version(self) -> Any:
        """How many events it has."""
        return self.desk.records.versions().get(self.number or 0) if self.desk else len(self.events)

    def read(self) -> None:
        """Reads events and standing."""
        if self.desk is not None and self.number is not None:
            self.standing, self.events = self.desk.standing(self.number), self.desk.timeline(self.number)
            likely = [(each.cause, each.detail) for each in self.diagnosis.hypotheses[:1]]
            self.alike = self.desk.seen_before(self.number, likely)
            self.everybody = self.desk.everybody()
        elif self.events:
            self.standing = standing(fold(self.events), self.now, self.case.settings)

    def summary(self) -> FirstScreen:
        """The first screen: what failed, since when, how bad, why, how it stands, what to do."""
        return FirstScreen(self)

    def banner(self) -> Banner:
        """Severity, clocks, what is owed and what to do next."""
        return Banner(self)

    def severity(self) -> Grading:
        """Step 1: which severity is suggested, and why."""
        return Grading(self)

    def course(self) -> Course:
        """What followed what, as a chart."""
        return Course(self)

    def acknowledge(self) -> Acknowledge:
        """Step 1: who works on it, and how severe it is."""
        return Acknowledge(self)

    def causes(self) -> Causes:
        """Step 2: which cause is accepted or ruled out, and what is confirmed."""
        return Causes(self)

    def resolution(self) -> Resolution:
        """Step 3: what to do about the accepted cause, ticked as it is done."""
        return Resolution(self)

    def verification(self) -> Verification:
        """Step 4: how far the fix is verified."""
        return Verification(self)

    def notice(self) -> Notice:
        """Step 5: what the client has to be told, as a draft, and when it was sent."""
        return Notice(self)

    def timeline(self) -> Timeline:
        """Step 6: all that happened, and room for notes."""
        return Timeline(self)

    def closing(self) -> Closing:
        """Step 6: the closing checklist, prevention, billing, and the end."""
        return Closing(self)

    def harm(self) -> Harmed:
        """What it did, and how retries went."""
        return Harmed(self)

    def looking_back(self) -> LookingBack:
        """What went well and what badly, what is missing on record, what is still to be done."""
        return LookingBack(self)
