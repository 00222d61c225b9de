"""Documents put where they belong: in the client's folder and the house's, never over what somebody wrote, all on record."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb.desk import Desk
from incident_nb.desk import written as writing
from incident_nb.desk.written import DOCUMENTS, Papers, Put, write_documents
from incident_nb.documents.plain import BLANK
from incident_nb.errors import OutputError, UsageError
from incident_nb.incidents import Records
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.said import Subject
from incident_nb.settings import Settings
from tests.acting import ran as ran_once
from tests.documented import CLIENTS, NOW, SENDER, SUBJECT, steps
from tests.incidents import DETECTED, after
from tests.test_cli_incidents import Ran, ran  # noqa: F401 - a fixture


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings.model_validate({"clients": CLIENTS, "sender": SENDER, "path": tmp_path / "incident-nb.toml"})
    records = Records(tmp_path / "incidents" / "records.db")
    yield Desk(records, settings, by="Kim", clock=lambda: NOW)
    records.close()


def carried(
    desk: Desk, cause: str = "credentials", *, severity: str = "P2", without: tuple[str, ...] = (), **opened: Any
) -> int:
    """An incident carried through all steps; its number."""
    subject = Subject(**{**SUBJECT, **opened.pop("subject", {})})
    first = Opened(
        **{"title": "Invoices are not sent", "detected_at": DETECTED, "client": "BAY", "source": "slack", **opened},
        subject=subject,
    )
    number = desk.open(first, at=DETECTED).number
    for kind, minutes, *values in steps(cause, severity=severity):
        if kind not in without:
            add(desk, number, kind, minutes, **(values[0] if values else {}))
    return number


def add(desk: Desk, number: int, kind: str, minutes: float, **values: Any) -> None:
    from incident_nb.incidents import payload_of

    desk.records.add(number, payload_of(kind, values), by="Kim", at=after(minutes))


def by_name(papers: Papers) -> dict[str, Put]:
    return {put.document: put for put in papers.put}


def only(desk: Desk, number: int, name: Any, **options: Any) -> Put:
    (put,) = write_documents(desk, number, only=[name], **options).put
    return put


def refused(desk: Desk, number: int, name: Any) -> str:
    """Why a document can't be written, in words."""
    put = only(desk, number, name)
    assert (put.state, put.path) == ("failed", None)
    return put.words


def file_of(put: Put) -> Path:
    assert put.path is not None
    return put.path


def shown_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_all_documents_of_a_closed_incident(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk, recurring=True)
    papers = write_documents(desk, number)
    assert papers.gaps == ()
    puts = by_name(papers)
    assert {name: put.state for name, put in puts.items()} == dict.fromkeys(DOCUMENTS, "written")
    folder = tmp_path / "clients" / "BAY" / "context" / "operations"
    assert puts["incident"].path == folder / "incident-2026-11-23-invoices-by-mail-credentials.md"
    assert puts["learning"].path == tmp_path / "learnings" / "ops" / "invoices-by-mail-credentials.md"
    home = tmp_path / "incidents" / "INC-1" / "documents"
    assert shown_in(home) == ["billing.md", "notice.eml", "notice.md", "notice.txt"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in home.iterdir())
    incident = desk.records.get(number)
    said = incident.documented["DOC-1"]
    assert (
        said.text == "clients/BAY/context/operations/incident-2026-11-23-invoices-by-mail-credentials.md"
        and said.sections
    )
    assert incident.documented["DOC-2"].text == "learnings/ops/invoices-by-mail-credentials.md"
    link = f"[INC-1](../../{said.text})"
    assert link in file_of(puts["learning"]).read_text() and (folder.parents[3] / said.text).is_file()
    mail = email.message_from_bytes((home / "notice.eml").read_bytes(), policy=default)
    text = (home / "notice.txt").read_text()
    assert text == f"Subject: {mail['Subject']}\n\n{mail.get_content()}".replace("\r\n", "\n")  # type: ignore[attr-defined]


