"""A review's folder: kept whole, made again from itself, and by the command; nobody else's incidents are in it."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from incident_nb import cli
from incident_nb.errors import OutputError, UsageError
from incident_nb.incidents import Records, fold
from incident_nb.incidents.store import FILE
from incident_nb.resources import notebooks, sample
from incident_nb.review import chosen_period, open_review
from incident_nb.review import paper as papers
from incident_nb.review.client import client_review
from incident_nb.review.client import page as client_page
from incident_nb.review.gather import NO_SOURCE, folder_of, gather, read_runs
from incident_nb.review.kept import ABOUT, SAMPLE_INCIDENTS, Material, material, open_material, sample_material
from incident_nb.review.paper import check_folder, is_made, write_review
from incident_nb.settings import Client, NotebookLimits, Settings
from tests import make_incidents
from tests.builders import NOW, START, flow, log_of, page, runs
from tests.incidents import events_of, incident_of
from tests.test_cli_incidents import Ran
from tests.test_review import BACK, FIXED, UNDER, raised, shared_one

SETTINGS = Settings(
    clients={"BAY": Client(name="Bay Foods", time_zone="Europe/Berlin"), "GLOBEX": Client(name="Globex Corporation")},
    notebooks=NotebookLimits(total_s=300),
)
PERIOD = chosen_period(START, datetime(2026, 11, 27, tzinfo=UTC), "Europe/Berlin")
AFTER = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own redaction key and settings folder are neither used nor made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def ours(*, log: bool = True, settings: Settings = SETTINGS) -> Material:
    """Two clients' incidents and runs, and what covers both."""
    known = (
        incident_of(UNDER, *FIXED, severity="P2", subject={"workflow": "[BAY] Orders"}), shared_one(),
        incident_of(*FIXED, number=7, client="GLOBEX", severity="P1", title="Globex is down"),
    )  # fmt: skip
    read = log_of(
        *runs("..XX", flow(1, "[BAY] Orders")), *runs("XX", flow(2, "[GLOBEX] Own"), first=50), settings=settings
    )
    return material(known, read if log else None, settings, "BAY", PERIOD, AFTER, no_runs="nobody answered")


# What is kept


@pytest.mark.parametrize("log", [True, False])
def test_what_was_kept_makes_the_same_review(tmp_path: Path, log: bool) -> None:
    made = ours(log=log)
    made.save(tmp_path / "case")
    assert open_material(str(tmp_path / "case")).review() == made.review() == open_review(str(tmp_path / "case"))
    found = made.review()
    assert (found.runs is not None) is log and found.no_runs == ("" if log else "nobody answered")


def test_what_was_kept_judges_earlier_rounds_as_they_were(tmp_path: Path) -> None:
    happened = raised(("acknowledged", 5 * 60), ("resolved", 20 * 60))
    events = {
        1: events_of(*happened, severity="P3", number=1, subject={"workflow": "[BAY] Orders"}),
        2: events_of(
            *happened, severity="P3", number=2, title="GLOBEX and BAY", subject={"shared": "host:a", "workflow": "[GLOBEX] B"}
        ),
    }  # fmt: skip
    now = datetime(2026, 12, 1, tzinfo=UTC)
    made = material(map(fold, events.values()), None, SETTINGS, "BAY", PERIOD, now, events=events.__getitem__)
    made.save(tmp_path / "case")
    kept = open_material(str(tmp_path / "case"))
    assert kept.review() == made.review()
    assert [line.clocks["resolve"] for line in kept.review().lines] == ["met", "met"]
    late = {number: events_of(("resolved", 200 * 60), *raised(), severity="P3", number=number) for number in events}
    missed = material(map(fold, late.values()), None, SETTINGS, "BAY", PERIOD, now, events=late.__getitem__)
    assert [line.clocks["respond"] for line in missed.review().lines] == ["missed", "missed"]
    text = (tmp_path / "case" / "rounds.jsonl").read_text(encoding="utf-8")
    assert "GLOBEX" not in text and "Orders" in text


def test_a_text_with_ends_of_lines_of_its_own_is_kept(tmp_path: Path) -> None:
    title = "one\u2028two\x85three\x0bfour\x1cfive"
    made = material([incident_of(*FIXED, severity="P2", title=title)], None, SETTINGS, "BAY", PERIOD, AFTER)
    made.save(tmp_path / "case")
    assert open_material(str(tmp_path / "case")).incidents == made.incidents and made.incidents[0].title == title


