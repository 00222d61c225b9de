"""What was in a run: how many invoices, orders or other things reached a node, as far as its data shows what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from incident_nb.escape import printable
from incident_nb.readers.node_input import Json, as_dict, as_list, node_input
from incident_nb.redact import redact_text

ITEMS = "items"  # what is not known to be anything else
MOST = 5_000  # items of one run that are looked into
_ID = re.compile(r"(?P<name>[A-Za-z][A-Za-z]{2,24}?)(?:[_\- ]?(?:id|no|nr|num|number|uuid|key|ref))", re.I)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAME = re.compile(r"[a-z]{3,24}(?: [a-z]{2,24}){0,2}")
# Names that say whose or where something is, and not what it is; or that every system has.
_NOT_WHAT = {
    "account", "api", "app", "auth", "base", "batch", "body", "board", "category", "chat", "client", "company",
    "correlation", "credential", "cursor", "database", "device", "environment", "event", "execution", "external", "file",
    "folder", "form", "group", "hook", "instance", "integration", "job", "language", "list", "location", "merchant",
    "message", "node", "org", "organisation", "organization", "owner", "page", "parent", "portal", "process", "project",
    "queue", "record", "region", "request", "resource", "row", "run", "sender", "server", "session", "sheet", "site",
    "source", "space", "store", "sub", "table", "tax", "team", "template", "tenant", "thread", "trace", "tracking",
    "trigger", "type", "user", "vat", "version", "webhook", "workflow", "workspace", "zone",
}  # fmt: skip


Things = dict[str, set[str]]
"""What there was by name, each thing once: by its id, or by its place where it has none."""


def things_at(execution: Json, node: str) -> Things | None:
    """What reached a node in an execution; None where its data is not kept. The ids are for counting and stay here."""
    given = node_input(execution, node)
    if given.why is not None:
        return None
    called = _called_by_node(execution, node)
    found: Things = {}
    for at, item in enumerate(given.items[:MOST]):
        content = as_dict(as_dict(item).get("json"))
        content = as_dict(content.get("body")) or content  # what a Webhook node gives
        listed = dict(_listed(content))
        for name, entries in listed.items():
            found.setdefault(name, set()).update(_ids(entries, name, f"{execution.get('id')}/{at}"))
        if not listed:
            name, key = _what(content) or (called, content.get("id"))
            found.setdefault(_plural(name), set()).add(_key(key, f"{execution.get('id')}/{at}"))
    return found


def _listed(content: Json) -> Iterator[tuple[str, list[Any]]]:
    """Lists of records in an item, under a name that says what they are."""
    for key, value in content.items():
        name = _plain(key)
        records = isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
        if records and name.endswith("s") and name[:-1] not in _NOT_WHAT:
            yield name, value


def _ids(entries: list[Json], name: str, place: str) -> Iterator[str]:
    for number, one in enumerate(entries):
        what = _what(one)
        key = what[1] if what and _plural(what[0]) == name else one.get("id")
        yield _key(key, f"{place}/{number}")


def _what(content: Json) -> tuple[str, Any] | None:
    """What an item is, with its id: by its `object`, as payment services write it, or by the first key such as `invoice_id`."""
    if (
        isinstance(kind := content.get("object"), str)
        and _NAME.fullmatch(_plain(kind))
        and content.get("id") is not None
    ):
        return _plain(kind), content["id"]
    for key, value in content.items():
        if isinstance(value, str | int) and not isinstance(value, bool) and (found := _ID.fullmatch(str(key))):
            name = _plain(found["name"])
            if name not in _NOT_WHAT and _NAME.fullmatch(name):
                return name, value
    return None


def _called_by_node(execution: Json, node: str) -> str:
    """What the node works on by its own setting, such as the resource `invoice`."""
    nodes = as_list(as_dict(execution.get("workflowData")).get("nodes"))
    mine = next((as_dict(one) for one in nodes if as_dict(one).get("name") == node), {})
    name = _plain(as_dict(mine.get("parameters")).get("resource"))
    return name if _NAME.fullmatch(name) and name not in _NOT_WHAT else "item"


def _plain(name: Any) -> str:
    """A name in plain words, through the gate: `invoiceLine` as `invoice line`."""
    if not isinstance(name, str):
        return ""
    words = _CAMEL.sub(" ", redact_text(printable(name[:60]))).replace("_", " ").replace("-", " ")
    return " ".join(words.lower().split())


def _plural(name: str) -> str:
    if name.endswith("s"):
        return name
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("x", "ch", "sh")) else f"{name}s"


def _key(value: Any, place: str) -> str:
    return f"={value}" if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else place
