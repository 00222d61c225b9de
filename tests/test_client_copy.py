"""A client's copy: what it says, and that nothing of the house's own can get into it, whatever an export holds."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incident_nb import cli
from incident_nb.case import Case, sample_case
from incident_nb.diagnose import diagnose, investigate
from incident_nb.models import Cause
from incident_nb.public import CAUSE_NOT_FOUND, WHAT_HAPPENED, public_name
from incident_nb.report.client import (
    NOT_CLEAR,
    ClientView,
    client_html,
    client_markdown,
    client_view,
    lasted,
)
from incident_nb.settings import Client, Settings
from tests.builders import HOUR, NOW, START, Json, call, error, flow, log_of, page, run, runs
from tests.hostile import everywhere, vectors
from tests.incidents import Happened, incident_of

BERLIN = Settings(
    clients={"ACME": Client(name="Acme Ltd", time_zone="Europe/Berlin"), "GLOBEX": Client(name="Globex Corporation")}
)
SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.fixture(scope="module", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own redaction key and settings folder are neither used nor made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def view(*executions: Json, now: datetime = NOW, **asked: Any) -> ClientView:
    case = Case(log_of(*executions, settings=BERLIN), now, BERLIN)
    return client_view(diagnose(case.log, now=now, settings=BERLIN, **asked), case)


def both(shown: ClientView) -> list[str]:
    return [client_html(shown), client_markdown(shown)]


def test_a_client_reads_what_happened_in_its_own_time() -> None:
    shown = view(*runs("....XXX"))
    assert (shown.automation, shown.status, shown.runs, shown.zone) == ("Flow 1", "failing", 3, "Europe/Berlin")
    assert shown.what_happened == WHAT_HAPPENED[Cause.CREDENTIALS]
    for text in both(shown):
        assert "refused our sign-in" in text
        assert "2 March 2026, 13:00" in text  # 12:00 UTC
        assert "Europe/Berlin" in text
        assert "3 runs did not end well" in text


@pytest.mark.parametrize(
    ("executions", "status", "says"),
    [
        (runs("..XX.."), "working_again", "working again; 2 runs went well since"),
        (runs("..XX"), "failing", "not working yet"),
        (runs("XX"), "unclear", "do not tell whether it works again"),
        (runs("...."), "no_problem", "Nothing is wrong"),
    ],
)
def test_a_client_reads_how_it_stands(executions: list[Json], status: str, says: str) -> None:
    shown = view(*executions)
    assert shown.status == status
    assert all(says in text for text in both(shown))


def test_records_that_do_not_tell_are_no_all_clear() -> None:
    shown = view(run(1, data=None, wrong=None, workflowData=flow()))
    assert (shown.status, shown.what_happened) == ("unclear", NOT_CLEAR)


def test_what_came_back_says_so() -> None:
    shown = view(*runs("..X" + "." * 40 + "XX"), execution="3")
    assert shown.status == "came_back"


def test_every_cause_has_a_sentence_of_its_own_in_plain_words() -> None:
    assert set(WHAT_HAPPENED) == set(Cause)
    assert len(set(WHAT_HAPPENED.values())) == len(Cause)
    for sentence in (*WHAT_HAPPENED.values(), CAUSE_NOT_FOUND):
        assert not re.search(r"n8n|API|HTTP|node|workflow|token|endpoint|\d|modal", sentence, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[ACME] Orders", "Orders"),
        ("Orders & bills (daily)", "Orders & bills (daily)"),
        ("Größen-Abgleich", "Größen-Abgleich"),
        ("Orders\u202e \u200bnow", None),
        ("a@b.example", None),
        ("sync to api.shop.example", None),
        ("https://shop.example", None),
        ("key [api_key:3f9a1c]", None),
        ("<b>Orders</b>", None),
        ("=1+1", None),
        ("Orders 20260302", None),
        ("Orders a1b2c3d4", None),
        ("Move GLOBEX to us", None),
        ("for globex corporation", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_shown_only_if_it_is_plain_words(name: str | None, shown: str | None) -> None:
    assert public_name(name, ["GLOBEX", "Globex Corporation"]) == shown


def handed_on(wrong: Json, child: str) -> Json:
    """What n8n keeps at the calling node of the error with which a sub-workflow's execution ended."""
    return {**wrong, "executionId": child, "workflowId": "wf9", "errorResponse": {"message": wrong["message"]}}


