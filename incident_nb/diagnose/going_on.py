"""Which problems of a survey go on, are new, or went away."""

from __future__ import annotations

import pandas as pd

from incident_nb.diagnose.survey import Survey
from incident_nb.patterns import Onset

_PLACE = ["instance", "workflow_id"]


def standing(found: Survey) -> pd.DataFrame:
    """The survey's groups with four more columns: `open`, `runs_since`, `good_since`, `began`.

    `open`: no run of its workflow went well since its last failure; missing where the source holds no good run at all, as
    an export of failures does. `runs_since`, `good_since`: runs of its workflow after its last failure, and those of them
    that went well. `began`: the onset, else the first failure (UTC).
    """
    groups = found.groups
    began = [
        row.at if isinstance(row, Onset) else seen
        for row, seen in zip(groups["onset"], groups["first_seen"], strict=True)
    ]
    runs = found.log.executions
    mine = runs[runs["workflow_id"].isin(groups["workflow_id"].dropna().unique()) & (runs["mode"] != "manual")]
    over = mine.loc[mine["status"].isin(["success", "error", "crashed"]), [*_PLACE, "at", "status"]].dropna()
    kinds = over.assign(**{name: over[name].astype("object") for name in _PLACE}, good=over["status"] == "success")
    by_flow = {key: (part["at"], part["good"]) for key, part in kinds.groupby(_PLACE)}
    none = (pd.Series([], dtype="datetime64[us, UTC]"), pd.Series([], dtype=bool))
    since, good = [], []
    for instance, workflow, last in groups[[*_PLACE, "last_seen"]].itertuples(index=False, name=None):
        at, went_well = by_flow.get((instance, workflow), none)
        later = at > last
        since.append(int(later.sum()))
        good.append(int((later & went_well).sum()))
    tells = bool((runs["status"] == "success").any())
    known = [count == 0 if tells else None for count in good]
    return groups.assign(
        open=pd.array(known, dtype="boolean"), runs_since=since, good_since=good,
        began=pd.to_datetime(pd.Series(began, index=groups.index, dtype="object"), utc=True),
    )  # fmt: skip
