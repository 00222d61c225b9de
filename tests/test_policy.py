"""The policy file holds every row of the procedure, with the procedure's own figures, labels and commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from incident_nb import policy
from incident_nb.errors import SettingsError
from incident_nb.models import Cause, Severity
from incident_nb.policy.load import DEFAULT

COUNTS = {
    "QR": 6, "SEV-P": 4, "SEV-X": 12, "ACK": 4, "DX": 6, "RC": 6, "RES": 8, "CODE": 4, "WA": 3, "VER": 5, "DOC": 2,
    "BILL": 4, "ESC": 4, "FIN": 8,
}  # fmt: skip
ROW_IDS = {
    f"{family}{'' if family.startswith('SEV') else '-'}{number}"
    for family, count in COUNTS.items()
    for number in range(1, count + 1)
} | {"NOT-P12", "NOT-P3", "NOT-P4"}


def test_every_row_of_the_procedure_is_there_once():
    ids = [row.id for row in policy.load().rows]
    assert len(ids) == len(set(ids)) == 79
    assert set(ids) == ROW_IDS


SEVERITIES = {
    "P1": ("Critical", "Within 1 hour", "4 hours", "Immediately", 1, 4, "immediately", "calendar"),
    "P2": ("High", "Within 4 hours", "24 hours", "Same day", 4, 24, "same day", "calendar"),
    "P3": ("Medium", "Within 24 hours", "This week", "Only if client noticed", 24, "this week", "if noticed", "client"),
    "P4": ("Low", "Within 48 hours", "Scheduled", "No", 48, "scheduled", "never", "client"),
}


@pytest.mark.parametrize("name", SEVERITIES)
def test_severity_rows(name):
    row = policy.load().severity(Severity(name))
    assert row.id == f"SEV-{name}"
    assert (
        row.name,
        row.response_time,
        row.resolution_target,
        row.client_notification,
        row.respond,
        row.resolve,
        row.notify,
        row.hours,
    ) == SEVERITIES[name]


def test_definitions_and_examples_are_the_procedures():
    rules = policy.load()
    assert [row.definition for row in rules.severities] == [
        "System down, data loss risk, or client-facing service completely broken",
        "Major feature broken, workaround exists but is painful",
        "Minor issue, workaround exists, limited impact",
        "Cosmetic, no functional impact",
    ]
    assert [(row.severity, row.text) for row in rules.examples] == [
        ("P1", "All workflows stopped"),
        ("P1", "Data being written to wrong system"),
        ("P1", "Credential leak detected"),
        ("P2", "One workflow failing consistently"),
        ("P2", "OAuth token expired, no data flowing"),
        ("P2", "Missing data in output (partial failure)"),
        ("P3", "Intermittent timeout on one endpoint"),
        ("P3", "Duplicate notification sent once"),
        ("P3", "Error trigger firing for non-critical issue"),
        ("P4", "Log formatting issue"),
        ("P4", "Slow response time (still within SLA)"),
        ("P4", "Outdated comment in workflow"),
    ]


def test_time_boxes():
    assert [(row.id, row.time, row.minutes) for row in policy.load().steps] == [
        ("QR-1", "2 min", (2, 2)),
        ("QR-2", "5-30 min", (5, 30)),
        ("QR-3", "15-60 min", (15, 60)),
        ("QR-4", "5-10 min", (5, 10)),
        ("QR-5", "5 min", (5, 5)),
        ("QR-6", "10 min", (10, 10)),
    ]


def test_settings_have_the_procedures_values():
    settings = policy.load().settings
    assert settings.immediately_minutes == 30
    assert f"{settings.week_ends_on} {settings.week_ends_at:%H:%M}" == "Friday 17:00"
    assert (settings.escalate_to, settings.billing_rate) == ("Ben", "$250/hr")


@pytest.mark.parametrize(
    ("row_id", "commands"),
    [
        ("DX-2", ("curl https://the-entourage-ai--{app-name}-web-app.modal.run/health",)),
        ("RES-3", ("modal app stop {name}", "modal deploy")),
        ("RES-4", ("modal deploy",)),
        ("CODE-2", ("pytest clients/{client}/tests/ -v",)),
        ("CODE-3", ("modal deploy clients/{client}/modal_apps/{name}_modal.py",)),
    ],
)
def test_commands_are_verbatim(row_id, commands):
    assert policy.load().row(row_id).commands == commands


def test_headings_and_paths_are_verbatim():
    rules = policy.load()
    notice = rules.row("NOT-P12")
    assert notice.subject == "Resolved: {Brief Issue Description}"
    assert notice.sections == ("WHAT HAPPENED", "IMPACT", "RESOLUTION", "DATA RECOVERY", "PREVENTION")
    assert notice.optional_sections == ("DATA RECOVERY",)
    assert rules.row("DOC-1").path == "clients/{CODE}/context/operations/incident-{DATE}-{brief-desc}.md"
    assert rules.row("DOC-1").sections == ("Timeline", "Root Cause", "Resolution", "Data Impact", "Prevention")
    assert rules.row("DOC-2").path == "learnings/ops/"


def test_verification_billing_escalation_closing():
    rules = policy.load()
    assert rules.row("VER-4").runs == (3, 5)
    assert (rules.row("VER-5").minutes, rules.row("VER-5").severities) == (60, (Severity.P1,))
    assert [(row.id, row.billing, row.billable) for row in rules.billing] == [
        ("BILL-1", "Free -- does not count toward allocation", False),
        ("BILL-2", "Billable -- uses allocation or $250/hr", True),
        ("BILL-3", "Billable -- uses allocation or $250/hr", True),
    ]
    assert [row.path for row in rules.escalation] == [
        "Escalate to Ben for client communication",
        "Notify Ben immediately",
        "Notify client, monitor vendor status page",
        "Stop all workflows, notify Ben, begin security review",
    ]
    assert (rules.row("ESC-1").after_hours, rules.row("ESC-1").severities) == (4, (Severity.P1,))
    assert rules.row("FIN-4").severities == (Severity.P1, Severity.P2)
    assert [row.id for row in rules.closing if row.recurring_only] == ["FIN-7"]
    assert rules.row("ACK-3").severities == (Severity.P1, Severity.P2)


def test_every_cause_but_unknown_leads_to_a_row():
    rules = policy.load()
    assert [cause for cause in Cause if not rules.rows_for(cause)] == [Cause.UNKNOWN]


def test_a_detail_narrows_the_resolutions():
    def ids(detail):
        return [row.id for row in policy.load().rows_for(Cause.CREDENTIALS, detail)]

    assert ids("oauth_token") == ["RC-1", "RES-1"]
    assert ids("api_key") == ["RC-1", "RES-2"]
    assert ids(None) == ["RC-1", "RES-1", "RES-2"]


def test_it_is_loaded_once_and_cannot_be_changed():
    rules = policy.load()
    assert policy.load() is rules
    with pytest.raises(ValidationError):
        rules.settings.escalate_to = "somebody else"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = DEFAULT.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_settings_reach_the_rows_that_name_them(tmp_path):
    rules = policy.load(edited(tmp_path, 'escalate_to = "Ben"', 'escalate_to = "the duty manager"'))
    assert rules.row("ESC-2").path == "Notify the duty manager immediately"
    assert rules.row("CODE-2").commands == ("pytest clients/{client}/tests/ -v",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("immediately_minutes = 30", "immediately_minutes = 0", "settings immediately_minutes"),
        ("immediately_minutes = 30", "immediatly_minutes = 30", "settings immediatly_minutes"),
        ('notify = "same day"', 'notify = "some day"', "severities row 2 notify"),
        ('id = "QR-2"', 'id = "QR-1"', "more than once: QR-1"),
        ('severity = "P4"\nname', 'severity = "P3"\nname', "exactly one row for each"),
        ('causes = ["timeout"]', 'causes = ["slowness"]', "root_causes row 2 causes"),
        ("[settings]", "[settings", "not valid TOML"),
        ("[settings]", "[sittings]", "settings: Field required"),
    ],
)
def test_a_broken_file_is_explained(tmp_path, old, new, says):
    path = edited(tmp_path, old, new)
    with pytest.raises(SettingsError) as caught:
        policy.load(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_explained(tmp_path):
    with pytest.raises(SettingsError, match="could not be read"):
        policy.load(tmp_path / "none.toml")
