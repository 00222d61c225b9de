"""Payloads of older versions lifted to today's form, step by step: events are never rewritten where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SCHEMA = 3
"""The version of what events say and of what they fold to.

Whoever changes a payload, adds a kind or lets the same events fold to something else raises it, adds a lift here, and
keeps a record of the old version as a test (`python -m tests.make_records`).
"""

Lift = Callable[[str, dict[str, Any]], dict[str, Any]]

LIFTS: dict[int, Lift] = {}
"""What makes a payload of version n one of n + 1: a function of kind and values. Without one nothing has to be done."""


def lifted(kind: str, values: dict[str, Any], version: int) -> dict[str, Any]:
    """A payload of some version in today's form. What a correction says in place of another event is lifted with that."""
    for step in range(version, SCHEMA):
        if lift := LIFTS.get(step):
            values = lift(kind, dict(values))
    return values
