"""How much of a planted corpus the redaction gate masks, and what it masks for nothing.

    python benchmarks/redaction.py [--seed N] [--verbose] [--runs N]

Prints the recall of each family, the worst situations, the clean lines that were changed, and the check of whole
documents: the real command line investigates an export with planted values, and no planted value (plain, JSON-escaped,
percent-encoded or in base64) may be in any byte of what it writes or prints. A planted value counts as masked when it
is gone, and with it every half of 8 or more characters of its random parts. Always ends with exit code 0.
"""

from __future__ import annotations

import argparse
import base64
import collections
import concurrent.futures
import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import corpus
import pandas as pd
from corpus import Case, Secret

from incident_nb.redact import redact_text, redact_tree


def strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from strings(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from strings(value)
    elif tree is not None:
        yield str(tree)


def redact(document: Any) -> tuple[Any, str]:
    """What the gate makes of a document, and all of its text in one string."""
    out = redact_text(document) if isinstance(document, str) else redact_tree(document)
    return out, "\x00".join(strings(out))


def halves(part: str) -> Iterator[str]:
    """The runs that must not survive: every half of 8 or more characters, the whole part when it is shorter than 16."""
    size = max(8, (len(part) + 1) // 2) if len(part) >= 16 else len(part)
    for start in range(len(part) - size + 1):
        yield part[start : start + size]


def leaks(secret: Secret, text: str) -> bool:
    return secret.value in text or any(run in text for part in secret.parts for run in halves(part))


def percent(share: int, total: int) -> str:
    return f"{share}/{total} = {100 * share / total:.2f} %" if total else "none"


def judge(cases: list[Case]) -> dict[str, dict[str, list[int]]]:
    """For each family and situation: [masked, planted]."""
    score: dict[str, dict[str, list[int]]] = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for case in cases:
        _, text = redact(case.document)
        for secret in case.secrets:
            row = score[case.family][secret.where if case.family == "document" else case.situation]
            row[0] += not leaks(secret, text)
            row[1] += 1
    return score


def encodings(text: str) -> set[bytes]:
    """The value as it may stand in a file: plain, JSON-escaped, percent-encoded, base64 (any alignment, both alphabets)."""
    raw = text.encode()
    forms = {raw, json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    forms |= {quote(text, safe="").encode(), quote(text, safe="").lower().encode(), quote(text).encode()}
    if len(raw) >= 8:
        for shift in range(3):
            blob = base64.b64encode(b"\x00" * shift + raw)
            core = blob[(0, 2, 3)[shift] :].rstrip(b"=")
            core = core if (shift + len(raw)) % 3 == 0 else core[:-1]
            forms |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what they hold when unpacked or decoded."""
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".gz":
        yield gzip.decompress(raw)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif path.suffix == ".parquet":
        yield pd.read_parquet(path).to_csv().encode()
    elif path.suffix in (".json", ".ipynb"):
        yield "\x00".join(strings(json.loads(raw))).encode()
    elif path.suffix == ".jsonl":
        yield "\x00".join(s for line in raw.splitlines() if line.strip() for s in strings(json.loads(line))).encode()


def whole(secret: Secret) -> set[bytes]:
    """What must not be found in a file: the value, its parts and their first and last halves, in every encoding."""
    texts = {secret.value, *secret.parts}
    for part in secret.parts:
        if len(part) >= 16:
            half = len(part) // 2
            texts |= {part[:half], part[half:]}
    return {form for text in texts for form in encodings(text)}


def run(command: list[str], root: Path) -> tuple[str, int, str]:
    tool = str(Path(sys.executable).with_name("incident-nb"))
    done = subprocess.run([tool, *command], capture_output=True, text=True, cwd=root, timeout=900, check=False)
    return " ".join(command), done.returncode, done.stdout + done.stderr


def commands(seed: int, runs: int) -> list[list[str]]:
    """Investigations of the gravest problem and of every workflow, and the list of all problems."""
    names = dict.fromkeys(case.document["workflowData"]["name"] for case in corpus.documents(seed))
    chosen = [[], *(["--workflow", name] for name in names)][:runs]
    made = [["investigate", "executions.json", "--offline", *c, "--out", f"out-{i}"] for i, c in enumerate(chosen)]
    return [*made, ["patterns", "executions.json", "--json", "patterns.json"]]


def search(blobs: list[tuple[str, bytes]], planted: tuple[Secret, ...]) -> Iterator[tuple[Secret, str]]:
    """Each planted value that some blob holds, and which."""
    text = b"\x00".join(blob for _, blob in blobs)
    grams = {text[i : i + 8] for i in range(len(text) - 7)}  # most values are ruled out by their first 8 bytes
    for secret in planted:
        forms = [f for f in whole(secret) if (f[:8] in grams if len(f) >= 8 else True) and f in text]
        if forms:
            yield from ((secret, name) for name, blob in blobs if any(form in blob for form in forms))


def command_line(seed: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        export = root / "executions.json"
        planted = corpus.write_export(export, seed)
        os.environ.setdefault("INCIDENT_NB_REDACTION_KEY", "a" * 64)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda command: run(command, root), commands(seed, runs)))
        blobs = [(f"printed by {name}", text.encode()) for name, _, text in done]
        paths = [path for path in sorted(root.rglob("*")) if path != export]
        blobs += [("a path", str(path.relative_to(root)).encode()) for path in paths]
        files = [path for path in paths if path.is_file()]
        blobs += [(str(path.relative_to(root)), blob) for path in files for blob in contents(path)]
        size = sum(len(blob) for _, blob in blobs) / 1e6
        print(
            f"\nwhole documents, command line: {len(done)} commands, {len(files)} files, {size:.1f} MB looked through"
        )
        for name, status, text in done:
            if status:
                print(f"  {name}: exit code {status}: {text.strip()[-300:]}")
        found: dict[Secret, list[str]] = {}
        for secret, place in search(blobs, planted):
            found.setdefault(secret, []).append(place)
        print(f"  planted values found in the output: {len(found)} of {len(planted)}")
        for secret, places in found.items():
            where = list(dict.fromkeys(places))
            print(f"    {secret.where}: {secret.value[:40]!r} in {len(where)} places: {', '.join(where[:4])}")


def table(score: dict[str, dict[str, list[int]]], limit: int) -> None:
    worst = [
        (masked / planted, family, name, planted - masked, planted)
        for family, rows in score.items()
        for name, (masked, planted) in rows.items()
        if masked < planted
    ]
    worst.sort(key=lambda row: (row[0], -row[3], row[1], row[2]))
    print(f"\nsituations with a miss: {len(worst)}; the worst:\n  family   | missed | situation")
    for _, family, name, missed, planted in worst[:limit]:
        print(f"  {family:8} | {missed} of {planted} | {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show every miss and every changed clean line")
    parser.add_argument(
        "--runs", type=int, default=10, help="investigations of the command line check; 0 leaves it out"
    )
    args = parser.parse_args()
    cases = corpus.generate(args.seed)
    judged = [*cases, *corpus.documents(args.seed)]
    score = judge(judged)
    print(f"seed {args.seed}")
    for family in ("shaped", "keyed", "personal", "document"):
        rows = score[family]
        masked, planted = (sum(row[i] for row in rows.values()) for i in (0, 1))
        print(f"  {family:8} {len(rows):4} situations, recall {percent(masked, planted)}")
    clean = [case for case in cases if case.family == "clean"]
    changed = [(case, out) for case in clean for out, _ in [redact(case.document)] if out != case.document]
    print(f"  clean    {len(clean):4} lines, changed {percent(len(changed), len(clean))}")
    for case, out in changed[: None if args.verbose else 12]:
        print(f"    {case.situation}: {str(case.document)[:160]!r} -> {str(out)[:160]!r}")
    table(score, 1000 if args.verbose else 30)
    if args.verbose:
        for case in judged:
            _, text = redact(case.document)
            for secret in case.secrets:
                if leaks(secret, text):
                    shown = text if case.family != "document" else ""
                    print(
                        f"\nMISS {case.id} {case.situation} [{secret.where}]\n  {secret.value[:120]!r}\n  {shown[:300]!r}"
                    )
    if args.runs:
        command_line(args.seed, args.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
