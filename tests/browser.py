"""A headless Chromium for tests, driven over its own protocol, and a web server on loopback that it could ask."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-popup-blocking",
    "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip


class Tab:
    """One tab. What a page did since it was opened: `requests` are the addresses it asked for (data aside), `dialogs`
    what it said in boxes, `complaints` what the browser said of it: a policy's refusals, files not found."""

    def __init__(self, address: str) -> None:
        self.socket = websocket.create_connection(address, timeout=60)
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        self.sent = 0
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def receive(self) -> Any:
        message = json.loads(self.socket.recv())
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(told["message"])
                self.send("Page.handleJavaScriptDialog", accept=False)
            case "Log.entryAdded":
                self.complaints.append(told["entry"]["text"])
        return message

    def send(self, method: str, **params: Any) -> int:
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        return self.sent

    def call(self, method: str, **params: Any) -> Any:
        number = self.send(method, **params)
        while (answer := self.receive()).get("id") != number:
            pass
        return answer.get("result", {})  # nothing of a page that has gone meanwhile

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url="about:blank")
        for seen in (self.requests, self.dialogs, self.complaints):
            seen.clear()
        self.call("Page.navigate", url=path.as_uri())
        while self.receive().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression: str) -> Any:
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found.get("result", {}).get("value")


def chromium_or_skip() -> str:
    """The browser's path; the test is skipped where there is none, and fails where CI says there must be."""
    if CHROMIUM is None:
        message = "Chromium is missing; on Debian: apt-get install -y chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return CHROMIUM


@contextmanager
def chromium(profile: Path) -> Iterator[Tab]:
    """A tab of a browser of its own."""
    command = [chromium_or_skip(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as browser:
        try:
            assert browser.stderr is not None
            line = next(line for line in browser.stderr if line.startswith("DevTools listening on "))
            port = line.split("://")[1].split("/")[0].split(":")[1]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            yield Tab(pages[0]["webSocketDebuggerUrl"])
        finally:
            browser.terminate()
            browser.stderr.close()


class Beacon:
    """A web server on loopback that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
