"""A long JSON list read in ranges of its bytes: the same log as from the whole, wherever the cuts fall."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from incident_nb import readers
from incident_nb.readers import Spread, parts
from incident_nb.readers.long_list import byte_ranges
from tests.exports import Json, execution, node, ran
from tests.test_parts import KEY, alone, in_pieces, rows, same

assert KEY

FLOW = [{"id": f"n{number}", **node(f"N{number}")} for number in range(4)]


def run(number: int, **more: Any) -> Json:
    """A run whose items and nodes are objects with an `id` first, in lists of their own."""
    items = [{"id": str(one), "finished": True, "name": "x" * 40} for one in range(6)]
    one = execution(number, runs={"N0": ran(*items)}, nodes=FLOW, **more)
    head = {key: one.pop(key) for key in ("id", "finished", "mode", "status") if key in one}
    return {**head, **one}


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def listed(found: list[Any]) -> str:
    return json.dumps(found)


def paged(found: list[Any]) -> str:
    return json.dumps({"data": found, "nextCursor": None}, separators=(",", ":"))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "BYTES_A_PART", 5_000)
    monkeypatch.setattr(parts, "BYTES_OF_JSON", 3_000)


@pytest.mark.parametrize("form", [listed, paged, lambda found: json.dumps({"data": found}, indent=1)])
def test_ranges_hold_every_execution_once_in_any_form(tmp_path: Path, form: Callable[[list[Any]], str]) -> None:
    path = put(tmp_path / "a.json", form([run(number) for number in range(1, 60)]))
    batches = parts.batches_of([path])
    assert len(batches) > 10 and {batch[0].kind for batch in batches} == {"json"}
    same(alone([path]), in_pieces([path]))


@pytest.mark.parametrize("step", range(1_000, 1_400, 37))
def test_no_cut_falls_inside_an_execution(step: int) -> None:
    found = [run(number) for number in range(1, 20)]
    text = paged(found).encode()
    ends = byte_ranges(memoryview(text), step)
    assert ends and not [json.loads(b"[" + text[low:high].rstrip(b",") + b"]") for low, high in ends if low is None]
    read = [one for low, high in ends for one in json.loads(b"[" + text[low:high].rstrip(b",") + b"]")]
    assert read == found


def test_what_is_skipped_and_what_clashes_is_numbered_in_the_whole_file(tmp_path: Path) -> None:
    found = rows(1, 60)
    found[40]["data"] = '[{"resultData":"9"}]'
    found[50] = {**found[50], "id": "3"}
    path = put(tmp_path / "a.json", paged(found))
    assert len(parts.batches_of([path])) > 5
    whole = alone([path])
    assert [one.where for one in whole.skipped] == ["row 41", "row 51"]
    same(whole, in_pieces([path], order=list.reverse))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-300],
        lambda text: text.replace('"success"', '"succ', 1),
        lambda text: text.replace('"id":"44"', '"id":[44', 1),
        lambda text: text.replace('{"id":"44",', '{"id":"wf","name":"W","nodes":[{}]},{"id":"44",', 1),
        lambda text: text.replace('{"id":"30",', '5,{"id":"30",', 1),
        lambda text: text.replace('"N3"', '"N\\ud83d"'),
    ],
)
def test_damage_and_other_things_in_a_list_are_told_as_from_the_whole(
    tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    good = paged([run(number) for number in range(1, 60)])
    path = put(tmp_path / "a.json", spoil(good))
    assert path.read_text() != good
    same(alone([path]), in_pieces([path]))


def test_a_wrong_guess_is_found_out(tmp_path: Path) -> None:
    inner = [{"id": "7", "finished": True, "mode": "trigger", "status": "success", "n": "y" * 50} for _ in range(200)]
    one = execution(2, runs={"N0": ran(*inner)}, nodes=FLOW)
    one["data"]["resultData"]["more"] = inner
    path = put(tmp_path / "a.json", paged([run(1), {**run(2), "data": one["data"]}, run(3)]))
    assert len(parts.batches_of([path])) > 3
    found = in_pieces([path])
    same(alone([path]), found)
    assert found.executions["execution_id"].tolist() == ["1", "2", "3"]


def test_a_window_leaves_places_as_they_are(tmp_path: Path) -> None:
    from datetime import datetime

    found = rows(1, 60)
    found[55]["data"] = '[{"resultData":"9"}]'
    path = put(tmp_path / "a.json", paged(found))
    since = datetime.fromisoformat("2026-03-01T00:30:00+00:00")
    whole = readers.read(str(path), since=since)
    assert [one.where for one in whole.skipped] == ["row 56"] and len(whole.executions) == 31
    same(whole, readers.read(str(path), since=since, spread=Spread(2)))


@pytest.mark.parametrize("text", ["[]", '{"data":[]}', '{"data":[1,2]}', '{"data":{"results":[]}}', '{"a":[{"id":1}]}'])
def test_other_documents_are_not_cut(text: str) -> None:
    assert byte_ranges(memoryview(text.encode() + b" " * 20_000), 3_000) == []


def test_lines_and_pages_one_after_another_are_not_cut_or_read_whole(tmp_path: Path) -> None:
    found = [run(number) for number in range(1, 40)]
    lines = put(tmp_path / "a.jsonl", "\n".join(json.dumps(one) for one in found))
    pages = put(tmp_path / "b.json", paged(found[:20]) + "\n" + paged(found[20:]))
    assert [batch[0].kind for batch in parts.batches_of([lines])] == ["file"]
    same(alone([lines]), in_pieces([lines]))
    same(alone([pages]), in_pieces([pages]))
