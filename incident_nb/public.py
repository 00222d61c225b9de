"""What a client may read of an incident wherever it is told: a sentence of ours for each cause, a workflow's public name."""

from __future__ import annotations

import re
import unicodedata
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

CAUSE_NOT_FOUND = (
    "The automation did not finish its work. We looked into it; the reason could not be found for certain."
)
"""Instead of the sentence for an unknown cause, once an incident is over: nobody looks into it any more."""

# Words and simple punctuation: no addresses, masks, markup, keys or numbers of any length.
_PLAIN = re.compile(r"[^\W\d_][\w &,+'’()–-]{1,79}")
_TELLING = re.compile(r"\d{4}|\w{25}|\b(?=\w*\d)(?=\w*[^\W\d])\w{6,}|_")


def sentence_of(cause: Cause | None, *, over: bool) -> str:
    """What happened, in our sentence for its cause; `over`: the incident is resolved or closed."""
    known = cause or Cause.UNKNOWN
    return CAUSE_NOT_FOUND if over and known is Cause.UNKNOWN else WHAT_HAPPENED[known]


def public_name(name: str | None, others: Iterable[str] = ()) -> str | None:
    """A workflow's name as a client may see it: without the code in brackets, and only if it is plain words.

    None where it holds anything that may be an id, an address or a key, or names one of `others`.
    """
    shown = " ".join(re.sub(r"^\s*\[[^\]]*\]", "", printable(name or "")).split())
    if not _PLAIN.fullmatch(shown) or _TELLING.search(shown):
        return None
    return None if names_other(shown, others) else shown


def names_other(text: str, others: Iterable[str]) -> str | None:
    """Whom of `others`, codes and names of clients, a text names; None for nobody.

    A code of up to three letters or digits is matched as it is written, since it may be an ordinary word (IT). Longer ones
    and names count in whatever case, without their blanks, or with hyphens for them.
    """
    plain = unicodedata.normalize("NFKC", text)
    for other in sorted(others):
        pattern, as_written = _naming(other, SHORT)
        if pattern and re.search(pattern, plain if as_written else plain.casefold()):
            return other
    return None


def without_others(text: str, others: Iterable[str], instead: str = "another client") -> str:
    """The text with the names and codes of other clients replaced; all of it, where they can't be told from the rest.

    It is for the house: a code is replaced where it stands as it is written, so that no ordinary word is garbled.
    """
    for other in sorted(others, key=len, reverse=True):
        pattern, as_written = _naming(other, len(other))
        plain = unicodedata.normalize("NFKC", text)
        if not pattern or not re.search(pattern, plain if as_written else plain.casefold()):
            continue
        text = re.sub(pattern, instead, plain, flags=re.NOFLAG if as_written else re.IGNORECASE)
        if re.search(pattern, text if as_written else text.casefold()):
            return f"(left out: it names {instead})"
    return text


SHORT = 3  # letters of a code, up to which it may be an ordinary word in other letters


def _naming(other: str, longest: int) -> tuple[str, bool]:
    """The pattern of a code or a name in a text, and whether it is meant as written: a code of no more letters than that.

    No pattern for what names nobody.
    """
    known = unicodedata.normalize("NFKC", other)
    is_code = known.isalnum() and known == known.upper() and len(known) <= longest
    parts = re.findall(r"[^\s_-]+", known if is_code else known.casefold())
    pattern = r"[\W_]*".join(map(re.escape, parts))
    return (rf"(?<![^\W_]){pattern}(?![^\W_])" if parts else ""), is_code
