"""Text from outside is written in one walk over it: nothing is gone over again for each line break or backtick in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from incident_nb.escape import _FORMULA, spreadsheet_text
from incident_nb.sanitise import _DRAWN, clean_markdown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("\n\n =1", "'=1"),
        ("a\n\n\t =1", "a '=1"),
        ('a;=1|@x,"-2', "a;'=1|'@x,\"'-2"),
        ("a =1 - 2", "a =1 - 2"),
        ("==1", "'==1"),
    ],
)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert spreadsheet_text(text) == written


@pytest.mark.parametrize("blank", ["\n", " ", "\"'", ";", "\t|"])
def test_a_run_of_blanks_before_a_formula_is_gone_over_once(blank: str) -> None:
    """What the pattern begins, it goes through to the end, whether a formula follows or not."""
    for text in (blank * 50, "a" + blank * 50):
        whole = [found.span() for found in _FORMULA.finditer(text + "b") if found[0]]
        assert whole == [(text.index(blank[0]), len(text))]


@pytest.mark.parametrize("mark", ["`", "~"])
def test_a_run_of_fences_is_tried_at_its_start_only(mark: str) -> None:
    fence = mark * 9 + "mermaid"
    assert [place for place in range(len(fence)) if _DRAWN.match(fence, place)] == [0]
    assert "text mermaid" in clean_markdown(fence)


def calls(work: Callable[[], object]) -> int:
    """How many functions are called in some work, Python's own included."""
    count = 0

    def counting(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", ["`a` ", "`a|b` ", "`a` b\n", "`a`\n\n", "``` x ", "` `` ``` ` "])
def test_the_work_on_markdown_grows_with_its_backticks(unit: str) -> None:
    clean_markdown(unit)
    few, many = (calls(lambda size=size: clean_markdown(unit * size)) for size in (100, 400))  # type: ignore[misc]
    assert many < 5 * few
