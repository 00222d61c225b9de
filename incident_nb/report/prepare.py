"""What of an executed notebook goes into a report: no code, no buttons, and four harmless types of output."""

from __future__ import annotations

import copy
import re
from typing import Any

from incident_nb.escape import printable
from incident_nb.outputs import SHOWN_TYPES, png
from incident_nb.report.tables import markdown_table

LEFT_OUT = frozenset({"parameters", "injected-parameters", "ui", "papermill-error-cell-tag"})
_REPR = re.compile(r"<[\w.]+ (object|size)\b")  # what Python prints of an object that has no words of its own


def for_report(notebook: Any) -> Any:
    """A copy of the notebook with what the report shows, and no more.

    Left out: everything up to the `parameters` cell (it speaks to whoever runs the notebook; the report has its own
    head), cells tagged `parameters` or `ui`; code; standard error; every output type but `SHOWN_TYPES`. An error becomes
    one plain sentence in `output.notice`, without its traceback. A pandas table comes as Markdown, too.
    """
    result = copy.deepcopy(notebook)
    tags = [set(cell.metadata.get("tags", [])) for cell in result.cells]
    head = next((index + 1 for index, names in enumerate(tags) if "parameters" in names), 0)
    result.cells = [
        cell
        for cell, names in list(zip(result.cells, tags, strict=True))[head:]
        if cell.cell_type in ("code", "markdown") and not names & LEFT_OUT
    ]
    for cell in result.cells:
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.source = ""
            cell.outputs = [shown for output in cell.outputs if (shown := _shown(output)) is not None]
    return result


def _shown(output: Any) -> Any | None:
    if output.output_type == "stream":
        return output if output.name == "stdout" and output.text.strip() else None
    if output.output_type == "error":
        words = f"{output.ename}: {output.evalue}" if output.evalue else output.ename
        output.notice, output.traceback = _one_line(words), []
        return output
    if output.output_type not in ("display_data", "execute_result"):
        return None
    data = {kind: output.data[kind] for kind in SHOWN_TYPES if isinstance(output.data.get(kind), str)}
    if len(data) > 1 and _REPR.match(data.get("text/plain", "")):
        del data["text/plain"]
    if "text/html" in data and "text/markdown" not in data and (table := markdown_table(data["text/html"])):
        data["text/markdown"] = table
    if "image/png" in data:
        picture = png(data.pop("image/png"))
        if picture is not None:
            data["image/png"] = picture
            output.metadata = {"image/png": _picture_facts(output, data)}
    output.data = type(output.data)(data)
    return output if data else None


def _one_line(words: str) -> str:
    line = " ".join(printable(words).split())
    return line if len(line) <= 400 else f"{line[:399]}…"


def _picture_facts(output: Any, data: dict[str, str]) -> dict[str, Any]:
    """The picture's words and its size in CSS pixels, as far as the output gives them."""
    given = output.metadata.get("image/png", {})
    alt = given.get("alt") or data.get("text/plain") or "A picture without a description"
    size = {side: given[side] for side in ("width", "height") if isinstance(given.get(side), int)}
    return {"alt": _one_line(str(alt)), **size}
