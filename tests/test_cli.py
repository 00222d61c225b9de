"""The command line: data on stdout, words on stderr, exit codes, and a plain sentence for whatever is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from incident_nb import cli, files
from incident_nb.case import open_case
from tests.builders import call, error, flow, page, runs
from tests.served import KEY, Kept, failed, good, serving_n8n

V1 = Path(__file__).parent / "data" / "v1.jsonl.gz"
TOKEN = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(scope="module", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's own redaction key and settings folder are neither used nor made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs the command line in this process, in an empty folder, with `given` as its standard input."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, given: str | bytes = "") -> Ended:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        with pytest.raises(SystemExit) as ended:
            cli.main([str(each) for each in arguments])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Ended(int(ended.value.code or 0), shown.out, shown.err)

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two workflows of two clients, one of them failing since its fifth run."""
    path = tmp_path / "page.json"
    path.write_text(
        page([*runs("....XXX"), *runs(".......", flow(2, "[BETA] Good one", call(credential="c2")), first=11)])
    )
    return path


NOW = ("--now", "2026-03-09T08:00:00Z")


def records(*lines: object) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


# classify


def test_classify_answers_line_by_line_in_order(command: Command) -> None:
    ended = command(
        "classify",
        given=records(
            {"id": "a", "message": "getaddrinfo ENOTFOUND api.shop.example", "http_code": "ENOTFOUND"},
            {
                "id": "b",
                "message": "The service is receiving too many requests from you",
                "http_code": 429,
                "extra": [1],
            },
            {"id": None, "message": "Authorization failed - please check your credentials", "http_code": None},
            {"message": "connect ECONNREFUSED", "host": None},
        )
        + "\n",
    )
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert ended.err == ""
    assert [answer["id"] for answer in answers] == ["a", "b", None, None]
    assert [answer["cause"] for answer in answers] == ["network", "rate_limit", "credentials", "network"]
    keys = {"id", "cause", "detail", "confidence", "runner_up", "signature", "procedure"}
    assert all(set(answer) == keys and 0 <= answer["confidence"] <= 1 for answer in answers)
    assert all(isinstance(answer["procedure"], list) for answer in answers)


def test_classify_knows_our_own_hosts_by_the_settings(command: Command, tmp_path: Path) -> None:
    line = records({"message": "Bad gateway", "http_code": "502", "host": "api.acme.example"})
    assert json.loads(command("classify", given=line).out)["cause"] == "external_outage"
    (tmp_path / "mine.toml").write_text('own_hosts = ["*.acme.example"]')
    assert json.loads(command("classify", "--config", "mine.toml", given=line).out)["cause"] == "endpoint_crash"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("no json", "Line 2 of - is no JSON"),
        ('{"message": "cut', "Line 2 of - is no JSON"),
        ("[1]", "Line 2 of - is JSON, but no object"),
        ('"text"', "Line 2 of - is JSON, but no object"),
        ("[" * 100_000, "Line 2 of - is no JSON"),
        ("9" * 5000, "Line 2 of - is no JSON"),
    ],
    ids=["words", "cut", "list", "text", "deep", "long number"],
)
def test_classify_names_the_line_that_is_wrong(command: Command, bad: str, says: str) -> None:
    ended = command("classify", given=records({"id": 1, "message": "x"}) + bad + "\n")
    assert ended.code == 2
    assert says in ended.err
    assert len(ended.out.splitlines()) == 1


def test_classify_reads_a_file(command: Command, tmp_path: Path) -> None:
    (tmp_path / "errors.jsonl").write_text(records({"id": 7, "message": "x"}))
    assert json.loads(command("classify", "errors.jsonl").out)["id"] == "7"
    assert command("classify", "none.jsonl").code == command("classify", ".").code == 2


# redact


@pytest.mark.parametrize(
    ("flag", "given", "left"),
    [
        ((), f"Key {TOKEN} refused\nnext line\n", "refused\nnext line\n"),
        (("--jsonl",), f'{{"password": "x1y2z3!"}}\n"Key {TOKEN} refused"\n', "refused"),
        (("--json",), f'{{"a": [1, {{"password": "x1y2z3!"}}],\n "b": "{TOKEN}"}}', '"a": ['),
    ],
    ids=["text", "jsonl", "json"],
)
def test_redact(command: Command, flag: tuple[str, ...], given: str, left: str) -> None:
    ended = command("redact", *flag, given=given)
    assert (ended.code, ended.err) == (0, "")
    assert TOKEN not in ended.out
    assert "x1y2z3!" not in ended.out
    assert left in ended.out
    if flag == ("--json",):
        json.loads(ended.out)
    else:
        assert len(ended.out.splitlines()) == len(given.splitlines())


