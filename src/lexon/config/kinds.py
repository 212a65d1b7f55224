"""Kinds of experiments: `KINDS` is the one list of them, and each says here what other parts of
lexon have to know about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from lexon.config.base import one_of
from lexon.config.claims import COMPARED, TRAINED, Outcome
from lexon.config.classifiers import EXTENSIONS, NormFormerConfig, classifier_classes
from lexon.config.embeddings import TABLE
from lexon.config.members import (
    MemberConfig,
    autoencoder_member,
    classifier_member,
    regression_member,
    tokeniser_of,
    vae_member,
)
from lexon.config.tokenisers import TokeniserConfig, VQVAEConfig, tokeniser_classes
from lexon.config.vae import complete
from lexon.events import MAX_OBJECTS

if TYPE_CHECKING:  # `Parameters` has a kind
    from lexon.config.parameters import Parameters

EVENTS = frozenset({"events", "simulation", "classes"})
# What decides how an event is shown to a network.
SHOWN = frozenset({"ambre", "tokeniser", "vector", "pid", "binning", "vqvae"})
# Of `model`, what chooses or extends the network of a classifier.
NETWORK = ("name", "embedding", *EXTENSIONS)
Idle = Iterator[tuple[str, Collection[str]]]
Levels = Mapping[str, Collection[Any]]
UNWEIGHTED = ("only classifiers use the weights of events", {"events.weight"})
# Losses, the share of an object's variance that is lost, what probes find in the latents, AUROC of
# the reconstruction error.
_AUTOENCODER = (
    "rec_tokens",
    "rec_globals",
    "criterion",
    "total",
    "rec_tokens_lost",
    "probe_met_r2",
    "probe_met_phi_r2",
    "anomaly",
)
# Columns of comparison.csv.
_VAE = (
    "test_bce_plus_kld",
    "test_loss",
    "test_bce",
    "test_kld",
    "hamming_loss",
    "jaccard_index",
    "pct_active_units",
    "silhouette_score",
    "pct_unique_combinations",
    "entropy",
    "gini_coefficient",
    "cosine_similarity",
    "kl_divergence",
)


@dataclass(frozen=True)
class Files:
    """Names in a finished member's files that reports read; ``*`` stands for the splits that have
    it.

    Attributes:
        history: columns of facts/history.csv, ``*`` for train and val.
        metrics: of each split in metrics.json, whatever the split.
        arrays: of scores.h5, ``*`` for val and test; others have a row per test event. None: it
            holds class probabilities (`Scores`).
        data: of run.json's `data`.
    """

    history: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    arrays: tuple[str, ...] | None = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of experiment.

    Attributes:
        name: what `kind` takes.
        reads: groups of parameters, or dotted keys of them, that it reads; those that no kind names
            are read by all.
        member: a member's configuration from a cell's parameters and a seed.
        pipelines: ``package:function`` in `lexon.pipelines`, in order, the report the last; each
            makes a part from an `Experiment`. They are imported when an experiment of this kind is
            asked for.
        files: what its members leave to be reported on.
        statistics: that claims may be about, each with what it may be expected to be.
        facts: properties of its cells, apart from the axes of the grid, that claims may name.
        idle: keys that other parameters make idle, each with the reason; asked with the parameters
            and the tokenisers of all members.
        check: refuses parameters that do not belong together, by ValueError.
        why_no_cell: why a cell of a grid makes no sense, though each of its values does elsewhere
            in the grid; empty where it does. Asked with the values of each axis that are asked for.
        once: by an axis, the axes or groups that its values may make idle: along these, a cell is
            planned once that they make no difference to. Along others its copies are shown.
        starts_from_events: whether events are made or read; else something replaces them.
    """

    name: str
    reads: frozenset[str]
    member: Callable[[Parameters, int], MemberConfig]
    pipelines: tuple[str, ...]
    files: Files = field(default_factory=Files)
    statistics: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    idle: Callable[[Parameters, Collection[TokeniserConfig]], Idle] = (
        lambda _parameters, _tokenisers: iter(())
    )
    check: Callable[[Parameters], object] = lambda _parameters: None
    why_no_cell: Callable[[Parameters, Levels], str] = lambda _parameters, _asked: ""
    once: Mapping[str, frozenset[str]] = field(default_factory=dict)
    starts_from_events: Callable[[Parameters], bool] = lambda _parameters: True


