"""The origin of a result: code, versions, machine, time.

The code of a process is the one that lay there when it started, however long it runs and whatever
is edited or committed meanwhile. So sources and commit are noted as this module is imported, which
the project's settings do first of all.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import platform
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache, wraps
from importlib import metadata
from pathlib import Path
from typing import Any

# Code that carries results without shaping them: a new parameter or a better message makes nothing
# stale.
CARRIERS = {
    f"lexon.{name}"
    for name in (
        "config",
        "errors",
        "processes",
        "provenance",
        "datasets.files",
        "datasets.atomic",
        "datasets.hdf5",
        "datasets.checkpoint",
        "training.progress",
    )
}
_ROOT = Path(__file__).parent
PACKAGES = ("lexon", "torch", "vector-quantize-pytorch", "numpy", "scikit-learn", "kedro", "h5py")


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
    }


def code_version() -> dict[str, Any]:
    """The code of this process when it started: `digest` of lexon's sources; where they lie in a
    checkout, its `commit`, and `dirty` where they were changed since.
    """
    return dict(_VERSION)


def _version_now() -> dict[str, Any]:
    version = {"digest": _digest_at_start()}
    try:
        commit = _git(_ROOT, "rev-parse", "HEAD")
        dirty = bool(_git(_ROOT, "status", "--porcelain", "--", str(_ROOT)))
        return {"commit": commit, "dirty": dirty, **version}
    except (OSError, subprocess.CalledProcessError):
        return version  # an installed package, or an image without git


def _digest_at_start() -> str:
    """The same wherever the package lies, in a checkout or in an image."""
    whole = hashlib.sha256()
    for file, (source, _) in _AT_START.items():
        whole.update(f"{file.relative_to(_ROOT).as_posix()} {len(source)} ".encode() + source)
    return whole.hexdigest()


@cache
def code_digest(*modules: str) -> str:
    """Digest of the code that modules rest on: their own, and all of lexon that they import,
    directly or not.

    Syntax trees are compared, so comments, docstrings and layout make nothing stale; data beside
    the code counts by content.
    """
    found = _sources(modules)
    content = [f"{module}{_syntax(found[module])}" for module in sorted(found)] + [
        hashlib.sha256(_source(path)).hexdigest() for path in _data_beside(found.values())
    ]
    return hashlib.sha256("".join(content).encode()).hexdigest()


@cache
def whole_digest() -> str:
    """Digest of all that `code_digest` of any module may look at, as it is written: where it is the
    same, so is that of every module. No syntax is read.
    """
    data = [
        f"{path.relative_to(_ROOT).as_posix()} {hashlib.sha256(_source(path)).hexdigest()}"
        for path in _data_beside(_AT_START)
    ]
    content = [platform.python_version(), _digest_at_start(), *data]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()


@cache
def resting_on(function: Callable[..., Any], *modules: str) -> Callable[..., Any]:
    """The same function for a node whose result rests on modules, too, that its parameters choose
    by name.
    """

    @wraps(function)
    def same(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    same.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # Kedro does not look at what is wrapped
    same.rests_on = modules  # type: ignore[attr-defined]
    return same


def source_of(module: str) -> tuple[Path, bytes]:
    """The file of a module of lexon and what was in it when this process started; the module is not
    imported.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    file = _file(module)
    if file is None:
        raise ModuleNotFoundError(f"there is no module {module}")
    return file, _source(file)


def modules_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The module of a node's function, and those that were added by `resting_on`."""
    return function.__module__, *getattr(function, "rests_on", ())


def edited_since_start(*modules: str) -> list[Path]:
    """Sources that modules rest on and whose code is different now: this process may have run
    either of the two.
    """
    return [file for file in _sources(modules).values() if _is_edited(file)]


def _sources(modules: Iterable[str]) -> dict[str, Path]:
    """The file of each module of lexon that these rest on."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        file = _file(module)
        if file is not None and module not in found and not _carries(module):
            found[module] = file
            waiting += _imports(file)
    return found


def _is_edited(file: Path) -> bool:
    if file not in _AT_START:
        return False
    try:
        return _state(file) != _AT_START[file][1] and _parsed(file.read_bytes())[1] != _syntax(file)
    except (OSError, SyntaxError, ValueError):  # deleted, or half typed
        return True


def _carries(module: str) -> bool:
    return any(module == carrier or module.startswith(f"{carrier}.") for carrier in CARRIERS)


@cache
def _file(module: str) -> Path | None:
    """The source of a module of lexon, or None for anything else, for example a function of a
    module.
    """
    package, *parts = module.split(".")
    path = _ROOT.joinpath(*parts)
    candidates = (
        [path / "__init__.py", path.with_suffix(".py")] if package == "lexon" and parts else []
    )
    return next(
        (candidate for candidate in candidates if candidate in _AT_START or candidate.is_file()),
        None,
    )


def _imports(file: Path) -> list[str]:
    """The imports of a file, by absolute name; names that are not modules are ignored."""
    return _parsed(_source(file))[0]


def _syntax(file: Path) -> str:
    """A file's syntax tree without docstrings."""
    return _parsed(_source(file))[1]


def _source(file: Path) -> bytes:
    """A file of lexon as it was when this process started."""
    return _AT_START[file][0] if file in _AT_START else file.read_bytes()


def _state(file: Path) -> tuple[int, int, int, int]:
    """Properties of a file that change when it is edited or replaced."""
    status = file.stat()
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


@cache
def _parsed(source: bytes) -> tuple[list[str], str]:
    """Imports and syntax of a source, parsed once however many nodes rest on it."""
    tree = ast.parse(source)
    names = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return names, ast.dump(tree)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """A node of a syntax tree and all statements in it, which is far fewer than all nodes."""
    yield node
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for below in getattr(node, block, ()):
            yield from _statements(below)


def _data_beside(sources: Iterable[Path]) -> list[Path]:
    """Data in the packages of these modules."""
    packages = {file.parent for file in sources} - {_ROOT}
    return sorted(path for package in packages for path in _data(package))


def _data(package: Path) -> Iterator[Path]:
    """Data beside the modules of a package; those of a package within it belong to that one."""
    for path in package.iterdir():
        if path.is_dir() and not (path / "__init__.py").is_file():
            yield from _data(path)
        elif path.is_file() and path.suffix in (".npz", ".html", ".yml"):
            yield path


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
    ).stdout.strip()


_AT_START = {file: (file.read_bytes(), _state(file)) for file in sorted(_ROOT.rglob("*.py"))}
_VERSION = _version_now()
