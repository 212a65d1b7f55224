"""Learnt codes: each object is the code that a VQ-VAE gives it, by itself; MET and METphi are
binned.

A code of several parts (the stages of a residual quantiser, the levels of a scalar one) is one
number all the same, from which its parts can be read (`lexon.tokenisers.layout`), so that a row of
tokens looks alike for all. Codes 0..K-1 are tokens 1..K; MET follows in K + 1 .. K + n and METphi
behind it, for n bins of MET; padding is 0. `VQVAETokeniser` holds the network and encodes.
`CodeTable` is what a file of tokens keeps of it: what each code stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, fields, replace
from typing import Any, Literal, NoReturn, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lexon.config import VQVAEConfig
from lexon.config.bins import bins_of
from lexon.errors import DataError
from lexon.events import Events
from lexon.models.quantiser import QuantiserName
from lexon.models.vqvae import VQVAE
from lexon.physics import wrap_phi
from lexon.tokenisers.base import Tokeniser, Tokens
from lexon.tokenisers.binning import Axis, quantiles_for
from lexon.tokenisers.direct import DirectTokeniser
from lexon.tokenisers.layout import Layout, Part
from lexon.training import TensorTable, predict

BATCH_SIZE = 1024


@dataclass(frozen=True)
class Codes:
    """What decides how codes are numbered: see `lexon.models.quantiser`."""

    codebook_size: int
    quantiser: QuantiserName = "vq"
    stages: int = 1
    levels: tuple[int, ...] = ()

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> Self:
        """Of a network's recipe; those of earlier versions name the size only."""
        own = {field.name: recipe[field.name] for field in fields(cls) if field.name in recipe}
        return cls(**own | {"levels": tuple(own.get("levels", ()))})

    @property
    def parts(self) -> tuple[Part, ...]:
        match self.quantiser:
            case "vq":
                return (Part("code", self.codebook_size),)
            case "residual":
                return tuple(
                    Part(f"stage {i}", self.codebook_size) for i in range(1, self.stages + 1)
                )
            case "fsq":
                return tuple(
                    Part(f"level {i}", size, "line") for i, size in enumerate(self.levels, 1)
                )


