"""Which side gave up first: how long the failing runs took beside n8n's limit for the node and Modal's for a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Evidence
from incident_nb.probes.endpoint_timing import MODAL_WEB_LIMIT_S, GaveUp, Limit, gave_up, limit_of, span
from incident_nb.probes.target import Target, Tools, seen

C = Cause
SLOWER = 2.0  # for a timeout, where the endpoint's answer takes longer than n8n waits

_WHO = {
    GaveUp.N8N: "n8n gave up first",
    GaveUp.MODAL: f"Modal gave up first, after its {MODAL_WEB_LIMIT_S:.0f} s for a request",
    GaveUp.ENDPOINT: "neither limit was reached, so the endpoint ended it by itself",
}


def limits(target: Target, tools: Tools, modal: bool, slowest: float | None) -> Iterator[Evidence]:
    """The facts that compare n8n's limit with the failing runs, and with the slowest good answer now, if there is one."""
    if target.node is None:
        return
    node = target.nodes.get(target.node, {})
    limit = limit_of(node, " ".join(filter(None, (target.message, target.description))))
    took, where = _took(target, tools)
    text = _told(limit, took, where, target, node, modal)
    if text:
        yield seen(text)
    if limit and slowest is not None and slowest > limit.seconds:
        effects = {C.TIMEOUT: SLOWER} if target.current else {}
        yield seen(f"Its answer now takes up to {span(slowest)}, longer than n8n waits for it.", effects)


def _told(
    limit: Limit | None, took: float | None, where: str, target: Target, node: dict[str, Any], modal: bool
) -> str:
    timed_out = target.cause is C.TIMEOUT
    parts = [f"n8n waits {span(limit.seconds)} for “{target.node}” ({limit.known_by})"] if limit else []
    if took is not None:
        parts.append(f"{where} took {span(took)}")
        who = _WHO.get(gave_up(limit, took, timed_out=timed_out, modal=modal))
        # With tries of its own a node's time is that of all of them, with the waits between.
        if who and not (node.get("retry") or {}).get("retryOnFail"):
            parts.append(who)
    text = "; ".join(parts)
    return f"{text[:1].upper() if text[:3] != 'n8n' else text[:1]}{text[1:]}." if text else ""


def _took(target: Target, tools: Tools) -> tuple[float | None, str]:
    """How long the newest failing run was at the node; where that is not known, how long the failing runs took in all."""
    if target.execution_id and (spent := _at_node(target, tools)) is not None:
        return spent, f"the run of “{target.node}” in execution {target.execution_id}"
    runs = target.log.executions
    mine = runs[runs["execution_id"].isin(target.failing_ids)]
    if target.instance is not None:
        mine = mine[mine["instance"] == target.instance]
    middle = mine["duration_s"].median()
    return (None, "") if pd.isna(middle) else (float(middle), f"the failing runs as a whole ({len(mine)}, median)")


def _at_node(target: Target, tools: Tools) -> float | None:
    try:
        execution = tools.execution(target.execution_id or "")
    except IncidentNbError:
        return None
    try:
        spent = execution["data"]["resultData"]["runData"][target.node][-1]["executionTime"]
    except (KeyError, IndexError, TypeError):
        return None
    return spent / 1000 if isinstance(spent, int | float) else None
