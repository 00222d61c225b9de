"""Lists of names and clauses as a sentence has them."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 4


def named(names: Iterable[str]) -> str:
    """Names in quotation marks, at most four: `“A”, “B” and “C”`."""
    return listed([f"“{name}”" for name in names])


def listed(parts: Iterable[str]) -> str:
    """Clauses one after another, at most four and how many more there are."""
    every = list(parts)
    shown = every[:MOST] + ([f"{len(every) - MOST} more"] if len(every) > MOST else [])
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)
