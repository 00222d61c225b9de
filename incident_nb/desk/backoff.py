"""Fewer calls at a time (RES-6): what a node's retry, its batches and its workflow's schedule are set to, and what to set.

What n8n does with these settings was read in n8n 1.123 and 2.40: a retry is tried 2 to 5 times with at most 5,000 ms between
(`n8n-core`, workflow-execute.js), always the same pause, and takes all items again; HTTP Request without batching sends
the requests of all items at once (HttpRequestV3.node.js); without N8N_CONCURRENCY_PRODUCTION_LIMIT, which counts the
executions of a whole server, any number of them runs at once (`@n8n/config`, executions.config.js).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from incident_nb.desk.known import Known, Nodes
from incident_nb.n8n.schedules import UNITS

MOST_TRIES, LONGEST_PAUSE = 5, 5_000
TRIES, PAUSE = 3, 1_000  # n8n's own, where nothing else is set
BATCH, BATCH_PAUSE = 1, 1_000
READS = {"GET", "HEAD", "OPTIONS"}


class Setting(NamedTuple):
    """One setting: what it is now, what to set it to, and why; the last two are empty where nothing is proposed."""

    now: str
    propose: str = ""
    why: str = ""

    @property
    def words(self) -> str:
        """The three in one line."""
        return f"{self.now} Proposed: {self.propose}, since {self.why}." if self.propose else self.now


def pace_of(known: Known, detail: str | None = None) -> list[Setting]:
    """The settings that decide how fast a node calls, as its newest failing run had them; empty where that is not known."""
    node = known.nodes.get(known.node or "")
    if node is None:
        return []
    if detail == "quota":
        why = "a used-up quota comes back with the account's next period or a larger plan, and no pause of a few seconds helps"
        return [
            Setting("What is used up is a quota.", "fewer calls in all (a longer interval, only what changed)", why)
        ]
    found = [_retry(node), *_batches(node), *_loops(known.nodes), *_schedules(known)]
    return [*found, _server(known.at_once)]


def _retry(node: dict[str, Any]) -> Setting:
    retry = _object(node.get("retry"))
    doubt = "" if _reads(node) else (
        "; a retry takes all items again, those that went through, too: only where the service takes the same one twice "
        "without harm"
    )  # fmt: skip
    if not retry.get("retryOnFail"):
        return Setting(
            "Retry On Fail is off: the first refusal ends the run.",
            f"on, Max Tries {MOST_TRIES}, Wait Between Tries {LONGEST_PAUSE:,} ms",
            f"these are the most that n8n takes and bridge {(MOST_TRIES - 1) * LONGEST_PAUSE // 1000} s{doubt}",
        )
    tries = min(MOST_TRIES, max(2, _number(retry.get("maxTries")) or TRIES))
    pause = min(LONGEST_PAUSE, _number(retry.get("waitBetweenTries")) or PAUSE)
    now = f"Retry On Fail is on: {tries} tries, {pause:,} ms between them."
    if (tries, pause) == (MOST_TRIES, LONGEST_PAUSE):
        return Setting(
            f"{now} n8n takes no more, and always the same pause.",
            "for pauses that grow, lead the node's error output through a Wait node back into it, with "
            "{{ Math.pow(2, $runIndex) }} seconds, and out of the loop after 5 rounds",
            f"the refusals last longer than {(tries - 1) * pause // 1000} s{doubt}",
        )
    return Setting(
        now,
        f"Max Tries {MOST_TRIES}, Wait Between Tries {LONGEST_PAUSE:,} ms",
        f"{(tries - 1) * pause / 1000:g} s were too short{doubt}",
    )


def _batches(node: dict[str, Any]) -> list[Setting]:
    if not str(node.get("type")).endswith(".httpRequest"):
        return []
    options = _object(_object(node.get("parameters")).get("options"))
    batch = _object(_object(options.get("batching")).get("batch"))
    size, pause = _number(batch.get("batchSize")), _number(batch.get("batchInterval"))
    if not size or size < 0 or not pause:
        return [
            Setting(
                "Batching is not set: the requests of all items leave at once.",
                f"Items per Batch {BATCH}, Batch Interval {BATCH_PAUSE:,} ms",
                "that is 60 calls a minute; with the service's own limit the interval is 60,000 divided by its calls a minute",
            )
        ]
    rate = round(size * 60_000 / pause)
    return [
        Setting(
            f"Batching sends {size} items every {pause:,} ms, {rate:,} a minute.",
            f"Batch Interval {2 * pause:,} ms",
            "that halves the calls a minute; compare with the service's own limit",
        )
    ]


def _loops(nodes: Nodes) -> list[Setting]:
    return [
        Setting(
            f"“{name}” (Loop Over Items) takes {_number(_object(node.get('parameters')).get('batchSize')) or 1} at a time."
        )
        for name, node in nodes.items()
        if str(node.get("type")).endswith(".splitInBatches") and not node.get("disabled")
    ]


def _schedules(known: Known) -> list[Setting]:
    found = []
    for name, node in known.nodes.items():
        if str(node.get("type")).endswith(".scheduleTrigger") and not node.get("disabled"):
            rule = _object(_object(node.get("parameters")).get("rule"))
            rows = rule.get("interval")
            every = " and ".join(_every(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ""
            overlap = bool(known.at_once and known.at_once > 1)
            found.append(
                Setting(
                    f"“{name}” starts it {every or 'as its schedule says'}.",
                    "an interval longer than a run takes" if overlap else "",
                    f"up to {known.at_once} of its runs went on side by side" if overlap else "",
                )
            )
    return found


def _every(row: dict[str, Any]) -> str:
    unit = str(row.get("field") or "days")
    if unit == "cronExpression":
        return f"by {row.get('expression')}"
    count = _number(row.get(f"{unit}Interval")) or UNITS.get(unit, 1)
    return f"every {count} {unit}" if count != 1 else f"every {unit.removesuffix('s')}"


def _server(at_once: int | None) -> Setting:
    seen = f"Up to {at_once} of its runs went on side by side. " if at_once and at_once > 1 else ""
    return Setting(
        f"{seen}A workflow has no limit of its own; that of the server (N8N_CONCURRENCY_PRODUCTION_LIMIT, none unless it is set) "
        "counts the executions of all its workflows, and n8n's API does not tell it."
    )


def _reads(node: dict[str, Any]) -> bool:
    """Whether the node is certain to write nothing."""
    method = _object(node.get("parameters")).get("method", "GET")
    return str(node.get("type")).endswith(".httpRequest") and str(method).upper() in READS


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    """A number that was typed in; None for an expression, whose value only a run knows."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
