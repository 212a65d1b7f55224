"""The classifier: tokens of an event -> NormFormer encoder -> one vector -> class scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from lexon.errors import ConfigurationError
from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.models import Batch, Network
from lexon.models.layers import Encoder, Pool, pool_tokens, sinusoidal_positions

MET_FEATURES = 3
MET_TYPE = N_TYPES + 1


class CodeEmbedding(nn.Module):
    """Integer codes [N, T] and MET codes [N, 2] -> vectors. One table: a code says by itself what it is."""

    def __init__(self, vocab_size: int, dim: int) -> None:
        super().__init__()
        self.codes = nn.Embedding(vocab_size, dim)

    def objects(self, batch: Batch) -> Tensor:
        return self.codes(batch["values"])

    def met(self, batch: Batch) -> Tensor:
        return self.codes(batch["met"])


class FeatureEmbedding(nn.Module):
    """Continuous objects [N, T, F] and MET [N, 3] -> vectors: a projection each, plus an embedding of the type.

    Neither projection has a bias, which the type embedding would only repeat.
    """

    def __init__(self, n_features: int, dim: int, met: bool) -> None:
        super().__init__()
        self.types = nn.Embedding(N_TYPES + 1 + met, dim)
        self.object_projection = nn.Linear(n_features, dim, bias=False)
        self.met_projection = nn.Linear(MET_FEATURES, dim, bias=False) if met else None

    def objects(self, batch: Batch) -> Tensor:
        return self.object_projection(batch["values"]) + self.types(batch["types"])

    def met(self, batch: Batch) -> Tensor:
        assert self.met_projection is not None
        return (self.met_projection(batch["met"]) + self.types.weight[MET_TYPE])[:, None]


class Classifier(Network):
    """Transformer over CLS, MET (if `met`) and the objects of an event, in their order.

    Sinusoidal positions count the objects; CLS and MET stand in front without one, so trailing padding can be cut.
    Continuous MET is one token, integer MET two. MET takes part in attention and pooling, CLS not in mean and max,
    padding in nothing, whatever it holds. Dropout acts on the embedded tokens and on the output of each residual branch.

    Args:
        n_classes: columns of the score.
        vocab_size: number of integer codes, or None for continuous values.
        n_features: features per object of continuous values, or None for integer codes.
        pool: how the tokens become one vector: ``cls``, ``mean`` or ``max``.
        met: whether MET is shown.
        dim, depth, heads, mlp_dim, dropout: of the encoder.
        label_smoothing: of the training loss; the validation loss is the plain cross-entropy.

    Raises:
        ValueError: not exactly one of `vocab_size` and `n_features` is given.
    """

    def __init__(
        self,
        *,
        n_classes: int,
        vocab_size: int | None,
        n_features: int | None,
        pool: Pool,
        met: bool,
        dim: int,
        depth: int,
        heads: int,
        mlp_dim: int,
        dropout: float,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.pool, self.with_met, self.label_smoothing = pool, met, label_smoothing
        self.embedding = make_embedding(vocab_size, n_features, dim, met)
        self.cls = nn.Parameter(torch.randn(dim))
        self.positions = nn.Buffer(sinusoidal_positions(MAX_OBJECTS, dim), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.encoder = Encoder(dim, depth, heads, mlp_dim, dropout)
        self.head = nn.Linear(dim, n_classes)

    @torch.no_grad()
    def start_from_codebook(self, codebook: Tensor) -> None:
        """Let the embedding of tokens 1..K start from the vectors [K, D] of a VQ-VAE's codes; it stays trainable.

        Centred, rotated into `dim` dimensions by a random semi-orthogonal matrix and scaled to the spread of the other rows: what is near
        in the codebook starts near here, all proportions kept where D <= `dim`.

        Raises:
            ConfigurationError: there are fewer tokens than codes, or values are continuous.
        """
        if not isinstance(self.embedding, CodeEmbedding) or len(codebook) >= self.embedding.codes.num_embeddings:
            known = f"vocab_size={self.recipe['vocab_size']}, so it is not shown these {len(codebook)} codes"
            raise ConfigurationError(f"start_from_codebook: the classifier has {known}; use tokeniser=vqvae, or leave it out")
        table = self.embedding.codes.weight
        rotation = nn.init.orthogonal_(table.new_empty(table.shape[1], codebook.shape[1]))
        vectors = (codebook - codebook.mean(0)).to(table) @ rotation.T
        table[1 : len(codebook) + 1] = vectors / vectors.std()

    def tokens(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Embedded tokens [N, 1 + n_met + T, D], CLS first, and their mask; padding is zero."""
        mask = batch["mask"]
        objects = self.embedding.objects(batch) + self.positions[: mask.shape[1]]
        front = [self.cls.expand(len(mask), 1, -1)]
        if self.with_met:
            front.append(self.embedding.met(batch))
        tokens = torch.cat([*front, objects.masked_fill(~mask[..., None], 0)], dim=1)
        return tokens, pad(mask, (tokens.shape[1] - mask.shape[1], 0), value=True)

    def represent(self, batch: Batch) -> Tensor:
        """The pooled vector of each event [N, D]."""
        tokens, mask = self.tokens(batch)
        return pool_tokens(self.encoder(self.dropout(tokens), mask), mask, self.pool)

    def forward(self, batch: Batch) -> Tensor:
        """Class logits [N, n_classes]."""
        return self.head(self.represent(batch))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy in nats, smoothed in training mode only, and the accuracy."""
        logits, target = self(batch), batch["target"]
        loss = cross_entropy(logits, target, label_smoothing=self.label_smoothing if self.training else 0.0)
        return loss, {"accuracy": (logits.detach().argmax(-1) == target).float().mean()}

    def score(self, batch: Batch) -> Tensor:
        """Class probabilities [N, n_classes]; call it in eval mode."""
        return self(batch).float().softmax(-1)


def make_embedding(vocab_size: int | None, n_features: int | None, dim: int, met: bool) -> CodeEmbedding | FeatureEmbedding:
    """How objects and MET become vectors: a table for integer codes, projections for continuous values."""
    if vocab_size is not None and n_features is None:
        return CodeEmbedding(vocab_size, dim)
    if n_features is not None and vocab_size is None:
        return FeatureEmbedding(n_features, dim, met)
    raise ValueError(f"vocab_size={vocab_size}, n_features={n_features}: give exactly one, for integer codes or for continuous values")
