"""The complete settings of one training: `lexon.config.kinds.member_config` resolves a cell's
parameters and a seed.

No node meets an option that is not for it, a size by name, or a None that means "work it out". A
member's configuration is its identity: what is compared to tell a stale result, so it holds no path
and nothing of evaluation or report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from lexon.config.autoencoder import AutoencoderConfig
from lexon.config.base import Classes, Config, Fraction, NonNegative, PositiveInt
from lexon.config.classifiers import AnyClassifier, classifier_classes
from lexon.config.data import (
    EventChecks,
    EventData,
    EventsFile,
    Shares,
    SimulatedEvents,
    deciding_names,
)
from lexon.config.embeddings import TABLE
from lexon.config.tokenisers import (
    AnyTokeniser,
    DirectConfig,
    FinishedTokens,
    TokeniserConfig,
    tokeniser_classes,
)
from lexon.config.training import OF_CLASSIFIERS, TrainingConfig, TransformerConfig, refuse
from lexon.config.vae import EventTags, FileTags, TagData, VAEModelConfig, complete

if TYPE_CHECKING:  # the parameters are made of the groups here
    from lexon.config.parameters import Parameters


class MemberConfig(Config):
    """One training: everything that decides its numbers and nothing else."""

    seed: int
    training: TrainingConfig


class ClassifierMember(MemberConfig):
    """A classifier of events."""

    kind: Literal["classifier"] = "classifier"
    data: EventData
    classes: Classes
    tokeniser: AnyTokeniser
    classifier: AnyClassifier
    # Part of what identifies members since before `model.embedding` took its place.
    start_from_codebook: Literal[False] = False
    n_train: int | None
    equalise_to: int | None

    @model_validator(mode="after")
    def _its_network_can(self) -> Self:
        network = self.classifier
        if self.equalise_to is not None and not network.equalised_by:
            raise ValueError(
                f"model.equalise_to={self.equalise_to}: model.name={network.name} has no width to"
                " fit; leave it out"
            )
        return self


class UnclassifiedMember(MemberConfig):
    """One training of anything but a classifier."""

    @model_validator(mode="after")
    def _trained_without_classes(self) -> Self:
        refuse(self.training, OF_CLASSIFIERS)
        return self


class AutoencoderMember(UnclassifiedMember):
    """An autoencoder of events' objects, continuous."""

    kind: Literal["autoencoder"] = "autoencoder"
    data: EventData
    classes: Classes
    tokeniser: DirectConfig
    autoencoder: AutoencoderConfig


class VAEMember(UnclassifiedMember):
    """A variational autoencoder of multi-label rows."""

    kind: Literal["vae"] = "vae"
    data: TagData
    vae: VAEModelConfig


class RegressionMember(UnclassifiedMember):
    """A regression with a penalty on lost variance; a loss that stays above `exploded_loss` times
    its best ends it.
    """

    kind: Literal["regression"] = "regression"
    target: str
    variance_lambda: NonNegative
    penalty: Literal["batch", "global"]
    exploded_loss: float

    @model_validator(mode="after")
    def _judged_at_its_last_epoch(self) -> Self:
        refuse(
            self.training,
            {"early_stopping": "regressions have none; they are judged at their last epoch"},
        )
        return self


class EncoderConfig(TransformerConfig):
    """An encoder of events and how its tokens become one vector."""

    pool: Literal["cls", "mean", "max"]


class EventRegression(RegressionMember):
    """A regression of an event's quantity on its objects, continuous and without their azimuths."""

    source: Literal["events"] = "events"
    data: EventData
    classes: Classes
    tokeniser: DirectConfig
    encoder: EncoderConfig


class TableRegression(RegressionMember):
    """A regression on the columns of a table."""

    source: Literal["table", "diabetes"]
    group: str | None
    split: Shares
    split_seed: int
    hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    dropout: Fraction


def autoencoder_member(parameters: Parameters, seed: int) -> AutoencoderMember:
    """What identifies the autoencoder of a cell and a seed."""
    return AutoencoderMember(
        seed=seed,
        data=event_data(parameters),
        classes=parameters.classes,
        tokeniser=DirectConfig.of(parameters, seed),
        autoencoder=parameters.autoencoder,
        training=parameters.training,
    )


