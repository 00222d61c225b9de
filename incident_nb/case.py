"""A case: the folder that holds all a notebook needs, so that its report can be made again from it alone."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from incident_nb import readers, redact
from incident_nb.errors import SettingsError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.files import clean_leftovers, staged, write_atomic
from incident_nb.live import is_live, read_live, up_to_date
from incident_nb.logfile import merged, read_log, write_log
from incident_nb.models import Probed
from incident_nb.redact import sealed
from incident_nb.resources import sample as sample_folder
from incident_nb.settings import PROBLEMS, Settings, load

SAMPLE = "sample"
SAMPLE_NOW = datetime(2026, 11, 14, 8, 30, tzinfo=UTC)
SCHEMA = 1
ANSWERS = "answers.json"
INCIDENTS = "incidents"
# What came before the time that is asked for tells its onsets, rates and rhythms: five weeks hold each weekday four times
# before the last one, and a longer time needs as long a one to be compared with.
HISTORY = timedelta(weeks=5)
_INCIDENT = re.compile(r"INC-[1-9]\d{0,17}")


@dataclass(frozen=True)
class Case:
    """What is investigated and from when it is seen.

    `execution`, `workflow`, `client`: the subject as it was asked for; `incident`: whose case it is, as INC-1; `since`:
    where a survey begins. `offline`: no live system is asked. `answers`: what checks answered at an earlier time,
    `not_asked`: why no live system was asked then (None where they were). `sources`: the files and databases that it was read
    from, known only to who read them; a saved case does not name them. `current`: servers of which all executions until
    `now` are here.

    `now` is zone-aware. `unattended`: nobody is looking, so nothing that waits for a person is shown. `folder` is None
    for the sample, which is not written to.
    """

    log: ExecutionLog
    now: datetime
    settings: Settings = field(default_factory=Settings)
    execution: str | None = None
    workflow: str | None = None
    client: str | None = None
    incident: str | None = None
    since: datetime | None = None
    unattended: bool = False
    offline: bool = False
    folder: Path | None = None
    answers: tuple[Probed, ...] = ()
    not_asked: str | None = "only the records were read"
    sources: tuple[str, ...] = field(default=(), repr=False)
    current: tuple[str, ...] = ()

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
            "incident": self.incident,
            "since": self.since.isoformat() if self.since else None,
            "unattended": self.unattended,
            "offline": self.offline,
            "current": self.current,
            "settings": self.settings.model_dump(mode="json"),
            "skipped": [asdict(part) for part in self.log.skipped],
            "active": [[*key, on] for key, on in self.log.active.items()],
        }
        with staged(folder, gone=("diagnosis.json", PROBLEMS), last="case.json") as draft:
            write_log(draft, self.log)
            (draft / ANSWERS).unlink(missing_ok=True)
            if decided := self.settings.problems:
                with suppress(FileNotFoundError):
                    write_atomic(draft / PROBLEMS, sealed(PROBLEMS, decided.read_text(encoding="utf-8")))
            replace(self, folder=draft).keep(self.answers, self.not_asked)
            write_atomic(draft / "case.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        return replace(self, folder=folder)

    def hand_over(self) -> None:
        """Notes in the case's folder that from now on somebody looks."""
        if self.folder is not None:
            about = json.loads((self.folder / "case.json").read_text(encoding="utf-8")) | {"unattended": False}
            write_atomic(self.folder / "case.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")

    def keep(self, answers: tuple[Probed, ...], not_asked: str | None) -> None:
        """Writes what checks answered, and why no live system was asked, to the case's folder."""
        rows = [answer.model_dump(mode="json") for answer in answers]
        self.write(ANSWERS, {"not_asked": not_asked, "answers": rows})

    def write(self, name: str, value: Any) -> Path | None:
        """A result as JSON beside the case's data; nothing where the case has no folder (the sample)."""
        if self.folder is None:
            return None
        return write_atomic(self.folder / name, sealed(name, json.dumps(value, indent=1, ensure_ascii=False) + "\n"))


