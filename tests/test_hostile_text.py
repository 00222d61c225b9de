"""Hostile text in every field of an export: inert in the report, its Markdown, the executed notebook; and still shown.

Chromium opens what is made, with and without the report's own policy. Nothing may run, nothing may be asked for, and
no element, attribute or address may be there but the house's own. The Markdown is rendered by two renderers that let
HTML through and have all their extensions on, since nobody knows which one a reader has.
"""

from __future__ import annotations

import html
import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mistune
import nbformat
import pytest
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from incident_nb import cli, display
from incident_nb.case import Case
from incident_nb.diagnose import diagnose, survey
from incident_nb.escape import printable
from incident_nb.executions import ExecutionLog
from incident_nb.models import Diagnosis
from incident_nb.outputs import SHOWN_TYPES, harmless, notebook_html, style
from incident_nb.report import export
from tests.browser import Beacon, Tab
from tests.builders import NOW, log_of, page
from tests.hostile import Vector, everywhere, vectors

AT_LEAST = 100
CSP = re.compile(r"<meta[^>]*Content-Security-Policy[^>]*>")
MASK = re.compile(r"\[[a-z_]+:[0-9a-f]{6}\]")
END = "## After all of it\n\n- one\n- two\n\n| a | b |\n| --- | --- |\n| c | d |\n\nThe last words"

ELEMENTS = """html head body meta title style main header footer div span p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table caption
details summary thead tbody tr th td figure img strong em b i del code pre blockquote hr br sup a"""
ATTRIBUTES = """title class id href src alt width height scope colspan rowspan start
lang charset name content http-equiv role rel open"""
OF_RENDERERS = ("s mark ins sub abbr ruby rt input section", "type disabled checked")  # what their extensions make
WALK = """(() => {
  const found = [], elements = new Set(ELEMENTS), attributes = new Set(ATTRIBUTES);
  for (const element of document.querySelectorAll('*')) {
    const name = element.namespaceURI.endsWith('xhtml') ? element.localName : element.tagName + ' elsewhere';
    if (!elements.has(name)) found.push('<' + name + '> ' + element.outerHTML.slice(0, 200));
    if (name === 'input' && element.type !== 'checkbox') found.push('input ' + element.type);
    for (const {name: attribute, value} of element.attributes) {
      if ((attribute === 'tabindex' && value === '0') || (attribute === 'aria-label' && value === 'Table or chart')) continue;
      if (attribute === 'style' && /^text-align: ?(left|right|center);?$/.test(value)) continue;
      if (!attributes.has(attribute) || (attribute === 'http-equiv' && value !== 'Content-Security-Policy'))
        found.push(attribute + '=' + value.slice(0, 200));
      if (attribute === 'href' && !/^(https:|mailto:|#)/.test(value)) found.push('href ' + value.slice(0, 200));
      if (attribute === 'src' && !/^(data:image\\/png;base64,|report_files\\/chart_[\\d_]+\\.png$)/.test(value))
        found.push('src ' + value.slice(0, 200));
    }
  }
  return JSON.stringify(found.slice(0, 20));
})()"""


def walk(path: Path) -> str:
    """What looks for everything in the page that is none of the house's own."""
    own = [ELEMENTS, ATTRIBUTES]
    if path.stem in RENDERERS:
        own = [f"{mine} {theirs}" for mine, theirs in zip(own, OF_RENDERERS, strict=True)]
    elements, attributes = (json.dumps(names.split()) for names in own)
    return WALK.replace("ELEMENTS", elements).replace("ATTRIBUTES", attributes)


CLICK = """(async () => {
  for (const link of document.querySelectorAll('a, area, button, summary, p[onclick]'))
    link.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, view: window}));
  await new Promise(done => setTimeout(done, 40));
})()"""
ACTED = "JSON.stringify([window.pwned ?? null, document.title])"


