"""The patterns notebook in a real JupyterLab: what is chosen above is what stands below."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from incident_nb.cli.workspace import put_copies
from tests.lab import PATIENCE_MS, Notebook, browsing, jupyterlab

PICTURES = Path(__file__).parents[1] / "artefacts"


def test_the_views_follow_what_is_chosen(tmp_path: Path) -> None:
    PICTURES.mkdir(exist_ok=True)
    put_copies(tmp_path / "work")
    with jupyterlab(tmp_path / "work", tmp_path / "home") as url, browsing(url) as browser:
        book = Notebook(browser, "error_patterns.ipynb")
        book.run_all()
        book.says("55 problems: 13 are not over")
        book.field("Client").wait_for()
        book.says("[EVRG] Member import (loop)")
        book.field("Client").scroll_into_view_if_needed()
        browser.screenshot(path=PICTURES / "patterns-1-all.png")
        book.field("Client").select_option("ALDER")
        book.says("Only client ALDER: 111 executions, 18 of them failed, 11 problems.")
        expect(book.shown).not_to_contain_text("[EVRG] Member import (loop)", timeout=PATIENCE_MS)
        offered = book.field("Workflow").inner_text().replace("\u00a0", " ")
        assert "[ALDER] Lead scoring" in offered and "[BRXT]" not in offered
        browser.screenshot(path=PICTURES / "patterns-2-client.png")
        book.field("Cause").select_option("Credentials")
        book.says("Only client ALDER, cause credentials")
        book.field("Window").select_option("the last 24 hours")
        book.says("since 2026-11-13 08:00 UTC")
        book.button("Show all").click()
        book.says("All that was read: 692 executions")
        book.says("[EVRG] Member import (loop)")
        for name, shown in (("Client", "all clients"), ("Cause", "all causes"), ("Window", "all that was read")):
            expect(book.field(name)).to_have_value(shown, timeout=PATIENCE_MS)
