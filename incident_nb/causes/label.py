"""The classifier over a whole table of failures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from incident_nb.causes.engine import OWN_HOSTS, classify_many
from incident_nb.models import Cause, ErrorRecord

_ASKED = ("message", "description", "http_code", "error_name", "node_type", "stack", "host", "url", "credential_type")


def label(failures: pd.DataFrame, own_hosts: Sequence[str] = OWN_HOSTS) -> pd.DataFrame:
    """`failures` with the classifier's columns: cause, detail, confidence (0 to 1), runner_up, signature, procedure.

    Equal error records are judged once. A failure without any record (`place` is `status`) is `unknown`.
    """
    asked = failures[list(_ASKED)].astype("object").where(failures[list(_ASKED)].notna(), None)
    distinct = asked.drop_duplicates()
    keys = list(distinct.itertuples(index=False, name=None))
    verdicts = classify_many((ErrorRecord(**dict(zip(_ASKED, key, strict=True))) for key in keys), own_hosts)
    by_key = dict(zip(keys, verdicts, strict=True))
    found = [by_key[key] for key in asked.itertuples(index=False, name=None)]
    blank = (failures["place"] == "status").to_list()
    return failures.assign(
        cause=[str(Cause.UNKNOWN if empty else verdict.cause) for verdict, empty in zip(found, blank, strict=True)],
        detail=pd.Series(
            [None if empty else v.detail for v, empty in zip(found, blank, strict=True)],
            index=failures.index,
            dtype="object",
        ),
        confidence=[0.99 if empty else verdict.confidence for verdict, empty in zip(found, blank, strict=True)],
        runner_up=pd.Series([v.runner_up and str(v.runner_up) for v in found], index=failures.index, dtype="object"),
        signature=pd.Series([v.signature for v in found], index=failures.index, dtype="object"),
        procedure=pd.Series([v.procedure for v in found], index=failures.index, dtype="object"),
    )
