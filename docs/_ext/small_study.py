"""Studies of a few seconds whose results the site shows: reports, notebooks, a picture.

They are studies as `lexon new` makes them, below build/, so that nothing of the checkout's own
results or personal settings is read or changed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from lexon.study import new_study

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
MINI_WORLD = ROOT / "conf" / "test" / "parameters.yml"


def study(folder: Path) -> Path:
    """A study in a folder; one that is there stays, with its results."""
    if not folder.exists():
        new_study(folder)
    return folder


def kedro(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command printed.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=folder,
        env={**os.environ, "DO_NOT_TRACK": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{shlex.join(['kedro', *arguments])} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def once(target: Path, make: Callable[[], None], made_from: bytes) -> None:
    """Make what is below build/, unless it is there and was made from the same, with the same code;
    say so.
    """
    stamp = BUILD / "stamps" / target.relative_to(BUILD)
    digest = hashlib.sha256(_code() + made_from).hexdigest()
    name, start = target.relative_to(BUILD), time.monotonic()
    if target.exists() and stamp.exists() and stamp.read_text() == digest:
        print(f"{name}: up to date")
        return
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)
    print(f"{name}: made in {time.monotonic() - start:.0f} s", flush=True)


@cache
def _code() -> bytes:
    """Digest of all code and configuration of lexon, and of the modules that make pages."""
    made = hashlib.sha256()
    for folder in ("conf", "docs/_ext", "src/lexon"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".html", ".py", ".yml") and "local" not in path.parts:
                made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.digest()
