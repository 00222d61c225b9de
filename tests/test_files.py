"""Files and folders: whole or absent, their owner's only, cleaned after a crash; and names from outside as paths."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incident_nb import files
from incident_nb.errors import OutputError
from incident_nb.files import clean_leftovers, private_folder, scratch, staged, write_atomic
from incident_nb.names import MAX_BYTES, safe_name

DEAD = ".incident-nb-0123456789ab"


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_cleaned", set())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def put(folder: Path, **contents: str) -> Path:
    """Files by name, in which `__` stands for a slash and `_` for a dot."""
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.mark.usefixtures("umask")
def test_all_that_is_made_is_its_owners_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path / "a" / "b")
    assert write_atomic(folder / "x", "é").read_bytes() == "é".encode()
    with staged(tmp_path / "c" / "d") as draft:
        assert mode(draft) == 0o700
        write_atomic(private_folder(draft / "e") / "y", "y")
    with scratch(tmp_path) as place:
        assert mode(place) == 0o700
    assert [mode(tmp_path / part) for part in ("a", "a/b", "c", "c/d", "c/d/e")] == [0o700] * 5
    assert [mode(tmp_path / part) for part in ("a/b/x", "c/d/e/y")] == [0o600] * 2
    assert mode(tmp_path) == 0o755  # what was there stays as it is
    assert not place.exists()


def test_a_file_is_private_from_the_moment_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = os.write

    def watching(handle: int, data: bytes) -> int:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return real(handle, data)

    monkeypatch.setattr(os, "write", watching)
    before = os.umask(0)
    try:
        write_atomic(tmp_path / "x", b"x")
    finally:
        os.umask(before)
    assert seen == [0o600]


@pytest.mark.parametrize(("umask", "new"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600), (0o277, 0o600)])
def test_a_shared_file_has_the_mode_of_the_one_before_or_what_the_umask_leaves(
    tmp_path: Path, umask: int, new: int
) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "there").chmod(0o664)
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "new", "x", shared=True)
        write_atomic(tmp_path / "there", "x", shared=True)
    finally:
        os.umask(before)
    assert (mode(tmp_path / "new"), mode(tmp_path / "there")) == (new, 0o664)


def test_a_file_is_synced_before_it_is_named_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    sync, replace = os.fsync, Path.replace
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder"}
    monkeypatch.setattr(
        os, "fsync", lambda handle: (order.append(kinds[stat.S_IFMT(os.fstat(handle).st_mode)]), sync(handle))
    )
    monkeypatch.setattr(Path, "replace", lambda self, to: (order.append("name"), replace(self, to))[1])
    write_atomic(tmp_path / "x", b"x")
    assert order == ["file", "name", "folder"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("kept")
    (tmp_path / "x").symlink_to(tmp_path / "outside")
    write_atomic(tmp_path / "x", "new")
    assert not (tmp_path / "x").is_symlink()
    assert tree(tmp_path) == {"outside": "kept", "x": "new"}


def test_what_is_no_ordinary_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link", "."):
        with pytest.raises(OutputError, match="not an ordinary file"):
            write_atomic(tmp_path / name, "x")
    assert (tmp_path / "link").is_symlink()


def test_folders_that_cannot_be_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    for name in ("file", "file/below", "nowhere"):
        with pytest.raises(OutputError, match="could not make the folder"):
            private_folder(tmp_path / name)
    with pytest.raises(OutputError, match="could not make the folder"), staged(tmp_path / "file"):
        pass
    with pytest.raises(OutputError, match="could not write"):
        write_atomic(tmp_path / "absent" / "x", "")


def test_staged_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    out = put(tmp_path / "out", a_txt="old", own_txt="someone's")
    with pytest.raises(ZeroDivisionError), staged(out) as draft:
        put(draft, a_txt="new", b_txt="new")
        assert tree(out)["a.txt"] == "old"
        assert "b.txt" not in tree(out)
        1 / 0  # noqa: B018
    assert tree(out) == {"a.txt": "old", "own.txt": "someone's"}
    with staged(out) as draft:
        put(draft, a_txt="new", b_txt="new")
    assert tree(out) == {"a.txt": "new", "b.txt": "new", "own.txt": "someone's"}
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "fresh"):
        1 / 0  # noqa: B018
    assert not (tmp_path / "fresh").exists()


def test_the_entry_that_marks_a_result_whole_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(60):
        folder = tmp_path / str(at)
        with monkeypatch.context() as patched:
            step_by_step(patched, at)
            try:
                with staged(folder, last="a") as draft:
                    put(draft, a="marks it", b="b", c="c")
            except Stopped:
                pass
        if (folder / "a").exists():
            assert tree(folder).keys() >= {"a", "b", "c"}
    assert tree(folder) == {"a": "marks it", "b": "b", "c": "c"}


def test_a_staged_folder_takes_the_place_of_the_old_one_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    out = put(tmp_path / "out", pics__1_png="old", pics__2_png="old", pics__notes_txt="mine", pics__sub__x="mine")
    with staged(out, gone=("pics/*.png",)) as draft:
        put(draft, pics__1_png="new")
    assert tree(out) == {"pics/1.png": "new", "pics/notes.txt": "mine", "pics/sub/x": "mine"}
    with staged(out, gone=("pics/*.png",)) as draft:
        put(draft, a_txt="no pictures")
    assert tree(out) == {"a.txt": "no pictures", "pics/notes.txt": "mine", "pics/sub/x": "mine"}


def test_a_staged_folder_may_be_staged_itself(tmp_path: Path) -> None:
    with staged(tmp_path / "out") as draft:
        with staged(draft / "case") as inner:
            put(inner, x="x")
        with staged(draft) as inner:
            put(inner, y="y")
        assert tree(draft) == {"case/x": "x", "y": "y"}
    assert tree(tmp_path) == {"out/case/x": "x", "out/y": "y"}


def test_a_staged_entry_replaces_one_of_another_kind_and_follows_no_link(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere", x_txt="kept")
    out = put(tmp_path / "out", a="a file", b__x="a folder")
    (out / "c").symlink_to(elsewhere)
    with staged(out) as draft:
        put(draft, a__x="now a folder", b="now a file", c__y="now a folder")
    assert tree(out) == {"a/x": "now a folder", "b": "now a file", "c/y": "now a folder"}
    assert tree(elsewhere) == {"x.txt": "kept"}


class Stopped(BaseException):
    pass


def step_by_step(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Lets the process 'die' before its `at`-th change of a folder: nothing is tidied up on the way out."""
    left = [at]

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Stopped
            return real(*args, **kwargs)

        return call

    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "rmdir")):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    monkeypatch.setattr(files.shutil, "rmtree", dying(files.shutil.rmtree))


