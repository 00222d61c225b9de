"""What each row of step 3 asks of an incident in particular: one function a row, in a table."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from incident_nb.desk.backoff import pace_of
from incident_nb.desk.filled import Names
from incident_nb.desk.known import Known
from incident_nb.documents.letter import letter_of
from incident_nb.models import Cause, Outcome
from incident_nb.probes import workflow_versions

MOST_FACTS = 5
DEPLOY = "modal deploy clients/{client}/modal_apps/{name}_modal.py"


class Draft:
    """A row in the making; names are filled in as sentences and commands are added."""

    def __init__(self, names: Names, known: Known | None) -> None:
        self.names, self.known = names, known or Known()
        self.incident = names.incident
        self.todo: list[str] = []
        self.facts: list[str] = []
        self.commands: list[str] = []
        self.places: list[str] = []
        self.missing: dict[str, str] = {}  # by the word that stays in braces
        self.lacks: list[str] = []  # what else is not known

    def fill(self, text: str) -> str:
        """The sentence with its names."""
        return self.names.sentence(text, self.missing)

    def typed(self, text: str) -> str:
        """The command with its names."""
        return self.names.command(text, self.missing)

    def do(self, *sentences: str) -> Draft:
        """Adds what to do."""
        self.todo += map(self.fill, sentences)
        return self

    def run(self, *commands: str) -> Draft:
        """Adds commands."""
        self.commands += map(self.typed, commands)
        return self

    def open(self, *places: str) -> Draft:
        """Adds pages of n8n's editor, as far as they are known."""
        self.places += places
        return self

    def found(self, check: str, what: str) -> None:
        """Adds what a check found, as the case keeps it; where none looked, that `what` is not known."""
        finding = self.known.findings.get(check)
        if finding is None or finding.outcome is Outcome.COULD_NOT_LOOK:
            self.lacks.append(f"{what} ({check}): {finding.summary if finding else self.names.no_case}")
        else:
            self.facts += [finding.summary, *(fact.text for fact in finding.evidence[:MOST_FACTS])]


def _sign_in_again(row: Draft) -> None:
    cause = row.incident.cause
    detail = cause.detail if cause else None
    row.open("credential", "workflow")
    if detail == "permission":
        row.do("Compare what the credential {credential} may do at {service} with what the node {node} asks for.")
        row.do("Have the missing permission given to its account, then connect the credential again in n8n.")
    else:
        row.do("Open the credential {credential} in n8n and connect it again, with the account that it had before.")
    if detail is None:
        row.lacks.append(
            "the accepted cause has no detail: accept it as oauth_token or permission for the client's message"
        )
    row.do("Where only somebody of {client} can do that: send the message below, and stop the clock until it is done.")
    row.do("Then run {workflow} once in n8n and see it get past {node}.")
    row.run('incident-nb incidents wait {incident} "sign in again"')


def _new_key(row: Draft) -> None:
    row.open("credential", "workflow")
    row.do(
        "Make a new key at {service} and keep it in 1Password.",
        "Put it into the credential {credential} in n8n. Type it nowhere else: no note, message or field here needs it.",
        "Run {workflow} once in n8n, see it get past {node}, then withdraw the old key at {service}.",
    )


def _api_changed(row: Draft) -> None:
    row.open("workflow", "execution")
    row.do("Read what {service} says of changes, and what it answered in the failed execution.")
    _in_code(row, "Update the code that {node} calls")
    row.run("modal app stop {name}", DEPLOY)
    row.do("Stopping the app ends what runs in it; deploy right after it.")


def _crashed(row: Draft) -> None:
    row.open("execution")
    row.found("DX-2", "how the endpoint is and what its logs say")
    row.do("Read the logs of the app at the time of the first failure.")
    _in_code(row, "Mend the code that {node} calls")
    row.run("modal app logs {name}", DEPLOY)


def _data_format(row: Draft) -> None:
    row.open("execution", "workflow")
    model = _model(row)
    row.found("RC-3", "which fields differ from a good run's input")
    where = f" The model of what it takes is {model}." if model else ""
    if not model:
        row.missing["model"] = "no model is set for the node or its path in clients.CODE.models"
    row.do(f"Update the Pydantic model of {{node}}{' ({model})' if not model else ''} to the new format.{where}")
    row.do("Check what comes in against the new format, and refuse it with a clear word where it does not fit.")
    row.run(DEPLOY)


def _slower(row: Draft) -> None:
    row.open("workflow")
    cause = row.incident.cause
    settings = pace_of(row.known, cause.detail if cause else None)
    if not settings:
        row.lacks.append(f"how {row.fill('{node}')} is set up is not known: {row.names.no_case}")
    row.facts += [one.now for one in settings if not one.propose]
    row.todo += [one.words for one in settings if one.propose]
    row.do(
        "Set {node} to fewer calls at a time and to longer pauses; the limit that counts is the one {service} gives."
    )


def _node(row: Draft) -> None:
    row.open("workflow", "execution")
    here, others = workflow_versions.compare(row.known.good_nodes, row.known.nodes, row.known.node)
    if row.known.nodes and row.known.good_nodes:
        row.facts.append(f"Since the last good run {row.fill('{node}')}: {'; '.join(here) or 'was not changed'}.")
        if others:
            row.facts.append(f"Other nodes that were changed since: {', '.join(others[:MOST_FACTS])}.")
    else:
        row.lacks.append(f"what differs from the last good run is not known: {row.names.no_case}")
    row.found("DX-5", "what was changed before the first failure")
    row.do(
        "Correct {node} in {workflow}.",
        "Run it by hand in the editor with an input that failed, and look at every node's output.",
        "On n8n 2.x publish it afterwards: what is only saved is a draft, and does not run.",
    )


