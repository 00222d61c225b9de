"""Where an incident's report and notebook can be opened: as links of Slack where JupyterLab's address is set, else as paths."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from incident_nb.case import INCIDENTS
from incident_nb.desk.folder import NOTEBOOK
from incident_nb.desk.paper import EXECUTED
from incident_nb.escape import slack_text
from incident_nb.record import Incident
from incident_nb.settings import Settings

REPORT = "report.html"


def links(incident: Incident, settings: Settings) -> list[str]:
    """Slack markup for each file that there is: `<https://lab.example.com/lab/tree/…|Notebook>`, or `Notebook: `path``.

    The only text in them that is not ours is the path of the report, which is quoted.
    """
    found = []
    folder = _within(incident.investigated.report if incident.investigated else None)
    if folder is not None:
        found.append(_shown("Report", "files", folder / REPORT, settings))
        found.append(_shown("Executed notebook", "lab/tree", folder / EXECUTED, settings))
    own = PurePosixPath(INCIDENTS, incident.id, NOTEBOOK)
    if settings.path is not None and (settings.path.parent / own).is_file():
        found.append(_shown("Notebook", "lab/tree", own, settings))
    return found


def _within(folder: str | None) -> PurePosixPath | None:
    """A folder of the workspace; None for what would lead out of it."""
    path = PurePosixPath(folder or "/")
    return None if path.is_absolute() or ".." in path.parts else path


def _shown(name: str, view: str, path: PurePosixPath, settings: Settings) -> str:
    if settings.links.jupyter:
        return f"<{settings.links.jupyter}/{view}/{quote(str(path))}|{name}>"
    return f"{name}: `{slack_text(str(path)).replace('`', ' ')}`"
