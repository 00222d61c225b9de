"""From a few timed requests to what an endpoint is: healthy, cold, slow, failing, not deployed, down. Pure functions.

Modal's proxy answers for an app that can't, with words of its own that begin with `modal-http:`. Documented by Modal are
its limit of 150 s and the 303 after it (modal.com/docs/guide/webhook-timeouts) and the 401 (guide/webhook-proxy-auth);
the others are quoted with their status in many public repositories' incident notes, and were looked up there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from incident_nb.http import Reason, Timing

MODAL_WEB_LIMIT_S = 150.0  # modal.com/docs/guide/webhook-timeouts
NODE_LIMIT_S, OLD_NODE_LIMIT_S = 300.0, 3600.0  # n8n 1.123 and 2.40: HttpRequestV3, and V1 and V2, where none is set
_MOST_SAID = 120


class Kind(StrEnum):
    """What an endpoint is, as its answers show it."""

    HEALTHY = "healthy"
    COLD_START = "cold_start"
    SLOW = "slow"
    FLAKY = "flaky"
    UNWELL = "unwell"
    ERRORING = "erroring"
    TIMED_OUT = "timed_out"
    HANGS = "hangs"
    DEFERRED = "deferred"
    NO_HEALTH_ROUTE = "no_health_route"
    STRANGE = "strange"
    PROTECTED = "protected"
    NOT_DEPLOYED = "not_deployed"
    SPENT = "spent"
    BUSY = "busy"
    PLATFORM = "platform"
    DOWN = "down"
    UNREACHABLE = "unreachable"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class Thresholds:
    """Seconds. `slow_s`: no health check should take so long. `cold_s`, `cold_ratio`: what a first answer takes when its
    container had to start, at least, and at least how many times as long as the slowest of the later ones.
    """

    slow_s: float = 3.0
    cold_s: float = 2.0
    cold_ratio: float = 3.0


THRESHOLDS = Thresholds()


class Shot(NamedTuple):
    """One timed request: its status, or the reason why no answer came.

    `said`: what its body says, as far as it counts, or what went wrong. `deferred`: Modal sent us to wait elsewhere.
    `strange`: what answered, in words, where that is no health check.
    """

    seconds: float
    status: int | None = None
    reason: Reason | None = None
    said: str = ""
    timing: Timing | None = None
    deferred: bool = False
    strange: str = ""


# What Modal's proxy says -> what that means. The first that fits.
MODAL_SAYS = (
    (r"app for invoked web endpoint is stopped", Kind.NOT_DEPLOYED),
    (r"modal-http: invalid function call", Kind.NOT_DEPLOYED),
    (r"modal-http: workspace \S+ is disabled", Kind.SPENT),
    (r"spend limit reached", Kind.SPENT),
    (r"reached pending input queue limit", Kind.BUSY),
    (r"for proxy authorization", Kind.PROTECTED),
    (r"modal-http: .*\bfunction (?:execution|call) timed out", Kind.TIMED_OUT),
    (r"modal-http: .*(?:lost track of input|InternalFailure)", Kind.PLATFORM),
    (r"modal-http: internal", Kind.ERRORING),
    (r"Missing request, possibly due to expiry or cancellation", Kind.HANGS),  # modal/_runtime/asgi.py
)
_MODAL = tuple((re.compile(words, re.IGNORECASE), kind) for words, kind in MODAL_SAYS)
_REASONS: dict[Reason, Kind] = {
    "not_allowed": Kind.NOT_ASKED, "dns": Kind.UNREACHABLE, "tls": Kind.UNREACHABLE, "refused": Kind.DOWN,
    "reset": Kind.DOWN, "timeout": Kind.HANGS, "bad_answer": Kind.ERRORING, "too_large": Kind.STRANGE,
}  # fmt: skip
_STATUSES = {401: Kind.PROTECTED, 403: Kind.PROTECTED, 408: Kind.HANGS, 429: Kind.BUSY}
# How often one that is so is asked: what passes may pass, what is decided stays.
AGAIN = {Kind.HEALTHY: 3, Kind.ERRORING: 3, Kind.UNWELL: 2, Kind.PLATFORM: 2, Kind.DOWN: 2, Kind.HANGS: 2}
_UNWELL = frozenset(("unhealthy", "error", "fail", "failed", "failing", "down", "degraded", "unavailable", "critical"))


def kind_of(shots: Sequence[Shot], thresholds: Thresholds = THRESHOLDS) -> Kind:
    """What the endpoint is, by its answers in the order they were asked for.

    | answers | kind |
    | --- | --- |
    | all good, the first slow, the later ones fast | cold start |
    | no answer in time to the first, then a good and fast one | cold start |
    | all good, all slow | slow |
    | all good | healthy |
    | some good, some not | flaky |
    | none good | what the last one is |
    """
    kinds = [single(shot) for shot in shots]
    if not kinds:
        return Kind.NOT_ASKED
    good = [shot.seconds for shot, kind in zip(shots, kinds, strict=True) if kind is Kind.HEALTHY]
    if not good:
        return kinds[-1]
    later = max(good[1:], default=None) if kinds[0] is Kind.HEALTHY else max(good)
    warm = later is not None and later < thresholds.slow_s
    if len(good) == len(shots):
        first = good[0]
        if warm and later is not None and first >= max(thresholds.cold_s, thresholds.cold_ratio * later):
            return Kind.COLD_START
        return Kind.SLOW if min(good) >= thresholds.slow_s else Kind.HEALTHY
    return Kind.COLD_START if kinds[0] is Kind.HANGS and len(good) == len(shots) - 1 and warm else Kind.FLAKY


def single(shot: Shot) -> Kind:
    """What one answer says; a good one is healthy, however long it took."""
    if shot.reason:
        # A host that refuses was reached; "no route to host" and the like say that it was not.
        far = shot.reason == "refused" and "connection refused" not in shot.said.lower()
        return Kind.UNREACHABLE if far else _REASONS[shot.reason]
    status = shot.status or 0
    if not 200 <= status < 300 and (said := next((kind for words, kind in _MODAL if words.search(shot.said)), None)):
        return said
    if shot.deferred:
        return Kind.DEFERRED
    if shot.strange:
        return Kind.STRANGE
    if 200 <= status < 300:
        return Kind.UNWELL if shot.said else Kind.HEALTHY
    return Kind.ERRORING if status >= 500 else _STATUSES.get(status, Kind.NO_HEALTH_ROUTE)


def said_by(status: int, body: bytes) -> str:
    """What of a body counts: Modal's own words, or a health check's word that it is not well; nothing of other bodies."""
    text = body[:2000].decode("utf-8", "replace")
    if 200 <= status < 300:
        return _unwell(text)
    line = next((line for line in text.splitlines() if any(words.search(line) for words, _ in _MODAL)), "")
    line = line or next((line for line in text.splitlines() if line.startswith("modal-http:")), "")
    return " ".join(line.split())[:_MOST_SAID]


def strange_in(status: int, body: bytes, place: str, to: str) -> str:
    """What an answer of the host at `place` is where it is no health check's: a web page, or the way `to` another host."""
    if 200 <= status < 300 and body[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "a web page"
    try:
        there = urlsplit(to).hostname if 300 <= status < 400 else None
    except ValueError:
        there = "an address that is none"
    return f"a redirect to {there}" if there and there != urlsplit(place).hostname else ""


def _unwell(text: str) -> str:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    for key in ("status", "state", "health"):
        if str(told.get(key)).lower() in _UNWELL:
            return f"{key}: {str(told[key]).lower()}"
    return next((f"{key}: false" for key in ("ok", "healthy") if told.get(key) is False), "")


def steps(timing: Timing | None) -> str:
    """How long each step of a request took, in words: DNS, connection, TLS, and until the first byte of the answer."""
    if timing is None:
        return ""
    before, told = 0.0, []
    for name, at in (("DNS", timing.dns), ("connection", timing.connect), ("TLS", timing.tls)):
        if at is not None:
            told.append(f"{name} {span(at - before)}")
            before = at
    if timing.first_byte is not None:
        told.append(f"first byte after {span(timing.first_byte)}")
    return ", ".join(told)


def span(seconds: float) -> str:
    """A time span in words: milliseconds below a second."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 60 else f"{seconds:,.0f} s"


class Limit(NamedTuple):
    """After how many seconds n8n's node gives a request up, and how that is known."""

    seconds: float
    known_by: str


class GaveUp(StrEnum):
    """Which side ended the failing requests."""

    N8N = "n8n"
    MODAL = "modal"
    ENDPOINT = "endpoint"
    OPEN = "open"


_EXCEEDED = re.compile(r"timeout of (\d{1,9}) ?ms exceeded", re.IGNORECASE)


def limit_of(node: dict[str, object], said: str | None) -> Limit | None:
    """n8n's own limit for the node's requests: what is set on it, else what the error names, else n8n's default."""
    if named := _EXCEEDED.search(said or ""):
        return Limit(int(named[1]) / 1000, "the error names it")
    if not str(node.get("type", "")).endswith((".httpRequest", ".httpRequestTool")):
        return None
    parameters = node.get("parameters")
    options = parameters.get("options") if isinstance(parameters, dict) else None
    setting = options.get("timeout") if isinstance(options, dict) else None
    if isinstance(setting, str) and not setting.strip().isdigit():
        return None  # an expression: known only when it runs
    if isinstance(setting, int | float | str) and float(setting) > 0:
        return Limit(float(setting) / 1000, "set on the node")
    version = node.get("type_version", node.get("typeVersion"))
    if not isinstance(version, int | float):
        return None
    return Limit(NODE_LIMIT_S if version >= 3 else OLD_NODE_LIMIT_S, "n8n's default")


def gave_up(limit: Limit | None, took_s: float | None, *, timed_out: bool, modal: bool) -> GaveUp:
    """Which side ended the failing requests first, by how long they took and the limits of n8n and Modal.

    A request counts as having reached a limit within a tenth of it, or within a second.
    """
    if took_s is None:
        return GaveUp.OPEN
    if limit and _reached(took_s, limit.seconds):
        return GaveUp.N8N if timed_out else GaveUp.OPEN
    if modal and _reached(took_s, MODAL_WEB_LIMIT_S):
        return GaveUp.MODAL
    if limit and took_s < limit.seconds and not timed_out:
        return GaveUp.ENDPOINT
    return GaveUp.OPEN


def _reached(took_s: float, limit_s: float) -> bool:
    return abs(took_s - limit_s) <= max(limit_s / 10, min(1.0, limit_s / 2))
