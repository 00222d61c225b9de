"""Slack's incoming webhook: one message posted to it, and what each of its answers means and asks for.

Its address is a secret: it stands in no error, and what it answers is looked up in a table, never quoted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from incident_nb.errors import SettingsError, UnreachableError
from incident_nb.http import Allowed, Answer, RequestError, Session, is_loopback, origin
from incident_nb.outbox.message import Message
from incident_nb.settings import secret

NAME = "INCIDENT_NB_SLACK_WEBHOOK"
POST_S = 10.0
ANSWER_BYTES = 100_000

_ANOTHER = f"Make a new webhook in Slack and set {NAME} to it"
# What Slack says in the body of a refusal, and what a person can do about it.
SETUP: dict[str, tuple[str, str]] = {
    "channel_is_archived": ("the channel is archived", "Unarchive it, or make a webhook for another one"),
    "channel_not_found": ("the channel is gone", "Make a webhook for another one"),
    "action_prohibited": ("an administrator restricts who may post there", "Ask them, or take another channel"),
    "posting_to_general_channel_denied": ("an administrator restricts posting to #general", "Take another channel"),
    "no_service": ("the webhook is turned off or gone", _ANOTHER),
    "no_service_id": ("its address is not whole", _ANOTHER),
    "no_active_hooks": ("the webhook is turned off", _ANOTHER),
    "invalid_token": ("the webhook is not valid any more", _ANOTHER),
    "no_team": ("the Slack workspace is gone", _ANOTHER),
    "team_disabled": ("the Slack workspace is turned off", _ANOTHER),
}


class NotSent(UnreachableError):
    """A message was not taken. `own`: this very message is refused, another may pass; `wait_s`: how long Slack asks to wait."""

    def __init__(self, message: str, *, own: bool = False, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.own, self.wait_s = own, wait_s


def webhook() -> str:
    """The webhook's address, from INCIDENT_NB_SLACK_WEBHOOK or the file that the name with _FILE names; "" for none.

    Raises SettingsError for what is none: https, but for this very machine, and no user in it.
    """
    url = secret(NAME)
    place = origin(url)
    parts = urlsplit(url) if place else None
    if not url or (parts and "@" not in parts.netloc and (parts.scheme == "https" or _is_here(place))):
        return url
    raise SettingsError(
        f"{NAME} is no address of a webhook. Write it as Slack shows it, from https:// on (it is not shown here)."
    )


def _is_here(place: str) -> bool:
    parts = urlsplit(place)
    return parts.scheme == "http" and is_loopback(parts.hostname)


def post(url: str, message: Message) -> None:
    """Posts a message to the webhook, and to no other place. Raises NotSent unless Slack says that it has it."""
    place = origin(url)
    with Session(Allowed(origins=frozenset({place})), budget_s=POST_S) as session:
        try:
            answer = session.ask(
                "POST", url, headers={"content-type": "application/json; charset=utf-8"},
                content=json.dumps(message).encode(), within=POST_S, most=ANSWER_BYTES,
            )  # fmt: skip
        except RequestError as error:
            raise NotSent(f"Slack could not be told: {error}. Is the network all right?") from None
    if refused := _refused(answer, place):
        raise refused


def _refused(answer: Answer, place: str) -> NotSent | None:
    """What an answer says went wrong; None for the `ok` of a message that was taken."""
    status, said = answer.status, answer.body[:100].decode("ascii", "replace").strip()
    begins = f"Slack ({place}) did not take a message"
    if status == 200:
        if said == "ok":
            return None
        return NotSent(f"{begins}: what answers there is not a webhook of Slack's. {_ANOTHER}.")
    if status == 429:
        return NotSent(
            f"{begins}: too many came in a short time. It waits as Slack asks.", wait_s=_asked(answer.headers)
        )
    if said in SETUP:
        why, mend = SETUP[said]
        return NotSent(f"{begins}: {why}. {mend}.")
    if status in (400, 413):
        return NotSent(f"{begins}: it says that it is malformed (status {status}). Report this as a fault.", own=True)
    if 300 <= status < 400:
        return NotSent(f"{begins}: it sends it elsewhere, which is not followed (status {status}). {_ANOTHER}.")
    if 400 <= status < 500 and status != 408:
        return NotSent(f"{begins}: it refuses the webhook (status {status}). {_ANOTHER}.")
    return NotSent(f"{begins}: it has trouble of its own (status {status}). It is told again later.")


def _asked(headers: Mapping[str, str]) -> float | None:
    asked = headers.get("retry-after", "").strip()
    return float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
