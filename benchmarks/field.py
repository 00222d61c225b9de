"""How often the classifier is right on errors that real n8n users published, beside a ten-line rule.

    python benchmarks/field.py --set dev          # or any other file's name in benchmarks/field, or a path

A row of `benchmarks/field/*.jsonl` is an error record with labels: `cause`, `also_ok` (causes one could defend) and
`sure` (false where careful people may disagree); some sets hold `second`, what a second reader, who did not see the
labels, took for the cause. The rows of `dev7` were written after what users report, not copied from it. Right means: the
verdict is `cause` or one of `also_ok`. Prints accuracy (all rows, sure rows, and those apart), how often the verdict
equals `cause` (all rows, and those where both readers agree), the verdicts `unknown`, a calibration table with the
expected calibration error, and the same accuracy for the rule. Rows apart share neither their origin nor their message
with any other set, so that for `test` they are errors which the rules' authors can't have seen. Confusions are printed
for every set but those whose name begins with `test`, which nobody should look into.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import time
from pathlib import Path
from typing import Any

from incident_nb.causes import classify
from incident_nb.models import Cause, ErrorRecord

FIELD = Path(__file__).resolve().parent / "field"


def ten_line_rule(record: ErrorRecord) -> Cause:
    """What anyone would write first: the status, then a few words."""
    text = f"{record.message} {record.description or ''}".lower()
    status = (re.findall(r"\b[45]\d\d\b", f"{record.http_code or ''} {text}") or [""])[0]
    by_status = {"401": Cause.CREDENTIALS, "403": Cause.CREDENTIALS, "429": Cause.RATE_LIMIT, "504": Cause.TIMEOUT,
                 "400": Cause.DATA_FORMAT, "422": Cause.DATA_FORMAT, "404": Cause.WORKFLOW_CONFIG}  # fmt: skip
    words = {"credential": Cause.CREDENTIALS, "unauthorized": Cause.CREDENTIALS, "rate limit": Cause.RATE_LIMIT,
             "too many": Cause.RATE_LIMIT, "timeout": Cause.TIMEOUT, "timed out": Cause.TIMEOUT, "econn": Cause.NETWORK,
             "enotfound": Cause.NETWORK, "not registered": Cause.WORKFLOW_INACTIVE, "memory": Cause.INFRASTRUCTURE,
             "json": Cause.DATA_FORMAT, "invalid": Cause.DATA_FORMAT, "not found": Cause.WORKFLOW_CONFIG}  # fmt: skip
    by_word = next((cause for word, cause in words.items() if word in text), Cause.UNKNOWN)
    return by_status.get(status) or (Cause.EXTERNAL_OUTAGE if status.startswith("5") else by_word)


def right(row: dict[str, Any], cause: Cause) -> bool:
    return cause == row["cause"] or cause in row["also_ok"]


def share(hits: list[bool]) -> str:
    return f"{sum(hits)}/{len(hits)} = {sum(hits) / len(hits):.1%}" if hits else "no rows"


def apart(rows: list[dict[str, Any]], path: Path) -> list[bool]:
    """Which rows share neither origin nor (but for punctuation) the beginning of their message with another set."""
    others = [row for other in sorted(FIELD.glob("*.jsonl")) if other != path.resolve() for row in load(other)]
    origins, messages = {row["origin"] for row in others}, {_key(row) for row in others}
    return [row["origin"] not in origins and _key(row) not in messages for row in rows]


def _key(row: dict[str, Any]) -> str:
    return re.sub(r"\W+", " ", (row["message"] or "").lower())[:120]


def load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def chosen(name: str) -> Path:
    """The file of a set by its name or its path; ends the run, saying which there are, where there is none."""
    known = sorted(path.stem for path in FIELD.glob("*.jsonl"))
    path = FIELD / f"{name}.jsonl" if name in known else Path(name)
    if not path.is_file():
        raise SystemExit(f"field.py: no set or file '{name}'; the sets are {', '.join(known)}")
    return path


def calibration(pairs: list[tuple[float, bool]]) -> float:
    """The expected calibration error over ten bins of confidence; prints the table."""
    print("\nconfidence   rows   said   right")
    error = 0.0
    for low in range(10):
        found = [(c, hit) for c, hit in pairs if min(int(c * 10), 9) == low]
        if found:
            said, hit_rate = sum(c for c, _ in found) / len(found), sum(h for _, h in found) / len(found)
            error += abs(said - hit_rate) * len(found) / len(pairs)
            print(f"{low / 10:.1f} to {low / 10 + 0.1:.1f}  {len(found):5}  {said:5.2f}  {hit_rate:6.2f}")
    return error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="dev", help="a set in benchmarks/field or the path of a jsonl file")
    path = chosen(parser.parse_args().set)
    rows = load(path)
    records = [ErrorRecord(**row) for row in rows]
    for record in records:
        classify(record)  # loads and compiles what they need, so that the time below is that of judging
    start = time.process_time()
    verdicts = [classify(record) for record in records]
    took = time.process_time() - start
    hits = [right(row, verdict.cause) for row, verdict in zip(rows, verdicts, strict=True)]
    sure = [bool(row.get("sure", True)) for row in rows]
    baseline = [right(row, ten_line_rule(record)) for row, record in zip(rows, records, strict=True)]

    print(f"{path.name}: {len(rows)} rows, {1000 * took / len(rows):.2f} ms a record")
    print("classifier, all rows:    ", share(hits))
    print("classifier, sure rows:   ", share([hit for hit, ok in zip(hits, sure, strict=True) if ok]))
    new = apart(rows, path)
    print("classifier, rows apart:  ", share([hit for hit, ok in zip(hits, new, strict=True) if ok]))
    both = [hit for hit, ok, certain in zip(hits, new, sure, strict=True) if ok and certain]
    print("classifier, sure + apart:", share(both))
    equal = [row["cause"] == verdict.cause for row, verdict in zip(rows, verdicts, strict=True)]
    print("equal to the label:      ", share(equal))
    agreed = [row.get("second") == row["cause"] for row in rows]
    if any(agreed):
        print("equal, readers agree:    ", share([hit for hit, ok in zip(equal, agreed, strict=True) if ok]))
        print("right, readers agree:    ", share([hit for hit, ok in zip(hits, agreed, strict=True) if ok]))
    print("ten-line rule, all rows: ", share(baseline))
    print("ten-line rule, sure rows:", share([hit for hit, ok in zip(baseline, sure, strict=True) if ok]))
    unknown = [hit for hit, verdict in zip(hits, verdicts, strict=True) if verdict.cause is Cause.UNKNOWN]
    print("verdict unknown:         ", len(unknown), "rows, right", sum(unknown))
    error = calibration([(verdict.confidence, hit) for verdict, hit in zip(verdicts, hits, strict=True)])
    print(f"expected calibration error {error:.3f}")
    if not path.stem.startswith("test"):
        print("\nconfused: labelled -> verdict")
        wrong = [(row, verdict) for row, verdict, hit in zip(rows, verdicts, hits, strict=True) if not hit]
        pairs = collections.Counter((row["cause"], verdict.cause.value) for row, verdict in wrong)
        for (label, cause), count in pairs.most_common():
            ids = [row["id"] for row, verdict in wrong if (row["cause"], verdict.cause.value) == (label, cause)]
            print(f"{count:4}  {label} -> {cause}: {', '.join(ids[:12])}")


if __name__ == "__main__":
    main()
