"""How long the whole checklist takes beside its slowest probe: `python benchmarks/checklist.py [--runs 5]`.

A staged incident on loopback: an n8n whose every answer takes a while, an endpoint of ours that starts cold, and a
status page. The aim is that all checks together take no longer than the slowest of them plus 1 s.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from incident_nb.case import read_case
from incident_nb.diagnose import run_checks
from incident_nb.models import Probed
from incident_nb.probes import PROBES, vendors
from incident_nb.settings import Server, Settings
from tests import faulty
from tests.builders import HOUR, call, error, flow, runs
from tests.faulty import Asked, answer, serving
from tests.served import KEY, Kept, serving_n8n

N8N_S, COLD_S, WARM_S, PAGE_S = 0.15, 4.0, 0.2, 0.8


def slowly(reply: faulty.Reply, *seconds: float) -> faulty.Reply:
    """The same answer after a while: the first takes the first of `seconds`, and so on; the last one stays."""
    left = list(seconds)

    def later(connection: Any, asked: Asked) -> None:
        Event().wait(left.pop(0) if len(left) > 1 else left[0])
        reply(connection, asked)

    return later


def once(folder: Path) -> tuple[float, list[Probed]]:
    """The seconds that all checks took together, and their answers."""
    now = datetime.now(UTC)
    with ExitStack() as open_:
        ours = open_.enter_context(serving(slowly(answer({"ok": True}), COLD_S, WARM_S)))
        page = open_.enter_context(serving(slowly(answer({"incidents": []}), PAGE_S)))
        node = call("Ask", credential="c1")
        node["parameters"] = {"url": f"{ours.url}/orders", "options": {"timeout": 2500}}
        of = flow(1, None, node)
        kept = Kept(per_page=50, workflows=[{**of, "active": True, "activeVersionId": "v1", "versionCounter": 2}])
        aborted = error("ECONNABORTED", "The connection was aborted, perhaps the server is offline")
        kept.add(*runs("." * 40 + "XXX", of, wrong=aborted, start=now - 42.5 * HOUR))
        n8n = open_.enter_context(serving_n8n(kept))
        n8n.reply = slowly(n8n.reply, N8N_S)
        row = vendors.Vendor(name="Shop", page=page.url, format="statuspage", source="-", checked="never",
                             nodes=("n8n-nodes-base.httpRequest",))  # fmt: skip
        vendors.table = lambda: (row,)  # type: ignore[assignment]
        settings = Settings(own_hosts=("127.0.0.1",), path=folder / "none.toml", n8n={"default": Server(url=n8n.url)})
        case = read_case(["n8n"], settings, now)
        started = time.perf_counter()
        checks = run_checks(case)
        return time.perf_counter() - started, list(checks.answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    os.environ["INCIDENT_NB_N8N_API_KEY"] = KEY
    print(f"{len(PROBES)} checks; n8n answers after {N8N_S} s, our endpoint after {COLD_S} s, then {WARM_S} s")
    worst = 0.0
    for number in range(asked.runs):
        with tempfile.TemporaryDirectory() as folder:
            total, answers = once(Path(folder))
        took = {answer.probe: answer.took_s or 0.0 for answer in answers}
        slowest = max(took, key=took.__getitem__)
        worst = max(worst, total - took[slowest])
        together = sum(took.values())
        print(
            f"run {number + 1}: all {total:5.2f} s; slowest ({slowest}) {took[slowest]:5.2f} s; "
            f"beyond it {total - took[slowest]:5.2f} s; one after the other {together:5.2f} s ({together / total:.1f} times)"
        )
    print(f"at most {worst:.2f} s beyond the slowest (aim: 1 s)")


if __name__ == "__main__":
    main()