def test_only_what_concerns_the_client_is_kept(tmp_path: Path) -> None:
    ours().save(tmp_path / "case")
    for name in ("incidents.jsonl", "executions.parquet", "failures.parquet", "snapshots.json"):
        assert b"globex" not in (tmp_path / "case" / name).read_bytes().lower(), name
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "case").iterdir())


def test_of_one_over_several_clients_no_more_is_kept_than_how_it_went(tmp_path: Path) -> None:
    known = (incident_of(UNDER, *FIXED, severity="P2"), shared_one(client="BAY"))
    made = material(known, None, SETTINGS, "BAY", PERIOD, AFTER)
    made.save(tmp_path / "case")
    assert b"globex" not in (tmp_path / "case" / "incidents.jsonl").read_bytes().lower()
    assert [line.clocks["resolve"] for line in made.review().lines] == ["met", "met"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (ABOUT, None, "is no review's: review.json is missing"),
        ("incidents.jsonl", None, "incidents.jsonl is missing"),
        ("rounds.jsonl", None, "rounds.jsonl is missing"),
        (ABOUT, "{", "cannot be read"),
        (ABOUT, '{"schema": 99}', "its form is 99"),
        (ABOUT, "[]", "cannot be read"),
        ("incidents.jsonl", '{"number": "x"}\n', "cannot be read"),
    ],
)
def test_a_damaged_one_is_refused_in_words(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    ours().save(tmp_path / "case")
    (tmp_path / "case" / name).unlink()
    if content is not None:
        (tmp_path / "case" / name).write_text(content)
    with pytest.raises(UsageError, match=re.escape(says)):
        open_review(str(tmp_path / "case"))


def test_the_bundled_incidents_are_those_that_the_script_makes() -> None:
    assert (sample() / SAMPLE_INCIDENTS).read_text(encoding="utf-8") == make_incidents.lines()


def test_servers_that_do_not_answer_leave_a_review_without_runs() -> None:
    incident = incident_of(*FIXED, severity="P2")
    assert gather([incident], SETTINGS, "BAY", PERIOD, AFTER, read_runs(SETTINGS, AFTER)).no_runs == NO_SOURCE
    server = Settings(n8n={"main": {"url": "http://127.0.0.1:9"}}, clients=SETTINGS.clients)  # type: ignore[dict-item]
    assert "main" in gather([incident], server, "BAY", PERIOD, AFTER, read_runs(server, AFTER)).no_runs
    with pytest.raises(UsageError, match=r"no client 'NOBODY'.* BAY, GLOBEX"):
        gather([incident], SETTINGS, "NOBODY", PERIOD, AFTER, (None, ""))


@pytest.mark.parametrize("code", ["..", "a/b", "", "Ä", "x" * 200, "../../etc"])
def test_an_odd_code_names_no_other_folder(tmp_path: Path, code: str) -> None:
    place = folder_of(Settings(path=tmp_path / "incident-nb.toml"), code, PERIOD)
    assert place.parent.parent == tmp_path / "reviews" and re.fullmatch(r"client-\w{10}", place.parent.name)


# The folder


def test_the_notebook_and_both_copies_of_another_data_set(tmp_path: Path) -> None:
    found, run = write_review(ours(), tmp_path / "out", whole=True)
    assert (run.outcome, run.error) == ("done", None)
    out = tmp_path / "out"
    files = {path.name for path in out.iterdir()}
    assert files == {"case", "client.html", "client.md", "review.html", "review.ipynb", "review.md", "review_files"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in out.rglob("*") if path.is_file())
    for name in files - {"case", "review_files"}:
        text = (out / name).read_text(encoding="utf-8").lower()
        assert "globex" not in text and str(tmp_path) not in text, name
        assert len(text) < 500_000
    told = (out / "review.md").read_text(encoding="utf-8")
    assert "Bay Foods" in told and "INC-42" in told and "2 of 4" in told and "part of a wider problem (INC-50)" in told
    assert found.lines[0].id == "INC-42" and is_made(out)
    html = (out / "review.html").read_text(encoding="utf-8")
    assert html.count("<img ") == 3 and html.count('alt="') == 3 and "<script" not in html
    assert [heading for heading in re.findall(r"<h2[^>]*>([^<]+)", html)] == [
        "Incidents", "Deadlines", "Runs", "Friday report", "What came again", "Hours",
    ]  # fmt: skip


def test_a_report_without_runs_and_incidents_has_no_empty_picture(tmp_path: Path) -> None:
    write_review(
        material((), None, SETTINGS, "BAY", PERIOD, AFTER, no_runs="nobody answered"), tmp_path / "out", whole=True
    )
    html, told = ((tmp_path / "out" / f"review.{form}").read_text(encoding="utf-8") for form in ("html", "md"))
    assert "<img " not in html and "![" not in told
    for text in (html, told):
        assert "Share of runs that failed: no runs were counted." in text and "nobody answered" in text


def test_the_committed_notebook_says_what_is_for_the_house_only() -> None:
    cells = nbformat.read(notebooks() / "client_review.ipynb", as_version=4).cells  # type: ignore[no-untyped-call]
    internal = {cell.source for cell in cells if "internal" in cell.metadata.get("tags", [])}
    assert internal == {f"review.{name}(found)" for name in ("incidents", "recurring", "hours")}


def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook whose last cell fails, in place of ours."""
    notebook = nbformat.read(notebooks() / "client_review.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells = [*notebook.cells[:4], nbformat.v4.new_code_cell("1 / 0")]  # type: ignore[no-untyped-call]
    (tmp_path / "books").mkdir()
    nbformat.write(notebook, tmp_path / "books" / "client_review.ipynb")  # type: ignore[no-untyped-call]
    monkeypatch.setattr(papers, "notebooks", lambda: tmp_path / "books")


def test_a_run_that_breaks_says_so_or_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, tmp_path)
    with pytest.raises(OutputError, match="division by zero"):
        write_review(ours(), tmp_path / "out", whole=True)
    assert not (tmp_path / "out").exists()
    _, run = write_review(ours(), tmp_path / "out")
    assert run.outcome == "failed" and "Incomplete report" in (tmp_path / "out" / "review.md").read_text()
    assert "Bay Foods" in (tmp_path / "out" / "client.md").read_text()  # it is made of the figures


def test_no_client_is_told_of_a_p4(tmp_path: Path) -> None:
    low = incident_of(*FIXED, severity="P4", number=9, subject={"workflow": "[BAY] Labels"})
    write_review(material((low,), None, SETTINGS, "BAY", PERIOD, AFTER, no_runs="nobody answered"), tmp_path / "out")
    assert "Labels" in (tmp_path / "out" / "review.md").read_text()
    copy = (tmp_path / "out" / "client.md").read_text()
    assert "Labels" not in copy and "Low" not in copy and "We know of no incident in this period." in copy


def test_no_client_is_told_of_a_p4_that_came_back() -> None:
    low = incident_of(*FIXED, *BACK, severity="P4", number=9, subject={"workflow": "[BAY] Labels"})
    period = chosen_period(datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), "Europe/Berlin")
    made = material((low,), None, SETTINGS, "BAY", period, datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert [one.id for one in made.review().relapses] == ["INC-9"]
    copy = client_page(client_review(made.review(told=True), made.others), "md")
    assert "Labels" not in copy and "We know of no incident in this period." in copy


def test_no_other_folder_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other things"):
        check_folder(tmp_path)
    with pytest.raises(OutputError, match="is no folder"):
        check_folder(tmp_path / "own.txt")
    check_folder(tmp_path / "new")
    ours().save(tmp_path / "made" / "case")
    check_folder(tmp_path / "made")


# The command


@pytest.fixture
def ran(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ran:
    """A workspace with an incident of each of two clients, of Monday 23 November 2026; today is the Friday after."""
    command = Ran(tmp_path / "ws", capsys)
    command("init", str(tmp_path / "ws"))
    monkeypatch.chdir(tmp_path / "ws")
    (tmp_path / "ws" / "incident-nb.toml").write_text(
        '[clients.BAY]\nname = "Bay Foods"\ntime_zone = "Europe/Berlin"\n'
    )
    records = Records(tmp_path / "ws" / FILE)
    for number, client in ((1, "BAY"), (2, "GLOBEX")):
        records.take(events_of(*FIXED, severity="P2", number=number, client=client, origin=f"{number:032x}"), by="Kim")
    records.close()
    monkeypatch.setattr("incident_nb.cli.review.default_now", lambda _: datetime(2026, 11, 28, 9, tzinfo=UTC))
    return command


def test_the_last_week_is_reviewed_in_the_workspace(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    ran("review", "BAY")
    made = ran.folder / "reviews" / "BAY" / "2026-W48"
    assert is_made(made) and "Bay Foods" in (made / "client.html").read_text()
    ran("review", "BAY")  # again, in place of the first
    assert "1 incident" in (made / "review.md").read_text()


@pytest.mark.parametrize(
    ("asked", "name", "count"),
    [
        ((), "2026-W48", 1),
        (("--period", "month"), "2026-10", 0),
        (("--period", "quarter"), "2026-Q3", 0),
        (("--period", "month", "--until", "2026-11-01"), "2026-10", 0),
        (("--until", "2026-11-23"), "2026-W47", 0),
        (("--since", "2026-11-23", "--until", "2026-11-24"), "2026-11-23-to-2026-11-23", 1),
        (("--since", "2026-11-23T11:01", "--until", "2026-11-24"), "2026-11-23-to-2026-11-23", 0),  # Berlin's time
        (("--since", "2026-11-23T10:00Z"), "2026-11-23-to-2026-11-28", 1),
    ],
)  # fmt: skip
def test_the_period_that_is_asked_for(ran: Ran, asked: tuple[str, ...], name: str, count: int) -> None:
    found = ran.json("review", "BAY", *asked)
    assert (found["period"]["name"], len(found["lines"])) == (name, count)
    assert found["runs"] is None and found["no_runs"] == NO_SOURCE
    assert not (ran.folder / "reviews").exists()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("NOBODY",), "no client 'NOBODY'"),
        (("BAY", "--since", "yesterday"), "--since 'yesterday' is no ISO 8601 time"),
        (("BAY", "--until", "2026-13-01"), "is no ISO 8601 time"),
        (("BAY", "--until", "2027-01-01"), "lies ahead"),
        (("BAY", "--since", "2026-11-20", "--until", "2026-11-10"), "ends before it begins"),
        (("BAY", "--since", "2026-12-20"), "ends before it begins"),
        (("BAY", "--period", "fortnight"), "none of week, month, quarter"),
        (("BAY", "none.json"), "no file, folder or match"),
        (("BAY", "sample", "more.json"), "cannot be mixed"),
        (("BAY", "n8n"), "No n8n server is configured"),
    ],
)
def test_what_can_not_be_is_refused_in_words(ran: Ran, asked: tuple[str, ...], says: str) -> None:
    assert says in re.sub(r"\s+", " ", ran("review", *asked, code=2))
    assert not (ran.folder / "reviews").exists()


def test_the_command_judges_earlier_rounds_by_their_events(ran: Ran) -> None:
    records = Records(ran.folder / FILE)
    late = raised(("acknowledged", 25 * 60), ("resolved", 30 * 60))
    records.take(events_of(*late, severity="P3", number=3, client="BAY", origin="3" * 32), by="Kim")
    records.close()
    found = ran.json("review", "BAY", "--since", "2026-11-20")
    assert [(one["id"], one["clocks"]["respond"]) for one in found["lines"]] == [("INC-1", "met"), ("INC-3", "missed")]


def test_a_log_without_the_clients_runs_is_no_error(ran: Ran) -> None:
    (ran.folder / "page.json").write_text(page(runs("X", flow(1, "[GLOBEX] Own"))))
    found = ran.json("review", "BAY", "page.json")
    assert found["runs"]["rates"] == [] and found["lines"]
    assert "GLOBEX" not in json.dumps(found)
    (ran.folder / "empty.json").write_text(page([]))
    empty: Any = ran.json("review", "BAY", "empty.json")
    assert empty["runs"]["since"] is None


def test_without_a_workspace_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for asked, says in ((["review", "CMPS", "sample"], "--out"), (["review", "CMPS", "--json"], "incident-nb init")):
        with pytest.raises(SystemExit) as ended:
            cli.main(asked)
        assert ended.value.code == 2 and says in capsys.readouterr().err


def test_the_sample_is_reviewed_as_it_was_then(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(ran.folder)
    found = ran.json("review", "CMPS", "sample")
    assert (found["period"]["name"], found["now"]) == ("2026-W46", "2026-11-14T08:30:00Z")
    assert sample_material().case.now == datetime(2026, 11, 14, 8, 30, tzinfo=UTC)
    assert NOW < START or len(found["lines"]) == 5
