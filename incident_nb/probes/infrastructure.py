"""RC-6: is n8n itself well? Health, readiness, and what its metrics say of restarts, memory, queue and event loop."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from incident_nb.http import Answer, RequestError, origin
from incident_nb.models import Cause, Probed
from incident_nb.n8n import N8n
from incident_nb.probes.target import Sign, Target, Tools, clean, could_not_look, found, seen

C = Cause
# n8n's own words for these figures: its documentation, "Enable Prometheus metrics" and "Monitoring".
WAITING_MANY = 50
LAG_S = 1.0
AROUND = timedelta(minutes=5)
LATEST = 32_503_680_000  # the year 3000, in seconds
_LINE = re.compile(rb"^(\w+)(?:\{([^}\n]*)\})?\s+([-+0-9.eE]+|NaN|[+-]Inf)", re.MULTILINE)
_VERSION = re.compile(rb'version="v?([0-9][\w.\-+]{0,30})"')


def look(target: Target, tools: Tools) -> Probed:
    """Whether n8n answers, is ready, was restarted around the failures, and is short of something.

    What is seen now speaks of the cause only where the problem goes on.
    """
    server = tools.server()
    try:
        health = server.health()
    except RequestError as error:
        effects = {C.INFRASTRUCTURE: 8.0, C.NETWORK: 1.5} if target.current and error.reason != "tls" else {}
        told = f"n8n does not answer from here: {error}."
        return found(told, [seen(told, effects)], next_look="Look at the n8n host: is it up, and is n8n running?")
    if strange := _strange(health):
        step = "Open it in a browser: does a proxy answer, or has the health route another name (N8N_ENDPOINT_HEALTH)?"
        return could_not_look(f"At {server.url}/healthz answers {strange}, not n8n's health check.", next_look=step)
    ready = _status(server, "healthz/readiness")
    if health.status >= 500 or ready == 0 or ready >= 500:
        which = f"readiness {ready or 'without an answer'}: it starts, or its database is away"
        which = f"healthz {health.status}" if health.status >= 500 else which
        told = f"n8n answers, but says that it is not well ({which})."
        sure = {C.INFRASTRUCTURE: 30.0, C.UNKNOWN: 0.5} if health.status >= 500 or ready else {C.INFRASTRUCTURE: 3.0}
        effects = sure if target.current else {}
        return found(told, [seen(told, effects)], next_look="Read n8n's log and look at its database.")
    up = f"n8n is up and ready, it answered in {health.timing.total or 0:.1f} s"
    signs = list(_figures(target, _metrics(server)))
    facts = [sign.fact for sign in signs]
    wrong = [sign.fact.fact.text for sign in signs if sign.bad]
    if wrong:
        return found(" ".join([f"{up}.", *wrong]), facts)
    well = seen(f"{up}.", {C.INFRASTRUCTURE: 0.8} if target.current else {})
    return clean(" ".join([well.fact.text, *(piece.fact.text for piece in facts)]), [well, *facts])


def _strange(answer: Answer) -> str | None:
    """What answers in the place of n8n's health check, in words: a proxy's page, a redirect, a refusal; None for n8n."""
    if answer.status >= 500:
        return None
    if 300 <= answer.status < 400:
        return f"a redirect ({origin(answer.headers.get('location', '')) or 'to another path'})"
    if answer.status != 200:
        return f"status {answer.status}"
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    return None if isinstance(told, dict) and "status" in told else "something else"


def _status(server: N8n, path: str) -> int:
    try:
        return server.health(path).status
    except RequestError:
        return 0


def _metrics(server: N8n) -> bytes:
    """The server's figures in Prometheus' form; nothing where they are switched off."""
    try:
        answer = server.health("metrics")
    except RequestError:
        return b""
    return answer.body if answer.status == 200 and b"n8n_" in answer.body else b""


def _figures(target: Target, text: bytes) -> Iterator[Sign]:
    if not text:
        yield Sign(seen("Its metrics are switched off (N8N_METRICS), so nothing is known of memory and queue."))
        return
    values = {
        name.decode(): value
        for name, labels, told in _LINE.findall(text)
        if not labels and (value := _number(told)) is not None
    }
    if version := _VERSION.search(text):
        yield Sign(seen(f"It runs n8n {version[1].decode()}."))
    began = values.get("n8n_process_start_time_seconds") or values.get("process_start_time_seconds")
    if began and began < LATEST:
        yield _restart(target, datetime.fromtimestamp(began, UTC))
    heap, most = values.get("n8n_nodejs_heap_size_used_bytes"), values.get("n8n_nodejs_heap_size_total_bytes")
    memory = values.get("n8n_process_resident_memory_bytes")
    if memory:
        share = f", heap {heap / most:.0%} full" if heap and most else ""
        yield Sign(seen(f"It takes {memory / 1e6:,.0f} MB of memory{share}."))
    lag = values.get("n8n_nodejs_eventloop_lag_p99_seconds", 0.0)
    if lag >= LAG_S:
        effects = {C.INFRASTRUCTURE: 2.0, C.TIMEOUT: 1.3} if target.current else {}
        yield Sign(seen(f"Its event loop hangs: one in a hundred turns takes {lag:.1f} s.", effects), bad=True)
    waiting = values.get("n8n_scaling_mode_queue_jobs_waiting")
    if waiting is not None:
        running = values.get("n8n_scaling_mode_queue_jobs_active", 0)
        stuck = waiting >= WAITING_MANY or (waiting > 0 and running == 0)
        told = f"{waiting:,.0f} executions wait in its queue, {running:,.0f} run."
        yield Sign(seen(told, {C.INFRASTRUCTURE: 3.0} if stuck and target.current else {}), bad=stuck)


def _number(text: bytes) -> float | None:
    """A figure; None for what is none, below zero or without an end."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _restart(target: Target, began: datetime) -> Sign:
    """When the server started, beside the onset: what failed between is likely to have to do with it."""
    told = f"It has been running since {began:%Y-%m-%d %H:%M} UTC"
    if target.onset is None or target.last_seen is None:
        return Sign(seen(f"{told}."))
    before = target.onset_not_before or target.onset
    if before - AROUND <= began <= target.last_seen + AROUND:
        text = f"{told}: it was restarted when the failures began or while they lasted."
        return Sign(seen(text, {C.INFRASTRUCTURE: 2.0, C.WORKFLOW_INACTIVE: 1.2}), bad=True)
    return Sign(seen(f"{told}, {'before they began' if began < before else 'after the last failure'}."))
