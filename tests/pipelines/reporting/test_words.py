from __future__ import annotations

import yaml

from lexon.pipelines.reporting.words import number, parameter_file


def test_dotted_keys_become_groups_and_values_keep_their_type() -> None:
    values = {
        "training.batch_size": 20,
        "training.grad_clip": None,
        "autoencoder.bottleneck": "vq",
        "n_train": None,
        "met": False,
    }
    text = parameter_file(values, "Selected.", "Copy it.")
    assert text.startswith("# Selected.\n# Copy it.\n")
    assert yaml.safe_load(text) == {
        "training": {"batch_size": 20, "grad_clip": None},
        "autoencoder": {"bottleneck": "vq"},
        "n_train": None,
        "met": False,
    }


def test_without_values_there_is_the_remark_only() -> None:
    assert parameter_file({}, "Nothing is selected.") == "# Nothing is selected.\n"


def test_what_rounds_to_zero_has_no_minus() -> None:
    assert [number(-0.0004, 3), number(-0.0004, 3, "+"), number(-0.0006, 3, "+")] == [
        "0.000",
        "+0.000",
        "-0.001",
    ]
