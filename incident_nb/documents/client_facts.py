"""What the record says of an incident in words that a client understands: one function a section, empty where it says nothing.

What a person wrote for a section counts before what the record says, until the incident comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from incident_nb.documents.people import People
from incident_nb.documents.plain import flaws
from incident_nb.models import Cause
from incident_nb.policy import Bill
from incident_nb.policy.clocks import zone
from incident_nb.public import WHAT_HAPPENED
from incident_nb.record import Incident
from incident_nb.said import Section

# The cause as the subject of a letter has it.
BRIEF = {
    Cause.CREDENTIALS: "a connected service refused the sign-in",
    Cause.RATE_LIMIT: "a limit of a connected service was reached",
    Cause.TIMEOUT: "a step took too long",
    Cause.NETWORK: "a connected service could not be reached",
    Cause.EXTERNAL_OUTAGE: "a disturbance at a connected service",
    Cause.ENDPOINT_CRASH: "a disturbance in our systems",
    Cause.EXTERNAL_API_CHANGED: "a change at a connected service",
    Cause.DATA_FORMAT: "some data could not be processed",
    Cause.WORKFLOW_INACTIVE: "a part of it was switched off",
    Cause.WORKFLOW_CONFIG: "a setting was wrong",
    Cause.INFRASTRUCTURE: "a disturbance in the system that runs it",
}
# Causes that lie at a service, which the client may know by its name.
_AT_A_SERVICE = (
    Cause.CREDENTIALS,
    Cause.RATE_LIMIT,
    Cause.NETWORK,
    Cause.EXTERNAL_OUTAGE,
    Cause.EXTERNAL_API_CHANGED,
)
# What a person ticked as done (RES rows), as the client hears of it.
DONE = {
    "RES-1": "Access to the connected service was given anew, and the automation signs in with it.",
    "RES-2": "We renewed the key with which the automation signs in.",
    "RES-3": "We adapted the automation to the way in which the connected service works now.",
    "RES-4": "We repaired the part of our systems that had failed, and started it again.",
    "RES-5": "We adapted the automation to the new form of the data.",
    "RES-6": "The automation now sends its requests more slowly, and tries again after a pause.",
    "RES-7": "We corrected the settings of the automation and tested it.",
    "RES-8": "The provider has put its service right again.",
}


def written(incident: Incident, section: Section) -> str:
    """What a person wrote for a section since the incident last came back; empty for nothing."""
    said = incident.worded.get(section)
    return said.text if said and incident.since((said,)) else ""


def brief(incident: Incident, people: People) -> str:
    """The problem in a few words: the automation and what it met with."""
    cause = incident.cause.cause if incident.cause else Cause.UNKNOWN
    if cause not in BRIEF:
        return ""
    return f"{people.automation} ({BRIEF[cause]})" if people.automation else BRIEF[cause]


def what_happened(incident: Incident, people: People) -> str:
    """The accepted cause as a sentence of ours, and from when to when it lasted."""
    cause = incident.cause
    if cause is None or cause.cause is Cause.UNKNOWN:
        return ""
    service = f" The service is {people.service}." if people.service and cause.cause in _AT_A_SERVICE else ""
    harm = incident.harm if _is_own(incident) else None
    begin = harm.since if harm and incident.since((harm,)) and not incident.reopened else incident.began_at
    end = incident.resolved_at
    turned = end is not None and _offset(begin, people) != _offset(end, people)
    first = moment(begin, people, offset=turned)
    last = moment(end, people, offset=turned) if end and end > begin else ""
    if last and last.rpartition(", ")[0] == first.rpartition(", ")[0]:
        last = last.rpartition(", ")[2]
    began = "It came back on" if incident.reopened else "It began on"
    return f"{WHAT_HAPPENED[cause.cause]}{service} {began} {first}{f' and was over at {last}' if last else ''}."


def impact(incident: Incident, people: People) -> str:
    """What was affected, as it was counted; empty where nobody counted, or where it is not this client's alone."""
    harm = incident.harm
    if harm is None or not harm.failed + harm.green or not _is_own(incident):
        return ""
    least = "At least " if harm.unseen else ""
    things, runs = things_of(harm.items), harm.failed + harm.green
    what = things or f"{runs:,} run{'s' * (runs > 1)} of the workflow"
    many = runs > 1 if not things else len(harm.items) > 1 or sum(harm.items.values()) > 1
    return f"{least}{what} {'were' if many else 'was'} not processed, from {moment(harm.since, people)} on."