def test_a_second_time_nothing_changes(desk: Desk) -> None:
    number = carried(desk, recurring=True)
    write_documents(desk, number)
    version = desk.records.get(number).version
    puts = by_name(write_documents(desk, number))
    assert puts["incident"].state == puts["learning"].state == "unchanged"
    assert desk.records.get(number).version == version


def test_what_nobody_touched_is_made_anew(desk: Desk) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    add(desk, number, "note", 90, text="called again")
    assert only(desk, number, "incident").state == "written"
    assert "called again" in path.read_text() and len(list(path.parent.iterdir())) == 1


def test_what_was_changed_by_hand_is_asked_about_and_then_kept(desk: Desk) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    mine = path.read_text().replace("## Root Cause\n", "## Root Cause\n\nTheir admin rotates passwords.\n")
    path.write_text(mine)
    add(desk, number, "note", 90, text="called again")
    put = only(desk, number, "incident")
    assert put.state == "to_confirm" and "Root Cause" in put.words and "+- 12:30 - called again" in put.difference
    assert "-Their admin" not in put.difference and path.read_text() == mine
    put = only(desk, number, "incident", yes=True)
    assert put.state == "written" and "Root Cause" in put.words
    assert "called again" in path.read_text() and "Their admin rotates passwords." in path.read_text()
    put = only(desk, number, "incident")
    assert put.state == "unchanged" and "Root Cause" in put.words, "it still is theirs"


def test_a_file_of_somebody_else_is_not_taken_for_ours(desk: Desk) -> None:
    number = carried(desk)
    first = file_of(only(desk, number, "incident"))
    other = carried(desk)
    second = file_of(only(desk, other, "incident"))
    assert second != first and second.name == first.stem + "-2.md"


def test_it_follows_a_file_that_was_moved_away(desk: Desk) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    path.unlink()
    assert only(desk, number, "incident").path == path and path.is_file()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.md",
        "/etc/evil.md",
        "clients/OTH/context/operations/incident-1.md",
        "learnings/ops/x.md",
        "clients/BAY/context/operations/x.txt",
    ],
)
def test_a_path_that_the_record_brings_from_elsewhere_leads_nowhere_else(desk: Desk, tmp_path: Path, name: str) -> None:
    number = carried(desk)
    add(desk, number, "documented", 80, path=name)
    put = only(desk, number, "incident")
    path = file_of(put)
    assert path.parent == tmp_path / "clients" / "BAY" / "context" / "operations" and path.suffix == ".md"
    assert f"the one written before, {name}, may still be there" in put.words
    assert not (tmp_path / name).exists() and not Path("/etc/evil.md").exists()


@pytest.mark.parametrize("recorded", [False, True])
def test_a_link_that_leads_out_of_the_clients_folder_is_not_followed(
    desk: Desk, tmp_path: Path, recorded: bool
) -> None:
    number = carried(desk)
    if recorded:
        shutil.rmtree(file_of(only(desk, number, "incident")).parents[2])
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "clients").mkdir(exist_ok=True)
    (tmp_path / "clients" / "BAY").symlink_to(outside)
    assert "leads out of" in refused(desk, number, "incident")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("code", ["../BAY", "a/b", ".", "..", "", " ", "x" * 80])
def test_a_client_that_is_no_folders_name_makes_no_folder(desk: Desk, tmp_path: Path, code: str) -> None:
    number = carried(desk, client=code.strip() or None)
    if code.strip():
        assert re.search("can't be the name of a folder", refused(desk, number, "incident"))
    else:
        assert (
            only(desk, number, "incident").path
            == tmp_path / "incidents" / "INC-1" / "documents" / "incident-2026-11-23-invoices-by-mail-credentials.md"
        )
    assert not (tmp_path / "clients").exists()


