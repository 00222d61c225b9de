"""What followed what: the chart of changes, onset, alerts, actions and runs, drawn anew when the record has changed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from incident_nb import display
from incident_nb.desk.chronicle import chronicle
from incident_nb.desk.told import span
from incident_nb.outputs import framed
from incident_nb.plots import Chart, course
from incident_nb.plots.house import Empty
from incident_nb.record import Incident
from incident_nb.ui.blocks import Sheet
from incident_nb.ui.panel import Panel

if TYPE_CHECKING:
    from incident_nb.ui.follow import Follow

NOTHING = "Nothing failed and nothing is on record, so there is nothing to put in its order."


@dataclass(frozen=True)
class Picture:
    """A chart as a panel shows it."""

    chart: Chart

    @property
    def framed(self) -> str:
        """The chart as HTML in the house style; a sentence where there is nothing to draw."""
        if isinstance(self.chart, Empty):
            return str(self.chart._repr_mimebundle_()[0]["text/html"])
        data = b64encode(self.chart.png()).decode()
        return framed(f'<figure><img src="data:image/png;base64,{data}" alt="{escape(self.chart.alt)}"></figure>')

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        return self.chart._repr_mimebundle_()


class Course(Panel):
    """Nothing to press; where nothing failed and nothing is on record, a sentence."""

    follow: Follow

    def __init__(self, follow: Follow) -> None:
        super().__init__(follow)
        self._drawn: Picture | None = None
        self._of: Any = None

    def chart(self) -> Chart | None:
        """The chart as the record is now; None where there is nothing to draw."""
        one, found = self.follow.standing, self.follow.diagnosis
        rows, more = chronicle(self.follow.events, one, found)
        if not rows:
            return None
        runs, with_errors = display.runs_of(self.follow.case.log, found)
        spans = [(begin, end, span(end - begin)) for begin, end in open_times(one.incident, one.now)] if one else []
        return course(
            [(row.kind, row.text, row.at) for row in rows], runs, with_errors=with_errors,
            onset=found.problem.onset if found.problem else None, spans=spans, more=more, title="What followed what",
        )  # fmt: skip

    def view(self) -> Any:
        """The chart, kept until the record changes; or the sentence."""
        now = self.follow.seen, self.follow.standing and [timer.state for timer in self.follow.standing.timers.values()]
        if self._of is None or now != self._of:
            chart = self.chart()
            self._of, self._drawn = now, Picture(chart) if chart else None
        return self._drawn or Sheet().text(NOTHING, "muted").view

    def _repr_mimebundle_(self, **_: Any) -> Any:
        shown = self.view()._repr_mimebundle_()
        data, facts = shown if isinstance(shown, tuple) else (shown, {})
        return ({**data, **self._live()} if self.follow.attended else data), facts


def open_times(incident: Incident, now: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when it was open: from detection or reopening to the resolution, its end, or now."""
    begins = [incident.detected_at, *sorted(again.at for again in incident.reopened)]
    ends = sorted(said.at for said in incident.resolved)
    last = incident.closed.at if incident.closed else max(now, begins[-1])
    found = []
    for place, begin in enumerate(begins):
        following = begins[place + 1] if place + 1 < len(begins) else last
        end = next((at for at in ends if begin <= at <= following), following)
        if end > begin:
            found.append((begin, end))
    return found
