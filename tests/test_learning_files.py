"""Learning files (DOC-2): begun from an incident, extended by each occurrence, never losing what a person wrote."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from incident_nb.documents.learning import HEADINGS, begun, extended, learning_of, learnings_in
from incident_nb.documents.plain import BLANK
from incident_nb.models import Cause
from tests.documented import NOW, SUBJECT, through
from tests.incidents import DETECTED, after

AGAIN = through("credentials", number=57, detected=after(60 * 24 * 7), subject={"fingerprint": "ffff00001111"})


def part(text: str, heading: str) -> str:
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0].strip()


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.UNKNOWN])
def test_a_new_one_says_what_is_known(cause: Cause) -> None:
    text = begun(through(cause.value), "../../clients/BAY/x.md")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(HEADINGS)
    assert text.startswith(
        f"# Invoices by mail {cause.value.replace('_', ' ')}\n\nProblems: a1b2c3d4e5f6\n\nLast confirmed: 2026-11-23\n"
    )
    assert "invalid" in part(text, "Symptom") and "HTTP Request3" in part(text, "How to recognise it")
    assert cause.value.replace("_", " ") in part(text, "Cause").lower()
    assert "Set OAUTH" in part(text, "Fix") and part(text, "Verification").startswith("3 good runs in a row.")
    assert part(text, "Prevention") == "Ask for a new sign-in a week before it ends."
    assert "| 2026-11-23 | [INC-42](../../clients/BAY/x.md) | BAY | set OAUTH" in part(text, "Occurrences")
    assert "<table>" in MarkdownIt("commonmark").enable("table").render(text)


def test_what_is_not_known_is_a_blank_that_a_later_occurrence_fills() -> None:
    bare = through(
        without=("cause_accepted", "ticked", "fixed", "resolved", "prevention", "run_watched"),
        subject=dict.fromkeys(SUBJECT),
    )
    text = begun(bare, None)
    assert all(part(text, heading) == BLANK for heading in HEADINGS[:-1]) and "Last confirmed: \n" in text
    text = extended(text, AGAIN, None)
    assert BLANK not in text and "Problems: ffff00001111\n" in text and "Last confirmed: 2026-11-30\n" in text


def test_each_occurrence_is_a_row_and_what_a_person_wrote_stays() -> None:
    text = begun(through(), None).replace("## Cause\n\n", "## Cause\n\nTheir admin rotates passwords each Monday.\n\n")
    text += "\n## Notes\n\nAsk Lee.\n"
    once = extended(text, AGAIN, "../x.md")
    assert once.count("| 2026-11-") == 2 and "| 2026-11-30 | [INC-57](../x.md) | BAY |" in part(once, "Occurrences")
    assert "Problems: a1b2c3d4e5f6, ffff00001111\n" in once and "Last confirmed: 2026-11-30\n" in once
    for line in text.splitlines():
        assert line in once or line.startswith(("Problems", "Last confirmed")), line
    assert extended(once, AGAIN, "../x.md") == once, "told once"
    assert extended(once, AGAIN, "../y.md").count("INC-57") == 1
    earlier = extended(once, through("credentials", number=3, detected=after(-60 * 24 * 30)), None)
    assert "Last confirmed: 2026-11-30\n" in earlier, "an older one confirms nothing new"


def test_a_row_in_a_table_of_somebodys_own_is_not_taken_for_the_occurrence() -> None:
    theirs = "| Who to call | Where it was seen | Number |\n| --- | --- | --- |\n| Maria | INC-42 | desk 17 |\n"
    text = begun(through(), None).replace("## Cause\n", f"{theirs}\n## Cause\n")
    once = extended(text.replace("| 2026-11-23 | INC-42 |", "| 2026-11-23 | INC-41 |"), through(), None)
    assert theirs in once and "| 2026-11-23 | INC-42 | BAY |" in part(once, "Occurrences")


@pytest.mark.parametrize(
    ("there", "cell"),
    [
        ("INC-57", "[INC-57](../y.md)"), ("[INC-57](../../c/incident-2026-x.md)", "[INC-57](../y.md)"),
        ("[INC-57](https://wiki.example/57)", None), ("INC-57, see Maria", None), ("[INC-57](../mine.md)", None),
    ],
)  # fmt: skip
def test_of_its_row_only_our_link_and_what_is_blank_becomes_new(there: str, cell: str | None) -> None:
    text = begun(through(), None)
    row = f"| Monday, early | {there} |  | did NOT help at the second tenant, see Maria |  2nd \\| 3rd |"
    once = extended(f"{text}{row}\n", AGAIN, "../y.md")
    assert row.replace(there, cell or there) in once.splitlines() and once.count("INC-57") == 1
    row = f"| Monday, early | {there} |  | did NOT help, see Maria |"
    once = extended(f"{text}{row}\n", AGAIN, "../y.md")
    assert row.replace(there, cell or there).replace("|  |", "| BAY |") in once.splitlines()
    assert extended(once, AGAIN, "../y.md") == once


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("2026-11-23 by Kim, only in staging", "2026-11-30 by Kim, only in staging"), ("soon", "2026-11-30 soon"),
        ("2026-11-23, Kim", "2026-11-30, Kim"), ("2027-01-01 by Kim", "2027-01-01 by Kim"),
        ("2026-13-45", "2026-11-30"), ("  ", "2026-11-30"),
    ],
)  # fmt: skip
def test_only_the_day_of_the_confirmation_becomes_new(said: str, then: str) -> None:
    text = f"# Keys\n\nLast confirmed: {said}\n\nx\u2028y\n"
    once = extended(text, AGAIN, None)
    assert f"\nLast confirmed: {then}\n" in once and "x\u2028y" in once
    unseen = extended(text, through("credentials", number=57, without=("resolved",)), None)
    assert f"\nLast confirmed: {said}\n" in unseen, "it confirms nothing"


@pytest.mark.parametrize(
    "written",
    ["# Keys\n", "# Keys\n\nA line.\n\n## Occurrences\n", "# Keys\n\n## Occurrences\n\nsee the list\n\n## End\n\nx\n",
     "# Keys\nLast confirmed: soon\n\n## Occurrences\n\n| Date | Incident |\n| --- | --- |\n"
     "| 2025-01-01 | INC-420 |\n\nand more\n"],
)  # fmt: skip
def test_a_file_in_somebodys_own_form_takes_it_too(written: str) -> None:
    text = extended(written, through(), None)
    assert "| 2026-11-23 | INC-42 | BAY |" in part(text, "Occurrences") and "Problems: a1b2c3d4e5f6" in text
    assert "Last confirmed: 2026-11-23" in text and text.count("## Occurrences") == 1
    for line in written.splitlines():
        assert line in text or line.startswith("Last confirmed")
    assert extended(text, through(), None) == text


def test_an_incident_that_is_not_resolved_confirms_nothing() -> None:
    text = begun(through(without=("resolved",)), None)
    assert "Last confirmed: \n" in text
    assert learning_of(Path("x.md"), text).is_stale(NOW)


@pytest.mark.parametrize(
    ("said", "confirmed", "stale"),
    [
        ("Last confirmed: 2026-11-01", date(2026, 11, 1), False), ("Last confirmed: 2026-05-01", date(2026, 5, 1), True),
        ("Last confirmed: 2026-13-45", None, True), ("Last confirmed:", None, True), ("", None, True),
        ("Last confirmed: 2026-05-27 by Lee", date(2026, 5, 27), False),
    ],
)  # fmt: skip
def test_when_it_is_stale(said: str, confirmed: date | None, stale: bool) -> None:
    found = learning_of(Path("x.md"), f"# T\n\n{said}\n")
    assert (found.title, found.confirmed, found.is_stale(DETECTED)) == ("T", confirmed, stale)


def test_words_are_found_by_themselves_only(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\nINC-420, INC-4-2, aINC-42 and abc123def\n")
    (tmp_path / "b.md").write_text("# B\n| INC-42 |\n")
    (tmp_path / "c.txt").write_text("INC-42")
    found = [one for one in learnings_in(tmp_path) if one.names(["abc123", "INC-42"])]
    assert [one.title for one in found] == ["B"]
    assert learnings_in(tmp_path / "none") == []


@pytest.mark.parametrize("text", ["a | b", "x\n## Fix\n\nmine", "<script>", "[x](y)", "\x1b[31m", "\\1 \\g<0>", BLANK])
def test_hostile_text_is_shown_as_text(text: str) -> None:
    incident = through(
        "timeout",
        ("fixed", 64, {"what": text}),
        ("prevention", 66, {"text": text}),
        subject={"error": text, "workflow": text},
    )
    made = extended(begun(incident, None), through("timeout", ("fixed", 64, {"what": text}), number=50), None)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(made)
    assert page.count("<h2>") == len(HEADINGS) and page.count("<tr>") == 3
    assert "<script" not in page and "<a " not in page and "\x1b" not in made
