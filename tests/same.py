"""Whether two logs say the same."""

from __future__ import annotations

from pandas.testing import assert_frame_equal

from incident_nb.executions import ExecutionLog


def same_logs(one: ExecutionLog, two: ExecutionLog) -> None:
    """Fails where the logs differ in anything but where they were read from."""
    assert one.snapshots == two.snapshots and one.active == two.active
    for name in ("executions", "failures"):
        ours, theirs = (getattr(log, name).drop(columns="source", errors="ignore") for log in (one, two))
        assert_frame_equal(ours, theirs)
