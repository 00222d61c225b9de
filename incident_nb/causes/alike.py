"""Which failures of a table no signature tells apart: they get one verdict, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from incident_nb.causes.engine import is_own
from incident_nb.causes.rules import signatures
from incident_nb.causes.unwrap import host_of, without_ids

ELSEWHERE = "elsewhere"
"""Stands for every host that neither a signature nor the own hosts know."""

_WITH_IDS = ("message", "description", "stack")
_AS_THEY_ARE = ("http_code", "error_name", "node_type")
ASKED = [*_WITH_IDS, *_AS_THEY_ARE, "host"]


def alike(failures: pd.DataFrame, own_hosts: Sequence[str]) -> pd.DataFrame:
    """What verdicts depend on, with those values equal that no signature tells apart; None where there is nothing.

    Columns: `ASKED`. A record of these gets the verdict that the failure itself would get.
    """
    own = tuple(own_hosts)
    columns = {name: _each(failures[name], without_ids) for name in _WITH_IDS}
    columns |= {name: _each(failures[name], str) for name in _AS_THEY_ARE}
    places = pd.MultiIndex.from_arrays([_each(failures[name], str) for name in ("host", "url")])
    codes, different = pd.factorize(places)
    hosts = [_known(host_of(_text(host), _text(url)), own) for host, url in different]
    columns["host"] = pd.Series(hosts, dtype="object").take(codes).set_axis(failures.index)
    return pd.DataFrame(columns)


@lru_cache(maxsize=4_096)
def _known(host: str | None, own_hosts: tuple[str, ...]) -> str | None:
    if host is None or is_own(host, own_hosts) or any(one.hosts and one.hosts.match(host) for one in signatures()):
        return host
    return ELSEWHERE


def _each(column: pd.Series, of: Callable[[str], str]) -> pd.Series:
    """A column with something done once to each of its different texts."""
    codes, different = pd.factorize(column.astype("object"))
    return pd.Series([*map(of, different), None], dtype="object").take(codes).set_axis(column.index)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
