"""An executed notebook made safe to keep and to open: what is in it came from an export, and so from anyone.

JupyterLab shows a notebook's outputs by their type, and runs what is in them once somebody trusts the notebook. So an
executed notebook holds four harmless types only, each cleaned for its own form, and nothing of the machine it ran on.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from incident_nb.escape import printable
from incident_nb.resources import templates
from incident_nb.sanitise import clean_html, clean_markdown

SHOWN_TYPES = ("text/html", "text/markdown", "image/png", "text/plain")
KEPT_METADATA = ("kernelspec", "language_info", "incident_nb")
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_FRAME = '<div class="inb">'
_FRAMED = re.compile(rf"\s*<style>\s*(.*?)\s*</style>\s*{_FRAME}(.*)</div>\s*", re.DOTALL)


@cache
def style() -> str:
    """The style that a view carries along in a notebook."""
    return (templates() / "display" / "notebook.css").read_text(encoding="utf-8").strip()


def framed(fragment: str) -> str:
    """A fragment in the house style, as a notebook shows it; cleaned."""
    return f"<style>{style()}</style>\n{_FRAME}\n{clean_html(fragment).strip()}\n</div>"


def notebook_html(fragment: str) -> str:
    """An HTML output, cleaned; the house's own style stays on what carries it."""
    own = _FRAMED.fullmatch(fragment)
    return framed(own[2]) if own and own[1] == style() else clean_html(fragment)


def png(text: str) -> str | None:
    """The picture of an output, or None where it is no PNG."""
    try:
        raw = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(raw).decode() if raw.startswith(_PNG_MAGIC) else None


_CLEANED = {"text/html": notebook_html, "text/markdown": clean_markdown, "image/png": png, "text/plain": printable}


def harmless(notebook: Any, places: Iterable[Path] = ()) -> None:
    """Cleans an executed notebook in place.

    Outputs keep `SHOWN_TYPES` only, each cleaned; of metadata stays what the format needs, tags, and our own mark.
    Where error messages and warnings name a file, its folder is left out if it is one of `places` or lies below them or
    below the user's or Python's own folders.
    """
    shorten = _shortener([*places, Path.home(), Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[1]])
    for name in set(notebook.metadata) - set(KEPT_METADATA):
        del notebook.metadata[name]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata.clear()
        if tags:
            cell.metadata["tags"] = tags
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _clean(output, shorten)]


def _clean(output: Any, shorten: Any) -> bool:
    """Cleans one output in place; whether anything is left of it."""
    if output.output_type == "stream":
        output.text = shorten(output.text)
        return True
    if output.output_type == "error":
        output.ename, output.evalue = shorten(output.ename or ""), shorten(output.evalue or "")
        output.traceback = [shorten(line) for line in output.traceback]
        return True
    if output.output_type not in ("display_data", "execute_result"):
        return False
    cleaned = {
        kind: shown
        for kind, clean in _CLEANED.items()
        if isinstance(output.data.get(kind), str) and (shown := clean(output.data[kind])) is not None
    }
    facts = output.metadata.get("image/png") if "image/png" in cleaned else None
    output.data = type(output.data)(cleaned)
    output.metadata = type(output.metadata)({"image/png": facts} if facts else {})
    return bool(cleaned)


def _shortener(folders: Iterable[Path]) -> Any:
    """A function that makes a text printable and takes these folders out of the paths in it."""
    known = {str(form) for folder in folders for form in (folder, folder.absolute(), folder.resolve())}
    known -= {"/", ".", ""}
    if not known:
        return printable
    pattern = re.compile("(?:" + "|".join(map(re.escape, sorted(known, key=len, reverse=True))) + r")(?![\w-])")
    return lambda text: pattern.sub("…", printable(text))