def event_data(parameters: Parameters) -> SimulatedEvents | EventsFile:
    """The source of the events and the settings of its reading."""
    events = parameters.events
    if events.source == "simulation":
        shown = {"max_objects": events.max_objects}
        return simulated_events(parameters).model_copy(update=shown)
    read = {name: getattr(events, name) for name in EventsFile.model_fields if name != "source"}
    return EventsFile(
        **read | {"label_names": deciding_names(events.label_names, parameters.classes)}
    )


def event_checks(parameters: Parameters) -> EventChecks:
    """The checks of events when they are cleaned."""
    return EventChecks(
        **{name: getattr(parameters.events, name) for name in EventChecks.model_fields}
    )


def simulated_events(parameters: Parameters) -> SimulatedEvents:
    """The events that a simulation makes, whether or not a study uses them."""
    return SimulatedEvents(n=parameters.events.n, simulation=parameters.simulation)


def classifier_member(parameters: Parameters, seed: int) -> ClassifierMember:
    """What identifies the classifier of a cell and a seed."""
    tokeniser, model = tokeniser_of(parameters, seed), parameters.model
    if tokeniser.continuous:  # there is nothing to embed: whatever is asked for, it is one training
        parameters = parameters.model_copy(
            update={"model": model.model_copy(update={"embedding": TABLE})}
        )
    weighted, training = parameters.events.weight is not None, parameters.training
    return ClassifierMember(
        seed=seed,
        data=event_data(parameters),
        classes=parameters.classes,
        tokeniser=tokeniser,
        classifier=classifier_classes()[model.name].of(parameters),
        training=training if weighted else training.without_event_weights(),
        n_train=parameters.n_train,
        equalise_to=parameters.model.equalise_to,
    )


def regression_member(parameters: Parameters, seed: int) -> EventRegression | TableRegression:
    """What identifies the regression of a cell and a seed, on events or on a table."""
    regression = parameters.regression
    common = {
        "seed": seed,
        # Batches of similar length are no random ones, and the batch penalty looks at the variance
        # within a batch.
        "training": parameters.training.model_copy(update={"length_aware": False}),
        "target": regression.quantity,
        "variance_lambda": parameters.variance_lambda,
        # Without weight, no penalty acts: lambda 0 is one training whatever the penalty is called.
        "penalty": parameters.penalty if parameters.variance_lambda else "batch",
        "exploded_loss": parameters.collapse.exploded_loss,
    }
    if regression.source == "events":
        return EventRegression(
            **common,
            data=event_data(parameters),
            classes=parameters.classes,
            tokeniser=DirectConfig.of(parameters, seed),
            encoder=EncoderConfig(
                pool=parameters.pool, **parameters.model.transformer().model_dump()
            ),
        )
    own = {
        name: getattr(regression, name)
        for name in ("source", "group", "split", "split_seed", "hidden")
    }
    return TableRegression(**common, **own, dropout=parameters.model.dropout)


def vae_member(parameters: Parameters, seed: int) -> VAEMember:
    """What identifies the VAE of a cell and a seed."""
    model, changes = complete(parameters.configurations, parameters.configuration)
    if parameters.beta is not None:
        model = model.model_copy(update={"beta": parameters.beta})
    training = parameters.training.model_copy(update=changes)
    return VAEMember(seed=seed, training=training, data=_tag_data(parameters), vae=model)


def _tag_data(parameters: Parameters) -> EventTags | FileTags:
    tags = parameters.tags
    if tags.path:
        return FileTags(**tags.model_dump(include=set(FileTags.model_fields)))
    return EventTags(
        events=event_data(parameters), **tags.model_dump(include=set(EventTags.model_fields))
    )


def tokeniser_of(parameters: Parameters, seed: int) -> TokeniserConfig:
    """The tokeniser of a member: a finished token file takes the place of every other one but that
    of another's file.
    """
    if parameters.tokens.path and tokeniser_classes()[parameters.tokeniser].fitted:
        return FinishedTokens.of(parameters, seed)
    return tokeniser_classes()[parameters.tokeniser].of(parameters, seed)
