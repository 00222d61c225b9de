"""How a problem recurs: its pattern, from the sequence of runs since it began."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from incident_nb.patterns.onset import Onset, onset

Pattern = Literal["one_off", "burst", "intermittent", "recurring", "persistent", "regression"]

# Thresholds of the classes, in runs and shares of runs; docs/patterns.md gives the table.
AFTERWARDS_GOOD = 3
PERSISTENT_SHARE = 0.9
RECOVERED_RUNS = 5
REGULAR = 0.15


def pattern_of(times: pd.Series, failed: pd.Series, stretch: Onset | None = None) -> tuple[Pattern, str]:
    """The pattern of one problem and why, in words with numbers. Sequence as in `onset`, with at least one failure;
    `stretch` is its onset where that is known already.

    one_off: one failing run. persistent: at least nine in ten runs failed since it began, and so did the last.
    regression: it was there before, at least five runs and a day went well, and it is back. burst: a dense stretch,
    over since at least three good runs. recurring: failures at regular intervals with good runs between.
    intermittent: anything else.
    """
    flags = failed.to_numpy(dtype=bool)
    stretch = stretch or onset(times, failed)
    count = int(flags.sum())
    if stretch is None or count == 1:
        return "one_off", f"1 of {len(flags)} runs failed this way"
    within = flags[stretch.position : stretch.end + 1]
    share = float(within.mean())
    since = f"{int(within.sum())} of {len(within)} runs failed from the first to the last failure of the stretch"
    good_after = int((~flags[stretch.end + 1 :]).sum())
    earlier = np.flatnonzero(flags[: stretch.position])
    if len(earlier) and len(within) >= 2 and share >= 0.5:
        gap = stretch.position - int(earlier[-1]) - 1
        days = (times.iloc[stretch.position] - times.iloc[int(earlier[-1])]) / pd.Timedelta(days=1)
        if gap >= RECOVERED_RUNS and days >= 1:
            return "regression", f"back after {gap} good runs over {days:.1f} days; {since}"
    if flags.all():
        return "persistent", f"all {count} runs that count failed, and no good one is there to compare with"
    if share >= PERSISTENT_SHARE and not good_after and len(within) > 1:
        return "persistent", f"{since}, and none that counts has succeeded since"
    gaps = times[flags].diff().dt.total_seconds().to_numpy()[1:]
    if count >= 4 and share < PERSISTENT_SHARE and gaps.mean() > 0 and gaps.std() / gaps.mean() <= REGULAR:
        return "recurring", f"{count} failures about {gaps.mean() / 3600:.1f} hours apart, good runs between"
    if share >= 0.5 and len(within) >= 3 and good_after >= AFTERWARDS_GOOD:
        return "burst", f"{since}; {good_after} good runs since"
    if share >= PERSISTENT_SHARE and good_after < AFTERWARDS_GOOD and len(within) >= 3:
        return "persistent", f"{since}; only {good_after} good runs since"
    return "intermittent", f"{count} of {len(flags)} runs failed, with good runs between"
