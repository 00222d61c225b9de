"""One block of a notebook or report: facts and a pair of templates, HTML for eyes and Markdown for text.

`templates/display/NAME.html.j2` and `NAME.md.j2` hold the words; every value in them is escaped for its form. The classes
are those of the report's stylesheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import unescape
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from incident_nb.escape import markdown_text, printable
from incident_nb.models import Cause, stored
from incident_nb.outputs import framed
from incident_nb.resources import templates


@dataclass(frozen=True)
class View:
    """One block of a notebook or report: shows itself as HTML, and as Markdown where that is what can be shown."""

    name: str
    facts: dict[str, Any] = field(repr=False)

    @property
    def html(self) -> str:
        """The block as HTML with the classes of the report's stylesheet."""
        return environment("html").get_template(f"{self.name}.html.j2").render(self.facts).strip()

    @property
    def markdown(self) -> str:
        """The block as Markdown."""
        return environment("md").get_template(f"{self.name}.md.j2").render(self.facts).strip() + "\n"

    @property
    def framed(self) -> str:
        """The block as HTML that carries its style along, cleaned."""
        return framed(self.html)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.framed, "text/markdown": self.markdown, "text/plain": self.markdown}


@cache
def environment(form: str) -> Environment:
    """The templates of a form (html, md, txt), with what the house's values are written by."""
    made = Environment(
        loader=FileSystemLoader(templates() / "display"),
        autoescape=form == "html",  # noqa: S701 - the others are Markdown, which `_plain` escapes, and plain text
        finalize={"md": _plain, "html": _blank, "txt": _one_line}[form],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "time": time_words,
        "day": _day,
        "plural": _plural,
        "prose": _prose,
        "percent": _percent,
        "bar": _bar,
        "words": _words,
        "clock": _clock,
        "stored": stored,
    }
    return made


_TAG = re.compile(r"<[!/]?[a-zA-Z][^<>]*>")
_MARKUP = re.compile(r"</[a-zA-Z]+>|<br\s*/?>", re.IGNORECASE)


def _blank(value: Any) -> Any:
    """Every value of an HTML template, before it is escaped; what a filter has joined is escaped already."""
    if isinstance(value, Markup):
        return Markup(printable(value))  # noqa: S704 - nothing that it takes out or puts in is markup
    return "" if value is None else printable(value) if isinstance(value, str) else value


def _one_line(value: Any) -> str:
    return "" if value is None else " ".join(printable(str(value)).split())


def _plain(value: Any) -> Any:
    """Every value of a Markdown template, escaped; what a template marks as safe is its own."""
    return "" if value is None else value if isinstance(value, Markup) else markdown_text(str(value))


def time_words(at: datetime | None) -> str:
    return "not known" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _day(at: datetime | None) -> str:
    """Short, and with no place to break in: for the narrow column of a table. UTC."""
    return "not known" if at is None else f"{at:%d\u00a0%b\u00a0%H:%M}"


def _clock(at: datetime | None) -> str:
    return "none" if at is None else f"{at:%a %d %b, %H:%M} UTC"


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _prose(text: str) -> str:
    """What a page or a message with markup says, without its tags; any other text as it is."""
    if not _MARKUP.search(text):
        return text
    return " ".join(unescape(_TAG.sub(" ", text)).split()) or text


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.0%}"


def _bar(share: float) -> int:
    return round(share * 20) * 5


def _words(cause: str) -> str:
    return CAUSE_NAMES[Cause(cause)]


CAUSE_NAMES = {
    Cause.CREDENTIALS: "Credentials",
    Cause.RATE_LIMIT: "Rate limit or quota",
    Cause.TIMEOUT: "Time-out",
    Cause.NETWORK: "Network",
    Cause.EXTERNAL_OUTAGE: "Outage of an external service",
    Cause.ENDPOINT_CRASH: "Crash of our own endpoint",
    Cause.EXTERNAL_API_CHANGED: "External API changed",
    Cause.DATA_FORMAT: "Data format",
    Cause.WORKFLOW_INACTIVE: "Workflow not active",
    Cause.WORKFLOW_CONFIG: "Workflow configuration",
    Cause.INFRASTRUCTURE: "n8n or its host",
    Cause.UNKNOWN: "Unknown",
}
