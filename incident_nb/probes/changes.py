"""DX-5: what changed recently, each change put against the onset: workflow, credential, the client's code, deployments.

Each source answers for itself; one that can't be looked at is named with its reason, and never counts as “no change”.
What another probe or the records weigh already is told here without weight.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from incident_nb.errors import IncidentNbError, UnreachableError
from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes import git_log, modal_cli, workflow_versions
from incident_nb.probes.credentials import Signed, renews_itself, signed_with
from incident_nb.probes.moments import AT_ONCE, BEFORE, Span, placed, span_of, time_of
from incident_nb.probes.target import CouldNotLookError, Target, Tools, clean, could_not_look, found, seen

C = Cause
MOST_TOLD = 6
MOST_FILES = 3
HERE = {C.WORKFLOW_CONFIG: 3.0}
OTHERS = {C.WORKFLOW_CONFIG: 1.5, C.DATA_FORMAT: 1.3}
CODE = {C.ENDPOINT_CRASH: 2.0, C.DATA_FORMAT: 1.5}
NOTHING = {C.WORKFLOW_CONFIG: 0.5}


class Change(NamedTuple):
    """Something that was changed at a time (UTC), as the end of a sentence, and what that does to the odds of causes."""

    at: datetime
    what: str
    effects: dict[Cause, float] = {}  # noqa: RUF012  never changed


class Looked(NamedTuple):
    """What one source tells. `whole`: that it knows of all there were; `notes`: what else to know."""

    changes: list[Change]
    whole: bool = True
    notes: tuple[str, ...] = ()


def look(target: Target, tools: Tools) -> Probed:
    """Every change that the sources know of, from a week before the first failure to the last, newest first."""
    if target.onset is None:
        return could_not_look("No failure with a time is known that changes could be put against.")
    span = span_of(target, target.onset)
    looked: list[Looked] = []
    missed: list[str] = []
    for source in SOURCES:
        try:
            answer = source(target, tools, span)
        except IncidentNbError as error:
            missed.append(f"{str(error).rstrip('.')}.")
            continue
        looked += [answer] if answer else []
    if not looked:
        return could_not_look(f"No source of changes could be looked at. {' '.join(missed)}")
    changes = sorted((change for one in looked for change in one.changes), key=lambda change: change.at, reverse=True)
    facts = [*_told(changes, span), *(seen(note) for one in looked for note in one.notes)]
    near = [change for change in changes if span.near <= change.at <= span.onset]
    if near:
        first = max(near, key=lambda change: max(change.effects.values(), default=1.0))
        more = f" Also in the day before it: {len(near) - 1} more." if len(near) > 1 else ""
        summary = " ".join([f"{_placed(first, span)}{more}", *missed])
        return found(summary, facts, next_look="See whether that change can be taken back, and do so on a copy first.")
    nothing = f"Nothing is known to have changed since {span.near:%Y-%m-%d %H:%M} UTC"
    if not all(one.whole for one in looked):
        return could_not_look(" ".join([f"{nothing}, but not all is known.", *missed]), facts)
    if not changes and not missed:
        told = f"Workflow, credential and code: nothing changed in the {BEFORE.days} days before the first failure."
        effects = {} if target.nodes and target.good_nodes else NOTHING  # runs before and after tell it better
        return clean(told, [seen(told, effects), *facts])
    return clean(" ".join([f"{nothing}.", *missed]), facts)


def _told(changes: list[Change], span: Span) -> list[Evidence]:
    """A fact a change, the nearest ones; of several that say the same of the causes only one weighs."""
    facts: list[Evidence] = []
    weighed: list[dict[Cause, float]] = []
    shown = sorted(changes, key=lambda change: abs(change.at - span.onset))[:MOST_TOLD]
    for change in sorted(shown, key=lambda change: change.at, reverse=True):
        effects = {} if change.effects in weighed else change.effects
        weighed.append(change.effects)
        facts.append(seen(_placed(change, span), effects, at=change.at))
    if len(changes) > len(shown):
        facts.append(seen(f"{len(changes) - len(shown)} more changes lie further from the first failure."))
    return facts


def _placed(change: Change, span: Span) -> str:
    """A change as a sentence that begins with its place in time."""
    words = placed(change.at, span.onset)
    return f"{words[:1].upper()}{words[1:]}: {change.what}."


def _workflow(target: Target, tools: Tools, span: Span) -> Looked:
    """The versions of the workflow. What the runs' own snapshots tell of the onset, the records have weighed."""
    try:
        history = workflow_versions.history(target, tools, span.since, span.until)
    except UnreachableError as error:
        raise CouldNotLookError(f"Versions of the workflow could not be asked for. {error}") from error
    known = bool(target.node in target.nodes and target.node in target.good_nodes)
    node = f"“{target.node}”"
    changes = []
    for version in history.saved:
        effects: dict[Cause, float] = {}
        if version.ran and not known and span.began <= version.at <= span.onset:
            effects = HERE if version.here else OTHERS if version.others else {}
        changes.append(Change(version.at, _saved(version, node), effects))
    notes = []
    if history.published and span.near <= history.published and not any(v.at >= span.near for v in history.saved):
        changes.append(Change(history.published, "the version that is live now was published"))
    if not history.whole:
        kept = "without a licence for more n8n keeps them for 24 hours"
        notes.append(f"Other versions may have been saved in the week before the first failure: {kept}.")
    if history.now and any(history.now):
        here, others = history.now
        what = f"{node}: {'; '.join(here)}" if here else f"other nodes ({_names(others)})"
        notes.append(
            f"The live workflow differs from what the newest failing run ran: {what}. Somebody may have mended it."
        )
    if known and (own := workflow_versions.compare(target.good_nodes, target.nodes, target.node)[0]):
        notes.append(f"Between the last good run and the newest failing one {node} was changed: {'; '.join(own)}.")
    return Looked(changes, history.whole, tuple(notes))


