"""What of a log's judging needs nothing but each failure's own record: done where it is read, before there is a log."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from incident_nb.causes.label import label_ahead
from incident_nb.patterns.fingerprint import masked


def judge(failures: pd.DataFrame, own_hosts: Sequence[str]) -> pd.DataFrame:
    """The columns that spare `analyse` its slowest steps: causes by these hosts of ours, and texts masked for fingerprints.

    As `readers.Spread.judge` takes it: `partial(judge, own_hosts=settings.own_hosts)`.
    """
    return pd.concat([label_ahead(failures, own_hosts), masked(failures)], axis=1)
