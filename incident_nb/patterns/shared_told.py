"""What is shared as a row with its reason in words, and the same as one client may see it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.patterns.factors import Ints
from incident_nb.patterns.shared_sets import NEWEST, Found
from incident_nb.patterns.stretches import History
from incident_nb.public import names_other, without_others

ANOTHER = "another client"
NEWEST_FAILED = 20
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_THE = {
    "credential": "runs with the credential {0}",
    "host": "runs that call the host {0}",
    "vendor": "runs that use {0}",
    "node_type": "runs with a node of the type {0}",
    "client": "runs of the client {0}",
    "instance": "runs on the n8n server {0}",
    "version": "runs of the {0}",
    "hour": "runs from {0}",
    "weekday": "runs on a {0}",
}
_QUOTED = ("credential", "node_type", "client", "instance")


def row_of(found: Found, history: History, failing: pd.DataFrame) -> dict[str, Any]:
    """A set and its factor as a row of SHARED_COLUMNS."""
    facts = history.factors
    members = failing[failing["position"].isin(found.failed)]
    groups = facts.group[found.failed]
    flows = list(dict.fromkeys(facts.workflow[groups].tolist()))
    names = [facts.names["workflow", facts.workflows[code]] for code in flows]
    clients = sorted({client for client in (facts.client[group] for group in groups.tolist()) if client})
    failed, good = len(found.failed), len(found.good)
    rate, runs = failed / (failed + good), failed + good
    rest = found.rest_failed + found.rest_good
    rest_rate = found.rest_failed / rest if rest else 0.0
    covers = failed / (failed + len(found.uncovered))
    label = _label(found, history, names)
    sure = covers * (1 - min(1.0, rest_rate / rate)) * (1 - min(0.5, found.chance)) * (1.0 if found.apart else 0.8)
    row: dict[str, Any] = {
        "factor": found.factor, "value": found.value[-1], "label": label,
        "cause": str(members["cause"].mode().iloc[0]), "since": _time(found.since),
        "not_before": _time(found.not_before), "not_after": _time(found.not_after), "failed": failed, "runs": runs,
        "rate": rate, "rest_rate": rest_rate, "lift": rate / max(rest_rate, 0.5 / (rest + 1)), "covers": covers,
        "confidence": round(min(0.99, sure * (1 - 0.5 / runs)), 2), "workflows": names, "clients": clients,
        "problem": list(dict.fromkeys(members["fingerprint"].iloc[::-1])), "counterexamples": _newest(history, found.good),
        "uncovered": _newest(history, found.uncovered), "others": found.others,
        "workflow_ids": [facts.workflows[code][1] for code in flows],
        "execution_ids": _newest(history, found.failed, NEWEST_FAILED), "rest_failed": found.rest_failed,
        "rest_runs": rest,
    }  # fmt: skip
    return {**row, "why": _why(row)}


def seen_by(shared: pd.DataFrame, client: str, executions: pd.DataFrame, others: Iterable[str] = ()) -> pd.DataFrame:
    """The rows that concern a client, with nothing in them that tells who another client is or what runs for it.

    Other clients become "another client"; their workflows, problems and executions are left out, and so is a name that
    may tell one (`others`: names and codes of all other clients). A row whose factor is another client is left out.
    """
    rows = []
    theirs = [other for other in others if other != client]
    for row in shared.to_dict("records"):
        if client not in row["clients"] or (row["factor"] == "client" and row["value"] != client):
            continue
        rows.append(_as_seen(row, client, executions, {*theirs, *row["clients"]} - {client}))
    return pd.DataFrame(rows, columns=shared.columns).astype(shared.dtypes.to_dict())


def _as_seen(row: dict[Any, Any], client: str, executions: pd.DataFrame, others: set[str]) -> dict[str, Any]:
    named = {*row["counterexamples"], *row["uncovered"], *row["execution_ids"]}
    of = executions.loc[executions["execution_id"].isin(named), ["execution_id", "client"]].astype("object")
    own = set(of.loc[of["client"] == client, "execution_id"]) - set(of.loc[of["client"] != client, "execution_id"])
    flows = executions[["workflow_id", "client"]].astype("object").drop_duplicates()
    mine = set(flows.loc[flows["client"] == client, "workflow_id"]) - set(
        flows.loc[flows["client"] != client, "workflow_id"]
    )
    pairs = list(zip(row["workflow_ids"], row["workflows"], strict=True))
    foreign = [name for key, name in pairs if key not in mine and name]
    hidden = others | set(foreign)
    telling = names_other(str(row["label"]), hidden) is not None
    seen = {
        **row,
        "label": without_others(str(row["label"]), hidden, ANOTHER), "value": None if telling else row["value"],
        "workflows": [name for key, name in pairs if key in mine], "workflow_ids": [key for key, _ in pairs if key in mine],
        "clients": [client, *[ANOTHER] * (len(row["clients"]) > 1)],
        "problem": [] if len(row["clients"]) > 1 else row["problem"],
        "others": [without_others(text, hidden, ANOTHER) for text in row["others"] if not text.startswith("client ")],
        **{name: [one for one in row[name] if one in own] for name in ("counterexamples", "uncovered", "execution_ids")},
    }  # fmt: skip
    return {**seen, "why": _why(seen, len(row["workflows"]))}


def _why(row: dict[str, Any], workflows: int | None = None) -> str:
    """Why this factor, in a sentence with figures; `workflows`: how many there are, where not all are named."""
    label = f"“{row['label']}”" if row["factor"] in _QUOTED else row["label"]
    thing = _THE[row["factor"]].format(label)
    well, left = row["runs"] - row["failed"], round(row["failed"] / row["covers"]) - row["failed"]
    rest = f"{row['rest_failed']} of {row['rest_runs']} without it"
    if row["factor"] in ("hour", "weekday"):
        rest = f"{row['rest_failed']} of {row['rest_runs']} at other times"
    elif row["factor"] == "version":
        rest = f"{row['rest_failed']} of {row['rest_runs']} of other versions"
    who = _count(workflows or len(row["workflows"]), "workflow")
    if len(row["clients"]) > 1:
        known = f"{_count(len(row['clients']), 'client')}" if ANOTHER not in row["clients"] else "more than one client"
        who += f" of {known}"
    parts = [f"{row['failed']} of {row['runs']} {thing} failed since {row['since']:%Y-%m-%d %H:%M} UTC, {rest}", who]
    if well:
        parts.append(f"{well} went well{_these(row['counterexamples'], well)}")
    if left:
        parts.append(f"{left} failed without it{_these(row['uncovered'], left)}")
    return "; ".join(parts)


def _these(ids: list[str], count: int) -> str:
    shown = ids[:3]
    return f": {', '.join(shown)}{' and others' if count > len(shown) else ''}" if shown else ""


def _count(number: int, thing: str) -> str:
    return f"{_NUMBERS[number] if number < len(_NUMBERS) else number} {thing}{'' if number == 1 else 's'}"


def _label(found: Found, history: History, names: list[str]) -> str:
    if found.label:
        return found.label
    if found.factor == "version":
        first = np.flatnonzero(history.snapshot == found.value[-1])[0]
        return f"version of “{names[0]}” that first ran {_time(int(history.at[first])):%Y-%m-%d %H:%M} UTC"
    return history.factors.names.get((found.factor, found.value), found.value[-1])


def _newest(history: History, runs: Ints, most: int = NEWEST) -> list[str]:
    return [str(one) for one in history.ids[np.sort(runs)[::-1][:most]]]


def _time(at: int | None) -> Any:
    return None if at is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
