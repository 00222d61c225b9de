"""What the first alert would wait for is there before it comes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from incident_nb.errors import OutputError
from incident_nb.serve import rehearse
from incident_nb.settings import Settings

# In a process of its own, since in this one other tests have long made everything.
FIRST = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from incident_nb.alerts import n8n_trigger
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.incidents import Records
from incident_nb.serve import rehearse
from incident_nb.settings import Settings
from tests.test_serve import NOW, failed

if sys.argv[1] == "rehearsed":
    rehearse(Settings())
records, body = Records(Path("record.db")), failed("7")
made = []
read = Path.read_text
Path.read_text = lambda file, *given, **named: made.append(file.name) or read(file, *given, **named)
modules = set(sys.modules)
Arrivals(records, Settings()).take([Arrival(n8n_trigger.read(body, received=NOW), "n8n", body, "d", NOW)])
print(len(records.incidents()), sorted(made), sorted(name for name in set(sys.modules) - modules if "incident_nb" in name))
"""


@pytest.mark.parametrize(("how", "waits"), [("rehearsed", False), ("not", True)])
def test_after_it_an_alert_reads_no_table_and_loads_no_module(tmp_path: Path, how: str, waits: bool) -> None:
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", FIRST, how]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": root, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout.strip() != "1 [] []") == waits, done.stdout
    assert done.stdout.startswith("1 ")


def test_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rehearse(Settings())
    assert not list(tmp_path.iterdir())


def test_without_a_place_for_it_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="could not make a folder"):
        rehearse(Settings())
