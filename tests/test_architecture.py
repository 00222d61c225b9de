"""What the house is built like: which module may know which, how long one may get, what an installation needs."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "incident_nb"
LONGEST = 300

# A module imports lower levels only, and of its own level nothing but itself.
LEVELS = [
    {"distinct", "models", "errors", "escape", "executions", "resources"},
    {"files", "names", "notebook_kernel", "processes", "public", "said", "sanitise"},
    {"settings", "record", "redact", "outputs", "http", "logfile", "notebook_papermill"},
    {"readers", "policy", "supervisor", "n8n"},
    {"archive", "error_workflow", "prepared", "sign_in"},
    {"live", "notebook_ahead"},
    {"causes", "patterns", "alerts", "case", "incidents"},
    {"plots", "probes", "views"},
    {"diagnose", "doctor"},
    {"notebook", "notebook_child", "report", "display"},
    {"documents"},
    {"desk", "review"},
    {"outbox"},
    {"watch"},
    {"actions"},
    {"jobs"},
    {"serve"},
    {"cli", "ui"},
]
LEVEL = {part: level for level, parts in enumerate(LEVELS) for part in parts}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The top-level module or package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path, tree: ast.AST) -> Iterator[str]:
    """The top-level parts of the package that a module imports, wherever in it."""
    package = ("incident_nb", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], node.module] if node.level else [node.module]
            whole = ".".join(filter(None, base))
            names = [f"{whole}.{alias.name}" for alias in node.names] if whole == "incident_nb" else [whole]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("incident_nb."))


def wrong_imports(path: Path, source: str) -> list[str]:
    """What a module imports that does not lie below it."""
    mine = part_of(path)
    others = set(imported(path, ast.parse(source))) - {mine}
    return sorted(f"{mine} imports {other}" for other in others if LEVEL.get(other, 99) >= LEVEL[mine])


def test_every_part_has_a_level() -> None:
    assert {part_of(path) for path in MODULES} - {"__init__", "__main__"} == set(LEVEL)


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if part_of(p) not in ("__init__", "__main__")],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_a_module_imports_lower_levels_only(path: Path) -> None:
    assert wrong_imports(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("place", "source", "wrong"),
    [
        ("causes/engine.py", "from incident_nb.patterns import groups", ["causes imports patterns"]),
        ("causes/engine.py", "import incident_nb.cli.common", ["causes imports cli"]),
        ("causes/engine.py", "from incident_nb import cli, errors", ["causes imports cli"]),
        ("causes/engine.py", "from ..diagnose import rank", ["causes imports diagnose"]),
        ("causes/engine.py", "def f():\n    from incident_nb import display", ["causes imports display"]),
        ("models.py", "from incident_nb.errors import UsageError", ["models imports errors"]),
        ("causes/engine.py", "from .rules import Rule\nfrom incident_nb.causes.unwrap import x", []),
        ("case.py", "from incident_nb import readers, redact\nfrom incident_nb.models import Cause", []),
    ],
)
def test_the_check_sees_every_form_of_import(place: str, source: str, wrong: list[str]) -> None:
    assert wrong_imports(PACKAGE / place, source) == wrong


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_is_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_conda_and_pip_install_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, by_pip = environment["dependencies"]
    assert conda == [f"python{project['requires-python']}", "pip"]
    assert sorted(by_pip["pip"]) == sorted([*project["dependencies"], "-e ."])


def test_every_dependency_has_a_floor_and_the_extras_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors: dict[str, set[str]] = {}
    for line in [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]:
        name, found, floor = line.partition(">=")
        assert found, line
        floors.setdefault(name, set()).add(floor)
    assert all(len(found) == 1 for found in floors.values())


def test_the_versions_that_tests_use_satisfy_the_floors() -> None:
    pins = (line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    pinned = {name.lower().replace("_", "-"): version for name, version in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        name, _, floor = line.partition(">=")
        assert numbers(pinned[name]) >= numbers(floor), line


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("incident_nb.cli", {"pandas", "sqlalchemy", "nbconvert"}),
        ("incident_nb.desk", {"nbconvert", "nbformat", "matplotlib", "papermill", "ipywidgets"}),
        ("incident_nb.desk.written", {"nbconvert", "nbformat", "matplotlib", "papermill", "ipywidgets"}),
        ("incident_nb.serve.app", {"nbconvert", "nbformat", "matplotlib", "papermill", "ipywidgets"}),
    ],
)
def test_what_is_needed_at_once_loads_nothing_slow(module: str, without: set[str]) -> None:
    code = f"import sys, {module}; print(*(sys.modules.keys() & set({sorted(without)!r})))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert loaded.split() == []
