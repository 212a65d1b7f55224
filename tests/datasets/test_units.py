import numpy as np
import pytest

from lexon.datasets.units import UNITS, decide_unit, from_gev, possible_units, to_gev
from lexon.errors import DataError


@pytest.fixture
def objects(make_events):
    events = make_events(200)
    return events.p4[events.mask], events.met


def _in_unit(objects, unit):
    p4, met = objects
    return np.concatenate([from_gev(p4[:, :2], unit), p4[:, 2:]], axis=1), from_gev(met, unit)


@pytest.mark.parametrize("unit", UNITS)
def test_the_same_events_reveal_each_unit(objects, unit):
    decision = decide_unit(*_in_unit(objects, unit), None, "here")
    assert decision.unit == unit
    assert "decided from the data" in decision.why
    assert "E >= pT cosh(eta)" in decision.why


@pytest.mark.parametrize("unit", UNITS)
def test_conversion_and_its_inverse_cancel(unit):
    gev = np.geomspace(1e-2, 1e4, 50).astype(np.float32)
    np.testing.assert_allclose(to_gev(from_gev(gev, unit), unit), gev, rtol=3e-6)
    assert to_gev(from_gev(np.zeros(1, np.float32), unit), unit)[0] == 0


def test_a_known_value():
    np.testing.assert_allclose(to_gev(np.array([13.078]), "ln(MeV)"), [478.3], rtol=1e-3)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("declared", UNITS)
def test_a_declared_unit_is_believed_unless_the_data_say_otherwise(objects, unit, declared):
    raw = _in_unit(objects, unit)
    if declared == unit:
        assert "as declared" in decide_unit(*raw, declared, "here").why
    else:
        with pytest.raises(
            DataError,
            match=r"was declared, but .* so it is " + unit.replace("(", r"\(").replace(")", r"\)"),
        ):
            decide_unit(*raw, declared, "here")


def test_too_few_objects_ask_for_a_declaration_and_take_it(objects):
    p4, met = objects
    few = p4[np.abs(p4[:, 2]) < 1]
    with pytest.raises(DataError, match=r"only 0 objects .* events.energy_unit"):
        decide_unit(few, met, None, "here")
    assert decide_unit(few, met, "GeV", "here").unit == "GeV"


def test_absurd_magnitudes_ask_for_a_declaration_and_take_it(objects):
    p4, met = objects
    between = p4 * np.array([30, 30, 1, 1])
    with pytest.raises(DataError, match="one of GeV, MeV: choose it"):
        decide_unit(between, met, None, "here")
    assert decide_unit(between, met, "GeV", "here").unit == "GeV"


@pytest.mark.parametrize("swap", [[1, 0, 2, 3], [0, 2, 1, 3]])
def test_columns_in_another_order_fit_no_unit(objects, swap):
    p4, met = objects
    with pytest.raises(DataError, match="cannot be"):
        decide_unit(p4[:, swap] * np.array([1, 0.9, 1, 1]), met, None, "here")


def test_logarithms_of_gev_are_not_mistaken_for_logarithms_of_mev(objects):
    p4, _ = objects
    logs = np.concatenate([np.log(p4[:, :2]), p4[:, 2:]], axis=1)
    assert possible_units(logs)[0] == ()


@pytest.mark.parametrize(
    ("energies", "met"), [("ln(MeV)", "MeV"), ("MeV", "ln(MeV)"), ("GeV", "MeV"), ("MeV", "GeV")]
)
def test_met_in_another_unit_is_refused(objects, energies, met):
    with pytest.raises(DataError, match="MET would then have a median of"):
        decide_unit(_in_unit(objects, energies)[0], _in_unit(objects, met)[1], None, "here")


def test_smeared_energies_and_a_few_broken_objects_do_not_change_the_decision(objects):
    p4, met = objects
    smeared = p4.copy()
    smeared[:, 0] *= np.random.default_rng(0).normal(1, 0.02, len(p4))
    smeared[:3] = np.nan
    smeared[3:6, 1] *= -1
    assert decide_unit(smeared, met, None, "here").unit == "GeV"