# What each quantiser of a VQ-VAE does without.
IDLE_IN_QUANTISER = {
    "vq": {"vqvae.stages", "vqvae.levels"},
    "residual": {"vqvae.levels"},
    "fsq": {
        f"vqvae.{name}" for name in ("stages", "codebook_size", "latent_dim", "commitment", "decay")
    },
}


def _idle_in_a_classifier(parameters: Parameters, tokenisers: Collection[TokeniserConfig]) -> Idle:
    if parameters.tokens.path:
        of_events = {
            f"events.{name}"
            for name in type(parameters.events).model_fields
            if name not in {"label_names", "max_objects", "weight"}
        }
        yield (
            "tokens.path holds finished tokens",
            {*of_events, "simulation", "vector", "pid", "binning", "vqvae"},
        )
    if parameters.events.weight is None:
        yield (
            "events have no weights (events.weight)",
            {"training.event_weights", "training.negative_weights"},
        )
    if parameters.evaluation.path is None:
        yield (
            "no second sample is named (evaluation.path)",
            {"evaluation.events", "evaluation.classes"},
        )
    kinds = {tokeniser.kind for tokeniser in tokenisers}
    if "ambre" not in kinds:
        yield "none of its tokenisers is ambre (tokeniser=ambre)", {"ambre"}
    if "vqvae" not in kinds:
        yield "none of its tokenisers is vqvae (tokeniser=vqvae)", {"vqvae.from"}
    yield from _idle_in_quantisers(tokenisers)


def _idle_in_quantisers(tokenisers: Collection[TokeniserConfig]) -> Idle:
    if quantisers := {
        tokeniser.quantiser for tokeniser in tokenisers if isinstance(tokeniser, VQVAEConfig)
    }:
        idle = set.intersection(*(IDLE_IN_QUANTISER[quantiser] for quantiser in quantisers))
        yield f"vqvae.quantiser is {', '.join(sorted(quantisers))}", idle


def _idle_in_an_autoencoder(
    _parameters: Parameters, _tokenisers: Collection[TokeniserConfig]
) -> Idle:
    yield UNWEIGHTED


def _idle_in_a_regression(parameters: Parameters, _tokenisers: Collection[TokeniserConfig]) -> Idle:
    yield UNWEIGHTED
    yield "a regression has one network", {f"model.{name}" for name in NETWORK}
    if parameters.regression.source != "events":
        yield (
            f"regression.source is {parameters.regression.source}",
            {*EVENTS, "vector", "pid", "pool"},
        )


def _idle_in_a_vae(parameters: Parameters, _tokenisers: Collection[TokeniserConfig]) -> Idle:
    yield UNWEIGHTED
    if parameters.tags.path:
        yield "tags.path replaces events", EVENTS


def _why_no_classifier(parameters: Parameters, asked: Levels) -> str:
    """Why a network, its tokens and their training do not go together."""
    return (
        _why_not_weighted(parameters)
        or (_why_not_as_wide(parameters) if parameters.tokeniser == "ambre" else "")
        or _why_not_embedded(parameters, asked)
        or _why_not_extended(parameters)
        or _why_not_turned(parameters)
    )


def _why_not_as_wide(parameters: Parameters) -> str:
    """Why events have other numbers of objects than the tokens that others made."""
    if (n := parameters.events.max_objects) == MAX_OBJECTS:
        return ""
    return (
        f"events.max_objects={n}: rows of ambre.path have {MAX_OBJECTS} object tokens; leave it at"
        f" {MAX_OBJECTS}"
    )


def _why_not_weighted(parameters: Parameters) -> str:
    """Why tokens have no weights."""
    if parameters.events.weight is None or parameters.tokeniser != "ambre":
        return ""
    return (
        f"events.weight={parameters.events.weight}: the events of ambre.path have no weights, and"
        " what is weighted is not compared with what is not; leave it out, or ambre out of"
        " tokeniser"
    )


