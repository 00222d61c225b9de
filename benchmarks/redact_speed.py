"""Prints how fast the gate is on text like n8n's errors, as MB/s and as a ratio to a floor measured in the same run.

    python benchmarks/redact_speed.py [--lines 4000] [--repeat 3]

The floor is what any look at a text costs: a copy in small letters and its length. Lines differ from each other, so that
nothing is known from before, but in `repeated`, where twenty lines come again and again as they do in an export. At the
end the growth of the work on hostile lines: ten times the length should take about ten times the time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable

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
)


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    everything: list[str] = []
    for name, line in LINES.items():
        lines = [line(n) for n in range(options.lines)]
        everything += lines if name != "dirty" else lines[: len(lines) // 10]
        report(name, lines, options.repeat)
    report("mixed", everything, options.repeat)
    worst = 0.0
    for unit in HOSTILE:
        short, long = unit * (2_000 // len(unit)), unit * (20_000 // len(unit))
        growth = best(lambda text=long: redact([text]), 2) / max(best(lambda text=short: redact([text]), 2), 1e-4)  # type: ignore[misc]
        worst = max(worst, growth)
    print(f"hostile lines of ten times the length take at most {worst:.0f} times as long")


def report(name: str, lines: list[str], rounds: int) -> None:
    """One line of the table."""
    size = sum(map(len, lines)) / 1e6
    took = best(lambda: redact(lines), rounds)
    floor = best(lambda: [len(line.lower()) for line in lines], rounds)
    print(f"{name:<10}{size / took:8.1f} MB/s {took / floor:8.0f} x the floor")


if __name__ == "__main__":
    main()