def shared() -> list[Json]:
    """A sub-workflow of nobody's fails three times for each of two clients."""
    child = {**flow(9, "Shared: send", call("Send")), "settings": {}}
    failing = error(401, description="invalid token")
    rows = []
    for number, code in enumerate(("ACME", "GLOBEX") * 3, 1):
        inner, at = str(100 + number), START + number * HOUR
        node = {"name": "Run it", "type": "n8n-nodes-base.executeWorkflow", "parameters": {}}
        caller = flow(1 if code == "ACME" else 2, f"[{code}] Orders", node)
        rows.append(run(int(inner), at, failing, child, mode="integrated"))
        rows.append(run(number, at, handed_on(failing, inner), caller))
    return rows


@pytest.mark.parametrize("asked", [{"client": "ACME"}, {"execution": "1"}, {"client": "ACME", "execution": "5"}])
def test_a_shared_parts_counts_stay_in_the_house(asked: dict[str, str]) -> None:
    """Neither client hears how often what both of them use has failed."""
    rows = shared()
    found = diagnose(log_of(*rows, settings=BERLIN), now=NOW, settings=BERLIN, **asked)
    assert found.problem and found.impact
    assert (found.problem.workflow, found.problem.client, found.impact.failed_executions) == ("Shared: send", None, 6)
    shown = view(*rows, **asked)
    assert shown.status != "no_problem" and shown.what_happened == WHAT_HAPPENED[Cause.CREDENTIALS]
    assert (shown.runs, shown.items, shown.good_since) == (None, None, None)
    assert all("Shared" not in text and "GLOBEX" not in text and "6 runs" not in text for text in both(shown))


def test_a_clients_own_counts_are_shown_beside_anothers() -> None:
    shown = view(*runs("...XXX"), *runs("XXXX", flow(2, "[GLOBEX] Bills"), first=50), client="ACME")
    assert (shown.automation, shown.runs) == ("Flow 1", 3)
    assert all("3 runs" in text for text in both(shown))


def test_where_no_client_is_known_the_counts_are_shown() -> None:
    shown = view(*runs("...XXX", flow(1, "Orders")))
    assert (shown.automation, shown.runs) == ("Orders", 3)


WORD = st.from_regex(r"Q[a-z]{5,9}zq", fullmatch=True)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(WORD, min_size=12, max_size=12, unique=True), public=st.booleans())
def test_nothing_of_the_house_gets_into_it(names: list[str], public: bool) -> None:
    """Every field but the name of the workflow holds a word of its own or a secret: none of them is to be found."""
    node, kind, host, credential, message, description, code, stack, other, flow_id, number, parameter = names
    called = call(node, host=f"{host}.example", credential=credential, type=f"n8n-nodes-base.{kind}")
    called["parameters"]["note"] = f"{parameter} {SECRET}"
    told = f"{message} {SECRET} at https://{host}.example/{parameter}"
    wrong = error(401, told, f"{description} {SECRET} jo@{host}.example", name=code, stack=f"{stack} {SECRET}")
    mine = {**flow(1, "[ACME] Orders" if public else f"[ACME] Orders {SECRET}", called), "id": flow_id}
    theirs = flow(2, f"[GLOBEX] {other}", call(f"{node} two", credential=f"{credential} two"))
    rows = [{**each, "id": f"{number}-{each['id']}"} for each in runs("...XX", mine, wrong=wrong)]
    shown = view(*rows, *runs("..XXX", theirs, first=50), client="ACME")
    assert shown.automation == ("Orders" if public else None)
    assert shown.status == "failing"
    for text in both(shown):
        held = [word for word in (*names, SECRET, "GLOBEX", "Globex", "wf2", "n8n", "DX-") if word in text]
        assert held == []
        assert not re.search(r"\[[a-z_]+:[0-9a-f]{6}\]", text)


