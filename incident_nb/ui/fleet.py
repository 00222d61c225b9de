"""What a notebook shows of all that fails: one survey, a choice of what of it is looked at, and the views that follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from incident_nb.case import Case
from incident_nb.diagnose import Survey
from incident_nb.diagnose.chosen import Choice, chosen
from incident_nb.ui import fleet_charts, fleet_glance, fleet_problems, fleet_quiet, fleet_shared
from incident_nb.ui.panel import Panel
from incident_nb.ui.watch import Watched

if TYPE_CHECKING:
    from incident_nb.ui.fleet_filters import Filters


class Fleet(Watched):
    """A survey and the part of it that is chosen: `found`. `whole` is all of it; nothing of it is worked out twice.

    Each method gives a view of the part, which somebody who looks sees drawn anew when the choice changes.
    """

    def __init__(self, case: Case, whole: Survey) -> None:
        super().__init__()
        self.case, self.whole, self.found = case, whole, whole
        self.attended = not case.unattended
        self.choice = Choice()

    @property
    def now(self) -> datetime:
        """The instant from which the case is seen."""
        return self.case.now

    @property
    def zone(self) -> str:
        """The time zone of the client that is looked at, or of all clients where they share one; else UTC."""
        clients = self.case.settings.clients
        code = self.case.client or self.choice.client
        zones = {clients[code].time_zone} if code in clients else {one.time_zone for one in clients.values()}
        if code is not None and code not in clients:
            return "UTC"
        return _known(zones.pop()) if len(zones) == 1 else "UTC"

    def version(self) -> Choice:
        """What is chosen."""
        return self.choice

    def read(self) -> None:
        """Takes the chosen part out of the survey."""
        self.found = chosen(self.whole, self.choice)

    def watch(self) -> None:
        """Nobody else changes a survey, so there is nothing to watch."""

    def choose(self, **changes: Any) -> None:
        """Looks at another part, and shows it everywhere."""
        self.choice = replace(self.choice, **changes)
        self.refresh()

    def filters(self) -> Filters:
        """Client, workflow, cause and window, to choose from; the views below follow."""
        from incident_nb.ui.fleet_filters import Filters

        return Filters(self)

    def glance(self) -> Shown:
        """The first screen: what is not over, new, silent, falsely green or slower, what it shares; of which time."""
        return Shown(self, fleet_glance.glance)

    def problems(self) -> Shown:
        """Every problem, most frequent first."""
        return Shown(self, fleet_problems.problems)

    def new(self) -> Shown:
        """What is new since last week."""
        return Shown(self, fleet_problems.new)

    def gone(self) -> Shown:
        """What went away since last week."""
        return Shown(self, fleet_problems.gone)

    def shared(self) -> Shown:
        """What sets of failures have in common, with lift and counterexamples."""
        return Shown(self, fleet_shared.shared)

    def silent(self) -> Shown:
        """Workflows that ran at a cadence and do not any more."""
        return Shown(self, fleet_quiet.silent)

    def false_green(self) -> Shown:
        """Runs that n8n calls a success and that were none."""
        return Shown(self, fleet_quiet.false_green)

    def slow(self) -> Shown:
        """Workflows and nodes that take longer than they did."""
        return Shown(self, fleet_quiet.slow)

    def rates(self) -> Shown:
        """Every workflow that failed, with its rate and trend."""
        return Shown(self, fleet_problems.rates)

    def busiest(self) -> Shown:
        """Which workflows fail most, run most, take most time."""
        return Shown(self, fleet_problems.busiest)

    def heat(self) -> Shown:
        """When it fails: weekday and hour."""
        return Shown(self, fleet_charts.heat)

    def causes(self) -> Shown:
        """Which causes make up most of it."""
        return Shown(self, fleet_charts.causes)

    def groups(self) -> Shown:
        """Which problems make up most of it."""
        return Shown(self, fleet_charts.groups)

    def onsets(self) -> Shown:
        """Since when each problem is, and what changed beside it."""
        return Shown(self, fleet_charts.onsets)

    def rate_chart(self) -> Shown:
        """How often each workflow fails, with intervals."""
        return Shown(self, fleet_charts.rates)


class Shown(Panel):
    """A view of a fleet: nothing to press; drawn anew when another part of it is chosen."""

    follow: Fleet

    def __init__(self, fleet: Fleet, make: Callable[[Fleet], Any]) -> None:
        super().__init__(fleet)
        self._make = make

    def view(self) -> Any:
        """The view of what is chosen now."""
        return self._make(self.follow)

    def _repr_mimebundle_(self, **_: Any) -> Any:
        shown = self.view()._repr_mimebundle_()
        data, facts = shown if isinstance(shown, tuple) else (shown, {})
        return ({**data, **self._live()} if self.follow.attended else data), facts


def _known(zone: str) -> str:
    """The time zone, or UTC where it is none."""
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return "UTC"
    return zone
