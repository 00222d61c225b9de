"""Every row of the vendors' tables: a made-up key of its kind is masked wherever it stands, what looks like it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from incident_nb.redact import SAMPLE_KEY, Redactor, redact_text, using, vendors
from incident_nb.redact.rules import MASK
from incident_nb.redact.vendors import ALPHABETS, PUBLIC, ROWS, Row

DRAWS = ("7hKq2Zw9XvB4nR8sTdL3", "Zx81LmQ0pTf6YcW5eJ9u")


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


def test_the_tables_name_a_hundred_vendors_and_more() -> None:
    assert len({row.vendor for row in ROWS}) >= 380
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


@pytest.mark.parametrize("row", PUBLIC, ids=lambda row: f"{row.vendor} {row.prefixes[0]}")
def test_keys_that_their_vendors_call_public_stay(row: Row) -> None:
    for draw in DRAWS:
        for prefix in row.prefixes:
            text = f"loaded with {prefix + row.example(draw).removeprefix(row.prefixes[0])} from here"
            assert redact_text(text) == text


U = "1f0e22d4-ae56-4d76-b5db-d9956e246a39"
H = "1f0e22d4ae56ad7675dbd9956e246a39"
SHAPED = (
    "msPUt8.HrBuEp:LUY8OqnCZBwygoIN_Xv6YXKdzCvQNiknvj6N2MWkAlx",
    "prod:happy-otter-794|0114070637f34f205102859b249a6b889c7a450edce759b9b2275c12a98a18",
    "project:team:app|eyJ2MiI6IjdiYzE2N2Y0ZDM5YjQ0NGY5MzUyZjU1YTAwZDQ0ZjM5In0=",
    f"{U}:fx",
    f"{H}-{U}",
    "6ba4c05a-5960-d2e5-6180-05b5d228f93edd6d5dbb-a465-30ad-64a4-084499895697",
    f"{H}-{H[::-1]}",
    "a2628ad6c4c4f2a4-91e4d5fa3f0bb590-992ed9ede1f82a24",
    "1f0e22d4aemsh56ad7675dbd9956p1e246ajsn39d09c63f048",
    f"{H[:24]}.{H}",
    f"{H}.Cr0isAZmeHLzeukc",
    f"{H}.Harl_n9hy4GQhxIQji0lVSD2",
    "aB3xYz9Q.k7Hw2ZpV8nRtB4mLqX0sYd6FgJcA1eUo",
    "lLiiKWpcThY.RLO30I_VL9cYTYSLv9opJEhuN7-An-QBw0VuMQpNTBe",
    "HzubX1Yx3i-IESiCR90MwiVtiqafIkEI7",
    "a4Bc9-Xy2Zk-9QwEr-T5yUi-0pLkJ",
    "tDRk4KxmTAvV5ISkFynN8Qtt",
    "LO04JP6-76XO92F-ESER9E5-MJQK5AA",
    "1234567.pt.EhDaKh0LUkBMLwrnW88D5mG6apS6f3K5AATVQ8L29hajHs-Aa-HnLFTQqVFwJlEjqZaZhkEIGucKGJCL9lF2",
    f"u1234567-{H[:24]}",
    f"*:production.{H}{H[:20]}",
    f"agent:acme:{H}",
    f"12345${H * 4}",
    f"ZDI3MGEyYzQtNmFlNS00NDNhLWFlNzAtZGVjNjE0MGU1OGZmZWNmZDEwN2ItYTU3_PF84_{U}",
    "bNvD0V2VeSXAAAAAAAAAAIq3ffuKXX7lW_CXvcZ0vr6tvMJOOM0ss4fzExYEMHRX",
    "Fe26.2*1*9f2c*Zk3vQ8xR1mT7*yH5wB0nJ4cL6sD2gF9aK*1735689600000*e4d1*U8pZ3rX6vM1qT7wY",
    "v^1.1#i^1#p^3#r^0#I^3#f^0#t^H4sIAAAAAAAAAOVYa2wUVRTu9kUQqBqNVcK62WJIKHN3",
    "django-insecure-7h!k@q2$zw9xvb4n(r8s^tdl3m5&y6p0",
    "$2a$10$UQ7PhLRIcCx7TqXAqb1HdA7xOFTpeyUa7k7QBfVmdgCJ8ZMGKHZcu",
    "newvendor_gmYf8dAoQ1qT5CRBj3d7Sick1CsWo3",
    "NVX_k3vQ8-xR1mT7_yH5wB0nJ4cL6sD2gF9aKzXo",
)


@pytest.mark.parametrize("key", SHAPED)
def test_keys_with_their_marks_elsewhere_are_masked(key: str) -> None:
    for frame in FRAMES[:5]:
        clean = redact_text(frame.format(key))
        assert key not in clean and MASK.search(clean), clean
        assert key[-12:] not in clean


IDS = (
    "resp_ededa2dc6204666b9f7ff2b1bbdfecdcd1b418405889047a",
    "chatcmpl-zNHRHszsyzmbCl1BCb45Q9eKu3goyA8xR1mT7yH5w",
    "cs_test_a1PXIzRhtTDdd5TZsoy0mfIMzgCHGXMwkkEjLi6NUIBDjG9S3fv2eQHX",
    "user_2vV74ExD9TcFskuP8KDZqDBQgiS",
    "PVTSSF_lADOA1EwH84AU9kZzgNPWtQ",
    "pip/_vendor/rich/pager.py,sha256=SO_ETBFKbg3n_AgOzXm41Sv36YxXAyI3_R-KOY2_uSc,828",
    '"integrity": "sha512-QEqE0wKLqHTT6c43Sfsp7bcJnOXr90nsdepYZcu7LNVx7OU/HfNqQidZ8CheWzADuRRT1tkme7TXXfMT8/5kgS=="',
    "X-Amz-Cf-Id: w7e-GNumiauWFURYll0JvPmy6IgBoMQdJbk-QvaSttNKza1tzD6ss4==",
    "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
    "app-routing.module.ts md-theme-default db-migration-2026-09-01 key_value_store_name_1",
)


@pytest.mark.parametrize("text", IDS)
def test_ids_and_checksums_stay(text: str) -> None:
    assert redact_text(text, personal=False) == text
