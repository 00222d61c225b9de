"""What is due is told: to Slack's webhook, else to log and file. Safe with several processes at it at once.

At least once: a process that dies between Slack's answer and our note of it leaves a line that is told a second time.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incident_nb.desk.standing import standing
from incident_nb.errors import LeakError, UsageError
from incident_nb.incidents import Records, fold
from incident_nb.outbox import file, store
from incident_nb.outbox.message import Message, filled, loose, news, short, whole
from incident_nb.outbox.webhook import NotSent, post, webhook
from incident_nb.redact import sealed
from incident_nb.settings import Settings

FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=30)  # until the next try
REFUSALS = 5  # of a message that is refused for what it is

Clock = Callable[[], datetime]
Way = Callable[[Message, int | None], None]


def _present() -> datetime:
    return datetime.now(UTC)


@dataclass
class Delivered:
    """How many messages were sent and lines told, and in `problems` why others could not be."""

    messages: int = 0
    lines: int = 0
    problems: tuple[str, ...] = ()


def deliver(records: Records, settings: Settings, clock: Clock = _present, *, most: int = 100) -> Delivered:
    """Tells what is due, oldest first, all lines of an incident in one message; `most` messages at a time.

    The first message of an incident is the whole one, later ones say what is new. Where Slack can't be told, all that is
    due waits: as long as Slack asks, else half a minute and twice as long each time, at most half an hour. A message that
    Slack refuses for what it is goes as plain text; refused that way five times, its lines are set aside (`store.kept`).
    Raises SettingsError for a webhook that is none, UnreachableError where the records can't be used.
    """
    way, done = _way(settings, clock), Delivered()
    for _ in range(most):
        with records.at_once() as writing:
            hand = store.take(writing.connection, clock())
        if hand is None:
            break
        problem = _tell(records, settings, clock, way, hand, done)
        if problem is not None:
            done.problems += (str(problem),)
            if not problem.own:
                break
    return done


def tell(records: Records, settings: Settings, number: int, clock: Clock = _present) -> Delivered:
    """Tells the whole of an incident now, with all that is pending of it.

    Raises UsageError where there is no such incident, NotSent where it can't be told (it is tried again later), else as
    `deliver` does.
    """
    way, done, now = _way(settings, clock), Delivered(), clock()
    records.events(number)
    with records.at_once() as writing:
        key = f"asked {secrets.token_hex(16)}"  # every time is one of its own
        store.put(writing.connection, key, incident=number, about="asked", at=now)
        hand = store.take_of(writing.connection, now, number)
    if hand is not None and (problem := _tell(records, settings, clock, way, hand, done)):
        raise problem
    return done


def message_now(records: Records, settings: Settings, number: int, now: datetime) -> Message:
    """The whole message of an incident as it stands at `now`. Raises UsageError where there is none of this number."""
    events = records.events(number)
    return whole(standing(fold(events), now, settings), events, [], settings)


def _message(
    records: Records, settings: Settings, now: datetime, hand: store.Hand
) -> tuple[Message | None, store.Hand]:
    """What is to be said for the lines in hand, whole or, where their incident was told of before, what is new.

    None where nothing is. The lines come back with the words that they were told with.
    """
    try:
        events = () if hand.incident is None else records.events(hand.incident)
    except UsageError:  # there is no such incident here
        events = ()
    if not events:
        return loose(hand.lines, now), hand
    hand = hand._replace(lines=tuple(filled(hand.lines, events)))
    one = standing(fold(events), now, settings)
    if not hand.said or any(line.about == "asked" for line in hand.lines):
        return whole(one, events, news(hand.lines, {}), settings), hand
    new = news(hand.lines, hand.said)
    return (short(one, events, new, settings) if new else None), hand


def place(settings: Settings) -> str:
    """Where messages go, in words."""
    if webhook():
        return "Slack"
    return f"the log and {settings.path.parent / file.NAME}" if settings.path else "the log"


def _way(settings: Settings, clock: Clock) -> Way:
    url = webhook()
    folder = settings.path.parent if settings.path else None

    def slack(message: Message, _: int | None) -> None:
        post(url, message)

    def here(message: Message, incident: int | None) -> None:
        file.write(folder, message, incident, clock())

    return slack if url else here


def _tell(
    records: Records, settings: Settings, clock: Clock, way: Way, hand: store.Hand, done: Delivered
) -> NotSent | None:
    """Tells what is in hand, and notes that; or why not, which is given back."""
    try:
        message, hand = _message(records, settings, clock(), hand)
        if message is not None:
            _send(way, message, hand.incident)
    except NotSent as problem:
        now = clock()
        tries = max(line.tries for line in hand.lines)
        aside = problem.own and tries >= REFUSALS
        again = now + _pause(tries, problem.wait_s)
        with records.at_once() as writing:
            store.failed(writing.connection, hand, str(problem), None if aside else again)
            if not problem.own:
                store.wait(writing.connection, now, again)
        return problem
    with records.at_once() as writing:
        store.told(writing.connection, hand, clock())
    done.messages += message is not None
    done.lines += len(hand.lines)
    return None


def _send(way: Way, message: Message, incident: int | None) -> None:
    try:
        sealed("The message to Slack", json.dumps(message, ensure_ascii=False))
    except LeakError as error:
        raise NotSent(str(error), own=True) from error
    try:
        way(message, incident)
    except NotSent as refused:
        if not refused.own:
            raise
        way({"text": message["text"]}, incident)  # an alert without its looks is still one


def _pause(tries: int, asked_s: float | None) -> timedelta:
    """How long to wait for the next try: as long as was asked, else twice as long each time; within bounds."""
    if asked_s is not None:
        return min(max(timedelta(seconds=asked_s), timedelta(seconds=1)), LONGEST)
    return min(FIRST * (1 << min(tries - 1, 10)), LONGEST)
