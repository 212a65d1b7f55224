"""An expanded experiment: all its members, those to train now, and what its nodes may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lexon.config import (
    KINDS,
    BinnedConfig,
    FittedConfig,
    Parameters,
    TokeniserConfig,
    event_checks,
    event_data,
    simulated_events,
    tokeniser_config,
)
from lexon.config.reading import why_unread
from lexon.config.tokenisers import FinishedTokens
from lexon.errors import ConfigurationError
from lexon.experiments.members import Member, tokeniser_name


@dataclass(frozen=True)
class Experiment:
    """An expanded experiment.

    Attributes:
        name: folder of conf/experiments, namespace of its pipeline.
        parameters: those that all members share (any cell's will do).
        planned: every member of the whole grid: what a report shows.
        selected: names of the members to run now; narrower than `planned` where an axis was pinned.
        recorded: names of the cells that lie in the folder that a command only reports on.
        left_out: number of cells of the product of the axes that make no sense, by the reason why.
    """

    name: str
    parameters: Parameters
    planned: tuple[Member, ...]
    selected: frozenset[str]
    recorded: frozenset[str] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_grid(self) -> bool:
        """Whether there are several cells to compare."""
        return len({member.cell_name for member in self.planned}) > 1 or len(self.recorded) > 1

    @property
    def trained(self) -> list[Member]:
        """The members to train now: one per configuration."""
        wanted = {member.folder for member in self.planned if member.name in self.selected}
        return [member for member in self.planned if member.name in wanted]

    @property
    def tokenisers(self) -> dict[str, TokeniserConfig]:
        """The distinct tokenisers of the trained members, by name."""
        configs = [
            member.config["tokeniser"] for member in self.trained if "tokeniser" in member.config
        ]
        return {tokeniser_name(config): tokeniser_config(config) for config in configs}

    @property
    def token_file(self) -> tuple[str, FittedConfig]:
        """Name and settings of the tokeniser whose file `data_engineering` writes: the study's own,
        or bins where it makes none.
        """
        return next(
            iter(self._token_files.items()),
            (tokeniser_name(self._binned), BinnedConfig(**self._binned)),
        )

    @property
    def _token_files(self) -> dict[str, FittedConfig]:
        """The tokenisers of the study that make integers."""
        return {
            name: config
            for name, config in self.tokenisers.items()
            if isinstance(config, FittedConfig) and not config.continuous
        }

    @property
    def _binned(self) -> dict[str, Any]:
        return BinnedConfig.of(self.parameters, self.parameters.seed).model_dump(mode="json")

    @property
    def starts_from_events(self) -> bool:
        """Whether events are made or read, or a finished token file takes their place."""
        return KINDS[self.parameters.kind].starts_from_events(self.parameters)

    def why_unread(self, key: str, kind: str | None = None) -> str:
        """Why a dotted parameter makes no difference here, taken as another `kind` where one is
        given; empty where it does.
        """
        tokenisers = [
            tokeniser_config(member.config["tokeniser"])
            for member in self.planned
            if "tokeniser" in member.config
        ]
        return why_unread(key, kind or self.parameters.kind, self.parameters, tokenisers)

    def refuse_one_file_for_many_tokenisers(self) -> None:
        """A finished token file is one representation: rows of a grid would show it under the names
        of several.

        Raises:
            ConfigurationError: the axes to pin.
        """
        if (
            "tokens.path" not in KINDS[self.parameters.kind].reads
            or self.parameters.tokens.path is None
        ):
            return
        cells = [
            member.cell
            for member in self.planned
            if member.name in self.selected
            and isinstance(tokeniser_config(member.config["tokeniser"]), FinishedTokens)
        ]
        for axis in ("tokeniser", "vector", "pid"):
            if len({cell.get(axis) for cell in cells}) > 1:
                raise ConfigurationError(
                    f"{self.name}: tokens.path is one representation, but {axis} has several"
                    f" values; pin it, e.g. --params {axis}={cells[-1][axis]}, or leave"
                    " tokens.path out"
                )

    def refuse_many_token_files(self) -> None:
        """`data_engineering` writes one token file, so a list must not choose which.

        Raises:
            ConfigurationError: the tokenisers that are asked for, and what to pin.
        """
        n_files = len(self._token_files)
        axes = self._axes_with_several_levels()
        if n_files == 0:  # the binned tokeniser is used
            axes = [axis for axis in axes if axis.startswith("binning.")]
        if n_files > 1 or (n_files == 0 and axes):
            raise ConfigurationError(
                f"data_engineering writes one token file, but {', '.join(axes)} has several values;"
                " give one, and run the command once for each"
            )

    def _axes_with_several_levels(self) -> list[str]:
        cells = [member.cell for member in self.planned if member.name in self.selected]
        return [axis for axis in cells[0] if len({cell[axis] for cell in cells}) > 1]

    def kedro_parameters(self) -> dict[str, Any]:
        """Parameters of the nodes in this experiment's namespace, as plain data."""
        shared, trained = (
            self.parameters.model_dump(mode="json"),
            {member.name for member in self.trained},
        )
        return {
            **shared,
            "name": self.name,
            "simulated": simulated_events(self.parameters).model_dump(mode="json"),
            "data": event_data(self.parameters).model_dump(mode="json"),
            "checks": event_checks(self.parameters).model_dump(mode="json"),
            "weighting": self.parameters.training.weighting.model_dump(mode="json"),
            "object_types": self.parameters.events.object_types,
            "label_names": self.parameters.events.label_names,
            "division": {
                "split": self.parameters.events.split,
                "split_seed": self.parameters.events.split_seed,
            },
            "plan": [dict(vars(member)) for member in self.planned],
            "tokenisers": {
                tokeniser_name(self._binned): self._binned,
                **{
                    name: config.model_dump(mode="json") for name, config in self.tokenisers.items()
                },
            },
            "grid": {
                member.name: self._node_parameters(place, member)
                for place, member in enumerate(self.planned)
                if member.name in trained
            },
        }

    def _node_parameters(self, place: int, member: Member) -> dict[str, Any]:
        """Parameters of a member's nodes, and what its record holds beside its configuration."""
        recorded: dict[str, Any] = {"member": member.name, "cell": member.cell, "place": place}
        reused = self.parameters.vqvae.from_run
        if reused is not None and member.config.get("tokeniser", {}).get("kind") == "vqvae":
            recorded["vqvae_from"] = reused
        return {"name": member.name, "config": member.config, "recorded": recorded}
