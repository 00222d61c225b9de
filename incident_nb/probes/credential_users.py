"""Who uses a credential, and how each of them fared with it: live workflows by n8n, their runs by the records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.models import Evidence
from incident_nb.probes.target import Target, Tools, running_nodes, seen

MOST_NAMED = 5
BEFORE = timedelta(hours=1)
REFUSED = ("401", "403")


class User(NamedTuple):
    """A workflow that uses the credential: by which nodes, whether of the target's client, and how it fared (UTC)."""

    workflow_id: str
    name: str
    nodes: tuple[str, ...]
    active: bool
    own: bool
    last_good: Any
    good_id: str | None
    first_bad: Any
    bad_id: str | None
    bad: int

    @property
    def state(self) -> str:
        """Whether it fails, works, or did not run with it since."""
        if self.bad:
            return "failed" if self.last_good is None or self.last_good <= self.first_bad else "works again"
        return "works" if self.last_good is not None else "unknown"


def users_of(credential_id: str, target: Target, tools: Tools) -> tuple[list[Evidence], str]:
    """A fact for each workflow that uses the credential, those of other clients counted only; and a sentence on all."""
    try:
        flows = tools.workflows()
    except IncidentNbError as error:
        return [], f"Who else uses it could not be asked: {str(error).rstrip('.')}."
    users = [
        _user(flow, nodes, credential_id, target, tools) for flow in flows if (nodes := _nodes(flow, credential_id))
    ]
    own = sorted(
        (user for user in users if user.own), key=lambda user: (user.workflow_id != target.workflow_id, user.name)
    )
    foreign = [user for user in users if not user.own]
    facts = [_fact(user) for user in own[:MOST_NAMED]]
    if len(own) > MOST_NAMED:
        facts.append(seen(f"{_count(own[MOST_NAMED:])} more: {_states(own[MOST_NAMED:])}."))
    if foreign:
        facts.append(
            seen(
                f"{_count(foreign)} of other clients use{'s' if len(foreign) == 1 else ''} it, too: {_states(foreign)}."
            )
        )
    if missing := tools.workflows_missing():
        facts.append(seen(f"Not all workflows could be read, so others may use it, too: {missing}."))
    if not users:
        return facts, "No live workflow that was read uses it." if missing else "No live workflow uses it."
    return facts, f"{_count(users)} use{'s' if len(users) == 1 else ''} it: {_states(users)}."


def _nodes(flow: Any, credential_id: str) -> tuple[str, ...]:
    """The nodes of a live workflow that sign in with it."""
    return tuple(
        str(node.get("name"))
        for node in running_nodes(flow)
        if not node.get("disabled") and _names(node, credential_id)
    )


def _names(node: Any, credential_id: str) -> bool:
    signed = node.get("credentials")
    entries = signed.values() if isinstance(signed, dict) else ()
    return any(isinstance(one, dict) and str(one.get("id")) == credential_id for one in entries)


def _user(flow: Any, nodes: tuple[str, ...], credential_id: str, target: Target, tools: Tools) -> User:
    workflow_id = str(flow.get("id"))
    failures, runs = target.log.failures, target.log.executions
    bad = failures[
        (failures["workflow_id"].astype("str") == workflow_id) & _same(failures, "instance", target.instance)
    ]
    bad = bad[bad["credential_id"].astype("str") == credential_id]
    since = target.onset_not_before or target.onset
    alike = bad["http_code"].isin([*REFUSED, target.http_code]) | (bad["message"] == target.message)
    bad_since = bad[alike & (bad["at"] >= pd.Timestamp(since) - BEFORE)] if since else bad[alike]
    mine = runs[(runs["workflow_id"].astype("str") == workflow_id) & _same(runs, "instance", target.instance)]
    good = _last_good(
        mine[(mine["status"] == "success") & ~mine["execution_id"].isin(bad["execution_id"])],
        nodes,
        credential_id,
        target,
    )
    clients = mine["client"].dropna()
    client = str(clients.iloc[-1]) if len(clients) else tools.client_of(flow)
    first = bad_since.iloc[0] if len(bad_since) else None
    return User(
        workflow_id, str(flow.get("name") or workflow_id), nodes, flow.get("active") is not False,
        target.client is None or client == target.client or workflow_id == target.workflow_id,
        None if good is None else good["at"], None if good is None else str(good["execution_id"]),
        None if first is None else first["at"], None if first is None else str(first["execution_id"]),
        int(bad_since["execution_id"].nunique()),
    )  # fmt: skip


def _last_good(good: pd.DataFrame, nodes: tuple[str, ...], credential_id: str, target: Target) -> Any:
    """The newest good run in which a node ran that signed in with the credential then; None if there is none."""
    fits: dict[Any, bool] = {}
    for place in range(len(good) - 1, -1, -1):
        snapshot, ran = key = (good["snapshot"].iat[place], good["nodes_run"].iat[place])
        if key not in fits:
            seen_then = target.log.snapshots.get(str(snapshot))
            used = (
                [name for name, node in seen_then.nodes.items() if _names(node, credential_id)] if seen_then else nodes
            )
            fits[key] = pd.notna(ran) and not set(used).isdisjoint(str(ran).split("\n"))
        if fits[key]:
            return good.iloc[place]
    return None


def _same(table: pd.DataFrame, column: str, value: str | None) -> pd.Series:
    return table[column].astype("str") == str(value)


def _fact(user: User) -> Evidence:
    runs = tuple(name for name in (user.good_id, user.bad_id) if name)
    good = f"last went well with it {user.last_good:%Y-%m-%d %H:%M} UTC" if user.last_good is not None else ""
    bad = f"first failed with it {user.first_bad:%Y-%m-%d %H:%M} UTC ({user.bad} since)" if user.bad else ""
    how = " and ".join(filter(None, (good, bad))) or "no run with it is known"
    off = "" if user.active else ", which is not active,"
    return seen(f"“{user.name}”{off} uses it in {_list(user.nodes)}: {how}.", None, *runs)


def _states(users: Iterable[User]) -> str:
    """How many of them failed, work, and are not known to have run."""
    states = [user.state for user in users]
    counts = [f"{states.count(state)} {_WORDS[state]}" for state in _WORDS if state in states]
    return ", ".join(counts)


_WORDS = {
    "failed": "failing with it since then",
    "works again": "failed, but works again",
    "works": "going well with it",
    "unknown": "without a run in what was read",
}


def _count(users: list[User]) -> str:
    return "1 workflow" if len(users) == 1 else f"{len(users)} workflows"


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more nodes"
