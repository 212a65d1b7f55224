"""Jobs in a container: which image, which folders of the machine it must see, and how a job starts
it where its machine does not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from lexon.errors import ConfigurationError
from lexon.runners.cluster import script
from lexon.runners.cluster.script import GPU_REQUESTED, Site
from lexon.runners.cluster.settings import ClusterSettings
from lexon.runs import fingerprints

PYTHON = "python3"  # of an image, where `python` names none
# Of the shell that submits: in an image they would lead to programs of the machine.
_OF_THE_MACHINE = ("PATH", "PYTHONPATH")
_SEPARATORS = ",:"  # of the words of --bind


def image_of(settings: ClusterSettings, group: str, project: Path) -> str | None:
    """The image that jobs start in: an address such as docker://..., or the full path of a file or
    folder; None where they start in none.

    Args:
        group: of the settings in runner.yml.
        project: where relative paths start.

    Raises:
        ConfigurationError: there is no such file or folder.
    """
    if settings.image is None or "://" in settings.image:
        return settings.image
    path = project / Path(settings.image).expanduser()
    if not path.exists():
        raise ConfigurationError(
            f"{group}.image={settings.image}: there is no {path}; build it"
            " (docs/how_to/use_containers.md), or set its path, or docker://..., in"
            " conf/<site>/runner.yml"
        )
    return str(path)


def outside(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[Path]:
    """The folders of the files that a pipeline reads and does not make."""
    for name in sorted(pipeline.inputs()):
        dataset = catalog.get(name)
        linked = getattr(dataset, "linked_data", None)
        if linked is not None:
            yield Path(linked)
        path = fingerprints.path_of(dataset)
        for each in () if path is None else (path.absolute(), path.resolve()):
            yield next(folder for folder in each.parents if folder.is_dir())  # a name may hold *


def binds(folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders that an image is shown: these, also where one is a link, and none that lies in
    another.

    Raises:
        ConfigurationError: Apptainer cannot be told of a folder.
    """
    wanted = {place for folder in folders for place in (folder.absolute(), folder.resolve())}
    wanted.discard(Path("/"))
    found = sorted(path for path in wanted if not wanted.intersection(path.parents))
    for path in found:
        if any(separator in str(path) for separator in _SEPARATORS):
            raise ConfigurationError(
                f"{path}: jobs with an image need this folder, and Apptainer reads , and : as the"
                " end of its name; rename it, or run without image"
            )
    return tuple(found)


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Variables of a job in a container: without those that lead out of it, and without packages
    of the user's, which an image sees in $HOME.
    """
    own = {name: value for name, value in variables.items() if name not in _OF_THE_MACHINE}
    return {"PYTHONNOUSERSITE": "1", **own}


def find_runtime(site: Site, group: str) -> list[str]:
    """Shell lines that find what starts containers, which a site's `setup` may have to load first.

    Args:
        group: of the settings in runner.yml.
    """
    if site.image is None:
        return []
    missing = f"there is neither apptainer nor singularity: load one of them in {group}.setup"
    return [
        "runtime=$(command -v apptainer || command -v singularity) ||",
        f"    {script.leave(f'$(hostname): {missing}')}",
    ]


def stay_inside(reason: str) -> str:
    """A shell line for a job whose machine should have started its image: outside of one, it must
    not run in silence.
    """
    inside = '[ -n "$APPTAINER_CONTAINER$SINGULARITY_CONTAINER" ] || [ -e /.singularity.d ]'
    return f"{inside} || {script.leave(reason)}"


def command(site: Site) -> str:
    """What runs the job that `$1` names, in its image where it has one. Signals and exit codes pass
    through Apptainer.
    """
    if site.image is None:
        return script.command(site)
    image, project = shlex.quote(site.image), shlex.quote(str(site.project))
    shown = " ".join(f"--bind {shlex.quote(str(folder))}" for folder in site.binds)
    gpu = f"${{{GPU_REQUESTED}:+--nv}}"
    return f'"$runtime" exec {gpu} {shown} --pwd {project} {image} {script.command(site)}'
