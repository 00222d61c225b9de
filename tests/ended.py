"""An incident carried to its end, and a report of it: relapse, retries, workflows stopped and put back, missed clocks."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output

from incident_nb.case import Case
from incident_nb.desk.folder import keep_record
from incident_nb.desk.paper import write_paper
from incident_nb.incidents import Event, fold
from incident_nb.models import Outcome, Probed
from incident_nb.outputs import harmless
from incident_nb.probes.target import seen
from incident_nb.report import Exported, export
from incident_nb.resources import notebooks
from incident_nb.settings import Settings
from tests.builders import HOUR, START, flow, log_of, runs
from tests.incidents import BEN, Happened, events_of

ONSET = START + 20 * HOUR
DETECTED = ONSET + timedelta(minutes=22)
CHANGE = "“Call”: parameter url from “https://api.shop.example/v1/orders” to “https://api.shop.example/v2/orders”"


def minutes(at: datetime) -> float:
    """From the detection to an instant."""
    return (at - DETECTED) / timedelta(minutes=1)


def history(text: Callable[[str], str] = str) -> list[Happened]:
    """What happened to it, in minutes after the detection; `text` makes each text that a person or a service wrote."""
    prevented = {"text": text("Ask for the new version of the API in staging first"), "owner": text("Kim")}
    return [
        ("diagnosed", 6, {"headline": text("“Call” is refused since the URL changed"), "cause": "external_api_changed",
                          "confidence": 0.71, "subject": {"workflow_id": "wf1", "instance": "default"}}),
        ("acknowledged", 9), ("severity_chosen", 9, {"severity": "P1", "reason": text("the shop is closed")}),
        ("occurred", 38, {"execution_id": "22"}), ("occurred", 98, {"execution_id": "23"}),
        ("stopping", 40, {"instance": "default", "scope": text("its workflow"),
                          "workflows": [{"workflow_id": "wf1", "workflow": text("[ACME] Flow 1"), "version": "v7"}]}),
        ("stopped", 41, {"instance": "default", "workflows": ["wf1"]}),
        ("cause_accepted", 55, {"cause": "credentials", "detail": "api_key", "reason": text("it wants another key")}),
        ("notified", 62, {"notice": "holding", "subject": text("We are working on your orders"), "by": BEN}),
        ("worked_around", 64, {"what": text("the old URL for now"), "due": "2026-03-04T10:00:00Z"}),
        ("fixed", 80, {"what": text("a key for the new version")}),
        ("restored", 84, {"instance": "default", "workflows": ["wf1"]}),
        ("run_watched", 98, {"execution_id": "23", "good": False, "text": text("failed again at “Call”")}),
        ("escalated", 250, {"row": "ESC-1", "to": "Ben"}),
        ("fixed", 262, {"what": text("the key in production, too")}),
        *(("run_watched", 278 + 60 * n, {"execution_id": f"{26 + n}", "good": True}) for n in range(3)),
        ("harmed", 410, {"instance": "default", "since": ONSET.isoformat(), "failed": 6, "green": 1,
                         "workflows": [text("[ACME] Flow 1")], "items": {"orders": 41, "customers": 12},
                         "wrote": {text("Store"): 2}, "unseen": 1}),
        *(("retrying", 415 + n, {"instance": "default", "execution_id": f"{21 + n}", "workflow": text("[ACME] Flow 1")})
          for n in range(4)),
        *(("retried", 416 + n, {"instance": "default", "execution_id": f"{21 + n}", "retry_id": f"{90 + n}",
                                "state": "failed" if n == 3 else "well", "text": text("401 at Call") if n == 3 else ""})
          for n in range(4)),
        ("resolved", 420, {"text": text("three good runs"), "open_items": {"VER-3": text("the shop has no staging")}}),
        ("reopened", 1500, {"reason": text("one endpoint still has the old key")}),
        ("acknowledged", 1504), ("cause_accepted", 1510, {"cause": "credentials", "detail": "api_key"}),
        ("fixed", 1530, {"what": text("the key at the last endpoint")}),
        *(("run_watched", 1538 + 60 * n, {"execution_id": f"{47 + n}", "good": True}) for n in range(4)),
        ("resolved", 1725, {"text": text("four good runs"), "open_items": {}}),
        ("notified", 1730, {"notice": "notice", "subject": text("Resolved: orders were not fetched"), "by": BEN}),
        ("prevention", 1740, {**prevented, "due": "2026-04-01T00:00:00Z"}),
        ("prevention", 1741, {"text": text("Watch for keys that expire")}),
        ("billing_classified", 1745, {"row": "BILL-2", "hours": 3.5, "reason": text("their API")}),
        ("documented", 1750, {"path": text("clients/ACME/context/operations/incident-2026-03-03-orders.md")}),
        ("closed", 1760, {"text": text("done"), "open_items": {"FIN-7": text("it is the first of its kind")}}),
    ]  # fmt: skip


def events(text: Callable[[str], str] = str, upto: float | None = None) -> tuple[Event, ...]:
    """The record of it, as far as it went `upto` minutes after the detection."""
    happened = [one for one in history(text) if upto is None or one[1] <= upto]
    opened = {"client": "ACME", "source": "slack", "title": text("Orders are not fetched")}
    return events_of(*happened, severity="P2", detected=DETECTED, number=7, **opened)


def case(text: Callable[[str], str] = str, upto: float | None = None) -> Case:
    """Its executions, and what a live check answered."""
    pattern = "." * 20 + "XXXXX" + "." * 20 + "XX" + "." * 6
    of = flow(1, f"[ACME] {text('Flow 1')}")
    until = None if upto is None else int((minutes(START) * -1 + upto) / 60) + 1
    log = log_of(*runs(pattern[:until], of))
    now = DETECTED + timedelta(minutes=1800 if upto is None else upto)
    placed = ONSET - timedelta(minutes=14)
    what = (
        f"14 minutes before the first failure ({placed:%Y-%m-%d %H:%M} UTC): the workflow was saved, and in it {CHANGE}"
    )
    answer = Probed(
        outcome=Outcome.FOUND, summary=text("the workflow was saved"), asked=text("the versions of the workflow"),
        probe="changes", check="DX-5", at=now, took_s=0.4, evidence=(seen(f"{what}.", at=placed),),
    )  # fmt: skip
    return Case(
        log,
        now,
        Settings(),
        workflow="wf1",
        incident="INC-7",
        unattended=True,
        offline=True,
        answers=(answer,),
        not_asked=None,
    )


def write(out: Path, text: Callable[[str], str] = str, upto: float | None = None, *, record: bool = True) -> Path:
    """The report's folder."""
    made = case(text, upto)
    made = made if record else replace(made, incident=None)
    write_paper(made, out, record=events(text, upto) if record else (), client_copy=True)
    return out


def shown(out: Path, made: Case, record: tuple[Event, ...] = ()) -> Exported:
    """The report of a case as the notebook's cells make it, run here and not in a kernel, which takes longer."""
    saved = made.save(out / "case")
    keep_record(saved, record) if record else None
    names: dict[str, Any] = {"case": str(saved.folder)}
    notebook = nbformat.read(notebooks() / "incident.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            if "parameters" not in cell.metadata.get("tags", ()):
                cell.outputs = [_result(cell.source, names)]
    harmless(notebook)
    nbformat.write(notebook, out / "investigation.ipynb")
    incident = fold(record) if record else None
    title = f"{incident.id}: {incident.title}" if incident else "Incident: Flow 1"
    return export(out / "investigation.ipynb", out, title=title, generated_at=made.now)


def _result(source: str, names: dict[str, Any]) -> Any:
    """The output of a cell: its last line's value, as it shows itself."""
    *before, last = ast.parse(source).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    bundle = eval(compile(ast.Expression(last.value), "cell", "eval"), names)._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return new_output("execute_result", data=data, metadata=metadata)
