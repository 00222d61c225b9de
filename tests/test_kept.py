"""Documents made anew: what a person wrote stays, what nobody touched becomes the new form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_nb.documents.kept import difference, digests_of, made_anew, parts_of

HEAD = "# Incident: Orders\n\nDate: 2026-11-23\n\nDuration: "
OURS = HEAD + "not resolved yet\n\n## Timeline\n\n- 10:00 - a\n\n## Root Cause\n\n[to be written]\n"
FRESH = HEAD + "1 hour\n\n## Timeline\n\n- 10:00 - a\n- 11:00 - b\n\n## Root Cause\n\nA key.\n"
DIGESTS = digests_of(OURS)


def test_its_parts() -> None:
    assert list(parts_of(OURS)) == ["#", "Date", "Duration", "## Timeline", "## Root Cause"]
    fenced = "# T\n\n## A\n\n```\n## no heading\n```\n\n## B\n\nx: y\n"
    assert list(parts_of(fenced)) == ["#", "## A", "## B"]


def test_what_nobody_touched_becomes_new() -> None:
    assert made_anew(OURS, FRESH, DIGESTS) == (FRESH, ())
    assert made_anew(OURS.replace("\n\n", "  \n\n"), FRESH, DIGESTS).kept == (), (
        "blanks at the ends of lines are no change"
    )


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("[to be written]", "Their admin changed the password.", "## Root Cause"),
        ("[to be written]", "Their\u2028admin\x0cchanged\x85it.", "## Root Cause"),
        ("- 10:00 - a", "- 10:00 - a\n- 10:30 - called the client", "## Timeline"),
        ("# Incident: Orders", "# Incident: Orders stood still", "#"),
        ("Duration: not resolved yet", "Duration: an hour", "Duration"),
    ],
)
def test_what_a_person_changed_stays(old: str, new: str, kept: str) -> None:
    anew = made_anew(OURS.replace(old, new), FRESH, DIGESTS)
    assert anew.kept == (kept,) and new in anew.text
    rest = {name: part for name, part in parts_of(FRESH).items() if name != kept}
    assert {name: part for name, part in parts_of(anew.text).items() if name != kept} == rest


def test_a_part_of_a_persons_own_stays_where_it_is_and_one_taken_out_stays_out() -> None:
    theirs = OURS.replace("## Root Cause", "## Thanks\n\nTo all.\n\n## Root Cause")
    anew = made_anew(theirs, FRESH, DIGESTS)
    assert list(parts_of(anew.text)) == ["#", "Date", "Duration", "## Timeline", "## Thanks", "## Root Cause"]
    assert anew.kept == ("## Thanks",) and "A key." in anew.text
    without = OURS.partition("## Root Cause")[0]
    assert "## Root Cause" not in made_anew(without, FRESH, DIGESTS).text


def test_a_new_part_comes_where_it_belongs_and_an_old_one_of_ours_goes() -> None:
    fresh = FRESH.replace("## Root Cause", "## Impact\n\n3 orders\n\n## Root Cause")
    assert list(parts_of(made_anew(OURS, fresh, DIGESTS).text))[-3:] == ["## Timeline", "## Impact", "## Root Cause"]
    gone = OURS + "\n## Still to be filled in\n\n- x\n"
    assert "Still to be" not in made_anew(gone, FRESH, digests_of(gone)).text
    assert "- mine" in made_anew(gone.replace("- x", "- mine"), FRESH, digests_of(gone)).text


def test_a_file_that_is_not_ours_keeps_all_it_says() -> None:
    anew = made_anew("# Orders\n\nNotes of last night.\n\n## Root Cause\n\nNobody knows.\n", FRESH, {})
    assert "Notes of last night." in anew.text and "Nobody knows." in anew.text and "A key." not in anew.text
    assert "## Timeline" in anew.text


@given(st.text(alphabet="# \nab:D`-[x]", max_size=60), st.text(alphabet="# \nab:D`-[x]", max_size=60))
def test_no_line_that_a_person_wrote_is_lost(there: str, fresh: str) -> None:
    lines = [line.strip() for line in there.splitlines() if line.strip()]
    anew = made_anew(there, fresh, {})
    for line in lines:
        assert line in anew.text, (there, fresh, anew)
    again = made_anew(anew.text, fresh, {})
    assert again.text == anew.text, "a second time changes nothing"


def test_the_difference_is_shown() -> None:
    shown = difference(OURS, FRESH, "x.md")
    assert "-[to be written]" in shown and "+A key." in shown and "--- x.md (there)" in shown
