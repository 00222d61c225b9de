"""What is to be told is told: once by however many, again after whatever goes wrong, and no secret with it."""

from __future__ import annotations

import json
import logging
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from incident_nb import cli
from incident_nb.errors import SettingsError, UsageError
from incident_nb.incidents import Records, payload_of, tables
from incident_nb.outbox import file, send, store
from incident_nb.outbox import webhook as hook
from incident_nb.outbox.send import Delivered, deliver
from incident_nb.settings import Settings
from tests import faulty
from tests.captured import OK, SECRET, Webhook, webhook

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECRETS = ("w3bh00k", "B0NLYTESTS")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(place: Path | str, clock: Clock) -> Iterator[Records]:
    opened = Records(place, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as running:
        monkeypatch.setenv(hook.NAME, running.url)
        yield running


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(hook.NAME, raising=False)
    monkeypatch.delenv(f"{hook.NAME}_FILE", raising=False)
    return Settings(path=tmp_path / "incident-nb.toml")


def incident(records: Records, title: str = "Invoices are not sent") -> int:
    payload: Any = payload_of("opened", {"title": title, "detected_at": NOW.isoformat(), "client": "BAY"})
    return records.open(payload, by="Anna", at=NOW).number


def put(records: Records, number: int | None, text: str, about: str = "vendor", **more: Any) -> None:
    with records.at_once() as writing:
        at = more.pop("at", NOW)
        store.put(
            writing.connection, f"{number} {about} {text}", incident=number, about=about, text=text, at=at, **more
        )


def left(records: Records) -> list[store.Kept]:
    with records.at_once() as writing:
        return store.kept(writing.connection)


def test_lines_of_an_incident_are_one_message_whole_at_first_and_short_later(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    one, two = incident(records), incident(records, "Orders stop")
    put(records, one, "a", "opened")
    put(records, two, "b", "opened")
    put(records, one, "c", "reopened")
    put(records, None, "d", "set_aside")
    put(records, one, "e", due=NOW + timedelta(minutes=1))
    assert deliver(records, settings, clock) == Delivered(messages=3, lines=4)
    assert [message["blocks"][0]["type"] for message in slack.got] == ["header", "header", "section"]
    assert (
        "INC-1: Invoices" in slack.texts[0] and "Back again: c" in slack.texts[0] and "INC-2: Orders" in slack.texts[1]
    )
    assert slack.texts[2] == "incident-nb | 10:00 Set aside: d"
    assert deliver(records, settings, clock) == Delivered()
    clock.pass_(minutes=1)
    assert deliver(records, settings, clock) == Delivered(messages=1, lines=1)
    assert slack.texts[3].startswith("INC-1 P? open: Invoices are not sent | 10:00 Vendor: e | Next: ")
    assert left(records) == [] and len(slack.got) == 4


def test_what_was_put_twice_dropped_or_says_nothing_new_makes_no_message(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    one = incident(records)
    put(records, one, "down")
    put(records, one, "down")
    assert [kept.line.text for kept in left(records)] == ["down"]
    deliver(records, settings, clock)
    with records.at_once() as writing:
        store.drop(writing.connection, f"{one} vendor down")  # too late: it is told, and stays so
    put(records, one, "down")
    assert left(records) == []
    with records.at_once() as writing:
        store.put(writing.connection, "another key", incident=one, about="vendor", text="down", at=NOW)
        store.put(writing.connection, "dropped", incident=one, about="vendor", text="up", at=NOW)
        store.drop(writing.connection, "dropped")
    assert deliver(records, settings, clock) == Delivered(messages=0, lines=1)
    assert len(slack.got) == 1 and left(records) == []


def test_what_a_diagnosis_was_told_with_is_kept(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    """Its line has no words of its own: those of the record, as it is when it is told, decide whether it is news."""
    one = incident(records)
    put(records, one, "", "opened")
    deliver(records, settings, clock)
    for attempt, cause in enumerate(["timeout", "timeout", "network"]):
        values = {"headline": "x", "cause": cause, "confidence": 0.5 + attempt / 10}
        with records.at_once() as writing:
            writing.add(one, payload_of("diagnosed", values), by="Anna", at=NOW)
            store.put(writing.connection, f"{one} {attempt}", incident=one, about="diagnosed", at=NOW)
        deliver(records, settings, clock)
    assert [text.split(" | ")[1] for text in slack.texts[1:]] == [
        "10:00 Diagnosed: timeout (50% sure)",
        "10:00 Diagnosed: network (70% sure)",
    ]


REPLIES = [
    (200, "ok", {}, "", False),
    (200, "<html>Sign in</html>", {}, "not a webhook of Slack's", False),
    (302, "", {"location": "/elsewhere"}, "which is not followed (status 302)", False),
    (400, "invalid_payload", {}, "malformed (status 400)", True),
    (400, "invalid_token", {}, "not valid any more. Make a new webhook", False),
    (403, "action_prohibited", {}, "an administrator restricts", False),
    (404, "no_service", {}, "turned off or gone. Make a new webhook", False),
    (404, f"no route /services/{SECRET}", {}, "refuses the webhook (status 404)", False),
    (410, "channel_is_archived", {}, "the channel is archived. Unarchive it", False),
    (413, "", {}, "malformed (status 413)", True),
    (429, "rate_limited", {"retry-after": "7"}, "too many came in a short time", False),
    (500, f"rollup_error {SECRET}", {}, "trouble of its own (status 500)", False),
]


@pytest.mark.parametrize(("status", "body", "headers", "said", "own"), REPLIES)
def test_each_answer_is_told_as_what_to_do_and_no_secret_with_it(
    records: Records, settings: Settings, slack: Webhook, clock: Clock, caplog: pytest.LogCaptureFixture, status: int,
    body: str, headers: dict[str, str], said: str, own: bool,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    slack.reply = lambda _: (status, body, headers)
    one, two = incident(records), incident(records)
    put(records, one, "a")
    put(records, two, "b")
    done = deliver(records, settings, clock)
    if not said:
        assert done == Delivered(2, 2) and left(records) == []
        return
    assert said in done.problems[0] and (done.messages, done.lines) == (0, 0)
    # A message of its own kind holds nobody up, and goes as plain text at once; else all wait, and nobody is asked again.
    assert (len(done.problems), len(slack.got)) == ((2, 4) if own else (1, 1))
    assert [set(message) == {"text"} for message in slack.got] == ([False, True] * 2 if own else [False])
    kept = left(records)
    wait = 7 if status == 429 else 30
    assert [row.due for row in kept] == [NOW + timedelta(seconds=wait)] * 2
    assert kept[0].error == done.problems[0] and kept[0].line.tries == 1
    assert deliver(records, settings, clock) == Delivered()
    slack.reply = lambda _: OK
    clock.pass_(seconds=wait)
    assert deliver(records, settings, clock) == Delivered(2, 2)
    assert_no_secret(records, caplog, done)


def assert_no_secret(records: Records, caplog: pytest.LogCaptureFixture, done: Delivered) -> None:
    with records.at_once() as writing:
        rows = writing.connection.execute(select(tables.outbox)).all()
    for text in (str(rows), caplog.text, str(done)):
        assert not any(part in text for part in SECRETS)


def hangs(connection: Any, _: faulty.Asked) -> None:
    """Takes all that comes and says nothing until the other side leaves."""
    while connection.recv(65536):
        pass


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (hangs, "did not answer in time"),
        (faulty.hang_up, "closed the connection"),
        (faulty.nonsense, "did not answer in HTTP"),
        (faulty.half, "closed the connection"),
        (None, "connection failed"),
    ],
)
def test_a_webhook_that_does_not_answer(
    records: Records, settings: Settings, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    reply: faulty.Reply | None, said: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(hook, "POST_S", 0.5)
    put(records, incident(records), "a")
    with faulty.serving(reply or hangs) as server:
        monkeypatch.setenv(hook.NAME, f"{server.url}/services/{SECRET}")
        if reply:
            done = deliver(records, settings, clock)
    if not reply:  # nobody listens there any more
        done = deliver(records, settings, clock)
    assert said in done.problems[0] and left(records)[0].error == done.problems[0]
    assert_no_secret(records, caplog, done)


def test_a_redirect_is_followed_by_nothing(records: Records, settings: Settings, slack: Webhook, clock: Clock) -> None:
    with webhook() as other:
        for status in (301, 302, 307, 308):
            slack.reply = lambda _, status=status: (status, "", {"location": other.url})
            put(records, incident(records), "a")
            assert len(deliver(records, settings, clock).problems) == 1
            clock.pass_(hours=1)
        assert len(slack.got) == 4 and other.got == []


def test_it_is_tried_less_and_less_often_and_never_given_up(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    slack.reply = lambda _: (500, "", {})
    put(records, incident(records), "a")
    waits = []
    for _ in range(40):
        assert deliver(records, settings, clock).problems
        (kept,) = left(records)
        assert kept.due
        waits.append((kept.due - clock.now).total_seconds())
        clock.now = kept.due
    assert waits == [30, 60, 120, 240, 480, 960] + [1800] * 34
    slack.reply = lambda _: OK
    assert deliver(records, settings, clock) == Delivered(1, 1)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7), ("0", 1), ("999999", 1800), ("soon", 30), ("-5", 30), ("", 30), ("9" * 400, 30), ("٣", 30), ("1.5", 30)],
)
def test_slack_is_left_alone_as_long_as_it_asks_within_bounds(
    records: Records, settings: Settings, slack: Webhook, clock: Clock, asked: str, seconds: int
) -> None:
    slack.reply = lambda _: (429, "", {"retry-after": asked.encode().decode("latin-1")})
    put(records, incident(records), "a")
    put(records, None, "b")
    deliver(records, settings, clock)
    assert [kept.due for kept in left(records)] == [NOW + timedelta(seconds=seconds)] * 2


def test_what_slack_refuses_for_good_is_set_aside_and_holds_nobody_up(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    bad, good = incident(records, "Bad"), incident(records, "Good")
    slack.reply = lambda message: (400, "invalid_payload", {}) if "Bad" in message["text"] else OK
    put(records, bad, "a")
    put(records, good, "b")
    assert deliver(records, settings, clock).lines == 1
    for _ in range(send.REFUSALS - 1):
        assert all(kept.due for kept in left(records))
        clock.pass_(hours=1)
        deliver(records, settings, clock)
    (aside,) = left(records)
    assert (aside.due, aside.line.text, aside.line.tries) == (None, "a", send.REFUSALS) and "malformed" in str(
        aside.error
    )
    came = len(slack.got)
    clock.pass_(days=1000)
    assert deliver(records, settings, clock) == Delivered() and len(slack.got) == came
    put(records, bad, "c")  # it does not hold up the rest of its own incident for ever either
    slack.reply = lambda _: OK
    assert deliver(records, settings, clock) == Delivered(1, 1)
    with records.at_once() as writing:
        assert store.again(writing.connection, clock()) == 1
    assert deliver(records, settings, clock) == Delivered(1, 1) and left(records) == []


def test_a_message_whose_looks_are_refused_goes_as_text(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    slack.reply = lambda message: (400, "invalid_blocks", {}) if "blocks" in message else OK
    put(records, incident(records), "a")
    assert deliver(records, settings, clock) == Delivered(1, 1)
    assert slack.got[1] == {"text": slack.got[0]["text"]} and "Invoices are not sent" in slack.texts[1]


def test_newer_lines_of_an_incident_wait_for_the_older_ones(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    one = incident(records)
    put(records, one, "first")
    slack.reply = lambda _: (500, "", {})
    deliver(records, settings, clock)
    slack.reply = lambda _: OK
    put(records, one, "second")
    put(records, incident(records, "Orders stop"), "other")
    assert deliver(records, settings, clock) == Delivered(1, 1) and "Orders stop" in slack.texts[1]
    clock.pass_(seconds=30)
    assert deliver(records, settings, clock) == Delivered(1, 2)
    assert slack.texts[2].index("first") < slack.texts[2].index("second")


def test_two_at_once_tell_each_line_once(place: Path | str, settings: Settings, slack: Webhook) -> None:
    """The first message is held back until the other one has looked for work of its own, and found none of it."""
    first, second = Records(place), Records(place)
    try:
        one = incident(first)
        put(first, one, "a")
        came, go = threading.Event(), threading.Event()

        def reply(_: Any) -> Any:
            came.set()
            assert go.wait(30)
            return OK

        slack.reply = reply
        with ThreadPoolExecutor() as pool:
            running = pool.submit(deliver, first, settings)
            assert came.wait(30)
            put(first, one, "b")
            assert deliver(second, settings) == Delivered()  # "a" is in hand, and "b" must not overtake it
            go.set()
            assert running.result().messages >= 1
        deliver(second, settings)
        assert [text.count("Vendor: a") for text in slack.texts] == [1, 0]
        assert [text.count("Vendor: b") for text in slack.texts] == [0, 1]
    finally:
        first.close()
        second.close()


def test_many_at_once_tell_every_line_once(place: Path | str, settings: Settings, slack: Webhook) -> None:
    everyone = [Records(place) for _ in range(4)]
    try:
        for number in range(20):
            assert incident(everyone[0], f"Title {number}") == number + 1
            for step in "xyz":
                put(everyone[0], number + 1, f"{number}-{step}.")
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda records: deliver(records, settings), everyone))
        assert sum(one.lines for one in done) == 60 and not any(one.problems for one in done)
        told = " ".join(slack.texts)
        assert {told.count(f" {number}-{step}.") for number in range(20) for step in "xyz"} == {1}
        assert len(slack.got) == 20
    finally:
        for records in everyone:
            records.close()


def test_a_crash_after_slacks_answer_tells_it_again_and_one_before_loses_nothing(
    records: Records, settings: Settings, slack: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(records, incident(records), "a")
    with monkeypatch.context() as broken:
        broken.setattr(store, "told", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver(records, settings, clock)
    with monkeypatch.context() as broken:
        clock.pass_(hours=1)
        broken.setattr(hook, "Session", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver(records, settings, clock)
    assert len(slack.got) == 1
    assert deliver(records, settings, clock) == Delivered()  # it is still in the dead one's hands
    clock.now += store.IN_HAND
    assert deliver(records, settings, clock) == Delivered(1, 1)
    assert len(slack.got) == 2 and left(records) == []


def crash(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_who_comes_back_late_changes_nothing(records: Records, clock: Clock) -> None:
    put(records, incident(records), "a")
    with records.at_once() as writing:
        late = store.take(writing.connection, clock())
    clock.now += store.IN_HAND
    with records.at_once() as writing:
        other = store.take(writing.connection, clock())
        assert late and other and late.numbers == other.numbers
        store.failed(writing.connection, late, "late", None)
    (kept,) = left(records)
    assert (kept.due, kept.error) == (clock.now + store.IN_HAND, None)
    with records.at_once() as writing:
        store.told(writing.connection, other, clock())
        store.failed(writing.connection, other, "too late", clock())
    assert left(records) == []


def test_the_order_of_instants_is_kept_in_every_database(records: Records, clock: Clock) -> None:
    """Instants with and without a fraction, and of other zones, are compared as instants, whatever the collation."""
    one = incident(records)
    put(records, one, "a", due=NOW + timedelta(microseconds=500_000))
    put(records, one, "b", due=NOW.astimezone(datetime.strptime("+0530", "%z").tzinfo))
    with records.at_once() as writing:
        hand = store.take(writing.connection, clock())
    assert hand and [line.text for line in hand.lines] == ["b"]


def test_without_a_webhook_it_goes_to_the_log_and_a_file(
    records: Records, settings: Settings, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "incident_nb.outbox")
    one = incident(records)
    put(records, one, "a\u202e\nb")
    assert deliver(records, settings, clock) == Delivered(1, 1)
    with (tmp_path / file.NAME).open("a") as torn:
        torn.write('{"at": "torn')
    put(records, one, "c")
    put(records, None, "d")
    assert deliver(records, settings, clock) == Delivered(2, 2)
    first, torn_line, second, third = (tmp_path / file.NAME).read_text().splitlines()
    assert torn_line == '{"at": "torn'
    rows = [json.loads(row) for row in (first, second, third)]
    assert [(row["at"], row["incident"]) for row in rows] == [
        ("2026-11-23T10:00:00Z", name) for name in ("INC-1", "INC-1", None)
    ]
    assert [row["message"]["blocks"][0]["type"] for row in rows] == ["header", "section", "section"]
    assert stat.S_IMODE((tmp_path / file.NAME).stat().st_mode) == 0o600
    assert [record.getMessage() for record in caplog.records] == [first, second, third]
    assert deliver(records, Settings(), clock) == Delivered()


@pytest.mark.parametrize("kind", ["folder", "link", "full"])
def test_a_file_that_cant_be_written_loses_nothing(
    records: Records, settings: Settings, clock: Clock, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / file.NAME
    if kind == "folder":
        target.mkdir()
    elif kind == "link":
        target.symlink_to(tmp_path / "elsewhere")
    else:
        target.write_text("{}\n")
        real = file.os.write
        full = iter([10])

        def write(handle: int, data: Any) -> int:
            for most in full:
                return real(handle, bytes(data)[:most])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(file.os, "write", write)
    put(records, incident(records), "a")
    done = deliver(records, settings, clock)
    assert "outbox.jsonl can't be written: " in done.problems[0] and not (tmp_path / "elsewhere").exists()
    if kind == "full":
        assert target.read_text() == "{}\n"  # half a line is taken back
    monkeypatch.undo()
    target.rmdir() if kind == "folder" else target.unlink()
    clock.pass_(seconds=30)
    assert deliver(records, settings, clock) == Delivered(1, 1)


@pytest.mark.parametrize(
    "address",
    ["hooks.slack.com/services/w3bh00k", "http://hooks.slack.com/w3bh00k", "https://u:w3bh00k@hooks.slack.com/", "https://w3bh00k:99999",
     "ftp://127.0.0.1/w3bh00k", "https:///w3bh00k"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_shown(
    records: Records, settings: Settings, clock: Clock, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(hook.NAME, address)
    put(records, incident(records), "a")
    with pytest.raises(SettingsError, match=hook.NAME) as refused:
        deliver(records, settings, clock)
    assert not any(part in str(refused.value) for part in SECRETS) and len(left(records)) == 1


def test_the_address_may_stand_in_a_file(
    records: Records, settings: Settings, slack: Webhook, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hook").write_text(slack.url + "\n")
    monkeypatch.delenv(hook.NAME)
    monkeypatch.setenv(f"{hook.NAME}_FILE", str(tmp_path / "hook"))
    put(records, incident(records), "a")
    assert deliver(records, settings, clock) == Delivered(1, 1) and len(slack.got) == 1


def test_a_secret_that_slipped_through_is_not_told(
    records: Records, settings: Settings, slack: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "redact_text", str)
    put(records, incident(records), "key sk-proj-4fA8kQ2mZ7xB1nC9vL3w0pQ8rT5yU2iO")
    done = deliver(records, settings, clock)
    assert "holds what looks like a secret" in done.problems[0] and "4fA8kQ" not in str(done)
    assert slack.got == []


def test_an_incident_is_told_when_asked_for_with_what_is_pending(
    records: Records, settings: Settings, slack: Webhook, clock: Clock
) -> None:
    one = incident(records)
    put(records, one, "told before")
    deliver(records, settings, clock)
    put(records, one, "pending", due=NOW + timedelta(hours=1))
    assert send.tell(records, settings, one, clock) == Delivered(1, 2)
    assert slack.got[1]["blocks"][0]["type"] == "header" and "Vendor: pending" in slack.texts[1]
    assert send.tell(records, settings, one, clock) == Delivered(1, 1) and len(slack.got) == 3
    slack.reply = lambda _: (404, "no_service", {})
    clock.pass_(seconds=1)
    with pytest.raises(hook.NotSent, match="turned off or gone"):
        send.tell(records, settings, one, clock)
    slack.reply = lambda _: OK
    clock.pass_(hours=1)
    assert deliver(records, settings, clock) == Delivered(1, 1) and slack.got[-1]["blocks"][0]["type"] == "header"
    with pytest.raises(UsageError, match="There is no INC-99"):
        send.tell(records, settings, 99, clock)
    assert left(records) == []


@pytest.fixture
def ran(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, slack: Webhook) -> Any:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        shown = capsys.readouterr()
        assert int(ended.value.code or 0) == code, shown.err
        assert not any(part in shown.out + shown.err for part in (*SECRETS, "Traceback"))
        return shown.out, " ".join(shown.err.split())

    run("init", ".")
    run("incidents", "open", "Workflow: [BAY] Invoices\nNode: Send\nError: 401 Unauthorized", "--offline")
    return run


def test_the_command(ran: Any, slack: Webhook, tmp_path: Path) -> None:
    message = json.loads(ran("tell", "INC-1", "--dry-run")[0])
    assert message["blocks"][0]["type"] == "header" and slack.got == []
    assert "Name it" in ran("tell", "--dry-run", code=2)[1]
    assert "There is no INC-7" in ran("tell", "INC-7", code=2)[1]
    assert "1 messages went to Slack." in ran("tell", "inc-1")[1] and slack.got == [message]
    slack.reply = lambda _: (410, "channel_is_archived", {})
    assert "Unarchive it" in ran("tell", "1", code=1)[1]
    with_records = Records(tmp_path / "incidents" / "record.db")
    put(with_records, None, "lost", at=datetime.now(UTC))
    with with_records.at_once() as writing:
        hand = store.take(writing.connection, datetime.now(UTC))
        assert hand
        store.failed(writing.connection, hand, "malformed", None)
    with_records.close()
    shown = ran("tell")[1]
    assert "INC-1, asked of " in shown and "waits until" in shown and "Unarchive it" in shown
    assert (
        "of no incident, vendor of " in shown
        and "is set aside (--again tries it once more) after 1 tries: malformed" in shown
    )
    found = json.loads(ran("tell", "--json")[0])
    assert [(row["incident"], row["set_aside"]) for row in found["left"]] == [("INC-1", False), (None, True)]
    slack.reply = lambda _: OK
    assert json.loads(ran("tell", "--again", "--json")[0])["messages"] == 1