def open_case(name: str = SAMPLE) -> Case:
    """The case in the folder `name`, of the workspace's incident `INC-1`, or the bundled sample for `"sample"`.

    Raises UsageError when there is none.
    """
    if name == SAMPLE:
        return sample_case()
    folder = _of_incident(name) if _INCIDENT.fullmatch(name) and not Path(name).is_dir() else Path(name).expanduser()
    clean_leftovers(folder)
    decided = folder / PROBLEMS
    try:
        about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        if about["schema"] != SCHEMA:
            raise ValueError(f"its form is {about['schema']}, and this version reads form {SCHEMA}")
        return Case(
            log=replace(
                read_log(folder, [Skipped(**part) for part in about["skipped"]]),
                active={(where, name): on for where, name, on in about.get("active", ())},
            ),
            now=datetime.fromisoformat(about["now"]),
            # Where our own settings lie is never for a case to say: it is what makes settings trusted.
            settings=Settings.model_validate(
                {**about["settings"], "path": None, "problems": decided if decided.exists() else None}
            ),
            since=datetime.fromisoformat(about["since"]) if about["since"] else None,
            unattended=about["unattended"],
            offline=about.get("offline", False),
            current=tuple(about.get("current", ())),
            incident=about.get("incident"),
            folder=folder,
            **_answers(folder),
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


def _of_incident(name: str) -> Path:
    """Where the workspace around the working folder keeps an incident's case."""
    settings = load()
    if settings.path is None:
        raise UsageError(
            f"{name} is looked up in a workspace, and there is none here. Make one with `incident-nb init DIR`."
        )
    return settings.path.parent / INCIDENTS / name / "case"


def _answers(folder: Path) -> dict[str, Any]:
    """What checks of the case answered; nothing in a case that was made before there were any."""
    path = folder / ANSWERS
    if not path.exists():
        return {}
    kept = json.loads(path.read_bytes())
    return {
        "answers": tuple(Probed.model_validate(row) for row in kept["answers"]),
        "not_asked": kept["not_asked"],
    }


def sample_case() -> Case:
    """The bundled sample: real n8n executions of a made-up agency, seen from a fixed instant, masked with a public key."""
    settings = Settings()
    with redact.using(redact.Redactor(redact.SAMPLE_KEY)):
        log = readers.read(str(sample_folder()), client_of=partial(_client, settings))
    return Case(log, SAMPLE_NOW, settings, offline=True, sources=(str(sample_folder()),))


def _client(settings: Settings, workflow: Any) -> str | None:
    return settings.client_of(workflow.name, workflow.tags, workflow.project)


def read_case(sources: list[str], settings: Settings, now: datetime, **options: Any) -> Case:
    """A case not yet saved, from `sources` as `readers.read` takes them, or `n8n`, `n8n:NAME` for configured servers.

    `options` are those of `readers.read` and the subject; `offline`: servers are not asked, their archives are read. With
    `since` what is older than that by more than `HISTORY` is not read, or by more than the time since then.
    """
    subject = {key: options.pop(key, None) for key in ("execution", "workflow", "client", "since")}
    subject["unattended"] = options.pop("unattended", False)
    if SAMPLE in sources and len(sources) > 1:
        raise UsageError(
            "`sample` is the built-in export and cannot be mixed with others. Name it alone, or leave it out."
        )
    if sources == [SAMPLE]:
        return replace(sample_case(), now=now, **subject)
    files = tuple(source for source in sources if not is_live(source))
    offline = bool(options.get("offline", False))
    if (since := subject["since"]) is not None and since <= now:
        options["since"] = since - max(HISTORY, now - since)
    log = _read(sources, settings, **options)
    current = () if offline else up_to_date([source for source in sources if is_live(source)], settings, log)
    return Case(log, now, settings, offline=offline, sources=files, current=current, **subject)


def _read(
    sources: list[str], settings: Settings, *, offline: bool = False, on_progress: Any = None,
    since: datetime | None = None, **options: Any,
) -> ExecutionLog:  # fmt: skip
    """What files and servers hold, as one log."""
    live = [source for source in sources if is_live(source)]
    files = [source for source in sources if not is_live(source)]
    logs = []
    if live:
        on_live = on_progress or (lambda *_: None)
        logs.append(read_live(live, settings, offline=offline, on_progress=on_live, since=since))
    if files:
        client_of = partial(_client, settings)
        logs.append(readers.read(files, client_of=client_of, on_progress=on_progress, since=since, **options))
    return merged(logs)
