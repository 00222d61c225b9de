"""How the receiver takes a storm: `python benchmarks/storm.py [--alerts 10000] [--rate 170]`.

A real `incident-nb serve` on a record of its own; alerts come at a steady rate, each at its moment whether or not the ones before
are answered. Three storms: one and the same alert under new delivery ids, alerts that differ only in ids and times, and 100
problems in turn. Printed: how many incidents they made, the time from an alert's moment to its answer, and, as a floor in
the same run, as many answers of `/health`, which commits once and folds nothing. A worker investigates beside it, at a lower
priority. The aim: 1, 1 and 100 incidents, no more investigations than incidents, 99 of 100 alerts answered within 250 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from incident_nb.incidents import Records
from incident_nb.jobs import owed

TOKEN = "token-of-the-benchmark"
TOGETHER = 64  # connections
SERVE = (sys.executable, "-c", "from incident_nb.cli import main; main()", "serve", "--port")


def alert(execution: int, problem: int, second: int = 0) -> bytes:
    """What an Error Trigger sends."""
    message = f"Request failed with status code 50{problem % 5}: order {execution} was not taken, try again later"
    node = {"name": f"Send {problem // 5}", "type": "n8n-nodes-base.httpRequest"}
    error = {
        "message": message,
        "name": "NodeApiError",
        "httpCode": str(500 + problem % 5),
        "node": node,
        "timestamp": second,
    }
    run = {"id": str(execution), "error": error, "lastNodeExecuted": node["name"], "mode": "trigger",
           "url": f"https://n8n.example.com/workflow/wf1/executions/{execution}"}  # fmt: skip
    return json.dumps({"execution": run, "workflow": {"id": "wf1", "name": "[ACME] Orders"}}).encode()


Make = Callable[[int], tuple[str, bytes]]
SAME = json.dumps(
    {"message": "503 Service unavailable", "workflow": "Orders", "workflow_id": "wf1", "node": "Send"}
).encode()

STORMS: dict[str, tuple[int, Make]] = {
    "the same alert": (1, lambda _: ("generic", SAME)),
    "other ids only": (1, lambda number: ("n8n", alert(number, 0, 1_700_000_000_000 + number))),
    "100 problems": (100, lambda number: ("n8n", alert(number, number % 100))),
}  # fmt: skip


async def storm(port: int, alerts: int, rate: float, make: Make | None) -> list[float]:
    """Seconds from each alert's moment to its answer, in order of size; without `make`, of as many looks at its health."""
    took: list[float] = []
    ready: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    begin = time.perf_counter()

    async def sender() -> None:
        """One connection that is kept, with as little work as can be: the receiver shares the machine with us."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (sent := await ready.get()) is not None:
            moment, request = sent
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split(b" ", 2)[1] in (b"200", b"202"), head
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - moment)
        writer.close()

    senders = [asyncio.create_task(sender()) for _ in range(TOGETHER)]
    for number in range(alerts):
        moment = begin + number / rate
        request = HEALTH if make is None else posted(*make(number))
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        ready.put_nowait((moment, request))
    for _ in senders:
        ready.put_nowait(None)
    await asyncio.gather(*senders)
    return sorted(took)


HEALTH = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def posted(dialect: str, body: bytes) -> bytes:
    """An alert as a request."""
    lines = (
        f"POST /alerts/{dialect} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(body)}"
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode() + body


def processor_s(process: int) -> float:
    """Seconds of the processor that a process has used (Linux)."""
    parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def served(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """A receiver that answers."""
    (folder / "incident-nb.toml").write_text("")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "INCIDENT_NB_ALERT_TOKEN": TOKEN}
    process = subprocess.Popen([*SERVE, str(port), *options], cwd=folder, env=env, stderr=subprocess.DEVNULL)
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
            return process, port
        except httpx.TransportError:
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=170)
    parser.add_argument("--no-worker", action="store_true", help="the receiver alone, with no investigations beside it")
    parser.add_argument("--storm", choices=STORMS, help="only this one")
    asked = parser.parse_args()
    for name, (wanted, make) in STORMS.items():
        if asked.storm not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            process, port = served(Path(folder), *(["--no-worker"] if asked.no_worker else []))
            try:
                floor = asyncio.run(storm(port, min(asked.alerts, 1_000), asked.rate, None))
                before = processor_s(process.pid)
                took = asyncio.run(storm(port, asked.alerts, asked.rate, make))
                each = (processor_s(process.pid) - before) / asked.alerts
            finally:
                process.terminate()
                process.wait()
            records = Records(Path(folder) / "incidents" / "record.db")
            found = records.incidents()
            with records.reading() as connection:
                jobs = owed.those(connection, "waiting", "running", "done", "set_aside")
            records.close()
        count = sum(one.occurrences for one in found)
        half, most = took[len(took) // 2], took[len(took) * 99 // 100]
        print(
            f"{name}: {len(found)} incidents (aim: {wanted}) of {count:,} alerts, answered in {half * 1e3:.0f} ms (half), "
            f"{most * 1e3:.0f} ms (99 of 100), {most / floor[len(floor) * 99 // 100]:.1f} times the floor, "
            f"{each * 1e3:.1f} ms of the processor each; {sum(job.attempt for job in jobs)} investigations owed, "
            f"{sum(job.state == 'done' for job in jobs)} done meanwhile"
        )


if __name__ == "__main__":
    main()
