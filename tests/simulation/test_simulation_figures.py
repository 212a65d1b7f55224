"""The figures show every class and every quantity, with units."""

import pytest

from lexon.plots.simulation import PANELS, class_distributions, means_against_reference
from lexon.simulation.validation import REFERENCE, compare_means


def test_each_panel_has_a_labelled_axis_and_each_class_a_curve(sample):
    figure = class_distributions(sample.events)
    assert len(figure.axes) == len(PANELS)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        f"{name} [{unit}]" if unit else name for name, unit, _ in PANELS.values()
    ]
    assert len(figure.axes[0].get_legend().get_texts()) == 5


def test_a_sample_without_a_class_is_drawn_without_it(sample):
    events = sample.events
    figure = class_distributions(events[events.labels != 2])
    assert len(figure.axes[0].get_legend().get_texts()) == 4


@pytest.mark.parametrize("labels", [(1, 2, 3, 4, 5), (1, 5)])
def test_every_mean_is_a_point(sample, labels):
    events = sample.events
    chosen = events[[label in labels for label in events.labels]]
    axes = means_against_reference(compare_means(chosen)).axes[0]
    assert len(axes.containers) == len(labels)
    assert all(
        len(container.lines[0].get_xdata()) == REFERENCE.shape[1] for container in axes.containers
    )
