"""Other files: read where they lie beside the file or where the user allows it, counted, or
refused.
"""

from __future__ import annotations

import os

import h5py
import numpy as np
import pytest

from lexon.datasets.hdf5 import content_digest, linked_files, reading
from lexon.errors import DataError


def values(path, linked_data=None, name="X"):
    with reading(path, linked_data) as file:
        return file[name][()]


def outside(tmp_path, kind, target, virtual):
    """A file that refers to X of another one."""
    path = tmp_path / "whole.h5"
    if kind == "virtual dataset":
        return virtual([str(target)], path)
    with h5py.File(path, "w") as file:
        if kind == "external link":
            file["X"] = h5py.ExternalLink(str(target), "/X")
        else:
            file.create_dataset("X", (10, 3), "f8", external=[(str(target), 0, 240)])
    return path


def write_target(path, kind):
    path.parent.mkdir(exist_ok=True)
    if kind == "external storage":
        path.write_bytes(np.arange(30.0).tobytes())
        return
    with h5py.File(path, "w") as file:
        file["X"] = np.arange(30.0).reshape(10, 3)


KINDS = ["virtual dataset", "external link", "external storage"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_beside_is_read_counted_and_named_wherever_the_command_is_given(
    tmp_path, monkeypatch, virtual, kind
):
    write_target(tmp_path / "part", kind)
    path = outside(tmp_path, kind, "part", virtual)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.testing.assert_array_equal(values(path), np.arange(30.0).reshape(10, 3))
    assert linked_files(path) == (tmp_path / "part",)
    before = content_digest(path)
    content = bytearray((tmp_path / "part").read_bytes())
    content[-1] ^= 1
    (tmp_path / "part").write_bytes(content)
    assert content_digest(path) != before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["absolute", "above", "symbolic link"])
def test_a_file_elsewhere_is_refused_until_the_user_allows_its_folder(tmp_path, virtual, kind, way):
    far = tmp_path / "far" / "part"
    write_target(far, kind)
    home = tmp_path / "home"
    home.mkdir()
    name = {"absolute": far, "above": "../far/part", "symbolic link": "alias"}[way]
    (home / "alias").symlink_to(far)
    path = outside(home, kind, name, virtual)
    with pytest.raises(
        DataError,
        match=rf"refers to {far} \({kind}\), which is not beside it.*linked_data={far.parent}",
    ):
        values(path)
    assert linked_files(path) == ()
    np.testing.assert_array_equal(values(path, tmp_path / "far"), np.arange(30.0).reshape(10, 3))
    assert linked_files(path, tmp_path / "far") == (far,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_gone_is_reported(tmp_path, virtual, kind):
    with pytest.raises(DataError, match=r"refers to gone.h5 .* does not exist"):
        values(outside(tmp_path, kind, "gone.h5", virtual))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fifo_instead_of_a_file_is_refused_at_once(tmp_path, virtual, kind):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(DataError, match="is a FIFO"):
        values(outside(tmp_path, kind, "fifo", virtual))


def test_one_of_several_sources_that_is_missing_unreadable_or_too_short_is_reported(
    tmp_path, part, virtual
):
    part("a.h5")
    second = part("b.h5", 100)
    path = virtual(["a.h5", "b.h5"])
    assert values(path).shape == (20, 3)
    with h5py.File(second, "w") as file:
        file["X"] = np.zeros((9, 3))
    with pytest.raises(DataError, match=r"b.h5: X has shape \(9, 3\), less than"):
        values(path)
    with h5py.File(second, "w") as file:
        file["other"] = np.zeros((10, 3))
    with pytest.raises(DataError, match=r"b.h5: has no X; it has other"):
        values(path)
    second.write_bytes(second.read_bytes()[:900])
    with pytest.raises(DataError, match=r"b.h5: this HDF5 file is truncated"):
        values(path)


def test_rows_of_a_virtual_dataset_without_a_source_are_reported(part, virtual):
    part("a.h5")
    with pytest.raises(
        DataError, match=r"X: is a virtual dataset of 75 values, of which only 30 have a source"
    ):
        values(virtual(["a.h5"], rows=25))


def test_sources_of_sources_count(tmp_path, part, virtual):
    part("a.h5")
    virtual(["a.h5"], tmp_path / "middle.h5")
    path = virtual(["middle.h5"], tmp_path / "top.h5")
    assert linked_files(path) == (tmp_path / "a.h5", tmp_path / "middle.h5")
    assert values(path).shape == (10, 3)
    (tmp_path / "a.h5").unlink()
    with pytest.raises(DataError, match=r"middle.h5: refers to a.h5"):
        values(path)


def test_circles_end(tmp_path, virtual):
    path = tmp_path / "circle.h5"
    with h5py.File(path, "w") as file:
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
        file["e"] = h5py.ExternalLink("circle.h5", "/e")
    for name in "ae":
        with pytest.raises(DataError, match="circle"):
            values(path, name=name)
    with pytest.raises(DataError, match="circle"):
        values(virtual(["whole.h5"]))


def test_broken_links_matter_to_those_who_need_them_only(tmp_path, caplog):
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["X"] = np.ones(3)
        file["group/inner"] = np.ones(2)
        file["good"] = h5py.SoftLink("/X")
        file["soft"] = h5py.SoftLink("/nowhere")
        file["external"] = h5py.ExternalLink("gone.h5", "/X")
    with reading(path) as file:
        assert [name for name, _ in file.items()] == ["X", "good", "group"]
        assert "soft" in file
        seen = []
        file.visititems(lambda name, _: seen.append(name))
        assert seen == ["X", "group", "group/inner"]
        np.testing.assert_array_equal(
            file["good"][()], file["group"]["inner"][()].sum() / 2 * np.ones(3)
        )
        for name in ("soft", "external"):
            with pytest.raises(DataError, match=f"links.h5: {name} is a link to"):
                file[name]
    assert "soft is left out" in caplog.text


def test_a_file_alone_has_its_own_digest(tmp_path, part):
    text = tmp_path / "text.csv"
    text.write_text("1;2")
    assert linked_files(text) == linked_files(part("a.h5")) == ()
    assert len(content_digest(text)) == 64


def test_a_circle_of_links_is_named_once(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = h5py.SoftLink("/X")
    with pytest.raises(
        DataError, match=r"X is a link to /X: /X: its links lead in a circle"
    ) as error:
        values(path)
    assert str(error.value).count("is a link to") == 1


def test_two_sources_of_the_same_rows_do_not_cover_the_others(tmp_path, part):
    part("part.h5")
    path, layout, source = (
        tmp_path / "x.h5",
        h5py.VirtualLayout((10, 3), "f8"),
        h5py.VirtualSource("part.h5", "X", (10, 3)),
    )
    layout[:5], layout[0:5] = source[:5], source[5:]
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("X", layout)
    with pytest.raises(
        DataError, match=r"virtual dataset of 30 values, of which only 15 have a source"
    ):
        values(path)


def test_interleaved_sources_cover_all(tmp_path, part):
    part("even.h5"), part("odd.h5", 100)
    layout = h5py.VirtualLayout((20, 3), "f8")
    layout[::2], layout[1::2] = (
        h5py.VirtualSource(name, "X", (10, 3)) for name in ("even.h5", "odd.h5")
    )
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_virtual_dataset("X", layout)
    assert values(tmp_path / "x.h5").sum() == sum(
        values(tmp_path / name).sum() for name in ("even.h5", "odd.h5")
    )
