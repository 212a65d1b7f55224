"""The shipped table is sound, and a damaged one is refused with a reason."""

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.physics import invariant_mass
from lexon.simulation.hard_events import MASS, OUTGOING, load_table


@pytest.fixture(scope="module")
def arrays():
    """Ten good rows of each process, as the file holds them."""
    return {
        key: value
        for process, hard in load_table().events.items()
        for key, value in {
            f"{process}_id": np.concatenate([hard.incoming[:10], hard.pdg[:10]], axis=1),
            f"{process}_p3": hard.p4[:10, :, 1:],
            f"{process}_x": np.stack([hard.p4[:10, :, 3].sum(1), np.zeros(10)], axis=-1),
        }.items()
    }


def write(path, arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("process", OUTGOING)
def test_shipped_particles_have_their_masses_and_balance(process):
    hard = load_table().events[process]
    assert len(hard) > 4900
    np.testing.assert_allclose(
        invariant_mass(hard.p4),
        np.broadcast_to([MASS[c] for c in OUTGOING[process]], hard.pdg.shape),
        rtol=1e-6,
    )
    assert np.abs(hard.p4[..., 1:3].sum(1)).max() < 0.01


@pytest.mark.parametrize("process", OUTGOING)
def test_shipped_events_conserve_charge_and_occur_once(process):
    hard = load_table().events[process]
    charge = {
        6: 2 / 3,
        24: 1,
        23: 0,
        25: 0,
        21: 0,
        1: -1 / 3,
        3: -1 / 3,
        5: -1 / 3,
        2: 2 / 3,
        4: 2 / 3,
    }
    total = [
        sum(np.sign(codes) * np.vectorize(charge.get)(np.abs(codes)) for codes in side.T)
        for side in (hard.incoming, hard.pdg)
    ]
    np.testing.assert_allclose(*total, atol=1e-9)
    assert len(np.unique(hard.p4.reshape(len(hard), -1), axis=0)) == len(hard)


def test_a_table_like_the_shipped_one_is_read(tmp_path, arrays):
    assert len(load_table(write(tmp_path / "t.npz", arrays)).events["ttZ"]) == 10


def test_a_process_without_arrays_is_named(tmp_path, arrays):
    path = write(
        tmp_path / "t.npz", {name: array for name, array in arrays.items() if name != "ttH_p3"}
    )
    with pytest.raises(DataError, match="ttH_p3 missing.*install lexon again"):
        load_table(path)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("ttW_id", lambda a: np.where(a == 6, 5, a), "row 0: outgoing particles other than"),
        (
            "ttW_p3",
            lambda a: a * np.where(np.arange(10) == 4, np.nan, 1)[:, None, None],
            "row 4: non-finite momentum",
        ),
        ("ttW_p3", lambda a: a + np.eye(10)[7][:, None, None], "row 7: momentum out of balance"),
        (
            "ttW_p3",
            lambda a: a[:, :2],
            r"ttW_p3 is float64 \[10, 2, 3\], need numbers \[10, 3, 3\]",
        ),
        ("ttW_x", lambda a: a[:-1], r"ttW_x is float64 \[9, 2\]"),
        ("ttW_x", lambda a: a.astype(str), "ttW_x is <U"),
        ("ttW_id", lambda a: a[:0], "at least one row"),
    ],
)
def test_a_damaged_array_is_named_with_its_row(tmp_path, arrays, name, damage, message):
    with pytest.raises(DataError, match=message):
        load_table(write(tmp_path / "t.npz", arrays | {name: damage(arrays[name])}))


@pytest.mark.parametrize("content", [b"", b"not a table", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"t\.npz: not a readable table of hard events.*install lexon again"
    ):
        load_table(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="not a readable table"):
        load_table(tmp_path / "absent.npz")