def _saved(version: workflow_versions.Version, node: str) -> str:
    what = "the workflow was made" if version.first else "the workflow was saved"
    if version.here:
        what += f", and in it {node}: {'; '.join(version.here)}"
    elif version.others:
        what += f" with changes to other nodes: {_names(version.others)}"
    elif version.others is not None:
        what += " without a change to what its nodes do"
    elif not version.first:
        what += " (what was changed is not known: n8n does not keep both it and the version before)"
    return what if version.ran else f"{what}; the newest failing run did not have it yet"


def _credential(target: Target, tools: Tools, span: Span) -> Looked | None:
    """When the credential was changed. DX-3 weighs it."""
    signed: Signed | None = signed_with(target, tools)
    if signed is None:
        return None
    try:
        record = tools.server().credential(signed.id)
    except UnreachableError as error:
        raise CouldNotLookError(f"When the credential was changed could not be asked. {error}") from error
    if record is None:
        return Looked([], False, (f"The credential “{signed.name}” was deleted; when, n8n does not tell.",))
    at = time_of(record.get("updatedAt"))
    made = time_of(record.get("createdAt"))
    if renews_itself(str(record.get("type"))):
        # n8n moves the date itself with each token that it renews, so only its making is somebody's act.
        at = made
    if at is None or at < span.since:
        return Looked([])
    new = made is not None and abs(at - made) <= AT_ONCE
    return Looked([Change(at, f"the credential “{signed.name}” was {'made' if new else 'changed'}")])


def _code(target: Target, tools: Tools, span: Span) -> Looked:
    """Commits in the client's folder; they weigh where they touch the endpoint that fails and no deployment is known."""
    folder = tools.settings.repository_of(target.client)
    if folder is None:
        setting = f"clients.{target.client}.repository" if target.client else "clients.CODE.repository"
        raise CouldNotLookError(f"Where the client's code lies is not known, so no commits were read. Set {setting}.")
    commits = git_log.commits(folder, span.since, span.until, tools.session.left)
    own, files = tools.is_own(target.host), _endpoint_files(target, tools)
    changes = []
    for commit in commits:
        touched = [f"{name} ({what})" for name, what in files.items() if name in commit.files]
        weighs = own and touched and span.near <= commit.at <= span.onset
        effects = CODE if weighs and not _deployed(target, tools, span) else {}
        count = f"{len(commit.files)} file{'' if len(commit.files) == 1 else 's'}"
        which = f", {_names(touched)} among them" if touched else ""
        changes.append(Change(commit.at, f"commit {commit.id} “{commit.subject}” changed {count}{which}", effects))
    whole = len(commits) < git_log.MOST or commits[-1].at < span.near
    notes = ("Only the branch that is checked out was read; what was not pulled is not in it.",)
    return Looked(changes, whole, notes)


def _endpoint_files(target: Target, tools: Tools) -> dict[str, str]:
    """The files of the client's code behind the failing node, by name, and what each is."""
    client = tools.settings.clients[target.client or ""]
    path = urlsplit(target.url or "").path.strip("/")
    files = {
        place.partition(":")[0].removeprefix("./"): "the model of what it takes"
        for name, place in client.models.items()
        if name == target.node or (path and name.strip("/") == path)
    }
    app = tools.settings.modal.apps.get((target.host or "").lower())
    if app and app.deploy:
        files[app.deploy.removeprefix("./")] = "what its endpoint is deployed from"
    return files


def _deployments(target: Target, tools: Tools, span: Span) -> Looked | None:
    """The deployments of the app behind the failing node's own host. DX-2 weighs them."""
    if not tools.is_own(target.host):
        return None
    app = tools.settings.modal.apps.get((target.host or "").lower())
    if app is None:
        raise CouldNotLookError(f"Which Modal app answers at {target.host} is not known. Put it into [modal.apps].")
    times = [(one.version, one.at) for one in modal_cli.deployments(app.app, tools) if one.at]
    inside = [(version, at) for version, at in times if span.since <= at <= span.until]
    return Looked([Change(at, f"version {version} of the app “{app.app}” was deployed") for version, at in inside])


def _deployed(target: Target, tools: Tools, span: Span) -> bool:
    """Whether a deployment near the onset is known: it is what brings a commit into effect, and it is weighed."""
    try:
        answer = _deployments(target, tools, span)
    except IncidentNbError:
        return False
    return answer is not None and any(span.near <= change.at <= span.onset for change in answer.changes)


def _names(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_FILES])
    return shown if len(names) <= MOST_FILES else f"{shown} and {len(names) - MOST_FILES} more"


SOURCES: tuple[Callable[[Target, Tools, Span], Looked | None], ...] = (_workflow, _credential, _code, _deployments)
