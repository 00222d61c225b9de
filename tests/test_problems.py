"""Problems that a person puts together or takes apart, and that it holds wherever a problem is told from another."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from incident_nb import settings as workspace
from incident_nb.actions.affected import extent
from incident_nb.alerts.alert import Alert
from incident_nb.case import Case, open_case
from incident_nb.cli import main
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.desk.similar import same_problem
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.survey import survey
from incident_nb.errors import SettingsError, UsageError
from incident_nb.incidents import Records
from incident_nb.models import ErrorRecord
from incident_nb.patterns import decisions_of, fingerprints, problems
from incident_nb.patterns.decided import Decision, Decisions, condition_of
from incident_nb.patterns.decided_kept import merge, split, undo
from incident_nb.settings import Settings
from tests.builders import HOUR, NOW, START, call, error, flow, log_of, run, runs

AT = datetime(2026, 3, 9, 8, tzinfo=UTC)
ONE, OTHER, THIRD = "a" * 12, "b" * 12, "c" * 12


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "incident-nb.toml").write_text("")
    return workspace.load(tmp_path / "incident-nb.toml")


def decided(*of: str, number: int = 1, **more: object) -> Decision:
    said = {"kind": "merge", "why": "same outage", "by": "Ann", "at": AT}
    return Decision.model_validate({**said, **more, "number": number, "of": of})


# What decisions make of a fingerprint


def test_what_is_put_together_bears_the_first_name() -> None:
    known = Decisions([decided(ONE, OTHER)])
    assert [known.of(name) for name in (ONE, OTHER, THIRD)] == [ONE, ONE, THIRD]
    assert known.names(ONE) == (ONE, OTHER)
    assert known.names(THIRD) == (THIRD,)


def test_later_decisions_go_on_from_earlier_ones() -> None:
    known = Decisions([decided(ONE, OTHER), decided(THIRD, ONE, number=2)])
    assert [known.of(name) for name in (ONE, OTHER, THIRD)] == [THIRD] * 3
    assert set(known.names(THIRD)) == {ONE, OTHER, THIRD}


def test_a_part_taken_out_has_a_name_of_its_own_that_stays() -> None:
    known = Decisions([decided(ONE, kind="split", where=["node=Send"])])
    part = known.of(ONE, {"node": "Send"})
    assert part not in (ONE, OTHER)
    assert len(part) == 12
    assert known.of(ONE, {"node": "Fetch"}) == known.of(ONE) == ONE
    again = Decisions([decided(THIRD, OTHER), decided(ONE, number=2, kind="split", where=["node=Send"], by="Bo")])
    assert again.of(ONE, {"node": "Send"}) == part, "it depends on what is taken out of what alone"


def test_all_conditions_of_a_part_hold() -> None:
    known = Decisions([decided(ONE, kind="split", where=["node=Send", "message~Quota"])])
    assert known.of(ONE, {"node": "Send", "message": "the QUOTA is used up"}) != ONE
    assert known.of(ONE, {"node": "Send", "message": "refused"}) == ONE
    assert known.of(ONE, {"node": "Other", "message": "quota"}) == ONE
    assert known.of(ONE, {"node": "Send", "message": None}) == ONE


@pytest.mark.parametrize("text", ["node", "node=", "colour=red", "message~ ", "=x", ""])
def test_a_condition_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="FIELD=TEXT"):
        condition_of(text)


def test_what_was_undone_does_not_hold() -> None:
    known = Decisions([decided(ONE, OTHER, undone_by="Bo", undone_at=AT)])
    assert known.of(OTHER) == OTHER
    assert known.names(ONE) == (ONE,)


# The file


def test_decisions_persist_for_their_owner_only(settings: Settings, tmp_path: Path) -> None:
    merge(settings, [ONE, OTHER], 'the "same"\nthing \\ é', "Ann", AT)
    split(settings, THIRD, ["message~a b"], "two things", "Bo", AT)
    undo(settings, 1, "Cy", AT + HOUR)
    file = tmp_path / "problems.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first, second = decisions_of(workspace.load(tmp_path / "incident-nb.toml"))
    assert (first.of, first.why, first.by, first.at) == ((ONE, OTHER), 'the "same"\nthing \\ é', "Ann", AT)
    assert (first.undone_by, first.undone_at) == ("Cy", AT + HOUR)
    assert (second.kind, second.of, second.where) == ("split", (THIRD,), ("message~a b",))
    assert "[[decision]]\nnumber = 1" in file.read_text()


def test_without_a_file_nothing_is_decided(settings: Settings) -> None:
    assert decisions_of(settings) == ()
    assert decisions_of(None) == decisions_of(Settings()) == ()


def test_a_decision_needs_a_workspace() -> None:
    with pytest.raises(UsageError, match="incident-nb init"):
        merge(Settings(), [ONE, OTHER], "x", "Ann", AT)


@pytest.mark.parametrize(
    ("of", "said"),
    [([ONE], "two problems"), ([ONE, ONE], "different"), ([ONE, "xyz"], "12 hex"), ([THIRD, OTHER], f"part of {ONE}")],
)
def test_a_merge_that_makes_no_sense_is_refused(settings: Settings, of: list[str], said: str) -> None:
    merge(settings, [ONE, OTHER], "x", "Ann", AT)
    with pytest.raises(UsageError, match=said):
        merge(settings, of, "x", "Ann", AT)
    assert len(decisions_of(settings)) == 1


def test_what_is_one_already_or_undone_already_is_not_decided_again(settings: Settings) -> None:
    merge(settings, [ONE, OTHER], "x", "Ann", AT)
    split(settings, ONE, ["node=A"], "x", "Ann", AT)
    with pytest.raises(UsageError, match="one problem already"):
        merge(settings, [ONE, OTHER], "x", "Ann", AT)
    with pytest.raises(UsageError, match="taken apart already"):
        split(settings, ONE, ["node=A"], "x", "Ann", AT)
    undo(settings, 1, "Ann", AT)
    with pytest.raises(UsageError, match="undone already"):
        undo(settings, 1, "Ann", AT)
    with pytest.raises(UsageError, match="no decision 3"):
        undo(settings, 3, "Ann", AT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[decision]\n", "line 1"),
        ('# words\n\n[[decision]]\nnumber = 1\nkind = "join"\n', "line 3.*kind"),
        (f'[[decision]]\nnumber = 1\nkind = "merge"\nof = ["{ONE}", "zz"]\nwhy = "x"\nby = "y"\nat = 2026-01-01T00:00:00Z\n', "line 1.*12 hex"),  # noqa: E501
        (f'[[decision]]\nnumber = 1\nkind = "merge"\nof = ["{ONE}", "{OTHER}"]\nwhy = "x"\nby = "y"\nat = 2026-01-01T00:00:00\n', "zone"),  # noqa: E501
        (f'[[decision]]\nnumber = 1\nkind = "split"\nof = ["{ONE}"]\nwhere = ["x"]\nwhy = "x"\nby = "y"\nat = 2026-01-01T00:00:00Z\n', "FIELD"),  # noqa: E501
        (f'[[decision]]\nnumber = 7\nkind = "merge"\nof = ["{ONE}", "{OTHER}"]\nwhy = "x"\nby = "y"\nat = 2026-01-01T00:00:00Z\n', "number 1"),  # noqa: E501
    ],
    ids=["toml", "kind", "fingerprint", "zone", "where", "number"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_said_with_its_line(
    settings: Settings, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "problems.toml").write_text(text)
    with pytest.raises(SettingsError, match=f"(?s)problems.toml.*{said}"):
        analyse(log_of(*runs("..XX")), settings)
    with pytest.raises(SettingsError):
        merge(settings, [ONE, OTHER], "x", "Ann", AT)
    assert (tmp_path / "problems.toml").read_text() == text


def test_several_writers_lose_nothing(settings: Settings) -> None:
    pairs = [(f"{n:012x}", f"{n + 1:012x}") for n in range(0, 40, 2)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: merge(settings, pair, "x", "Ann", AT), pairs))
    known = decisions_of(settings)
    assert [one.number for one in known] == list(range(1, 21))
    assert {one.of for one in known} == set(pairs)


def test_writers_of_other_processes_lose_nothing_either(settings: Settings) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime; from incident_nb.settings import load\n"
        "from incident_nb.patterns.decided_kept import merge\n"
        "for n in range(5): merge(load(Path(sys.argv[1])), [f'{int(sys.argv[2]) + 2 * n:012x}', "
        "f'{int(sys.argv[2]) + 2 * n + 1:012x}'], 'x', 'y', datetime.now(UTC))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(settings.path), str(first)], cwd=Path(__file__).parent.parent)
        for first in (100, 200)
    ]
    assert [one.wait(60) for one in running] == [0, 0]
    assert len(decisions_of(settings)) == 10


# Where it holds


def two_problems() -> list[dict]:
    refused, gone = error(401, "Refused"), error(403, "Not allowed")
    return [
        *runs("....XX..", wrong=refused),
        *runs("......XX", wrong=gone, first=20, start=START + timedelta(minutes=30)),
    ]


def test_problems_put_together_are_one_group_that_says_why(settings: Settings) -> None:
    log = log_of(*two_problems())
    apart = analyse(log, settings).groups
    assert len(apart) == 2
    first, second = apart["fingerprint"]
    merge(settings, [second, first], "one outage", "Ann", AT)
    found = analyse(log, settings)
    (group,) = found.groups.to_dict("records")
    assert (group["fingerprint"], group["count"]) == (second, 4)
    assert group["why"].startswith(f"put together with {first} by Ann on 2026-03-09 (decision 1: “one outage”); ")
    assert found.sequences[second]["at"].is_monotonic_increasing


def test_runs_of_problems_in_several_places_speak_together(settings: Settings) -> None:
    """Each place's good runs count, and a run that failed at one of them has failed."""
    both = flow(1, None, call("First"), call("Second"))
    mine = [*runs("..X", both, node="First"), *runs("..X", both, first=10, start=START + timedelta(minutes=20))]
    log = log_of(*mine, *runs("....", flow(2), first=30))
    groups = analyse(log, settings).groups
    merge(settings, sorted(groups["fingerprint"]), "x", "Ann", AT)
    found = analyse(log, settings)
    runs_of = found.sequences[min(groups["fingerprint"])]
    assert runs_of["failed"].sum() == 2
    assert sorted(runs_of["execution_id"]) == ["1", "10", "11", "12", "2", "3"]