def test_a_client_that_is_only_on_record_is_no_more_named_than_others(desk: Desk) -> None:
    carried(desk, client="ZEN")
    number = carried(desk, subject={"workflow": "[BAY] Sync for ZEN"}, title="ZEN and Bay")
    put = only(desk, number, "incident")
    assert "zen" not in file_of(put).name and "ZEN" not in file_of(put).read_text()
    assert "ZEN" not in file_of(only(desk, number, "notice")).read_text()
    with pytest.raises(UsageError, match="names another client"):
        desk.add(number, "worded", section="impact", text="3 orders of ZEN")
        desk.add(number, "notified")


def test_one_over_several_clients_goes_into_none_of_their_folders(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk, subject={"shared": "host x"})
    put = only(desk, number, "incident")
    assert file_of(put).parent == tmp_path / "incidents" / "INC-1" / "documents" and "several clients" in put.words
    assert only(desk, number, "notice").state == "not_needed"


def test_the_folders_are_those_of_the_settings(desk: Desk, tmp_path: Path) -> None:
    there = {"clients": str(tmp_path / "agency" / "c"), "learnings": "know/how"}
    desk.settings = Settings.model_validate(
        {**desk.settings.model_dump(), "documents": there, "path": desk.settings.path}
    )
    puts = by_name(write_documents(desk, carried(desk, recurring=True)))
    assert file_of(puts["incident"]).parent == tmp_path / "agency" / "c" / "BAY" / "context" / "operations"
    assert file_of(puts["learning"]).parent == tmp_path / "know" / "how"


def test_files_in_the_agencys_folders_are_as_its_other_files_and_those_of_the_incident_are_private(
    desk: Desk, tmp_path: Path
) -> None:
    before = os.umask(0o002)
    try:
        numbers = [carried(desk, recurring=True), carried(desk, recurring=True, client=None)]
        paths = [file_of(put) for number in numbers for put in write_documents(desk, number).put]
        shared = [path for path in paths if not path.is_relative_to(tmp_path / "incidents")]
        assert {stat.S_IMODE(path.stat().st_mode) for path in shared} == {0o664}
        assert len(set(shared)) == 2 and len(set(paths)) == 7
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in set(paths).difference(shared))
        shared[0].chmod(0o640)
        add(desk, numbers[0], "note", 90, text="called again")
        assert only(desk, numbers[0], "incident").state == "written"
        assert stat.S_IMODE(shared[0].stat().st_mode) == 0o640
        homes = (tmp_path / "incidents").glob("INC-*/documents")
        assert [stat.S_IMODE(home.stat().st_mode) for home in homes] == [0o700] * 2
    finally:
        os.umask(before)


# The learning file


def test_one_file_for_one_problem(desk: Desk, tmp_path: Path) -> None:
    first, again = carried(desk, recurring=True), carried(desk, recurring=True, detected_at=after(1))
    path = file_of(only(desk, first, "learning"))
    path.write_text(path.read_text().replace("## Fix\n", "## Fix\n\nMind the order.\n"))
    put = only(desk, again, "learning")
    assert put.path == path and "one more occurrence" in put.words
    assert "Mind the order." in path.read_text() and path.read_text().count("| 2026-11-23 |") == 2
    other = carried(desk, recurring=True, subject={"fingerprint": "ffff00001111", "workflow": "Orders"})
    assert file_of(only(desk, other, "learning")).name == "orders-credentials.md"
    assert {seen.name for seen in desk.seen_before(again)} >= {"learnings/ops/invoices-by-mail-credentials.md"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Problems: 00ff00ff00ff, a1b2c3d4e5f6 (mail only)", "## Occurrences\n\n| 2026-01-01 | INC-1 | BAY |"),
        ("Problems: a1b2c3d4e5f6", "Unlike INC-1 this one, a1b2c3d4e5f6, is about disks."),
        ("## Occurrences\n\n| 2026-01-01 | [INC-1](x.md) | BAY |", "Problems: xa1b2c3d4e5f6\n\n| who | INC-1 |"),
    ],
)
def test_the_file_of_its_problem_then_that_of_its_row_never_one_that_speaks_of_it(
    desk: Desk, tmp_path: Path, right: str, wrong: str
) -> None:
    folder = tmp_path / "learnings" / "ops"
    folder.mkdir(parents=True)
    (folder / "aaa.md").write_text(f"# Something else\n\n{wrong}\n")
    (folder / "zzz.md").write_text(f"# This\n\n{right}\n\nIt was said of a1b2c3d4e5f6.\n")
    assert only(desk, carried(desk, recurring=True), "learning").path == folder / "zzz.md"
    assert (folder / "aaa.md").read_text() == f"# Something else\n\n{wrong}\n"
    problems = [line for line in (folder / "zzz.md").read_text().splitlines() if line.startswith("Problems:")]
    assert len(problems) == 1 and "a1b2c3d4e5f6" in problems[0]


