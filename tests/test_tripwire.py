"""The last look at an artefact before it is written: a secret that the gate was never shown blocks the write."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from incident_nb.cli.common import put_json
from incident_nb.errors import LeakError
from incident_nb.escape import markdown_text
from incident_nb.redact import SAMPLE_KEY, Redactor, redact_text, sealed, using
from incident_nb.report import export

KEY = "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"
KNOWN = "horse<battery&staple>"
PEM = "-----BEGIN PRIVATE KEY-----\nFAKE\n-----END PRIVATE KEY-----"
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY, [KNOWN])):
        yield


TRIPS = [
    (f"first\n<p>{KEY}</p>", 2, "api_key"),
    (f"# One\n\nthe key {markdown_text(KEY)} was refused", 3, "api_key"),
    (f"<p>{KNOWN}</p>", 1, "secret"),
    (f"\n<p>{html.escape(KNOWN)}</p>", 2, "secret"),
    (f"a\nb\n{PEM}\n", 3, "private_key"),
    (f'{{"a": "{PEM}"}}'.replace("\n", "\\n"), 1, "private_key"),
    ('{"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJGQUtFIn0.FAKEfakeFAKEfakeFAKEfake"}', 1, "jwt"),
]


@pytest.mark.parametrize(("content", "line", "kind"), TRIPS)
def test_a_secret_stops_the_write_and_its_place_is_named(content: str, line: int, kind: str) -> None:
    with pytest.raises(LeakError) as caught:
        sealed("report.html", content)
    assert str(caught.value).startswith(f"report.html was not written: line {line} of it holds")
    assert f"({kind})" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (KEY, KNOWN, "FAKE"))


PASSES = [
    redact_text(f"the key {KEY} was refused"),
    "password: hunter2 stands in a sentence",  # only certain secrets: a report must not fail for a guess
    "execution 1205, workflow veEJ4oSzaILnYcx9, sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "ann@shop.example, +49 30 12345678",
    '"image/png": "iVBORw0KGgo' + base64.b64encode(b"\xfasomething").decode() + "/AKIAFAKE0FAKE0FAKE00" + '\\n"',
]


@pytest.mark.parametrize("content", PASSES)
def test_what_is_no_certain_secret_is_written(content: str) -> None:
    assert sealed("report.md", content) == content


def notebook_with(text: str, folder: Path) -> Path:
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_markdown_cell(f"# Report\n\n{text}")]  # type: ignore[no-untyped-call]
    )
    path = folder / "executed.ipynb"
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    return path


def test_no_report_is_written_with_a_secret_in_it(tmp_path: Path) -> None:
    with pytest.raises(LeakError):
        export(notebook_with(KEY, tmp_path), tmp_path / "out", title="Report", generated_at=NOW)
    assert not (tmp_path / "out" / "report.html").exists()
    assert not (tmp_path / "out" / "report.md").exists()
    assert export(notebook_with("fine", tmp_path), tmp_path / "out", title="Report", generated_at=NOW).html.exists()


def test_no_json_is_written_with_a_secret_in_it(tmp_path: Path) -> None:
    target = tmp_path / "diagnosis.json"
    with pytest.raises(LeakError):
        put_json({"why": f"refused {KEY}"}, str(target))
    assert not target.exists()
