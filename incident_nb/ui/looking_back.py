"""Looking back on an incident: what it did, what went well and what badly, what is missing and what is still to be done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from incident_nb.actions import told
from incident_nb.desk.aftermath import PREVENTION, Point, aftermath
from incident_nb.models import Impact
from incident_nb.ui.blocks import Sheet, Tone
from incident_nb.ui.panel import Panel
from incident_nb.ui.recovery import recovered_lines

if TYPE_CHECKING:
    from incident_nb.ui.follow import Follow

NO_RECORD = "This follows from an incident's record, and there is none here."
NO_IMPACT = "Nothing failed in what was read, so nothing was affected."


class Harmed(Panel):
    """What it did, as counted on record; where nobody has counted, as far as the executions of the case tell."""

    follow: Follow

    def sheet(self) -> Sheet:
        """Counts, and how the retries went."""
        one, found = self.follow.standing, self.follow.diagnosis
        incident = one.incident if one else None
        sheet = Sheet()
        if incident and (harm := incident.harm):
            sheet = sheet.text(f"Counted on n8n “{harm.instance}” {harm.at:%Y-%m-%d %H:%M} UTC by {harm.by}:", "muted")
            sheet = sheet.listing(text for _, text in told.harm(harm))
        elif found.impact:
            sheet = sheet.text("As far as the executions of this case tell:", "muted").listing(_seen(found.impact))
        else:
            sheet = sheet.text(NO_IMPACT, "muted")
        lines = [line for line in recovered_lines(incident) if line.state == "retried"] if incident else []
        return sheet.items(lines) if lines else sheet


def _seen(impact: Impact) -> list[str]:
    since = f" since {impact.since:%Y-%m-%d %H:%M} UTC" if impact.since else ""
    rows = [f"{_runs(impact.failed_executions)} failed{since}"]
    if impact.falsely_green:
        rows.append(f"{_runs(impact.falsely_green)} of these only looked well")
    if impact.items is not None:
        rows.append(f"{impact.items:,} item{'s' * (impact.items != 1)} in them failed one by one")
    if impact.callers:
        rows.append(f"failed with it, since they call it: {', '.join(impact.callers)}")
    good = f"{_runs(impact.good_since)} went well since" if impact.good_since else "no good run since"
    return [*rows, good]


def _runs(count: int) -> str:
    return f"{count:,} run{'s' * (count != 1)}"


class LookingBack(Panel):
    """Facts from the record: time boxes, clocks, relapses, escalations; the blanks; actions with owner and date."""

    follow: Follow

    def sheet(self) -> Sheet:
        """What went well, what badly, what is not on record, what is still to be done."""
        one = self.follow.standing
        if one is None:
            return Sheet().text(NO_RECORD, "muted")
        found = aftermath(one, self.follow.events)
        sheet = _points(Sheet(), "Went well", found.well, "good")
        sheet = _points(sheet, "Went badly", found.badly, "bad")
        if found.missing:
            sheet = sheet.subheading("Not on record" if one.incident.closed else "Not on record yet").table(
                ("Row", "What is missing"), found.missing
            )
        sheet = sheet.subheading("Still to be done")
        if not found.left:
            return sheet.text("Nothing is on record.", "muted")
        return sheet.table(
            ("What", "Who", "By", "From"),
            [
                (
                    todo.what,
                    todo.owner or ("nobody is named", "bad" if todo.basis == PREVENTION else "muted"),
                    (f"{todo.due:%Y-%m-%d}" + ", overdue" * todo.late, "bad" if todo.late else "when")
                    if todo.due
                    else ("no date", "bad" if todo.basis == PREVENTION else "muted"),
                    (todo.basis, "muted"),
                )
                for todo in found.left
            ],
        )


def _points(sheet: Sheet, title: str, points: Iterable[Point], tone: Tone) -> Sheet:
    rows = [((point.about, f"state {tone}"), point.text, (point.basis, "muted")) for point in points]
    sheet = sheet.subheading(title)
    return sheet.table(("About", "Fact", "Rule or entry"), rows) if rows else sheet.text("Nothing on record.", "muted")