def test_a_learning_file_only_where_it_recurs_or_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk)
    assert only(desk, number, "learning").state == "not_needed" and not (tmp_path / "learnings").exists()
    assert only(desk, number, "learning", learning=True).state == "written"
    add(desk, number, "reopened", 100, reason="again")
    assert only(desk, number, "learning").state in ("written", "unchanged")


def test_an_old_learning_file_says_that_it_is_to_be_read_through(desk: Desk) -> None:
    number = carried(desk, recurring=True)
    path = file_of(only(desk, number, "learning"))
    path.write_text(
        path.read_text().replace("Last confirmed: 2026-11-23", "Last confirmed: 2025-01-01").replace("INC-1", "INC-9")
    )
    assert "had not been confirmed for long" in only(desk, number, "learning").words
    assert "Last confirmed: 2026-11-23" in path.read_text()


# The letter


def test_no_mail_while_something_is_open(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk, without=("harmed",))
    put = only(desk, number, "notice")
    home = tmp_path / "incidents" / "INC-1" / "documents"
    assert "no mail is made while open: impact, data_recovery" in put.words and not (home / "notice.eml").exists()
    assert BLANK in (home / "notice.txt").read_text()
    for gap in ("impact", "data_recovery"):
        desk.add(number, "waived", gap=gap, reason="nobody can count it")
    assert "opens in a mail program" in only(desk, number, "notice").words and (home / "notice.eml").is_file()
    desk.add(number, "worded", section="subject", text="Otherwise Ltd had it, too")
    only(desk, number, "notice")
    assert not (home / "notice.eml").exists(), "what was ready is no longer"


@pytest.mark.parametrize(("severity", "files"), [("P3", ["friday.txt"]), ("P4", [])])
def test_who_gets_no_letter(desk: Desk, tmp_path: Path, severity: str, files: list[str]) -> None:
    number = carried(desk)
    home = tmp_path / "incidents" / "INC-1" / "documents"
    only(desk, number, "notice")
    desk.choose(number, severity, "it is less")  # type: ignore[arg-type]
    put = only(desk, number, "notice")
    assert shown_in(home) == files, "and none that was made before"
    assert put.words and (put.state == "not_needed") == (not files)


def test_a_paper_that_somebody_changed_is_moved_aside_and_one_that_nobody_touched_is_not(
    desk: Desk, tmp_path: Path
) -> None:
    number = carried(desk)
    home = tmp_path / "incidents" / "INC-1" / "documents"
    write_documents(desk, number, only=["notice", "billing"])
    ours = shown_in(home)
    for name in ours:
        (home / name).write_text(f"my own {name}")
    puts = by_name(write_documents(desk, number, only=["notice", "billing"]))
    assert "notice.txt was changed by hand and is kept as notice-1.txt" in puts["notice"].words
    assert puts["billing"].words == "for the house only; billing.md was changed by hand and is kept as billing-1.md"
    aside = {path.name: path.read_text() for path in home.iterdir() if "-1." in path.name}
    assert aside == {name.replace(".", "-1."): f"my own {name}" for name in ours}
    assert all("my own" not in (home / name).read_text() for name in ours)
    add(desk, number, "billing_approved", 90, text="María")
    puts = by_name(write_documents(desk, number, only=["notice", "billing"]))
    assert not any("changed by hand" in put.words for put in puts.values())
    assert shown_in(home) == sorted([*ours, *aside]), "nobody touched those"


