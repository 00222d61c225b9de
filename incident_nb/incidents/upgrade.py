"""Payloads of older versions lifted to today's form, step by step: events are never rewritten where they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SCHEMA = 1
"""The version of the payloads. Whoever changes one adds a lift here, and keeps a record of the old version as a test."""

Lift = Callable[[str, dict[str, Any]], dict[str, Any]]

LIFTS: dict[int, Lift] = {}
"""What makes a payload of version n one of n + 1: a function of kind and values."""


def lifted(kind: str, values: dict[str, Any], version: int) -> dict[str, Any]:
    """A payload of some version in today's form."""
    for step in range(version, SCHEMA):
        values = LIFTS[step](kind, dict(values))
    return values
