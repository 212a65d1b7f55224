from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lexon.metrics.reconstruction import reconstruction_errors

TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
ALL = ("energy", "pt", "eta", "phi")


@pytest.fixture
def truth(make_events):
    return make_events(200)


def moved(events, *shift):
    return replace(
        events, p4=np.where(events.mask[..., None], events.p4 + np.array(shift, np.float32), 0)
    )


def test_what_comes_back_as_it_was_has_no_error(truth):
    for row in reconstruction_errors(truth, truth, ALL, TYPES).values():
        assert row["type_accuracy"] == 1
        assert all(value == 0 for name, value in row.items() if name not in ("n", "type_accuracy"))


def test_a_shift_is_a_bias_in_the_unit_of_the_quantity(truth):
    row = reconstruction_errors(truth, moved(truth, 5, -2, 0.5, 0.1), ALL, TYPES)["all"]
    for quantity, shift in zip(ALL, (5, -2, 0.5, 0.1), strict=True):
        assert row[f"{quantity}_bias"] == pytest.approx(shift, rel=1e-3)
        assert row[f"{quantity}_mae"] == pytest.approx(abs(shift), rel=1e-3)
        assert row[f"{quantity}_rmse"] == pytest.approx(abs(shift), rel=1e-3)


def test_a_full_turn_is_no_error_and_an_unasked_quantity_no_column(truth):
    row = reconstruction_errors(truth, moved(truth, 0, 0, 0, 2 * np.pi), ("pt", "phi"), TYPES)[
        "all"
    ]
    assert row["phi_mae"] < 1e-5
    assert "energy_mae" not in row


def test_types_are_judged_one_by_one(truth):
    as_jets = replace(truth, ids=np.where(truth.mask, 1, 0).astype(np.int8))
    rows = reconstruction_errors(truth, as_jets, ("pt",), TYPES)
    assert list(rows) == ["all", *TYPES.values()]
    assert rows["jet"]["type_accuracy"] == 1
    assert rows["photon"]["type_accuracy"] == 0
    assert rows["all"]["n"] == truth.mask.sum() == sum(rows[name]["n"] for name in TYPES.values())
    assert rows["all"]["type_accuracy"] == pytest.approx((truth.ids[truth.mask] == 1).mean())


def test_a_type_that_does_not_occur_has_no_row(truth):
    few = truth[~(truth.ids == 7).any(1)]
    assert "photon" not in reconstruction_errors(few, few, ("pt",), TYPES)
