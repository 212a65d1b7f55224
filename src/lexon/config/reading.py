"""Which parameters an experiment reads: one that it does not read must not be typed in the belief that it does."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lexon.config.parameters import Parameters

# What `--pipelines data_engineering` makes.
TOKEN_FILE = "token_file"

_EVENTS = {"events", "simulation", "classes"}
_SHOWN = {"ambre", "tokeniser", "vector", "pid", "binning", "vqvae"}
# Those that only some kinds read; all others are read by every kind, or by what runs and reports it.
_READ = {
    "classifier": {*_EVENTS, *_SHOWN, "tokens.path", "pool", "met", "model", "n_train", "training", "evaluation"},
    "autoencoder": {*_EVENTS, "vector", "pid", "autoencoder", "training"},
    "regression": {*_EVENTS, "vector", "pid", "pool", "model", "variance_lambda", "penalty", "regression", "collapse", "training"},
    "vae": {*_EVENTS, "preset", "presets", "configuration", "configurations", "beta", "tags", "training"},
    "simulation": {*_EVENTS, "validation"},
    "token_comparison": {*_EVENTS, *_SHOWN, "tokens"},
    TOKEN_FILE: {*_EVENTS, *_SHOWN, "tokens.output"},
}
_SPECIFIC = {key.split(".")[0] for keys in _READ.values() for key in keys}


def why_unread(key: str, kind: str, parameters: Parameters, tokenisers: Collection[str]) -> str:
    """Why a dotted key makes no difference to an experiment; empty where it does.

    Args:
        kind: of the experiment, or `TOKEN_FILE`.
        parameters: of any of its cells.
        tokenisers: kinds of tokenisers that its members use.
    """
    if key.split(".", maxsplit=1)[0] in _SPECIFIC and not _is_in(key, _READ[kind]):
        return f"it is for {', '.join(other for other, keys in _READ.items() if _is_in(key, keys))}"
    return next((reason for reason, keys in _replaced(kind, parameters, tokenisers) if _is_in(key, keys)), "")


def _replaced(kind: str, parameters: Parameters, tokenisers: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """Keys that another one makes idle, and why."""
    if kind == "classifier" and parameters.tokens.path:
        of_events = {f"events.{name}" for name in type(parameters.events).model_fields if name != "label_names"}
        yield "tokens.path holds finished tokens", {*of_events, "simulation", "vector", "pid", "binning", "vqvae"}
    if kind == "classifier" and "ambre" not in tokenisers:
        yield "none of its tokenisers is ambre (tokeniser=ambre)", {"ambre"}
    if kind == "regression":
        yield "a regression has one network", {"model.name"}
    if kind == "regression" and parameters.regression.source != "events":
        yield f"regression.source is {parameters.regression.source}", {*_EVENTS, "vector", "pid", "pool"}
    if kind == "vae" and parameters.tags.path:
        yield "tags.path takes the place of events", _EVENTS


def _is_in(key: str, keys: set[str]) -> bool:
    return any(key == other or key.startswith(f"{other}.") or other.startswith(f"{key}.") for other in keys)
