"""Prints how fast the gate is on text like n8n's errors, as MB/s and as a ratio to a floor measured in the same run.

    python benchmarks/redact_speed.py [--lines 1000] [--repeat 9] [--data DIR]

The floor is what any look at a text costs: a copy in small letters and its length. Lines differ from each other, so that
nothing is known from before, but in `repeated`, where twenty lines come again and again as they do in an export. With
`--data`, also the error texts of the exports in a folder: in the order in which they stand there, and each once. Of each
piece of fifty lines the fastest round counts, since other work on the machine slows some of them down. At the end the
growth of the work on hostile texts: ten times the length should take about ten times the time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from incident_nb.redact import SAMPLE_KEY, Redactor

WORDS = "The service is receiving too many requests from you, please wait and try again later"
FRAME = "at Object.request (/usr/lib/node_modules/n8n/node_modules/.pnpm/n8n-core@2.40.7_abc/dist/index.js:{0}:17)"
LINES: dict[str, Callable[[int], str]] = {
    "prose": lambda n: f"{WORDS} ({n} of 5000)",
    "stack": FRAME.format,
    "log": lambda n: (
        f"2026-11-02T10:00:{n % 60:02d}.{n % 1000:03d}Z error workflow 4oKgB7917op6hIRg run {n} failed: {WORDS}"
    ),
    "json": lambda n: (
        f'429 - "{{\\"error\\":{{\\"message\\":\\"{WORDS}\\",\\"type\\":\\"requests\\",\\"code\\":{n}}}}}"'
    ),
    "dirty": lambda n: (
        f'401 - {{"message":"Incorrect API key: sk-proj-FAKE8kQ2mZ7xB1nC9v{n:05d}AbC","user":"m{n}@example.com"}}'
    ),
    "repeated": lambda n: f"{WORDS} {FRAME.format(n % 20)}",
}
HOSTILE = (
    "token ",
    '"key":',
    "sk-",
    "a-",
    "eyJ",
    "%25",
    "{",
    "\\",
    "password=",
    "4242 ",
    "://a:",
    "x@",
    "<a>",
    "A" * 7 + "+",
    # Whole lines: what is looked at around each match has to be bounded, too.
    "arn:aws:secretsmanager:eu:123:secret=abc ",
    "password=Pa55(word1 ",
    "user=app pass=abc123 ",
    "Authorization: Basic ZmFrZTpmYWtlLXBhc3M= ",
    "mail maria.lopez@example.com now ",
    "Invalid API key provided: zz-FAKE-0001.\n",
)


PIECE = 50


def best(work: Callable[[], object], rounds: int) -> float:
    """The least processor time of some rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def redact(lines: Iterable[str]) -> None:
    """All lines through a gate that has seen nothing yet."""
    gate = Redactor(SAMPLE_KEY)
    for line in lines:
        gate.text(line, personal=True)


def seconds(start: Callable[[], Callable[[str], object]], lines: list[str], rounds: int) -> float:
    """The processor time of what `start` gives, on all lines: of each piece of them the fastest round."""
    least = [float("inf")] * ((len(lines) - 1) // PIECE + 1)
    for _ in range(rounds):
        work = start()
        for number in range(len(least)):
            began = time.process_time()
            for line in lines[number * PIECE : (number + 1) * PIECE]:
                work(line)
            least[number] = min(least[number], time.process_time() - began)
    return sum(least)


def gated() -> Callable[[str], object]:
    """A gate that has seen nothing yet."""
    gate = Redactor(SAMPLE_KEY)
    return lambda line: gate.text(line, personal=True)


def error_texts(folder: Path) -> list[str]:
    """Every text inside an error of the JSON files in a folder, in order."""
    found: list[str] = []

    def walk(value: object, inside: bool) -> None:
        if isinstance(value, str) and inside:
            found.append(value)
        elif isinstance(value, dict):
            for name, child in value.items():
                walk(child, inside or name == "error")
        elif isinstance(value, list):
            for child in value:
                walk(child, inside)

    for path in sorted(folder.rglob("*.json")):
        walk(json.loads(path.read_bytes()), False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    everything: list[str] = []
    for name, line in LINES.items():
        lines = [line(n) for n in range(options.lines)]
        everything += lines if name != "dirty" else lines[: len(lines) // 10]
        report(name, lines, options.repeat)
    report("mixed", everything, options.repeat)
    if options.data:
        texts = error_texts(options.data)
        report("real, in order", texts, options.repeat)
        report("real, each once", list(dict.fromkeys(texts)), options.repeat)
    worst = 0.0
    for unit in HOSTILE:
        short, long = unit * (2_000 // len(unit)), unit * (20_000 // len(unit))
        growth = best(lambda text=long: redact([text]), 2) / max(best(lambda text=short: redact([text]), 2), 1e-4)  # type: ignore[misc]
        worst = max(worst, growth)
    print(f"hostile texts of ten times the length take at most {worst:.0f} times as long")


def report(name: str, lines: list[str], rounds: int) -> None:
    """One line of the table."""
    size = sum(map(len, lines)) / 1e6
    took = seconds(gated, lines, rounds)
    floor = seconds(lambda: lambda line: len(line.lower()), lines, rounds)
    print(f"{name:<16}{size / took:8.1f} MB/s {took / floor:8.0f} x the floor")


if __name__ == "__main__":
    main()
