"""What a review is made from, gathered: the incidents on record, and the executions of a source or of the servers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from incident_nb.case import SAMPLE, read_case
from incident_nb.errors import IncidentNbError, UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.live import WORD
from incident_nb.policy import usable_calendar
from incident_nb.record import Incident
from incident_nb.review.kept import History, Material, material
from incident_nb.review.period import Period
from incident_nb.settings import Settings

FOLDER = "reviews"
NO_SOURCE = "no execution log was named, and no n8n server is configured"
Runs = tuple[ExecutionLog | None, str]
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def gather(
    incidents: Iterable[Incident], settings: Settings, client: str, period: Period, now: datetime,
    runs: Runs, events: History = lambda _: (),
) -> Material:  # fmt: skip
    """What the review of a client and a period is made from, with `runs` as `read_runs` gives them.

    `events` are those of an incident by its number, as the records have them.

    Raises UsageError for a client of which neither settings nor incidents nor executions know.
    """
    known = list(incidents)
    log, why = runs
    codes = {*settings.clients, *(one.client for one in known if one.client)}
    if log is not None:
        codes |= {str(code) for code in log.executions["client"].dropna().unique()}
    if client not in codes:
        told = ", ".join(sorted(codes)) or "none at all"
        raise UsageError(f"There is no client {client!r} in settings, incidents or executions. There is: {told}.")
    return material(known, log, settings, client, period, now, events=events, no_runs=why)


def zone_of(settings: Settings, client: str) -> str:
    """The client's time zone, UTC where none can be read; the review's `note` says so then."""
    calendar, _ = usable_calendar(settings, client)
    return calendar.time_zone if calendar else "UTC"


def folder_of(settings: Settings, client: str, period: Period) -> Path:
    """Where the workspace keeps the review, such as reviews/ACME/2026-W47. Raises UsageError where there is none."""
    if settings.path is None:
        raise UsageError(
            "Reviews are kept in a workspace, and there is none here. Name a folder with --out, or make one with "
            "`incident-nb init DIR`."
        )
    odd = f"client-{hashlib.sha256(client.encode('utf-8', 'replace')).hexdigest()[:10]}"
    return settings.path.parent / FOLDER / (client if _PLAIN.fullmatch(client) else odd) / period.name


def read_runs(settings: Settings, now: datetime, sources: Sequence[str] = (), **options: Any) -> Runs:
    """The executions of everybody, or None and why there are none. `options` are those of `case.read_case`.

    Without `sources` the configured servers are read, and what keeps them from that is no error. Raises what `read_case`
    raises of sources that were named.
    """
    if sources:
        return read_case(list(sources), settings, now, **options).log, ""
    if not settings.n8n:
        return None, NO_SOURCE
    try:
        return read_case([WORD], settings, now, **options).log, ""
    except IncidentNbError as error:
        return None, str(error).rstrip(".")


def is_sample(sources: Sequence[str]) -> bool:
    """Whether the bundled sample is meant, incidents and all."""
    return list(sources) == [SAMPLE]
