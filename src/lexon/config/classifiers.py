"""The networks that classify events: what each is made with, less what tokeniser and classes
decide.

Each is one subclass of `ClassifierConfig` here and one file of `lexon.models`; `model.name` chooses
it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny

from lexon.config.base import Config, classes_by, one_of
from lexon.config.embeddings import TABLE, EmbeddingName
from lexon.config.training import TransformerConfig

if TYPE_CHECKING:  # the parameters are made of the groups here
    from lexon.config.parameters import Parameters

Positions = Literal["sinusoidal", "none"]
Pairwise = Literal["none", "bias", "mia"]

# Parameters that extend the network, apart from its size.
EXTENSIONS = ("positions", "event_features", "pairwise")

# The one that is meant where a configuration names none: those of earlier versions never do.
DEFAULT = "normformer"


class ClassifierConfig(Config, ABC):
    """Settings of a classifier; all fields but `name` are arguments of its class.

    Attributes:
        name: what `model.name` takes.
        met: whether it is shown MET.
        made_by: its class, ``module.Class`` in `lexon.models`.
        equalised_by: the argument that `model.equalise_to` fits, in which the number of parameters
            is linear; "" for none.
        embeds: whether it takes `embedding` and what goes with it
            (`lexon.models.embeddings.make_embedding`); else a table is all it has.
        sized: whether it takes `max_objects`, the most objects of an event.
    """

    name: str
    met: bool

    made_by: ClassVar[str]
    equalised_by: ClassVar[str] = ""
    embeds: ClassVar[bool] = False
    sized: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def of(cls, parameters: Parameters) -> Self:
        """The one that a member is."""

    @property
    def quantities(self) -> dict[str, str]:
        """What its batches hold beside tokens, decoded from them, and the setting that asks for it.

        ``event``: event-level quantities; ``p4``: (E, pT, eta, phi) of the objects, in GeV and rad.
        """
        return {}

    @property
    def module(self) -> str:
        """The module of `made_by`."""
        return f"lexon.models.{self.made_by.rpartition('.')[0]}"

    def arguments(self) -> dict[str, Any]:
        """Arguments of its class."""
        return self.model_dump(exclude={"name"})


class NormFormerConfig(ClassifierConfig, TransformerConfig):
    """A transformer over CLS, MET and the objects (`lexon.models.classifier.Classifier`)."""

    # Left out of what identifies a member: those trained before other networks could be chosen do
    # not name it.
    name: Literal["normformer"] = Field("normformer", exclude_if=lambda name: name == DEFAULT)
    pool: Literal["cls", "mean", "max"]
    embedding: EmbeddingName = Field(TABLE, exclude_if=lambda embedding: embedding == TABLE)
    # Each choice is left out likewise at the value that was the only one before it could be chosen.
    positions: Positions = Field(
        "sinusoidal", exclude_if=lambda positions: positions == "sinusoidal"
    )
    event_features: bool = Field(default=False, exclude_if=lambda shown: not shown)
    pairwise: Pairwise = Field("none", exclude_if=lambda pairwise: pairwise == "none")

    made_by: ClassVar[str] = "classifier.Classifier"
    equalised_by: ClassVar[str] = "mlp_dim"
    embeds: ClassVar[bool] = True
    sized: ClassVar[bool] = True

    @classmethod
    def of(cls, parameters: Parameters) -> Self:
        model = parameters.model
        chosen = {name: getattr(model, name) for name in ("embedding", *EXTENSIONS)}
        return cls(
            pool=parameters.pool, met=parameters.met, **chosen, **model.transformer().model_dump()
        )

    @property
    def quantities(self) -> dict[str, str]:
        event = {"event": "model.event_features=true"} if self.event_features else {}
        return event | (
            {"p4": f"model.pairwise={self.pairwise}"} if self.pairwise != "none" else {}
        )


def classifier_classes() -> dict[str, type[ClassifierConfig]]:
    """All classifiers by name."""
    return classes_by("name", ClassifierConfig)


def classifier_config(data: Any) -> ClassifierConfig:
    """The settings of a classifier from plain data.

    Raises:
        ValueError: none is called so.
    """
    if isinstance(data, ClassifierConfig):
        return data
    return classifier_classes()[known_classifier(data.get("name", DEFAULT))](**data)


def known_classifier(name: str) -> str:
    """A value of `model.name`.

    Raises:
        ValueError: no classifier is called so.
    """
    return one_of(classifier_classes(), name, "network")


ClassifierName = Annotated[str, AfterValidator(known_classifier)]
AnyClassifier = Annotated[SerializeAsAny[ClassifierConfig], BeforeValidator(classifier_config)]
