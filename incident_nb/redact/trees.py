"""What the objects around a value say of it: a credential, the parameters of a request, a list of secrets."""

from __future__ import annotations

import re
from typing import Any

from .keys import key_rule, opaque, stand_in
from .urls import QUERY_KEYS

_CREDENTIAL_TYPE = re.compile(r"[a-z]\w{1,60}(?:Api|Auth|OAuth\d?|Jwt|Token)")
_QUERIES = frozenset({"query", "params", "qs", "querystring", "queryparameters", "queryparams", "searchparams"})
_SECRETS = re.compile(
    r"(?i:\w{0,40}(?:(?:api|secret|access|private|signing|encryption|auth)[_-]?keys|tokens|secrets|passwords))"
)


def is_credential(tree: dict[Any, Any]) -> bool:
    """Whether an object is a credential as n8n exports it: its type says which service's, its data is an object."""
    kind = tree.get("type")
    return isinstance(kind, str) and isinstance(tree.get("data"), dict) and _CREDENTIAL_TYPE.fullmatch(kind) is not None


def in_query(place: str, key: str | None, value: str) -> str | None:
    """The kind of a request's parameter, whose keys are those of an address, and of its cookies, whatever their keys."""
    if key is None or not opaque(value) or stand_in(value):
        return None
    if place.lower() == "cookies":
        return "cookie"
    if place.lower() not in _QUERIES:
        return None
    return QUERY_KEYS.get(re.sub(r"[^a-z0-9]", "", key.lower()))


def singular(key: str | None) -> str | None:
    """The kind of each value in a list under `apiKeys`, `tokens` and their like."""
    rule = key_rule(key[:-1]) if key and _SECRETS.fullmatch(key) else None
    return rule[0] if rule else None
