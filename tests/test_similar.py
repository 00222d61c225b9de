"""What was like an incident before, and what fixed it then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from incident_nb.desk.similar import seen_before
from incident_nb.models import Cause
from incident_nb.record import Incident
from incident_nb.settings import Settings
from tests.incidents import DETECTED, incident_of

CAUSE = ("cause_accepted", 10, {"cause": "credentials", "detail": "api_key"})
FIX = ("fixed", 20, {"what": "a new key"})


def fixed(number: int, *more: Any, **opened: Any) -> Incident:
    return incident_of(CAUSE, FIX, *more, number=number, **opened)


PROBLEM = {"subject": {"fingerprint": "abc123", "workflow_id": "wf1"}}
MINE = incident_of(CAUSE, number=1, **PROBLEM)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([fixed(2, **PROBLEM)], [("INC-2", "the same problem")]),
        ([fixed(2, subject={"workflow_id": "wf1"})], [("INC-2", "the same cause in the same workflow")]),
        ([fixed(2, subject={"workflow_id": "wf9"})], [("INC-2", "the same cause")]),
        ([fixed(2), fixed(3, **PROBLEM)], [("INC-3", "the same problem"), ("INC-2", "the same cause")]),
        # near misses: another client's, not fixed, itself, another cause, another detail
        ([fixed(2, client="OTHER", **PROBLEM)], []),
        ([incident_of(CAUSE, number=2, **PROBLEM)], []),
        ([fixed(1, **PROBLEM)], []),
        ([incident_of(("cause_accepted", 1, {"cause": "network"}), FIX, number=2)], []),
        ([incident_of(("cause_accepted", 1, {"cause": "credentials"}), FIX, number=2)], []),
        ([incident_of(("cause_accepted", 1, {"cause": "unknown"}), FIX, number=2)], []),
    ],
)
def test_what_is_alike(others: list[Incident], expected: list[tuple[str, str]]) -> None:
    assert [(one.name, one.why) for one in seen_before(MINE, others, Settings(), DETECTED)] == expected


def test_until_a_cause_is_accepted_the_likely_ones_count() -> None:
    mine, other = incident_of(number=1), fixed(2)
    assert seen_before(mine, [other], Settings(), DETECTED) == ()
    (seen,) = seen_before(mine, [other], Settings(), DETECTED, [(Cause.CREDENTIALS, "api_key")])
    assert (seen.cause, seen.fix) == ("credentials, api key", "a new key")


def test_a_fix_that_did_not_last_says_so() -> None:
    back = fixed(2, ("resolved", 30), ("reopened", 40, {"reason": "again"}), FIX, **PROBLEM)
    assert "it came back 1 times" in seen_before(MINE, [back], Settings(), DETECTED)[0].fix


def test_learning_files_that_name_it(tmp_path: Path) -> None:
    folder = tmp_path / "learnings" / "ops"
    folder.mkdir(parents=True)
    (folder / "tokens.md").write_text("# Tokens expire\nfingerprint: abc123\n")
    (folder / "keys.md").write_text("# Keys\nLast confirmed: 2026-11-20\nsee INC-2\n")
    (folder / "old.md").write_text("# Old\nLast confirmed: 2026-05-01\nINC-2\n")
    (folder / "more.md").write_text("# More\nsee INC-20, INC-2-3 and xabc123\n")
    (folder / "other.md").write_text("# Other\nINC-7\n")
    (folder / "a-folder.md").mkdir()
    found = seen_before(MINE, [fixed(2)], Settings(path=tmp_path / "incident-nb.toml"), DETECTED)
    assert [(one.fix, one.why) for one in found if one.at is None] == [
        ("Keys", "it names INC-2"),
        ("Old (not confirmed since 2026-05-01: check it first)", "it names INC-2"),
        ("Tokens expire (it does not say when it was confirmed: check it first)", "it names abc123"),
    ]  # fmt: skip
