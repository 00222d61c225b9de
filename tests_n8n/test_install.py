"""Half an install is never taken for one, npm is asked again, and what went wrong is said: with a program in npm's place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests_n8n import install


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a shell script in npm's place, which is told in $N how often it has run; gives the cache's folder."""
    cache, programs = tmp_path / "cache", tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(install, "CACHE", cache)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def put(script: str) -> Path:
        count = f'echo >> "{tmp_path}/runs"; N=$(wc -l < "{tmp_path}/runs")'
        (programs / "npm").write_text(f"#!/bin/sh\n{count}\n{script}\n")
        (programs / "npm").chmod(0o755)
        return cache

    return put


def test_npm_is_run_again_where_it_broke_off(npm: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    cache = npm('mkdir -p node_modules/part-$N; [ "$N" -gt 2 ] || { echo "npm error broke off" >&2; exit 1; }')
    install.ensure()
    assert (cache / install._tools().name / "node_modules" / "part-3").is_dir()
    assert capsys.readouterr().err.count("broke off\n\ntrying again") == 2


def test_what_failed_is_said_and_is_no_install(npm: Callable[[str], Path], tmp_path: Path) -> None:
    cache = npm('mkdir -p node_modules/half; echo "npm error no such version" >&2; exit 7')
    with pytest.raises(
        install.NotInstalledError, match=r"npm install node-.* ended with 7, in .*:\nnpm error no such version"
    ):
        install.node()
    assert len((tmp_path / "runs").read_text()) == install.TRIES
    assert not (cache / install._tools().name).exists()
    npm("mkdir -p node_modules/whole")
    install.ensure()
    whole = cache / install._tools().name / "node_modules"
    assert [path.name for path in whole.iterdir()] == ["whole"]
    assert not list(cache.glob(".*.draft"))


def test_without_npm_it_says_so(npm: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm("exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.NotInstalledError, match="No such file or directory: 'npm'"):
        install.ensure()


def test_npm_that_does_not_end_is_ended(npm: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "MINUTES", 0.001)
    npm("exec sleep 600")
    with pytest.raises(install.NotInstalledError, match="had not ended after 0 s"):
        install.ensure()
