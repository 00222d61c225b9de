"""The diagnostic checklist against live systems: one file a probe, all asked side by side under one time budget.

A probe is a function `look(target, tools) -> Probed` in a file of its own, and a row of `PROBES`. It may raise any of
our errors: that is an answer, too, "could not look, because". What it says passes the gate here, in one place.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import UTC, datetime
from typing import NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.models import Evidence, Probed
from incident_nb.probes import (
    changes,
    credentials,
    data_format,
    endpoint,
    failing_run,
    heartbeat,
    infrastructure,
    modal_cli,
    recurrence,
    vendor_status,
    workflow_state,
)
from incident_nb.probes.target import CouldNotLookError, Target, Tools, could_not_look
from incident_nb.redact import redact_text

__all__ = ["PROBES", "CouldNotLookError", "OnAnswer", "Probe", "Target", "Tools", "ask_all"]

Look = Callable[[Target, Tools], Probed]


class Probe(NamedTuple):
    """One probe: its name, the row it answers, what it asks in a few words, and how.

    `records`: that the records and the files they came from can answer it, so that it is asked offline, too.
    """

    name: str
    check: str
    asks: str
    look: Look
    records: bool = False


PROBES = (
    Probe("failing_run", "DX-1", "the failing execution and the runs before it", failing_run.look, records=True),
    Probe("endpoint", "DX-2", "the health of the endpoint that the failing node calls", endpoint.look),
    Probe("modal", "DX-2", "what Modal's command line says of its app", modal_cli.look),
    Probe("vendor_status", "DX-4", "the third party's status page and host", vendor_status.look),
    Probe("credentials", "DX-3", "the failing node's credential, and who else uses it", credentials.look),
    Probe("changes", "DX-5", "changes of workflow, credential, code and deployments", changes.look),
    Probe("data_format", "RC-3", "the failing node's input beside good ones", data_format.look, records=True),
    Probe("workflow_state", "RC-4", "whether the workflow and those it calls are active", workflow_state.look),
    Probe("infrastructure", "RC-6", "n8n's health", infrastructure.look),
    Probe("recurrence", "DX-6", "how the workflow's newest runs on the server ended", recurrence.look),
    Probe("heartbeat", "heartbeat", "workflows that should have run and did not", heartbeat.look, records=True),
)

OnAnswer = Callable[[int, int, Probed], None]


def ask_all(
    target: Target,
    tools: Tools,
    probes: tuple[Probe, ...] = PROBES,
    on_answer: OnAnswer = lambda *_: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> tuple[Probed, ...]:
    """Each probe's answer, in the order of `probes`, when all have answered or the session's time is up.

    `on_answer(done, of, answer)` is called as answers come in. `clock` tells when a probe was asked.
    """
    pool = ThreadPoolExecutor(max_workers=max(len(probes), 1), thread_name_prefix="probe")
    asked: dict[Future[Probed], Probe] = {
        pool.submit(copy_context().run, _ask, probe, target, tools, clock): probe for probe in probes
    }
    answers: dict[Probe, Probed] = {}
    try:
        pending = set(asked)
        while pending and tools.session.left > 0:
            done, pending = wait(pending, timeout=max(tools.session.left, 0), return_when=FIRST_COMPLETED)
            for future in done:
                answers[asked[future]] = future.result()
                on_answer(len(answers), len(probes), answers[asked[future]])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for probe in probes:
        if probe not in answers:
            late = could_not_look("It did not answer before the time for all checks was up.", asked=probe.asks)
            at = None if probe.records else clock()
            answers[probe] = late.model_copy(update={"probe": probe.name, "check": probe.check, "at": at})
            on_answer(len(answers), len(probes), answers[probe])
    return tuple(answers[probe] for probe in probes)


def _ask(probe: Probe, target: Target, tools: Tools, clock: Callable[[], datetime]) -> Probed:
    at, started = clock(), time.monotonic()
    try:
        answer = probe.look(target, tools)
    except IncidentNbError as error:
        words = str(error).strip()
        words = words if words.startswith("n8n") else f"{words[:1].upper()}{words[1:]}"
        answer = could_not_look(f"{words}{'' if words.endswith('.') else '.'}")
    except Exception as unexpected:  # one broken probe must not cost the others' answers
        answer = could_not_look(f"The check itself failed ({type(unexpected).__name__}); please report it.")
    took = None if probe.records else round(time.monotonic() - started, 2)
    return Probed(
        outcome=answer.outcome, summary=redact_text(answer.summary), asked=redact_text(answer.asked or probe.asks),
        evidence=tuple(_gated(piece, probe) for piece in answer.evidence),
        next_look=redact_text(answer.next_look) if answer.next_look else None,
        probe=probe.name, check=probe.check, at=None if probe.records else at, took_s=took,
    )  # fmt: skip


def _gated(piece: Evidence, probe: Probe) -> Evidence:
    """A fact with its words through the gate: what vendors, servers and repositories say is data."""
    fact = piece.fact.model_copy(update={"text": redact_text(piece.fact.text), "check": probe.check})
    return piece.model_copy(update={"fact": fact, "kind": "history" if probe.records else "live"})
