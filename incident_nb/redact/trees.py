"""What the objects around a value say of it: a credential, the parameters of a request, a list of secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .judges import HEADER
from .keys import Test, key_rule, not_wordy, opaque, stand_in
from .rules import MASK, bare
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
# Inside a credential's data everything but these is masked: they say which account and place it was.
_LABELS = re.compile(
    r"(?i:id|name|type|host|hostname|port|database|server|region|domain|scope|grant_?type|token_?type|.*ur[il]|.*at|"
    r"expires_?in|allowed.*|authentication|ssl|schema|environment|version|user_?name|user)"
)
# What n8n calls its kinds of credentials; an older one keeps the name that the user gave it under that.
_KINDS = re.compile(
    r"[a-z]\w{1,60}(?:Api|Auth|OAuth\d?)|smtp|imap|s?ftp|aws|postgres|mySql|microsoftSql|mongoDb|redis|mqtt|amqp|rabbitmq|kafka|"
    r"snowflake|questDb|crateDb|timescaleDb|ldap"
)
_CREDENTIAL_TYPE = re.compile(r"[a-z]\w{1,60}(?:Api|Auth|OAuth\d?|Jwt|Token)")
_QUERIES = frozenset(
    {"query", "params", "qs", "querystring", "queryparameters", "queryparams", "searchparams", "cookies"}
)
# What Odoo's JSON-RPC calls take a database, a user and a password for, and what the master password alone.
_OF_USERS = ("execute", "execute_kw", "exec_workflow", "login", "authenticate")
_OF_MASTER = ("create_database", "duplicate_database", "drop", "dump", "restore", "rename", "change_admin_password")
_SECRETS = re.compile(
    r"(?i:\w{0,40}(?:(?:api|secret|access|private|signing|encryption|auth)[_-]?keys|tokens|secrets|passwords|(?:backup|recovery|scratch)[_-]?codes))"
)


def is_credential(tree: dict[Any, Any]) -> bool:
    """Whether an object is a credential as n8n exports it: its type says which service's, its data is an object."""
    kind = tree.get("type")
    return isinstance(kind, str) and isinstance(tree.get("data"), dict) and _CREDENTIAL_TYPE.fullmatch(kind) is not None


def is_query(place: str | None) -> bool:
    """Whether an object in this place holds a request's parameters or its cookies."""
    return place is not None and place.lower() in _QUERIES


def in_query(place: str | None, key: str | None) -> str | None:
    """The kind of a request's parameter, whose keys are those of an address, and of its cookies, whatever their keys."""
    if place is None or key is None or not is_query(place):
        return None
    return "cookie" if place.lower() == "cookies" else QUERY_KEYS.get(re.sub(r"[^a-z0-9]", "", key.lower()))


def is_chat(key: object, tree: dict[Any, Any]) -> bool:
    """Whether a session's id says which of n8n's chats it is."""
    return key == "sessionId" and "chatInput" in tree


def masked_call(tree: dict[Any, Any], mask: Callable[[str, str], str]) -> dict[Any, Any]:
    """The object with the password masked among its `args`, if it is a call of Odoo's JSON-RPC."""
    args, service, method = tree.get("args"), tree.get("service"), tree.get("method")
    if not isinstance(args, list) or not (isinstance(service, str) or isinstance(method, str)):
        return tree
    if service == "db":
        place = 0 if method in _OF_MASTER else len(args)
    else:
        place = 2 if service in ("object", "common") or method in _OF_USERS else len(args)
    before, password = args[:place], args[place] if place < len(args) else None
    if not isinstance(password, str) or len(password) < 3 or stand_in(password):
        return tree
    signed = not before or (isinstance(before[0], str) and isinstance(before[1], int | str))
    return {**tree, "args": [*before, mask("password", password), *args[place + 1 :]]} if signed else tree


def singular(key: str | None) -> str | None:
    """The kind of each value in a list under `apiKeys`, `tokens` and their like."""
    rule = key_rule(key[:-1]) if key and _SECRETS.fullmatch(key) else None
    return rule[0] if rule else None


def one_of(kind: str, value: str) -> bool:
    """Whether a value that may be of this kind looks like one: drawn by lot, or a code in groups."""
    left = bare(value)
    code = kind == "otp" and re.fullmatch(r"[A-Za-z0-9]{3,8}(?:[ -][A-Za-z0-9]{3,8}){0,4}", left)
    return bool(opaque(left) or code) and not stand_in(value)


def of_key(tree: dict[Any, Any]) -> frozenset[str]:
    """The private parts of a JSON Web Key (RFC 7518), if the object is one."""
    return _PRIVATE_PARTS if isinstance(tree.get("kty"), str) else _NOTHING


def names_of(tree: dict[Any, Any]) -> list[str]:
    """The names that an object gives to its value, as in `{"name": "X-Api-Key", "value": …}`."""
    if tree.get("type") in ("password", "secret"):
        return ["password"]
    return [tree[name] for name in _NAMES if isinstance(tree.get(name), str)]


def name_among(names: list[str]) -> str | None:
    """The one of an object's names that says what its value is, if one does, else the first."""
    return next((name for name in names if rule_of(name)), names[0] if names else None)


def may_name_next(item: str) -> bool:
    """Whether an item of a list may be the name of the next one, as in Node's rawHeaders."""
    # What holds a mask was a value, and longer than it is now.
    return len(item) <= 80 and not MASK.search(item) and (HEADER.fullmatch(item) or rule_of(item)) is not None


def names_next(item: str, value: object) -> bool:
    """Whether such an item names this value: a header does, any other name needs a value drawn by lot."""
    return HEADER.fullmatch(item) is not None or (isinstance(value, str) and opaque(bare(value)))


def rule_of(key: str | None) -> tuple[str, Test] | None:
    """What the key says of its value; a mask in the key says nothing."""
    return key_rule(bare(key)) if key else None


def labels(key: str, value: str) -> bool:
    """Whether a value in a credential's data says which account or place it was; so do words where its data should be."""
    return _LABELS.fullmatch(key) is not None or (key == "credentials" and not not_wordy(value))


def names_credential(key: object, value: str) -> bool:
    """Whether a value under a kind of credential is the name that the user gave to one, as older versions of n8n have it."""
    if not isinstance(key, str) or not _KINDS.fullmatch(key):
        return False
    rule = rule_of(key)
    return (" " in value or not not_wordy(value)) and not opaque(value) and (rule is None or not rule[1](value))


def is_credential_data(key: object) -> bool:
    """Whether what stands under this key is a credential's data."""
    return isinstance(key, str) and key.replace("_", "").lower() in _CREDENTIAL_DATA
