"""A report in a real browser: it asks for nothing beyond its own file, and fits a phone."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from incident_nb.plots import cause_bars, execution_strip
from incident_nb.report import export
from tests.browser import Beacon, Tab


@pytest.fixture
def report(tmp_path: Path, beacon: Beacon) -> Path:
    """A report with every kind of content, some of it trying to reach the beacon."""
    runs = pd.DataFrame(
        {
            "instance": "default",
            "execution_id": ["1", "2"],
            "at": pd.to_datetime(["2026-03-01 08:00", "2026-03-01 09:00"], utc=True),
            "status": ["success", "error"],
        }
    )
    charts = [
        execution_strip(runs, onset=datetime(2026, 3, 1, 9, tzinfo=UTC), title="Orders"),
        cause_bars(pd.DataFrame({"cause": ["timeout"], "count": [2]})),
    ]
    hostile = (
        f'<img src="{beacon.url}/img"><script src="{beacon.url}/js"></script><iframe src="{beacon.url}/frame"></iframe>'
        f'<style>@import url({beacon.url}/css);</style><svg><image href="{beacon.url}/svg"/></svg>'
        f'<p style="background:url({beacon.url}/bg)">words</p><link rel="stylesheet" href="{beacon.url}/link">'
        f'<p>{"x" * 400}</p><pre>{"y" * 400}</pre><div class="card"><p class="value">{"z" * 400}</p></div>'
    )
    wide = pd.DataFrame([[f"value {n}" for n in range(30)]])
    shown: list[tuple[dict[str, Any], dict[str, Any]]] = [chart._repr_mimebundle_() for chart in charts]
    shown += [({"text/html": hostile}, {}), ({"text/markdown": hostile}, {}), ({"text/html": wide._repr_html_()}, {})]
    cells = [new_code_cell("", outputs=[new_output("display_data", data=d, metadata=m)]) for d, m in shown]
    nbformat.write(new_notebook(cells=[new_markdown_cell(f"## Heading\n\n{hostile}"), *cells]), tmp_path / "run.ipynb")
    when = datetime(2026, 3, 1, 10, tzinfo=UTC)
    return export(tmp_path / "run.ipynb", tmp_path / "out", title="Report", generated_at=when).html


def test_a_report_requests_nothing_beyond_its_own_file(tab: Tab, report: Path, beacon: Beacon) -> None:
    tab.open(report)
    outside = [address for address in tab.requests if not address.startswith("data:image/png;base64,")]
    assert outside == [report.as_uri()]
    assert beacon.asked == []
    widths = tab.value(
        "JSON.stringify([...document.images].map(image => [image.naturalWidth, image.width, image.alt]))"
    )
    pictures = [picture for picture in json.loads(widths) if picture[0]]
    assert [natural for natural, _, _ in pictures] == [1520, 1520]
    assert all(alt for _, _, alt in pictures)


def test_the_policy_of_the_page_stops_what_a_sanitiser_would_miss(
    tab: Tab, report: Path, beacon: Beacon, tmp_path: Path
) -> None:
    attack = (
        f'<script>document.title = "taken"</script><img src="{beacon.url}/img" onerror="document.title = `taken`">'
        f'<iframe src="{beacon.url}/frame"></iframe><link rel="stylesheet" href="{beacon.url}/css">'
    )
    page = report.read_text()
    naked = tmp_path / "naked.html"
    naked.write_text(f"<title>Report</title>{attack}")
    tab.open(naked)
    assert tab.value("document.title") == "taken"
    assert set(beacon.asked) == {"/img", "/frame", "/css"}
    beacon.asked.clear()
    report.write_text(page.replace("<main>", f"<main>{attack}"))
    tab.open(report)
    assert tab.value("document.title") == "Report"
    assert beacon.asked == []


def test_a_report_fits_a_phone_and_prints(tab: Tab, report: Path) -> None:
    tab.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    tab.open(report)
    assert tab.value("document.documentElement.scrollWidth") == 390
    assert tab.value("Math.max(...[...document.querySelectorAll('p, pre, .card')].map(e => e.offsetWidth))") <= 390
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")


def test_a_report_follows_the_colour_scheme(tab: Tab, report: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        tab.open(report)
        seen[scheme] = tab.value("getComputedStyle(document.querySelector('main')).backgroundColor")
    assert seen["light"] == "rgb(255, 255, 255)" != seen["dark"]
