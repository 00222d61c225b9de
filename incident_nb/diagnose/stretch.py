"""An older failure's own stretch: the log as it was before the problem came back, and what came later in one fact."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.evidence import newest_ids, time_of
from incident_nb.diagnose.judged import Analysis, within
from incident_nb.models import Fact
from incident_nb.patterns import stretch_end
from incident_nb.settings import Settings


@dataclass(frozen=True)
class Earlier:
    """What was known of a problem just before it came back, and that it did."""

    analysis: Analysis
    group: pd.Series
    later: Fact


def earlier(analysis: Analysis, group: pd.Series, execution: str, settings: Settings) -> Earlier | None:
    """The problem as it stood before the stretch that follows the one of `execution`; None where that is the newest."""
    runs = analysis.sequences[str(group["fingerprint"])]
    places = (runs["execution_id"] == execution).to_numpy().nonzero()[0]
    if not len(places):
        return None  # without a time, of no known workflow, or not over yet: no stretch is known
    end = stretch_end(runs["failed"], int(places[-1]), runs["again"])
    after = runs.iloc[end + 1 :]
    after = after[after["failed"].astype(bool)]
    if after.empty or after["at"].iloc[0] == runs["at"].iloc[end]:
        return None
    until = after["at"].iloc[0] - pd.Timedelta(microseconds=1)
    seen = analyse(within(analysis.log, None, until.to_pydatetime()), settings)
    mine = seen.groups[seen.groups["fingerprint"] == group["fingerprint"]].iloc[0]
    return Earlier(seen, mine, _came_back(after))


def _came_back(failed: pd.DataFrame) -> Fact:
    first, last = failed["at"].iloc[0], failed["at"].iloc[-1]
    many = len(failed) > 1
    when = f"from {time_of(first)} to {time_of(last)}" if many else f"at {time_of(first)}"
    newest = f"{'the newest is ' if many else ''}execution {failed['execution_id'].iloc[-1]}"
    text = f"It came back later: {len(failed)} more run{'s' * many} failed this way {when}, {newest}."
    return Fact(text=text, executions=newest_ids(failed), check="DX-6")
