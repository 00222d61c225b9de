"""Buttons and fields with labels that a keyboard and a screen reader can use; ipywidgets in the house's own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape
from typing import Any
from urllib.parse import quote

from incident_nb.errors import MissingExtraError

try:
    import ipywidgets as w
except ModuleNotFoundError as error:  # pragma: no cover - it is among the requirements
    raise MissingExtraError("The notebook's buttons need ipywidgets: pip install ipywidgets.") from error

_LABEL = {"description_width": "initial"}
WIDE = "36rem"
UNSAID = ""
"""What a list's entry stands for that chooses nothing."""


def button(label: str, on_click: Callable[[], Any], *, main: bool = False, help: str = "") -> Any:
    """A button; `main` marks the one that the step is about."""
    made = w.Button(description=label, tooltip=help or label, button_style="primary" if main else "")
    made.layout.width, made.layout.align_self = "auto", "flex-start"
    made.on_click(lambda _: on_click())
    return made


def field(label: str, hint: str = "", *, width: str = WIDE, value: str = "") -> Any:
    """A line of text."""
    return _typed(w.Text(description=label, placeholder=hint, value=value, style=_LABEL, layout={"width": width}))


def area(label: str, hint: str = "", *, rows: int = 6, value: str = "") -> Any:
    """Several lines of text."""
    return _typed(
        w.Textarea(description=label, placeholder=hint, value=value, rows=rows, style=_LABEL, layout={"width": WIDE})
    )


def _typed(made: Any) -> Any:
    made.given = made.value  # what stood in it before somebody typed
    return made


def choice(label: str, options: Iterable[Any], value: Any = None, *, width: str = "16rem") -> Any:
    """One of some: names, or pairs of a name and what it stands for; never for None, which would leave the list blank."""
    made = w.Dropdown(description=label, options=list(options), style=_LABEL, layout={"width": width})
    if value is not None:
        made.value = value
    return made


def form(label: str, action: Callable[..., bool], *fields: Any, main: bool = False) -> Any:
    """Fields and a button beside them, which gives `action` what stands in them; once it is done they are empty again."""

    def act() -> None:
        if action(*(each.value for each in fields)):
            for each in fields:
                each.value = getattr(each, "given", each.value)

    return row(*fields, button(label, act, main=main))


def question(text: str, on_answer: Callable[[bool | None], Any], value: bool | None = None) -> Any:
    """A question that is answered by yes, no, or not at all."""
    made = choice(text, (("not known", UNSAID), ("yes", True), ("no", False)), value, width=WIDE)
    made.observe(lambda change: on_answer(None if change["new"] == UNSAID else change["new"]), names="value")
    return made


def check(label: str, value: bool, on_change: Callable[[bool], Any]) -> Any:
    """A box to tick; what is done with the tick is told to `on_change`."""
    made = w.Checkbox(value=value, description=label, indent=False, layout={"width": "auto"})
    made.observe(lambda change: on_change(bool(change["new"])), names="value")
    return made


def row(*parts: Any) -> Any:
    """Controls side by side, wrapped where there is no room."""
    return w.HBox(list(parts), layout={"flex_flow": "row wrap", "align_items": "center"})


def fold(title: str, *parts: Any) -> Any:
    """Controls that are out of the way until somebody unfolds them."""
    made = w.Accordion(children=[column(*parts)], selected_index=None)
    made.set_title(0, title)
    return made


def column(*parts: Any) -> Any:
    """Controls one below the other."""
    return w.VBox(list(parts))


def html(value: str = "") -> Any:
    """A piece of a page; `value` is made safe by whoever gives it."""
    return w.HTML(value=value)


def links(label: str, places: Iterable[tuple[str, str]]) -> Any:
    """Links to files, by name and path from the notebook's folder; JupyterLab opens them beside it."""
    found = " · ".join(f'<a href="{escape(quote(path))}">{escape(name)}</a>' for name, path in places)
    page = {"text/html": f"<p>{escape(label)}: {found}</p>"}
    return w.Output(outputs=({"output_type": "display_data", "data": page, "metadata": {}},))


def shown_if(part: Any, shown: bool) -> None:
    """Shows a control, or takes it out of sight."""
    part.layout.display = None if shown else "none"


def copy_button(text: str | Callable[[], str], say: Callable[[str], None], label: str = "") -> Any:
    """A button that puts a text on the clipboard, where the browser allows it; it always says which text."""
    out = w.Output(layout={"display": "none"})

    def copy() -> None:
        from IPython.display import Javascript, display

        words = text() if callable(text) else text
        out.clear_output()
        with out:
            display(Javascript(f"navigator.clipboard && navigator.clipboard.writeText({json.dumps(words)})"))  # type: ignore[no-untyped-call]
        say(f"Copied: {words.strip().splitlines()[0][:80]}" if words.strip() else "There is nothing to copy.")

    shown = label or f"Copy: {text if isinstance(text, str) else ''}"
    return row(button(shown[:60], copy), out)
