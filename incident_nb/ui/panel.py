"""One block of a notebook that shows how an incident stands and, where somebody looks, has buttons to carry it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from incident_nb.errors import IncidentNbError
from incident_nb.escape import printable
from incident_nb.outputs import framed
from incident_nb.ui.blocks import Sheet
from incident_nb.views import View

if TYPE_CHECKING:
    from incident_nb.ui.watch import Watched

WIDGET = "application/vnd.jupyter.widget-view+json"


class Panel:
    """Shows itself: as a live block with controls where somebody looks, else as what it says, in HTML and Markdown.

    A kind of panel gives `sheet` (what is shown) and `controls` (what can be done, made anew when the record changes).
    """

    def __init__(self, follow: Watched) -> None:
        self.follow = follow
        self.after = ""  # what an action has to say when it is done
        self._box: Any = None
        self._shown: Any = None
        self._said: Any = None
        self._body: Any = None
        self._state: Any = None

    def sheet(self) -> Sheet:
        """What the panel shows now."""
        raise NotImplementedError

    def view(self) -> View:
        """The same, ready to be shown."""
        return self.sheet().view

    def controls(self) -> list[Any]:
        """The widgets below it; none where nothing can be done now."""
        return []

    def refresh(self) -> None:
        """Shows the record as it is now. What somebody is typing stays, also where the controls have to be made anew."""
        if self._box is None:
            return
        self._shown.value = self.view().framed
        if (state := self.state()) != self._state:
            self._state = state
            typed = self._typed(self._body)
            self._body.children = self.controls()
            self._type(self._body, typed)
        self.sync()

    def state(self) -> Any:
        """What the controls hang on: they are made anew when it changes, and only then."""
        return None

    def sync(self) -> None:
        """Sets what the controls show to what is on record."""

    @staticmethod
    def _typed(body: Any) -> dict[str, str]:
        """What stands in the fields that somebody changed, by their labels."""
        fields = {part.description: part for part in _parts(body) if hasattr(part, "given")}
        return {label: part.value for label, part in fields.items() if part.value != part.given}

    @staticmethod
    def _type(body: Any, typed: dict[str, str]) -> None:
        for part in _parts(body):
            if hasattr(part, "given") and part.description in typed:
                part.value = typed[part.description]

    def do(self, what: Callable[[], Any], said: str = "") -> bool:
        """Does something with the record and says what came of it: whether it was done; a refusal is shown."""
        self.after = ""
        try:
            what()
        except IncidentNbError as error:
            self.say(str(error), bad=True)
            return False
        except Exception as error:  # what we did not foresee must not vanish in a callback
            self.say(f"That failed ({type(error).__name__}: {error}); please report it.", bad=True)
            return False
        self.follow.refresh()
        self.say(self.after or said)
        self.after = ""
        return True

    def say(self, text: str, *, bad: bool = False) -> None:
        """A line below the controls."""
        if self._said is not None:
            kind = "bad" if bad else "good"
            words = escape(printable(text))
            role = "alert" if bad else "status"
            self._said.value = (
                f'{framed("")}<div class="inb" role="{role}"><p class="{kind}">{words}</p></div>' if text else ""
            )

    def _widget(self) -> Any:
        from incident_nb.ui import controls

        if self._box is None:
            self._shown, self._said = controls.html(self.view().framed), controls.html()
            self._state = self.state()
            self._body = controls.column(*self.controls())
            self._box = controls.column(self._shown, self._body, self._said)
            self.follow.panels.append(self)
        return self._box

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.view()._repr_mimebundle_()
        return {**shown, **self._live()} if self.follow.attended else shown

    def _live(self) -> dict[str, Any]:
        """The widget, as an output; from the cell that shows it, since there a loop runs that watches."""
        bundle = self._widget()._repr_mimebundle_()
        view = bundle[0] if isinstance(bundle, tuple) else bundle
        self.follow.watch()
        return {WIDGET: view[WIDGET]} if WIDGET in view else {}


def _parts(body: Any) -> Iterator[Any]:
    yield body
    for part in getattr(body, "children", ()):
        yield from _parts(part)
