"""A case: written, opened again, and enough by itself to say the same as before."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from incident_nb.case import SAMPLE_NOW, Case, open_case, read_case
from incident_nb.diagnose import investigate
from incident_nb.errors import OutputError, UsageError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, Skipped
from incident_nb.settings import Client, Settings
from tests.builders import NOW, START, call, error, flow, page, runs

TOKEN = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
SETTINGS = Settings(own_hosts=("*.own.example",), clients={"BAY": Client(name_prefix=("Bay",), contact="Jo")})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An export with a damaged row in it, whose errors and parameters hold a secret."""
    signed = call(path=f"/v1/orders?api_key={TOKEN}")
    wrong = error(401, f"Key {TOKEN} was refused", f'{{"authorization": "Bearer {TOKEN}"}}')
    executions = json.loads(page(runs("....XXX", flow(1, None, signed), wrong=wrong)))
    executions["data"].append({"id": 8, "startedAt": "never", "data": "nothing", "workflowData": {"nodes": [1, "x"]}})
    path = tmp_path / "page.json"
    path.write_text(json.dumps(executions))
    return path


@pytest.fixture
def case(source: Path) -> Case:
    asked = {"workflow": "wf1", "client": "ACME", "since": START}
    return read_case([str(source)], SETTINGS, NOW, unattended=True, instance="main", **asked)


def test_a_case_comes_back_as_it_was(case: Case, tmp_path: Path) -> None:
    saved = case.save(tmp_path / "case")
    again = open_case(str(tmp_path / "case"))
    pd.testing.assert_frame_equal(again.log.executions, case.log.executions)
    pd.testing.assert_frame_equal(again.log.failures, case.log.failures)
    assert again.log.snapshots == case.log.snapshots
    assert again.log.skipped == case.log.skipped
    assert len(again.log.failures) == 3
    assert again.settings == case.settings
    assert again.asked == {"execution": None, "workflow": "wf1", "client": "ACME"}
    assert (again.now, again.since, again.unattended) == (NOW, START, True)
    assert again.folder == saved.folder == tmp_path / "case"


def test_the_frames_have_the_documented_types(case: Case, tmp_path: Path) -> None:
    case.save(tmp_path / "case")
    again = open_case(str(tmp_path / "case")).log
    assert {name: str(kind) for name, kind in again.executions.dtypes.items()} == EXECUTION_COLUMNS
    assert {name: str(kind) for name, kind in again.failures.dtypes.items()} == FAILURE_COLUMNS


def test_a_case_without_a_failure_comes_back(tmp_path: Path, source: Path) -> None:
    source.write_text(page(runs("..")))
    read_case([str(source)], Settings(), NOW).save(tmp_path / "case")
    again = open_case(str(tmp_path / "case"))
    assert (len(again.log.executions), len(again.log.failures), again.since) == (2, 0, None)


def test_what_was_skipped_comes_back(case: Case, tmp_path: Path) -> None:
    from dataclasses import replace

    skipped = (Skipped("page.json", "row 8", "damaged", 2),)
    replace(case, log=replace(case.log, skipped=skipped)).save(tmp_path / "case")
    assert open_case(str(tmp_path / "case")).log.skipped == skipped


def test_a_case_is_its_owners_only(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    investigate(case.save(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {"case.json", "executions.parquet", "failures.parquet", "snapshots.json", "answers.json", "diagnosis.json"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(names, 0o600)


def test_a_case_that_is_handed_over_is_looked_at(case: Case, tmp_path: Path) -> None:
    from dataclasses import replace

    kept = replace(case, unattended=True).save(tmp_path / "case")
    kept.hand_over()
    again = open_case(str(tmp_path / "case"))
    assert not again.unattended and again.log.executions.equals(kept.log.executions)


def test_the_case_alone_gives_the_same_diagnosis(case: Case, source: Path, tmp_path: Path) -> None:
    before = investigate(case.save(tmp_path / "case")).as_json()
    source.unlink()
    assert investigate(open_case(str(tmp_path / "case"))).as_json() == before
    assert json.loads((tmp_path / "case" / "diagnosis.json").read_text()) == json.loads(json.dumps(before))
    assert before["hypotheses"]


def test_no_secret_is_in_any_file(case: Case, source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    investigate(case.save(folder))
    assert TOKEN in source.read_text()
    for path in folder.iterdir():
        text = pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text()
        assert TOKEN not in text, path.name
    assert "was refused" in pd.read_parquet(folder / "failures.parquet").to_csv()


def emptied(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"")


def changed(**about: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "case.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **about}))

    return change


def without_a_column(folder: Path) -> None:
    path = folder / "failures.parquet"
    pd.read_parquet(path).drop(columns="message").to_parquet(path)


DAMAGES = {
    "no case.json": lambda folder: (folder / "case.json").unlink(),
    "no table": lambda folder: (folder / "failures.parquet").unlink(),
    "no snapshots": lambda folder: (folder / "snapshots.json").unlink(),
    "empty case.json": emptied("case.json"),
    "empty table": emptied("executions.parquet"),
    "empty snapshots": emptied("snapshots.json"),
    "case.json is a list": lambda folder: (folder / "case.json").write_text("[]"),
    "case.json is no text": lambda folder: (folder / "case.json").write_bytes(b"\xff\xfe\x00"),
    "snapshots are a list": lambda folder: (folder / "snapshots.json").write_text("[1]"),
    "half a table": lambda folder: (folder / "failures.parquet").write_bytes(
        (folder / "failures.parquet").read_bytes()[:500]
    ),
    "no column": without_a_column,
    "no time": changed(now="yesterday"),
    "wrong settings": changed(settings={"own_hosts": 3}),
    "wrong skipped": changed(skipped=[{"x": 1}]),
    "another form": changed(schema=99),
    "table is a folder": lambda folder: ((folder / "failures.parquet").unlink(), (folder / "failures.parquet").mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_case_is_said_to_be_one(case: Case, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    folder = tmp_path / "case"
    case.save(folder)
    damage(folder)
    with pytest.raises(UsageError, match=r"There is no case in|cannot be read") as refused:
        open_case(str(folder))
    assert str(folder) in str(refused.value)


def test_a_case_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no case in"):
        open_case(str(tmp_path / "none"))


def test_a_case_that_cannot_be_written(case: Case, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not make the folder"):
        case.save(tmp_path / "file" / "case")


def test_the_sample_is_seen_from_a_fixed_instant_and_written_nowhere() -> None:
    case = open_case()
    assert (case.now, case.folder) == (SAMPLE_NOW, None)
    assert case.write("diagnosis.json", {}) is None
    assert case.log.executions["client"].notna().all()
    assert case.log.executions["at"].max() <= SAMPLE_NOW


def test_the_sample_can_be_asked_for_a_part_of_it_at_another_time() -> None:
    at = datetime(2026, 11, 10, tzinfo=UTC)
    case = read_case(["sample"], Settings(), at, client="BRXT")
    assert (case.now, case.client) == (at, "BRXT")
