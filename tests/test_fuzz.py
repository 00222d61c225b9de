"""A small, fixed part of `make fuzz`: mutants of real exports, values of wrong types, and files cut off at every kilobyte."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import pytest
import zstandard

from fuzz import corpus, wrong
from fuzz.mutants import mutant
from fuzz.work import run
from incident_nb import readers
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.readers.entities import KEY_VARIABLE
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.exports import KEY, failed, page, write_entities, write_sqlite
from tests.test_readers import check_frames, ids

SEED = 20260301


@pytest.fixture(autouse=True)
def _fixed_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with using(Redactor(SAMPLE_KEY)):
        yield


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_mutants_end_in_a_log_or_a_refusal(tmp_path: Path, start: int) -> None:
    for number in range(start, start + 50):
        run(mutant(SEED, number), tmp_path / "export", analysed=number % 10 == 0, diagnosed=number % 50 == 0)


def test_a_mutant_is_always_the_same() -> None:
    forward = [mutant(SEED, number) for number in range(60)]
    backward = [mutant(SEED, number) for number in reversed(range(60))][::-1]
    for one, other in zip(forward, backward, strict=True):
        assert one.kind == other.kind
        assert one.content == other.content or "entities" in one.kind or "gz" in one.kind  # salt and time in them
    assert mutant(SEED, 1) != mutant(SEED + 1, 1)


def test_values_of_wrong_types_cost_at_most_their_own_execution(tmp_path: Path) -> None:
    seen: set[str] = set()
    for number, item in enumerate(wrong.mutants(every=173)):
        ended = run(item, tmp_path / "export", analysed=number % 20 == 0)
        seen.add(item.kind.split(":")[0])
        if item.kind.startswith("page"):
            assert ended.executions + ended.skipped >= 2, item.kind
    assert seen == {"page", "editor", "alert", "sqlite", "entities"}


# --- cut off at every kilobyte

ROWS = [failed(number, storedAt="x" * 700) for number in range(1, 9)]
TEXTS = [json.dumps(row, separators=(",", ":")).encode() for row in ROWS]


def kept(content: bytes, cut: int) -> set[str]:
    """The executions whose JSON ends before the cut."""
    return {row["id"] for row, text in zip(ROWS, TEXTS, strict=True) if 0 <= content.find(text) <= cut - len(text)}


def cuts(size: int) -> range:
    return range(1024, size, 1024)


def read(path: Path) -> ExecutionLog | None:
    try:
        log = readers.read(str(path))
    except UsageError as error:
        assert str(path) in str(error)
        return None
    check_frames(log)
    return log


JSON_FILES = {"page": page(*ROWS), "list": b"[" + b",".join(TEXTS) + b"]", "lines": b"\n".join(TEXTS) + b"\n"}


@pytest.mark.parametrize("content", JSON_FILES.values(), ids=JSON_FILES)
def test_json_cut_off_keeps_every_whole_execution(tmp_path: Path, content: bytes) -> None:
    for cut in cuts(len(content)):
        (path := tmp_path / "export.json").write_bytes(content[:cut])
        log, whole = read(path), kept(content, cut)
        assert log is not None if whole else True, cut
        assert whole == (set(ids(log)) if log else set()), cut
        assert log is None or log.skipped, cut


@pytest.mark.parametrize("pack", [lambda b: gzip.compress(b, 0), zstandard.ZstdCompressor(level=-100).compress])
@pytest.mark.parametrize("content", JSON_FILES.values(), ids=JSON_FILES)
def test_packed_json_cut_off_keeps_what_was_whole(
    tmp_path: Path, content: bytes, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(content)
    found = set()
    for cut in cuts(len(packed)):
        (path := tmp_path / "export.json.packed").write_bytes(packed[:cut])
        log = read(path)
        assert log is None or (log.skipped and set(ids(log)) <= {row["id"] for row in ROWS}), cut
        found |= set(ids(log)) if log else set()
    assert found or packed[:2] != b"\x1f\x8b"


@pytest.mark.parametrize("pack", [None, gzip.compress, zstandard.compress])
def test_database_cut_off(tmp_path: Path, pack: Callable[[bytes], bytes] | None) -> None:
    content = write_sqlite(tmp_path / "whole.sqlite", ROWS).read_bytes()
    content = pack(content) if pack else content
    for cut in cuts(len(content)):
        (path := tmp_path / "database.sqlite").write_bytes(content[:cut])
        log = read(path)
        assert log is None or log.skipped or ids(log) == [row["id"] for row in ROWS], cut


def test_database_with_its_log_cut_off(tmp_path: Path) -> None:
    """What the log says behind the cut is not there yet, as after a crash of the server: no damage."""
    origin = tmp_path / "origin.sqlite"
    write_sqlite(origin, ROWS[:4])
    db = sqlite3.connect(origin, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    for number in range(100, 108):
        db.execute(
            "INSERT INTO execution_entity (id, workflowId, mode, status) VALUES (?, 'wf1', 'x', 'success')", (number,)
        )
    whole, log_file = origin.read_bytes(), origin.with_name("origin.sqlite-wal").read_bytes()
    db.close()
    counts = []
    for cut in range(0, len(log_file) + 1024, 1024):
        (folder := tmp_path / str(cut)).mkdir()
        (path := folder / "database.sqlite").write_bytes(whole)
        (folder / "database.sqlite-wal").write_bytes(log_file[:cut])
        log = read(path)
        assert log is not None
        counts.append(len(log.executions))
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (4, 12)


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_entities_cut_off(tmp_path: Path, form: str) -> None:
    folder = write_entities(tmp_path / "entities", ROWS)
    path = folder
    if form == "zip":
        path = tmp_path / "entities.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
    damaged = path if form == "zip" else folder / "executiondata.jsonl"
    content = damaged.read_bytes()
    for cut in cuts(len(content)):
        damaged.write_bytes(content[:cut])
        assert read(path) is None, cut


def test_the_corpus_is_of_both_versions_and_in_every_format() -> None:
    rows = corpus.executions()
    assert {"success", "error", "crashed", "canceled"} <= {row["status"] for row in rows}
    assert any("storedAt" in row for row in rows) and any("storedAt" not in row for row in rows)
    assert list(accumulate(len(write(rows[:2])) for write in corpus.JSON_FORMATS.values()))[-1] > 10_000
