"""The classifier over a whole table of failures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.causes.alike import ASKED, alike
from incident_nb.causes.engine import OWN_HOSTS, classify_many
from incident_nb.causes.rules import rule_files
from incident_nb.distinct import distinct
from incident_nb.models import Cause, ErrorRecord, Verdict

_TEXTS = ("detail", "runner_up", "signature", "procedure")
_COLUMNS = ("cause", "detail", "confidence", "runner_up", "signature", "procedure")
JUDGED_BY = "judged_by"
_KEPT = 4_000
_known: dict[tuple[str, tuple[str | None, ...]], Verdict] = {}


def label(failures: pd.DataFrame, own_hosts: Sequence[str] = OWN_HOSTS) -> pd.DataFrame:
    """`failures` with the classifier's columns: cause, detail, confidence (0 to 1), runner_up, signature, procedure.

    Error records that no signature tells apart are judged once. A failure without any record (`place` is `status`) is
    `unknown`. Columns that `label_ahead` gave are taken as they are where it judged all failures by the same rules and hosts,
    else made again.
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
    asked = alike(failures, own_hosts)
    number, first = distinct(asked, ASKED)
    keys = list(asked.take(first).itertuples(index=False, name=None))
    new = [key for key in keys if (rules, key) not in known]
    judged = classify_many((ErrorRecord(**dict(zip(ASKED, key, strict=True))) for key in new), own_hosts)
    by_key = dict(zip(new, judged, strict=True))
    verdicts = [by_key[key] if key in by_key else known[rules, key] for key in keys]
    if rules:
        if len(known) + len(new) > _KEPT:
            known.clear()
        known.update(((rules, key), by_key[key]) for key in new[:_KEPT])
    blank = (failures["place"] == "status").to_numpy()

    def said(of: Callable[[Verdict], Any]) -> Any:
        return np.fromiter(map(of, verdicts), dtype=object, count=len(verdicts))[number]

    def column(values: Any) -> pd.Series:
        return pd.Series(values, index=failures.index, dtype="object")

    causes = np.where(blank, str(Cause.UNKNOWN), said(lambda v: str(v.cause)))
    return {
        "cause": pd.Series(causes, index=failures.index, dtype="str"),
        "detail": column(np.where(blank, None, said(lambda v: v.detail))),
        "confidence": np.where(blank, 0.99, said(lambda v: v.confidence)).astype(np.float64),
        "runner_up": column(said(lambda v: v.runner_up and str(v.runner_up))),
        "signature": column(said(lambda v: v.signature)),
        "procedure": column(said(lambda v: v.procedure)),
    }


@cache
def _rules(own_hosts: tuple[str, ...]) -> str:
    """A digest of all that a verdict depends on besides the record."""
    told = [*rule_files(), repr(own_hosts).encode()]
    return hashlib.blake2b(b"\0".join(told), digest_size=8).hexdigest()
