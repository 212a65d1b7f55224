"""How integer tokens become vectors, by name (`lexon.models.embeddings`)."""

from __future__ import annotations

from typing import Literal

EmbeddingName = Literal["table", "factorised", "factorised_ordinal", "codebook", "frozen_codebook"]
# Whether the values of a token's part are in an order: on a line, or on a circle, where the last is
# next to the first.
Order = Literal["none", "line", "circle"]
# The one that is meant where a configuration names none: those of earlier versions never do.
TABLE: EmbeddingName = "table"
# Those that need tokens with several parts, and those that need a codebook.
OF_PARTS: tuple[EmbeddingName, ...] = ("factorised", "factorised_ordinal")
OF_CODEBOOK: tuple[EmbeddingName, ...] = ("codebook", "frozen_codebook")


def why_not(embedding: str, tokens: str, possible: tuple[EmbeddingName, ...]) -> str:
    """Why tokens cannot become vectors in this way, with what they can; empty where they can.

    Args:
        embedding: value of `model.embedding`.
        tokens: what they are, in words.
        possible: what `model.embedding` may be.
    """
    if embedding in possible:
        return ""
    lacking = (
        "no codebook" if embedding in OF_CODEBOOK else "no parts of which each could have a table"
    )
    return f"model.embedding={embedding}: {tokens} have {lacking}; choose {', '.join(possible)}"
