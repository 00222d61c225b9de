"""What an n8n server did lately, read into the workspace's archive first, and until when nothing of it lacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd

from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.live import WORD, read_live, source_of
from incident_nb.settings import Settings


class Read(NamedTuple):
    """A server's executions; all that began until `until` (UTC) are among them. `why`: what keeps that from being now."""

    log: ExecutionLog
    until: datetime
    why: str = ""


def read(name: str, settings: Settings, now: datetime) -> Read:
    """The executions of the server `[n8n.NAME]`, the newest from the server itself, where it answers.

    Raises UnreachableError, SettingsError or UsageError where there is nothing to read, with the reason.
    """
    source = f"{WORD}:{name}"
    try:
        log, why = read_live([source], settings), ""
    except UsageError as error:  # another process brings the archive up to date, or there is no key to ask with
        try:
            log, why = read_live([source], settings, offline=True), str(error)
        except UsageError:
            raise error from None
    lacking = [part.reason for part in log.skipped if part.source == source_of(name) and part.where == "the newest"]
    why = why or next(iter(lacking), "")
    newest = log.executions["at"].max()
    known = now if not why or pd.isna(newest) else min(newest.to_pydatetime(), now)
    return Read(log, known.astimezone(UTC), why)
