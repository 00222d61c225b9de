"""A report as a page: for everyone (axe-core, in Chromium), on a phone, in dark mode, and printed on A4."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pdfplumber
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page, sync_playwright

from incident_nb import cli
from incident_nb.case import sample_case
from incident_nb.diagnose import survey
from incident_nb.plots import cause_bars
from incident_nb.report import export
from incident_nb.resources import templates
from incident_nb.ui import fleet
from incident_nb.ui.blocks import Sheet
from tests import ended
from tests.browser import FLAGS, chromium_or_skip
from tests.builders import NOW
from tests.fleets import whole as filled
from tests.fleets import with_versions

LARGEST = 500_000
PAGES = (
    "closed",
    "open",
    "without a record",
    "healthy",
    "client",
    "patterns",
    "patterns, all found",
    "review",
    "client's review",
)
MM = 72 / 25.4
RIGHT = 210 - 15  # millimetres: the right edge of what is printed, by the page's margin


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        flags = [flag for flag in FLAGS if "remote" not in flag]
        opened = play.chromium.launch(executable_path=chromium_or_skip(), args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each kind; the one of a closed incident as it is written unattended."""
    out = tmp_path_factory.mktemp("pages")
    closed = ended.write(out / "closed")
    plain = replace(ended.case(upto=300), incident=None)
    case = replace(sample_case(), unattended=True)
    every = fleet(case, with_versions(filled(survey(case), why=f"{WORDS}, {WORDS}")))
    views = [every.glance(), every.onsets(), every.new(), every.gone(), every.shared(), every.causes(), every.groups()]
    views += [every.problems(), every.silent(), every.false_green(), every.slow(), every.rate_chart(), every.rates()]
    healthy = replace(plain, log=ended.log_of(*ended.runs("........")), answers=(), workflow=None)
    return {
        "closed": closed / "report.html",
        "client": closed / "client.html",
        "open": ended.shown(out / "open", ended.case(upto=300), ended.events(upto=300)).html,
        "without a record": ended.shown(out / "plain", plain).html,
        "healthy": ended.shown(out / "healthy", healthy).html,
        "patterns": surveyed(out / "patterns.html"),
        "patterns, all found": made(out / "patterns", *views, every.heat(), every.busiest()),
        **reviewed(out / "review"),
    }


def surveyed(out: Path) -> Path:
    """The sample's patterns, as they are written unattended."""
    with pytest.raises(SystemExit) as ended_:
        cli.main(["patterns", "sample", "--html", str(out)])
    assert not ended_.value.code
    return out


def reviewed(out: Path) -> dict[str, Path]:
    """The sample's review of its client, for the house and for the client."""
    with pytest.raises(SystemExit) as ended_:
        cli.main(["review", "CMPS", "sample", "--period", "month", "--out", str(out)])
    assert not ended_.value.code
    return {"review": out / "review.html", "client's review": out / "client.html"}


def made(out: Path, *shown: Any) -> Path:
    """A report of these objects."""
    out.mkdir(exist_ok=True)
    cells = [new_markdown_cell("## What it shows")]
    for one in shown:
        bundle = one._repr_mimebundle_() if hasattr(one, "_repr_mimebundle_") else {"text/html": one._repr_html_()}
        data, facts = bundle if isinstance(bundle, tuple) else (bundle, {})
        cells.append(new_code_cell("", outputs=[new_output("display_data", data=data, metadata=facts)]))
    nbformat.write(new_notebook(cells=cells), out / "run.ipynb")
    return export(out / "run.ipynb", out, title="A report", generated_at=NOW).html


def opened(browser: Browser, path: Path, *, width: int = 1000, scheme: Any = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1000, "light"), (1000, "dark"), (390, "light")])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_keeps_anybody_from_reading_it(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    page = opened(browser, pages[name], width=width, scheme=scheme)
    found = Axe().run(page).response["violations"]
    page.close()
    told = "\n".join(
        f"{one['impact']}: {one['id']}, {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}"
        for one in found
    )
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], told