def test_no_vector_gets_into_it_nor_can_be_told_from_another() -> None:
    """An export with a vector in each field gives the same copy as any other: all of it is our own words."""
    copies = set()
    for vector in vectors("http://127.0.0.1:9")[::24]:
        shown = view(everywhere(1, [vector.text]))
        for text in both(shown):
            assert str(vector.number) not in text, vector
            assert "<script" not in text.partition("<body>")[2], vector
        copies.add(both(shown.model_copy(update={"what_happened": "", "runs": 1}))[1])
    assert len(copies) <= 3


def test_the_copy_of_the_sample_names_no_one_else() -> None:
    case = sample_case()
    found = investigate(case)
    shown = client_view(found, case)
    problem = found.problem
    assert problem
    inner = {problem.node, problem.workflow_id, problem.fingerprint, *problem.execution_ids}
    inner |= {str(host) for host in case.log.failures["host"].dropna().unique()}
    inner |= {str(name) for name in case.log.executions["client"].dropna().unique()}
    for text in both(shown):
        assert [word for word in inner if word and word in text] == []


def ended(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main([str(each) for each in arguments])
    return int(done.value.code or 0)


def test_the_command_writes_it_beside_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.json").write_text(page(runs("....XXX")))
    asked = ("investigate", "page.json", "--now", NOW.isoformat())
    assert ended(*asked, "--client-copy") == 2
    assert "--out" in capsys.readouterr().err
    assert ended(*asked, "--out", "out", "--client-copy") == 0
    for name in ("client.html", "client.md"):
        assert (tmp_path / "out" / name).stat().st_mode & 0o777 == 0o600
        assert "refused our sign-in" in (tmp_path / "out" / name).read_text()
    assert json.loads((tmp_path / "out" / "diagnosis.json").read_text())["subject"]["client"] == "ACME"
    assert ended(*asked, "--out", "out") == 0
    assert not list((tmp_path / "out").glob("client.*"))  # what was not asked for again is not left from before
    assert tempfile.gettempdir() not in (tmp_path / "out" / "report.html").read_text()


def on_record(*happened: Happened, pattern: str = "..XX....", **more: Any) -> ClientView:
    """The copy of an incident that was detected with its first failure."""
    incident = incident_of(*happened, severity="P1", detected=START + 2 * HOUR, **more)
    case = Case(log_of(*runs(pattern), settings=BERLIN), NOW, BERLIN)
    return client_view(diagnose(case.log, now=NOW, settings=BERLIN, workflow="wf1"), case, incident)


def test_without_executions_the_record_says_whose_it_is_and_when() -> None:
    incident = incident_of(
        ("cause_accepted", 20, {"cause": "network"}), ("resolved", 65), severity="P1", client="ACME",
        subject={"workflow": "[ACME] Orders by mail"},
    )  # fmt: skip
    case = Case(log_of(settings=BERLIN), NOW, BERLIN)
    shown = client_view(diagnose(case.log, now=NOW, settings=BERLIN), case, incident)
    for text in both(shown):
        assert "Orders by mail" in text and "Europe/Berlin" in text and "[ACME]" not in text
        assert "1 hour and 5 minutes" in text and "not known" not in text
    other = incident.model_copy(update={"subject": incident.subject.model_copy(update={"shared": "host x"})})
    assert client_view(diagnose(case.log, now=NOW, settings=BERLIN), case, other).automation is None


def test_a_resolved_incident_says_when_and_how_long_it_took() -> None:
    happened: list[Happened] = [
        ("cause_accepted", 20, {"cause": "network", "reason": f"{SECRET} at db.internal.example"}),
        ("fixed", 60, {"what": "the firewall of host7"}), ("resolved", 150, {"text": "Anna: execution 5 went well"}),
    ]  # fmt: skip
    shown = on_record(*happened, title="db.internal.example refuses")
    assert (shown.status, shown.runs, shown.confirmed) == ("resolved", 2, True)
    assert shown.what_happened == WHAT_HAPPENED[Cause.NETWORK]
    for text in both(shown):
        assert "It is resolved; 4 runs went well since." in text
        assert "2 March 2026, 13:30" in text  # 12:30 UTC
        assert "2 hours and 30 minutes from when we noticed it, 2 March 2026, 11:00" in text
        assert "the one that we found" in text
        held = [word for word in (SECRET, "internal", "host7", "Anna", "execution", "INC", "P1") if word in text]
        assert held == []


@pytest.mark.parametrize(
    ("happened", "pattern", "status"),
    [
        ([], "..XX....", "working_again"),
        ([("resolved", 90)], "..XX....", "resolved"),
        ([("resolved", 90), ("reopened", 200, {"reason": "again"})], "..XX....", "came_back"),
        ([("resolved", 90), ("reopened", 200, {"reason": "again"}), ("resolved", 300)], "..XX....", "resolved"),
        ([("resolved", 90)], "..XX..XX", "failing"),  # a run failed after it was resolved
    ],
)
def test_a_client_reads_resolved_only_where_nothing_failed_since(
    happened: list[Happened], pattern: str, status: str
) -> None:
    shown = on_record(*happened, pattern=pattern)
    assert shown.status == status
    assert (shown.resolved is not None) == (status == "resolved")
    assert all(("Resolved" in text) == (status == "resolved") for text in both(shown))


AGAIN: tuple[Happened, ...] = (
    ("resolved", 90), ("reopened", 20 * 1440, {"reason": "again"}), ("resolved", 20 * 1440 + 60),
)  # fmt: skip


def test_one_that_came_back_says_so_and_how_long_each_time_took() -> None:
    shown = on_record(*AGAIN)
    for text in both(shown):
        assert "It had come back, and is resolved again; 4 runs went well since." in text
        assert "1 hour from when it came back, 22 March 2026, 11:00" in text
        assert "1 hour and 30 minutes the first time, from when we noticed it, 2 March 2026, 11:00" in text
        assert "20 days" not in text


def test_of_one_that_came_back_often_the_last_time_and_the_first_are_told() -> None:
    shown = on_record(*AGAIN, ("reopened", 21 * 1440, {"reason": "r"}), ("resolved", 21 * 1440 + 5))
    for text in both(shown):
        assert "5 minutes from when it came back, 23 March 2026, 11:00" in text
        assert "1 hour and 30 minutes the first time" in text and "1 hour from" not in text


def test_one_that_was_never_resolved_before_it_came_back_has_no_first_time() -> None:
    shown = on_record(("reopened", 100, {"reason": "r"}), ("resolved", 160))
    for text in both(shown):
        assert "1 hour from when it came back" in text and "the first time" not in text


def test_what_is_resolved_without_a_cause_is_not_being_looked_into() -> None:
    unknown = ("cause_accepted", 20, {"cause": "unknown"})
    for happened in ((("resolved", 65),), (unknown, ("resolved", 65))):
        incident = incident_of(*happened, severity="P1", client="ACME")
        case = Case(log_of(settings=BERLIN), NOW, BERLIN)
        shown = client_view(diagnose(case.log, now=NOW, settings=BERLIN), case, incident)
        assert shown.what_happened == CAUSE_NOT_FOUND
        assert all("looking into it" not in text and "so far" not in text for text in both(shown))
    odd = runs("..XX....", wrong=error(None, "qwertz uiop"))
    case = Case(log_of(*odd, settings=BERLIN), NOW, BERLIN)
    found = diagnose(case.log, now=NOW, settings=BERLIN, workflow="wf1")
    assert found.problem and found.problem.cause is Cause.UNKNOWN
    ended = incident_of(("resolved", 90), severity="P1", detected=START + 2 * HOUR)
    assert client_view(found, case, ended).what_happened == CAUSE_NOT_FOUND
    assert client_view(found, case).what_happened == WHAT_HAPPENED[Cause.UNKNOWN]
    assert on_record(("resolved", 90)).what_happened == WHAT_HAPPENED[Cause.CREDENTIALS]  # as the runs say


def test_counts_of_what_came_back_are_not_those_of_all_of_it() -> None:
    shown = on_record(("resolved", 2700), pattern="..XX" + "." * 40 + "XX....")
    assert shown.noticed and shown.began == shown.noticed
    assert shown.runs is None


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "1 minute"), (1, "1 minute"), (59, "59 minutes"), (60, "1 hour"), (150, "2 hours and 30 minutes"),
     (1440, "1 day"), (1441, "1 day"), (2940, "2 days and 1 hour")],
)  # fmt: skip
def test_a_length_of_time_in_words(minutes: int, words: str) -> None:
    assert lasted(timedelta(minutes=minutes)) == words
