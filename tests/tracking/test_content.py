"""What is shown of a run is what its folders hold, and what identifies a training is its own."""

from __future__ import annotations

import os

import pytest
from tracking_world import (
    DONE,
    TRAINS,
    WAITS,
    epochs,
    finish_member,
    write_checkpoint,
    write_member,
)

from lexon.tracking.content import Content, read_run


def member(place, name: str) -> Content:
    (found,) = read_run(place, [name]).members
    return found


def test_finished_and_training_members_are_shown_and_waiting_ones_counted(place):
    found = read_run(place)
    assert [one.name for one in found.members] == [DONE, TRAINS]
    assert (found.waiting, found.left_out) == (1, {})
    assert [one.status for one in found.members] == ["done", "running"]
    assert found.members[0].history == epochs(3)
    assert found.members[1].history == epochs(2)


def test_numbers_of_a_training_are_called_so(place):
    metrics = member(place, DONE).metrics
    of_training = {name: value for name, value in metrics.items() if name.startswith("training/")}
    assert of_training == {"training/n_parameters": 1234, "training/epochs": 3}
    assert all("/" in name for name in metrics)


def test_metrics_come_with_the_interval_of_their_cell(place):
    metrics = member(place, DONE).metrics
    assert metrics["test/auroc"] == 0.9
    assert (metrics["cell/auroc_low"], metrics["cell/auroc_high"]) == (0.88, 0.92)
    assert "cell/n_seeds" not in metrics
    report = read_run(place).report
    assert report.metrics["gbt/auroc_low"] == 0.83
    assert {"report.html", "summary.csv"} <= report.files.keys()


def test_a_kind_without_intervals_shows_the_spread_over_seeds(place):
    (place.report / "summary.csv").write_text(
        "run,cell,jaccard_index,jaccard_index_sd,beta\nmain,pool_cls,0.6,0.02,1.0\n"
    )
    found = read_run(place, [DONE])
    of_cell = {k: v for k, v in found.members[0].metrics.items() if k.startswith("cell/")}
    assert of_cell == {"cell/jaccard_index": 0.6, "cell/jaccard_index_sd": 0.02}
    assert found.report.metrics == {
        "pool_cls/jaccard_index": 0.6,
        "pool_cls/jaccard_index_sd": 0.02,
    }


def test_every_table_of_a_report_is_shown_and_none_of_an_earlier_one(place):
    (place.report / "comparison.csv").write_text("configuration\nvae_small\n")
    (place.report / "history").mkdir()
    (place.report / "history" / "members.csv").write_text("member\n")
    tables = {name for name in read_run(place).report.files if name.endswith(".csv")}
    assert tables == {"summary.csv", "comparison.csv"}


def test_a_training_is_the_same_one_from_its_first_epoch_to_its_end(place):
    before = member(place, TRAINS)
    finish_member(place.members / TRAINS, epochs(4))
    after = member(place, TRAINS)
    assert after.identity == before.identity
    assert after.digest != before.digest
    assert member(place, TRAINS).digest == after.digest


@pytest.mark.parametrize("other", [{"pool": "cls"}, {}])
def test_a_training_with_other_parameters_or_numbers_is_another_one(place, other):
    before = member(place, TRAINS)
    write_member(place.members / TRAINS, "running", **other)
    write_checkpoint(place.members / TRAINS, epochs(2, loss=0.8))
    assert member(place, TRAINS).identity != before.identity


def test_what_an_earlier_training_left_is_not_shown_of_a_new_one(place):
    write_member(place.members / DONE, "running", pool="cls")
    an_hour_ago = (place.members / DONE / "run.json").stat().st_mtime - 3600
    os.utime(place.members / DONE / "facts" / "history.csv", (an_hour_ago, an_hour_ago))
    found = read_run(place, [DONE])
    assert (found.members, found.waiting) == ((), 1)


def test_a_damaged_member_is_named_and_costs_the_others_nothing(place):
    (place.members / DONE / "metrics.json").write_text("{")
    found = read_run(place)
    assert [one.name for one in found.members] == [TRAINS]
    assert "metrics.json" in found.left_out[DONE]


def test_a_run_without_a_report_and_one_that_does_not_ask_for_it_have_none(place):
    assert read_run(place, with_report=False).report is None
    (place.report / "report.html").unlink()
    assert read_run(place).report is None


def test_members_that_are_asked_for_need_not_be_there(place):
    assert read_run(place, ["pool_none__seed_1", WAITS]).waiting == 2
