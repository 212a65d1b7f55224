"""Runs of Weights & Biases: one a training, in a group for the experiment's run, whose report is a
run of its own there.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexon.errors import ServiceError
from lexon.tracking.content import Content, Found, Place
from lexon.tracking.settings import WandbSettings
from lexon.tracking.turns import one_at_a_time

if TYPE_CHECKING:
    import wandb

# Nothing is told about the use of W&B; its messages are not lexon's.
CLIENT = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}
CONTENT = "lexon.content"  # a file in the folder of a W&B run: the digest of what it shows
_SECONDS = 20.0  # that a service has to answer


class WandbService:
    """A project of W&B.

    Args:
        settings: of the site.
        folder: where W&B puts its files; it makes `wandb/` there.
    """

    name = "W&B"

    def __init__(self, settings: WandbSettings, folder: Path) -> None:
        for variable, value in CLIENT.items():
            os.environ.setdefault(variable, value)
        self._settings, self._folder = settings, folder
        self.where = (
            f"{folder / 'wandb'} (`wandb sync` sends it)"
            if settings.mode == "offline"
            else f"project {settings.project}"
        )

    def send(self, found: Found) -> Counter[str]:
        """Let W&B hold what was found; returns how many runs are new, updated, as before.

        Raises:
            ServiceError: it does not answer, or refuses.
        """
        import wandb

        counts: Counter[str] = Counter()
        written: list[_Written] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if found.report is not None:
                state = self._show(found.place, found.report, found.place.report, written)
                counts[f"report {state}"] += 1
            for member in found.members:
                folder = found.place.members / member.name
                counts[self._show(found.place, member, folder, written)] += 1
        except (wandb.Error, OSError, TimeoutError) as error:
            raise ServiceError(f"W&B, {self.where}: {str(error).strip()[:300]}") from error
        finally:
            _keep(written)
        return counts

    def _show(self, place: Place, content: Content, folder: Path, written: list[_Written]) -> str:
        """Let a run hold what is in a folder; returns whether it is new, updated, as before."""
        with one_at_a_time(folder):
            earlier = self._folders(content)
            if any(_shown_by(path) == self._digest(content) for path in earlier):
                return "as before"
            job = "report" if folder == place.report else "member"
            try:
                own = self._write(place, content, job)
            except BaseException:  # half a run is nothing to keep
                for path in set(self._folders(content)).difference(earlier):
                    shutil.rmtree(path, ignore_errors=True)
                raise
        written.append(_Written(own, self._digest(content), earlier))
        return "updated" if earlier else "new"

    def _folders(self, content: Content) -> list[Path]:
        """Where W&B keeps what was exported of this in the present mode."""
        kind = "offline-run" if self._settings.mode == "offline" else "run"
        # Of two that were begun within a second W&B lets the second one's name end with a number.
        return sorted((self._folder / "wandb").glob(f"{kind}-*-{content.identity}*"))

    def _digest(self, content: Content) -> str:
        """Of what is shown, and of where."""
        return f"{self._settings.entity}/{self._settings.project} {content.digest}"

    def _write(self, place: Place, content: Content, job: str) -> Path:
        """A run with all of it; online, a run of this identity is continued."""
        import wandb

        with wandb.init(
            project=self._settings.project,
            entity=self._settings.entity,
            mode=self._settings.mode,
            dir=str(self._folder),
            id=content.identity,
            resume="allow" if self._settings.mode == "online" else None,
            name=content.name,
            group=place.title,
            job_type=job,
            config={**content.parameters, **{f"lexon.{k}": v for k, v in content.facts.items()}},
            settings=wandb.Settings(
                init_timeout=_SECONDS,
                disable_git=True,
                x_disable_stats=True,
                x_disable_meta=True,
                x_save_requirements=False,
            ),
        ) as run:
            _log(run, content)
            return Path(run.dir).parent


@dataclass(frozen=True)
class _Written:
    """A run that W&B was given.

    Attributes:
        earlier: folders of the same training or report.
    """

    folder: Path
    digest: str
    earlier: list[Path]


def _keep(written: Sequence[_Written]) -> None:
    """Wait until W&B's own process has everything on the disk; only then does a run count, and what
    it replaces goes, unless `wandb sync` has sent that.
    """
    import wandb

    if not written:
        return
    wandb.teardown()
    for one in written:
        with suppress(FileNotFoundError):  # another process has just replaced it
            (one.folder / CONTENT).write_text(one.digest, encoding="utf-8")
        for path in one.earlier:
            if path != one.folder and not any(path.glob("*.wandb.synced")):
                shutil.rmtree(path, ignore_errors=True)


def _log(run: wandb.Run, content: Content) -> None:
    """Epochs that the run does not have, then what there is at the end."""
    for row in content.history:
        step = int(row["epoch"])
        if step >= run.step:
            run.log({f"epoch/{name}": value for name, value in row.items()}, step=step)
    shown = {name: media for name, path in content.files.items() if (media := _media(path))}
    if shown:
        run.log(shown, step=max(len(content.history), run.step))
    run.summary.update({**content.metrics, "status": content.status})


def _media(path: Path) -> Any:
    """A figure, page or table as W&B shows it; None for what it does not show."""
    import wandb

    match path.suffix:
        case ".png":
            return wandb.Image(str(path))
        case ".html":
            return wandb.Html(str(path), inject=False)
    return None


def _shown_by(folder: Path) -> str | None:
    try:
        return (folder / CONTENT).read_text(encoding="utf-8")
    except OSError:
        return None