@pytest.mark.parametrize("name", PAGES)
def test_headings_tables_and_pictures_say_what_they_are(browser: Browser, pages: dict[str, Path], name: str) -> None:
    page = opened(browser, pages[name])
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    alts = page.evaluate("[...document.images].map(image => image.alt)")
    bare = page.evaluate("document.querySelectorAll('th:not([scope])').length")
    scripts = page.evaluate("document.querySelectorAll('script, link, iframe, object, form').length")
    language = page.evaluate("document.documentElement.lang")
    page.close()
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    assert all(re.search(r"\d", alt) and 40 < len(alt) <= 400 for alt in alts), alts
    assert (bare, scripts, language) == (0, 0, "en")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_small_enough_to_be_mailed(pages: dict[str, Path], name: str) -> None:
    assert pages[name].stat().st_size < LARGEST


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, pages: dict[str, Path], name: str) -> None:
    page = opened(browser, pages[name], width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


# on paper

LONG = "x" * 300
WORDS = "one word after another that fills the cell and runs over several lines of it"


@pytest.fixture(scope="module")
def printed(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long and wide tables, long words and charts, as A4."""
    out = tmp_path_factory.mktemp("printed")
    return on_paper(browser, made(out, *hard()), out)


def hard() -> list[Any]:
    """What is hard to print."""
    long = Sheet().table(("No.", "When (UTC)", "What", "Who"), [
        (f"r{n}a", (f"2026-03-02 {n % 24:02d}:00", "when"), f"{WORDS} {n} {'y' * (n % 7) * 30} r{n}z", "Anna") for n in range(120)
    ])  # fmt: skip
    wide = pd.DataFrame([[f"w{row}c{column}" for column in range(22)] for row in range(40)])
    words = pd.DataFrame({f"column with a long name {n}": [LONG, "short", LONG] for n in range(4)})
    groups = pd.DataFrame({"cause": [f"cause {n}" for n in range(22)], "count": range(1, 23)})
    tall = pd.DataFrame({"cause": [f"cause {n}" for n in range(44)], "count": range(1, 45)})  # higher than a page is
    sheet = Sheet().text(LONG).items([]).code(LONG).letter(LONG)
    return [sheet.view, cause_bars(groups), long.view, wide, words, cause_bars(groups), cause_bars(tall)]


def on_paper(browser: Browser, path: Path, out: Path) -> Path:
    page = opened(browser, path)
    page.pdf(path=out / "report.pdf", format="A4")
    page.close()
    return out / "report.pdf"


def beyond(pdf: Path) -> list[str]:
    """Words, lines and pictures that lie beyond the margin at the right, by a millimetre or more."""
    found = []
    with pdfplumber.open(pdf) as book:
        for number, page in enumerate(book.pages, 1):
            assert (round(page.width / MM), round(page.height / MM)) == (210, 297)
            parts = [*page.extract_words(), *page.images, *page.rects]
            found += [
                f"{number}: {part.get('text', part['object_type'])} ends at {part['x1'] / MM:.0f} mm"
                for part in parts
                if part["x1"] > (RIGHT + 1) * MM
            ]
    return found


def test_nothing_lies_beyond_the_edge_of_the_paper(printed: Path) -> None:
    assert beyond(printed) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_a_real_report_lies_beyond_the_edge(
    browser: Browser, pages: dict[str, Path], name: str, tmp_path: Path
) -> None:
    assert beyond(on_paper(browser, pages[name], tmp_path)) == []


def test_a_row_of_a_table_is_on_one_page(printed: Path) -> None:
    with pdfplumber.open(printed) as book:
        texts = [page.extract_text() for page in book.pages]
    for n in range(120):
        begins = [number for number, text in enumerate(texts) if re.search(rf"\br{n}a\b", text)]
        ends = [number for number, text in enumerate(texts) if re.search(rf"\br{n}z\b", text)]
        assert len(begins) == 1 and begins == ends, (n, begins, ends)


def test_the_head_of_a_table_stands_on_each_of_its_pages(printed: Path) -> None:
    with pdfplumber.open(printed) as book:
        texts = [page.extract_text() for page in book.pages]
    with_rows = [text for text in texts if re.search(r"\br\d+a\b", text)]
    assert len(with_rows) > 3
    assert all("When (UTC)" in text for text in with_rows)


def whole(pdf: Path, charts: int) -> None:
    """That each of so many charts stands on one page, within its margins, in its own proportions."""
    with pdfplumber.open(pdf) as book:
        seen = [(image, page) for page in book.pages for image in page.images]
    assert len(seen) == charts
    for image, page in seen:
        width, height = image["srcsize"]
        shape = (image["x1"] - image["x0"]) / (image["bottom"] - image["top"])
        assert shape == pytest.approx(width / height, rel=0.02)
        assert image["top"] >= 14 * MM and image["bottom"] <= page.height - 16 * MM


def test_a_chart_is_whole_on_its_page(printed: Path) -> None:
    whole(printed, 3)


def test_the_charts_of_a_real_report_are_whole(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    whole(on_paper(browser, pages["closed"], tmp_path), 2)


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("th, td { padding: .25rem .5rem .25rem 0; overflow-wrap: anywhere;", "th, td { white-space: nowrap;"),
        (".card, .callout, figure, tr, li, dt, dd { break-inside: avoid; }", "tr { break-inside: auto; }"),
        ("thead { display: table-header-group; }", "thead { display: table-row-group; }"),
        ("max-height: 225mm;", ""),
    ],
)
def test_each_rule_of_the_style_for_paper_is_needed(browser: Browser, tmp_path: Path, rule: str, broken: str) -> None:
    """The checks above can fail: without the rule one of them does."""
    page = made(tmp_path, *hard())
    text = page.read_text(encoding="utf-8")
    assert rule in text and rule in (templates() / "nbconvert" / "incident" / "report.css").read_text(encoding="utf-8")
    page.write_text(text.replace(rule, broken), encoding="utf-8")
    pdf = on_paper(browser, page, tmp_path)
    failed = 0
    for check in (
        test_nothing_lies_beyond_the_edge_of_the_paper, test_a_row_of_a_table_is_on_one_page,
        test_the_head_of_a_table_stands_on_each_of_its_pages, test_a_chart_is_whole_on_its_page,
    ):  # fmt: skip
        try:
            check(pdf)
        except AssertionError:
            failed += 1
    assert failed
