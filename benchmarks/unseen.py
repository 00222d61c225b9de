"""Prints how much the gate finds in texts written without sight of its rules, and how much it leaves alone.

    python benchmarks/unseen.py [--set dev|dev2|dev3|test] [--misses]

Each row of `benchmarks/unseen/*.jsonl.gz` is a text or a tree with the secrets that were planted in it, drawn at random in the
documented formats of vendors or known by their place only; rows without a secret look as if they had one. `dev` and `test`
share neither vendors nor situations nor lines. The rows of `test` are not to be read, so their misses are not printed: a
rule that was written for a row says nothing of the next one.

A secret counts as found when neither it nor a run of 60 % of it (eight characters at least) is left.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from incident_nb.redact import SAMPLE_KEY, Redactor

FOLDER = Path(__file__).parent / "unseen"
GATE = Redactor(SAMPLE_KEY)


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a set: family, situation, form, value, secrets."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def redacted(row: dict[str, Any]) -> str:
    """What the gate leaves of a row, as text."""
    if row["form"] == "text":
        return GATE.text(row["value"], personal=True)
    return json.dumps(GATE.tree(row["value"], personal=True), ensure_ascii=False)


def left(secret: str, text: str) -> bool:
    """Whether a secret, or too much of it, stands in a text."""
    size = max(8, -(-len(secret) * 6 // 10))
    return secret in text or any(secret[at : at + size] in text for at in range(len(secret) - size + 1))


def changed(row: dict[str, Any], text: str) -> bool:
    """Whether a row without a secret came back otherwise."""
    return text != (row["value"] if row["form"] == "text" else json.dumps(row["value"], ensure_ascii=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--set", default="dev", choices=sorted(path.name.partition(".")[0] for path in FOLDER.iterdir())
    )
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows(options.set):
        text = redacted(row)
        wrong = [secret for secret in row["secrets"] if left(secret, text)]
        family = row["family"]
        counts[family][0] += len(row["secrets"]) - len(wrong) if row["secrets"] else changed(row, text)
        counts[family][1] += len(row["secrets"]) or 1
        if options.misses and options.set != "test" and (wrong or (not row["secrets"] and changed(row, text))):
            print(f"{family}, {row['situation']}: {str(row['value'])[:160]!r}\n    {text[:160]!r}")
    for family, (found, count) in counts.items():
        what = "changed" if family == "clean" else "found"
        print(f"{family:<9}{what} {found:4} of {count:4}  {found / count:7.2%}")


if __name__ == "__main__":
    main()
