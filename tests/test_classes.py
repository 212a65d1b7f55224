import numpy as np
import pytest

from lexon.classes import ClassMap
from lexon.errors import ConfigurationError

NAMES = {1: "tttt", 2: "ttH", 3: "ttW", 4: "ttWW", 5: "5"}
PRESENT = {split: set(NAMES) for split in ("train", "val", "test")}


def resolve(classes, names=NAMES, present=PRESENT):
    return ClassMap.resolve(classes, names, present)


@pytest.mark.parametrize("signal", ["tttt", 1, ["tttt"], (1,), (1, "tttt")])
@pytest.mark.parametrize("background", ["rest", [2, 3, 4, 5], ("ttH", "ttW", 4, "5")])
def test_names_numbers_and_rest_mean_the_same(signal, background):
    classes = resolve({"signal": signal, "background": background})
    assert classes.class_names == ("signal", "background")
    assert classes.lookup == {1: 0, 2: 1, 3: 1, 4: 1, 5: 1}


def test_targets_keep_order_and_mark_events_of_no_class():
    classes = resolve({"a": "ttW", "b": ["ttH"]})
    labels = np.array([5, 3, 2, 3, 1])
    np.testing.assert_array_equal(classes.targets(labels), [-1, 0, 1, 0, -1])
    assert classes.targets(labels).dtype == np.int64
    np.testing.assert_array_equal(classes.is_background(labels), [False, False, True, False, False])
    assert len(classes.targets(labels[:0])) == 0


def test_rest_may_come_first_and_takes_what_is_left():
    assert resolve({"signal": "rest", "ttX": [2, 3, 4, 5]}).lookup[1] == 0


def test_auto_fits_on_the_background_where_there_is_a_signal_and_says_so():
    labels = np.array([1, 2, 3, 5])
    two = resolve({"four": 1, "others": [2, 3]})
    rows, words = two.to_fit_on("auto", labels)
    np.testing.assert_array_equal(rows, [False, True, True, False])
    assert "background" in words
    assert "others" in words
    many = resolve({"a": 1, "b": 2, "c": 3})
    rows, words = many.to_fit_on("auto", labels)
    np.testing.assert_array_equal(rows, [True, True, True, False])
    assert "all classes" in words
    assert resolve({"signal": 1, "b": 2, "c": 3}).names_signal
    np.testing.assert_array_equal(
        many.to_fit_on("background", labels)[0], [False, True, True, False]
    )
    np.testing.assert_array_equal(two.to_fit_on("all", labels)[0], [True, True, True, False])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"signal": "tttt"}, "at least two"),
        (
            {"signal": "ttww", "background": "rest"},
            r"signal=ttww: the file has no such label.*4 \(ttWW\)",
        ),
        ({"signal": "ttw", "background": "rest"}, "did you mean ttW"),
        ({"signal": 9, "background": "rest"}, r"signal=9.*1 \(tttt\), 2 \(ttH\)"),
        ({"signal": [1, 2, 3, 4, 5], "background": "rest"}, "background matches nothing"),
        ({"signal": [], "background": "rest"}, "signal matches nothing"),
        (
            {"signal": [1, 2], "background": ["ttH", 3]},
            r"label 2 \(ttH\) is in both signal and background",
        ),
        ({"signal": 1, "a": "rest", "b": "rest"}, "in both a and b"),
    ],
)
def test_what_cannot_be_meant_is_refused(classes, message):
    with pytest.raises(ConfigurationError, match=message):
        resolve(classes)


def test_a_class_without_events_in_a_split_is_refused():
    present = PRESENT | {"val": {1, 2, 3, 4}}
    assert resolve({"signal": 1, "background": [4, 5]}, present=present).lookup[5] == 1
    with pytest.raises(ConfigurationError, match="classes.background: the val split"):
        resolve({"signal": 1, "background": 5}, present=present)
