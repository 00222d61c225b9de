"""What README and docs say is tried: commands and examples run, links lead somewhere, nothing public is left out.

Commands are the lines of ```bash and ```console blocks that begin with `incident-nb` (in the README also with its path in
the virtual environment). They run in a folder of their own, where the names that stand for a reader's own files
(`STAND_INS`) exist: each export is a page made of the bundled sample. In a console block the lines shown under a
command must be the beginnings of lines that it prints, in that order; `...` stands for any lines. A notebook is run once
in all; later commands get the committed outputs instead, which other tests compare with a run.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from incident_nb import cli, notebook, redact, resources, settings
from incident_nb.causes import Signature, classify, engine, rules, signatures, unwrap
from incident_nb.cli import workspace
from incident_nb.desk import paper
from incident_nb.diagnose import rank
from incident_nb.diagnose.evidence import LOOKS
from incident_nb.models import (
    Cause,
    Diagnosis,
    ErrorRecord,
    Fact,
    Finding,
    Hypothesis,
    Impact,
    Outcome,
    Problem,
    SeverityBlock,
    Subject,
    Verdict,
    Window,
)
from incident_nb.patterns import GROUP_COLUMNS, period, shape, states
from incident_nb.patterns.onset import CERTAIN
from incident_nb.patterns.rates import FALSE_SHARE
from incident_nb.patterns.sequences import AT_ONCE
from incident_nb.patterns.window import FIRST, READ
from incident_nb.probes import PROBES, endpoint
from incident_nb.review import paper as review_paper
from tests import served

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STAND_INS = ("executions.json", "database.sqlite", "entities.zip", "exports/page.json")


class Block(NamedTuple):
    """One fenced block of a page, without the indent of a list it stands in."""

    page: str
    line: int
    language: str
    text: str


@cache
def blocks() -> list[Block]:
    fence = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
    return [
        Block(page.name, text[: found.start()].count("\n") + 1, found[2], re.sub(rf"(?m)^{found[1]}", "", found[3]))
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for found in fence.finditer(text)
    ]


def named(language: str) -> list[Any]:
    return [pytest.param(block, id=f"{block.page}:{block.line}") for block in blocks() if block.language == language]


def commands() -> list[Any]:
    """Each documented command line with what is shown under it."""
    found = []
    for block in blocks():
        if block.language not in ("bash", "console"):
            continue
        prompt = r"\$ " if block.language == "console" else ""
        parts = re.split(rf"(?m)^{prompt}(?=(?:\.venv/bin/)?incident-nb )", block.text)[1:]
        for number, part in enumerate(parts):
            line, _, shown = part.partition("\n")
            shown = shown if block.language == "console" else ""
            found.append(pytest.param(line, shown.splitlines(), id=f"{block.page}:{block.line}-{number}"))
    return found


@cache
def sample() -> list[dict[str, Any]]:
    (path,) = resources.sample().glob("*.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what the documentation's names stand for."""
    page = json.dumps({"data": sample(), "nextCursor": None})
    for name in STAND_INS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(page, encoding="utf-8")
    (tmp_path / "errors.jsonl").write_text('{"id": 1, "message": "invalid_grant"}\n{"message": "?"}\n')
    (tmp_path / "alert.txt").write_text("401 for Authorization: Bearer sk-proj-4fA8kQ2mZ7xB1nC9vL3w\n")
    (example,) = (block for block in blocks() if block.page == "configuration.md" and block.language == "toml")
    (tmp_path / "incident-nb.toml").write_text(example.text, encoding="utf-8")
    code = tmp_path / "clients" / "ALDER"
    for part in (".git", "modal_apps"):
        (code / part).mkdir(parents=True)
    (code / "modal_apps" / "models.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_REDACTION_KEY", "a key for the documentation's tests")
    monkeypatch.setattr(redact, "_default", None)  # else a key that was used before would stay
    return tmp_path


