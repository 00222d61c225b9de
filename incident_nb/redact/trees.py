"""What the objects around a value say of it: a credential, the parameters of a request, a list of secrets."""

from __future__ import annotations

import re
from typing import Any

from .judges import HEADER
from .keys import Test, key_rule, opaque, stand_in
from .rules import MASK
from .urls import QUERY_KEYS

# Names and values side by side, as header and query parameters are kept by n8n and in HAR files.
_NAMES = (
    "name",
    "key",
    "header",
    "field",
    "parameter",
    "param",
    "variable",
    "property",
    "setting",
    "label",
    "id",
    "ParameterKey",
)
VALUES = frozenset(("value", "val", "content", "defaultValue", "data", "ParameterValue"))
_PRIVATE_PARTS, _NOTHING = frozenset(("d", "p", "q", "dp", "dq", "qi", "k")), frozenset[str]()
_CREDENTIAL_DATA = frozenset({"credentials", "credentialdata", "decrypteddata", "oauthtokendata"})
_CREDENTIAL_TYPE = re.compile(r"[a-z]\w{1,60}(?:Api|Auth|OAuth\d?|Jwt|Token)")
_QUERIES = frozenset({"query", "params", "qs", "querystring", "queryparameters", "queryparams", "searchparams"})
_SECRETS = re.compile(
    r"(?i:\w{0,40}(?:(?:api|secret|access|private|signing|encryption|auth)[_-]?keys|tokens|secrets|passwords|(?:backup|recovery|scratch)[_-]?codes))"
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


def one_of(kind: str | None, value: str) -> str | None:
    """The kind of one of several secrets, if the value looks like one: drawn by lot, or a code in groups."""
    fits = opaque(value) or (kind == "otp" and re.fullmatch(r"[A-Za-z0-9]{3,8}(?:[ -][A-Za-z0-9]{3,8}){0,4}", value))
    return kind if kind and fits and not stand_in(value) else None


def of_key(tree: dict[Any, Any]) -> frozenset[str]:
    """The private parts of a JSON Web Key (RFC 7518), if the object is one."""
    return _PRIVATE_PARTS if isinstance(tree.get("kty"), str) else _NOTHING


def name_of(tree: dict[Any, Any]) -> str | None:
    """The name that an object gives to its value, as in `{"name": "X-Api-Key", "value": …}`."""
    if tree.get("type") in ("password", "secret"):
        return "password"
    names = [tree[name] for name in _NAMES if isinstance(tree.get(name), str)]
    return next((name for name in names if rule_of(name)), names[0] if names else None)


def name_before(items: list[Any] | tuple[Any, ...], index: int) -> str | None:
    """The header whose value this item is, in a flat list of names and values such as Node's rawHeaders."""
    before = items[index - 1] if index else None
    if not isinstance(before, str) or len(before) > 80:
        return None
    if HEADER.fullmatch(before):
        return before
    value = items[index]
    return before if isinstance(value, str) and rule_of(before) and opaque(value) else None


def rule_of(key: str | None) -> tuple[str, Test] | None:
    """What the key says of its value; a mask in the key says nothing."""
    return key_rule(MASK.sub("", key) if "[" in key else key) if key else None


def is_credential_data(key: object) -> bool:
    """Whether what stands under this key is a credential's data."""
    return isinstance(key, str) and key.replace("_", "").lower() in _CREDENTIAL_DATA
