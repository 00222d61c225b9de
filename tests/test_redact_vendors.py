"""Every row of the vendors' tables: a made-up key of its kind is masked wherever it stands, what looks like it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from incident_nb.redact import SAMPLE_KEY, Redactor, redact_text, using, vendors
from incident_nb.redact.rules import MASK
from incident_nb.redact.vendors import ALPHABETS, ROWS, Row

DRAWS = ("7hKq2Zw9XvB4nR8sTdL3", "Zx81LmQ0pTf6YcW5eJ9u")


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


def test_the_tables_name_a_hundred_vendors_and_more() -> None:
    assert len({row.vendor for row in ROWS}) >= 200
    assert all(len(row.prefixes) and row.kind in KINDS for row in ROWS)


KINDS = {"api_key", "token", "secret", "webhook", "private_key"}
# Rows that only their owner's other rows tell apart from words, and addresses whose ends are everyone's.
FRAMES = (
    "{}",
    "The service refused {}.",
    "a ({}) b",
    "url=https://h.test/x?k={}&b=1",
    '401 - "{{\\"m\\": \\"{}\\"}}"',
    "line\\n{}\\n",
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.vendor} {row.prefixes[0]}")
def test_a_key_of_each_row_is_masked(row: Row) -> None:
    for draw in DRAWS:
        for least in (True, False):
            for prefix in row.prefixes:
                key = prefix + row.example(draw, least).removeprefix(row.prefixes[0])
                for frame in FRAMES:
                    clean = redact_text(frame.format(key))
                    assert key not in clean and MASK.search(clean), (frame, clean)
                    assert redact_text(clean) == clean
                assert key not in json.dumps(redact_text(json.dumps({"text": f"got {key}"})))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.vendor} {row.prefixes[0]}")
def test_half_a_key_and_a_key_inside_a_word_are_no_keys(row: Row) -> None:
    name, least, _ = row.items[0]
    if least:
        short = row.prefixes[0] + row.example().removeprefix(row.prefixes[0])[: max(1, least // 3)]
        assert not list(vendors.find(f"a {short} b")) or any(
            other.prefixes[0] != row.prefixes[0] for other in rows_of(short)
        )
    assert not any(start == 3 for start, _, _ in vendors.find("abc" + row.example()))
    assert name in ALPHABETS or not least


def rows_of(text: str) -> list[Row]:
    """The rows that have a prefix of this text."""
    return [row for row in ROWS if any(text.startswith(prefix) for prefix in row.prefixes)]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.body.endswith("?")], ids=lambda row: f"{row.vendor} {row.prefixes[0]}"
)
def test_slugs_of_words_are_no_keys(row: Row) -> None:
    words = "release-notes-of-the-next-version-for-all-users-2026-in-plain-words-and-more"
    for slug in (words, words.replace("-", "_")):
        assert not any(kind == row.kind and end > 60 for _, end, kind in vendors.find(f"{row.prefixes[0]}{slug}"))


def test_keys_next_to_each_other_are_found_one_by_one() -> None:
    keys = [row.example() for row in ROWS[:40]]
    clean = redact_text(" ".join(keys))
    assert not any(key in clean for key in keys)
    assert len(MASK.findall(clean)) == len(keys)


@pytest.mark.parametrize("glue", ["", " ", "-", "/"])
def test_hostile_repetition_of_prefixes_ends(glue: str) -> None:
    for prefix in {prefix for row in ROWS for prefix in row.prefixes}:
        list(vendors.find((prefix + glue) * (20_000 // len(prefix + glue))))
