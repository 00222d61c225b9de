"""What the patterns notebook shows: each view with rows, with none, and where nobody could look; its charts' data."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from incident_nb import cli
from incident_nb.case import Case, sample_case
from incident_nb.desk.folder import keep_record
from incident_nb.diagnose import survey
from incident_nb.notebook import run_notebook
from incident_nb.patterns.busiest import busiest
from incident_nb.patterns.versions import versions
from incident_nb.resources import notebooks
from incident_nb.settings import Client, Settings
from incident_nb.ui import fleet
from tests.builders import HOUR, NOW, START, call, error, flow, log_of, page, run, runs
from tests.fleets import HOSTILE, whole, with_versions
from tests.incidents import events_of

# view -> words where something was found, and where nothing was
TABLES = {
    "rates": ("rising", "None of"), "silent": ("29 missed", "No workflow stopped"),
    "slow": ("bit by bit", "Nothing takes longer"),
    "false_green": ("no items", "No success looks like none"), "shared": ("Google Sheets", "No credential, host"),
}  # fmt: skip
VIEWS = (*TABLES, "glance", "problems", "new", "gone", "busiest")
CHARTS = ("onsets", "causes", "groups", "rate_chart", "heat")
RULES = Settings(clients={"ACME": Client(name_prefix=("[ACME]",)), "BAY": Client(name_prefix=("[BAY]",))})


@pytest.fixture(scope="module")
def sample() -> Any:
    case = replace(sample_case(), unattended=True)
    return fleet(case, whole(survey(case)))


def of(*executions: Any, **more: Any) -> Any:
    """The fleet of these executions, of which nothing but the problems was worked out."""
    case = Case(log_of(*executions, settings=RULES), NOW, RULES, unattended=True, **more)
    return fleet(case, survey(case))


def told(shown: Any, name: str) -> str:
    """A view as plain words."""
    return str(getattr(shown, name)().view().markdown).replace("\\", "").replace("\u00a0", " ")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


LOGS = {
    "failing": [*runs("....XXX", flow(1, "[ACME] One")), *runs("X..", flow(2, "[BAY] Two"), first=11)],
    "healthy": runs("..."),
    "empty": [],
    "failures only": runs("XX"),
    "without times or words": [
        {**each, "startedAt": None, "stoppedAt": None, "data": None, "workflowData": None} for each in runs("XX")
    ],
    "hostile": [run(1, wrong=error(401, HOSTILE, HOSTILE), of=flow(1, f"[ACME] {HOSTILE}", call(HOSTILE)))],
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
def test_every_view_of_every_log(log: list[Any]) -> None:
    shown = of(*log)
    for name in VIEWS:
        view = getattr(shown, name)().view()
        assert Tags(view.html).open == [], name
        for text in (view.html, view.markdown):
            assert text.strip(), name
            assert not re.search(r"\b(None(?! of)|nan|NaT|Undefined)\b|[{}]{2}|\{%", text), (name, text)
    for name in CHARTS:
        assert getattr(shown, name)().view().framed


def test_what_comes_from_outside_is_no_markup() -> None:
    shown = of(*LOGS["hostile"])
    case = shown.case
    full = fleet(case, whole(survey(case), HOSTILE))
    for name in VIEWS:
        view = getattr(full, name)().view()
        assert "img" not in Tags(view.html).seen, name
        assert not re.search(r"(?<!\\)(<img|\]\(http|\*\*bold)", view.markdown), name


def test_rows_of_a_markdown_table_have_its_columns(sample: Any) -> None:
    for name in VIEWS:
        lines = getattr(sample, name)().view().markdown.splitlines()
        for head in (n for n, line in enumerate(lines) if line.startswith("| ---")):
            rows = [line for line in lines[head:] if line.startswith("|")]
            assert len(rows) > 1
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in (lines[head - 1], *rows)}) == 1, name


@pytest.mark.parametrize(("name", "words"), TABLES.items())
def test_what_was_found_and_that_nothing_was(sample: Any, name: str, words: tuple[str, str]) -> None:
    found, nothing = words
    assert found in told(sample, name)
    empty = replace(sample.whole, **{name: getattr(sample.whole, name).iloc[:0]})
    assert told(fleet(sample.case, empty), name).startswith(nothing)


@pytest.mark.parametrize("name", ["rates", "silent", "false_green", "slow"])
def test_an_export_of_failures_can_say_nothing_of_what_goes_well(name: str) -> None:
    shown = of(*runs("XX"))
    full = whole(shown.whole)
    assert "holds failures only" in told(fleet(shown.case, replace(full, **{name: getattr(full, name).iloc[:0]})), name)
    assert "not known; the source holds failures only" in told(shown, "glance")


def test_the_first_screen_says_it_in_a_sentence(sample: Any) -> None:
    text = told(sample, "glance")
    assert text.startswith(
        "**55 problems: 13 are not over, 6 are new in the last 24 hours; without an error: 3 silent, 5 falsely green, 2 slower.**"
    )
    for words in (
        "All that was read: 114 of 692 executions of 39 workflows failed, 2026-11-07 00:35 UTC to 2026-11-14 08:00 UTC",
        "[BRXT] Appointment reminders (SMS) › Get tomorrow's visits: credentials, since Thu 12 Nov 08:00, 3 ×",
        "What failures share:** Google Sheets – Northbeam shared; credential: 6 of 6 runs with it failed since Thu 12 Nov 08:00",
        "in ALDER, BRXT, EVRG",
        "2026-11-14 08:00 UTC; ",
    ):
        assert words in text, words
    pruned = replace(sample.whole, window=sample.whole.window.model_copy(update={"pruned_before": START}))
    assert "those executions were pruned or not read: what began earlier looks new" in told(
        fleet(sample.case, pruned), "glance"
    )


def test_a_healthy_source_is_told_as_one() -> None:
    assert told(of(*runs("...")), "glance").startswith("**Nothing failed.**")
    assert told(of(*runs("...")), "problems").strip() == "Nothing failed in 3 executions of 1 workflow."


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, "Not looked for: what is new can't be told: what was read is complete for 1 d"),
        (5, "New since 2026-03-06 08:00 UTC: 1."),
        (20, "New since 2026-03-15 08:00 UTC: 1."),
    ],
)
def test_what_is_new_is_told_where_enough_was_read(days: int, expected: str) -> None:
    good = runs("." * (days * 24 + 1), flow(1, "[ACME] One"), every=HOUR)
    old = runs(
        "XX.", flow(2, "[ACME] Old"), first=9000, start=START + timedelta(days=days - 1.5 if days < 14 else days - 9)
    )
    late = runs("X", flow(3, "[ACME] Late"), first=9100, start=START + timedelta(days=days) - 2 * HOUR)
    case = Case(log_of(*good, *old, *late, settings=RULES), NOW + timedelta(days=30), RULES, unattended=True)
    shown = fleet(case, survey(case))
    text = told(shown, "new")
    assert text.startswith(expected)
    assert ("[ACME] Late" in text) is (days > 1) and "[ACME] Old" not in text, text
    assert ("[ACME] Old" in told(shown, "gone")) is (days > 1)
    assert ("can't be told" in text) is (days < 14)


def test_nothing_of_another_client_is_named_where_the_case_is_of_one() -> None:
    case = replace(sample_case(), unattended=True)
    everything = whole(survey(case))
    mine = replace(case, client="ALDER")
    own = replace(survey(mine), shared=everything.shared)
    text = told(fleet(mine, own), "shared") + told(fleet(mine, own), "glance")
    assert "Google Sheets – Northbeam shared" in text and "[ALDER] Listings sync" in text and "other client" in text
    for name in ("BRXT", "EVRG", "CMPS", "6 of 6 runs with it failed since then"):
        assert name not in text, name
    named = own.shared.assign(factor="client", label="BRXT") if own.shared is not None else None
    text = told(fleet(mine, replace(own, shared=named)), "shared")
    assert "the same client" in text and "BRXT" not in text
    assert "BRXT" in told(fleet(case, everything), "shared")


def test_who_fails_runs_and_takes_most() -> None:
    log = log_of(
        *runs("XXX.", flow(1, "[ACME] Fails")), *runs("." * 9, flow(2, "[ACME] Runs"), first=11),
        *runs("..", flow(3, "[ACME] Takes"), first=31, took=900.0), settings=RULES,
    )  # fmt: skip
    rows = busiest(log.executions).set_index("workflow")
    assert rows["runs"].to_dict() == {"[ACME] Fails": 4, "[ACME] Runs": 9, "[ACME] Takes": 2}
    assert rows["failed"].to_dict() == {"[ACME] Fails": 3, "[ACME] Runs": 0, "[ACME] Takes": 0}
    assert rows["seconds"].to_dict() == {"[ACME] Fails": 8, "[ACME] Runs": 18, "[ACME] Takes": 1800}
    assert rows["share"].sum() == pytest.approx(1)
    text = told(of(*runs("XXX.", flow(1, "[ACME] Fails"))), "busiest")
    assert "1 workflow: 4 runs that are over, 3 of them failed." in text and "3 (100% of all)" in text


def test_a_new_version_is_one_that_runs_on_its_own() -> None:
    old, new = flow(1), flow(1, None, call(path="/v2/orders"))
    log = log_of(
        *runs("..", old), run(5, START + 3 * HOUR, of=flow(1, None, call(path="/tried")), mode="manual"),
        *runs("..", new, first=11, start=START + 5 * HOUR), *runs(".", old, first=21, start=START + 9 * HOUR),
    )  # fmt: skip
    rows = versions(log.executions)
    assert rows["at"].tolist() == [START + 5 * HOUR] and rows["workflow_id"].tolist() == ["wf1"]


# Charts


def test_the_heat_map_counts_runs_by_weekday_and_hour(sample: Any) -> None:
    data = sample.heat().view().chart.data
    runs_ = sample.found.log.executions
    own = runs_[
        ~runs_["mode"].isin(["manual", "error", "integrated"]) & runs_["status"].isin(["success", "error", "crashed"])
    ]
    assert len(data) == 168 and data["runs"].sum() == len(own)
    monday = data[(data["weekday"] == 0) & (data["hour"] == 10)].iloc[0]
    mine = own[(own["at"].dt.day_of_week == 0) & (own["at"].dt.hour == 10)]
    assert (monday["runs"], monday["failed"]) == (len(mine), (mine["status"] != "success").sum()) and monday[
        "failed"
    ] > 5
    assert data.loc[data["runs"] == 0, "share"].isna().all()


def test_the_heat_map_is_in_the_clients_time() -> None:
    rules = Settings(clients={"ACME": Client(name_prefix=("[ACME]",), time_zone="Asia/Kolkata")})
    log = log_of(run(1, START + 15 * HOUR, error(401), flow(1, "[ACME] Late")), settings=rules)  # Monday, 23:00 UTC
    case = Case(log, NOW, rules, unattended=True)
    chart = fleet(case, survey(case)).heat().view().chart
    assert chart.data[chart.data["failed"] > 0][["weekday", "hour"]].values.tolist() == [[1, 4]]
    assert "(Asia/Kolkata)" in chart.alt and "Tuesday 04:00, 1 of 1" in chart.alt
    assert "Asia/Kolkata" in chart.figure.axes[0].get_xlabel()


def test_one_failure_of_one_run_is_paler_than_nine_of_ten() -> None:
    from incident_nb.plots.heatmap import at_least

    one, nine, none, good = at_least(pd.Series([1, 9, 0, 0]).to_numpy(), pd.Series([1, 10, 0, 10]).to_numpy())
    assert 0 < one < nine < 0.9 and none == good == 0


def test_the_timeline_has_onsets_with_their_intervals_and_changes(sample: Any) -> None:
    changed = fleet(sample.case, with_versions(sample.whole))
    chart = changed.onsets().view().chart
    of = chart.data[chart.data["kind"] == "problem"]
    groups = sample.found.groups
    top = groups.sort_values(["count", "last_seen"], ascending=False, kind="stable").head(14)
    assert sorted(of["at"]) == sorted(row.at for row in top["onset"]) and of["at"].is_monotonic_increasing
    missing = sum(row.not_before is None for row in top["onset"])
    assert of["not_before"].isna().sum() == missing > 0
    assert (of["not_after"] >= of["at"]).all() and (of["last_seen"] >= of["at"]).all()
    new = chart.data[chart.data["kind"] == "version"]
    expected = versions(changed.found.log.executions)
    assert len(new) >= 2 and set(new["at"]) <= set(expected["at"])
    assert f"{len(new)} changes beside them" in chart.alt and "not drawn" in chart.alt
    assert sample.onsets().view().chart.alt.endswith("0 changes beside them.")


def test_what_the_record_says_was_done_is_in_the_timeline(tmp_path: Path) -> None:
    case = Case(log_of(*runs("..XX", flow(1, "[ACME] One")), settings=RULES), NOW, RULES, unattended=True).save(
        tmp_path / "case"
    )
    fixed = ("fixed", 60, {"what": "a new key"})
    keep_record(
        case, events_of(fixed, detected=START + 2 * HOUR, subject={"instance": "default", "workflow_id": "wf1"})
    )
    data = fleet(case, survey(case)).onsets().view().chart.data
    assert data.loc[data["kind"] == "record", ["label", "at"]].values.tolist() == [["INC-42: fix", START + 3 * HOUR]]


def test_rates_are_plotted_with_intervals_and_the_time_before(sample: Any) -> None:
    chart = sample.rate_chart().view().chart
    table = sample.found.rates
    assert set(chart.data["workflow"]) == set(table.loc[table["failed"] > 0, "workflow"])
    assert chart.data["rate_low"].is_monotonic_decreasing and chart.data["before_rate"].isna().any()
    assert "rising" in chart.alt
    quiet = fleet(sample.case, replace(sample.whole, rates=table.assign(failed=0)))
    assert "no workflow failed; 6 ran" in quiet.rate_chart().view().chart.alt


def test_the_few_that_make_up_most_are_told(sample: Any) -> None:
    chart = sample.causes().view().chart
    assert chart.data["count"].sum() == sample.found.groups["count"].sum()
    assert chart.data["together"].iloc[-1] == pytest.approx(1) and chart.data["together"].is_monotonic_increasing
    assert "The first 6 causes of 11 make up 80%." in chart.alt
    assert "The first 32 groups of 55 make up 80%." in sample.groups().view().chart.alt


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_the_same_picture_every_time(sample: Any, name: str) -> None:
    first, second = (getattr(sample, name)()._repr_mimebundle_()[0]["image/png"] for _ in range(2))
    assert first == second and base64.b64decode(first).startswith(b"\x89PNG")


# The notebook


def test_the_committed_notebook_keeps_the_rules() -> None:
    cells = nbformat.read(notebooks() / "error_patterns.ipynb", as_version=4).cells  # type: ignore[no-untyped-call]
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code[0].source == 'case: str = "sample"  # a case folder, or "sample"' and code[0].metadata.tags == [
        "parameters"
    ]
    for cell in code:
        assert len(cell.source.splitlines()) <= 6 and not re.search(r"\b(def|lambda|class)\b|<\w+", cell.source)
    assert {line for cell in code for line in cell.source.splitlines() if "import" in line} == {
        "from incident_nb import open_case, survey", "from incident_nb.ui import fleet",
    }  # fmt: skip
    ui = [cell.cell_type for cell in cells if "ui" in cell.metadata.get("tags", [])]
    assert ui == ["markdown", "code"]


def test_the_notebook_on_another_log(tmp_path: Path) -> None:
    executions = [*runs("....XXX", flow(1, "[ACME] One")), *runs("X..", flow(2, "[BAY] Two"), first=11)]
    Case(log_of(*executions, settings=RULES), NOW, RULES, unattended=True).save(tmp_path / "case")
    ran = run_notebook(notebooks() / "error_patterns.ipynb", tmp_path / "run.ipynb", {"case": "case"}, cwd=tmp_path)
    assert ran.outcome == "done", ran.error
    cells = nbformat.read(ran.output, as_version=4).cells  # type: ignore[no-untyped-call]
    outputs = {cell.source: cell.outputs[0].data for cell in cells if cell.get("outputs")}
    glance = outputs["shown.glance()"]["text/plain"].replace("\\", "")
    assert glance.startswith("**2 problems: 1 is not over")
    assert "4 of 10 executions of 2 workflows failed, 2026-03-02 08:00 UTC to 2026-03-02 14:00 UTC" in glance
    assert "[ACME] One › Call: credentials, since Mon 02 Mar 12:00, 3 ×" in glance.replace("\u00a0", " ")
    assert "widget" not in str([list(data) for data in outputs.values()])
    assert "Monday 12:00, 1 of 1" in outputs["shown.heat()"]["text/plain"]


def test_the_report_of_one_client(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(
        page([*runs("....XXX", flow(1, "[ACME] One")), *runs("X..", flow(2, "[BAY] Two"), first=11)])
    )
    rules = '[clients.ACME]\nname_prefix = ["[ACME]"]\n[clients.BAY]\nname_prefix = ["[BAY]"]\n'
    (tmp_path / "incident-nb.toml").write_text(rules)
    with pytest.raises(SystemExit) as ended:
        cli.main([
            "patterns", str(tmp_path / "export.json"), "--client", "ACME", "--html", str(tmp_path / "p.html"),
            "--config", str(tmp_path / "incident-nb.toml"),
        ])  # fmt: skip
    assert not ended.value.code
    text = (tmp_path / "p.html").read_text()
    assert "<title>Error patterns: ACME</title>" in text and "Only client ACME" in text and "[ACME] One" in text
    assert "BAY" not in text and "What is looked at?" not in text and str(tmp_path) not in text
