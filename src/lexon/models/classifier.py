"""The classifier: tokens of an event -> NormFormer encoder -> one vector -> class scores."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from lexon.config.embeddings import TABLE, EmbeddingName
from lexon.events import MAX_OBJECTS
from lexon.models import Batch, Network, matrices
from lexon.models.embeddings import Vocabulary, make_embedding
from lexon.models.event_token import EventToken
from lexon.models.layers import Encoder, Pool, pool_tokens, sinusoidal_positions
from lexon.models.losses import classification_loss
from lexon.models.pairwise import PairEmbedding


class Classifier(Network):
    """Transformer over CLS, MET (if `met`), event-level quantities (if any) and the objects of an
    event, in their order.

    Positions count the objects; the tokens in front have none, so trailing padding can be cut.
    Continuous MET is one token, integer MET two. MET and quantities take part in attention and
    pooling, CLS not in mean and max, padding in nothing, whatever it holds. Dropout acts on the
    embedded tokens and on the output of each residual branch.

    Args:
        n_classes: columns of the score.
        vocab_size: number of integer codes, or None for continuous values.
        n_features: features per object of continuous values, or None for integer codes.
        pool: how the tokens become one vector: ``cls``, ``mean`` or ``max``.
        met: whether MET is shown.
        dim, depth, heads, mlp_dim, dropout: of the encoder.
        label_smoothing: of the training loss; the validation loss is the plain cross-entropy.
        embedding, vocabulary: of integer codes (`lexon.models.embeddings.make_embedding`).
        positions: ``sinusoidal``, or ``none``: the order of the objects changes nothing.
        event_features: number of event-level quantities; 0 shows none.
        pairwise: what pairs of objects do to attention: ``bias`` adds a learnt function of their
            kinematics to its logits; with ``mia``, in the first half of the blocks, such functions
            alone decide, in as many heads as `dim`.
        max_objects: the most objects of an event, which have positions.

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
        embedding: EmbeddingName = TABLE,
        vocabulary: Vocabulary | None = None,
        positions: Literal["sinusoidal", "none"] = "sinusoidal",
        event_features: int = 0,
        pairwise: Literal["none", "bias", "mia"] = "none",
        max_objects: int = MAX_OBJECTS,
    ) -> None:
        super().__init__()
        self.pool, self.with_met, self.label_smoothing = pool, met, label_smoothing
        self.embedding = make_embedding(vocab_size, n_features, dim, met, embedding, vocabulary)
        self.cls = nn.Parameter(torch.randn(dim))
        self.positions = (
            nn.Buffer(sinusoidal_positions(max_objects, dim), persistent=False)
            if positions == "sinusoidal"
            else None
        )
        self.dropout = nn.Dropout(dropout)
        self.encoder = Encoder(
            dim, depth, heads, mlp_dim, dropout, interacting=depth // 2 if pairwise == "mia" else 0
        )
        self.head = nn.Linear(dim, n_classes)
        self.event = EventToken(event_features, dim) if event_features else None
        self.pairs = (
            PairEmbedding(heads, dim if pairwise == "mia" else 0) if pairwise != "none" else None
        )

    def standardise(self, training: Batch) -> None:
        """Take the statistics of event-level quantities and of pairs from the training split."""
        if self.event is not None:
            self.event.standardise(training["event"])
        if self.pairs is not None:
            self.pairs.standardise(training["p4"], training["mask"])

    def hidden_matrices(self) -> list[nn.Parameter]:
        """Those of the blocks: what reads the inputs and what gives the scores is left out."""
        return matrices(self.encoder)

    def tokens(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Embedded tokens [N, front + T, D], CLS first, and their mask; padding is zero."""
        mask = batch["mask"]
        objects = self.embedding.objects(batch)
        if self.positions is not None:
            objects = objects + self.positions[: mask.shape[1]]
        front = [self.cls.expand(mask.shape[0], 1, -1)]
        if self.with_met:
            front.append(self.embedding.met(batch))
        if self.event is not None:
            front.append(self.event(batch["event"]))
        tokens = torch.cat([*front, objects.masked_fill(~mask[..., None], 0)], dim=1)
        return tokens, pad(mask, (tokens.shape[1] - mask.shape[1], 0), value=True)

    def represent(self, batch: Batch) -> Tensor:
        """The pooled vector of each event [N, D]."""
        tokens, mask = self.tokens(batch)
        pairs = self.pairs(batch["p4"], mask) if self.pairs is not None else None
        return pool_tokens(self.encoder(self.dropout(tokens), mask, pairs), mask, self.pool)

    def forward(self, batch: Batch) -> Tensor:
        """Class logits [N, n_classes]."""
        return self.head(self.represent(batch))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy in nats, smoothed in training mode only, and the accuracy; weighted where
        the batch has weights.
        """
        return classification_loss(
            self(batch), batch, self.label_smoothing if self.training else 0.0
        )

    def score(self, batch: Batch) -> Tensor:
        """Class probabilities [N, n_classes]; call it in eval mode."""
        return self(batch).float().softmax(-1)
