"""The git log of a folder: what arrived when, whatever the commits say, and whatever the repository wants git to run."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from incident_nb.probes.git_log import MOST, SUBJECT, commits
from incident_nb.probes.target import CouldNotLookError

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Repository:
    """A repository in a folder, made by real git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, at: datetime = START) -> str:
        own = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@code.test", "GIT_CONFIG_GLOBAL": "/dev/null"}
        own |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@code.test", "GIT_CONFIG_NOSYSTEM": "1"}
        own |= {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat()}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env={**os.environ, **own}, check=True, capture_output=True
        )
        return done.stdout.decode()

    def commit(self, hours: float, subject: str, *files: str) -> None:
        for name in files:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{subject} {hours}")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject, at=START + hours * HOUR)

    def sign(self) -> None:
        """Makes the newest commit one that bears a signature, so that showing it asks a program."""
        head, _, message = self.git("cat-file", "commit", "HEAD").partition("\n\n")
        signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----"
        place = self.folder.parent / "signed"
        place.write_text(f"{head}\n{signature}\n\n{message}")
        self.git("update-ref", "HEAD", self.git("hash-object", "-t", "commit", "-w", str(place)).strip())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "code")


def log(
    folder: Path, since: float = -1000, until: float = 1000, left: float = 20.0
) -> list[tuple[float, str, tuple[str, ...]]]:
    found = commits(folder, START + since * HOUR, START + until * HOUR, left)
    return [((commit.at - START) / HOUR, commit.subject, commit.files) for commit in found]


def test_commits_in_a_stretch_of_time_newest_first(repository: Repository) -> None:
    repository.commit(0, "Old", "a.py")
    repository.commit(1, "Change the model", "app/model.py", "b.py")
    repository.commit(2, "New", "a.py")
    assert log(repository.folder, 0.5, 1.5) == [(1, "Change the model", ("app/model.py", "b.py"))]
    assert [row[1] for row in log(repository.folder, 0, 2)] == ["New", "Change the model", "Old"]


def test_only_what_touches_the_folder_counts_and_names_are_its_own(repository: Repository) -> None:
    repository.commit(0, "Ours", "acme/app.py", "other/x.py")
    repository.commit(1, "Theirs", "other/x.py")
    assert log(repository.folder / "acme") == [(0, "Ours", ("app.py",))]


def test_a_merge_counts_when_it_was_merged(repository: Repository) -> None:
    repository.commit(0, "Base", "a.py")
    repository.git("switch", "-q", "-c", "branch")
    repository.commit(1, "Work", "b.py")
    repository.git("switch", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge the work", "branch", at=START + 9 * HOUR)
    assert log(repository.folder, 0.5) == [(9, "Merge the work", ("b.py",))]


SUBJECTS = [
    ("commit 0123456789\x1b[31m red", "commit 0123456789 [31m red"),
    ("Zażółć “gęślą” 漢字", "Zażółć “gęślą” 漢字"),
    ("--end-of-options; $(touch x)", "--end-of-options; $(touch x)"),
    ("x" * 500, "x" * (SUBJECT - 1) + "…"),
]


@pytest.mark.parametrize(("subject", "kept"), SUBJECTS)
def test_a_subject_is_data(repository: Repository, subject: str, kept: str) -> None:
    repository.commit(0, subject, "a\nb.py", "ü “x”.py")
    assert log(repository.folder) == [(0, kept, ("a\nb.py", "ü “x”.py"))]


def test_no_more_than_twenty(repository: Repository) -> None:
    for number in range(MOST + 2):
        repository.commit(number, f"Step {number}", "a.py")
    found = log(repository.folder)
    assert len(found) == MOST and found[0][1] == f"Step {MOST + 1}"


def test_a_commit_of_very_many_files_costs_no_more_than_its_names(repository: Repository) -> None:
    blob = repository.git("hash-object", "-w", "/dev/null").strip()
    lines = "".join(f"100644 {blob}\t{'long' * 40}/{number:05}\n" for number in range(20_000))
    index = repository.folder / "lines"
    index.write_text(lines)
    with index.open() as file:
        subprocess.run(["git", "update-index", "--index-info"], cwd=repository.folder, stdin=file, check=True)
    repository.git("commit", "-q", "-m", "Many")
    (commit,) = commits(repository.folder, START - HOUR, START + HOUR, 20.0)
    assert commit.subject == "Many" and 10_000 < len(commit.files) < 20_000


HOSTILE = {
    "core.fsmonitor": "{run}",
    "core.pager": "{run}",
    "pager.log": "{run}",
    "gpg.program": "{run}",
    "diff.external": "{run}",
    "diff.x.textconv": "{run}",
    "core.sshCommand": "{run}",
    "core.hooksPath": "{hooks}",
    "alias.log": "!{run}",
    "log.showSignature": "true",
}


def test_nothing_that_the_repository_names_is_run(repository: Repository, tmp_path: Path) -> None:
    ran, run = tmp_path / "ran", tmp_path / "run"
    run.write_text(f"#!/bin/sh\necho \"$0\" >> '{ran}'\nexit 1\n")
    run.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).symlink_to(run)
    (repository.folder / ".gitattributes").write_text("* diff=x\n")
    repository.commit(0, "Before", "a.py")
    repository.sign()
    for key, value in HOSTILE.items():
        repository.git("config", key, value.format(run=run, hooks=hooks))
    found = log(repository.folder)
    assert [row[1] for row in found] == ["Before"] and not ran.exists()


