"""The classifier over a whole table of failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.causes.engine import OWN_HOSTS, classify_many
from incident_nb.distinct import distinct
from incident_nb.models import Cause, ErrorRecord, Verdict

_ASKED = ("message", "description", "http_code", "error_name", "node_type", "stack", "host", "url", "credential_type")


def label(failures: pd.DataFrame, own_hosts: Sequence[str] = OWN_HOSTS) -> pd.DataFrame:
    """`failures` with the classifier's columns: cause, detail, confidence (0 to 1), runner_up, signature, procedure.

    Equal error records are judged once. A failure without any record (`place` is `status`) is `unknown`.
    """
    number, first = distinct(failures, list(_ASKED))
    asked = failures[list(_ASKED)].take(first).astype("object")
    keys = asked.where(asked.notna(), None).itertuples(index=False, name=None)
    verdicts = classify_many((ErrorRecord(**dict(zip(_ASKED, key, strict=True))) for key in keys), own_hosts)
    blank = (failures["place"] == "status").to_numpy()

    def said(of: Callable[[Verdict], Any]) -> Any:
        return np.fromiter(map(of, verdicts), dtype=object, count=len(verdicts))[number]

    def column(values: Any) -> pd.Series:
        return pd.Series(values, index=failures.index, dtype="object")

    return failures.assign(
        cause=pd.Series(
            np.where(blank, str(Cause.UNKNOWN), said(lambda v: str(v.cause))), index=failures.index, dtype="str"
        ),
        detail=column(np.where(blank, None, said(lambda v: v.detail))),
        confidence=np.where(blank, 0.99, said(lambda v: v.confidence)).astype(np.float64),
        runner_up=column(said(lambda v: v.runner_up and str(v.runner_up))),
        signature=column(said(lambda v: v.signature)),
        procedure=column(said(lambda v: v.procedure)),
    )
