"""`incident-nb init`, `demo` and `lab`: a workspace, a first report, JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import words
from incident_nb.cli.investigate import investigate
from incident_nb.errors import OutputError, UsageError
from incident_nb.files import private_folder, read_notebook, write_atomic
from incident_nb.resources import notebooks, templates
from incident_nb.settings import FILE_NAME, load

BEGINNING = """\
# The workspace of incident-nb. Everything here is explained in docs/configuration.md; no secrets belong here.

# [n8n.default]                       # its key: INCIDENT_NB_N8N_API_KEY in the environment
# url = "https://n8n.example.com"

# [clients.ACME]
# name = "Acme"
# time_zone = "Europe/Berlin"
# hours = "09:00-17:30"
# holidays = ["DE"]
# name_prefix = ["[ACME]"]
"""


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")] = Path("demo"),
) -> None:
    """Make the report of the built-in export. Needs no settings and no network."""
    investigate(source=["sample"], out=out)
    words.print("Open it in a browser. Your own export:", highlight=False)
    words.print(f"{sys.argv[0]} investigate YOUR-EXPORT --out DIR", markup=False, highlight=False, soft_wrap=True)


QUIET = ("--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None")


def lab_environment() -> dict[str, str]:
    """This process's environment for a JupyterLab that asks nobody about news."""
    paths = [str(templates() / "jupyter"), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    return {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make a workspace of.", show_default=False)
    ],
) -> None:
    """Make a workspace: a folder with incident-nb.toml, where incidents, their notebooks and archives are kept."""
    file = folder / FILE_NAME
    if file.exists():
        raise UsageError(f"{file} is there already; nothing was changed.")
    try:
        private_folder(folder)
        write_atomic(file, BEGINNING)
    except OSError as error:
        raise OutputError(f"could not make {file}: {error.strerror}; choose another folder") from error
    words.print(f"{file} is made. Put your n8n servers and clients there, then: incident-nb doctor", markup=False)


@app.command()
def lab(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]", help="Where the copies lie or are put; else the workspace's notebooks, or ./notebooks."
        ),
    ] = None,
) -> None:
    """Open JupyterLab on copies of the notebooks; copies that are there already stay as they are.

    In a workspace it opens at the board of open incidents.
    """
    settings = load()
    root = folder or (settings.path.parent if settings.path else Path("notebooks"))
    copies = root / "notebooks" if folder is None and settings.path else root
    put_copies(copies)
    opens = f"--LabApp.default_url=/lab/tree/{(copies / 'board.ipynb').relative_to(root).as_posix()}"
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", str(root), *QUIET]
    done = subprocess.run([*command, *([opens] if settings.path else [])], check=False, env=lab_environment())
    if done.returncode:
        raise UsageError(f"JupyterLab ended with code {done.returncode}; its own message is above.")


def put_copies(folder: Path) -> None:
    """Copies of the notebooks that are not there yet, signed, so that JupyterLab shows their outputs in full."""
    from nbformat.sign import NotebookNotary

    notary: Any = NotebookNotary()  # type: ignore[no-untyped-call]
    try:
        private_folder(folder)
        for notebook in sorted(notebooks().glob("*.ipynb")):
            copy = folder / notebook.name
            if not copy.exists():
                write_atomic(copy, notebook.read_bytes())
                notary.sign(read_notebook(copy))
    except OSError as error:
        raise OutputError(
            f"could not put the notebooks into {folder}: {error.strerror}; choose another folder"
        ) from error