@dataclass(frozen=True)
class MetBins:
    """Bins 1..n of MET and of its azimuth, as tokens above those of K codes.

    Attributes:
        met: equally filled by the fitted events.
        phi: equal shares of the full circle.
        first: token of the first MET bin, K + 1.
    """

    met: Axis
    phi: Axis
    first: int

    @classmethod
    def fit(cls, met: NDArray[np.floating], n_bins: int | str, first: int) -> Self:
        """See `Axis.equally_filled` for what is raised."""
        n = bins_of(n_bins)
        quantiles = quantiles_for(n["met"])
        quantiles.count(met)
        quantiles.refine(met)
        return cls(
            Axis.equally_filled(quantiles, n["met"], "met", flawed=False),
            Axis.full_circle(n["met_phi"], flawed=False),
            first,
        )

    @property
    def parts(self) -> tuple[Part, Part]:
        return _parts(self.met.n, self.phi.n)

    def encode(self, events: Events) -> NDArray[np.int64]:
        """MET and METphi tokens [N, 2]."""
        bins = np.stack(
            [self.met.bin(events.met), self.phi.bin(wrap_phi(events.met_phi))], axis=-1
        ).astype(np.int64)
        return bins - 1 + self.first + np.array([0, self.met.n])

    def decode(self, tokens: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Bin centres of MET and METphi tokens [N, 2], GeV and rad."""
        met, phi = (tokens - self.first + 1 - np.array([0, self.met.n])).T
        return self.met.centre(met), self.phi.centre(phi)

    def state(self) -> dict[str, Any]:
        return {
            "met": self.met.limits.tolist(),
            "phi": self.phi.limits.tolist(),
            "first": self.first,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        met, phi = (Axis(np.array(state[name], np.float32)) for name in ("met", "phi"))
        return cls(met, phi, state["first"])


@dataclass(frozen=True)
class CodeTable(Tokeniser):
    """The object that each code stands for. It decodes tokens; to make them takes the network.

    Attributes:
        objects: type, E, pT, eta, phi of each code, float32 [K, 5]; E is 0 where it was not shown.
        met_bins: of MET and METphi.
        parts: of a code.
    """

    objects: NDArray[np.float32]
    met_bins: MetBins
    parts: tuple[Part, ...]

    @property
    def layout(self) -> Layout:
        return Layout(self.parts, self.met_bins.parts)

    @property
    def vocab_size(self) -> int:
        return self.layout.vocab_size

    @property
    def n_features(self) -> None:
        return None

    def fit(self, events: Events) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("a table of codes learns nothing: train a VQ-VAE")

    def fit_chunks(self, chunks: Iterable[Events]) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("a table of codes learns nothing: train a VQ-VAE")

    def encode(self, events: Events) -> NoReturn:  # noqa: ARG002
        raise RuntimeError("a table of codes decodes only: encode with the VQ-VAE that made them")

    def decode(self, tokens: Tokens) -> Events:
        """Each code's object and the centres of the MET bins; the labels are 0."""
        mask = tokens.mask
        objects = self.objects[tokens.values[mask] - 1]
        ids, p4 = np.zeros(mask.shape, np.int8), np.zeros((*mask.shape, 4), np.float32)
        ids[mask], p4[mask] = objects[:, 0], objects[:, 1:]
        met, met_phi = self.met_bins.decode(tokens.met)
        return Events(
            ids=ids, p4=p4, met=met, met_phi=met_phi, labels=np.zeros(len(mask), np.int64)
        )

    def state(self) -> dict[str, Any]:
        """JSON; `arrays` goes beside it, too large for an attribute of a file."""
        parts = [list(astuple(part)) for part in self.parts]
        return {
            "kind": "vq_codes",
            "met_bins": self.met_bins.state(),
            "arrays": list(self.arrays()),
            "parts": parts,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"code_objects": self.objects}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """From `state` and `arrays` together; those of earlier versions know codes of one part
        only.
        """
        objects = np.asarray(state["code_objects"], np.float32)
        parts = state.get("parts", [["code", len(objects)]])
        return cls(
            objects, MetBins.from_state(state["met_bins"]), tuple(Part(*part) for part in parts)
        )


@dataclass(frozen=True)
class VQVAETokeniser(Tokeniser):
    """`fit` learns the normalisation and the MET bins, `with_model` adds the network that was
    trained on what `direct` makes.

    Attributes:
        direct: makes the network's inputs.
        n_bins: of MET and of METphi, as pT's and phi's of `BinnedTokeniser`.
        codes: how they are numbered.
        met_bins: None before `fit`.
        model: None before `with_model`.
    """

    direct: DirectTokeniser
    n_bins: int | str
    codes: Codes
    met_bins: MetBins | None = None
    model: VQVAE | None = None

    @classmethod
    def unfitted(cls, vector: Literal[4, 5], pid: bool, n_bins: int | str, codes: Codes) -> Self:
        return cls(DirectTokeniser(vector, pid), n_bins, codes)

    @classmethod
    def from_config(cls, config: VQVAEConfig) -> Self:
        return cls.unfitted(config.vector, config.pid, config.n_bins, Codes.of(dict(config)))

    @property
    def layout(self) -> Layout:
        n = bins_of(self.n_bins)
        return Layout(self.codes.parts, _parts(n["met"], n["met_phi"]))

    @property
    def n_object_tokens(self) -> int:
        return self.layout.n_object_tokens

    @property
    def vocab_size(self) -> int:
        return self.layout.vocab_size

    @property
    def n_features(self) -> None:
        return None

    def fit(self, events: Events) -> Self:
        """Everything but the network.

        Raises:
            DataError, ConfigurationError: see `DirectTokeniser.fit` and `Axis.equally_filled`.
        """
        met_bins = MetBins.fit(events.met, self.n_bins, self.n_object_tokens + 1)
        return replace(self, direct=self.direct.fit(events), met_bins=met_bins, model=None)

    def fit_chunks(self, chunks: Iterable[Events]) -> Self:
        """`fit` of all chunks at once: the network, too, is trained on events that are in
        memory.
        """
        return self.fit(Events.concatenate(list(chunks)))

    def with_model(self, model: VQVAE) -> Self:
        """The finished tokeniser.

        Raises:
            DataError: the network has another width or codebook, or was trained on another
                normalisation.
        """
        _refuse_other_inputs(model.recipe, self.direct, self.codes)
        return replace(self, model=model.eval())

    def inputs(self, events: Events) -> TensorTable:
        """The network's inputs: values, types and mask of the direct tokeniser, never cut: objects
        are encoded one by one, so padding costs nothing.
        """
        tokens = self.direct.encode(events)
        tensors = {
            name: torch.from_numpy(getattr(tokens, name)) for name in ("values", "types", "mask")
        }
        return TensorTable(tensors, lengths=tensors["mask"].sum(1))

    def encode(self, events: Events) -> Tokens:
        inputs, met = self.inputs(events), self._met_bins.encode(events)
        mask = events.mask
        # A code is a whole number below 2^24, which single precision holds exactly; padding is -1.
        codes = (
            predict(self._model, inputs, BATCH_SIZE, "cpu").astype(np.int64)
            if len(events)
            else np.zeros(mask.shape, np.int64)
        )
        return Tokens(values=codes + 1, types=inputs.tensors["types"].numpy(), mask=mask, met=met)

    def decode(self, tokens: Tokens) -> Events:
        """The objects that the codes stand for and the centres of the MET bins; the energy is 0
        where `vector` is 4, labels are 0.
        """
        return self.table().decode(tokens)

    @torch.inference_mode()
    def table(self) -> CodeTable:
        """The decoder's answer to every code."""
        quantiser = self._model.quantiser
        features, logits = self._model.decode(quantiser.lookup(torch.arange(quantiser.n_codes)))
        types = logits.argmax(-1, keepdim=True).numpy() + 1
        blank = np.zeros((len(types), 3), np.float32)
        objects = self.direct.decode(
            Tokens(features[:, None].numpy(), types, np.ones_like(types, bool), blank)
        )
        return CodeTable(
            np.concatenate([objects.ids.astype(np.float32), objects.p4[:, 0]], axis=1),
            self._met_bins,
            self.codes.parts,
        )

    def state(self) -> dict[str, Any]:
        """The table that decodes the tokens (`CodeTable`), as JSON. `content` holds the network
        too.
        """
        return self.table().state()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """``code_objects`` (`CodeTable.objects`), and ``codebook`` (`AnyQuantiser.codebook`) for an
        embedding to start from.
        """
        return {**self.table().arrays(), "codebook": self._model.quantiser.codebook.numpy()}

    def content(self) -> dict[str, Any]:
        """Everything, as plain data and tensors: torch's weights-only reader can load it."""
        model = self._model
        own = {
            "direct": self.direct.state(),
            "n_bins": self.n_bins,
            "met_bins": self._met_bins.state(),
        }
        return {
            "kind": "vqvae",
            **own,
            "model": type(model).__name__,
            "recipe": model.recipe,
            "weights": model.state_dict(),
        }

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Self:
        """The tokeniser that gave this `content()`.

        Raises:
            DataError: the parts do not belong together.
        """
        try:
            direct, recipe = DirectTokeniser.from_state(content["direct"]), content["recipe"]
            codes = Codes.of(recipe)
            _refuse_other_inputs(recipe, direct, codes)
            model = VQVAE(**recipe)
            model.load_state_dict(content["weights"])
            return cls(
                direct,
                content["n_bins"],
                codes,
                MetBins.from_state(content["met_bins"]),
                model.eval(),
            )
        except (KeyError, TypeError, RuntimeError) as error:
            raise DataError(
                f"vqvae: recipe, weights and normalisation do not make a tokeniser ({error}); train"
                " it again"
            ) from error

    @property
    def _met_bins(self) -> MetBins:
        if self.met_bins is None:
            raise RuntimeError("this tokeniser is not fitted")
        return self.met_bins

    @property
    def _model(self) -> VQVAE:
        if self.model is None:
            raise RuntimeError("this tokeniser has no network yet: train one (with_model)")
        return self.model


def _parts(n_met: int, n_phi: int) -> tuple[Part, Part]:
    return Part("met", n_met, "line"), Part("met_phi", n_phi, "circle")


def _refuse_other_inputs(recipe: Mapping[str, Any], direct: DirectTokeniser, codes: Codes) -> None:
    """A network answers to what it was trained on; anything else would give codes without a
    meaning.
    """
    wanted = {
        "n_features": direct.vector,
        "normalisation": direct.state()["fitted"],
        **asdict(codes),
    }
    found = {**recipe, **asdict(Codes.of(recipe))}
    for name, value in wanted.items():
        if found[name] != value:
            raise DataError(
                f"vqvae: the network was trained with {name}={found[name]}, but is to encode"
                f" {name}={value}; train it again"
            )
