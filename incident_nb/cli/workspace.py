"""`incident-nb demo` and `incident-nb lab`."""

from __future__ import annotations

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
from incident_nb.resources import notebooks


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")] = Path("demo"),
) -> None:
    """Make the report of the built-in export. Needs no settings and no network."""
    investigate(source=["sample"], out=out)
    words.print("Open it in a browser. Your own export:", highlight=False)
    words.print(f"{sys.argv[0]} investigate YOUR-EXPORT --out DIR", markup=False, highlight=False, soft_wrap=True)


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the copies lie or are put.")] = Path(
        "notebooks"
    ),
) -> None:
    """Open JupyterLab on copies of the notebooks; copies that are there already stay as they are."""
    from nbformat.sign import NotebookNotary

    notary: Any = NotebookNotary()  # type: ignore[no-untyped-call]

    try:
        private_folder(folder)
        for notebook in sorted(notebooks().glob("*.ipynb")):
            copy = folder / notebook.name
            if not copy.exists():
                write_atomic(copy, notebook.read_bytes())
                notary.sign(read_notebook(copy))  # ours, so that JupyterLab shows its outputs in full
    except OSError as error:
        raise OutputError(
            f"could not put the notebooks into {folder}: {error.strerror}; choose another folder"
        ) from error
    quiet = ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    done = subprocess.run([sys.executable, "-m", "jupyterlab", "--notebook-dir", str(folder), *quiet], check=False)
    if done.returncode:
        raise UsageError(f"JupyterLab ended with code {done.returncode}; its own message is above.")