def test_a_part_taken_out_is_a_group_of_its_own_that_says_why(settings: Settings) -> None:
    def said(which: str) -> dict:
        return error(400, f"No record ‘{which}’ here")

    log = log_of(*(run(n, START + n * HOUR, said("red" if n % 2 else "blue")) for n in range(1, 7)))
    (whole,) = analyse(log, settings).groups["fingerprint"]
    made = split(settings, whole, ["message~red"], "red is another matter", "Ann", AT)
    found = analyse(log, settings).groups.set_index("fingerprint")
    assert set(found.index) == {whole, made.becomes}
    assert found.loc[made.becomes, "execution_ids"] == ["5", "3", "1"]
    assert f"the part of {whole} where message~red, taken apart by Ann" in found.loc[made.becomes, "why"]
    assert f"without the part where message~red ({made.becomes})" in found.loc[whole, "why"]


def test_problems_of_two_clients_stay_apart_whatever_was_decided(settings: Settings) -> None:
    ours, theirs = flow(1, "[ACME] Orders"), flow(2, "[BETA] Orders")
    log = log_of(*runs("..XX", ours), *runs("..XX", theirs, first=10))
    names = list(dict.fromkeys(fingerprints(log.failures)))
    merge(settings, names, "x", "Ann", AT)
    assert set(analyse(log, settings).groups["fingerprint"]) == set(names)


