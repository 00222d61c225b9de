"""Step 2: accept the cause or rule it out, with a reason; confirm what escalations hang on."""

from __future__ import annotations

from typing import Any

from incident_nb.models import Cause
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel
from incident_nb.views import CAUSE_NAMES

FACTS = (
    ("Data was lost (ESC-2)", "data_loss"),
    ("It is a security incident (ESC-4)", "security"),
    ("A third party is out with no end in sight (ESC-3)", "outage_without_end"),
)


class Causes(StepPanel):
    """What was accepted and ruled out, of what the diagnosis offers."""

    number = 2

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """Each candidate with what a person decided."""
        lines = []
        if known := incident.cause:
            words = ": ".join(filter(None, (known.by, known.text)))
            lines.append(Line("accepted", _named(known.cause, known.detail), words, "good"))
        for one in incident.rejected:
            lines.append(Line("ruled out", _named(one.cause, one.detail), f"{one.by}: {one.text}", "muted"))
        decided = {one.cause for one in incident.rejected} | ({incident.cause.cause} if incident.cause else set())
        for each in self.follow.diagnosis.hypotheses:
            if each.cause not in decided:
                lines.append(Line("open", _named(each.cause, each.detail), f"{each.confidence:.0%}"))
        if not lines:
            lines.append(Line("open", "The records offer no cause: accept one that you know", "", "warn"))
        for name, fact in incident.facts.items():
            words = next(words for words, key in FACTS if key == name)
            basis = ": ".join(filter(None, (fact.by, fact.text)))
            lines.append(Line("confirmed" if fact.true else "denied", words, basis, "bad" if fact.true else "muted"))
        sheet = sheet.items(lines)
        if not self.follow.alike:
            return sheet
        rows = [
            (one.name, f"{one.at:%Y-%m-%d}" if one.at else "", one.cause, one.fix, one.why) for one in self.follow.alike
        ]
        return sheet.text("Seen before; verify it before you rely on it:").table(
            ("Incident", "When", "Cause", "What fixed it", "Why it is alike"), rows
        )

    def controls(self) -> list[Any]:
        """Accept, rule out, confirm a fact."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None or incident.closed:
            return []
        offered = {
            (each.cause, each.detail): f"{_named(each.cause, each.detail)} ({each.confidence:.0%})"
            for each in self.follow.diagnosis.hypotheses
        }
        known = {cause for cause, _ in offered}
        rest = {(cause, None): CAUSE_NAMES[cause] for cause in Cause if cause not in known}
        which = c.choice("Cause", [(words, key) for key, words in (offered | rest).items()], width="24rem")
        why = c.field("Because", "what convinced you", width="28rem")
        fact = c.choice("Fact", FACTS, width="24rem")
        evidence = c.field("Evidence", "what shows it", width="28rem")
        return [
            c.row(which, why),
            c.row(
                c.button("Accept this cause", lambda: self._accept(which.value, why.value), main=not incident.cause),
                c.button("Rule it out", lambda: self._reject(which.value, why.value)),
            ),
            c.row(fact, evidence),
            c.row(
                c.button("Confirm the fact", lambda: self._confirm(fact.value, evidence.value, True)),
                c.button("Deny the fact", lambda: self._confirm(fact.value, evidence.value, False)),
            ),
        ]

    def _accept(self, what: tuple[Cause, str | None], why: str) -> bool:
        return self.add("cause_accepted", "On record.", cause=what[0], detail=what[1], reason=why)

    def _reject(self, what: tuple[Cause, str | None], why: str) -> bool:
        return self.add("cause_rejected", "On record.", cause=what[0], detail=what[1], reason=why)

    def _confirm(self, fact: str, evidence: str, true: bool) -> bool:
        return self.add("fact_confirmed", "On record.", fact=fact, text=evidence, true=true)


def _named(cause: Cause, detail: str | None) -> str:
    return ", ".join(filter(None, (CAUSE_NAMES[cause], (detail or "").replace("_", " "))))
