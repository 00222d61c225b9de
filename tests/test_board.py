"""The board's form: what was read, what is asked, and answers that can be changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from incident_nb.settings import load
from incident_nb.ui.board import Board, OpenIncidents

PASTED = "Workflow: Orders\nNode: HubSpot\nError: 401 invalid token\nIt keeps failing."


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """The board of a new workspace."""
    (tmp_path / "incident-nb.toml").write_text('[clients.ACME]\nhours = "nine to five"\n')
    monkeypatch.chdir(tmp_path)
    return Board(OpenIncidents(load(), attended=False))


def asked(book: Board) -> dict[str, Any]:
    """The questions on the screen, with their controls' values."""
    return {one.description: one.value for one in book.controls() if getattr(one, "description", "").endswith("?")}


def test_an_answer_stays_on_the_screen_and_can_be_changed(book: Board) -> None:
    book.controls()
    book._read(PASTED)
    assert book.draft and book.draft.suggestion
    first, *rest = book.asked
    before = book.draft.suggestion.suggested
    assert set(asked(book).values()) == {""}  # not known
    book._pasted.value = PASTED
    book._answer(first, True)
    text = book.asked[first]
    assert asked(book)[text] is True
    control = next(one for one in book.controls() if getattr(one, "description", "") == text)
    book._pasted.value = PASTED
    control.index = 0
    assert first not in book.answers and control.label == "not known"
    assert book.draft.suggestion.suggested == before and set(book.asked) == {first, *rest}
    book._pasted.value = "something else"
    book._read("something else")
    assert not book.answers