def test_the_table_and_the_single_failure_agree(settings: Settings) -> None:
    log = log_of(*two_problems())
    names = list(dict.fromkeys(fingerprints(log.failures)))
    merge(settings, names, "x", "Ann", AT)
    split(settings, names[0], ["http_code=403"], "x", "Ann", AT)
    known = decisions_of(settings)
    table = log.failures.astype("object").where(log.failures.notna(), None)
    assert list(problems(log.failures, known)["fingerprint"]) == [
        known.fingerprint_of(row) for row in table.to_dict("records")
    ]
    assert problems(log.failures, known)["fingerprint"].nunique() == 2


def test_a_case_takes_the_decisions_along(settings: Settings, tmp_path: Path) -> None:
    log = log_of(*two_problems())
    merge(settings, list(dict.fromkeys(fingerprints(log.failures))), "one outage", "Ann", AT)
    Case(log, NOW, settings).save(tmp_path / "case")
    again = open_case(str(tmp_path / "case"))
    assert (
        survey(again).groups["fingerprint"].tolist() == survey(Case(log, NOW, settings)).groups["fingerprint"].tolist()
    )
    assert len(survey(again).groups) == 1


def alert(message: str, number: int, workflow: str = "[ACME] Orders", **more: object) -> Alert:
    said = {"instance": "main", "workflow_id": "wf1", "workflow": workflow, "execution_id": str(number)}
    record = ErrorRecord(node="Call", error_name="NodeApiError", message=message)
    return Alert(dialect="n8n", **{**said, **more}, error=record, at=AT + number * HOUR / 60, title=message)