@pytest.fixture(scope="module", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own redaction key and settings folder are neither used nor made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@dataclass(frozen=True)
class Told:
    """One vector, what the readers keep of it, and a diagnosis that says it wherever a text of an export is said."""

    vector: Vector
    kept: str
    diagnosis: Diagnosis

    @property
    def views(self) -> list[display.View]:
        kinds = [display.summary, display.others]
        if self.vector.number % 3 == 0:  # in them a text stands as it does in the others
            kinds += [display.causes, display.checklist]
        return [kind(self.diagnosis) for kind in kinds]


@pytest.fixture(scope="module")
def log(beacon: Beacon) -> ExecutionLog:
    """An export with an execution for each vector, the vector in every field of it."""
    found = log_of(*(everywhere(vector.number, [vector.text]) for vector in vectors(beacon.url)))
    assert not found.skipped
    return found


@pytest.fixture(scope="module")
def told(beacon: Beacon, log: ExecutionLog) -> list[Told]:
    """A diagnosis for each vector: that of an export with a mark in every field, the vector in the mark's place."""
    mark = "Markofone"
    found = diagnose(log_of(everywhere(1, [mark]), everywhere(2, [f"{mark} too"])), now=NOW)
    assert found.problem and found.others
    assert json.dumps(found.as_json()).count(mark) > 20
    kept = dict(zip(log.failures["execution_id"], log.failures["message"], strict=True))
    return [
        Told(vector, kept[str(vector.number)], type(found).model_validate(replaced(found.model_dump(), mark, text)))
        for vector in vectors(beacon.url)
        for text in [kept[str(vector.number)]]
    ]


def replaced(value: Any, mark: str, text: str) -> Any:
    if isinstance(value, dict):
        return {replaced(key, mark, text): replaced(each, mark, text) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [replaced(each, mark, text) for each in value]
    return value.replace(mark, text) if type(value) is str else value


Renderer = Callable[[str], str]
_IT = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_MISTUNE = mistune.create_markdown(
    escape=False,
    plugins=[
        "strikethrough", "footnotes", "table", "url", "task_lists", "def_list", "abbr", "mark", "insert", "superscript",
        "subscript", "math", "ruby", "spoiler",
    ],
)  # fmt: skip
RENDERERS: dict[str, Renderer] = {
    "markdown-it": _IT.render,
    "mistune": lambda text: str(_MISTUNE(text)),
}


def rendered(markdown: Path, renderer: str) -> Path:
    """The Markdown as a page of its own, beside its pictures, with no policy."""
    target = markdown.with_name(f"{renderer}.html")
    body = RENDERERS[renderer](markdown.read_text(encoding="utf-8"))
    target.write_text(f'<!DOCTYPE html><meta charset="utf-8"><title>Title</title><body>{body}', encoding="utf-8")
    return target


def words(text: str) -> str:
    return " ".join(text.split())


def assert_inert(tab: Tab, beacon: Beacon, path: Path, title: str) -> str:
    """Opens the page and follows everything in it; nothing may come of it. Returns its visible text."""
    beacon.asked.clear()
    tab.open(path)
    assert json.loads(tab.value(walk(path))) == []
    script, shown = json.loads(tab.value(ACTED))
    same = words(shown) == title  # apart, since long texts take long to compare in words
    assert (script, same) == (None, True)
    assert tab.dialogs == []
    assert tab.complaints == []  # a policy that had to refuse something would say so
    asked = [address for address in tab.requests if not address.startswith("data:image/png;base64,")]
    folder = path.parent.as_uri()
    assert [a for a in asked if not a.startswith(f"{folder}/report_files/")] == [path.as_uri()]
    assert beacon.asked == []
    return words(tab.value("document.body.innerText") + " " + tab.value("document.body.textContent"))


def without_policy(report: Path) -> Path:
    text, count = CSP.subn("", report.read_text(encoding="utf-8"))
    assert count == 1
    target = report.with_name("naked.html")
    target.write_text(text, encoding="utf-8")
    return target


def assert_end(tab: Tab) -> None:
    """What stands after all the hostile text is still what it was meant to be."""
    last = "[...document.querySelectorAll('{}')].map(e => e.textContent.trim()).slice({}).join()"
    assert tab.value(last.format("h2", -1)) == "After all of it"
    assert tab.value(last.format("li", -2)) == "one,two"
    assert tab.value(last.format("td", -2)) == "c,d"


# the vectors themselves


def test_there_are_enough_vectors_of_every_kind(beacon: Beacon) -> None:
    every = vectors(beacon.url)
    assert len(every) == len({vector.text for vector in every}) >= 2 * AT_LEAST
    assert sum(vector.acts != "elsewhere" for vector in every) >= AT_LEAST
    assert len({vector.technique for vector in every}) >= 15


def test_vectors_act_where_nothing_stops_them(tab: Tab, beacon: Beacon, tmp_path: Path) -> None:
    idle = []
    tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
    for vector in vectors(beacon.url):
        if vector.acts == "elsewhere":
            continue
        bodies = [vector.text] if vector.acts != "markdown" else [render(vector.text) for render in RENDERERS.values()]
        beacon.asked.clear()
        acted = False
        for body in bodies:
            naked = tmp_path / "naked.html"
            naked.write_bytes(f"<!DOCTYPE html><meta charset=utf-8><title>x</title><body>{body}".encode())
            tab.open(naked)
            tab.value(CLICK)
            acted = acted or tab.value("window.pwned ?? 0") == vector.number
            acted = acted or any(str(vector.number) in asked for asked in (*beacon.asked, *tab.requests))
        if not acted:
            idle.append(vector.text)
    # Some act in other browsers, or after a sanitiser of another kind.
    total = sum(vector.acts != "elsewhere" for vector in vectors(beacon.url))
    assert total - len(idle) >= AT_LEAST, idle


# the report


@pytest.fixture(scope="module")
def reports(told: list[Told], log: ExecutionLog, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two reports: of every view of every vector; and of cells into which somebody put the vectors raw."""
    out = tmp_path_factory.mktemp("reports")
    texts = [each.vector.text.encode("utf-8", "replace").decode() for each in told]
    views = [
        new_code_cell("", outputs=[new_output("display_data", data=view._repr_mimebundle_()) for view in each.views])
        for each in told
    ]
    found = display.survey(survey(Case(log, NOW)))
    charts = [new_code_cell("", outputs=[new_output("display_data", data=found._repr_mimebundle_())])]
    for each in told[::8]:
        data, metadata = display.strip(log, each.diagnosis)._repr_mimebundle_()
        charts.append(new_code_cell("", outputs=[new_output("display_data", data=data, metadata=metadata)]))
    raw = []
    for text in texts:
        raw += [
            new_code_cell(
                "",
                outputs=[
                    *(
                        new_output("display_data", data={kind: text})
                        for kind in ("text/html", "text/markdown", "text/plain")
                    ),
                    new_output("stream", name="stdout", text=text),
                    new_output("error", ename=text, evalue=text, traceback=[text]),
                ],
            ),
            new_markdown_cell(text),
        ]
    made = []
    for name, cells in (("views", [*views, *charts]), ("raw", raw)):
        nbformat.write(new_notebook(cells=[*cells, new_markdown_cell(END)]), out / f"{name}.ipynb")
        title = " ".join(texts)
        made.append(export(out / f"{name}.ipynb", out / name, title=title, banner=title, generated_at=NOW).html)
    return made[0], made[1]


def title_of(told: list[Told]) -> str:
    return words(printable(" ".join(each.vector.text for each in told)))


@pytest.mark.parametrize("policy", ["with its policy", "without it"])
@pytest.mark.parametrize("which", [0, 1], ids=["views", "raw cells"])
def test_a_report_is_inert_in_a_browser(
    tab: Tab, beacon: Beacon, told: list[Told], reports: tuple[Path, Path], which: int, policy: str
) -> None:
    report = reports[which]
    assert CSP.search(report.read_text(encoding="utf-8"))
    text = assert_inert(tab, beacon, report if policy == "with its policy" else without_policy(report), title_of(told))
    assert_end(tab)
    if which == 0:
        assert [each.vector for each in told if words(each.kept) not in text] == []


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("which", [0, 1], ids=["views", "raw cells"])
def test_its_markdown_is_inert_in_a_browser(
    tab: Tab, beacon: Beacon, told: list[Told], reports: tuple[Path, Path], which: int, renderer: str
) -> None:
    text = assert_inert(tab, beacon, rendered(reports[which].with_name("report.md"), renderer), "Title")
    assert_end(tab)
    if which == 0:
        assert [each.vector for each in told if words(each.kept) not in text] == []


def test_what_is_kept_of_a_vector_is_the_vector(told: list[Told]) -> None:
    for each in told:
        kept, read = (re.sub("[?\ufffd]", "?", text).strip() for text in (printable(each.vector.text), each.kept))
        assert read == kept or MASK.search(each.kept), each.vector
    assert sum(bool(MASK.search(each.kept)) for each in told) < 10


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_no_view_holds_what_controls_a_terminal_or_cannot_be_seen(told: list[Told], form: str) -> None:
    for each in told:
        for view in each.views:
            shown = getattr(view, form)
            assert printable(shown) == shown, (view.name, each.vector)


def test_a_terminal_is_shown_no_controls(told: list[Told]) -> None:
    for each in told:
        for _, text in display.glance(each.diagnosis):
            assert printable(text) == text
            assert text == words(text)


# the executed notebook


def test_an_executed_notebook_holds_only_what_is_harmless(
    tab: Tab, beacon: Beacon, told: list[Told], reports: tuple[Path, Path]
) -> None:
    for report in reports:
        made = nbformat.read(report.parents[1] / f"{report.parent.name}.ipynb", as_version=4)
        made.metadata |= {"papermill": {"parameters": {"case": "x"}}, "widgets": {"state": "<script>"}}
        made.cells[0].metadata |= {"papermill": {"duration": 1}, "tags": ["internal"], "trusted": True}
        harmless(made, [])
        assert_clean(made)
        assert made.cells[0].metadata == {"tags": ["internal"]}
        shown = [
            output.data
            for cell in made.cells
            if cell.cell_type == "code"
            for output in cell.outputs
            if "data" in output
        ]
        target = report.with_name("jupyter.html")
        parts = [data["text/html"] for data in shown if "text/html" in data]
        body = "\n".join(f"<div>{part.replace(f'<style>{style()}</style>', '')}</div>" for part in parts)
        target.write_text(f'<!DOCTYPE html><meta charset="utf-8"><title>Title</title><body>{body}', encoding="utf-8")
        assert_inert(tab, beacon, target, "Title")
        markdown = report.with_name("jupyter.md")
        markdown.write_text("\n\n".join(data["text/markdown"] for data in shown if "text/markdown" in data))
        for renderer in RENDERERS:
            assert_inert(tab, beacon, rendered(markdown, renderer), "Title")


def assert_clean(notebook: Any) -> None:
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "incident_nb"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        assert "attachments" not in cell
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert set(data) <= set(SHOWN_TYPES)
            assert set(output.get("metadata", {})) <= {"image/png"}
            if "text/html" in data:
                assert notebook_html(data["text/html"]) == data["text/html"]
            for kind in ("text/plain", "text/markdown"):
                assert printable(data.get(kind, "")) == data.get(kind, "")


# the whole way


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, beacon: Beacon) -> Iterator[tuple[Path, str, str]]:
    """What `investigate --out` and `patterns --html` make of an export of all vectors, run by the real notebooks.

    The user is called by a name that stands nowhere else, and the folder is hers.
    """
    user = "quillonharrow"
    home = tmp_path_factory.mktemp(user)
    texts = [vector.text for vector in vectors(beacon.url)]
    (home / "export.json").write_text(page([everywhere(n, texts[n::24] + texts[:n]) for n in range(1, 25)]))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("USER", "LOGNAME", "USERNAME"):
            patch.setenv(name, user)
        patch.setenv("HOME", str(home))
        patch.chdir(home)
        export_file = str(home / "export.json")
        ran("investigate", export_file, "--now", NOW.isoformat(), "--out", str(home / "out"))
        ran("patterns", export_file, "--until", NOW.isoformat(), "--html", str(home / "out" / "patterns.html"))
    yield home / "out", user, str(home)


def ran(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert ended.value.code in (0, None)


def test_the_whole_way_is_inert_too(tab: Tab, beacon: Beacon, command: tuple[Path, str, str]) -> None:
    out, _, _ = command
    title = words(
        html.unescape(re.findall("<title>(.*?)</title>", (out / "report.html").read_text(encoding="utf-8"))[0])
    )
    assert title.startswith("Incident: ")
    for page_, name in ((out / "report.html", title), (out / "patterns.html", "Error patterns")):
        assert_inert(tab, beacon, page_, name)
        assert_inert(tab, beacon, without_policy(page_), name)
    for renderer in RENDERERS:
        assert_inert(tab, beacon, rendered(out / "report.md", renderer), "Title")
    made = nbformat.read(out / "investigation.ipynb", as_version=4)
    assert made.metadata.incident_nb.outcome == "done"
    assert_clean(made)


def test_no_file_names_the_machine_or_who_uses_it(command: tuple[Path, str, str]) -> None:
    out, user, home = command
    files = [path for path in out.rglob("*") if path.is_file() and "case" not in path.relative_to(out).parts[:1]]
    assert {"report.html", "report.md", "investigation.ipynb", "diagnosis.json", "patterns.html"} <= {
        f.name for f in files
    }
    # Names of three letters or less stand in many a word.
    names = [user, home, str(out), "papermill", str(Path(cli.__file__).parents[2]), socket.gethostname()]
    for path in files:
        held = path.read_bytes()
        for name in (name for name in names if len(name) > 3):
            assert name.encode() not in held, (path.name, name)
