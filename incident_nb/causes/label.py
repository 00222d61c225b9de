"""The classifier over a whole table of failures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import pandas as pd

from incident_nb.causes.engine import OWN_HOSTS, classify_many
from incident_nb.causes.rules import rule_files
from incident_nb.models import Cause, ErrorRecord, Verdict

_ASKED = ("message", "description", "http_code", "error_name", "node_type", "stack", "host", "url", "credential_type")
_TEXTS = ("detail", "runner_up", "signature", "procedure")
_COLUMNS = ("cause", "detail", "confidence", "runner_up", "signature", "procedure")
JUDGED_BY = "judged_by"
_KEPT = 4_000
_known: dict[tuple[str, tuple[str | None, ...]], Verdict] = {}


def label(failures: pd.DataFrame, own_hosts: Sequence[str] = OWN_HOSTS) -> pd.DataFrame:
    """`failures` with the classifier's columns: cause, detail, confidence (0 to 1), runner_up, signature, procedure.

    Equal error records are judged once. A failure without any record (`place` is `status`) is `unknown`. Columns that
    `label_ahead` gave are taken as they are where it judged all failures by the same rules and hosts, else made again.
    """
    if JUDGED_BY not in failures:
        return failures.assign(**_judged(failures, own_hosts, {}))
    plain = failures.drop(columns=[JUDGED_BY, *_COLUMNS])
    if not (failures[JUDGED_BY] == _rules(tuple(own_hosts))).all():
        return plain.assign(**_judged(plain, own_hosts, {}))
    texts = {name: failures[name].astype("object").where(failures[name].notna(), None) for name in _TEXTS}
    rows = {text: tuple((text or "").split()) for text in texts["procedure"].unique()}  # joining them, "" went missing
    texts["procedure"] = pd.Series([rows[text] for text in texts["procedure"]], index=failures.index, dtype="object")
    found = {"cause": failures["cause"].astype("str"), "confidence": failures["confidence"], **texts}
    return plain.assign(**{name: found[name] for name in _COLUMNS})


def label_ahead(failures: pd.DataFrame, own_hosts: Sequence[str] = OWN_HOSTS) -> pd.DataFrame:
    """The classifier's columns alone, and `judged_by`, which tells by which rules and hosts. All but confidence are categories.

    What one process is asked more than once, it judges once.
    """
    rules = _rules(tuple(own_hosts))
    found = pd.DataFrame(_judged(failures, own_hosts, _known, rules), index=failures.index)
    found["procedure"] = [" ".join(rows) for rows in found["procedure"]]
    found = found.astype({name: "category" for name in _COLUMNS if name != "confidence"} | {"confidence": "float64"})
    return found.assign(**{JUDGED_BY: pd.Categorical.from_codes([0] * len(found), [rules])})


def _judged(
    failures: pd.DataFrame,
    own_hosts: Sequence[str],
    known: dict[tuple[str, tuple[str | None, ...]], Verdict],
    rules: str = "",
) -> dict[str, object]:
    """The columns by name. `known` are verdicts by these rules, and takes in what is new, up to a number."""
    asked = failures[list(_ASKED)].astype("object").where(failures[list(_ASKED)].notna(), None)
    keys = list(asked.drop_duplicates().itertuples(index=False, name=None))
    new = [key for key in keys if (rules, key) not in known]
    verdicts = classify_many((ErrorRecord(**dict(zip(_ASKED, key, strict=True))) for key in new), own_hosts)
    by_key = dict(zip(new, verdicts, strict=True))
    by_key |= {key: known[rules, key] for key in keys if key not in by_key}
    if rules:
        if len(known) + len(new) > _KEPT:
            known.clear()
        known.update(((rules, key), by_key[key]) for key in new[:_KEPT])
    found = [by_key[key] for key in asked.itertuples(index=False, name=None)]
    blank = (failures["place"] == "status").to_list()
    texts: dict[str, list[str | None]] = {
        "detail": [None if empty else v.detail for v, empty in zip(found, blank, strict=True)],
        "runner_up": [v.runner_up and str(v.runner_up) for v in found],
        "signature": [v.signature for v in found],
        "procedure": [v.procedure for v in found],
    }
    return {
        "cause": [str(Cause.UNKNOWN if empty else verdict.cause) for verdict, empty in zip(found, blank, strict=True)],
        "detail": pd.Series(texts["detail"], index=failures.index, dtype="object"),
        "confidence": [0.99 if empty else verdict.confidence for verdict, empty in zip(found, blank, strict=True)],
        **{name: pd.Series(texts[name], index=failures.index, dtype="object") for name in _TEXTS[1:]},
    }


@cache
def _rules(own_hosts: tuple[str, ...]) -> str:
    """A digest of all that a verdict depends on besides the record."""
    told = [*rule_files(), repr(own_hosts).encode()]
    return hashlib.blake2b(b"\0".join(told), digest_size=8).hexdigest()
