"""`incident-nb documents`: what people send and keep of an incident, from its record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, clean, put_json, settings_of, words
from incident_nb.errors import UsageError

if TYPE_CHECKING:
    from incident_nb.desk.written import Papers


@app.command()
def documents(
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-42, or 42.", show_default=False)],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="NAME", help="incident, learning, notice or billing (once for each); else all."),
    ] = None,
    learning: Annotated[
        bool, typer.Option("--learning", help="A learning file, although the problem is not known to recur.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Make files anew that were changed by hand; what was changed stays.")
    ] = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Write an incident's documents: incident document, client notice, learning file, billing; and say what they lack."""
    from incident_nb.desk import on_record
    from incident_nb.desk.written import DOCUMENTS, write_documents

    desk = on_record(settings_of(config))
    if wrong := [name for name in only or () if name not in DOCUMENTS]:
        raise UsageError(f"There is no document {wrong[0]!r}; there is {', '.join(DOCUMENTS)}.")
    wanted = tuple(name for name in DOCUMENTS if not only or name in only)
    papers = write_documents(desk, desk.number_of(incident), only=wanted, yes=yes, learning=learning)
    _show(papers, json_to)
    if any(one.state == "failed" for one in papers.put):
        raise typer.Exit(1)


def _show(papers: Papers, json_to: str | None) -> None:
    """What became of each document, and what they lack."""
    if json_to is not None:
        put_json(
            {
                "documents": [{**one._asdict(), "path": one.path and str(one.path)} for one in papers.put],
                "gaps": [gap.model_dump() for gap in papers.gaps],
            },
            json_to,
        )
        return
    for one in papers.put:
        where = f" {_shown(one.path)}" if one.path else ""
        sys.stdout.write(f"{one.document:10}{one.state.replace('_', ' ')}{where}\n")
        style = "red" if one.state == "failed" else None
        words.print(f"{'':10}{clean(one.words)}", style=style, markup=False, soft_wrap=True)
        if one.difference:
            words.print(clean(one.difference), markup=False, soft_wrap=True)
    for gap in papers.gaps:
        if gap.is_open:
            words.print(f"open: {gap.name}: {clean(gap.what)}", style="yellow", markup=False, soft_wrap=True)
            words.print(f"      {clean(gap.close)}", markup=False, soft_wrap=True)
        else:
            words.print(f"{gap.name}: {clean(gap.what)} (left: {clean(gap.waived)})", markup=False, soft_wrap=True)


def _shown(path: Path) -> str:
    """A path from here where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
