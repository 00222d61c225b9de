"""What Slack delivers: the events of its Events API, of which messages in the error channel are alerts, and a command."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from incident_nb.alerts.alert import Alert, alert, gated, instant
from incident_nb.alerts.body import BODY, BodyError, Json, document, part
from incident_nb.alerts.pasted import parse_pasted
from incident_nb.models import Frozen

COMMAND = "/incident"
FORM_FIELDS = 50  # Slack sends 13
FORM_TEXT = 20_000  # characters of one of them; Slack takes 4,000 in a message
CHALLENGE = 1_000
PARTS = 20_000  # values in one event; a message has 50 blocks
LONGEST = 20_000  # characters of a message, after which the rest is left out; Slack takes 40,000

_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)
# Messages that somebody, or something, wrote; the other subtypes tell of what became of a message or of the channel.
_WRITTEN = (None, "bot_message", "file_share", "me_message")
_INLINE = ("rich_text_section", "rich_text_quote", "rich_text_preformatted")
_NO_WORDS = ("actions", "image", "video", "file", "input")


class Delivery(Frozen):
    """What one request of the Events API is: a `challenge` to be sent back as it is, alerts, or `ignored` and why."""

    challenge: str | None = None
    alerts: tuple[Alert, ...] = ()
    ignored: str | None = None


class Command(Frozen):
    """A slash command: what was typed, by whom, where, through the gate; and the alert that the text amounts to.

    `alert` is None where nothing was typed. The address that Slack gives for later answers is left out, since whoever
    has it can speak in the channel.
    """

    command: str
    text: str = ""
    user_id: str
    channel_id: str
    team_id: str | None = None
    alert: Alert | None = None


def read(body: bytes, *, received: datetime, channels: Collection[str] = (), own: Collection[str] = ()) -> Delivery:
    """What a request of the Events API says. Raises BodyError for what Slack never sends.

    Messages count in `channels` (ids; all channels the app sees where empty). What this app wrote itself is ignored, as is
    whatever the users, bots and apps in `own` wrote (ids); so are edits, deletions and answers in threads. An event that
    Slack sends again has the same `delivery_id`.
    """
    sent = document(body, PARTS)
    kind = part(sent, "type", str)
    if kind == "url_verification":
        challenge = part(sent, "challenge", str, longest=CHALLENGE)
        if not challenge:
            raise BodyError("“challenge” is missing.")
        return Delivery(challenge=challenge)
    if kind != "event_callback":
        if kind is None:
            raise BodyError("“type” is missing: this is no request of Slack's Events API.")
        return Delivery(ignored="a request of another type")
    event = part(sent, "event", dict)
    if event is None:
        raise BodyError("“event” is missing.")
    event_id = _id(sent, "event_id")
    if event_id is None:
        raise BodyError("“event_id” is missing.")
    if why := _ignored(sent, event, channels, own):
        return Delivery(ignored=why)
    text = "\n".join(_said(event))
    if not text.strip():
        return Delivery(ignored="a message without words")
    return Delivery(alerts=(_alert(text, _time(event), received, event_id),))


def read_command(body: bytes, *, received: datetime) -> Command:
    """The slash command in a form. Raises BodyError for a body that is no such form, and for another command."""
    form = _form(body)
    if form.get("command") != COMMAND:
        raise BodyError(f"This is no slash command {COMMAND}.")
    user, channel = _id(form, "user_id"), _id(form, "channel_id")
    if user is None or channel is None:
        raise BodyError("“user_id” or “channel_id” is missing.")
    typed = form.get("text", "").strip()
    return Command(
        command=COMMAND, text=gated(typed), user_id=user, channel_id=channel, team_id=_id(form, "team_id"),
        alert=_alert(typed, None, received, _id(form, "trigger_id")) if typed else None,
    )  # fmt: skip


def _alert(text: str, sent_at: datetime | None, received: datetime, delivery_id: str | None) -> Alert:
    found = parse_pasted(gated(text))
    about = {
        "workflow": found.workflow, "workflow_id": found.workflow_id, "execution_id": found.execution_id,
        "execution_url": found.execution_url,
    }  # fmt: skip
    error = {"message": found.error, "node": found.node}
    return alert(
        "slack", about, error, text=found.text, at=found.at or sent_at, received=received, delivery_id=delivery_id
    )


def _ignored(sent: Json, event: Json, channels: Collection[str], own: Collection[str]) -> str | None:
    """Why an event is no alert; None for a message that is one."""
    if part(event, "type", str) != "message":
        return "an event that is no message"
    if part(event, "subtype", str) not in _WRITTEN or event.get("hidden") is True:
        return "a message about a message or about the channel"
    if channels and part(event, "channel", str) not in channels:
        return "a message in another channel"
    thread = part(event, "thread_ts", str)
    if thread is not None and thread != event.get("ts"):
        return "an answer in a thread"
    profile = part(event, "bot_profile", dict) or {}
    ours = {part(sent, "api_app_id", str), *_bots(sent), *own} - {None}
    writers = [*(part(event, name, str) for name in ("user", "bot_id", "app_id")), part(profile, "app_id", str)]
    return "a message of our own" if ours.intersection(writers) else None


def _bots(sent: Json) -> Iterator[str]:
    """The users that this app speaks as."""
    for entry in part(sent, "authorizations", list) or []:
        if isinstance(entry, dict) and entry.get("is_bot") is True and isinstance(entry.get("user_id"), str):
            yield entry["user_id"]


def _said(event: Json) -> Iterator[str]:
    """The words of a message, paragraph by paragraph: its text, its blocks and attachments, each said once."""
    shown = gated({name: event.get(name) for name in ("text", "blocks", "attachments")})
    said = ""
    for words in (part(shown, "text", str) or "", *_blocks(shown["blocks"]), *_attached(shown["attachments"])):
        told = _bare(words)
        if told and told not in said:  # a text repeats what the blocks say, for programs that show no blocks
            said += f"\n{told}"
            yield words
        if len(said) > LONGEST:
            return


def _bare(words: str) -> str:
    return " ".join(re.findall(r"\w+", words)).casefold()


def _attached(attachments: Any) -> Iterator[str]:
    for entry in _objects(attachments):
        blocks = [*_blocks(entry.get("blocks"))]
        yield from blocks
        for name in ("pretext", "title", "title_link", "text"):
            yield _text(entry.get(name))
        for field in _objects(entry.get("fields")):
            yield ": ".join(filter(None, (_text(field.get("title")).rstrip(": "), _text(field.get("value")))))
        if not blocks:
            yield _text(entry.get("fallback"))


def _blocks(blocks: Any) -> Iterator[str]:
    """What Block Kit blocks say, whatever their kind, and where their buttons lead."""
    for block in _objects(blocks):
        kind = block.get("type")
        if kind in _INLINE:
            yield "".join(_inline(block.get("elements")))
            continue
        if kind not in _NO_WORDS:
            yield _text(block.get("text"))
            for name in ("fields", "elements"):
                yield from _blocks(block.get(name))
        links = [block.get("accessory"), *_objects(block.get("elements"))] if kind in ("section", "actions") else []
        for link in _objects(links):
            yield ": ".join(filter(None, (_text(link.get("text")), _text(link.get("url")))))


def _inline(elements: Any) -> Iterator[str]:
    for element in _objects(elements):
        words, address = _text(element.get("text")), _text(element.get("url"))
        yield f"{words} {address}" if address and words and words != address else address or words


def _text(value: Any) -> str:
    """A text, or a text object's."""
    value = value.get("text") if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _objects(value: Any) -> list[Json]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _time(event: Json) -> datetime | None:
    """When a message was sent; its name in the channel begins with the seconds."""
    found = re.fullmatch(r"(\d{1,12})\.\d{1,9}", part(event, "ts", str) or "", re.ASCII)
    return instant(int(found[1]) * 1000) if found else None


def _id(holder: Json, name: str) -> str | None:
    value = part(holder, name, str)
    if value and not _ID.fullmatch(value):
        raise BodyError(f"“{name}” is no id.")
    return value or None


def _form(body: bytes) -> dict[str, str]:
    if len(body) > BODY:
        raise BodyError(f"The body is longer than {BODY:,} bytes.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FORM_FIELDS,
        )
    except ValueError as error:
        raise BodyError("The body is no form as Slack sends it.") from error
    form = dict(pairs)
    if len(form) < len(pairs):
        raise BodyError("The form holds a field twice.")
    for name, value in pairs:
        part({"field": value, "name of a field": name}, "field", str, longest=FORM_TEXT)
    return form