@pytest.mark.parametrize("at", range(40))
def test_a_result_left_at_any_step_is_old_or_new_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    old = {"a.txt": "old", "pics/1.png": "old", "pics/2.png": "old", "pics/notes": "mine", "own": "mine"}
    out = put(tmp_path / "out", a_txt="old", pics__1_png="old", pics__2_png="old", pics__notes="mine", own="mine")
    with monkeypatch.context() as patched:
        step_by_step(patched, at)
        try:
            with staged(out, gone=("pics/*.png",)) as draft:
                for name in ("a.txt", "b.txt"):
                    write_atomic(draft / name, "new")
                write_atomic(private_folder(draft / "pics") / "1.png", "new")
            whole = True
        except Stopped:
            whole = False
    clean_leftovers(out)
    new = {"a.txt": "new", "b.txt": "new", "pics/1.png": "new", "pics/notes": "mine", "own": "mine"}
    assert tree(out) in ([new] if whole else [old, new])


@pytest.mark.parametrize("at", range(30))
def test_a_folder_that_a_new_result_lacks_is_gone_after_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    out = put(tmp_path / "out", a_txt="old", pics__1_png="old")
    with monkeypatch.context() as patched:
        step_by_step(patched, at)
        try:
            with staged(out, gone=("pics/*.png",)) as draft:
                write_atomic(draft / "a.txt", "new")
        except Stopped:
            pass
    clean_leftovers(out)
    assert sorted(path.name for path in out.rglob("*")) in (["1.png", "a.txt", "pics"], ["a.txt"])
    assert ("pics" in os.listdir(out)) == ((out / "a.txt").read_text() == "old")  # noqa: PTH208


def test_only_what_a_dead_writer_left_is_cleaned(tmp_path: Path) -> None:
    put(tmp_path, a="mine")
    for name in (f"{DEAD}x", ".incident-nb-notes", ".incident-nb-0123456789AB", ".tmp"):
        (tmp_path / name).write_text("mine")
    kept = tree(tmp_path)
    (tmp_path / DEAD).write_text("half")
    (tmp_path / DEAD.replace("0", "f")).mkdir()
    put(tmp_path / DEAD.replace("0", "f"), x="half")
    elsewhere = put(tmp_path.parent / f"{tmp_path.name}-elsewhere", x="kept")
    (tmp_path / DEAD.replace("0", "e")).symlink_to(elsewhere)
    living = tmp_path / DEAD.replace("0", "d")
    with living.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with scratch(tmp_path) as place:
            put(place, x="at work")
            clean_leftovers(tmp_path)
            assert living.exists()
            assert tree(place) == {"x": "at work"}
    assert not (tmp_path / DEAD).exists()
    assert tree(elsewhere) == {"x": "kept"}
    clean_leftovers(tmp_path)
    assert tree(tmp_path) == kept
    clean_leftovers(tmp_path / "absent")
    clean_leftovers(tmp_path / "a")


@pytest.mark.parametrize("damage", ["", "[]", '{"new": 3}', "{"], ids=repr)
def test_a_damaged_leftover_is_no_obstacle(tmp_path: Path, damage: str) -> None:
    left = tmp_path / f"{DEAD}.ready"
    left.mkdir()
    (left / ".about").write_text(damage)
    assert write_atomic(tmp_path / "x", "x").read_text() == "x"


