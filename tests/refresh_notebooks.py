"""Runs the committed notebooks on the bundled sample and keeps their outputs, without what changes from run to run.

python -m tests.refresh_notebooks
"""

from __future__ import annotations

import os
from typing import Any

import nbformat
from nbclient import NotebookClient

from incident_nb.resources import notebooks
from incident_nb.ui.panel import WIDGET


def stable(notebook: Any) -> Any:
    """The notebook without run times, versions and random ids."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)  # a widget is nothing without the kernel that it lives in
    return notebook


def main() -> None:
    for path in sorted(notebooks().glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
        nbformat.write(stable(notebook), path)
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells run")


if __name__ == "__main__":
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    main()
