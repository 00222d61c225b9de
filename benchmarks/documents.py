"""How long the paperwork of a closed incident takes: `python benchmarks/documents.py [--incidents 500] [--rounds 3]`.

A workspace with so many incidents, one of them carried to its end with a hundred retries, two hundred notes and a case of a
real export. `documents` writes incident document, learning file, notice with its mail, and billing; `report` runs the notebook,
and writes the full report with the client's copy. Each is the whole command in a process of its own, beside
the floor of a command that does nothing (`--version`). The aim: all of it in under 5 seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from datetime import timedelta
from pathlib import Path

from incident_nb.desk import on_record
from incident_nb.incidents import Records, payload_of
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.said import Subject
from incident_nb.settings import load
from tests.documented import SUBJECT, steps
from tests.incidents import DETECTED, after

AIM_S = 5.0
SETTINGS = """
[sender]
name = "Kim Park"
email = "kim@agency.example"
[clients.BAY]
name = "Bay Bikes"
contact = "María López <maria@bay.example>"
time_zone = "Europe/Berlin"
"""


def fill(folder: Path, incidents: int) -> None:
    """The workspace: the first incident at its end, the others fixed."""
    with (folder / "incident-nb.toml").open("a") as file:
        file.write(SETTINGS)
    assert load(folder / "incident-nb.toml").clients
    records = Records(folder / "incidents" / "record.db")
    for place in range(incidents):
        number = records.open(
            Opened(title="Invoices are not sent", detected_at=DETECTED - timedelta(days=place), client="BAY", recurring=True,
                   subject=Subject(**SUBJECT)), by="Kim",
        ).number  # fmt: skip
        for kind, minutes, *values in steps("credentials") if place == 0 else [("fixed", 5.0, {"what": "a new key"})]:
            records.add(number, payload_of(kind, dict(values[0]) if values else {}), by="Kim", at=after(minutes))
    for place in range(200):
        records.add(
            1, payload_of("note", {"text": f"note {place}: waits for the service"}), by="Kim", at=after(70 + place)
        )
    for place in range(100):
        run = {"instance": "default", "execution_id": f"77{place}"}
        records.add(1, payload_of("retrying", {**run, "workflow": "Invoices"}), by="Kim", at=after(50))
        records.add(1, payload_of("retried", {**run, "state": "failed"}), by="Kim", at=after(51))
    records.add(1, payload_of("closed", {"text": "done"}), by="Kim", at=after(400))
    records.close()


def took(folder: Path, rounds: int, *command: str) -> float:
    """Seconds by the clock of a command, the median of its rounds."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(
            [Path(sys.executable).with_name("incident-nb"), *command], cwd=folder, check=True, capture_output=True
        )
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    """Prints a line for each command."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--incidents", type=int, default=500)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "workspace"
        subprocess.run([Path(sys.executable).with_name("incident-nb"), "init", folder], check=True, capture_output=True)
        fill(folder, given.incidents)
        with chdir(folder):
            on_record(load()).room(1, ["sample"])  # the built-in export, 692 executions
        floor = took(folder, given.rounds, "--version")
        rows = {
            "documents": took(folder, given.rounds, "documents", "INC-1", "--learning"),
            "report": took(folder, given.rounds, "report", "INC-1", "--client-copy"),
        }
        written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.md"))
        print(f"{given.incidents} incidents, {given.rounds} rounds; floor {floor:.2f} s; {len(written)} Markdown files")
        for name, seconds in rows.items():
            print(f"{name:10} {seconds:6.2f} s  {seconds / floor:5.1f} times the floor")
        whole = sum(rows.values())
        print(f"{'all':10} {whole:6.2f} s  aim {AIM_S:.0f} s: {'met' if whole < AIM_S else 'SHORT'}")


if __name__ == "__main__":
    main()
