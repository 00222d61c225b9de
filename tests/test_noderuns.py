"""Node runs as arrays: what belongs to which node, and what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from incident_nb.patterns.histories import histories
from incident_nb.patterns.noderuns import node_runs
from tests.histories import START, fleet, history, times


def table(*rows: tuple[str | None, str | None, str | None]) -> pd.DataFrame:
    nodes, items, ms = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "nodes_run": pd.Series(nodes, dtype="category"),
            "node_items": pd.Series(items, dtype="category"),
            "node_ms": pd.Series(ms, dtype="str"),
        }
    )


def told(executions: pd.DataFrame) -> list[tuple[int, str, float | None, float | None]]:
    runs = node_runs(executions)
    values = [[None if np.isnan(one) else float(one) for one in column] for column in (runs.items, runs.ms)]
    return list(zip(runs.position.tolist(), [str(runs.names[code]) for code in runs.node], *values, strict=True))


def test_each_node_has_its_items_and_its_time() -> None:
    rows = [("A\nB", "1\n7", "5\n12.5"), ("A", "0", "3"), ("A\nB", "1\n7", "6\n14")]
    assert told(table(*rows)) == [(0, "A", 1, 5), (0, "B", 7, 12.5), (1, "A", 0, 3), (2, "A", 1, 6), (2, "B", 7, 14)]


def test_what_is_not_known_is_missing_and_not_nothing() -> None:
    rows = [("A\nB", "1\n", None), (None, None, None), ("A\nB\nC", "1\n2", "1\n2\n3"), ("A", "many", "4")]
    assert told(table(*rows)) == [
        (0, "A", 1, None), (0, "B", None, None), (2, "A", None, 1), (2, "B", None, 2), (2, "C", None, 3), (3, "A", None, 4),
    ]  # fmt: skip


def test_no_executions_and_none_with_data_have_no_node_runs() -> None:
    assert told(table()) == [] and told(table((None, None, None))) == []


def test_plain_texts_are_read_like_categories() -> None:
    rows = table(("A\nB", "1\n7", "5\n6"), (None, None, None), ("B", "2", "1"))
    assert told(rows.astype("object")) == told(rows) == [(0, "A", 1, 5), (0, "B", 7, 6), (2, "B", 2, 1)]


def test_a_history_holds_the_runs_that_speak_in_order_of_time_and_the_nodes_in_theirs() -> None:
    one = history(times("1D", 6, 0), [3, 3, 0, 3, 3, 3], mode=["trigger"] * 4 + ["manual", "trigger"])
    other = history(times("1D", 6, 0), flow="wf2", status=["error"] * 5 + ["success"])
    shuffled = fleet(one, other).sample(frac=1, random_state=1)
    mine, theirs = histories(shuffled, START + pd.Timedelta(days=30))
    assert mine.where == ("main", "ACME", "wf1", "[ACME] wf1")
    assert mine.ids.tolist() == ["wf1-0", "wf1-1", "wf1-2", "wf1-3", "wf1-5"]
    assert mine.nodes == ("Every hour", "Get orders", "Filter", "Send")
    assert mine.ran.sum(axis=1).tolist() == [4, 4, 2, 4, 4] and mine.items[2, 1] == 0 and np.isnan(mine.items[2, 2])
    assert theirs.ids.tolist() == ["wf2-5"] and theirs.at(0) == START + pd.Timedelta(days=5)
    assert [one.where[2] for one in histories(shuffled, START + pd.Timedelta(days=30), 2)] == ["wf1"]
    assert histories(shuffled, START - pd.Timedelta(days=1)) == []