def _why_not_embedded(parameters: Parameters, asked: Levels) -> str:
    model, tokeniser = parameters.model, tokeniser_of(parameters, parameters.seed)
    if model.embedding != TABLE and not classifier_classes()[model.name].embeds:
        return (
            f"model.embedding={model.embedding}: model.name={model.name} has a {TABLE} only; leave"
            f" it at {TABLE}"
        )
    # An embedding is idle where values are continuous, but asked for in vain where nothing else is.
    tokenisers = asked.get("tokeniser", [parameters.tokeniser])
    if tokeniser.continuous and not all(
        tokeniser_classes()[kind].continuous for kind in tokenisers
    ):
        return ""
    return tokeniser.why_not_embedded(model.embedding)


def _why_not_extended(parameters: Parameters) -> str:
    """Why a network has no such extension, or its tokens do not hold what the extension
    asks for.
    """
    chosen = classifier_classes()[parameters.model.name]
    for name in EXTENSIONS:
        value, default = (
            getattr(parameters.model, name),
            NormFormerConfig.model_fields[name].default,
        )
        if name not in chosen.model_fields and value != default:
            return (
                f"model.{name}={value}: model.name={parameters.model.name} has no such extension;"
                f" leave it at {default}"
            )
    asked, tokeniser = chosen.of(parameters).quantities, tokeniser_of(parameters, parameters.seed)
    if asked and not tokeniser.four_vectors:
        return (
            f"{', '.join(asked.values())}: tokens of tokeniser={tokeniser.kind} cannot be decoded"
            " to four-vectors; leave it out"
        )
    return ""


def _why_not_turned(parameters: Parameters) -> str:
    """Why the events of a training cannot be turned."""
    augmentation, tokeniser = (
        parameters.training.augmentation,
        tokeniser_of(parameters, parameters.seed),
    )
    if augmentation == "none" or tokeniser.fitted:
        return ""
    reason = (
        f"tokens of tokeniser={tokeniser.kind} are read from a file, and events are turned before"
        " they are encoded"
    )
    return f"training.augmentation={augmentation}: {reason}; leave it at none"


def _can_be_tested_elsewhere(parameters: Parameters) -> None:
    """A second sample is encoded by the tokenisers of the first; its classes are those of the
    study.
    """
    asked = parameters.evaluation
    if asked.path is None:
        return
    if parameters.tokens.path is not None:
        raise ValueError(
            f"evaluation.path={asked.path}: events of a second sample would have to be made into"
            f" tokens, and tokens.path={parameters.tokens.path} holds finished ones only; train on"
            " events (events.path), or leave evaluation.path out"
        )
    if asked.classes is not None and set(asked.classes) != set(parameters.classes):
        raise ValueError(
            f"evaluation.classes={dict(asked.classes)}: name each class of the study"
            f" ({', '.join(parameters.classes)}) and no other, with the labels of"
            f" {asked.path} that stand for it; or leave it out to take the processes of the same"
            " names"
        )


def _is_comparable(parameters: Parameters) -> None:
    if reason := _why_not_as_wide(parameters):
        raise ValueError(reason)