def test_a_draft_that_was_worked_on_outlives_a_reopening_and_a_lesser_severity(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk)
    home = tmp_path / "incidents" / "INC-1" / "documents"
    only(desk, number, "notice")
    (home / "notice.eml").write_text("as it was sent")
    (home / "notice-1.eml").write_text("an earlier one")
    desk.add(number, "reopened", reason="again")
    desk.choose(number, "P4", "it is less")  # type: ignore[arg-type]
    assert "notice.eml was changed by hand and is kept as notice-2.eml" in only(desk, number, "notice").words
    assert shown_in(home) == ["notice-1.eml", "notice-2.eml"], "those that nobody touched are gone"
    assert (home / "notice-2.eml").read_text() == "as it was sent"


@pytest.mark.parametrize("broken", [None, b"{", b"[]", b'{"notice.txt": 3}'])
def test_without_a_word_on_what_was_written_every_paper_is_kept(
    desk: Desk, tmp_path: Path, broken: bytes | None
) -> None:
    number = carried(desk)
    home = tmp_path / "incidents" / "INC-1" / "documents"
    before = file_of(only(desk, number, "billing")).read_text()
    if broken is None:
        (home / ".written.json").unlink()
    else:
        (home / ".written.json").write_bytes(broken)
    add(desk, number, "billing_classified", 90, row="BILL-1")
    only(desk, number, "billing")
    assert (home / "billing-1.md").read_text() == before
    assert stat.S_IMODE((home / ".written.json").stat().st_mode) == 0o600
    (home / "billing.md").unlink()
    (home / "billing.md").mkdir()
    assert re.search("no ordinary file", refused(desk, number, "billing"))


def test_that_it_was_sent_is_not_put_on_record_while_something_is_open(desk: Desk) -> None:
    number = carried(desk, without=("harmed",))
    with pytest.raises(UsageError, match="IMPACT is blank"):
        desk.add(number, "notified", to="maria@bay.example")
    desk.add(number, "worded", section="impact", text="No invoice was lost.")
    desk.add(number, "worded", section="data_recovery", text="All 3 went out again.")
    assert desk.add(number, "notified", to="maria@bay.example").notices
    with pytest.raises(UsageError, match="there is no action"):
        desk.add(number, "prevented", action="something else")


# Paths that the record can't keep


def placed(desk: Desk, **documents: str) -> None:
    """The folders of the agency, set."""
    desk.settings = Settings.model_validate(
        {"clients": CLIENTS, "sender": SENDER, "path": desk.settings.path, "documents": documents}
    )


@pytest.mark.parametrize("name", ["incident", "learning"])
def test_a_workflows_name_that_the_record_would_mask_makes_one_document(desk: Desk, tmp_path: Path, name: str) -> None:
    number = carried(desk, recurring=True, subject={"workflow": "[BAY] Ledger 4111.1111.1111.1111"})
    path = file_of(only(desk, number, name))
    assert path.name == {"incident": "incident-2026-11-23-inc-1.md", "learning": "problem-of-inc-1.md"}[name]
    said = desk.records.get(number).documented["DOC-1" if name == "incident" else "DOC-2"].text
    assert tmp_path / said == path
    again = only(desk, number, name)
    assert (again.state, again.path) == ("unchanged", path) and len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["incident", "learning"])
@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("clients of maria@bay.example", "looks like a secret or personal data"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "looks like a secret or personal data"),
        ("/".join(["a" * 60] * 5), "more than 300 characters"), (" c", "begins with a blank"),
    ],
)  # fmt: skip
def test_a_folder_that_the_record_would_mask_or_cut_is_refused_before_anything_is_made(
    desk: Desk, tmp_path: Path, folder: str, why: str, name: str
) -> None:
    placed(desk, clients=folder, learnings=folder)
    number = carried(desk, recurring=True)
    words = refused(desk, number, name)
    assert why in words and "Set another folder" in words and "sk_live" not in words and "maria" not in words
    assert not (tmp_path / folder).exists() and not desk.records.get(number).documented


