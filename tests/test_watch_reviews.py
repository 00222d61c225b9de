"""Reviews that are due: made once each, by one worker, tried again where they failed, kept in the workspace."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.errors import OutputError
from incident_nb.incidents import Records
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.rounds import rounds_of
from incident_nb.review.kept import Material
from incident_nb.review.paper import write_review
from incident_nb.settings import Settings
from incident_nb.watch import reviews
from incident_nb.watch.memory import remembered
from incident_nb.watch.reviews import Made, look
from tests.incidents import events_of, utc
from tests.test_review import FIXED, raised
from tests.watched import lines, workspace

FRIDAY = utc("2026-11-27T16:00")  # 17:00 in Berlin
MINUTE, WEEK = timedelta(minutes=1), timedelta(days=7)
BERLIN = {"name": "Bay Foods", "time_zone": "Europe/Berlin"}


class Writer:
    """Writes reviews as the real one does, but in no time; fails as often as told."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.made: list[tuple[str, str, int]] = []

    def __call__(self, material: Material, out: Path, *, whole: bool) -> None:
        assert whole
        if self.fails:
            self.fails -= 1
            raise OutputError("could not write: the disk is full")
        (out / "case").mkdir(parents=True)
        (out / "case" / "review.json").write_text("{}")
        (out / "review.html").write_text("")
        self.made.append((material.client, material.period.name, len(material.review().lines)))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    open_now = Records(tmp_path / "incidents" / "record.db")
    for number, client in ((1, "BAY"), (2, "GLOBEX")):
        open_now.take(events_of(*FIXED, severity="P2", number=number, client=client, origin=f"{number:032x}"), by="Kim")
    yield open_now
    open_now.close()


def asked(folder: Path, **more: Any) -> Settings:
    return workspace(folder, clients={"BAY": BERLIN, "GLOBEX": {}}, review={"clients": ["BAY"], **more})


def test_nobodys_review_is_made_by_default(tmp_path: Path, records: Records) -> None:
    write = Writer()
    assert look(records, workspace(tmp_path, clients={"BAY": BERLIN}), FRIDAY, write) == [] and write.made == []
    assert not (tmp_path / "reviews").exists()


def test_each_is_made_once_when_its_week_is_over(tmp_path: Path, records: Records) -> None:
    settings, write = asked(tmp_path), Writer()
    assert look(records, settings, FRIDAY - MINUTE, write) == [Made("BAY", "2026-W47")]
    assert look(records, settings, FRIDAY, write) == [Made("BAY", "2026-W48")]
    for later in (MINUTE, timedelta(days=6)):
        assert look(records, settings, FRIDAY + later, write) == []
    assert look(records, settings, FRIDAY + WEEK, write) == [Made("BAY", "2026-W49")]
    assert write.made == [("BAY", "2026-W47", 0), ("BAY", "2026-W48", 1), ("BAY", "2026-W49", 0)]
    assert lines(records)[1] == (
        "review", None, "The review of Bay Foods for 2026-W48 is written: reviews/BAY/2026-W48/review.html",
    )  # fmt: skip


def test_earlier_rounds_are_judged_by_their_events(tmp_path: Path, records: Records) -> None:
    late = raised(("acknowledged", 25 * 60), ("resolved", 30 * 60))
    records.take(events_of(*late, severity="P3", number=3, client="BAY", origin="3" * 32), by="Kim")
    kept: list[Material] = []
    look(records, asked(tmp_path), FRIDAY, lambda material, *_, **__: kept.append(material))
    assert [line.clocks["respond"] for line in kept[0].review().lines] == ["met", "missed"]


def test_after_a_long_time_away_the_last_period_is_made(tmp_path: Path, records: Records) -> None:
    write = Writer()
    assert [one.period for one in look(records, asked(tmp_path), FRIDAY + 5 * WEEK, write)] == ["2026-W53"]


def test_several_periods_of_several_clients(tmp_path: Path, records: Records) -> None:
    settings = asked(tmp_path, clients=["BAY", "GLOBEX", "BAY"], every=["week", "month", "week"])
    found = {(one.client, one.period) for one in look(records, settings, FRIDAY, Writer())}
    # Globex is in UTC, where this Friday's 17:00 is still to come.
    assert found == {("BAY", "2026-W48"), ("BAY", "2026-10"), ("GLOBEX", "2026-W47"), ("GLOBEX", "2026-10")}