def test_redact_says_what_was_no_json_and_masks_it_all_the_same(command: Command) -> None:
    ended = command("redact", "--jsonl", given=f'{{"a": "{TOKEN}\n{{}}\n')
    assert ended.code == 0
    assert TOKEN not in ended.out
    assert "1 of the input's values were no JSON" in ended.err


def test_redact_takes_one_form_only(command: Command) -> None:
    assert command("redact", "--json", "--jsonl").code == 2
    assert command("redact", "none.txt").code == 2


# patterns


def test_patterns_as_a_table(command: Command, source: Path) -> None:
    ended = command("patterns", source)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("3 failed executions of 14 executions of 2 workflows")
    assert "| Credentials | 3 | 100% | persistent |" in ended.out


GROUP = {
    "fingerprint", "instance", "client", "workflow_id", "workflow", "node", "node_type", "cause", "detail",
    "confidence", "count", "execution_ids", "first_seen", "last_seen", "onset", "pattern", "error_rate", "message",
    "why", "period",
}  # fmt: skip


def test_patterns_as_json(command: Command, source: Path) -> None:
    found = json.loads(command("patterns", source, "--json").out)
    tables = {"false_green", "silent", "slow", "shared", "rates"}
    assert set(found) == {"window", "totals", "skipped", "groups", *tables}
    assert found["window"] == {
        "from": "2026-03-02T08:00:00.000Z",
        "to": "2026-03-02T14:00:00.000Z",
        "pruned_before": None,
    }
    assert found["skipped"] == []
    assert found["false_green"] == found["silent"] == found["slow"] == found["shared"] == []
    rates = [(row["workflow"], row["failed"], row["before_failed"]) for row in found["rates"]]
    assert rates == [("[ACME] Flow 1", 3, 0), ("[BETA] Good one", 0, 0)]
    (group,) = found["groups"]
    assert set(group) == GROUP
    assert group["execution_ids"] == ["7", "6", "5"]
    assert (group["count"], group["pattern"], group["error_rate"]) == (3, "persistent", 1.0)
    assert group["onset"] == {
        "at": "2026-03-02T12:00:00.000Z", "not_before": "2026-03-02T11:00:00.000Z", "not_after": "2026-03-02T12:00:00.000Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "executions", "failed"),
    [
        (("--since", "2026-03-02T13:00:00Z"), 4, 2),
        (("--until", "2026-03-02T12:00:00"), 10, 1),
        (("--until", "2026-03-02T13:00:00+01:00"), 10, 1),
        (("--client", "BETA"), 7, 0),
    ],
)
def test_patterns_of_a_part(
    command: Command, source: Path, options: tuple[str, ...], executions: int, failed: int
) -> None:
    totals = json.loads(command("patterns", source, *options, "--json").out)["totals"]
    assert (totals["executions"], totals["failed"]) == (executions, failed)
    assert command("patterns", source, *options).code == 0


def test_patterns_since_a_time_still_know_what_came_before(command: Command, source: Path) -> None:
    found = json.loads(command("patterns", source, "--since", "2026-03-02T14:00:00Z", "--json").out)
    (group,) = found["groups"]
    assert (group["count"], group["execution_ids"]) == (1, ["7"])
    assert group["onset"]["at"] == "2026-03-02T12:00:00.000Z"
    assert found["window"]["from"] == "2026-03-02T14:00:00.000Z"