def test_a_document_whose_path_the_record_masked_is_found_by_what_was_written(desk: Desk, tmp_path: Path) -> None:
    number, other = carried(desk), carried(desk)
    path, theirs = file_of(only(desk, number, "incident")), file_of(only(desk, other, "incident"))
    (path.parent / "incident-2026-11-23-another.md").write_text("# Another\n")
    (path.parent / "incident-2026-11-23-broken.md").write_bytes(b"\xff\xfe")
    said = desk.records.get(number).documented["DOC-1"]
    masked = said.text.replace("invoices-by-mail", "ledger-[card:4a4d33]")
    add(desk, number, "documented", 80, path=masked, sections=said.sections)
    path.write_text(path.read_text().replace("## Root Cause\n", "## Root Cause\n\nmine\n"))
    assert only(desk, number, "incident").path == path
    add(desk, number, "note", 90, text="called again")
    put = only(desk, number, "incident", yes=True)
    assert put.path == path and "mine" in path.read_text() and "may still be there" not in put.words
    assert tmp_path / desk.records.get(number).documented["DOC-1"].text == path
    add(desk, other, "documented", 80, path=masked, sections={"#": "0" * 16})
    assert only(desk, other, "incident").path not in (path, theirs), "it may be anybody's"


def test_a_document_that_moved_with_its_folder_is_found_again(desk: Desk, tmp_path: Path) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    (tmp_path / "clients").rename(tmp_path / "agency")
    placed(desk, clients="agency")
    add(desk, number, "note", 90, text="called again")
    put = only(desk, number, "incident")
    assert put.path == tmp_path / "agency" / path.relative_to(tmp_path / "clients") and put.state == "written"
    assert len(list(file_of(put).parent.iterdir())) == 1


# Two at once


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, what: Callable[[], object]) -> None:
    """Somebody else does something in the midst of writing: right after this function of ours is called for the first time."""
    real, done = getattr(writing, name), []

    def then(*given: Any, **named: Any) -> Any:
        result = real(*given, **named)
        if not done:
            done.append(name)
            what()
        return result

    monkeypatch.setattr(writing, name, then)


def of_bo(desk: Desk) -> Desk:
    """Somebody else's desk in the same workspace."""
    return Desk(desk.records, desk.settings, by="Bo", clock=desk.clock)


@pytest.mark.parametrize(
    ("name", "after"), [("incident", "free_path"), ("learning", "free_path"), ("learning", "begun")]
)
def test_two_who_write_at_once_do_not_write_over_each_other(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: str
) -> None:
    mine, other = carried(desk, recurring=True), carried(desk, recurring=True, title="Quite another one")
    monkeypatch.setattr("incident_nb.desk.filed.PATIENCE", 0, raising=False)
    told: list[str] = []

    def bo() -> None:
        try:
            only(of_bo(desk), other, name)
        except OutputError as error:
            told.append(str(error))

    meanwhile(monkeypatch, after, bo)
    only(desk, mine, name)
    only(of_bo(desk), other, name)
    said = [
        desk.records.get(number).documented["DOC-1" if name == "incident" else "DOC-2"].text for number in (mine, other)
    ]
    if name == "incident":
        assert said[0] != said[1] and all((tmp_path / path).is_file() for path in said)
    else:
        text = (tmp_path / said[0]).read_text()
        assert said[0] == said[1] and "| INC-1 |" in text and "| INC-2 |" in text
    assert len(told) == 1 and "somebody else is writing documents just now" in told[0]


