"""What is to be told in Slack: written in the commit of the event that it speaks of, told once, kept until it is.

Who tells takes the lines of one incident into hand first, in a short transaction: they are not due for others until
then, and counted as tried. Whoever dies with them in hand leaves them to the next one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from incident_nb.incidents import tables
from incident_nb.redact import redact_text

IN_HAND = timedelta(minutes=2)
"""How long lines stay in the hands of one who tells them: longer than it may take."""

ASIDE = "9999-12-31T23:59:59.999999+00:00"
"""When lines are due that are not tried any more, until a person asks for it."""

_BOX = tables.outbox
_NOT_TOLD = _BOX.c.sent_at.is_(None)
# Of an incident that has a line in hand, or waiting for its next try, nothing is told meanwhile: its order would be lost.
_BUSY = select(_BOX.c.incident).where(
    _NOT_TOLD, _BOX.c.incident.is_not(None), _BOX.c.tries > 0, _BOX.c.due_at > bindparam("now"), _BOX.c.due_at < ASIDE
)
_NEXT = (
    select(_BOX.c.number, _BOX.c.incident)
    .where(_NOT_TOLD, _BOX.c.due_at <= bindparam("now"), or_(_BOX.c.incident.is_(None), _BOX.c.incident.not_in(_BUSY)))
    .order_by(_BOX.c.number)
    .limit(1)
)


class Line(NamedTuple):
    """One thing to tell: of which incident (None: of none), what it is about (a row of `message.ABOUT`), and its words.

    `tries` counts how often it was taken into hand.
    """

    number: int
    incident: int | None
    about: str
    text: str
    at: datetime
    tries: int


class Hand(NamedTuple):
    """The lines of one incident that are in our hands until `until`.

    `said` is what was told of it last, by what that was about; empty where nothing was told of it yet.
    """

    lines: tuple[Line, ...]
    until: str
    said: dict[str, str]

    @property
    def incident(self) -> int | None:
        """The incident's number; None for a line that is of none."""
        return self.lines[0].incident

    @property
    def numbers(self) -> list[int]:
        """The numbers of the lines."""
        return [line.number for line in self.lines]


class Kept(NamedTuple):
    """A line that was not told yet: when it is due (None: it was set aside), and why the last try failed."""

    line: Line
    due: datetime | None
    error: str | None


def put(
    connection: Connection, key: str, *, incident: int | None, about: str, text: str = "", at: datetime,
    due: datetime | None = None,
) -> None:  # fmt: skip
    """Puts a line in, in the caller's transaction; nothing where `key` was put in before. It is told at `due`, else now."""
    make = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    values = {
        "key": key, "incident": incident, "about": about, "text": redact_text(text), "at": _iso(at),
        "due_at": _iso(due or at), "tries": 0,
    }  # fmt: skip
    connection.execute(make(_BOX).values(values).on_conflict_do_nothing(index_elements=["key"]))


def drop(connection: Connection, key: str) -> None:
    """Takes a line out that was not told yet, since something better will be."""
    connection.execute(delete(_BOX).where(_BOX.c.key == key, _NOT_TOLD))


def take(connection: Connection, now: datetime) -> Hand | None:
    """What is to be told next, the oldest first: all lines of one incident that are due, or one that is of none."""
    # Where another process was faster, none of these lines is due any more, and the next ones are looked for.
    while found := connection.execute(_NEXT, {"now": _iso(now)}).one_or_none():
        mine = _BOX.c.number == found.number if found.incident is None else _BOX.c.incident == found.incident
        if hand := _hand(connection, now, mine, _BOX.c.due_at <= _iso(now)):
            return hand
    return None


def take_of(connection: Connection, now: datetime, incident: int) -> Hand | None:
    """All that was not told of an incident, due or not, but for what is in other hands or set aside."""
    free = or_(_BOX.c.due_at <= _iso(now), _BOX.c.tries == 0, _BOX.c.error.is_not(None))
    return _hand(connection, now, _BOX.c.incident == incident, free, _BOX.c.due_at < ASIDE)


def _hand(connection: Connection, now: datetime, *which: Any) -> Hand | None:
    until = _iso(now + IN_HAND)
    taken = connection.execute(
        update(_BOX)
        .where(_NOT_TOLD, *which)
        .values(due_at=until, tries=_BOX.c.tries + 1, error=None)
        .returning(*_BOX.c)
    ).all()
    if not taken:
        return None
    lines = tuple(sorted(map(_line, taken)))
    told = select(_BOX.c.about, _BOX.c.text).where(_BOX.c.incident == lines[0].incident, _BOX.c.sent_at.is_not(None))
    said = connection.execute(told.order_by(_BOX.c.number)).all()
    return Hand(lines, until, {about: text for about, text in said})


def told(connection: Connection, hand: Hand, at: datetime) -> None:
    """Notes that lines were told, and with which words."""
    note = (
        update(_BOX)
        .where(_BOX.c.number == bindparam("of"))
        .values(text=bindparam("said"), sent_at=_iso(at), error=None)
    )
    connection.execute(note, [{"of": line.number, "said": redact_text(line.text)} for line in hand.lines])


def failed(connection: Connection, hand: Hand, why: str, again: datetime | None) -> None:
    """Notes that lines could not be told, and when to try again; None sets them aside.

    Nothing where they are in other hands by now.
    """
    connection.execute(
        update(_BOX)
        .where(_BOX.c.number.in_(hand.numbers), _NOT_TOLD, _BOX.c.due_at == hand.until)
        .values(error=redact_text(why)[:1000], due_at=_iso(again) if again else ASIDE)
    )


def wait(connection: Connection, now: datetime, until: datetime) -> None:
    """Puts off everything that is due: nothing can be told before `until`."""
    connection.execute(update(_BOX).where(_NOT_TOLD, _BOX.c.due_at <= _iso(now)).values(due_at=_iso(until)))


def again(connection: Connection, now: datetime) -> int:
    """Makes what was set aside due once more, and says how many lines that are."""
    aside = update(_BOX).where(_NOT_TOLD, _BOX.c.due_at == ASIDE).values(due_at=_iso(now), tries=0)
    return connection.execute(aside).rowcount


def kept(connection: Connection) -> list[Kept]:
    """All lines that were not told yet, oldest first."""
    rows = connection.execute(select(_BOX).where(_NOT_TOLD).order_by(_BOX.c.number)).all()
    return [Kept(_line(r), None if r.due_at == ASIDE else datetime.fromisoformat(r.due_at), r.error) for r in rows]


def _line(row: Row[Any]) -> Line:
    return Line(row.number, row.incident, row.about, row.text, datetime.fromisoformat(row.at), row.tries)


def _iso(at: datetime) -> str:
    """All of one length, so that any order of texts is that of the instants."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