def test_patterns_reads_several_sources(command: Command, source: Path, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text(page(runs("XX", flow(3), first=50)))
    found = json.loads(command("patterns", source, tmp_path / "more.json", "--json").out)
    assert found["totals"]["groups"] == 2


# investigate


def test_investigate_as_text(command: Command, source: Path) -> None:
    ended = command("investigate", source, *NOW)
    assert (ended.code, ended.err) == (0, "")
    for words in ("credentials", "invalid token", "2026-03-02 12:00 UTC", "P2 High", "respond by", "Next step"):
        assert words in ended.out


def test_investigate_lists_the_other_problems(command: Command, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text(page([*runs("...XXX"), *runs("....X.", flow(2), first=11)]))
    assert "## Other problems" in command("investigate", "page.json", *NOW).out


STYLE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def terminal(command: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Runs the command line in a window of so many columns; the lines that it shows there."""

    def run(columns: int, *arguments: object) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        return [STYLE.sub("", line).rstrip() for line in command(*arguments).out.splitlines()]

    return run


LONG = "The service refused what it was sent, since the field of the order is not what it was. " * 5


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("shown", ["sample", "long"])
def test_a_small_window_shows_what_matters_first(
    terminal: Callable[..., list[str]], tmp_path: Path, columns: int, shown: str
) -> None:
    of = flow(1, "[ACME] Orders of the shop into the bookkeeping, every night", call("Send the order to the books"))
    (tmp_path / "page.json").write_text(page(runs("....XXX......X.", of, wrong=error(400, LONG, LONG))))
    asked = ("sample",) if shown == "sample" else ("page.json", *NOW, "--execution", "6")
    lines = terminal(columns, "investigate", *asked)
    assert max(map(len, lines)) <= min(columns, 100)
    text = " ".join(" ".join(lines[:24]).split())
    for words in (
        "failed 3 times",
        "Since 2026-",
        "Cause ",
        "Severity P",
        "respond by",
        "resolve by",
        "notify",
        "(RES-",
    ):
        assert words in text
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_small_window_lists_every_problem_whole(
    terminal: Callable[..., list[str]], tmp_path: Path, columns: int
) -> None:
    of = flow(1, "[ACME] Orders of the shop into the bookkeeping, every night", call("Send the order to the books"))
    (tmp_path / "page.json").write_text(
        page([*runs("....XXX", of, wrong=error(400, "[b]No[/b]")), *runs("...X", flow(2), first=11)])
    )
    lines = terminal(columns, "patterns", "page.json")
    assert max(map(len, lines)) <= min(columns, 100)
    text = " ".join(" ".join(lines).split())
    assert text.startswith("2 problems in 4 executions of 11, 4 of them failed")
    assert (
        "3 × [ACME] Orders of the shop into the bookkeeping, every night, “Send the order to the books”: Data" in text
    )
    assert "[b]No[/b]" in text and "one off, 2026-" in text and text.count(" since 2026-") == text.count("3 ×") == 1
    assert "…" not in text


def test_a_window_shows_text_from_outside_as_it_is(terminal: Callable[..., list[str]], tmp_path: Path) -> None:
    words = "[bold]no[/bold] **markup** here: https://shop.example/" + "x" * 80
    (tmp_path / "page.json").write_text(page(runs("..X", wrong=error(400, words))))
    assert "[bold]no[/bold] **markup** here" in "\n".join(terminal(60, "investigate", "page.json", *NOW))


def test_a_window_says_that_all_is_well(terminal: Callable[..., list[str]], source: Path) -> None:
    lines = terminal(60, "investigate", source, *NOW, "--workflow", "wf2")
    assert " ".join(lines).startswith("None of the 7 runs of “[BETA] Good one” in the window failed: nothing")


@pytest.mark.parametrize("target", [(), ("-",), ("out.json",)], ids=["nothing", "dash", "file"])
def test_investigate_as_json(command: Command, source: Path, tmp_path: Path, target: tuple[str, ...]) -> None:
    ended = command("investigate", source, *NOW, "--json", *target)
    assert ended.code == 0
    text = (tmp_path / "out.json").read_text() if target == ("out.json",) else ended.out
    assert json.loads(text)["hypotheses"][0]["cause"] == "credentials"
    assert ended.out == ("" if target == ("out.json",) else text)


def test_json_without_a_file_may_come_before_other_options(command: Command, source: Path) -> None:
    ended = command("investigate", source, "--json", "--workflow", "wf2")
    assert json.loads(ended.out)["hypotheses"] == []


def test_a_healthy_source_says_so(command: Command, source: Path) -> None:
    ended = command("investigate", source, *NOW, "--client", "BETA")
    assert ended.code == 0
    assert "None of the 7 executions failed: nothing to diagnose." in ended.out


def test_strict_tells_that_some_checks_could_not_look(command: Command, source: Path) -> None:
    assert command("investigate", source, *NOW, "--strict").code == 3


def test_what_was_skipped_is_said(command: Command, source: Path) -> None:
    damaged = json.loads(source.read_text())
    damaged["data"].append({"id": 99, "status": 5, "workflowData": 7})
    source.write_text(json.dumps(damaged))
    ended = command("investigate", source, *NOW)
    assert ended.code == 0
    assert "skipped: " in ended.err
    assert "skipped" not in ended.out


def truncated(path: Path) -> None:
    path.write_text('{"data": [{"id": "1", "status": "err')


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(page(runs("XX")).encode())[:200])


BAD_SOURCES = {
    "missing": (lambda path: path.unlink(), "page.json"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("hello"), "no n8n export"),
    "other JSON": (lambda path: path.write_text('{"hello": 1}'), "no n8n export"),
    "truncated": (truncated, "page.json"),
    "truncated gzip": (cut_gzip, "damaged"),
    "binary": (lambda path: path.write_bytes(bytes(range(256))), "no n8n export"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 99), "no n8n export"),
    "half a database": (lambda path: path.write_bytes(b"SQLite format 3\x00" + b"\x01" * 500), "page.json"),
    "empty folder": (lambda path: (path.unlink(), path.mkdir()), "page.json"),
}


@pytest.mark.parametrize(("damage", "says"), BAD_SOURCES.values(), ids=BAD_SOURCES.keys())
@pytest.mark.parametrize("name", ["investigate", "patterns"])
def test_a_source_that_cannot_be_read(
    command: Command, source: Path, name: str, damage: Callable[[Path], object], says: str
) -> None:
    damage(source)
    ended = command(name, source)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert says in ended.err


def test_a_source_that_may_not_be_read(command: Command, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser may read everything, so the refusal is put in its place here.
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    ended = command("investigate", source, "--config", source)
    assert ended.code == 2
    assert "Permission denied" in ended.err


WRONG_USE = [
    (("--execution", "99"), "There is no execution 99 in this source. It holds 14 executions, 1 to 17."),
    (("--workflow", "[ACME] Flow1"), "Did you mean “[ACME] Flow 1”"),
    (("--client", "ZED"), "It holds: ACME, BETA."),
    (("--execution", "1", "--workflow", "wf1"), "not several"),
    (("--now", "yesterday"), "no ISO 8601 time"),
    (("--config", "none.toml"), "Could not read the settings file"),
    (("--execution", "https://n8n.example/home"), "no n8n execution address"),
    (("--nonsense",), "No such option"),
]


@pytest.mark.parametrize(("options", "says"), WRONG_USE, ids=[" ".join(options) for options, _ in WRONG_USE])
def test_wrong_use_of_investigate(command: Command, source: Path, options: tuple[str, ...], says: str) -> None:
    ended = command("investigate", source, *options)
    assert (ended.code, ended.out) == (2, "")
    assert says in " ".join(ended.err.replace("│", " ").split())


def test_brackets_in_a_message_are_shown_as_they_are(command: Command, source: Path) -> None:
    assert "[/bold]" in command("investigate", source, "--execution", "[/bold]").err


def a_file(path: Path) -> Path:
    path.write_text("mine")
    return path


def a_full_folder(path: Path) -> Path:
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    return path


BAD_TARGETS = {
    "a file": (a_file, "exists and is no folder"),
    "a folder with other things": (a_full_folder, "holds other things than an investigation"),
    "below a file": (lambda path: a_file(path) / "deeper", "could not make the folder"),
}


@pytest.mark.parametrize(("make", "says"), BAD_TARGETS.values(), ids=BAD_TARGETS.keys())
def test_an_output_that_cannot_be_written(
    command: Command, source: Path, tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    out = make(tmp_path / "out")
    ended = command("investigate", source, *NOW, "--out", out)
    assert (ended.code, ended.out) == (1, "")
    assert says in ended.err
    assert [path.read_text() for path in tmp_path.glob("out/*")] in ([], ["mine"])


def test_a_folder_that_may_not_be_entered(
    command: Command, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "out").mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    ended = command("investigate", source, *NOW, "--out", "out")
    assert (ended.code, ended.out) == (1, "")
    assert "could not look into out: Permission denied" in ended.err


@pytest.mark.parametrize("target", ["none/out.json", "."])
def test_json_that_cannot_be_written(command: Command, source: Path, target: str) -> None:
    ended = command("investigate", source, *NOW, "--json", target)
    assert (ended.code, ended.out) == (1, "")
    assert "could not write" in ended.err


def test_a_full_disk_is_told(command: Command, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", refuse)
    ended = command("investigate", source, *NOW, "--json", "out.json")
    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert not Path("out.json").exists()


def test_the_sample_is_not_mixed_with_other_sources(command: Command, source: Path) -> None:
    ended = command("patterns", "sample", source)
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be mixed" in ended.err


def test_the_version(command: Command) -> None:
    ended = command("--version")
    assert ended.code == 0
    assert ended.out.startswith("incident-nb ")


def test_without_a_command_it_shows_what_there_is(command: Command) -> None:
    ended = command()
    assert ended.code == 2
    for name in ("investigate", "patterns", "classify", "redact", "demo", "lab"):
        assert name in ended.out + ended.err


# The real program, and whole runs with a kernel


def test_the_installed_program_writes_data_and_words_apart(source: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("incident-nb")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [program, "investigate", source, *NOW, "--json"],
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "“[ACME] Flow 1”" in json.loads(done.stdout.decode("utf-8"))["headline"]


@dataclass(frozen=True)
class Whole:
    """What `investigate --out` left behind."""

    folder: Path
    code: int

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def diagnosis(self) -> Any:
        return json.loads(self.text("diagnosis.json"))


def whole(source: object, folder: Path, *options: str) -> Whole:
    with pytest.raises(SystemExit) as ended:
        cli.main(["investigate", str(source), "--out", str(folder), *options])
    return Whole(folder, int(ended.value.code or 0))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return whole("sample", tmp_path_factory.mktemp("sample") / "out")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The other data set, asked for one of its workflows, in the folder of an earlier investigation."""
    out = tmp_path_factory.mktemp("v1") / "out"
    out.mkdir(0o700)
    open_case("sample").save(out / "case").write("diagnosis.json", {"of": "an earlier case"})
    asked = ("--workflow", "Stripe invoices", "--now", "2026-11-08T09:00:00Z", "--json", str(out / "copy.json"))
    return whole(V1, out, *asked)


def test_a_whole_run_leaves_everything_in_its_folder(sample: Whole, older: Whole) -> None:
    for made in (sample, older):
        assert made.code == 0
        names = {path.name for path in made.folder.iterdir()}
        assert {"case", "investigation.ipynb", "report.html", "report.md", "diagnosis.json"} <= names
        assert made.folder.stat().st_mode & 0o077 == 0
        private = (path for path in made.folder.rglob("*") if path.is_file())
        assert all(path.stat().st_mode & 0o077 == 0 for path in private)


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_the_report_says_what_failed_and_why(sample: Whole, older: Whole, name: str) -> None:
    said = sample.text(name).replace("\\", "")
    assert "Appointment reminders (SMS)" in said
    assert "Credentials (oauth token)" in said
    said = older.text(name).replace("\\", "")
    assert "Stripe invoices → Sheet" in said
    assert "2026-11-06 07:00 UTC" in said
    assert "Appointment reminders (SMS)" not in said.partition("Most probable cause")[0]
    assert older.diagnosis["hypotheses"][0]["cause"] == "credentials"


def test_headings_lists_and_tables_survive_in_the_report(sample: Whole) -> None:
    html = sample.text("report.html")
    assert "<h2" in html and "1. Acknowledge and classify" in html
    assert "<li>" in html
    assert "<th" in html and "DX-3" in html
    assert html.count("<img") == html.count('src="data:image/png;base64,') > 0
    assert "<script" not in html


def test_the_notebook_keeps_no_marks_of_the_machine(sample: Whole, older: Whole) -> None:
    for made in (sample, older):
        text = made.text("investigation.ipynb")
        assert "papermill" not in json.dumps(json.loads(text)["metadata"])
        assert not any("papermill" in cell.metadata for cell in nbformat.reads(text, as_version=4).cells)
        for place in (made.folder, Path(sys.prefix), Path(__file__).parents[1]):
            assert str(place) not in text
        assert 'case = "case"' in text.replace('\\"', '"')


def test_an_earlier_investigation_in_the_folder_is_replaced(older: Whole) -> None:
    assert older.diagnosis["subject"]["workflow"] == "[DLTA] Stripe invoices → Sheet"
    assert json.loads(older.text("copy.json")) == json.loads(older.text("case/diagnosis.json")) == older.diagnosis


def test_the_report_of_patterns_holds_tables_and_charts(command: Command, source: Path, tmp_path: Path) -> None:
    ended = command("patterns", source, "--html", "patterns.html")
    assert (ended.code, ended.out) == (0, "")
    html = (tmp_path / "patterns.html").read_text()
    assert "<td><strong>[ACME] Flow 1</strong>" in html
    assert html.count("<img") >= 2
    assert "<script" not in html


def test_a_run_that_fails_in_the_middle_still_gives_a_report_that_says_so(
    command: Command, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = tmp_path / "house"
    house.mkdir()
    parameters = new_code_cell('case: str = "sample"', metadata={"tags": ["parameters"]})
    cells = [parameters, new_markdown_cell("# What was seen"), new_code_cell("'seen'"), new_code_cell("1 / 0")]
    nbformat.write(new_notebook(cells=[*cells, new_code_cell("'never seen'")]), house / "incident.ipynb")
    monkeypatch.setattr("incident_nb.desk.paper.notebooks", lambda: house)
    ended = command("investigate", source, *NOW, "--out", "out")
    assert ended.code == 1
    assert "The notebook stopped before its end" in ended.err
    html = (tmp_path / "out" / "report.html").read_text()
    assert html.index("The run stopped before its end: ") < html.index("What was seen")
    assert "ZeroDivisionError" in html
    assert json.loads((tmp_path / "out" / "diagnosis.json").read_text())["hypotheses"]


def test_no_secret_of_the_source_is_in_any_file_of_a_run(command: Command, tmp_path: Path) -> None:
    wrong = error(401, f"Key {TOKEN} was refused", f"Bearer {TOKEN}")
    (tmp_path / "page.json").write_text(
        page(runs("..XX", flow(1, None, call(path=f"/x?api_key={TOKEN}")), wrong=wrong))
    )
    assert command("investigate", "page.json", *NOW, "--out", "out").code == 0
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path.name


def test_problems_as_csv_hold_no_formula(command: Command, tmp_path: Path) -> None:
    names = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "＝1",
        '=HYPERLINK("http://evil.example","x")',
        'a";=1',
        "a\n=1",
        "Plain",
    ]
    flows = [flow(n, name, call(name)) for n, name in enumerate(names, 1)]
    rows = [
        each for n, of in enumerate(flows, 1) for each in runs("..X", of, first=10 * n, wrong=error(400, names[n - 1]))
    ]
    (tmp_path / "page.json").write_text(page(rows))
    ended = command("patterns", "page.json", "--until", NOW[1], "--csv", "problems.csv")
    assert (ended.code, ended.out) == (0, "")
    written = (tmp_path / "problems.csv").read_text(encoding="utf-8-sig")
    table = list(csv.DictReader(io.StringIO(written, newline="")))
    assert sorted(row["workflow_id"] for row in table) == sorted(f"wf{n}" for n in range(1, len(names) + 1))
    assert {row["count"] for row in table} == {"1"}
    assert all(row["onset_at"].startswith("2026-03-02T10:00:00") for row in table)
    assert "Plain" in {row["workflow"] for row in table}
    for row in table:
        for cell in row.values():
            assert not re.match(r"\s*[=+\-@＝＋－＠]", cell), cell
            assert not re.search(r"[;,\t|]\s*[\"']*[=＝]", cell.replace("'=", "")), cell
    assert command("patterns", "page.json", "--csv", "no/such/folder.csv").code == 1


def test_a_report_asks_the_server_of_our_own_settings(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook runs elsewhere and apart; it still finds our settings and signs in, and keeps nothing of the key."""
    begun = datetime.now(UTC) - timedelta(hours=6)
    rows = [(good if number < 4 else failed)(number) for number in range(6)]
    for number, row in enumerate(rows):
        row["startedAt"] = row["stoppedAt"] = (begun + number * timedelta(hours=1)).isoformat()
        for run in row["data"]["resultData"]["runData"]["Call"]:
            run["startTime"] = int((begun + number * timedelta(hours=1)).timestamp() * 1000)
    off = {"id": "wf1", "name": "[ACME] Orders", "nodes": [], "active": False, "activeVersionId": None}
    kept = Kept(workflows=[off])
    kept.add(*rows)
    with serving_n8n(kept) as server:
        (tmp_path / "incident-nb.toml").write_text(f'[n8n.default]\nurl = "{server.url}"\n')
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        ended = command("investigate", "n8n", "--out", "out", "--json", "diagnosis.json")
        asked = [one for one in server.asked if one.path.startswith("/api/v1/workflows/wf1")]
    assert ended.code == 0, ended.err
    assert asked and all(one.headers["x-n8n-api-key"] == KEY for one in asked)
    told = json.loads((tmp_path / "diagnosis.json").read_text())
    assert told == json.loads((tmp_path / "out" / "diagnosis.json").read_text()) and told["not_asked"] is None
    row = next(finding for finding in told["findings"] if finding["check"] == "RC-4")
    assert row["outcome"] == "found" and "itself is not published now" in row["summary"]
    assert "itself is not published now" in (tmp_path / "out" / "report.md").read_text()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
