"""What can be wrong with an incident's documents: one small look a row, each with what it says and what closes it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from incident_nb.documents.friday import friday_flaws
from incident_nb.documents.letter import HEADINGS, Letter
from incident_nb.documents.people import NOBODY
from incident_nb.documents.plain import BLANK, flaws
from incident_nb.models import Cause, Severity
from incident_nb.policy import bill
from incident_nb.record import Incident
from incident_nb.settings import Settings


class About(NamedTuple):
    """What is looked at: an incident at an instant, and the letter as it would go out."""

    incident: Incident
    settings: Settings
    now: datetime
    letter: Letter


Found = Iterator[tuple[str, str]]  # what it is, and what closes it
RECORD = "incident-nb incidents record {inc} "  # {inc}: the incident's name
_ALL, LETTER, _INCIDENT = ("letter", "incident"), ("letter",), ("incident",)


def _client(a: About) -> Found:
    if a.incident.client is None and not a.incident.subject.shared:
        yield "the incident names no client", RECORD + "assigned client=CODE"


def _contact(a: About) -> Found:
    code = a.incident.client or "CODE"
    if a.letter.people.unread:
        yield f"an address of clients.{code} can't be read: {a.letter.people.unread}", f"contact under clients.{code}"
    elif not a.letter.people.to:
        yield "nobody to write to is known", f'contact = "Name <address>" under clients.{code} in incident-nb.toml'
    elif a.letter.people.greeting == NOBODY:
        yield "what to call the reader is not known", f"greeting under clients.{code} in incident-nb.toml"


def _sender(a: About) -> Found:
    if not a.letter.people.sender:
        yield "nobody signs it", "name under sender in incident-nb.toml, or INCIDENT_NB_ENGINEER"


def _severity(a: About) -> Found:
    if a.incident.chosen is None:
        yield "nobody has confirmed the severity", "incident-nb incidents severity {inc} P2"


def _cause(a: About) -> Found:
    cause = a.incident.cause
    if cause is None or cause.cause is Cause.UNKNOWN:
        yield "the cause is not confirmed", RECORD + "cause_accepted cause=..."


def _section(heading: str) -> Callable[[About], Found]:
    section = HEADINGS[heading]
    close = RECORD + f'worded section={section} text="..."'

    def look(a: About) -> Found:
        words = dict(a.letter.sections).get(heading)
        if words is not None and BLANK in words:
            counting = "; incident-nb impact {inc} counts it" if section == "impact" else ""
            yield f"{heading} is blank", close + counting
        elif words and (vague := _VAGUE.search(words)):
            yield f"{heading} is vague (“{vague[0]}”): say what exactly", close
        elif words and len(words.split()) < 3:
            yield f"{heading} says too little (“{words}”)", close

    return look


_VAGUE = re.compile(
    r"(?i)\b(?:some|several|various|certain|a few|a number of|many)"
    r"\s(?:issues?|problems?|things?|runs?|items?|records?|data|orders?|invoices?)\b"
    r"|\b(?:soon|asap|tbd|todo|n/a|etc)\b|\bthe (?:issue|problem) (?:was|has been|is) (?:fixed|resolved|solved)\b"
    r"|\bbe more careful\b|\bshould (?:be|work) (?:fine|ok|now)\b|\bprobably\b|\bwe think\b|\?\?"
)


def _subject(a: About) -> Found:
    if BLANK in a.letter.subject:
        yield "the subject is blank", RECORD + 'worded section=subject text="..."'


def _count(a: About) -> Found:
    words = dict(a.letter.sections).get("IMPACT", "")
    told = a.letter.kind != "holding" and words and BLANK not in words
    if told and not re.search(rf"\d|\b(?:{_NUMBERS})\b", words, re.IGNORECASE):
        yield (
            "IMPACT gives no count",
            "incident-nb impact {inc}, or " + RECORD + 'worded section=impact text="..."',
        )


_NUMBERS = "none|nothing|no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|all|every"


def _actions(a: About) -> Found:
    if not a.incident.prevention:
        yield (
            "there is no action that keeps it from happening again",
            RECORD + 'prevention text="..." owner=... due=...',
        )


def _owner(a: About) -> Found:
    without = [action.text for action in a.incident.prevention if not action.owner and not action.done_at]
    if without:
        yield (
            f"nobody does “{_short(without[0])}”{_more(without)}",
            RECORD + f"prevention {shlex.quote('text=' + without[0])} owner=...",
        )


def _due(a: About) -> Found:
    without = [action.text for action in a.incident.prevention if not action.due and not action.done_at]
    if without:
        yield (
            f"no date says until when: “{_short(without[0])}”{_more(without)}",
            RECORD + f"prevention {shlex.quote('text=' + without[0])} due=...",
        )


def _times(a: About) -> Found:
    """Times that can't be, as the record has them."""
    one = a.incident
    resolved, cause = one.resolved_at, one.cause
    told = [notice.at for notice in one.notices if notice.kind == "notice" and one.since((notice,))]
    close = RECORD + "corrected seq=N happened_at=... reason=..."
    if resolved and resolved < one.began_at:
        yield "it was resolved before it was detected", close
    if one.fixed and one.fixed.at < one.began_at:
        yield "the fix was in place before it was detected", close
    if one.fixed and resolved and resolved < one.fixed.at:
        yield "it was resolved before the fix was in place", close
    if cause and resolved and cause.at > resolved and not one.reopened:
        yield "the cause was accepted after it was resolved", close
    if one.harm and one.harm.since > one.last_seen and one.harm.failed:
        yield "the harm is counted from a time after the last failure", "incident-nb impact {inc}"
    if one.harm and not one.since((one.harm,)):
        yield "the harm was counted before it came back", "incident-nb impact {inc}"
    if told and resolved and min(told) < resolved:
        yield "the client was told that it is resolved before it was", close
    if resolved and one.last_seen > resolved:
        yield "it failed again after it was resolved", "incident-nb incidents reopen {inc}, or a reason"
    if max(one.detected_at, resolved or one.detected_at) > a.now:
        yield "it lies in the future", close


