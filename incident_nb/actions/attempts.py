"""The other attempts at an execution: its retries, theirs, and what it is a retry of, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from incident_nb.readers.node_input import Json

GOING_ON = ("running", "new", "waiting")


class Attempts(NamedTuple):
    """Why a further retry is out of the question, or what makes it doubtful. Both None where nothing speaks against it."""

    settled: str | None = None
    went_well: bool = False
    doubt: str | None = None


def family(execution: Json, runs: Iterable[Json]) -> list[Json]:
    """The other attempts at the same work among these executions: what it is a retry of, its retries, and theirs."""
    own = str(execution.get("id"))
    known = {str(run.get("id")): run for run in runs if run.get("id") is not None} | {own: execution}
    return [run for name, run in known.items() if name != own and _first(name, known) == _first(own, known)]


def other_attempts(execution: Json, runs: Iterable[Json]) -> Attempts:
    """What other attempts at the same work mean for a retry of this one."""
    own, others = str(execution.get("id")), family(execution, runs)
    for run in others:
        number, status = run.get("id"), run.get("status")
        if status == "success" or run.get("retrySuccessId") is not None:
            good = number if status == "success" else run["retrySuccessId"]
            return Attempts(f"The same work was retried with success already (execution {good}).", went_well=True)
        if status in GOING_ON:
            return Attempts(f"A retry of it (execution {number}) has not ended.")
    later = [run for run in others if _number(run.get("id")) > _number(own)]
    if later:
        newest = max(later, key=lambda run: _number(run.get("id"))).get("id")
        return Attempts(
            doubt=f"It was retried before (execution {newest}), and that retry may have written before it failed"
        )
    return Attempts()


def _first(name: str, known: dict[str, Json]) -> str:
    """The attempt that all others go back to."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        before = known.get(name, {}).get("retryOf")
        if before is None or before == "":
            break
        name = str(before)
    return name


def _number(name: object) -> int:
    text = str(name)
    return int(text) if text.isdecimal() else 0
