"""The report writer: what survives its sanitisers and what does not, what it leaves out, what it puts on disk."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from incident_nb.errors import OutputError, UsageError
from incident_nb.escape import markdown_text
from incident_nb.plots import cause_bars
from incident_nb.report import Exported, export
from incident_nb.resources import templates
from incident_nb.sanitise import CLASSES, clean_html, clean_markdown, fenced

WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PNG = base64.b64encode(
    cause_bars(pd.DataFrame({"cause": ["timeout"], "count": [2]})).png()
).decode()  # fmt: skip


def shows(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> Any:
    """A code cell whose one output holds this data."""
    return new_code_cell("secret_code()", outputs=[new_output("display_data", data=data, metadata=metadata or {})])


def written(folder: Path, *cells: Any, **options: Any) -> Exported:
    nbformat.write(new_notebook(cells=list(cells)), folder / "run.ipynb")
    return export(folder / "run.ipynb", folder / "out", **({"title": "A report", "generated_at": WHEN} | options))


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text outside of `style`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in table": "<table><tbody><tr><td><script>alert(1)</script></td></tr></tbody></table>",
    "event handler": '<p onclick="alert(1)">words</p>',
    "image error handler": '<img src="x" onerror="alert(1)" alt="words">',
    "javascript link": '<a href="javascript:alert(1)">words</a>',
    "javascript link in disguise": '<a href=" jav&#x0A;ascript:alert(1)">words</a>',
    "data link": '<a href="data:text/html,<script>alert(1)</script>">words</a>',
    "relative link": '<a href="/etc/passwd">words</a>',
    "protocol-relative link": '<a href="//evil.example/x">words</a>',
    "external image": '<img src="https://evil.example/pixel.png" alt="words">',
    "svg image": '<img src="data:image/svg+xml;base64,PHN2Zz4=" alt="words">',
    "srcset": f'<img srcset="https://evil.example/x 1x" src="data:image/png;base64,{PNG}" alt="words">',
    "iframe": '<iframe src="https://evil.example/"></iframe>',
    "object": '<object data="https://evil.example/"></object><embed src="https://evil.example/">',
    "style element": "<style>@import url(https://evil.example/x.css);</style>",
    "style attribute": '<p style="background:url(https://evil.example/x)">words</p>',
    "link element": '<link rel="stylesheet" href="https://evil.example/x.css">',
    "svg": '<svg><script>alert(1)</script><image href="https://evil.example/x"/></svg>',
    "math": '<math><mtext><img src=x onerror="alert(1)"></mtext></math>',
    "form": '<form action="https://evil.example/"><input name="key"><button>send</button></form>',
    "meta refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "base": '<base href="https://evil.example/">',
    "comment": "<!-- <script>alert(1)</script> --><!--[if IE]><script>alert(1)</script><![endif]-->",
    "header made to break out": '<table><thead><tr><th title="><script>alert(1)</script>">a</th></tr></thead></table>',
    "alt made to break out": f'<img alt="<thead><th><script>alert(1)</script>" src="data:image/png;base64,{PNG}">',
    "foreign class and id": '<div class="jp-Mermaid evil" id="evil">words</div>',
    "media": '<video src="https://evil.example/v"></video><audio src="https://evil.example/a"></audio>',
}
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "p", "h1", "h2", "h3", "div", "span",
    "pre", "code", "figure", "img", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "ul", "ol", "li", "a",
    "blockquote",
}  # fmt: skip


def assert_harmless(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag in ELEMENTS, tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcset", "data")]
        for address in (attributes.get("href"), attributes.get("src")):
            assert address is None or re.match(r"https://docs\.example/|#|data:image/png;base64,", address), address
        if tag != "style":
            assert set((attributes.get("class") or "").split()) <= CLASSES | {"banner", "made", "output", "chart"}
    assert len(page.all("style")) == 1
    assert [meta.get("http-equiv") for meta in page.all("meta") if "http-equiv" in meta] == ["Content-Security-Policy"]


@pytest.mark.parametrize("place", ["output", "markdown output", "markdown cell"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_is_gone_from_page_and_markdown(tmp_path: Path, name: str, place: str) -> None:
    fragment = HOSTILE[name]
    cell = {
        "output": shows({"text/html": fragment}),
        "markdown output": shows({"text/markdown": f"before\n\n{fragment}\n"}),
        "markdown cell": new_markdown_cell(f"before\n\n{fragment}\n"),
    }[place]
    files = written(tmp_path, cell, new_markdown_cell("The words after it"))
    page = Page(files.html)
    assert_harmless(page)
    assert "The words after it" in page.text
    markdown = files.markdown.read_text()
    outside = re.sub(r"^```text\n.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"<[A-Za-z/!]", outside)


@pytest.mark.parametrize(
    "kind",
    [
        "text/vnd.mermaid", "application/javascript", "image/svg+xml", "text/latex", "application/pdf",
        "application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json", "image/jpeg",
    ],
)  # fmt: skip
def test_other_types_of_output_are_dropped(tmp_path: Path, kind: str) -> None:
    content: Any = {"model_id": "MARK"} if kind.endswith("json") else "MARK graph TD; click A javascript:alert(1)"
    files = written(tmp_path, shows({kind: content}), shows({kind: content, "text/plain": "the plain form"}))
    for text in (files.html.read_text(), files.markdown.read_text()):
        assert "MARK" not in text
        assert "the plain form" in text


def test_headings_lists_and_a_dataframe_survive(tmp_path: Path) -> None:
    frame = pd.DataFrame({"workflow": ["Orders <b>", "Bills"], "count": [28, 3]}, index=["first", "second"])
    words = (
        "## What *happened*\n\n1. one\n2. two\n   - nested\n\n> quoted\n\n[docs](https://docs.example/a) and [up](#top)"
    )
    files = written(
        tmp_path, new_markdown_cell(words), shows({"text/html": frame._repr_html_(), "text/plain": repr(frame)})
    )
    page = Page(files.html)
    assert_harmless(page)
    assert len(page.all("h2")) == len(page.all("em")) == len(page.all("ol")) == len(page.all("ul")) == 1
    assert len(page.all("li")) == 3
    assert [link["href"] for link in page.all("a")] == ["https://docs.example/a", "#top"]
    assert page.all("table") == [{"class": "dataframe"}]
    assert [head["scope"] for head in page.all("th")] == ["col"] * 3 + ["row"] * 2
    assert len(page.all("td")) == 4
    assert "Orders <b>" in page.text
    markdown = files.markdown.read_text()
    assert "## What *happened*\n\n1. one\n2. two\n   - nested" in markdown
    assert "[docs](https://docs.example/a) and [up](#top)" in markdown
    assert (
        "|  | workflow | count |\n| --- | --- | --- |\n| first | Orders \\<b\\> | 28 |\n| second | Bills | 3 |\n"
        in markdown
    )


def test_display_html_with_house_classes_survives() -> None:
    block = (
        '<div class="first-screen"><div class="card wide lead"><p class="label">Since</p></div></div>'
        '<p class="confidence"><span class="bar bar-85"></span>85 %</p>'
        '<dl class="deadlines"><dt>Respond</dt><dd>9:00</dd></dl>'
        '<table class="facts"><caption>c</caption><tbody>'
        '<tr><th scope="row">a</th><td colspan="2">b</td></tr></tbody></table>'
        '<details open=""><summary>more</summary><pre><code>x</code></pre></details>'
        '<a href="mailto:oncall@docs.example" rel="noopener noreferrer">mail</a>'
    )
    assert clean_html(block) == block


def test_every_class_of_the_list_is_styled_and_documented() -> None:
    css = (templates() / "nbconvert" / "incident" / "report.css").read_text()
    comment, rules = css.split("*/", 1)
    for name in CLASSES:
        if not name.startswith("bar-"):
            assert re.search(rf"\.{name}\b", rules), name
            assert re.search(rf"\b{name}\b", comment), name


def test_a_chart_travels_with_its_words(tmp_path: Path) -> None:
    chart = cause_bars(pd.DataFrame({"cause": ["timeout", "a_\"b'<c>]"], "count": [2, 1]}))
    data, metadata = chart._repr_mimebundle_()
    files = written(tmp_path, shows(data, metadata), shows({"image/png": PNG, "text/plain": "<Figure size 1x1>"}))
    first, second = Page(files.html).all("img")
    assert first["alt"] == chart.alt
    assert (first["width"], first["height"]) == ("760", str(metadata["image/png"]["height"]))
    assert base64.b64decode((first["src"] or "").removeprefix("data:image/png;base64,")) == chart.png()
    assert second["alt"] == "A picture without a description"
    pictures = re.findall(r"^!\[(.*)\]\((report_files/.*\.png)\)$", files.markdown.read_text(), flags=re.MULTILINE)
    assert re.sub(r"\\(.)", r"\1", pictures[0][0]) == chart.alt
    assert (tmp_path / "out" / pictures[0][1]).read_bytes() == chart.png()
    assert chart.alt not in Page(files.html).text


def test_a_picture_that_is_none_is_dropped(tmp_path: Path) -> None:
    files = written(tmp_path, shows({"image/png": base64.b64encode(b"<svg onload=alert(1)>").decode()}))
    assert not Page(files.html).all("img")


def tagged(text: str, *tags: str) -> Any:
    cell = shows({"text/plain": text})
    cell.metadata["tags"] = list(tags)
    return cell


def test_what_is_left_out(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        new_markdown_cell("Instructions for whoever runs this"),
        tagged("of the parameters", "parameters"),
        tagged("of the injected", "injected-parameters"),
        tagged("of a button", "ui"),
        new_code_cell("secret_code()", outputs=[new_output("stream", name="stderr", text="a warning on stderr")]),
        new_code_cell("", outputs=[new_output("stream", name="stdout", text="\x1b[31mprinted <i>\x1b[0m\n")]),
        tagged("for all"),
    )
    for text in (Page(files.html).text, files.markdown.read_text()):
        assert "for all" in text
        assert "printed <i>" in text
        for absent in ("Instructions", "of the", "of a button", "secret_code", "stderr", "\x1b"):
            assert absent not in text


def test_an_error_is_one_plain_sentence(tmp_path: Path) -> None:
    output = new_output("error", ename="ValueError", evalue="no <b>such</b>\ncase", traceback=["\x1b[31mFile /home/me"])
    files = written(tmp_path, new_code_cell("", outputs=[output]), banner="The run stopped: 1 < 2.")
    page = Page(files.html)
    assert "This step did not finish. ValueError: no <b>such</b> case" in page.text
    assert "Incomplete report. The run stopped: 1 < 2." in page.text
    body = files.html.read_text().partition("<main>")[2]
    assert body.index("Incomplete report") < body.index("<h1>")
    markdown = files.markdown.read_text()
    assert r"> **This step did not finish.** ValueError: no \<b\>such\</b\> case" in markdown
    assert r"> **Incomplete report.** The run stopped: 1 \< 2." in markdown
    for text in (page.text, markdown):
        assert "/home/me" not in text
        assert "Traceback" not in text


def test_title_and_time_are_shown_as_they_are(tmp_path: Path) -> None:
    local = WHEN.astimezone(timezone(timedelta(hours=10)))
    files = written(tmp_path, title="</title><script>alert(1)</script> *x*\n# y", generated_at=local)
    page = Page(files.html)
    assert_harmless(page)
    assert page.text.count("</title><script>alert(1)</script> *x* # y") == 2
    assert "Made 1 March 2026, 09:30 UTC" in page.text
    first, *_ = files.markdown.read_text().strip().splitlines()
    assert first == r"# \</title\>\<script\>alert(1)\</script\> \*x\* \# y"


def test_the_files_are_private_whole_and_replaced(tmp_path: Path) -> None:
    files = written(tmp_path, shows({"image/png": PNG}), shows({"image/png": PNG}))
    everything = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert len(everything) == 4
    for path in everything:
        assert (tmp_path / "out" / path).stat().st_mode & 0o777 == 0o600
    for folder in (tmp_path / "out", tmp_path / "out" / "report_files"):
        assert folder.stat().st_mode & 0o777 == 0o700
    written(tmp_path, new_markdown_cell("no pictures any more"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.html", "report.md"]
    assert "no pictures any more" in files.html.read_text()


def test_the_same_run_gives_the_same_files(tmp_path: Path) -> None:
    cells = (new_markdown_cell("## Heading"), shows({"image/png": PNG}))
    first = written(tmp_path, *cells)
    before = first.html.read_bytes(), first.markdown.read_bytes()
    second = written(tmp_path, *cells)
    assert (second.html.read_bytes(), second.markdown.read_bytes()) == before


def test_unusable_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not read the notebook"):
        export(tmp_path / "absent.ipynb", tmp_path / "out", title="x", generated_at=WHEN)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not make the folder"):
        written(tmp_path, title="x", generated_at=WHEN) and export(
            tmp_path / "run.ipynb", tmp_path / "file" / "out", title="x", generated_at=WHEN
        )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain *words* and `a <b> c`", "plain *words* and `a <b> c`"),
        ("1 < 2 and <b>bold</b>", "1 < 2 and &lt;b>bold&lt;/b>"),
        ("[a](https://docs.example) [b](#x) [c](mailto:x@y)", "[a](https://docs.example) [b](#x) [c](mailto:x@y)"),
        ("[a](javascript:alert(1))", r"[a]\(javascript:alert(1))"),
        ("[a]( JavaScript&colon;alert(1))", r"[a]\( JavaScript&colon;alert(1))"),
        ("[a](\njavascript:alert(1))", "[a]\\(\njavascript:alert(1))"),
        ("[a](http://docs.example)", r"[a]\(http\://docs.example)"),
        ("http://docs.example www.docs.example", r"http\://docs.example www\.docs.example"),
        (r"$x$ \\(x\\) \begin{x}", r"\$x\$ &#92;(x\\) &#92;begin{x}"),
        ("```mermaid\nx\n```\n```python\nx\n```", "```text mermaid\nx\n```\n```python\nx\n```"),
        ("a&#x202e;b &amp; c&#0;", r"a\&#x202e;b &amp; c&#0;"),
        ("[a]: javascript:alert(1)", r"[a]\: javascript:alert(1)"),
        ("![pixel](https://evil.example/x.png)", r"!\[pixel](https://evil.example/x.png)"),
        ("```\n<b>\n```\nafter <b>", "```\n<b>\n```\nafter &lt;b>"),
        ("```\n<b>\nnever closed", "```\n&lt;b>\nnever closed"),
        ("- ```\n  x\n  ```\n<b>", "- ```\n  x\n  ```\n&lt;b>"),
        ("```\nx\n  ```\n<b>\n```", "```\nx\n  ```\n&lt;b>\n```"),
        ("a ` tick\n# ` <b> `", "a ` tick\n# ` &lt;b> `"),
        (r"\<b\> \\<b> \[x\](javascript:1)", r"\<b\> \\&lt;b> \[x\](javascript:1)"),
        (r"\` <b> `", r"\` &lt;b> `"),
        ("| ` | <b> ` |", "| ` | &lt;b> ` |"),
        ("``a ` <b>`` `<i>`", "``a ` <b>`` `<i>`"),
        ("one\r<script>`\r`", "one\n&lt;script>`\n`"),
    ],
)
def test_markdown_keeps_only_plain_forms(text: str, shown: str) -> None:
    assert clean_markdown(text) == shown


def test_plain_text_cannot_leave_its_place_in_markdown() -> None:
    assert fenced("a\n```\n<b>\n````") == "`````text\na\n```\n<b>\n````\n`````"
    assert markdown_text("a_b *c* [d](e)\n# <f> `g` | h") == r"a\_b \*c\* \[d\](e) \# \<f\> \`g\` \| h"


def test_tables_with_levels_and_cut_rows_become_markdown(tmp_path: Path) -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.MultiIndex.from_tuples([("runs", "ok"), ("runs", "bad"), ("all", "")]))
    long = pd.DataFrame({"n": range(100)})
    files = written(tmp_path, shows({"text/html": frame._repr_html_()}), shows({"text/html": long._repr_html_()}))
    markdown = files.markdown.read_text()
    assert "|  | runs ok | runs bad | all |\n| --- | --- | --- | --- |\n| 0 | 1 | 2 | 3 |\n" in markdown
    assert "| 99 | 99 |\n\n100 rows × 1 columns\n" in markdown


def test_an_object_without_words_of_its_own_is_told_by_its_html(tmp_path: Path) -> None:
    block = {"text/html": "<p>Severity <b>P2</b> &amp; more</p>", "text/plain": "<IPython.core.display.HTML object>"}
    files = written(tmp_path, shows(block))
    assert "IPython" not in files.markdown.read_text()
    assert "```text\nSeverity P2 & more\n```" in files.markdown.read_text()
