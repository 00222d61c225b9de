"""Real n8n from the npm registry, in a cache outside the checkout: `python -m tests_n8n.install [VERSION…]`.

Both versions together take five to fifteen minutes and 5 GB; what is there already is not installed again. Which
registry is asked, and how, is npm's own configuration.

n8n 2.x needs Node.js 24, which is an npm package, too, and so is npm: the machine's own npm fetches these two, and they
do the rest, since Debian's npm 9 can't read what n8n asks for. n8n's own install scripts ask other hosts for prebuilt
files, so they are left out and the one module that needs a build is built here, with npm's node-gyp and the headers that
come with Node.js.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

VERSIONS = ("2.40.7", "1.123.81")
NODE = "24.21.0"
NPM = "11.19.1"
# n8n names most of what it needs as ranges. What came out later stays out, so that every install is the same.
BEFORE = "2026-10-01"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "incident-nb" / "n8n"
MINUTES = 30
# npm asks again for what a registry did not answer, but not for what broke off half-way: so npm is run again, too.
TRIES = 3
FLAGS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    # The machine's own Node.js may be older than the npm that it fetches wants.
    "--engine-strict=false",
    "--fetch-retries=5",
    "--loglevel=error",
    f"--before={BEFORE}",
)


class NotInstalledError(Exception):
    """A step failed; says which one and how it ended."""


def node() -> Path:
    """The folder of Node.js (`bin/node`, `include/node`), installed at the first call."""
    if not _tools().is_dir():
        ensure()
    return _home()


def n8n(version: str) -> Path:
    """The folder of this version of n8n, whose `node_modules/n8n/bin/n8n` is the program; installed at the first call."""
    if not _folder(version).is_dir():
        ensure(version)
    return _folder(version)


def ensure(*versions: str) -> None:
    """Installs Node.js, npm and these versions, as far as they are not there. Two at once wait for each other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Passed on to npm: where it outlives us, the lock holds until it has ended.
        os.set_inheritable(lock.fileno(), True)
        _once(_tools(), lambda draft: _npm(["npm"], draft, {_node_package(): NODE, "npm": NPM}))
        # Each keeps one processor busy for minutes.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda version: _once(_folder(version), lambda draft: _n8n(draft, version)), versions):
                pass
        shutil.rmtree(CACHE / ".npm", ignore_errors=True)


def _folder(version: str) -> Path:
    return CACHE / f"n8n-{version}"


def _tools() -> Path:
    return CACHE / f"node-{NODE}-npm-{NPM}"


def _home() -> Path:
    return _tools() / "node_modules" / _node_package()


def _node_package() -> str:
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    machine = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    return f"node-{system}-{machine}"


def _once(folder: Path, install: Callable[[Path], None]) -> None:
    """Runs `install` into a draft that becomes the folder when all is there: half an install is never taken for one."""
    if folder.is_dir():
        return
    draft = CACHE / f".{folder.name}.draft"
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.mkdir()
    _say(f"installing {folder.name} into {CACHE}, once")
    began = time.monotonic()
    install(draft)
    draft.rename(folder)
    _say(f"{folder.name} is installed after {time.monotonic() - began:.0f} s")


def _n8n(draft: Path, version: str) -> None:
    program, folder = str(_home() / "bin" / "node"), _tools() / "node_modules" / "npm"
    # What the machine's npm is set to counts for this one, too; it would look for that in another place.
    settings = _run("npm config", ["npm", "config", "get", "globalconfig"], draft).strip()
    npm = [program, str(folder / "bin" / "npm-cli.js"), f"--globalconfig={settings}"]
    # n8n-nodes-base names xlsx by an address on another host; the registry has the same release.
    _npm(npm, draft, {"n8n": version}, overrides={"xlsx": "0.18.5"})
    module = draft / "node_modules" / "sqlite3"
    environment = {
        "PATH": f"{_home() / 'bin'}:{os.environ['PATH']}",
        # The last flag counts. Compiling takes half as long as with -O3, and these databases are small.
        "CFLAGS": "-O1",
        "CXXFLAGS": "-O1",
    }
    gyp = [program, str(folder / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"), "rebuild"]
    build = [*gyp, f"--nodedir={_home()}", f"--python={sys.executable}"]
    _run("building sqlite3", build, module, environment=environment)
    _run("loading sqlite3", [program, "--eval", "require('sqlite3')"], module)
    for rest in ("obj", "obj.target", "sqlite3.a"):
        path = module / "build" / "Release" / rest
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _npm(npm: list[str], folder: Path, packages: dict[str, str], overrides: dict[str, str] | None = None) -> None:
    (folder / "package.json").write_text(
        json.dumps({"private": True, "dependencies": packages, "overrides": overrides or {}})
    )
    what = "npm install " + " ".join(f"{name}@{version}" for name, version in packages.items())
    # What npm has fetched is kept until all is installed, for further tries and for the other version.
    command = [*npm, "install", *FLAGS, f"--cache={CACHE / '.npm'}"]
    until = time.monotonic() + MINUTES * 60
    for left in reversed(range(TRIES)):
        try:
            _run(what, command, folder, seconds=until - time.monotonic())
        except NotInstalledError as error:
            if not left or time.monotonic() > until:
                raise
            _say(f"{error}\ntrying again")
        else:
            return


def _run(
    what: str,
    command: list[str],
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    seconds: float = MINUTES * 60,
) -> str:
    """What the command prints; NotInstalledError where it can't be run, fails, or takes too long."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            close_fds=False,
        )
    except FileNotFoundError as error:
        raise NotInstalledError(f"{what}: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{what} had not ended after {seconds:.0f} s, in {folder}") from error
    if done.returncode:
        raise NotInstalledError(f"{what} ended with {done.returncode}, in {folder}:\n{done.stderr[-3000:]}")
    return done.stdout


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Installs the versions named on the command line, or both."""
    versions = tuple(sys.argv[1:]) or VERSIONS
    try:
        ensure(*versions)
    except NotInstalledError as error:
        raise SystemExit(str(error)) from error
    for version in versions:
        print(_folder(version))


if __name__ == "__main__":
    main()
