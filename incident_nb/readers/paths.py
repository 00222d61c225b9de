"""How a run went, node by node: what was given out and how long it took; and whether it may hold an error at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_MS = 10 * 366 * 86_400_000  # ten years; no node takes longer, and a larger number is damage
_known: dict[str, str] = {}
_MOST_KNOWN = 100_000


class Watch(NamedTuple):
    """What to look for in a workflow's quiet runs: n8n's warnings, and errors among the items of these nodes."""

    warns: bool = True
    nodes: frozenset[str] = frozenset()


class Path(NamedTuple):
    """A run's way: its nodes one a line, and in the same order their items and milliseconds (empty: not known).

    `names`, `items` and `ms` are None without runs. `suspect`: whether there may be an error somewhere.
    """

    names: str | None = None
    items: str | None = None
    ms: str | None = None
    last: Any = None
    parent: Any = None
    redaction: Any = None
    suspect: bool = False


def counts_of(runs: Any) -> tuple[str | None, str | None, str | None]:
    """The names, items and milliseconds of decoded `runData`; whatever is not as n8n writes it is not known."""
    if not isinstance(runs, dict) or not runs:
        return None, None, None
    each = [entries if isinstance(entries, list) else [] for entries in runs.values()]
    items = [total([given(run) for run in entries]) for entries in each]
    took = [total([milliseconds(run.get("executionTime") if isinstance(run, dict) else None) for run in entries])
            for entries in each]  # fmt: skip
    return names_of(runs), shared(lined(items)), lined(took)


def given(run: Any) -> int | None:
    """How many items a node's run gave out on all its `main` outputs; None where that is not known."""
    data = run.get("data") if isinstance(run, dict) else None
    outputs = data.get("main") if isinstance(data, dict) else None
    if not isinstance(outputs, list) or any(not isinstance(output, list | None) for output in outputs):
        return None
    return sum(len(output) for output in outputs if output)


def milliseconds(took: Any) -> int | None:
    """A time that n8n gives in milliseconds as a whole number; None for what is none."""
    if type(took) is int:
        return took if 0 <= took <= MOST_MS else None
    return round(took) if type(took) is float and 0 <= took <= MOST_MS else None


def total(values: list[int | None]) -> int | None:
    """The sum of a node's runs; not known where one of them is not, or there are none."""
    return sum(values) if values and None not in values else None  # type: ignore[arg-type]


def lined(values: Iterable[int | None]) -> str:
    """One value a line, an empty line where it is not known."""
    return "\n".join(["" if value is None else str(value) for value in values])


def names_of(runs: Iterable[Any]) -> str:
    """The names of nodes one a line; no name takes two."""
    names = [str(name) for name in runs]
    joined = "\n".join(names)
    if joined.count("\n") >= len(names):
        joined = "\n".join([" ".join(name.split("\n")) for name in names])
    return shared(joined)


def shared(text: str) -> str:
    """The same text as one object: runs of a workflow repeat each other."""
    found = _known.get(text)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[text] = text
    return found
