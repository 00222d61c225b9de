"""A case: the folder that holds all a notebook needs, so that its report can be made again from it alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from incident_nb import readers, redact
from incident_nb.errors import OutputError, SettingsError, UsageError
from incident_nb.files import clean_leftovers, staged, write_atomic
from incident_nb.models import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.redact import sealed
from incident_nb.resources import sample as sample_folder
from incident_nb.settings import Settings

SAMPLE = "sample"
SAMPLE_NOW = datetime(2026, 11, 14, 8, 30, tzinfo=UTC)
SCHEMA = 1


@dataclass(frozen=True)
class Case:
    """What is investigated and from when it is seen.

    `execution`, `workflow`, `client`: the subject as it was asked for; `since`: where a survey begins.

    `now` is zone-aware. `unattended`: nobody is looking, so nothing that waits for a person is shown. `folder` is None
    for the sample, which is not written to.
    """

    log: ExecutionLog
    now: datetime
    settings: Settings = field(default_factory=Settings)
    execution: str | None = None
    workflow: str | None = None
    client: str | None = None
    since: datetime | None = None
    unattended: bool = False
    folder: Path | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The subject as arguments of `diagnose`."""
        return {"execution": self.execution, "workflow": self.workflow, "client": self.client}

    def save(self, folder: Path) -> Case:
        """This case, written to `folder` (0700, files 0600) whole or not at all. Raises OutputError if it can't be."""
        about = {
            "schema": SCHEMA,
            "now": self.now.isoformat(),
            **self.asked,
            "since": self.since.isoformat() if self.since else None,
            "unattended": self.unattended,
            "settings": self.settings.model_dump(mode="json"),
            "skipped": [asdict(part) for part in self.log.skipped],
        }
        snapshots = {key: snapshot.nodes for key, snapshot in self.log.snapshots.items()}
        with staged(folder, gone=("diagnosis.json",), last="case.json") as draft:
            for name in ("executions", "failures"):
                _write_table(draft / f"{name}.parquet", getattr(self.log, name))
            write_atomic(draft / "snapshots.json", msgspec.json.encode(snapshots))
            write_atomic(draft / "case.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        return replace(self, folder=folder)

    def write(self, name: str, value: Any) -> Path | None:
        """A result as JSON beside the case's data; nothing where the case has no folder (the sample)."""
        if self.folder is None:
            return None
        return write_atomic(self.folder / name, sealed(name, json.dumps(value, indent=1, ensure_ascii=False) + "\n"))


def open_case(name: str = SAMPLE) -> Case:
    """The case in the folder `name`, or the bundled sample for `"sample"`. Raises UsageError when there is none."""
    if name == SAMPLE:
        return sample_case()
    folder = Path(name).expanduser()
    clean_leftovers(folder)
    try:
        about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        if about["schema"] != SCHEMA:
            raise ValueError(f"its form is {about['schema']}, and this version reads form {SCHEMA}")
        executions = _read_table(folder / "executions.parquet", EXECUTION_COLUMNS)
        failures = _read_table(folder / "failures.parquet", FAILURE_COLUMNS)
        nodes = msgspec.json.decode((folder / "snapshots.json").read_bytes(), type=dict[str, dict[str, Any]])
        snapshots = {key: Snapshot(key, value) for key, value in nodes.items()}
        skipped = tuple(Skipped(**part) for part in about["skipped"])
        return Case(
            log=ExecutionLog(executions, failures, snapshots, skipped),
            now=datetime.fromisoformat(about["now"]),
            settings=Settings.model_validate(about["settings"]),
            since=datetime.fromisoformat(about["since"]) if about["since"] else None,
            unattended=about["unattended"],
            folder=folder,
            **{key: about[key] for key in ("execution", "workflow", "client")},
        )
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no case in {folder}: {error.filename} is missing. `sample` is the built-in one."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise UsageError(
            f"The case in {folder} cannot be read: {error}. Make it again with `incident-nb investigate`."
        ) from error


def sample_case() -> Case:
    """The bundled sample: real n8n executions of a made-up agency, seen from a fixed instant, masked with a public key."""
    settings = Settings()
    with redact.using(redact.Redactor(redact.SAMPLE_KEY)):
        log = readers.read(str(sample_folder()), client_of=partial(_client, settings))
    return Case(log, SAMPLE_NOW, settings)


def _client(settings: Settings, workflow: Any) -> str | None:
    return settings.client_of(workflow.name, workflow.tags, workflow.project)


def read_case(sources: list[str], settings: Settings, now: datetime, **options: Any) -> Case:
    """A case not yet saved, from `sources` as `readers.read` takes them; `options` are that function's and the subject."""
    subject = {key: options.pop(key, None) for key in ("execution", "workflow", "client", "since")}
    subject["unattended"] = options.pop("unattended", False)
    if SAMPLE in sources and len(sources) > 1:
        raise UsageError(
            "`sample` is the built-in export and cannot be mixed with others. Name it alone, or leave it out."
        )
    if sources == [SAMPLE]:
        return replace(sample_case(), now=now, **subject)
    log = readers.read(sources, client_of=partial(_client, settings), **options)
    return Case(log, now, settings, **subject)


def _read_table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    table = pd.read_parquet(path)
    if missing := ", ".join(columns.keys() - set(table.columns)):
        raise ValueError(f"{path.name} has no column {missing}")
    return table[list(columns)]


def _write_table(path: Path, table: pd.DataFrame) -> None:
    import io

    buffer = io.BytesIO()
    try:
        table.to_parquet(buffer, index=False)
    except (ValueError, TypeError) as error:
        raise OutputError(f"could not write {path}: {error}") from error
    write_atomic(path, buffer.getvalue())