def arrival(*alerts: Alert) -> Arrival:
    return Arrival(alerts, "n8n", b"{}", "", max(one.at for one in alerts))


@pytest.fixture
def take(settings: Settings, tmp_path: Path) -> Callable[..., list[str]]:
    """Takes alerts in, one delivery each, and gives the incidents that they went into."""
    records = Records(tmp_path / "record.db")
    arrivals = Arrivals(records, settings)

    def taken(*alerts: Alert) -> list[str]:
        return [arrivals.take([arrival(one)])[0][0].incident for one in alerts]

    taken.records = records  # type: ignore[attr-defined]
    return taken


def keys_of(take: Callable[..., list[str]], *numbers: int) -> list[str]:
    return [take.records.get(number).subject.fingerprint for number in numbers]  # type: ignore[attr-defined]


def test_an_alert_folds_into_the_incident_of_what_it_was_put_together_with(
    take: Callable[..., list[str]], settings: Settings
) -> None:
    assert take(alert("Refused", 1), alert("Not allowed", 2)) == ["INC-1", "INC-2"]
    one, other = keys_of(take, 1, 2)
    merge(settings, [one, other], "same", "Ann", AT)
    assert take(alert("Refused", 3)) == take(alert("Not allowed", 4)), "the newest of those that are open takes both"


def test_an_open_incident_of_the_other_name_is_found(take: Callable[..., list[str]], settings: Settings) -> None:
    """The incident was opened under the name that is a part now; nothing is on record under the other one."""
    from incident_nb.patterns import fingerprint_of

    row = {"instance": "main", "client": "ACME", "workflow_id": "wf1", "node": "Call", "error_name": "NodeApiError"}
    one = fingerprint_of({**row, "message": "Refused"})
    assert take(alert("Not allowed", 1)) == ["INC-1"]
    (other,) = keys_of(take, 1)
    merge(settings, [one, other], "same", "Ann", AT)
    assert take(alert("Refused", 2), alert("Not allowed", 3)) == ["INC-1", "INC-1"]
    undo(settings, 1, "Ann", AT)
    assert take(alert("Refused", 4)) == ["INC-2"]


def test_an_alert_of_another_client_never_folds(take: Callable[..., list[str]], settings: Settings) -> None:
    assert take(alert("Refused", 1), alert("Refused", 2, "[BETA] Orders", workflow_id="wf2")) == ["INC-1", "INC-2"]
    merge(settings, keys_of(take, 1, 2), "same", "Ann", AT)
    assert take(alert("Refused", 3), alert("Refused", 4, "[BETA] Orders", workflow_id="wf2")) == ["INC-1", "INC-2"]


