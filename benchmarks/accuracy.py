"""Scores readers, classifier and diagnosis against labelled exports of real n8n servers.

    python benchmarks/accuracy.py --data DIR [--wrong]

DIR holds `v2/` and `v1-sample/` with `labels.csv` and `api/executions-*.json[.gz]`, and `incidents.csv`. A label row of
role `origin` or `soft` is right when the failure's cause is `cause` or a member of `also_ok`; `unknown`, or no failure
at all, is wrong and printed apart. Calibration compares each confidence with the share that was right.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from incident_nb import readers
from incident_nb.diagnose import Analysis, analyse, diagnose, within
from incident_nb.models import Cause
from incident_nb.settings import Settings

SETTINGS = Settings()
Judged = tuple[bool, float, str, str, dict[str, str]]


def load(folder: Path) -> tuple[Analysis, list[dict[str, str]]]:
    """A version's pages, judged, and its labels."""
    log = readers.read(f"{folder}/api/executions-0*", client_of=_client)
    with (folder / "labels.csv").open() as file:
        return analyse(log, SETTINGS), list(csv.DictReader(file))


def _client(workflow: Any) -> str | None:
    return SETTINGS.client_of(workflow.name, workflow.tags, workflow.project)


def acceptable(row: dict[str, str]) -> set[str]:
    """The causes that count as right for a label."""
    return {row["cause"], *filter(None, row["also_ok"].split(";"))}


def score(found: Analysis, labels: list[dict[str, str]]) -> list[Judged]:
    """(right, confidence, said, expected, label) for each label row of role origin or soft that the pages hold."""
    held = set(found.log.executions["execution_id"])
    best = found.failures.sort_values("confidence").groupby("execution_id").last()
    judged = []
    for row in labels:
        if row["role"] not in ("origin", "soft") or row["execution_id"] not in held:
            continue
        if row["execution_id"] in best.index:
            said, confidence = best.loc[row["execution_id"], ["cause", "confidence"]]
        else:
            said, confidence = "no failure found", 0.0
        judged.append((said in acceptable(row), float(confidence), str(said), row["cause"], row))
    return judged


def false_alarms(found: Analysis, labels: list[dict[str, str]]) -> list[str]:
    """Executions in which nothing was injected, or which a person stopped, that were given a failure all the same."""
    clean = {
        row["execution_id"] for row in labels if row["role"] in ("run", "sub", "alert", "other", "stopped by hand")
    }
    return sorted(clean & set(found.failures["execution_id"]))


def incidents(found: Analysis, labels: list[dict[str, str]], path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Each injected incident, seen from its end, by the newest failing run of each of its workflows.

    Rows are (incident, workflow, cause said, confidence, right).
    """
    newest: dict[tuple[str, str], str] = {}
    for label in labels:
        if label["incident"] and label["role"] == "origin":
            newest[label["incident"], label["workflow_name"]] = label["execution_id"]
    rows = []
    with path.open() as file:
        for row in csv.DictReader(file):
            end = datetime.fromisoformat(row["to_utc"].replace("Z", "+00:00")) + timedelta(hours=1)
            seen = analyse(within(found.log, None, end), SETTINGS)
            number = row["incident"].split()[0]
            for (name, workflow), execution in newest.items():
                if name.split()[0] == number:
                    best = diagnose(seen, now=end, execution=execution, settings=SETTINGS).hypotheses[0]
                    rows.append(
                        (row["incident"], workflow, str(best.cause), best.confidence, best.cause == row["cause"])
                    )
    return rows


def calibration(judged: list[Judged]) -> float:
    """Prints the table; the expected calibration error over ten bins."""
    error = 0.0
    print("  confidence   rows   said   right")
    for low in range(10):
        inside = [row for row in judged if low / 10 <= row[1] < (low + 1) / 10 or (low == 9 and row[1] == 1)]
        if inside:
            said = sum(row[1] for row in inside) / len(inside)
            right = sum(row[0] for row in inside) / len(inside)
            error += abs(said - right) * len(inside) / len(judged)
            print(f"  {low / 10:.1f} to {(low + 1) / 10:.1f}   {len(inside):5}   {said:.2f}   {right:.2f}")
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wrong", action="store_true", help="list what was judged wrong")
    options = parser.parse_args()
    every: list[Judged] = []
    for version in ("v2", "v1-sample"):
        found, labels = load(options.data / version)
        judged = score(found, labels)
        every += judged
        right = sum(row[0] for row in judged)
        unknown = sum(row[2] == Cause.UNKNOWN for row in judged)
        unseen = sum(row[2] == "no failure found" for row in judged)
        print(
            f"{version}: {right} of {len(judged)} right, {right / len(judged):.1%}; {unknown} unknown, {unseen} without a failure"
        )
        print(f"  failures reported on clean runs: {len(false_alarms(found, labels))}")
        if options.wrong:
            kinds = Counter((row[4]["fault"], row[3], row[2]) for row in judged if not row[0])
            for (fault, expected, said), count in kinds.most_common():
                print(f"  {count} x {fault}: {expected}, said {said}")
        if version == "v2":
            rows = incidents(found, labels, options.data / "incidents.csv")
            whole = {
                name: all(row[-1] for row in rows if row[0] == name) for name in dict.fromkeys(row[0] for row in rows)
            }
            print(f"incidents: {sum(whole.values())} of {len(whole)} right in all their workflows")
            for name, workflow, said, confidence, good in rows:
                if options.wrong or not good:
                    print(f"  {'right' if good else 'WRONG'} {name}: {workflow}: {said} ({confidence:.2f})")
    print(f"both: {sum(row[0] for row in every) / len(every):.1%} of {len(every)}")
    print(f"expected calibration error: {calibration(every):.3f}")


if __name__ == "__main__":
    main()