def test_servers_are_read_once_for_all_and_not_at_all_for_none(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[datetime] = []
    monkeypatch.setattr(reviews, "read_runs", lambda _, now: (read.append(now), (None, "nothing is read"))[1])
    settings = asked(tmp_path, clients=["BAY", "GLOBEX"], every=["week", "month"])
    assert len(look(records, settings, FRIDAY, Writer())) == 4 and read == [FRIDAY]
    assert look(records, settings, FRIDAY + MINUTE, Writer()) == [] and read == [FRIDAY]


def test_the_end_of_the_week_is_a_setting(tmp_path: Path, records: Records) -> None:
    settings = asked(tmp_path, day="Monday", at="09:00")
    assert [one.period for one in look(records, settings, FRIDAY, Writer())] == ["2026-W48"]  # until Monday the 23rd
    assert look(records, settings, utc("2026-11-30T07:59"), Writer()) == []
    assert [one.period for one in look(records, settings, utc("2026-11-30T08:00"), Writer())] == ["2026-W49"]


def test_one_that_failed_is_told_and_tried_again_later_and_later(
    tmp_path: Path, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    settings, write = asked(tmp_path), Writer(fails=3)
    with caplog.at_level(logging.WARNING, "incident_nb.jobs"):
        (failed,) = look(records, settings, FRIDAY, write)
    assert "the disk is full" in failed.why and "BAY/2026-W48" in caplog.text and "the disk is full" in caplog.text
    after = {0: [], 14: [], 15: [failed], 44: [], 45: [failed], 104: [], 105: [Made("BAY", "2026-W48")], 106: []}
    for minutes, found in after.items():
        assert look(records, settings, FRIDAY + minutes * MINUTE, write) == found, minutes
    assert len(lines(records)) == 1  # what failed is for the log only
    with remembered(settings, "reviews") as memory:
        assert memory == {}


def test_the_wait_has_an_end(tmp_path: Path, records: Records) -> None:
    settings, write = asked(tmp_path), Writer(fails=99)
    now = FRIDAY
    for _ in range(20):
        look(records, settings, now, write)
        now += timedelta(hours=6)
    assert write.fails == 79


def test_one_clients_failure_is_not_anothers(tmp_path: Path, records: Records) -> None:
    settings = asked(tmp_path, clients=["NOBODY", "BAY"])
    first, second = look(records, settings, FRIDAY + timedelta(hours=1), Writer())
    assert "no client 'NOBODY'" in first.why and second == Made("BAY", "2026-W48")


def test_one_that_fails_as_nobody_foresaw_is_no_others_and_quotes_nothing(
    tmp_path: Path, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    settings, fine = asked(tmp_path, clients=["BAY", "GLOBEX"]), Writer()

    def write(material: Material, out: Path, *, whole: bool) -> None:
        if material.client == "BAY":
            raise ValueError("odd data of jo@bay.example")
        fine(material, out, whole=whole)

    now = FRIDAY + timedelta(hours=1)
    with caplog.at_level(logging.WARNING, "incident_nb.jobs"):
        first, second = look(records, settings, now, write)
    assert (first.client, first.why) == ("BAY", "ValueError") and second == Made("GLOBEX", "2026-W48")
    assert "BAY/2026-W48" in caplog.text and "ValueError" in caplog.text and "odd data" not in caplog.text
    assert look(records, settings, now + 14 * MINUTE, write) == []
    assert [one.client for one in look(records, settings, now + 15 * MINUTE, write)] == ["BAY"]


def test_two_workers_of_one_workspace_make_none_twice(tmp_path: Path, records: Records) -> None:
    settings, other = asked(tmp_path), Writer()

    class Slow(Writer):
        def __call__(self, *given: Any, **more: Any) -> None:
            assert look(records, settings, FRIDAY, other) == []  # as another one would, meanwhile
            super().__call__(*given, **more)

    first = Slow()
    assert look(records, settings, FRIDAY, first) == [Made("BAY", "2026-W48")]
    assert look(records, settings, FRIDAY, other) == []
    assert (len(first.made), other.made) == (1, [])


def test_what_another_worker_made_while_this_one_began_is_left_alone(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one ends between this one's look at the folder and its turn."""
    settings, write = asked(tmp_path), Writer()
    real, other = reviews.remembered, Writer()

    def late(*given: Any) -> Any:
        monkeypatch.setattr(reviews, "remembered", real)
        look(records, settings, FRIDAY, other)
        return real(*given)

    monkeypatch.setattr(reviews, "remembered", late)
    assert look(records, settings, FRIDAY, write) == [] and len(other.made) == 1


def test_a_memory_that_can_not_be_read_keeps_nobody_waiting(tmp_path: Path, records: Records) -> None:
    settings = asked(tmp_path)
    (tmp_path / "watch").mkdir()
    for kept in (
        "[",
        '{"BAY/2026-W48": 5}',
        '{"BAY/2026-W48": {"until": "soon"}}',
        '{"BAY/2026-W48": {"until": "2027-01-01"}}',
    ):
        (tmp_path / "watch" / "reviews.json").write_text(kept)
        (failed,) = look(records, settings, FRIDAY, Writer(fails=1))
        assert failed.why


def test_half_a_review_is_none(tmp_path: Path, records: Records) -> None:
    """A folder that a crash left, with the case but without the page, which is put there last."""
    case = tmp_path / "reviews" / "BAY" / "2026-W48" / "case"
    case.mkdir(parents=True)
    (case / "review.json").write_text("{}")
    written: list[Path] = []
    assert look(records, asked(tmp_path), FRIDAY, lambda _, out, **__: written.append(out)) == [Made("BAY", "2026-W48")]
    assert written == [case.parent]


def test_a_real_one_is_whole_and_not_made_again(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    settings = asked(tmp_path)
    assert look(records, settings, FRIDAY) == [Made("BAY", "2026-W48")]
    made = tmp_path / "reviews" / "BAY" / "2026-W48"
    assert {"review.html", "review.md", "client.html", "client.md", "review.ipynb", "case"} <= {
        one.name for one in made.iterdir()
    }
    assert "1 incident" in (made / "review.md").read_text() and "GLOBEX" not in (made / "review.md").read_text()
    assert look(records, settings, FRIDAY + MINUTE) == []


@pytest.mark.parametrize("clients", [["BAY"], []])
def test_it_comes_round_in_a_worker(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch, clients: list[str]
) -> None:
    seen: list[tuple[Records, Settings, datetime]] = []
    monkeypatch.setattr(reviews, "look", lambda *given: seen.append(given))
    settings = asked(tmp_path, clients=clients)
    jobs = Jobs(records, settings, worker="here-0")
    (one,) = (one for one in rounds_of(jobs) if one.name == "reviews")
    one.do(FRIDAY)
    jobs.close()
    assert seen == [(records, settings, FRIDAY)] * len(clients) and jobs.untold.is_set()


assert write_review.__kwdefaults__ is not None and "whole" in write_review.__kwdefaults__, "what Writer stands in for"