def _promise(a: About) -> Found:
    around = a.incident.workaround
    if around and around.due <= a.now and a.letter.kind == "holding":
        yield (
            f"the promised date has passed: {around.due:%Y-%m-%d}",
            'incident-nb incidents workaround {inc} "..." --until YYYY-MM-DDTHH:MM',
        )


def _friday(a: About) -> Found:
    if a.incident.severity is Severity.P3 and not a.letter.text:
        for section in ("what_happened", "impact"):
            for flaw in friday_flaws(a.incident, a.settings, section):
                yield (
                    f"the Friday line leaves out what was written: {f'“{flaw.quoted}”: ' if flaw.quoted else ''}{flaw.what}",
                    RECORD + f'worded section={section} text="..."',
                )


def _sums(a: About) -> Found:
    """Counts that can't be."""
    harm, retries = a.incident.harm, a.incident.retries.values()
    well = sum(one.state == "well" for one in retries)
    if harm and well > harm.failed:
        yield f"{well} runs were done again, but only {harm.failed} failed", "incident-nb impact {inc}"
    open_ = sum(one.state in ("asked", "going_on") for one in retries)
    if open_:
        yield f"what became of {open_} retried run{'s' * (open_ > 1)} is not known", "incident-nb recover {inc}"
    if (lost := a.incident.facts.get("data_loss")) and lost.true and "DATA RECOVERY" not in dict(a.letter.sections):
        yield (
            "data was lost, and nothing is said of its recovery",
            RECORD + 'worded section=data_recovery text="..."',
        )


def _stopped(a: About) -> Found:
    held = a.incident.held_back
    if a.incident.is_resolved and held:
        yield (
            f"it is resolved, but “{_short(held[0].workflow)}” is still stopped{_more(held)}",
            "incident-nb restore {inc}",
        )


def _words(*kinds: str) -> Callable[[About], Found]:
    """What a client should not read, in the letter as it stands."""

    def look(a: About) -> Found:
        people = a.letter.people
        may_pay = bill(a.incident, a.now).may_be_mentioned
        known = [name for name in (people.automation, people.service) if name]
        parts = [("the subject", a.letter.subject), *a.letter.sections]
        for heading, words in parts:
            for flaw in flaws(words, others=people.others, billing=may_pay, known=known):
                if flaw.kind in kinds:
                    section = HEADINGS.get(heading, "subject")
                    yield (
                        f"{heading}: {f'“{flaw.quoted}”: ' if flaw.quoted else ''}{flaw.what}",
                        RECORD + f'worded section={section} text="..."',
                    )

    return look


def _billed(a: About) -> Found:
    bill_ = bill(a.incident, a.now, rate=a.settings.billing.rate)
    if bill_.row is None:
        yield "nobody has said who pays", RECORD + "billing_classified row=BILL-1"
    elif not bill_.why:
        yield (
            f"no reason is given for {bill_.row}",
            RECORD + f'billing_classified row={bill_.row} reason="..."',
        )
    elif bill_.billable and bill_.uses is None:
        yield (
            "whether it uses the allocation or the rate is not said",
            RECORD + f"billing_classified row={bill_.row} uses=rate",
        )


ROWS: dict[str, tuple[tuple[str, ...], Callable[[About], Found]]] = {
    "client": (_ALL, _client),
    "contact": (LETTER, _contact),
    "sender": (LETTER, _sender),
    "severity": (_ALL, _severity),
    "cause": (_ALL, _cause),
    **{section: (LETTER, _section(heading)) for heading, section in HEADINGS.items()},
    "subject": (LETTER, _subject),
    "count": (LETTER, _count),
    "actions": (_INCIDENT, _actions),
    "owner": (_ALL, _owner),
    "due": (_INCIDENT, _due),
    "times": (_ALL, _times),
    "sums": (_ALL, _sums),
    "stopped": (_ALL, _stopped),
    "promise": (LETTER, _promise),
    "friday": (("friday",), _friday),
    "jargon": (LETTER, _words("jargon")),
    "sentences": (LETTER, _words("long_sentence")),
    "internals": (LETTER, _words("internal", "secret")),
    "other_client": (LETTER, _words("other_client")),
    "payment": (LETTER, _words("billing")),
    "billing": (("billing",), _billed),
}
"""Every look, by its gap's name: the documents that it is about, and what finds it."""

HOLDING = frozenset(
    {"client", "contact", "sender", "promise", "jargon", "sentences", "internals", "other_client", "payment"}
)
"""The gaps that keep back a holding notice, which goes out before anything is known."""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _more(rows: Sequence[object]) -> str:
    count = len(rows) - 1
    return f", and {count} more" if count else ""
