"""What the diagnosis says, with the record's word where there is one: the first screen, and the suggested severity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incident_nb import display
from incident_nb.desk.brief import brief
from incident_nb.ui.panel import Panel
from incident_nb.views import View

if TYPE_CHECKING:
    from incident_nb.ui.follow import Follow


class FirstScreen(Panel):
    """Always up to date, and nothing to press."""

    follow: Follow

    def view(self) -> View:
        """The cards."""
        one, found = self.follow.standing, self.follow.diagnosis
        onset = found.problem.onset if found.problem else None
        return display.summary(found, brief(one, onset) if one else None)


class Grading(Panel):
    """Why it is suggested to be how severe; the deadlines only where there is no record, whose clocks count."""

    follow: Follow

    def view(self) -> View:
        """The suggestion with its reasons."""
        return display.severity(self.follow.diagnosis, recorded=self.follow.standing is not None)
