"""What the tests of acting on n8n share: a workspace with a server that can be written to, and commands cut off anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import stamina

from incident_nb import cli
from incident_nb.case import Case
from incident_nb.desk import Desk
from incident_nb.http import RequestError
from incident_nb.incidents.store import Writing
from incident_nb.logfile import nothing
from incident_nb.n8n import N8n
from incident_nb.settings import Settings
from incident_nb.ui.follow import Follow
from incident_nb.ui.panel import _parts
from incident_nb.ui.steps import StepPanel
from tests.writable import KEY, Kept, serving

Run = Callable[..., SimpleNamespace]
# A process that is killed, a server that is not to be reached, one that closes the connection; before or after a step.
CUTS = [("killed", False), ("killed", True), ("refused", False), ("reset", False), ("reset", True)]


@pytest.fixture(params=[False, True], ids=["1.x", "2.x"])
def n8n(request: pytest.FixtureRequest) -> Iterator[Kept]:
    with serving(Kept(newer=request.param)) as kept:
        yield kept


@pytest.fixture
def newer() -> Iterator[Kept]:
    with serving(Kept()) as kept:
        yield kept


@pytest.fixture
def older() -> Iterator[Kept]:
    with serving(Kept(newer=False)) as kept:
        yield kept


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in a workspace; the first argument may be the server that it has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)

    def once(*given: Any) -> SimpleNamespace:
        if given and isinstance(given[0], Kept):
            settings = f'[n8n.default]\nurl = "{given[0].url}"\n[clients.ACME]\nname_prefix = ["[ACME]"]\n'
            (tmp_path / "incident-nb.toml").write_text(settings)
            given = given[1:]
        return ran(capsys, *given)

    return once


def ran(capsys: pytest.CaptureFixture[str], *given: Any, secrets: tuple[str, ...] = (KEY,)) -> SimpleNamespace:
    """A command's exit code and what it said, on one line each (`json`: as it was said); without arguments nothing is run.

    No secret may be in it, and no traceback.
    """
    code = 0
    if given:
        try:
            cli.main([str(one) for one in given])
        except SystemExit as ended:
            code = int(ended.code or 0)
    out, err = capsys.readouterr()
    assert "Traceback" not in err and not any(one in out + err for one in secrets)
    return SimpleNamespace(code=code, out=" ".join(out.split()), err=" ".join(err.split()), json=out)


class Clicked:
    """The controls of a panel of INC-1's notebook, by the words that stand on them, clicked and typed into."""

    def __init__(self, panel: type[StepPanel], settings: Settings, now: datetime) -> None:
        case = Case(nothing(), now, settings, incident="INC-1")
        diagnosis = SimpleNamespace(problem=None, findings=(), hypotheses=())
        self.panel = panel(Follow(case, diagnosis))  # type: ignore[arg-type]
        self.panel._widget()

    def has(self, label: str) -> bool:
        """Whether there is a control of this label."""
        return bool(self._of(label))

    def part(self, label: str) -> Any:
        """The control of this label."""
        found = self._of(label)
        assert found, label
        return found[0]

    def click(self, label: str, **typed: str) -> str:
        """What is said once these are typed and the button is clicked."""
        for field, text in typed.items():
            self.part(field.replace("_", " ")).value = text
        self.part(label).click()
        return str(self.panel._said.value)

    @property
    def shown(self) -> str:
        """What stands between the controls."""
        return " ".join(str(part.value) for part in _parts(self.panel._body) if type(part).__name__ == "HTML")

    def _of(self, label: str) -> list[Any]:
        return [part for part in _parts(self.panel._body) if str(getattr(part, "description", "")).startswith(label)]


class Killed(BaseException):
    """Nothing that this process does from here on has any effect."""


def cut_off(at: int, after: bool, how: str, run: Run, *command: str) -> bool:
    """Whether a command was killed, or lost its server, before (or after) its step number `at`.

    Steps are what is asked of n8n and what is put on record. One that lost its server can still put things on record.
    """
    count, gone = 0, False

    def counted(original: Callable[..., Any], records: bool) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            nonlocal count, gone
            count += 1
            gone = gone or (count == at and not after)
            if gone:
                _end(how, records)
            found = original(*given, **named)
            gone = gone or count == at
            if gone:
                _end(how, records)
            return found

        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamina, "retry_context", lambda **_: iter([nullcontext()]))  # nothing is asked again
        patch.setattr(N8n, "_ask", counted(N8n._ask, False))
        patch.setattr(Desk, "add", counted(Desk.add, True))
        patch.setattr(Writing, "add", counted(Writing.add, True))
        with suppress(Killed):
            run(*command)
    return gone


def _end(how: str, records: bool) -> None:
    if how == "killed":
        raise Killed
    if not records:
        raise RequestError(how, "the network went away")  # type: ignore[arg-type]
