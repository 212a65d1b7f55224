"""A Les Houches file becomes rows of the table."""

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.physics import invariant_mass
from lexon.simulation.hard_events import OUTGOING, load_table
from lexon.simulation.lhe import read_lhe


def write_lhe(path, hard, energies):
    """The events with their particles in an unhelpful order, and a comment as generators
    leave it.
    """
    lines = ["<LesHouchesEvents>"]
    for incoming, pdg, p4, energy in zip(hard.incoming, hard.pdg, hard.p4, energies, strict=True):
        rows = [
            (code, -1, 0, 0, sign * e, e)
            for code, sign, e in zip(incoming[::-1], (-1, 1), energy[::-1], strict=True)
        ]
        rows += [(code, 1, *p[1:], p[0]) for code, p in zip(pdg[::-1], p4[::-1], strict=True)]
        lines += ["<event>", f" {len(rows)} 1 1.0 91.2 0.0078 0.118"]
        lines += [
            f"{c} {s} 0 0 0 0 {px:.9e} {py:.9e} {pz:.9e} {e:.9e} 0.0 0.0 9.0"
            for c, s, px, py, pz, e in rows
        ]
        lines += ["# weight 1", "</event>"]
    path.write_text("\n".join([*lines, "</LesHouchesEvents>"]))
    return path


@pytest.mark.parametrize("process", OUTGOING)
def test_the_shipped_rows_survive_the_round_trip(tmp_path, process):
    hard = load_table().events[process][:20]
    total = hard.p4.sum(1)
    energies = np.stack([(total[:, 0] + total[:, 3]) / 2, (total[:, 0] - total[:, 3]) / 2], axis=-1)
    arrays = read_lhe(write_lhe(tmp_path / "a.lhe", hard, energies), process)
    np.testing.assert_array_equal(arrays[f"{process}_id"][:, :2], hard.incoming)
    np.testing.assert_array_equal(np.sort(arrays[f"{process}_id"][:, 2:]), np.sort(hard.pdg))
    np.testing.assert_array_equal(
        np.abs(arrays[f"{process}_id"][:, 2:]), np.broadcast_to(OUTGOING[process], hard.pdg.shape)
    )
    np.testing.assert_allclose(arrays[f"{process}_p3"].sum(1), total[:, 1:], atol=1e-3)
    np.testing.assert_allclose(arrays[f"{process}_x"], energies, rtol=1e-6)
    assert invariant_mass(total).min() > 2 * 172


def test_duplicates_are_removed(tmp_path):
    hard = load_table().events["ttZ"][np.array([3, 1, 3])]
    assert (
        len(read_lhe(write_lhe(tmp_path / "a.lhe", hard, np.full((3, 2), 500.0)), "ttZ")["ttZ_id"])
        == 2
    )


@pytest.mark.parametrize(
    "text",
    ["", "<event>\n 2 1 1 1 1 1\n1 -1\n</event>\n<event>\n 3 1 1 1 1 1\n1 -1\n2 1\n</event>"],
)
def test_a_file_without_events_of_one_shape_is_refused(tmp_path, text):
    path = tmp_path / "a.lhe"
    path.write_text(text)
    with pytest.raises(DataError, match=r"a\.lhe: \d events of \d shapes"):
        read_lhe(path, "ttZ")
