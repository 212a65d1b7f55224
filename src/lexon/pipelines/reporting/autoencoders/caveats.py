"""What a reader must know before believing a comparison of autoencoders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lexon.experiments import Result
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.autoencoders.cells import NEARLY_EXACT, GridCell


def caveats(cells: Sequence[GridCell], n_changes: int, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells for result in cell.finished]
    if not finished:
        return shared.incomplete(cells)
    return [
        *shared.incomplete(cells),
        *shared.seeds(cells),
        *_shown(finished),
        *_meaning(cells),
        *_nearly_exact(cells),
        *shared.small_sample(shared.data_of(finished), "train", shared.SMALL_TRAINING, "events"),
        *shared.of_the_data(finished),
        *shared.not_converged(finished),
        *shared.verdicts({"paired comparisons": n_changes}, f"a relative change above {min_effect:.0%} (report.min_effect.loss)"),
        *shared.copies(cells),
        *shared.mixed_code(finished),
    ]


def _shown(finished: Sequence[Result]) -> list[str]:
    shown = Counter(bool(result.member.config["autoencoder"]["encoder_globals"]) for result in finished)
    if len(shown) > 1:
        return ["Some encoders were shown MET (encoder_globals), others not: compare them knowing which."]
    if shown[True]:
        return [
            "The encoder was shown MET (encoder_globals=true): a small rec_globals says that the bottleneck lets MET through. "
            "Whether the objects tell MET is asked with encoder_globals=false."
        ]
    return ["The encoder was not shown MET (encoder_globals=false): whatever the latents hold of it was told by the objects."]


def _meaning(cells: Sequence[GridCell]) -> list[str]:
    zero = any(cell.beta == 0 and cell.finished for cell in cells)
    head = (
        [
            "At globals_beta 0 the head learnt from detached latents: rec_globals is then what the latents give away by themselves; its "
            "weighted term is 0 by construction."
        ]
        if zero
        else []
    )
    return [*head, "rec_globals is unweighted everywhere; total losses of different globals_beta are sums of different things."]


def _nearly_exact(cells: Sequence[GridCell]) -> list[str]:
    exact = [cell.label for cell in cells if cell.nearly_exact]
    if not exact:
        return []
    return [
        f"Objects come back nearly exactly in {'; '.join(exact)} (rec_tokens below {NEARLY_EXACT:.0%} of what a constant answer costs): "
        "relative changes between such cells can be certain and still mean little."
    ]
