"""The classifier: unwrap the record, match every signature, rank the causes by how specific their evidence is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

from incident_nb.causes.rules import TIERS, Signature, candidates, tables
from incident_nb.causes.unwrap import Evidence, unwrap
from incident_nb.models import Cause, ErrorRecord, Verdict

OWN_HOSTS = ("*.modal.run",)
"""Hosts of the agency's own endpoints unless the workspace names others."""

SUPPORT = 0.1
"""What each further signature for the same cause (hints apart) adds to its best one, up to three."""

CLEAR = 0.5
"""A lead over the next cause from which on a verdict counts as undisputed."""


def classify(record: ErrorRecord, own_hosts: Sequence[str] = OWN_HOSTS) -> Verdict:
    """The most probable cause of one error record, with the next one in line and a confidence from 0 to 1.

    The confidence is the share of real failures that were judged right on this kind of evidence (tables.toml); for
    `unknown` it is the share of such records that truly do not say. `own_hosts` are globs: a 5xx from such a host is
    an `endpoint_crash`; without any host it is an `external_outage` that may as well be one (design section 4).
    """
    evidence = unwrap(record)
    ranked = _rank(evidence, own_hosts)
    if not ranked:
        cause, score, signature = Cause.UNKNOWN, 0.0, None
    else:
        cause, score, signature = ranked[0]
    lead = score - ranked[1][1] if len(ranked) > 1 else score
    runner_up = ranked[1][0] if len(ranked) > 1 else None
    confidence = _confidence(cause, signature, lead)
    if cause is Cause.EXTERNAL_OUTAGE and evidence.host is None:
        runner_up, confidence = Cause.ENDPOINT_CRASH, min(confidence, tables().confidence["cap"]["no_host"])
    return Verdict(
        id=record.id,
        cause=cause,
        detail=signature.detail if signature else None,
        confidence=confidence,
        runner_up=runner_up,
        signature=signature.id if signature else None,
        procedure=signature.procedure if signature and signature.cause is cause else tables().procedure[cause],
    )


def classify_many(records: Iterable[ErrorRecord], own_hosts: Sequence[str] = OWN_HOSTS) -> list[Verdict]:
    """A verdict for each record, in order. Records that differ only in id and node name are judged once."""
    known: dict[tuple[str | None, ...], Verdict] = {}
    verdicts = []
    for record in records:
        key = (record.message, record.description, record.http_code, record.error_name, record.node_type,
               record.stack, record.host, record.url)  # fmt: skip
        if key not in known:
            known[key] = classify(record, own_hosts)
        verdicts.append(known[key].model_copy(update={"id": record.id}))
    return verdicts


def is_own(host: str, own_hosts: Sequence[str]) -> bool:
    """Whether a host (in lower case) is one of the agency's own, which are globs."""
    return any(fnmatch(host, glob.lower()) for glob in own_hosts)


def _rank(evidence: Evidence, own_hosts: Sequence[str]) -> list[tuple[Cause, float, Signature]]:
    """The causes that any signature speaks for, best first, each with its score and its most specific signature."""
    own = evidence.host is not None and is_own(evidence.host, own_hosts)
    matches: dict[Cause, list[tuple[float, Signature]]] = {}
    for signature, words in candidates(evidence):
        if signature.fits(evidence, words):
            cause, weight = signature.cause, signature.weight(evidence)
            if own and cause is Cause.EXTERNAL_OUTAGE:
                cause = Cause.ENDPOINT_CRASH
                if "5xx" in evidence.codes:  # whatever the body says, it is ours to repair
                    weight = TIERS["code"] + CLEAR
            matches.setdefault(cause, []).append((weight, signature))
    ranked = []
    for cause, found in matches.items():
        best, signature = max(found, key=lambda pair: pair[0])
        further = sum(other.tier != "hint" for _, other in found) - 1
        ranked.append((cause, best + SUPPORT * max(0, min(3, further)), signature))
    return sorted(ranked, key=lambda entry: -entry[1])


def _confidence(cause: Cause, signature: Signature | None, lead: float) -> float:
    table = tables().confidence
    if signature is None or cause is Cause.UNKNOWN:
        return table["unknown"]["said" if signature else "silent"]
    return table["clear" if lead >= CLEAR else "disputed"][signature.tier]
