"""What a client may read of an incident wherever it is told: a sentence of ours for each cause, a workflow's public name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from incident_nb.escape import printable
from incident_nb.models import Cause

WHAT_HAPPENED = {
    Cause.CREDENTIALS: "A connected service refused our sign-in, so the automation could not do its work there.",
    Cause.RATE_LIMIT: "A connected service took no more of our requests, because a limit on them was reached.",
    Cause.TIMEOUT: "A step took longer than it may and was stopped before it was done.",
    Cause.NETWORK: "A service that the automation needs could not be reached.",
    Cause.EXTERNAL_OUTAGE: "A service that the automation depends on had a disturbance at its provider.",
    Cause.ENDPOINT_CRASH: "A part of our own systems that the automation uses had a disturbance.",
    Cause.EXTERNAL_API_CHANGED: "A connected service no longer offers something in the way the automation uses it.",
    Cause.DATA_FORMAT: "Some data could not be processed, because it was incomplete or of an unexpected form.",
    Cause.WORKFLOW_INACTIVE: "A part of the automation was switched off or missing when it was needed.",
    Cause.WORKFLOW_CONFIG: "The automation was not set up as its task needs it.",
    Cause.INFRASTRUCTURE: "The system that runs the automation had a disturbance.",
    Cause.UNKNOWN: "The automation did not finish its work. We do not know the reason yet and are looking into it.",
}

# Words and simple punctuation: no addresses, masks, markup, keys or numbers of any length.
_PLAIN = re.compile(r"[^\W\d_][\w &,+'’()–-]{1,79}")
_TELLING = re.compile(r"\d{4}|\w{25}|\b(?=\w*\d)(?=\w*[^\W\d])\w{6,}|_")


def public_name(name: str | None, others: Iterable[str] = ()) -> str | None:
    """A workflow's name as a client may see it: without the code in brackets, and only if it is plain words.

    None where it holds anything that may be an id, an address or a key, or names one of `others`.
    """
    shown = " ".join(re.sub(r"^\s*\[[^\]]*\]", "", printable(name or "")).split())
    if not _PLAIN.fullmatch(shown) or _TELLING.search(shown):
        return None
    return None if names_other(shown, others) else shown


def names_other(text: str, others: Iterable[str]) -> str | None:
    """The first words of a text that name one of these clients, as they stand there; None for none.

    A code (all capitals) is meant in its own case only, since it may be a word; a name in any, with or without its blanks.
    """
    for other in sorted(filter(None, others), key=len, reverse=True):
        words = r"[\s_-]*".join(re.escape(word) for word in re.split(r"[\s_-]+", other.strip()) if word)
        case = re.NOFLAG if other.isupper() else re.IGNORECASE
        if words and (found := re.search(rf"(?<![^\W_]){words}(?![^\W_])", text, case)):
            return found[0]
    return None
