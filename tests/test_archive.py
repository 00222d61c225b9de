"""The archive: what n8n held stays, whatever n8n, the network and the process do meanwhile; and `n8n` as a source."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from incident_nb import archive as archives
from incident_nb import cli
from incident_nb.archive import Archive, Update, reader
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.http import Allowed, Session
from incident_nb.n8n import N8n
from tests import faulty
from tests.faulty import Asked, Server, answer
from tests.served import KEY, Kept, failed, good, serving_n8n

NOW = "2026-11-14T08:30Z"


@pytest.fixture
def kept() -> Kept:
    """A server's 23 executions, one in five of which failed."""
    held = Kept(workflows=[{"id": "wf1", "name": "[ACME] Orders", "nodes": [{"name": "Call"}], "tags": []}])
    held.add(*((failed if number % 5 == 0 else good)(number) for number in range(1, 24)))
    return held


@pytest.fixture
def server(kept: Kept) -> Iterator[Server]:
    with serving_n8n(kept) as serving:
        yield serving


@pytest.fixture(autouse=True)
def no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "OVERLAP", 0)


def update(server: Server, folder: Path, budget_s: float = 20.0) -> Update:
    with Session(Allowed(frozenset({server.url})), budget_s=budget_s) as session:
        return Archive(folder, "default").update(N8n("default", server.url, session, KEY))


def held(folder: Path) -> list[int]:
    return sorted(int(name) for name in Archive(folder, "default").log().executions["execution_id"])


def on_disk(folder: Path) -> list[str]:
    """The parts and packs that lie in the archive."""
    place = folder / "default"
    found = (*place.glob("day=*/*"), *place.glob("snapshots/*"), *place.glob("parts/*"))
    return sorted(f"{path.parent.name}/{path.stem}" for path in found)


def named(folder: Path) -> list[str]:
    """Those that count."""
    state = json.loads((folder / "default" / "state.json").read_text())
    return sorted([*state["parts"], *state["snapshots"]])


def lists(server: Server) -> list[str]:
    paths = [asked.path for asked in server.asked if asked.path.startswith("/api/v1/executions?")]
    return [path for path in paths if "status=running" not in path and "status=waiting" not in path]


def test_what_is_new_is_read_and_nothing_twice(server: Server, kept: Kept, tmp_path: Path) -> None:
    assert update(server, tmp_path).partial is None
    log = Archive(tmp_path, "default").log()
    assert held(tmp_path) == list(range(1, 24)) and len(log.failures) == 4
    server.asked.clear()
    kept.add(failed(24))
    assert update(server, tmp_path).rows == 5  # one page, which reaches what is known
    assert held(tmp_path) == list(range(1, 25)) and len(lists(server)) == 1


def test_failing_executions_come_before_older_ones(server: Server, tmp_path: Path) -> None:
    update(server, tmp_path)
    newest, failing, *older = lists(server)
    assert "status=error" in failing and not any("status" in path for path in (newest, *older))
    assert "cursor" not in newest and len(older) == 4 and all("cursor" in path for path in older)


