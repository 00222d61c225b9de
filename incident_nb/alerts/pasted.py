"""What a pasted alert or e-mail carries: error text, failing node, time and execution URL (procedure row ACK-4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from incident_nb.models import Frozen
from incident_nb.policy.clocks import zone
from incident_nb.redact import redact_text

LABELS = {
    "workflow": r"workflow(?: name)?",
    "node": r"(?:failing |failed |last )?node(?: name| executed)?",
    "error": r"error(?: message| text)?|message|reason|details",
    "at": r"time(?:stamp)?|date|when|failed at|occurred(?: at)?",
    "url": r"execution(?: url| link| id)?|url|link",
}
ANY_LABEL = "|".join(LABELS.values())
LABELLED = re.compile(rf"^\W*(?P<label>{ANY_LABEL})\s*[:=]\s*(?P<value>.*)$", re.IGNORECASE)
SAME_LINE = re.compile(rf"\s+[|·•]\s+(?=(?:{ANY_LABEL})\s*:)", re.IGNORECASE)

# n8n's addresses: /workflow/ID/executions/ID, and /execution/ID or /executions/ID of older versions.
EXECUTION_URL = re.compile(
    r"https?://[^\s|<>\"')\]]+?/(?:workflow/(?P<workflow>[\w-]+)/)?executions?/(?:debug/)?(?P<execution>\w+)"
)
QUOTED = r"[\"'`‘’“”]+([^\"'`‘’“”\n]{1,120})[\"'`‘’“”]+"
IN_A_SENTENCE = {
    "workflow": re.compile(rf"\bworkflow:? {QUOTED}", re.IGNORECASE),
    "node": re.compile(rf"\bnode:? {QUOTED}", re.IGNORECASE),
}
SENTENCE_ERROR = re.compile(r"\b(?:failed|failure|problem|error)\b[^:\n]{0,160}:\s+(\S[^\n]*)", re.IGNORECASE)

ISO_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?")


class PastedAlert(Frozen):
    """What could be read; None where the text does not say. `text` is all of it; every text is redacted.

    `at` is UTC. `execution_id` and `workflow_id` come out of `execution_url`.
    """

    text: str
    error: str | None = None
    node: str | None = None
    workflow: str | None = None
    at: datetime | None = None
    execution_url: str | None = None
    execution_id: str | None = None
    workflow_id: str | None = None


def parse_pasted(text: str, *, time_zone: str = "UTC") -> PastedAlert:
    """What a pasted Slack message or e-mail carries. Never fails: a text without an alert in it gives only its text.

    Labelled lines come first ("Node: HubSpot"), then sentences ('failed at node "HubSpot": ...'). A time without a
    zone is taken as one of `time_zone` (IANA name, `SettingsError` if unknown); a time without a date is left out.
    """
    plain = _plain(redact_text(text))
    labelled = _labelled(plain)
    url = EXECUTION_URL.search(plain)
    return PastedAlert(
        text=plain,
        error=labelled.get("error") or _first(SENTENCE_ERROR, plain),
        node=_unquoted(labelled.get("node")) or _first(IN_A_SENTENCE["node"], plain),
        workflow=_unquoted(labelled.get("workflow")) or _first(IN_A_SENTENCE["workflow"], plain),
        at=_time(labelled.get("at"), time_zone) or _time(plain, time_zone),
        execution_url=url[0] if url else None,
        execution_id=url["execution"] if url else None,
        workflow_id=url["workflow"] if url else None,
    )


def _plain(text: str) -> str:
    """The text without Slack's markup: links, emphasis, quote marks, emoji names and escapes."""
    text = re.sub(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>", r"\1", text)
    text = re.sub(r"(?<!\w)[*_~`]+(?=\S)|(?<=[\w:.!?\"')\]])[*_~`]+(?!\w)", "", text)
    text = re.sub(r"(?m)^(?:>|&gt;)\s?", "", re.sub(r"(?<!\S):[a-z0-9_+-]+:(?!\S)", "", text))
    for escape, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escape, character)
    return SAME_LINE.sub("\n", text).strip()


def _labelled(text: str) -> dict[str, str]:
    """The values of labelled lines. A value may stand on the next line; an error goes on until a gap or a label."""
    found: dict[str, str] = {}
    current: str | None = None
    for line in text.splitlines():
        if match := LABELLED.match(line):
            current = next(name for name, words in LABELS.items() if re.fullmatch(words, match["label"], re.IGNORECASE))
            if current in found:
                current = None
            elif match["value"].strip():
                found[current] = match["value"].strip()
        elif not line.strip():
            current = None
        elif current and (current not in found or current == "error"):
            found[current] = f"{found.get(current, '')}\n{line.strip()}".strip()
    return found


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1].strip() if match else None


def _unquoted(text: str | None) -> str | None:
    return text.strip("\"'`‘’“”").strip() if text else None


def _time(text: str | None, time_zone: str) -> datetime | None:
    match = ISO_TIME.search(text or "")
    if match is None:
        return None
    day, clock, offset = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{'Z' if offset in ('UTC', 'GMT') else offset or ''}")
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone(time_zone))).astimezone(UTC)