def _wait(row: Draft) -> None:
    incident = row.incident
    row.open("workflow")
    for name, seen in incident.vendors.items():
        eta = f", back by {seen.eta:%Y-%m-%d %H:%M} UTC as it says" if seen.eta else ""
        row.facts.append(
            f"{name} is {seen.level} since {seen.at:%Y-%m-%d %H:%M} UTC{eta}{f': {seen.text}' if seen.text else ''}."
        )
    if incident.cause and incident.cause.cause is Cause.INFRASTRUCTURE:
        row.found("RC-6", "how n8n and its host are")
        row.do(
            "Bring back what is ours: n8n, its database, its host, the network; a third party's recovery is waited for."
        )
        row.do("Set up a monitor outside of n8n for what was out. No status page is watched for this cause.")
        return
    row.do("Wait for {service}. A worker (incident-nb worker) watches its status page and host while this is the accepted "
           "cause, and tells each change here and in Slack.")  # fmt: skip
    row.found("DX-4", "how the service says it is")
    if not incident.vendors:
        row.facts.append(
            "Nothing was told by that watch yet: it says nothing of a service that is well, or that no page or host is known of."
        )
    row.do("When it is back, see {workflow} run well, and run what failed meanwhile again.")


def _change(row: Draft) -> None:
    _in_code(row, "Change the code")


def _tests(row: Draft) -> None:
    row.do("Run all tests of {client} before anything is deployed.")


def _deploy(row: Draft) -> None:
    row.do("Deploy the app {name}, and no other.")


def _verify(row: Draft) -> None:
    row.open("workflow")
    row.do("Say that the fix is in place, and go on with step 4.")
    row.run('incident-nb incidents fix {incident} "what was changed"')


def _disable(row: Draft) -> None:
    row.open("workflow")
    row.do("Stop {workflow} only if it may write bad data: the first command shows what that stops, and does nothing.")
    row.run("incident-nb contain {incident}", "incident-nb contain {incident} --yes")
    for held in row.incident.held_back:
        row.facts.append(f"“{held.workflow}” is kept from running since {held.at:%Y-%m-%d %H:%M} UTC.")
    if row.incident.held_back:
        row.run("incident-nb restore {incident}")


def _holding(row: Draft) -> None:
    letter = letter_of(row.incident, row.names.settings, row.incident.changed_at)
    sent = [one for one in row.incident.notices if one.kind == "holding"]
    row.facts += [f"A holding notice was sent on {one.at:%Y-%m-%d at %H:%M} UTC by {one.by}." for one in sent[-1:]]
    if letter.why_not:
        row.do(f"Nothing is to be sent: {letter.why_not}.")
    elif not sent:
        row.do(
            "The holding notice is drafted in step 5: fill in its blanks, send it to {client}, and say that it was sent."
        )
        row.run("incident-nb incidents record {incident} notified notice=holding")


def _date(row: Draft) -> None:
    around = row.incident.workaround
    if around:
        row.facts.append(f"{around.text}: permanent fix by {around.due:%Y-%m-%d %H:%M} UTC, as {around.by} set it.")
    row.do(
        "Put the workaround on record with the permanent fix's date: it is told when little time is left, and when none is."
    )
    row.run('incident-nb incidents workaround {incident} "what was done" --until YYYY-MM-DDTHH:MM')


def _in_code(row: Draft, what: str) -> None:
    """Where the code is that is to be changed."""
    names = row.names
    if names.app and names.app.deploy:
        row.do(f"{what}: {names.home}/{names.app.deploy.removeprefix('./')}.")
    else:
        if not names.incident.client and not (names.client and names.client.repository):
            row.missing["client"] = "the incident names no client"
        row.do(f"{what}, in {names.home}/endpoints/ or {names.home}/modal_apps/.")
    if names.host and names.app is None and not names.is_own:
        row.facts.append(
            f"The node calls {names.host}, which is no host of ours: if nothing of ours lies between, mend the node instead."
        )


def _model(row: Draft) -> str | None:
    """The file and model of what the failing node's endpoint takes, as the settings have it."""
    models = row.names.client.models if row.names.client else {}
    path = urlsplit(row.known.url or "").path.strip("/")
    node = row.incident.subject.node or row.known.node
    found = next((place for name, place in models.items() if name == node or (path and name.strip("/") == path)), None)
    return f"{row.names.home}/{found.removeprefix('./')}" if found else None


SAYS: dict[str, Callable[[Draft], None]] = {
    "RES-1": _sign_in_again, "RES-2": _new_key, "RES-3": _api_changed, "RES-4": _crashed, "RES-5": _data_format,
    "RES-6": _slower, "RES-7": _node, "RES-8": _wait,
    "CODE-1": _change, "CODE-2": _tests, "CODE-3": _deploy, "CODE-4": _verify,
    "WA-1": _disable, "WA-2": _holding, "WA-3": _date,
}  # fmt: skip
"""By row; every row of step 3 that the policy has is here."""
