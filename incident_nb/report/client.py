"""What a client may see of an incident: a model of its own, far smaller than the diagnosis, and a page made of it alone.

A client's copy is not the house's report with parts hidden: `ClientView` has no field that could hold a node, an id, an
address, an error's text or another client's name. Its sentences are ours, one a cause.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from incident_nb.case import Case
from incident_nb.escape import markdown_text
from incident_nb.files import private_folder, write_atomic
from incident_nb.models import Cause, Diagnosis, Frozen, Impact, Outcome, Problem
from incident_nb.public import CAUSE_NOT_FOUND, public_name, sentence_of
from incident_nb.record import Incident
from incident_nb.redact import sealed
from incident_nb.resources import templates

CLIENT_FILES = ("client.html", "client.md")
Status = Literal["no_problem", "unclear", "failing", "working_again", "came_back", "resolved"]


class ClientView(Frozen):
    """All that a client's copy says. Times are zone-aware, in the client's own zone, which `zone` names.

    `automation` is the workflow's public name, None where it has none that may be shown. `what_happened` is a sentence
    of ours for the cause. `runs` and `items` are counts since `began`; None where they are not the client's alone.
    `noticed` and `resolved`: when it was detected, and when the resolution that lasted was; both None as long as it is not
    resolved on record. `returned`: when it came back the last time before that, `first_took`: how long it took until it was
    resolved first; None where it never came back. `confirmed`: the cause is the one that a person accepted.
    """

    automation: str | None
    status: Status
    what_happened: str
    began: datetime | None = None
    last_failure: datetime | None = None
    runs: int | None = None
    items: int | None = None
    good_since: int | None = None
    noticed: datetime | None = None
    resolved: datetime | None = None
    returned: datetime | None = None
    first_took: timedelta | None = None
    confirmed: bool = False
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    made: datetime
    zone: str

    @property
    def has_no_cause(self) -> bool:
        """Whether it is over and nobody found out why it was."""
        return self.what_happened == CAUSE_NOT_FOUND


NOTHING_FOUND = "We looked at the records of this period and found no failure."
NOT_CLEAR = "The records of this period do not tell everything. We are still looking into it."


def client_view(diagnosis: Diagnosis, case: Case, incident: Incident | None = None) -> ClientView:
    """What the client of a diagnosis may see of it; `incident`: as it is on record, of which its times are taken,
    and whose it is where the executions do not say.
    """
    subject, problem, impact = diagnosis.subject, diagnosis.problem, diagnosis.impact
    own = incident if incident and not incident.subject.shared else None
    code = subject.client or (own.client if own else None)
    owner = case.settings.clients.get(code or "")
    zone = ZoneInfo(owner.time_zone if owner else "UTC")
    clients = {*case.settings.clients, *(str(name) for name in case.log.executions["client"].dropna().unique())}
    clients |= {other.name for name, other in case.settings.clients.items() if name != code and other.name}

    def local(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at else None

    view = ClientView(
        automation=public_name(subject.workflow or (own.subject.workflow if own else None), clients - {code}),
        status="unclear",
        what_happened=NOT_CLEAR,
        seen_from=local(diagnosis.window.from_),
        seen_to=local(diagnosis.window.to),
        made=case.now.astimezone(zone),
        zone=zone.key,
    )
    accepted = incident.cause.cause if incident and incident.cause else Cause.UNKNOWN
    known = accepted is not Cause.UNKNOWN
    view = view.model_copy(update={**_on_record(problem, incident, local), "confirmed": known})
    if problem is None or impact is None:
        if view.status != "unclear":
            return view.model_copy(update={"what_happened": sentence_of(accepted, over=view.status == "resolved")})
        found = {finding.check: finding.outcome for finding in diagnosis.findings}
        clean = found.get("DX-1") is Outcome.CLEAN and Outcome.FOUND not in found.values()
        return view.model_copy(update={"status": "no_problem", "what_happened": NOTHING_FOUND}) if clean else view
    cause = accepted if known else problem.cause
    status = view.status if view.status != "unclear" else _status(problem, impact)
    facts: dict[str, Any] = {"status": status, "what_happened": sentence_of(cause, over=status == "resolved")}
    facts |= {"began": local(problem.onset), "last_failure": local(problem.last_seen)}
    # A part that is no client's own is shared, unless no client is known at all: its counts are other clients', too.
    if problem.client == code and (code or case.log.executions["client"].isna().all()):
        facts |= {"runs": impact.failed_executions, "items": impact.items, "good_since": impact.good_since}
    if view.noticed and problem.onset and problem.onset > view.noticed:  # what was counted is only what came back
        facts |= {"began": view.noticed, "runs": None, "items": None}
    return view.model_copy(update=facts)


def _on_record(
    problem: Problem | None, incident: Incident | None, local: Callable[[datetime | None], datetime | None]
) -> dict[str, Any]:
    """The times of an incident that is resolved, or that it came back; nothing where a run failed after it was resolved."""
    ended = incident.resolved_at if incident else None
    if incident is None or (ended is None and not incident.reopened):
        return {}
    if ended is None:
        return {"status": "came_back"}
    if problem and problem.last_seen and problem.last_seen > ended:
        return {}
    facts = {"status": "resolved", "noticed": local(incident.detected_at), "resolved": local(ended)}
    if not incident.reopened:
        return facts
    back = min(said.at for said in incident.reopened)
    first = min((said.at for said in incident.resolved if said.at < back), default=None)
    return facts | {
        "returned": local(incident.began_at),
        "first_took": first - incident.detected_at if first else None,
    }


def lasted(length: timedelta) -> str:
    """A length of time as a client reads it, in two units at most."""
    minutes = max(1, round(length / timedelta(minutes=1)))
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    units = [(days, "day"), (hours, "hour"), (0 if days else left, "minute")]
    return " and ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in units if count)


def _status(problem: Problem, impact: Impact) -> Status:
    if problem.later:
        return "came_back"
    if problem.error_rate is None:
        return "unclear"
    return "failing" if impact.still_failing else "working_again"


def client_html(view: ClientView) -> str:
    """The client's copy as one self-contained page: no script, nothing loaded."""
    return page_templates(html=True).get_template("client.html.j2").render(v=view).strip() + "\n"


def client_markdown(view: ClientView) -> str:
    """The same as Markdown."""
    return page_templates(html=False).get_template("client.md.j2").render(v=view).strip() + "\n"


def write_client_copy(diagnosis: Diagnosis, case: Case, folder: Path, incident: Incident | None = None) -> None:
    """`client.html` and `client.md` in `folder` (0700, files 0600); `incident`: its record. Raises `OutputError`."""
    view = client_view(diagnosis, case, incident)
    private_folder(folder)
    for name, text in zip(CLIENT_FILES, (client_html(view), client_markdown(view)), strict=True):
        write_atomic(folder / name, sealed(name, text))


def page_templates(*, html: bool) -> Environment:
    """The templates of a client's pages, as HTML or as Markdown; every value in them is escaped for its form."""

    def shown(value: object) -> object:
        return value if html or isinstance(value, Markup) else markdown_text(str(value))

    environment = Environment(
        loader=FileSystemLoader([templates() / "client", templates() / "nbconvert" / "incident"]),
        autoescape=html,  # noqa: S701 - the other form is Markdown, which `shown` escapes
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"when": _when, "lasted": lasted}
    return environment


def _when(at: datetime | None) -> str:
    return f"{at:%d %B %Y, %H:%M}".lstrip("0") if at else "not known"
