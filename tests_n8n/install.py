"""Real n8n from the npm registry, in a cache outside the checkout: `python -m tests_n8n.install [VERSION…]`.

An install takes four to six minutes and 2 to 3 GB a version; what is there already is not installed again. n8n 2.x needs
Node.js 24, which is an npm package, too. n8n's own install scripts ask other hosts for prebuilt files, so they are left out
and the one module that needs a build is built here, from the headers that come with Node.js.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

VERSIONS = ("2.40.7", "1.123.81")
NODE = "24.21.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "incident-nb" / "n8n"
MINUTES = 20


def node() -> Path:
    """The folder of Node.js (`bin/node`, `include/node`), installed at the first call."""
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    machine = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    name = f"node-{system}-{machine}"
    folder = CACHE / f"node-{NODE}"
    _once(folder, lambda draft: _npm(draft, {name: NODE}))
    return folder / "node_modules" / name


def n8n(version: str) -> Path:
    """The folder of this version of n8n, whose `node_modules/n8n/bin/n8n` is the program; installed at the first call."""
    home = node()
    folder = CACHE / f"n8n-{version}"

    def install(draft: Path) -> None:
        # n8n-nodes-base names xlsx by an address on another host; the registry has the same release.
        _npm(draft, {"n8n": version}, overrides={"xlsx": "0.18.5"})
        gyp = _npm_folder() / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
        environment = {**os.environ, "npm_config_nodedir": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}
        _run([str(home / "bin" / "node"), str(gyp), "rebuild"], draft / "node_modules" / "sqlite3", environment)

    _once(folder, install)
    return folder


def _once(folder: Path, install: Callable[[Path], None]) -> None:
    """Runs `install` into a draft that becomes the folder when all is there; two at once wait for each other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return
        draft = CACHE / f".{folder.name}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        print(f"installing {folder.name} into {CACHE}, once", file=sys.stderr, flush=True)
        install(draft)
        draft.rename(folder)


def _npm(folder: Path, packages: dict[str, str], overrides: dict[str, str] | None = None) -> None:
    (folder / "package.json").write_text(
        json.dumps({"private": True, "dependencies": packages, "overrides": overrides or {}})
    )
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    _run(["npm", "install", *flags], folder, dict(os.environ))


def _npm_folder() -> Path:
    """Where npm itself lies: its node-gyp is used."""
    root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(root) / "npm"


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=MINUTES * 60, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} in {folder} ended with {done.returncode}:\n{done.stderr[-3000:]}")


def main() -> None:
    for version in sys.argv[1:] or VERSIONS:
        print(n8n(version))


if __name__ == "__main__":
    main()
