"""The configuration that a process reads, where it is not a folder that is whole: an archive, as
`kedro package` makes one, or a study's (`lexon new`), which holds differences to that of the
installed package. Both become a temporary folder for one process.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from lexon.errors import ConfigurationError
from lexon.framework.layers import BASE, EXPERIMENTS, LOCAL

# What the package brings; in a checkout a link to its conf/.
SHIPPED = Path(__file__).parents[1] / "conf"
_LARGEST = 50_000_000  # bytes when unpacked: a configuration is text


def unpacked(source: str) -> tuple[Path, tempfile.TemporaryDirectory[str] | None]:
    """The folder of a configuration, and the temporary one that it lies in where `source` is an
    archive, or a study without a base of its own.

    Raises:
        ConfigurationError: it is neither, or holds no configuration.
    """
    path = Path(source)
    if path.is_dir():
        if not (path / BASE).exists() and (path / EXPERIMENTS).is_dir():
            return _on_shipped(path)
        _refuse_without_base(path, source)
        return path, None
    if not path.is_file():
        raise ConfigurationError(
            f"--conf-source {source}: no such folder or archive on this machine; copy it here first"
        )
    temporary = tempfile.TemporaryDirectory(prefix="lexon-conf-")
    folder = Path(temporary.name)
    _extract(path, folder, source)
    found = sorted(base.parent for base in folder.rglob("base") if base.is_dir())
    _refuse_without_base(found[0] if found else folder, source)
    return found[0], temporary


def _on_shipped(study: Path) -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    """A study's files on top of those of the package: the study's file counts where both have it.

    Personal settings of the checkout that the package may be are left out.
    """
    temporary = tempfile.TemporaryDirectory(prefix="lexon-conf-")
    # Messages name files below conf/, as the study knows them.
    folder = Path(temporary.name) / "conf"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns(LOCAL, ".*", "credentials*"))
    shutil.copytree(study, folder, dirs_exist_ok=True)
    return folder, temporary


def _extract(path: Path, folder: Path, source: str) -> None:
    try:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                _refuse_size(sum(member.size for member in tar.getmembers()), source)
                tar.extractall(folder, filter="data")
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _refuse_size(sum(member.file_size for member in archive.infolist()), source)
                archive.extractall(folder)
        else:
            raise ConfigurationError(
                f"--conf-source {source}: neither a folder nor a .tar.gz or .zip archive"
            )
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise ConfigurationError(
            f"--conf-source {source}: cannot be unpacked ({error}); make it again with `kedro"
            " package`"
        ) from error


def _refuse_size(size: int, source: str) -> None:
    if size > _LARGEST:
        raise ConfigurationError(
            f"--conf-source {source}: {size:,} bytes when unpacked is no configuration; choose"
            " another archive"
        )


def _refuse_without_base(folder: Path, source: str) -> None:
    if not (folder / "base").is_dir():
        raise ConfigurationError(
            f"--conf-source {source}: no folder named base in it; choose a copy of conf/"
        )