def test_a_small_archive_needs_no_list_of_failing_ones(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.per_page = 50
    update(server, tmp_path)
    assert held(tmp_path) == list(range(1, 24)) and len(lists(server)) == 1


def test_what_n8n_prunes_stays(server: Server, kept: Kept, tmp_path: Path) -> None:
    update(server, tmp_path)
    kept.executions = {number: row for number, row in kept.executions.items() if number > 20}
    kept.add(good(24))
    update(server, tmp_path)
    log = Archive(tmp_path, "default").log()
    assert held(tmp_path) == list(range(1, 25)) and len(log.failures) == 4
    assert set(log.executions["data"]) == {"full"}


@pytest.mark.parametrize("end", ["error", "success", None])
def test_a_run_that_had_not_ended_is_asked_for_again(
    server: Server, kept: Kept, tmp_path: Path, end: str | None
) -> None:
    kept.add(good(24, "running"))
    update(server, tmp_path)
    if end is None:
        del kept.executions[24]
    else:
        kept.add(failed(24) if end == "error" else good(24))
    update(server, tmp_path)
    log = Archive(tmp_path, "default").log()
    run = log.executions[log.executions["execution_id"] == "24"].iloc[0]
    assert run["status"] == (end or "running") and len(log.failures) == 4 + (end == "error")
    assert json.loads((tmp_path / "default" / "state.json").read_text())["open"] == []


def test_a_long_run_that_ends_after_newer_ones_is_not_missed(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.add(good(24, "running"), good(25), good(26))
    update(server, tmp_path)
    kept.add(failed(24))
    update(server, tmp_path)
    log = Archive(tmp_path, "default").log()
    assert log.executions.set_index("execution_id")["status"].to_dict()["24"] == "error"
    assert "24" in set(log.failures["execution_id"])


def test_what_ended_while_the_list_was_read_is_found_the_next_time(
    server: Server, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "OVERLAP", 10)
    row = kept.executions.pop(20)
    update(server, tmp_path)
    kept.add(row, good(24))
    update(server, tmp_path)
    assert held(tmp_path) == list(range(1, 25))


def breaking(kept: Kept, at: int) -> Callable[[Asked], faulty.Reply | None]:
    """From its `at`th list of all executions on, the server is down."""
    count = 0

    def instead(asked: Asked) -> faulty.Reply | None:
        nonlocal count
        count += asked.path.startswith("/api/v1/executions?") and "status" not in asked.path
        return answer({"message": "x"}, 500) if count >= at else None

    return instead


@pytest.mark.parametrize("at", [2, 3, 5])
def test_an_update_goes_on_where_the_last_one_broke_off(
    server: Server, kept: Kept, tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS_A_PART", 4)
    kept.instead = breaking(kept, at)
    partial = update(server, tmp_path)
    assert partial.partial and "500" in partial.partial
    before = held(tmp_path)
    assert before[-5 * (at - 1) :] == list(range(24 - 5 * (at - 1), 24))
    kept.instead = lambda _: None
    kept.add(good(24), good(25))
    server.asked.clear()
    assert update(server, tmp_path).partial is None
    assert held(tmp_path) == list(range(1, 26))
    newest, *older = lists(server)
    assert "cursor" not in newest and all("cursor" in path for path in older) and len(older) == 5 - at + 1


def down(*words: str) -> Callable[[Asked], faulty.Reply | None]:
    """The server is down for lists with one of these words in their address."""
    return lambda asked: answer({"message": "x"}, 500) if any(word in asked.path for word in words) else None


def test_what_is_new_comes_before_what_was_left(server: Server, kept: Kept, tmp_path: Path) -> None:
    """However much is left, the runs of this very incident are seen."""
    kept.instead = down("cursor")
    assert (first := update(server, tmp_path)).partial is not None and first.newest
    kept.add(failed(24), good(25))
    second = update(server, tmp_path)
    assert second.partial and second.newest and held(tmp_path)[-7:] == list(range(19, 26))


def test_new_ones_that_break_off_have_a_place_of_their_own(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.instead = down("cursor")
    update(server, tmp_path)
    kept.add(*(good(number) for number in range(24, 41)))
    broken = update(server, tmp_path)
    assert broken.partial and not broken.newest
    kept.add(good(41))
    kept.instead = lambda _: None
    server.asked.clear()
    assert update(server, tmp_path).partial is None
    assert held(tmp_path) == list(range(1, 42))
    # One page reaches what is known; three go on below 36, four below 19; none is read twice.
    assert ["cursor" in path for path in lists(server)] == [False, True, True, True, True, True, True, True]
    server.asked.clear()
    update(server, tmp_path)
    assert len(lists(server)) == 1


def test_the_list_of_failing_ones_goes_on_where_it_broke_off(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.add(*(failed(number) for number in range(1, 24)))
    kept.instead = down("cursor")
    update(server, tmp_path)
    server.asked.clear()
    update(server, tmp_path)
    kept.instead = lambda _: None
    update(server, tmp_path)
    failing = [path for path in lists(server) if "status=error" in path]
    assert failing and all("cursor" in path for path in failing) and held(tmp_path) == list(range(1, 24))


def test_an_archive_of_an_earlier_version_goes_on(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.instead = down("cursor")
    update(server, tmp_path)
    path = tmp_path / "default" / "state.json"
    state = json.loads(path.read_text())
    (gap,) = state.pop("gaps")
    del state["failing"]
    path.write_text(json.dumps({**state, "newest": 0, "going_on": {**gap, "top": 23}}))
    kept.instead = lambda _: None
    server.asked.clear()
    assert update(server, tmp_path).partial is None
    assert held(tmp_path) == list(range(1, 24)) and len(lists(server)) == 1 + 4


def test_nothing_at_all_is_an_error_and_leaves_the_archive(server: Server, kept: Kept, tmp_path: Path) -> None:
    update(server, tmp_path)
    kept.instead = lambda _: answer({"message": "x"}, 500)
    with pytest.raises(UnreachableError, match="500"):
        update(server, tmp_path)
    assert held(tmp_path) == list(range(1, 24))


def test_many_parts_become_one(server: Server, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_PARTS", 3)
    for number in range(24, 30):
        update(server, tmp_path)
        kept.add(failed(number))
        assert on_disk(tmp_path) == named(tmp_path) and len(named(tmp_path)) <= 3 + 1
    update(server, tmp_path)
    assert held(tmp_path) == list(range(1, 30))
    assert len(Archive(tmp_path, "default").log().failures) == 4 + 6


def test_two_updates_at_once(server: Server, tmp_path: Path) -> None:
    update(server, tmp_path)
    with Archive(tmp_path, "default")._locked(), pytest.raises(UsageError, match="another process"):
        update(server, tmp_path)


def test_an_archive_belongs_to_one_server(server: Server, kept: Kept, tmp_path: Path) -> None:
    update(server, tmp_path)
    with serving_n8n(kept) as other, pytest.raises(UsageError, match="Give one another name"):
        update(other, tmp_path)


def test_secrets_and_what_n8n_sent_are_not_kept(server: Server, kept: Kept, tmp_path: Path) -> None:
    secret = "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"
    kept.add(failed(24, f"Invalid API key provided: {secret}"))
    update(server, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not any(secret.encode() in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.name != ".lock")


def test_one_execution_that_the_server_cannot_give_is_named(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.instead = lambda asked: (
        answer({"message": "x"}, 500)
        if asked.path.startswith("/api/v1/executions/22")
        or asked.path == "/api/v1/executions?includeData=true&limit=50"
        else None
    )
    found = update(server, tmp_path)
    assert [part.where for part in found.skipped] == ["execution 22"]
    log = Archive(tmp_path, "default").log()
    assert log.executions.set_index("execution_id")["data"].to_dict()["22"] == "missing"
    assert held(tmp_path) == list(range(1, 24))


def test_data_that_was_refused_for_now_is_read_the_next_time(server: Server, kept: Kept, tmp_path: Path) -> None:
    """The second page has to be asked for one by one, and in its midst the key is refused."""

    def instead(asked: Asked) -> faulty.Reply | None:
        if asked.path.startswith("/api/v1/executions/16"):
            return answer({"message": "unauthorized"}, 401)
        broken = "includeData" in asked.path and "cursor" in asked.path and "status" not in asked.path
        return answer({"message": "x"}, 500) if broken else None

    kept.instead = instead
    assert "refused the key" in (update(server, tmp_path).partial or "")
    kept.instead = lambda _: None
    assert update(server, tmp_path).partial is None
    log = Archive(tmp_path, "default").log()
    assert held(tmp_path) == list(range(1, 24)) and set(log.executions["data"]) == {"full"}


@pytest.mark.parametrize("damage", ["state", "part", "form"])
def test_a_damaged_archive_says_so(server: Server, tmp_path: Path, damage: str) -> None:
    update(server, tmp_path)
    folder = tmp_path / "default"
    if damage == "part":
        shutil.rmtree(next(folder.glob("day=*/*")))
    else:
        (folder / "state.json").write_text("{" if damage == "state" else '{"schema": 99}')
    with pytest.raises(UsageError, match=r"can't be read|has form 99"):
        Archive(tmp_path, "default").log()


@pytest.fixture
def command(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., SimpleNamespace]:
    """Runs the command line in a workspace with two servers, of which the second one is down."""
    (tmp_path / "incident-nb.toml").write_text(
        f'[n8n.default]\nurl = "{server.url}"\n[n8n.down]\nurl = "http://127.0.0.1:9/"\n'
        '[clients.ACME]\nname_prefix = ["[ACME]"]\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__DOWN", KEY)

    def run(*arguments: str) -> SimpleNamespace:
        code = 0
        try:
            cli.main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and KEY not in out + err
        return SimpleNamespace(code=code, out=out, err=" ".join(err.split()))

    return run


def test_fetch(command: Callable[..., SimpleNamespace], tmp_path: Path) -> None:
    ended = command("fetch", "default", "--json")
    assert (ended.code, json.loads(ended.out)) == (
        0,
        [{"server": "default", "read": 23, "partial": None, "skipped": 0}],
    )
    assert held(tmp_path / "archive") == list(range(1, 24))
    both = command("fetch")
    assert both.code == 1 and "5 executions read into" in both.err and "connection failed" in both.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "other"), "There is no [n8n.other]"),
        (("investigate", "n8n:other"), "There is no [n8n.other]"),
        (("investigate", "n8n:default", "--offline"), "There is nothing in the archive"),
        (("patterns", "./n8n"), "n8n"),
    ],
)
def test_wrong_names(command: Callable[..., SimpleNamespace], arguments: tuple[str, ...], said: str) -> None:
    ended = command(*arguments)
    assert ended.code == 2 and said in ended.err


def test_n8n_is_a_source(command: Callable[..., SimpleNamespace], server: Server, kept: Kept) -> None:
    ended = command("investigate", "n8n:default", "--now", NOW, "--json")
    found = json.loads(ended.out)
    assert ended.code == 0 and found["problem"]["count"] == 4 and found["subject"]["instance"] == "default"
    assert found["subject"]["client"] == "ACME"
    kept.instead = lambda _: answer({"message": "x"}, 500)
    again = command("investigate", "n8n:default", "--now", NOW, "--json")
    assert again.code == 0 and json.loads(again.out)["problem"]["count"] == 4
    assert "partial: n8n “default”" in again.err
    server.asked.clear()
    offline = command("investigate", "n8n:default", "--offline", "--now", NOW, "--json")
    assert json.loads(offline.out)["problem"]["count"] == 4 and server.asked == []


def test_it_is_said_which_executions_lack(command: Callable[..., SimpleNamespace], kept: Kept) -> None:
    kept.instead = down("cursor")
    assert "older executions" in command("investigate", "n8n:default", "--now", NOW, "--json").err
    kept.instead = down("/executions")
    assert "the newest" in command("investigate", "n8n:default", "--now", NOW, "--json").err


def test_a_server_that_is_down_and_has_no_archive(command: Callable[..., SimpleNamespace]) -> None:
    ended = command("investigate", "n8n:down")
    assert ended.code == 1 and "n8n “down” (http://127.0.0.1:9)" in ended.err and "connection failed" in ended.err


def test_without_a_workspace(
    command: Callable[..., SimpleNamespace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "incident-nb.toml").rename(tmp_path / "elsewhere.toml")
    monkeypatch.chdir(tmp_path / "empty")
    ended = command("investigate", "n8n")
    assert ended.code == 2 and "No n8n server is configured" in ended.err


def test_a_missing_key(command: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INCIDENT_NB_N8N_API_KEY")
    ended = command("fetch", "default")
    assert ended.code == 2 and "put it into INCIDENT_NB_N8N_API_KEY" in ended.err