def test_the_first_write_into_a_folder_cleans_it(tmp_path: Path) -> None:
    (tmp_path / DEAD).write_text("half")
    write_atomic(tmp_path / "x", "x")
    assert tree(tmp_path) == {"x": "x"}


def test_a_draft_that_a_cleaner_takes_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = files._hold, []

    def beaten(handle: int, path: Path) -> bool:
        if len(taken) < 3:
            taken.append(path)
            clean_leftovers(tmp_path)
        return real(handle, path)

    monkeypatch.setattr(files, "_hold", beaten)
    write_atomic(tmp_path / "x", "x")
    taken.clear()
    with staged(tmp_path) as draft:
        put(draft, y="y")
    assert tree(tmp_path) == {"x": "x", "y": "y"}


@pytest.mark.parametrize("seed", range(20))
def test_a_full_disk_leaves_the_old_result_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    out = put(tmp_path / "out", a_txt="old", pics__1_png="old")
    old = tree(out)
    room = chance.randrange(9000)
    real = os.write

    def filling(handle: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(handle, bytes(data[: min(room, 1000)]))  # a disk that fills up takes a part first
        room -= done
        return done

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(OutputError, match=r"could not write .*No space left on device; choose another"):
        write_atomic(out / "a.txt", b"x" * 9000)
    assert tree(out) == old
    room = chance.randrange(9000)
    with pytest.raises(OutputError, match="No space left on device"), staged(out) as draft:
        write_atomic(private_folder(draft / "pics") / "1.png", b"x" * 4500)
        write_atomic(draft / "a.txt", b"x" * 4500)
    assert tree(out) == old


HOSTILE = [
    "", ".", "..", "../../etc/passwd", "/etc/passwd", "a\0b", "CON", "con.txt", "Lpt1 ", "nul.", "aux:", "a...", "...",
    "-rf", "--help", "~", "~root", "$HOME", "a\nb", "\u202egpj.exe", "👩‍👩‍👧" * 300, "e\u0301", "é", "ß", "İ", "客户甲", "客户乙",
    "C:\\x", "x" * 5000, "\ud800", ".incident-nb-0123456789ab", "%2e%2e%2f", "*?[", "COM¹",
]  # fmt: skip


def names_of_all(function: Callable[[str], None]) -> Callable[[str], None]:
    for text in HOSTILE:
        function = example(text)(function)
    return function


@given(text=st.text(st.characters(), max_size=400))
@names_of_all
def test_a_name_from_outside_is_one_plain_name_inside(text: str) -> None:
    path = safe_name(text, Path("/absent/base"), ".json")
    assert path.parent == Path("/absent/base")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.json", path.name), path.name
    assert len(os.fsencode(path.name)) <= MAX_BYTES
    assert path.name.split(".")[0] not in ("con", "prn", "aux", "nul", "com1", "lpt9")
    assert path == safe_name(text, Path("/absent/base"), ".json")


@given(texts=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=60), min_size=1, max_size=12))
def test_names_from_outside_do_not_meet_each_other(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    for text in texts:
        path = safe_name(text, folder, ".md")
        assert not path.exists()
        path.write_text(text.encode("utf-8", "replace").decode())
        assert path.resolve().parent == folder.resolve()
    assert len(
        {unicodedata.normalize("NFC", name).casefold() for name in (entry.name for entry in folder.iterdir())}
    ) == len(texts)


def test_names_that_are_there_in_another_case_are_told_apart(tmp_path: Path) -> None:
    for name in ("ACME.json", "acme-2.JSON", "Cafe\u0301.json", "long.json"):
        (tmp_path / name).touch()
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    assert safe_name("Acme", tmp_path, ".json").name == "acme-3.json"
    assert safe_name("link", tmp_path, ".json").name == "link-2.json"
    first = safe_name("y" * 500, tmp_path, ".json")
    first.touch()
    second = safe_name("y" * 500, tmp_path, ".json")
    assert second.name.endswith("-2.json")
    assert len(second.name) == MAX_BYTES


def test_different_texts_of_one_slug_get_different_names_when_they_lose_all_letters(tmp_path: Path) -> None:
    assert safe_name("客户甲", tmp_path) != safe_name("客户乙", tmp_path)


def test_a_folder_that_leads_out_of_the_workspace_is_refused(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    (base / "in").mkdir(parents=True)
    outside.mkdir()
    (base / "link").symlink_to(outside)
    (base / "inner").symlink_to(base / "in")
    assert safe_name("x", base / "in", base=base) == base / "in" / "x"
    assert safe_name("x", base / "inner", base=base) == base / "inner" / "x"
    for folder in (base / "link", base / "in" / ".." / "..", outside):
        with pytest.raises(OutputError, match="leads out of"):
            safe_name("x", folder, base=base)
    with pytest.raises(ValueError, match="is no suffix"):
        safe_name("x", base, "/../y")