def _is_complete(parameters: Parameters) -> None:
    if parameters.preset not in parameters.presets:
        raise ValueError(
            f"preset={parameters.preset}: no such preset; there are {', '.join(parameters.presets)}"
        )
    complete(parameters.configurations, parameters.configuration)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "classifier",
            reads=EVENTS
            | SHOWN
            | {
                "tokens.path",
                "pool",
                "met",
                "model",
                "n_train",
                "training",
                "evaluation",
                "importance",
                "slices",
            },
            member=classifier_member,
            pipelines=(
                "data_engineering:create_pipeline",
                "pretraining.pipeline:create_pipeline",
                "comparison:create_ambre_pipeline",
                "modelling.classifiers:create_pipeline",
                "reporting.reports:classifier",
            ),
            files=Files(history=("*_loss", "val_auroc"), metrics=("accuracy",), arrays=None),
            statistics={"auroc": COMPARED},
            idle=_idle_in_a_classifier,
            check=_can_be_tested_elsewhere,
            why_no_cell=_why_no_classifier,
            once={"tokeniser": frozenset({"binning", "vqvae", "model.embedding"})},
            starts_from_events=lambda parameters: parameters.tokens.path is None,
        ),
        Kind(
            "autoencoder",
            reads=EVENTS | {"vector", "pid", "autoencoder", "training"},
            member=autoencoder_member,
            idle=_idle_in_an_autoencoder,
            pipelines=(
                "data_engineering:create_pipeline",
                "pretraining.autoencoders:create_pipeline",
                "reporting.reports:autoencoder",
            ),
            files=Files(
                history=("*_total", "*_rec_tokens", "*_rec_globals"),
                metrics=("rec_tokens", "rec_globals", "total"),
                arrays=(
                    "*_rec_tokens",
                    "*_rec_globals",
                    "*_total",
                    "*_met",
                    "*_probe_met",
                    "*_target",
                ),
                data=("test_digest",),
            ),
            statistics=dict.fromkeys(_AUTOENCODER, COMPARED),
        ),
        Kind(
            "regression",
            reads=EVENTS
            | {
                "vector",
                "pid",
                "pool",
                "model",
                "variance_lambda",
                "penalty",
                "regression",
                "collapse",
                "training",
            },
            member=regression_member,
            pipelines=(
                "data_engineering:create_pipeline",
                "modelling.regression:create_pipeline",
                "reporting.reports:regression",
            ),
            files=Files(
                history=(
                    "*_loss",
                    "*_base_loss",
                    "train_variance_loss",
                    "val_r2",
                    "val_variance_ratio",
                ),
                arrays=("*_prediction", "*_target"),
            ),
            statistics={"r2": COMPARED, "variance_ratio": COMPARED, "training": TRAINED},
            idle=_idle_in_a_regression,
            starts_from_events=lambda parameters: parameters.regression.source == "events",
        ),
        Kind(
            "vae",
            reads=EVENTS
            | {"preset", "presets", "configuration", "configurations", "beta", "tags", "training"},
            member=vae_member,
            pipelines=("modelling.vae:create_pipeline", "reporting.reports:vae"),
            files=Files(
                history=("*_loss", "*_kld"),
                metrics=("*_bce", "*_kld", "*_latent_pct_active_units", "*_jaccard_index"),
                arrays=(
                    "rows",
                    "index",
                    "group",
                    "group_names",
                    "tag_names",
                    "reconstructed",
                    "prior",
                    "latent_mean",
                    "kl_per_unit",
                    "bce",
                    "kld",
                ),
                data=("digest", "groups", "notes"),
            ),
            statistics=dict.fromkeys(_VAE, COMPARED),
            facts=("latent_dim", "hidden_dim", "batch_norm", "beta", "dropout", "verdict"),
            idle=_idle_in_a_vae,
            check=_is_complete,
        ),
        Kind(
            "simulation",
            reads=EVENTS | {"validation"},
            member=classifier_member,
            pipelines=("validation:create_pipeline",),
        ),
        Kind(
            "token_comparison",
            reads=EVENTS | SHOWN | {"tokens"},
            member=classifier_member,
            pipelines=("pretraining.pipeline:create_pipeline", "comparison:create_pipeline"),
            idle=lambda _parameters, _tokenisers: iter((UNWEIGHTED,)),
            check=_is_comparable,
            starts_from_events=lambda parameters: (
                parameters.tokens.path is None or parameters.events.source == "file"
            ),
        ),
    )
}


def known_kind(name: str) -> str:
    """A value of the parameter `kind`.

    Raises:
        ValueError: there is no such kind.
    """
    return one_of(KINDS, name, "kind")


def member_config(parameters: Parameters, seed: int) -> MemberConfig:
    """Everything that one training of a cell needs."""
    return KINDS[parameters.kind].member(parameters, seed)


KindName = Annotated[str, AfterValidator(known_kind)]
