"""A corruption touches one object of each event and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lexon.config import AutoencoderConfig, AutoencoderMember, DirectConfig
from lexon.events import Events
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS, visible


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_one_object_is_wrong_and_the_event_stays_valid(
    make_events: Callable[..., Events], name: str
) -> None:
    events = make_events(300)
    changed = CORRUPTIONS[name](events, np.random.default_rng(0)).validate("corrupted")
    touched = (changed.ids != events.ids) | (changed.p4 != events.p4).any(-1)
    np.testing.assert_array_equal(touched.sum(1), events.mask.any(1))
    np.testing.assert_array_equal(changed.mask, events.mask)
    np.testing.assert_array_equal(changed.met, events.met)


def test_smearing_scales_the_whole_four_vector(make_events: Callable[..., Events]) -> None:
    events = make_events(300)
    changed = CORRUPTIONS["smear_pt"](events, np.random.default_rng(0))
    real = events.mask
    np.testing.assert_allclose(
        changed.energy[real] / events.energy[real], changed.pt[real] / events.pt[real], rtol=1e-5
    )
    np.testing.assert_array_equal(changed.p4[..., 2:], events.p4[..., 2:])


@pytest.mark.parametrize(
    ("encoder", "shown", "pid", "invisible"),
    [
        ("mlp", False, True, {"rotate_object"}),
        ("mlp", True, True, set()),
        ("transformer", False, True, set()),
        ("transformer", True, False, {"swap_type"}),
    ],
)
def test_what_a_model_cannot_see_is_no_test_of_it(
    encoder: str, shown: bool, pid: bool, invisible: set[str]
) -> None:
    settings = AutoencoderConfig.model_construct(encoder=encoder, encoder_globals=shown)
    member = AutoencoderMember.model_construct(
        autoencoder=settings, tokeniser=DirectConfig(vector=4, pid=pid)
    )
    assert set(CORRUPTIONS) - set(visible(member)) == invisible