def test_an_alert_of_the_part_taken_out_opens_an_incident_of_its_own(
    take: Callable[..., list[str]], settings: Settings
) -> None:
    red, blue = "No record ‘red’ here", "No record ‘blue’ here"
    assert take(alert(blue, 1), alert(red, 2)) == ["INC-1", "INC-1"]
    (whole,) = keys_of(take, 1)
    split(settings, whole, ["message~red"], "another matter", "Ann", AT)
    assert take(alert(red, 3), alert(blue, 4), alert(red, 5)) == ["INC-2", "INC-1", "INC-2"]


def test_similar_incidents_and_reviews_know_it() -> None:
    known = Decisions([decided(ONE, OTHER)])
    assert same_problem(ONE, OTHER, known)
    assert not same_problem(ONE, THIRD, known)
    assert not same_problem(None, None, known)


def test_what_was_affected_counts_both(settings: Settings) -> None:
    log = log_of(*two_problems())
    one, other = dict.fromkeys(fingerprints(log.failures))
    incident = SimpleNamespace(
        subject=SimpleNamespace(workflow_id="wf1", fingerprint=other, credential_id=None, host=None), held={}, id="INC-1",
        detected_at=START + 5 * HOUR, fixed=None, resolved_at=None,
    )  # fmt: skip
    merge(settings, [one, other], "x", "Ann", AT)
    instance = str(log.failures["instance"].iloc[0])
    assert len(extent(log, incident, instance, (), decisions_of(settings)).executions) == 4  # type: ignore[arg-type]
    assert len(extent(log, incident, instance).executions) < 4  # type: ignore[arg-type]


# The commands


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["problems", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code or 0, out, err  # type: ignore[return-value]


def test_the_commands(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    config = ["--config", str(settings.path)]
    monkeypatch.setenv("INCIDENT_NB_ENGINEER", "Kim")
    monkeypatch.setenv("INCIDENT_NB_REDACTION_KEY", "a key for the tests of decisions")
    assert said(capsys, "list", *config)[2].strip() == "Nothing was decided so far."
    assert said(capsys, "merge", ONE, OTHER, "--why", "same", "--by", "Ann", *config)[0] == 0
    assert said(capsys, "split", THIRD, "--where", "node=A", "--where", "message~x", "--why", "apart", *config)[0] == 0
    assert said(capsys, "undo", "1", *config)[0] == 0
    code, out, _ = said(capsys, "list", *config)
    assert code == 0
    first, second = out.splitlines()
    assert first.startswith(f"1: {OTHER} put together with {ONE}, by Ann on ")
    assert "; undone by Kim on " in first
    assert f"taken out of {THIRD} where node=A and message~x, by Kim on " in second
    assert '"becomes"' in said(capsys, "list", "--json", *config)[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("merge", ONE, "--why", "x"),
        ("merge", ONE, OTHER, "--why", " "),
        ("split", ONE, "--where", "x", "--why", "y"),
        ("undo", "4"),
    ],
)
def test_a_wrong_command_says_so_plainly(
    settings: Settings, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = said(capsys, *arguments, "--config", str(settings.path))
    assert (code, out) == (2, "")
    assert "error:" in err
    assert "Traceback" not in err


def test_problems_that_the_records_know_to_be_of_two_clients_are_refused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    from incident_nb.incidents import records_of

    arrivals = Arrivals(records_of(settings), settings)
    arrivals.take([arrival(alert("Refused", 1), alert("Refused", 2, "[BETA] Orders", workflow_id="wf2"))])
    names = [one.subject.fingerprint for one in records_of(settings).incidents()]
    code, _, err = said(capsys, "merge", *map(str, names), "--why", "x", "--config", str(settings.path))
    assert code == 2
    assert "not of one client" in err
    assert decisions_of(settings) == ()
