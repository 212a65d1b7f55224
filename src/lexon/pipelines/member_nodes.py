"""The two nodes of a member, whatever its kind, and their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kedro.pipeline import Node

from lexon.experiments import Member

TRAINED = ("model", "history", "training_record")


def member_nodes(
    member: Member,
    train: Callable[..., Any],
    evaluate: Callable[..., Any],
    data: Mapping[str, str],
    settings: Sequence[str] = (),
    extra: Sequence[str] = (),
    scores: str = "scores",
) -> list[Node]:
    """train -> evaluate, in the member's namespace.

    Args:
        member: of the experiment's `trained`.
        train: takes `data`, config, device, checkpoints and member; gives `TRAINED`.
        evaluate: takes the same, `TRAINED` and `settings`; gives what `evaluated` names and
            `extra`.
        data: dataset by argument, shared by members.
        settings: shared parameters that only the evaluation asks for.
        extra: names of the evaluation's further outputs.
        scores: name of scores.h5 in the catalog; another one where it holds other things than class
            probabilities.
    """
    own = f"grid.{member.name}"
    config = {"config": f"params:{own}.config", "member": f"params:{own}.name"}
    given = {**data, "device": "params:device", "checkpoints": "checkpoints", **config}
    trained = {name: f"{own}.{name}" for name in TRAINED}
    asked = {name: f"params:{name}" for name in settings}
    left = [f"{own}.{name}" for name in (*evaluated(scores), *extra)]
    return [
        Node(train, given, list(trained.values()), name="train", tags="train", namespace=own),
        Node(
            evaluate,
            {**given, **trained, **asked},
            left,
            name="evaluate",
            tags="evaluate",
            namespace=own,
        ),
    ]


def evaluated(scores: str) -> tuple[str, ...]:
    """The outputs of a member of any kind that a report needs; asked for whole, so that a report
    waits for all of it.
    """
    return "metrics", scores, "figure_losses", "run_record"


def member_outputs(
    trained: Sequence[Member], extra: Sequence[str] = (), scores: str = "scores"
) -> list[str]:
    """Names of all members' outputs that a report needs; `scores` as in `member_nodes`."""
    return [
        f"grid.{member.name}.{name}" for member in trained for name in (*evaluated(scores), *extra)
    ]