@pytest.fixture
def own_n8n(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The n8n of the pages that name it as a source: the sample on loopback, in the folder's settings."""
    kept = served.Kept(per_page=100)
    kept.add(*sample())
    with served.serving_n8n(kept) as server:
        configured = re.sub(r'(?m)^url = ".*"$', f'url = "{server.url}"', (folder / "incident-nb.toml").read_text())
        (folder / "incident-nb.toml").write_text(configured, encoding="utf-8")
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__MAIN", served.KEY)
        yield


@pytest.fixture
def one_notebook_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = notebook.run_notebook

    def once(source: Path, output: Path, parameters: Any, **options: Any) -> Any:
        if not ran:
            ran.append(output.name)
            return real(source, output, parameters, **options)
        assert set(parameters) <= set(notebook.declared_parameters(source))
        shutil.copy(source, output)
        return notebook.NotebookRun("done", output, None, None, 0.0)

    for user in (notebook, paper, review_paper):  # by name as well, or one that is loaded now would keep it for good
        monkeypatch.setattr(user, "run_notebook", once)


ran: list[str] = []


@pytest.fixture
def no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab itself is not started, only what leads to it."""
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(workspace.subprocess, "run", lambda *_, **__: done)


@pytest.mark.usefixtures("one_notebook_run", "no_lab", "own_n8n")
@pytest.mark.parametrize(("line", "shown"), commands())
def test_command_does_what_the_page_says(line: str, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = shlex.split(line, comments=True)
    if "INC-1" in line:  # which a reader has by then
        with pytest.raises(SystemExit):
            cli.main(["incidents", "open", "alert.txt", "--offline"])
        capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments[1:])
    out, err = capsys.readouterr()
    assert ended.value.code in (0, None), err
    printed = iter((out + err).splitlines())
    for expected in shown:
        assert expected == "..." or any(text.startswith(expected) for text in printed), expected
    for name in re.findall(r"(?:investigate|report|demo) .*--out (\S+)", line):
        assert (Path(name) / "report.html").stat().st_size > 10_000
        assert {"report.md", "investigation.ipynb", "diagnosis.json", "case"} <= {p.name for p in Path(name).iterdir()}
    for name in re.findall(r"review .*--out (\S+)", line):
        assert {"review.html", "review.md", "client.html", "client.md", "case"} <= {
            p.name for p in Path(name).iterdir()
        }
    for name in re.findall(r"--(?:html|json) (\w\S+)", line):
        assert Path(name).stat().st_size > 1_000


@pytest.mark.usefixtures("one_notebook_run", "folder")
@pytest.mark.parametrize("block", named("python"))
def test_python_example_runs(block: Block) -> None:
    exec(compile(block.text, f"{block.page}:{block.line}", "exec"), {"__name__": "example"})


def test_settings_example_loads_with_every_key_and_every_key_is_explained(folder: Path) -> None:
    loaded = settings.load(folder / "incident-nb.toml")
    assert loaded.client_of("Alder - Weekly listing check") == loaded.client_of("x", ["client-alder"]) == "ALDER"
    text = page("configuration.md")
    tables = {
        "": loaded, "n8n.NAME.": loaded.n8n["main"], "clients.CODE.": loaded.clients["ALDER"],
        "redaction.": loaded.redaction, "review.": loaded.review,
        "notebooks.": loaded.notebooks, "probes.": loaded.probes, "modal.": loaded.modal,
        "modal.apps.HOST.": next(iter(loaded.modal.apps.values())),
    }  # fmt: skip
    for table, example in tables.items():
        for key in type(example).model_fields.keys() - {"path", "problems", "notebooks"}:
            assert f"| `{table}{key}` |" in text, key
            assert key in example.model_fields_set, f"the example leaves out {table}{key}"


def test_signature_example_recognises_its_examples_only(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (block for block in blocks() if block.page == "causes.md" and block.language == "toml")
    ((row),) = tomllib.loads(block.text)["signature"]
    new: Signature = rules._signature(row)
    assert new.examples and new.near_misses
    before = [classify(ErrorRecord(**example)).cause for example in new.examples]
    assert new.cause not in before, "the example would teach nothing"
    known = rules.candidates
    monkeypatch.setattr(engine, "candidates", lambda evidence: [*known(evidence), (new, list(new.words))])
    for example in new.examples:
        assert classify(ErrorRecord(**example)).signature == new.id
    for example in new.near_misses:
        assert not new.fits(unwrap(ErrorRecord(**example)))
        assert classify(ErrorRecord(**example)).cause is Cause(example["cause"])


@pytest.fixture
def api() -> Iterator[str]:
    """A server on loopback that answers like n8n's list of executions: two to a page, and only with the key."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = parse_qs(address.query)
            if self.headers["X-N8N-API-KEY"] != "the-key" or asked["limit"] != ["250"]:
                return self.send_error(401)
            start = int(asked.get("cursor", ["0"])[0])
            rows = sample()[start : start + 2] if address.path.endswith("/executions") else []
            body = json.dumps({"data": rows, "nextCursor": str(start + 2) if rows and start < 4 else None}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(
    not shutil.which("curl") and os.environ.get("CI") != "true",
    reason="the documented script uses curl: apt-get install curl",
)
def test_script_fetches_every_page(api: str, tmp_path: Path) -> None:
    (script,) = (block.text for block in blocks() if block.language == "sh" and "nextCursor" in block.text)
    (tmp_path / "n8n-header").write_text("X-N8N-API-KEY: the-key\n")
    script = script.replace("https://n8n.example.com", api)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    pages = [json.loads(path.read_text())["data"] for path in sorted((tmp_path / "exports").glob("executions-*"))]
    assert [row["id"] for rows in pages for row in rows] == [row["id"] for row in sample()[:6]]


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_and_named_files_exist(path: Path) -> None:
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.is_file(), target
        assert not anchor or anchor in anchors(linked), target
    for name in re.findall(r"`((?:incident_nb|tests|benchmarks|notebooks|templates|docs)/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


def page(name: str) -> str:
    return next(path for path in PAGES if path.name == name).read_text(encoding="utf-8")


def test_every_page_is_linked_from_the_readme() -> None:
    for path in PAGES[1:]:
        assert f"(docs/{path.name})" in page("README.md"), path.name


def test_every_command_and_option_is_in_the_readme() -> None:
    import typer

    group: Any = typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        assert f"| `incident-nb {name}" in page("README.md"), name
        shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
        for option in (option for parameter in shown for option in parameter.opts if option.startswith("--")):
            assert option in page("README.md"), (name, option)


def test_every_environment_variable_is_explained() -> None:
    names = {
        name
        for path in (ROOT / "incident_nb").rglob("*.py")
        for name in re.findall(r'"(INCIDENT_NB_[A-Z0-9_]+)"', path.read_text(encoding="utf-8"))
    }
    assert names
    for name in names:
        assert f"| `{name}` |" in page("configuration.md"), name


def test_every_module_has_its_line() -> None:
    text = page("architecture.md")
    for path in (ROOT / "incident_nb").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if path.name != "__init__.py":
            assert f"| `{name}` |" in text, name


def test_imports_go_down_the_table_of_levels() -> None:
    table = re.findall(r"(?m)^\| (\d+) \| (.+) \|$", page("architecture.md"))
    level = {name: int(number) for number, names in table for name in re.findall(r"`(\w+)`", names)}
    for path in (ROOT / "incident_nb").rglob("*.py"):
        mine = path.relative_to(ROOT / "incident_nb").parts[0].removesuffix(".py").removesuffix("_child")
        if mine == "__main__":
            continue  # the way in, above all
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"(?m)^ *from incident_nb\.(\w+)", text)) | {
            name.partition(" as ")[0]
            for names in re.findall(r"(?m)^ *from incident_nb import ([\w, ]+)", text)
            for name in names.split(", ")
            if mine != "__init__"
        }
        for name in used - {mine}:
            assert level[name] < level[mine], f"{path.relative_to(ROOT)} imports {name}"


def test_every_cause_and_detail_is_explained() -> None:
    text = page("causes.md")
    for cause in Cause:
        assert f"| `{cause}` |" in text, cause
    for signature in signatures():
        assert not signature.detail or f"`{signature.detail}`" in text, signature.id
    for tier, weight in rules.TIERS.items():
        assert f"`{tier}` {weight:g}" in text, tier
    for field in (*ErrorRecord.model_fields, *Verdict.model_fields):
        assert f"`{field}`" in text, field


def test_every_column_of_a_group_and_every_figure_of_a_pattern_is_explained() -> None:
    text = page("patterns.md")
    for column in GROUP_COLUMNS:
        assert f"`{column}`" in text, column
    for pattern in shape.Pattern.__args__:
        assert f"| `{pattern}` |" in text, pattern
    odds = (*states.QUIET, *states.QUIET_ODDS, states.RATES[0], *states.RATES[-2:], states.LUCKY_AGAIN, states.ENDED)
    told = (shape.PERSISTENT_SHARE, shape.MOST, period.HIT, period.COVERED, period.REGULAR, CERTAIN, FALSE_SHARE)
    for figure in (*odds, *told):
        assert f"{figure}" in text, figure
    for share in (states.ENTERED, states.LEFT, states.FAILING_AT_FIRST):
        assert f"1 of {1 / share:.0f} |" in text, share
    assert f"{period.TIMES_AS_LIKELY:.0f} times as likely" in text
    assert f"at least {READ} were read" in text and f"is {FIRST} or more" in text
    assert f"within {AT_ONCE.seconds // 60} minutes" in text


def test_every_key_of_a_diagnosis_is_explained() -> None:
    text = page("diagnosis.md")
    models = (Diagnosis, Subject, Problem, SeverityBlock, Hypothesis, Fact, Finding, Impact, Window)
    for model in models:
        for key in model.model_fields:
            assert f"`{key.rstrip('_')}`" in text, (model.__name__, key)
    for outcome in Outcome:
        assert str(outcome) in text


def test_every_look_and_its_factors_are_explained() -> None:
    text = page("diagnosis.md")
    for look in LOOKS:
        assert f"| `{look.__name__}` |" in text, look.__name__
    for figure in (rank.BAR, *rank.CAPS.values()):
        assert f"{figure:g}" in text, figure


def test_every_check_is_explained() -> None:
    rows = re.findall(r"(?m)^\| ([\w-]+) \| `(\w+)` \|" + r" [^|\n]+ \|" * 5 + "$", page("checks.md"))
    assert sorted(rows) == sorted((probe.check, probe.name) for probe in PROBES)


Factor = tuple[str, float]


def factor_tables() -> dict[str, list[tuple[str, list[Factor]]]]:
    """By the names of its modules, each table of factors in checks.md: what was seen, and its causes with their factors."""
    tables = {}
    for section in re.split(r"(?m)^#+ ", page("checks.md")):
        if "| seen | factors | why |" not in section:
            continue
        lead, _, table = section.partition("| seen | factors | why |")
        cells = [
            line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|") and "---" not in line
        ]
        rows = [(seen, [pair(one) for one in told.split(", ") if one != "none"]) for seen, told, _ in cells]
        tables[" ".join(re.findall(r"`incident_nb/probes/(\w+)\.py`", lead))] = rows
    return tables


def pair(told: str) -> Factor:
    cause, factor = told.split(" ")
    return str(Cause(cause)), float(factor)


def in_code(module: str) -> set[Factor]:
    """The factors that stand beside a cause in a module."""
    text = (ROOT / f"incident_nb/probes/{module}.py").read_text(encoding="utf-8")
    return {(Cause[name], float(factor)) for name, factor in re.findall(r"\bC\.([A-Z_]+): (\d+\.?\d*)\b", text)}


def test_every_factor_of_a_check_is_explained() -> None:
    tables = factor_tables()
    weighing = {path.stem for path in (ROOT / "incident_nb/probes").glob("*.py") if in_code(path.stem)}
    assert weighing <= {module for modules in tables for module in modules.split()}
    for modules, rows in tables.items():
        told = {factor for _, factors in rows for factor in factors}
        assert set().union(*map(in_code, modules.split())) <= told, modules
        texts = "".join(
            (ROOT / f"incident_nb/probes/{module}.py").read_text(encoding="utf-8") for module in modules.split()
        )
        for cause, factor in told:
            assert f"C.{Cause(cause).name}" in texts, (modules, cause)
            assert re.search(rf"(?<![\d.]){re.escape(f'{factor:.1f}')}(?!\d)", texts), (modules, cause, factor)


def test_every_kind_of_endpoint_weighs_what_the_page_says() -> None:
    (rows,) = (rows for modules, rows in factor_tables().items() if modules.startswith("endpoint"))
    told = {name[1]: dict(factors) for seen, factors in rows if (name := re.match(r"`(\w+)`", seen))}
    assert told == {str(kind): effects for kind, effects in endpoint.EFFECTS.items()}


def test_every_factor_lies_in_a_tier() -> None:
    text = page("checks.md")
    tiers = [
        (float(low), float(high or low))
        for low, high in re.findall(r"(?m)^\| [\w, ]+ \| (\d[\d.]*)(?: to (\d[\d.]*))? \|", text)
    ]
    assert len(tiers) == 6
    for rows in factor_tables().values():
        for seen, factors in rows:
            for cause, factor in factors:
                assert any(low <= factor <= high for low, high in tiers), (seen, cause, factor)
    assert "`FLOOR`" in text and f"at {rank.FLOOR:g} at least" in text and f"within {rank.TIE:g} of" in text


COUNTS = {"QR-": 6, "SEV-P": 4, "SEV-X": 12, "ACK-": 4, "DX-": 6, "RC-": 6, "RES-": 8, "CODE-": 4, "WA-": 3, "VER-": 5,
          "NOT-P": (12, 3, 4), "DOC-": 2, "BILL-": 4, "ESC-": 4, "FIN-": 8}  # fmt: skip
ROWS = [
    f"{name}{number}"
    for name, count in COUNTS.items()
    for number in (range(1, count + 1) if isinstance(count, int) else count)
]


def test_every_row_of_the_procedure_is_there_once_with_its_state() -> None:
    rows = re.findall(r"(?m)^\| ([A-Z]+-\w+) \| .+ \| .+ \| (now|in part|not yet)\b", page("procedure.md"))
    assert [row for row, _ in rows] == ROWS