def resolution(incident: Incident) -> str:
    """What was done since it last came back, by the resolution rows that were ticked, and how often it has run well since."""
    done_now = {row for row, tick in incident.ticks.items() if tick.done and incident.since((tick,))}
    ticked = [DONE[row] for row in sorted(done_now & DONE.keys())]
    fixed = incident.fixed.text if incident.fixed else ""
    done = " ".join(ticked) or (sentence(fixed) if fixed and not flaws(fixed) else "")
    good = incident.watched.good
    since = f" Since then it has run {good} times in a row without a failure." if good > 1 else ""
    return f"{done}{since}" if done else ""


def recovery(incident: Incident) -> str | None:
    """What was made up for; empty where it is not this client's alone, None where nothing was and the section is left out."""
    since = [one for one in incident.retries.values() if incident.since((one,))]
    harm, well = incident.harm, sum(one.state == "well" for one in since)
    if not well:
        return None
    if harm is None or not _is_own(incident):
        return ""
    of = f" of {harm.failed:,}" if harm.failed > well else ""
    runs = f"{well:,}{of} affected run{'s' * (well > 1 or bool(of))}"
    return f"We have had {runs} of the workflow done again, and {'they' if well > 1 else 'it'} went well."


def prevention(incident: Incident) -> str:
    """The actions on record, a sentence each; those that a client would not understand are left to a person."""
    told = [sentence(action.text) for action in incident.prevention if not flaws(action.text)]
    return " ".join(told)


def billing(bill: Bill) -> str:
    """Who pays, where it may be said (BILL-4); else empty."""
    if not bill.may_be_mentioned:
        return ""
    if not bill.billable:
        return "There is no charge for this work."
    if not bill.agreed:
        return ""  # what was approved may have been other hours
    how = {"allocation": " and counts toward your allocation", "rate": f" and is billed at {bill.rate}", None: ""}[
        bill.uses
    ]
    return f"As agreed, this work took {bill.hours:g} hours{how}."


def things_of(items: Mapping[str, int]) -> str:
    """What was counted, by name, as a sentence has it: `3 invoices and 1 order`."""
    return " and ".join(f"{count:,} {name if count > 1 else _one(name)}" for name, count in items.items())


def moment(at: datetime, people: People, *, offset: bool = False) -> str:
    """An instant as the client's own clock and calendar have it; with its `offset` from UTC where the clocks are turned."""
    there = at.astimezone(zone(people.zone))
    behind = f" (UTC{there.isoformat()[-6:]})" if offset else " UTC" if people.zone == "UTC" else ""
    return f"{there.day} {there:%B %Y, %H:%M}{behind}"


def _offset(at: datetime, people: People) -> object:
    return at.astimezone(zone(people.zone)).utcoffset()


def sentence(text: str) -> str:
    """Words as a sentence: a capital, a full stop, one line."""
    line = " ".join(text.split()).rstrip(" .;,")
    return f"{line[:1].upper()}{line[1:]}{'' if line.endswith(('!', '?')) else '.'}" if line else ""


def joined(parts: Sequence[str]) -> str:
    """Paragraphs, without the empty ones."""
    return "\n\n".join(part for part in parts if part)


def _is_own(incident: Incident) -> bool:
    """Whether what was counted is of this incident's client alone."""
    harm = incident.harm
    return harm is not None and {*harm.clients} <= {incident.client} and not incident.subject.shared


def _one(name: str) -> str:
    """One of what a plural names."""
    if name.endswith(("ss", "us", "series", "news", "species")):
        return name
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-2] if name.endswith(("xes", "ches", "shes", "sses", "zzes")) else name.removesuffix("s")
