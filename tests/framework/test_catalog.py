"""The catalog finds for every name what Kedro's own finds, with fewer steps."""

from __future__ import annotations

import pytest
from kedro.io import DataCatalog, DatasetError
from kedro.io import core as kedros

from lexon.framework.catalog import LexonCatalog

JSON = "lexon.datasets.atomic.JSONDataset"
CONFIG = {
    "study.raw": {"type": JSON, "filepath": "raw.json"},
    "study.grid.{member}.model": {
        "type": JSON,
        "filepath": "{member}/model.json",
        "metadata": {"tags": ["{member}", "plain"]},
    },
    "study.grid.{member}.figure_{name}": {
        "type": "lexon.datasets.atomic.FigureDataset",
        "filepath": "{member}/{name}.png",
    },
    "study.tokens_{name}": {"type": JSON, "filepath": "tokens_{name}.json"},
}


@pytest.mark.parametrize(
    "name",
    [
        "study.raw",
        "study.grid.a__seed_1.model",
        "study.grid.a.figure_losses",
        "study.tokens_x",
        "study.none",
    ],
)
def test_each_name_is_the_same_dataset_as_in_kedros_catalog(name):
    ours, reference = (kind.from_config(CONFIG).get(name) for kind in (LexonCatalog, DataCatalog))
    assert type(ours) is type(reference)
    assert getattr(ours, "_init_args", None) == getattr(reference, "_init_args", None)


def test_a_class_is_looked_for_once(monkeypatch):
    looked: list[str] = []
    look = kedros._load_obj
    monkeypatch.setattr(kedros, "_load_obj", lambda path: looked.append(path) or look(path))
    catalog = LexonCatalog.from_config(CONFIG)
    for number in range(3):
        assert catalog.get(f"study.grid.{number}.model")._filepath.parent.name == str(number)
    assert looked.count(JSON) == 1


def test_a_class_that_is_not_there_is_an_error_where_its_dataset_is_needed():
    catalog = LexonCatalog.from_config(
        {"{name}_x": {"type": "lexon.datasets.nothing.Dataset", "filepath": "x"}}
    )
    with pytest.raises(DatasetError, match="a_x"):
        catalog.get("a_x")
