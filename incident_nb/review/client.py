"""What a client may see of a review: a model of its own, and two pages made of it alone.

`ClientReview` has no field that could hold a node, an id, a host, a title, hours, an amount or another client's name. Its
sentences are ours, one a cause; the lines on P3s are those of the Friday report (NOT-P3).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.files import private_folder, write_atomic
from incident_nb.models import Frozen, Severity
from incident_nb.policy import load
from incident_nb.policy.clocks import Clock
from incident_nb.public import names_other, public_name, sentence_of
from incident_nb.redact import redact_text, sealed
from incident_nb.report.client import CLIENT_FILES, page_templates
from incident_nb.review.model import Line, Review, Step, counted
from incident_nb.review.views import share_words, span_words

GENERAL = "A smaller problem with one of your automations."
"""Instead of a line that names somebody else."""


class ClientLine(Frozen):
    """One incident: when, how grave, of which automation (None: no name that may be shown), what happened, how it stands.

    `returned`: when it came back in the period, first; None where it did not.
    """

    detected: datetime
    grade: str
    automation: str | None
    what_happened: str
    resolved: datetime | None
    is_open: bool
    waits_for_you: bool
    came_back: bool
    returned: datetime | None


class Promise(Frozen):
    """How often a deadline was met: so many of so many, and so many that are running."""

    clock: Clock
    met: int
    ended: int
    running: int


class Took(Frozen):
    """How long a step took, of so many incidents: in the middle (None: too few) and at worst."""

    step: Step
    count: int
    median: timedelta | None
    worst: timedelta | None


class Reliability(Frozen):
    """The runs of an automation; None for all those without a name that may be shown."""

    automation: str | None
    runs: int
    failed: int


class ClientReview(Frozen):
    """All that a client's copy says. Times are zone-aware, in the client's own zone, which `zone` names.

    `relapses` were noticed before it and came back in it. `seen_from` and `seen_to`: what runs are known of; None where none
    are. `came_again`: so many problems were there more than once, and so many of them are `prevented`.
    """

    name: str | None
    since: datetime
    until: datetime
    made: datetime
    zone: str
    grades: tuple[tuple[str, int], ...]
    causes: tuple[tuple[str, int], ...]
    lines: tuple[ClientLine, ...]
    relapses: tuple[ClientLine, ...]
    promises: tuple[Promise, ...]
    took: tuple[Took, ...]
    runs: tuple[Reliability, ...]
    seen_from: datetime | None
    seen_to: datetime | None
    mentions: tuple[str, ...]
    came_again: int
    prevented: int


def client_review(found: Review, others: Iterable[str]) -> ClientReview:
    """What the client of a review may see of it; `others` are the codes and names of all other clients."""
    names = {row.severity: row.name for row in load().severities}
    strangers = [name for name in others if name]

    def grade(severity: Severity | None) -> str:
        return names[severity] if severity else "Not classified yet"

    def told(line: Line) -> ClientLine:
        return ClientLine(
            detected=local(line.detected_at), grade=grade(line.severity),
            automation=public_name(line.workflow, strangers), what_happened=_what(line),
            resolved=local(line.resolved_at) if line.resolved_at else None, is_open=line.is_open,
            waits_for_you=line.waiting and line.is_open, came_back=bool(line.came_back),
            returned=local(line.back_at) if line.back_at else None,
        )  # fmt: skip

    local = found.period.local
    runs = found.runs
    return ClientReview(
        name=found.name,
        since=local(found.period.since),
        until=local(found.period.until),
        made=local(found.now),
        zone=found.period.zone,
        grades=tuple((grade(severity), count) for severity, count in sorted(_grades(found).items(), key=_gravest)),
        causes=tuple(counted(_what(line) for line in found.lines).items()),
        lines=tuple(map(told, found.lines)),
        relapses=tuple(map(told, found.relapses)),
        promises=tuple(
            Promise(clock=one.clock, met=one.met, ended=one.ended, running=one.running)
            for one in found.attained
            if one.severity is None
        ),
        took=tuple(
            Took(step=one.step, count=one.count, median=one.median, worst=one.worst)
            for one in found.spreads
            if one.severity is None
        ),
        runs=_reliability(found, strangers),
        seen_from=local(runs.since) if runs and runs.since else None,
        seen_to=local(runs.until) if runs and runs.until else None,
        mentions=tuple(_mention(one.text, strangers) for one in found.mentions),
        came_again=len(found.recurring),
        prevented=sum(one.is_prevented for one in found.recurring),
    )  # fmt: skip


def _grades(found: Review) -> dict[Severity | None, int]:
    return found.by(lambda line: line.severity)


def _gravest(pair: tuple[Severity | None, int]) -> str:
    return pair[0] or "without"


def _what(line: Line) -> str:
    return sentence_of(line.cause, over=not line.is_open)


def _reliability(found: Review, strangers: list[str]) -> tuple[Reliability, ...]:
    """The runs by public names, the most failures first, those without one together at the end."""
    counts: dict[str | None, tuple[int, int]] = {}
    for one in found.runs.rates if found.runs else ():
        name = public_name(one.workflow, strangers)
        runs, failed = counts.get(name, (0, 0))
        counts[name] = (runs + one.runs, failed + one.failed)
    rows = [Reliability(automation=name, runs=runs, failed=failed) for name, (runs, failed) in counts.items()]
    return tuple(sorted(rows, key=lambda one: (one.automation is None, -one.failed, one.automation or "")))


def _mention(text: str, strangers: list[str]) -> str:
    """A line of the Friday report without personal data; a general one where it names somebody else."""
    line = " ".join(redact_text(printable(text), personal=True).split())
    return GENERAL if names_other(line, strangers) else line


def page(shown: ClientReview, form: str) -> str:
    """The client's copy as `html`, one self-contained page without a script, or as `md`."""
    if form not in ("html", "md"):
        raise UsageError(f"A client's copy is html or md, not {form!r}.")
    template = page_templates(html=form == "html").get_template(f"review.{form}.j2")
    return template.render(v=shown, span=span_words, share=share_words).strip() + "\n"


def write_client_review(shown: ClientReview, folder: Path) -> None:
    """`client.html` and `client.md` in `folder` (0700, files 0600). Raises OutputError."""
    private_folder(folder)
    for name in CLIENT_FILES:
        write_atomic(folder / name, sealed(name, page(shown, name.rpartition(".")[2])))