def test_an_occurrence_that_another_adds_meanwhile_is_not_lost(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [carried(desk, recurring=True) for _ in range(3)]
    path = file_of(only(desk, numbers[0], "learning"))
    desk.records.close()

    def write(number: int, together: threading.Barrier) -> Papers:
        theirs = of_bo(desk)
        theirs.records = Records(tmp_path / "incidents" / "records.db")
        together.wait()
        papers = write_documents(theirs, number, only=["incident", "learning"])
        theirs.records.close()
        return papers

    together = threading.Barrier(2)
    with ThreadPoolExecutor() as pool:
        papers = list(pool.map(write, numbers[1:], [together] * 2))
    assert len({put.path for paper in papers for put in paper.put}) == 3, "two documents, one learning file"
    assert all(f"[INC-{number}]" in path.read_text() for number in numbers[1:])


def test_a_new_file_that_somebody_makes_meanwhile_is_left_as_it_is(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = carried(desk)
    folder = tmp_path / "clients" / "BAY" / "context" / "operations"
    path = folder / "incident-2026-11-23-invoices-by-mail-credentials.md"
    meanwhile(monkeypatch, "make_folder", lambda: path.write_text("somebody's own"))
    assert re.search("was changed just now", refused(desk, number, "incident"))
    assert path.read_text() == "somebody's own" and not desk.records.get(number).documented


# What goes wrong


def test_a_file_that_can_not_be_read_is_left_as_it_is(desk: Desk) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    path.write_bytes(b"\xff\xfe\x00")
    assert re.search(r"could not read .* left as it is", refused(desk, number, "incident"))
    path.write_text("x" * 2_000_001)
    assert re.search("longer than any document", refused(desk, number, "incident"))


def test_a_file_that_somebody_changes_meanwhile_is_left_as_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = carried(desk)
    path = file_of(only(desk, number, "incident"))
    add(desk, number, "note", 90, text="called again")
    meanwhile(monkeypatch, "made_anew", lambda: path.write_text("somebody's own"))
    assert re.search("was changed just now", refused(desk, number, "incident"))
    assert path.read_text() == "somebody's own"


@pytest.mark.parametrize(
    ("name", "why"),
    [("incident", "could not read"), ("learning", "could not read"), ("notice", "no ordinary file"),
     ("billing", "no ordinary file")],
)  # fmt: skip
def test_a_document_that_can_not_be_written_keeps_none_of_the_others_back(
    desk: Desk, tmp_path: Path, name: str, why: str
) -> None:
    number = carried(desk, recurring=True)
    path = file_of(by_name(write_documents(desk, number))[name])
    path.unlink()
    if why == "could not read":
        path.write_bytes("# X\n\nProblems: a1b2c3d4e5f6\n\nGrüße\n".encode("latin-1"))
    else:
        path.mkdir()
    add(desk, number, "note", 90, text="called again")
    puts = by_name(write_documents(desk, number))
    assert puts[name].state == "failed" and why in puts[name].words and str(path) in puts[name].words
    states = {put.state for other, put in puts.items() if other != name}
    assert states <= {"written", "unchanged"} and "written" in states


@pytest.mark.parametrize("wrong", [{"time_zone": "Europe/Berln"}, {"hours": "nine to five"}])
def test_a_setting_that_nobody_can_read_keeps_no_document_back(desk: Desk, wrong: dict[str, str]) -> None:
    clients = {**CLIENTS, "BAY": {**CLIENTS["BAY"], **wrong}}
    desk.settings = Settings.model_validate({"clients": clients, "sender": SENDER, "path": desk.settings.path})
    assert {put.state for put in write_documents(desk, carried(desk, recurring=True)).put} == {"written"}


def test_a_secret_that_somebody_wrote_into_a_file_is_to_be_taken_out_of_it(desk: Desk) -> None:
    first, again = carried(desk, recurring=True), carried(desk, recurring=True)
    path = file_of(only(desk, first, "learning"))
    path.write_text(
        path.read_text() + "\nTry sk-ant-api03-FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B-AA\n"
    )
    line = path.read_text().count("\n")
    words = refused(desk, again, "learning")
    assert f"{path.name} was not written: line {line} of it" in words and "Take it out of that file" in words
    assert "fault" not in words and "FAKE0a1B" not in words


def test_an_incident_that_there_is_not_is_refused_before_anything_is_made(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_documents(desk, 7)
    assert not (tmp_path / "incidents" / "INC-7").exists()
    desk.settings = desk.settings.model_copy(update={"path": None})
    with pytest.raises(UsageError, match="in a workspace"):
        write_documents(desk, carried(desk))


def test_a_folder_that_can_not_be_made_is_named(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "clients").write_text("a file")
    assert f"{tmp_path / 'clients'}" in refused(desk, carried(desk), "incident")


def test_no_secret_and_no_other_client_in_any_file(desk: Desk, tmp_path: Path) -> None:
    key = "sk-ant-api03-FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B-AA"
    number = carried(desk, title=f"Otherwise Ltd and {key}", recurring=True)
    for kind, values in {
        "note": {"text": f"OTH has it, too: {key}"},
        "worded": {"section": "impact", "text": f"3 orders {key}"},
    }.items():
        desk.add(number, kind, **values)
    write_documents(desk, number)
    for path in [*tmp_path.rglob("*.md"), *tmp_path.rglob("*.txt"), *tmp_path.rglob("*.eml")]:
        text = path.read_text()
        assert "FAKE0a1B" not in text, path
        assert "Otherwise" not in text or "billing" in path.name, path
    assert "OTH " not in next((tmp_path / "clients").rglob("*.md")).read_text()


# On the command line


@pytest.fixture
def told(ran: Ran, capsys: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:  # noqa: F811
    """Runs the command in a workspace with an incident, and gives what it wrote to each side."""
    ran("incidents", "open", "Orders fails", "--client", "BAY", "--offline")
    ran("incidents", "severity", "INC-1", "P2", "--reason", "an order a minute")
    return lambda *given: ran_once(capsys, "documents", *given)


def test_the_command_says_where_they_are_and_what_they_lack(told: Callable[..., SimpleNamespace]) -> None:
    first = told("INC-1")
    assert "incident written clients/BAY/context/operations/incident-" in first.out
    assert "a holding notice; no mail is made while open: contact" in first.err
    assert "open: cause: the cause is not confirmed" in first.err
    assert "incident-nb incidents record INC-1 cause_accepted cause=..." in first.err
    found = json.loads(told("INC-1", "--only", "incident", "--only", "billing", "--json").out)
    states = [(one["document"], one["state"]) for one in found["documents"]]
    assert states == [("incident", "unchanged"), ("billing", "written")]
    assert {"name", "of", "what", "close", "found", "waived"} == set(found["gaps"][0])
    wrong = told("INC-1", "--only", "notes")
    assert wrong.code == 2 and "There is no document 'notes'" in wrong.err
    assert told("INC-7").code == 2


def test_a_difference_is_shown_and_yes_goes_on(told: Callable[..., SimpleNamespace], ran: Ran) -> None:  # noqa: F811
    path = Path(json.loads(told("INC-1", "--json").out)["documents"][0]["path"])
    path.write_text(path.read_text().replace("## Root Cause", "## Root Cause\n\nmine"))
    ran("incidents", "note", "INC-1", "called the client")
    asked = told("INC-1", "--only", "incident")
    assert "to confirm" in asked.out and re.search(r"\+- \d\d:\d\d - called the client", asked.err)
    assert "mine" in path.read_text() and "called the client" not in path.read_text()
    assert "written" in told("INC-1", "--only", "incident", "--yes").out
    assert "mine" in path.read_text() and "called the client" in path.read_text()


def test_a_document_that_failed_is_named_and_the_command_ends_with_1(told: Callable[..., SimpleNamespace]) -> None:
    path = Path(json.loads(told("INC-1", "--json").out)["documents"][0]["path"])
    path.write_bytes(b"\xff\xfe")
    wrong = told("INC-1")
    assert (
        wrong.code == 1 and wrong.out.startswith("incident failed learning") and f"could not read {path}" in wrong.err
    )
    assert "notice written" in wrong.out and "billing written" in wrong.out
    wrong = told("INC-1", "--json")
    assert wrong.code == 1 and json.loads(wrong.out)["documents"][0]["state"] == "failed"
