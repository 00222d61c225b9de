"""Makes what is kept of the present version of records, for later versions to be tried on.

    python -m tests.make_records            what is missing
    python -m tests.make_records --again    the newest version's anew, which is allowed until it is released

In `tests/data/records`: `vN.db` and `vN.sql` are records with the tables of version N (SQLite, PostgreSQL), `vN` is an
exported incident with the events of version N, `vN.json` is what the incidents of `vN.db` fold to, and `known.json` is what
this version knows of kinds and fields.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from incident_nb.incidents import KINDS, Records, put_into, tables, upgrade
from incident_nb.record import Incident
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.recorded import NOON, engine_of, one, opened

FOLDER = Path(__file__).parent / "data" / "records"
NUMBER = 1
"""The incident that is exported: it has had every kind of event."""


def known() -> dict[str, Any]:
    """What this version can say: every kind's fields, and those of an incident."""
    kinds = {kind: sorted(payload.model_fields) for kind, payload in sorted(KINDS.items())}
    return {"schema_version": upgrade.SCHEMA, "kinds": kinds, "incident": sorted(Incident.model_fields)}


def fill(records: Records) -> None:
    """The incidents of a sample: one with every kind of event and corrections, one at work, a closed one with masks."""

    def add(number: int, kind: str, minutes: float, **values: Any) -> None:
        records.add(number, one(kind, **values), by="Kim", at=NOON + timedelta(minutes=minutes))

    records.open(opened(text="Über 10 €: “Orders” 😀"), by="Kim", at=NOON)
    for minutes, kind in enumerate(kind for kind in KINDS if kind not in ("opened", "imported", "corrected")):
        add(NUMBER, kind, minutes)
    add(NUMBER, "fixed", 50)
    add(NUMBER, "run_watched", 51)
    watched = len(records.events(NUMBER))
    add(NUMBER, "corrected", 60, seq=1, payload={"title": "Orders fails again", "detected_at": NOON.isoformat()})
    add(NUMBER, "corrected", 61, seq=watched - 1, payload={"what": "another key"}, happened_at="2026-11-23T12:15:00Z")
    add(NUMBER, "corrected", 62, seq=watched)
    withdrawn = len(records.events(NUMBER))
    add(NUMBER, "corrected", 63, seq=withdrawn, reason="it was watched after all")
    records.open(opened(title="Invoices hangs", subject={"workflow": "Invoices"}), by="Lee", at=NOON)
    add(2, "severity_chosen", 5)
    add(2, "waiting_began", 6)
    records.open(opened(title="password=hunter22 in the log"), by="lee@example.com", at=NOON)
    add(3, "acknowledged", 1)
    add(3, "closed", 2)


def statements(records: Records) -> list[str]:
    """What makes the same database in PostgreSQL."""
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    made: list[str] = []
    with engine_of(records).connect() as connection:
        for table in tables.metadata.sorted_tables:
            made.append(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
            made += [
                str(sa.schema.CreateIndex(index).compile(dialect=dialect)) for index in sorted(table.indexes, key=str)
            ]
            for row in connection.execute(sa.select(table)).mappings():
                insert = sa.insert(table).values({name: plain(value) for name, value in row.items()})
                made.append(str(insert.compile(dialect=dialect, compile_kwargs={"literal_binds": True})))
    return [statement.strip() for statement in made]


def plain(value: Any) -> Any:
    """JSON as the text that it is in a statement."""
    return sa.literal(json.dumps(value, ensure_ascii=False), sa.Text()) if isinstance(value, dict) else value


def make(folder: Path, again: bool) -> list[Path]:
    """Writes what is missing, or the newest version's again; the paths that it wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    old = [folder / f"v{tables.VERSION}{ending}" for ending in (".db", ".sql", ".json")]
    export = folder / f"v{upgrade.SCHEMA}"
    with tempfile.TemporaryDirectory() as made:
        place = Path(made) / "record.db"
        ticks, origins = itertools.count(), itertools.count(1)

        def clock() -> datetime:
            return NOON + timedelta(minutes=next(ticks))

        with using(Redactor(SAMPLE_KEY)), patch("secrets.token_hex", lambda _: f"{next(origins):032x}"):
            records = Records(place, clock=clock)
            fill(records)
            state = {one.number: one.model_dump(mode="json") for one in records.incidents()}
            rows = statements(records)
            put_into(records, NUMBER, Path(made) / "export", now=NOON + timedelta(days=1))
            records.close()
        written = []
        if again or not old[0].exists():
            shutil.copyfile(place, old[0])
            old[1].write_text("".join(f"{row};\n" for row in rows))
            old[2].write_text(json.dumps(state, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
            written += old
        if again or not export.exists():
            shutil.rmtree(export, ignore_errors=True)
            shutil.copytree(Path(made) / "export", export)
            written.append(export)
    (folder / "known.json").write_text(json.dumps(known(), indent=1) + "\n")
    return [*written, folder / "known.json"]


if __name__ == "__main__":
    for path in make(FOLDER, "--again" in sys.argv[1:]):
        print(path)
