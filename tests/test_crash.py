"""A process that is killed while it writes an investigation leaves nothing unreadable, and nothing half."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOMENTS = 50


def test_kills_at_fifty_moments_leave_whole_files_and_one_whole_result(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.crash", str(tmp_path), "20261125", str(MOMENTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(moments) == MOMENTS
    # The moments fell where they should: into the writing, and into the putting in place.
    left = [name for moment in moments for name in moment["left"]]
    assert any(name.endswith(".ready") for name in left)
    assert any(not name.endswith(".ready") for name in left)