def test_what_is_missing_from_a_partial_clone_is_not_fetched(repository: Repository, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    repository.commit(0, "Base", "app/a.py")
    repository.commit(1, "Change", "app/a.py")
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "far",
        "remote.far.url": f"ext::sh -c touch% {ran}",
        "remote.far.promisor": "true",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
    }.items():
        repository.git("config", key, value)
    with pytest.raises(CouldNotLookError, match="could not be read by git"):
        log(repository.folder)
    assert not ran.exists()


def test_the_environment_does_not_lead_git_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(0, "Here", "a.py")
    other = Repository(tmp_path / "other")
    other.commit(0, "Elsewhere", "a.py")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    assert [row[1] for row in log(repository.folder)] == ["Here"]


def test_each_way_not_to_look_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotLookError, match="none, is not there"):
        log(tmp_path / "none")
    (tmp_path / "plain").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", "/")
    with pytest.raises(CouldNotLookError, match="is no git repository"):
        log(tmp_path / "plain")
    empty = Repository(tmp_path / "empty")
    with pytest.raises(CouldNotLookError, match="has no commits yet"):
        log(empty.folder)
    with pytest.raises(CouldNotLookError, match="no time left"):
        log(empty.folder, left=0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotLookError, match="git is not installed"):
        log(empty.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_not_read(repository: Repository) -> None:
    repository.commit(0, "Theirs", "a.py")
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(CouldNotLookError, match="belongs to another user"):
        log(repository.folder)


def test_a_bare_repository_among_the_files_is_not_taken_for_one(repository: Repository) -> None:
    repository.commit(0, "Inside", "a.py")
    bare = repository.folder / "data"
    repository.git("clone", "-q", "--bare", str(repository.folder), str(bare))
    with pytest.raises(CouldNotLookError, match="without a checkout"):
        log(bare)


def test_a_git_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec sleep 1000\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(CouldNotLookError, match="took longer than"):
        log(tmp_path, left=0.3)


def test_a_secret_in_a_subject_is_masked_before_it_is_cut(repository: Repository) -> None:
    repository.commit(0, f"{'Put the key in ' * 4}sk_live_4eC39HqLyjWDarjtT1zdp7dc4eC39Hq", "a.py")
    ((_, subject, _),) = log(repository.folder)
    assert "Put the key" in subject and "sk_live" not in subject
