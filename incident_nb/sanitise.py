"""Text from notebooks made safe to show: one allow-list for HTML, and plain forms only for Markdown.

Whatever a notebook holds (a service's error page, a workflow's name) ends up here before it reaches a report.
"""

from __future__ import annotations

import html
import re

import nh3

from incident_nb.escape import printable

# The classes of the house style; templates/nbconvert/incident/report.css says what each one looks like.
_CLASSES = """
first-screen card wide lead next label headline value note deadlines confidence bar columns evidence for against
severity p1 p2 p3 p4 outcome found clean could-not-look callout info warn stop chip timebox muted message facts
dataframe state good bad ticks over when
"""
CLASSES = frozenset(_CLASSES.split()) | {f"bar-{percent}" for percent in range(0, 101, 5)}

_ELEMENTS = """
h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd table caption thead tbody tfoot tr th td figure figcaption details summary
strong em b i code pre blockquote hr br span div sub sup a img
"""
_TAGS = set(_ELEMENTS.split())
_ATTRIBUTES = {
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
    "details": {"open"},
    "a": {"href", "target"},
    "img": {"src", "alt"},
} | {f"h{level}": {"id"} for level in range(1, 7)}
_LINK = re.compile(r"https://|mailto:|#", re.IGNORECASE)
_ELSEWHERE = re.compile("_blank")  # a link that JupyterLab's own page must not give way to
_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")


def clean_html(fragment: str) -> str:
    """The fragment with only allow-listed elements, attributes and classes; tables get the scope of their headers.

    Links go to https, mail or the page itself; images are PNG data. Text of what is dropped stays, save for scripts
    and styles.
    """
    cleaned = nh3.clean(
        _scoped(printable(fragment)),
        tags=_TAGS,
        clean_content_tags={"script", "style", "template", "iframe", "object", "svg", "math", "noscript"},
        attributes=_ATTRIBUTES,
        allowed_classes={tag: set(CLASSES) for tag in _TAGS},
        attribute_filter=_attribute,
        url_schemes={"https", "mailto", "data"},
    )
    return printable(cleaned)  # once more, since a fragment can hold characters as references


def _scoped(fragment: str) -> str:
    """The fragment with a scope on the headers of its tables. Runs before the cleaning, so it can open no hole."""
    scope = ""

    def mark(tag: re.Match[str]) -> str:
        nonlocal scope
        if tag[1] == "th":
            return f'{tag[0]} scope="{scope}"' if scope else tag[0]
        scope = {"thead": "col", "tbody": "row"}.get(tag[1], "")
        return tag[0]

    return re.sub(r"<(th|/?thead|/?tbody)(?=[\s>])", mark, fragment)


def _attribute(tag: str, name: str, value: str) -> str | None:
    allowed = {("a", "href"): _LINK.match, ("a", "target"): _ELSEWHERE.fullmatch, ("img", "src"): _PNG.fullmatch}.get(
        (tag, name)
    )
    return value if allowed is None or allowed(value.strip()) else None


def clean_markdown(text: str) -> str:
    """The Markdown without HTML, images, and links to anything but https, mail or the page itself.

    What could be one of these is written so that it shows as the text it is. Code is left alone where it certainly is
    code (see `_code_spans`); a chart's image is put in by the template, never by a text.
    """
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    parts, end = [], 0
    for start, stop in _code_spans(text):
        parts += [_prose(text[end:start]), _DRAWN.sub(r"\1text ", text[start:stop])]
        end = stop
    return "".join([*parts, _prose(text[end:])])


def fenced(text: str) -> str:
    """Plain text as a block of code in Markdown; its fence is longer than any run of backticks in the text."""
    text = printable(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def html_text(fragment: str) -> str:
    """The words of an HTML fragment, without its markup."""
    return html.unescape(nh3.clean(fragment, tags=set()))


# What begins a formula for some readers; an escaped character; or the start of an HTML tag, of an image, of a link or
# link definition to somewhere else, of a formula, of an address that is made a link by itself; a character in disguise.
_LIVE = re.compile(
    r"""(?P<formula> \\\\(?=[(\[]) | \\(?=(?:begin|end)\b) ) | \\[!-/:-@\[-`{-~]
    | <(?=[A-Za-z/!?]) | !\[ | \][(:](?=\s*(?!https://|mailto:|\#)\S)
    | \$ | (?<=http):(?=//) | (?<=ftp):(?=//) | (?<=www)\. | (?P<reference> &(?:\#\d+|\#x[0-9a-f]+|\w+); )""",
    re.IGNORECASE | re.VERBOSE,
)
# Blocks of code that some readers draw instead of showing them.
_DRAWN = re.compile(
    r"((?:(?<!`)`{3,}+|(?<!~)~{3,}+)[ \t]*+)(?=mermaid|math|geojson|topojson|stl|vega|\{)", re.IGNORECASE
)


def _prose(text: str) -> str:
    return _LIVE.sub(_as_text, _DRAWN.sub(r"\1text ", text))


def _as_text(found: re.Match[str]) -> str:
    live = found[0]
    if found["formula"]:
        return "&#92;"
    if found["reference"]:
        letter = html.unescape(live)
        return live if printable(letter) == letter else f"\\{live}"
    if live == "<":
        return "&lt;"
    return live if live[0] == "\\" else f"{live[:-1]}\\{live[-1]}"


def _code_spans(text: str) -> list[tuple[int, int]]:
    """Where `text` is code in every reading of Markdown: fences at the margin, spans that open and close in one line.

    Readers of Markdown disagree, or depend on what comes before, about the rest; that counts as prose.
    """
    spans: list[tuple[int, int]] = []
    block: list[tuple[int, int]] | None = []  # the spans of the paragraph so far; None once one of its lines is unsure
    fence: tuple[int, str] | None = None
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if fence is None and re.fullmatch(r"`{3,}[\w+-]*\s*", line):
            fence = start, re.sub(r"[^`]", "", line)
            spans += block or []
            block = []
        elif fence and line.rstrip() == fence[1]:
            spans.append((fence[0], end))
            fence = None
        elif "```" in line or "~~~" in line:
            return []
        elif fence is None and not line.strip():
            spans += block or []
            block = []
        elif fence is None and block is not None:
            found = _spans_of_line(line)
            if found is None:
                block = None
            else:
                block += [(start + a, start + b) for a, b in found]
        start = end + 1
    return [] if fence else spans + (block or [])


def _spans_of_line(line: str) -> list[tuple[int, int]] | None:
    """The code spans of one line, or None if its backticks do not pair up within it."""
    found: list[tuple[int, int]] = []
    runs = [run.span() for run in re.finditer(r"`+", line)]
    closes: list[int | None] = []  # of each run, from the last one on: which run of its length comes next
    latest: dict[int, int] = {}
    for place in range(len(runs) - 1, -1, -1):
        start, end = runs[place]
        closes.append(latest.get(end - start))
        latest[end - start] = place
    closes.reverse()
    opening = 0
    while opening < len(runs):
        start, closing = runs[opening][0], closes[opening]
        if closing is None or line[max(0, start - 1) : start] == "\\":
            return None
        end = runs[closing][1]
        if "|" not in line[start:end]:  # a table's cell ends at a bar, even inside backticks
            found.append((start, end))
        opening = closing + 1
    return found
