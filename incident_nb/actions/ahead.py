"""What a retry would run: the nodes from where it goes on, and how they differ in the workflow as it is now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from incident_nb.readers.node_input import Json, as_dict, as_list

_REFERENCE = re.compile(r"\$\(\s*['\"]([^'\"]+)['\"]\s*\)|\$node\[\s*['\"]([^'\"]+)['\"]\s*\]")
DEEPEST = 12


def nodes_by_name(workflow: Json) -> dict[str, Json]:
    """The nodes of a workflow by their names."""
    return {str(node.get("name")): node for node in as_list(workflow.get("nodes")) if isinstance(node, dict)}


def rerun(workflow: Json, start: Iterable[str]) -> tuple[str, ...]:
    """The names of the nodes that run when a workflow goes on at `start`, those first, with the models and tools they use."""
    after = _edges(workflow, main=True)
    found = list(dict.fromkeys(start))
    for name in found:  # grows while it is walked
        found += [one for one in after.get(name, ()) if one not in found]
    return tuple(dict.fromkeys((*found, *used_by(workflow, found))))


def used_by(workflow: Json, names: Iterable[str]) -> tuple[str, ...]:
    """The sub-nodes that hang on these nodes, at whatever depth."""
    users = _edges(workflow, main=False)
    found = list(names)
    first = len(found)
    for name in found:  # grows while it is walked
        found += [one for one, into in users.items() if name in into and one not in found]
    return tuple(found[first:])


def differences(old: Json, new: Json, names: Iterable[str]) -> list[str]:
    """How these nodes, and what follows each of them, differ between a run's workflow and another state of it, in words."""
    before, after = nodes_by_name(old), nodes_by_name(new)
    ways, ways_now = as_dict(old.get("connections")), as_dict(new.get("connections"))
    found: list[str] = []
    for name in names:
        if (name in before) != (name in after):
            found.append(f"“{name}” was {'added' if name in after else 'removed or renamed'}")
        elif name in before:
            found += [f"{what} of “{name}” differs" for what in _changes(before[name], after[name])]
            if _plain(ways.get(name)) != _plain(ways_now.get(name)):
                found.append(f"what follows “{name}” differs")
    return list(dict.fromkeys(found))


def unmet(workflow: Json, names: Iterable[str], ran: Iterable[str]) -> list[str]:
    """The nodes that these refer to and that neither ran before nor will run."""
    nodes = nodes_by_name(workflow)
    there = {*ran, *names}
    texts = (text for name in names for text in _texts(as_dict(nodes.get(name)).get("parameters")))
    named = {one or other for text in texts for one, other in _REFERENCE.findall(text)}
    return sorted(named - there)


def _edges(workflow: Json, *, main: bool) -> dict[str, list[str]]:
    """Which nodes each node leads to: by its items, or as a model, tool or memory of theirs."""
    return {
        str(name): [
            str(as_dict(end).get("node"))
            for kind, outputs in as_dict(ways).items()
            if (kind == "main") is main
            for ends in as_list(outputs)
            for end in as_list(ends)
        ]
        for name, ways in as_dict(workflow.get("connections")).items()
    }


def _changes(old: Json, new: Json) -> Iterator[str]:
    """What differs between a node as it ran and as it is."""
    for key, what in (("type", "the type"), ("typeVersion", "the version"), ("onError", "what it does on errors")):
        if old.get(key) != new.get(key):
            yield what
    for key, what in (("disabled", "whether it is switched on"), ("retryOnFail", "whether it tries again")):
        if bool(old.get(key)) != bool(new.get(key)):
            yield what
    if _credentials(old) != _credentials(new):
        yield "the credential"
    for path in _leaves(as_dict(old.get("parameters")), as_dict(new.get("parameters")), ()):
        yield f"parameter {'.'.join(path)}"


def _leaves(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The places at which parameters differ.

    For a run n8n fills in the defaults of all parameters and leaves out those that others hide. So what only one of the
    two has is no change, except below the first level where it is new, and an option that a person took away again.
    """
    chosen = "options" in path[:-1] and bool(old)
    if old == new or (new is None and not chosen) or (old is None and len(path) == 1):
        return
    if len(path) < DEEPEST and isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}, key=str):
            yield from _leaves(old.get(key), new.get(key), (*path, str(key)))
    elif len(path) < DEEPEST and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(one, two, (*path, str(place)))
    else:
        yield path


def _credentials(node: Json) -> set[tuple[str, str]]:
    return {
        (str(kind), str(as_dict(one).get("id")))
        for kind, one in as_dict(node.get("credentials")).items()
        if as_dict(one).get("id") is not None
    }


def _plain(ways: Any) -> list[tuple[str, int, str, str, int]]:
    """A node's connections without their empty places."""
    return [
        (
            str(kind),
            place,
            str(as_dict(end).get("node")),
            str(as_dict(end).get("type")),
            int(as_dict(end).get("index") or 0),
        )
        for kind, outputs in as_dict(ways).items()
        for place, ends in enumerate(as_list(outputs))
        for end in as_list(ends)
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for one in value.values() for text in _texts(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in _texts(one))
