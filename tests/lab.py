"""A real JupyterLab with real kernels on a folder, and a browser in it, for tests that click and type."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect, sync_playwright

from incident_nb.cli.workspace import QUIET, lab_environment
from tests.browser import FLAGS, chromium_or_skip

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/lab\?token=(\w+)")
CONTEXT = "window.jupyterapp.shell.currentWidget?.context"
PATIENCE_MS = 120_000  # a machine under load is no failure


@contextmanager
def jupyterlab(folder: Path, home: Path, **env: str) -> Iterator[str]:
    """The address of a JupyterLab on that folder, with settings and run files of its own in `home`."""
    paths = {
        name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--ip=127.0.0.1", f"--notebook-dir={folder}",
        "--allow-root", "--expose-app-in-browser", *QUIET,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True,
        env={**lab_environment(), **paths, **env},
    ) as server:  # fmt: skip
        try:
            assert server.stderr is not None
            found = next(filter(None, map(ADDRESS.search, server.stderr)))
            yield found[0]
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.communicate()


@contextmanager
def browsing(url: str, **options: Any) -> Iterator[Page]:
    """A browser's page on that address."""
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium_or_skip(), args=[flag for flag in FLAGS if "remote" not in flag]
        )
        try:
            opened = browser.new_context(viewport={"width": 1400, "height": 1000}, **options).new_page()
            opened.set_default_timeout(PATIENCE_MS)
            opened.goto(url)
            yield opened
        finally:
            browser.close()


class Notebook:
    """A notebook open in JupyterLab, and its controls by the words that stand on them."""

    def __init__(self, page: Page, path: str, *, by_link: bool = False) -> None:
        self.page = page
        page.wait_for_function("() => window.jupyterapp")
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        if not by_link:  # else a link that was clicked opens it
            page.evaluate(
                "path => window.jupyterapp.commands.execute('docmanager:open', {path}).then(() => null)", path
            )
        page.wait_for_function(
            f"path => {CONTEXT}?.path === path && {CONTEXT}.sessionContext.session?.kernel?.status === 'idle'", arg=path
        )
        self.shown = page.locator(".jp-NotebookPanel:visible")

    def run_all(self) -> None:
        """Runs every cell, and waits for the last one."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)")

    def restart(self) -> None:
        """Restarts the kernel, without asking, and runs every cell."""
        self.page.evaluate(f"() => {CONTEXT}.sessionContext.session.kernel.restart().then(() => null)")
        self.run_all()

    def field(self, label: str) -> Locator:
        """The field with that label."""
        return self.shown.get_by_label(label, exact=True)

    def button(self, label: str) -> Locator:
        """The button with that word."""
        return self.shown.get_by_role("button", name=label, exact=True)

    def link(self, label: str) -> Locator:
        """The link with that word."""
        return self.shown.get_by_role("link", name=label, exact=True)

    def tick(self, row: str) -> None:
        """Ticks the row of a checklist."""
        self.shown.get_by_role("checkbox", name=re.compile(rf"^{row}\b")).check()

    def says(self, words: str) -> None:
        """Waits until these words stand somewhere in it."""
        expect(self.shown).to_contain_text(words, timeout=PATIENCE_MS)
