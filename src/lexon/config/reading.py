"""Which parameters a kind of experiment reads: one that it does not read must not be typed in the belief that it does."""

from __future__ import annotations

from lexon.config.parameters import Kind

_EVENTS = {"events", "simulation", "classes"}
_SHOWN = {"tokens", "ambre", "tokeniser", "vector", "pid", "binning", "vqvae"}
# Those that only some kinds read; all others are read by every kind, or by what runs and reports it.
_READ: dict[Kind, set[str]] = {
    "classifier": {*_EVENTS, *_SHOWN, "pool", "met", "model", "n_train", "training", "evaluation"},
    "autoencoder": {*_EVENTS, "vector", "pid", "autoencoder", "training"},
    "regression": {*_EVENTS, "vector", "pid", "pool", "model", "variance_lambda", "penalty", "regression", "collapse", "training"},
    "vae": {*_EVENTS, "preset", "presets", "configuration", "configurations", "beta", "tags", "training"},
    "simulation": {*_EVENTS, "validation"},
    "token_comparison": {*_EVENTS, *_SHOWN},
}
_SPECIFIC = set().union(*_READ.values())


def is_read(key: str, kind: Kind) -> bool:
    """Whether a dotted key, which exists, makes a difference to experiments of a kind."""
    group = key.split(".")[0]
    return group in _READ[kind] or group not in _SPECIFIC


def kinds_that_read(key: str) -> list[str]:
    """The kinds that a dotted key is for."""
    return [kind for kind in _READ if is_read(key, kind)]

