"""Small networks behind every tokeniser, and what lexon itself computes for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lexon.events import Events
from lexon.export.network import WholeClassifier
from lexon.features import OF_MET, event_features
from lexon.models.classifier import Classifier
from lexon.models.vqvae import VQVAE
from lexon.pipelines.modelling.classifiers.quantities import decoded
from lexon.pipelines.tensors import tensor_table
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser
from lexon.tokenisers.vqvae import Codes, VQVAETokeniser
from lexon.training import TensorTable, predict, seeded

TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
CODES = {
    "vq": Codes(16),
    "residual": Codes(4, "residual", 2),
    "fsq": Codes(60, "fsq", levels=(5, 4, 3)),
}
BINNED: dict[str, tuple[Any, Any, bool]] = {
    "binned": (5, "correct", True),
    "axes": ("4x3x2", "correct", False),
    "flawed": (5, "flawed_2026", True),
}
NAMES = ("direct", "direct_5", "no_pid", *BINNED, *CODES)


def fitted(train: Events) -> dict[str, Tokeniser]:
    """Tokenisers by name, one for each way that they can be made."""
    found: dict[str, Tokeniser] = {
        "direct": DirectTokeniser(4, True).fit(train),
        "direct_5": DirectTokeniser(5, True).fit(train),
        "no_pid": DirectTokeniser(4, False).fit(train),
    }
    found |= {name: BinnedTokeniser(*made).fit(train) for name, made in BINNED.items()}
    return found | {name: _codes(codes, train) for name, codes in CODES.items()}


def _codes(codes: Codes, train: Events) -> VQVAETokeniser:
    """A VQ-VAE whose codebook one batch has placed."""
    unfitted = VQVAETokeniser.unfitted(4, True, 5, codes).fit(train)
    with seeded(0):
        model = VQVAE(
            n_features=4,
            codebook_size=codes.codebook_size,
            latent_dim=3,
            hidden_dim=8,
            id_embed_dim=2,
            commitment=0.25,
            decay=0.9,
            normalisation=unfitted.direct.state()["fitted"],
            quantiser=codes.quantiser,
            stages=codes.stages,
            levels=codes.levels,
        )
        model.train()
        model.loss(unfitted.inputs(train).tensors)
    return unfitted.with_model(model.eval())


@dataclass(frozen=True)
class Study:
    """A network that was never trained, and the tables that it is shown."""

    tokeniser: Tokeniser
    model: Any
    asked: frozenset[str]
    met: bool

    @property
    def whole(self) -> WholeClassifier:
        return WholeClassifier(self.tokeniser, self.model, self.asked, TYPES, self.met).eval()

    def scores(self, events: Events) -> np.ndarray:
        """As a member's evaluation computes them."""
        return predict(self.model, table(self.tokeniser, events, self.asked, self.met), 64, "cpu")


def table(
    tokeniser: Tokeniser, events: Events, asked: frozenset[str], met: bool = True
) -> TensorTable:
    tokens, zeros = tokeniser.encode(events), np.zeros(len(events), np.int64)
    plain = tensor_table(ClassifiedTokens(tokens, zeros, zeros, zeros, ""))
    more, seen = {}, decoded(tokens, tokeniser)
    if "event" in asked:
        columns = event_features(seen, TYPES)
        shown = columns if met else columns.drop(columns=list(OF_MET))
        more["event"] = torch.from_numpy(shown.to_numpy())
    if "p4" in asked:
        more["p4"] = torch.from_numpy(seen.p4)
    return replace(
        plain, tensors=plain.tensors | more, ragged=plain.ragged | (more.keys() & {"p4"})
    )


def study(
    tokeniser: Tokeniser, train: Events, event: bool = False, met: bool = True, **options: Any
) -> Study:
    """A network with options of the classifier, whose scores differ from event to event."""
    pairwise = options.get("pairwise", "none")
    asked = frozenset(["event"] * event + ["p4"] * (pairwise != "none"))
    shown = table(tokeniser, train, asked, met).tensors
    size = {"dim": 16, "depth": 2, "heads": 4, "mlp_dim": 16, "dropout": 0.1, "pool": "mean"}
    with seeded(1):
        model = Classifier(
            n_classes=3,
            vocab_size=tokeniser.vocab_size,
            n_features=tokeniser.n_features,
            met=met,
            event_features=shown["event"].shape[1] if event else 0,
            **size | options,
        )
        torch.nn.init.normal_(model.head.weight, std=0.3)
    model.standardise(shown)
    if event:  # what untrained codes leave nearly constant would show rounding and nothing else
        model.event.scale.clamp_(min=0.02)
    return Study(tokeniser, model.eval(), asked, met)
