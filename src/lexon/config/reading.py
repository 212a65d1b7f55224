"""Which parameters an experiment reads: others are refused on the command line."""

from __future__ import annotations

from collections.abc import Collection

from lexon.config.data import EventsConfig
from lexon.config.kinds import EVENTS, KINDS, SHOWN
from lexon.config.parameters import Parameters
from lexon.config.tokenisers import TokeniserConfig

# What `--pipelines data_engineering` makes.
TOKEN_FILE = "token_file"
# What `--pipelines export` and `--pipelines score` make of a finished member.
MEMBER_EXPORT, MEMBER_SCORES = "export", "score"

# How a file that is scored is read; of its events all are, in no class.
_OF_SCORED_FILE = {
    f"events.{name}"
    for name in EventsConfig.model_fields
    if name not in ("n", "source", "duplicates")
}
_READ = {
    **{name: kind.reads for name, kind in KINDS.items()},
    TOKEN_FILE: EVENTS | SHOWN | {"tokens.output"},
    MEMBER_EXPORT: {"member", "events.object_types"},
    MEMBER_SCORES: {"member", "score", *_OF_SCORED_FILE},
}
_SPECIFIC = {key.split(".")[0] for keys in _READ.values() for key in keys}


def why_unread(
    key: str, kind: str, parameters: Parameters, tokenisers: Collection[TokeniserConfig]
) -> str:
    """Why a dotted key makes no difference to an experiment; empty where it does.

    Args:
        kind: of the experiment, or `TOKEN_FILE`.
        parameters: of any of its cells.
        tokenisers: those that its members use.
    """
    if key.split(".", maxsplit=1)[0] in _SPECIFIC and not _is_in(key, _READ[kind]):
        return f"it is for {', '.join(other for other, keys in _READ.items() if _is_in(key, keys))}"
    idle = KINDS[kind].idle(parameters, tokenisers) if kind in KINDS else ()
    return next((reason for reason, keys in idle if _is_in(key, keys)), "")


def _is_in(key: str, keys: Collection[str]) -> bool:
    return any(
        key == other or key.startswith(f"{other}.") or other.startswith(f"{key}.") for other in keys
    )
