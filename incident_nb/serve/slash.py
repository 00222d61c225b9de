"""What Slack's /incident answers: the open incidents, one of them, and the two steps that can be done from a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from incident_nb.alerts.slack import Command
from incident_nb.desk import Desk, Standing
from incident_nb.desk.told import timer_words
from incident_nb.errors import UsageError
from incident_nb.escape import slack_text
from incident_nb.incidents import Records
from incident_nb.settings import Settings

SHOWN = 10
HELP = (
    "`/incident list`, `/incident show INC-1`, `/incident ack INC-1`, `/incident note INC-1 TEXT`; any other text opens an "
    "incident, or goes into the one that is open for it."
)


def answer(sent: Command, records: Records, settings: Settings, clock: Callable[[], datetime]) -> str | None:
    """What a command is answered, as Slack's markup; None for a text that is an alert."""
    word, _, rest = sent.text.strip().partition(" ")
    desk = Desk(records, settings, by=f"Slack user {sent.user_id}", clock=clock)
    try:
        match word.lower():
            case "" | "help":
                return HELP
            case "list" if not rest.strip():
                rows = desk.board(most=SHOWN + 1)
                told = [_line(one) for one in rows[:SHOWN]] + (["…"] if len(rows) > SHOWN else [])
                return "\n".join(told) or "No incident is open."
            case "show" if _one(rest):
                return _line(desk.standing(desk.number_of(rest)))
            case "ack" if _one(rest):
                desk.add(desk.number_of(rest), "acknowledged")
                return _line(desk.standing(desk.number_of(rest)))
            case "note" if _one(rest.partition(" ")[0]) and rest.partition(" ")[2].strip():
                name, _, text = rest.partition(" ")
                desk.add(desk.number_of(name), "note", text=text.strip())
                return f"Noted in {slack_text(name.upper())}."
    except UsageError as error:
        return slack_text(str(error))
    return None


def _one(name: str) -> bool:
    """Whether it looks like an incident's name, so that “show me the log” is no command."""
    return name.strip().upper().removeprefix("INC-").isdecimal()


def _line(one: Standing) -> str:
    due = f" · {timer_words(one.next_due)}" if one.next_due else ""
    told = f"{one.incident.title} · {one.next_step}{due}"
    return f"*{one.incident.id}* {one.incident.severity or '?'} {one.incident.status} · {slack_text(told)}"
