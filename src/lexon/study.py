"""`lexon new FOLDER`: a study of its own that uses the installed package.

The folder holds what is the user's: differences in `conf/`, results in `data/`. The rest of the
configuration is that of the package (`lexon.framework.archive`), so nothing is copied that would
have to be kept up to date.
"""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from pathlib import Path

import click

from lexon import __version__
from lexon.config.names import why_not_a_name
from lexon.errors import ConfigurationError, LexonError, explained

# Files whose names begin with a dot, which packaging tools like to leave out.
_HIDDEN = {"gitignore": ".gitignore", "telemetry": ".telemetry"}
# Empty folders that are kept in git.
_KEPT = (Path("data"), Path("conf", "local"))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lexon")
def main() -> None:
    """Start a study that uses the installed lexon. All that runs in it is `kedro run`."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make FOLDER, with conf/, data/ and one experiment."""
    try:
        made = new_study(folder)
    except LexonError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(f"{folder}: {len(made)} files. Next:")
    click.echo(f"  cd {folder}")
    click.echo("  kedro run --pipelines first_look --env test")


@main.command()
def conf() -> None:
    """Print the folder of the configuration that the package brings."""
    click.echo(str(files("lexon").joinpath("conf")))


def new_study(folder: Path) -> list[Path]:
    """Make a study's folder, which is new or empty.

    Returns:
        The files that were written.

    Raises:
        ConfigurationError: there is something in the folder, or its name cannot be a study's.
        LexonError: it cannot be written.
    """
    name = folder.resolve().name
    if reason := why_not_a_name(name):
        raise ConfigurationError(f"{folder}: {reason}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder}: exists and is not an empty folder; choose a new name (nothing is"
            " overwritten)"
        )
    made = []
    try:
        with as_file(files("lexon").joinpath("study_template")) as template:
            for source in sorted(path for path in template.rglob("*") if path.is_file()):
                made.append(_write(source, folder / source.relative_to(template), name))
            logging = files("lexon").joinpath("conf", "logging.yml")
            (folder / "conf" / "logging.yml").write_bytes(logging.read_bytes())
        for kept in _KEPT:
            (folder / kept).mkdir(parents=True, exist_ok=True)
            (folder / kept / ".gitkeep").touch()
    except OSError as error:
        raise explained(error, folder) from error
    return made


def _write(source: Path, target: Path, name: str) -> Path:
    """A file of the template, with the study's name and lexon's version written out."""
    target = target.with_name(_HIDDEN.get(target.name, target.name))
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    target.write_text(text.replace("NAME", name).replace("VERSION", __version__), encoding="utf-8")
    return target
