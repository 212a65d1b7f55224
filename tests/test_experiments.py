"""A list spans an axis, a scalar pins it; every pair of cell and seed is a member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from fabricate import base_parameters, planned
from omegaconf import OmegaConf

from lexon.config.tokenisers import FinishedTokens
from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, Member, cell_name, configured, differences, expand
from lexon.experiments.recorded import Recorded, recorded_plan


def base(**changes: Any) -> dict[str, Any]:
    return OmegaConf.to_container(OmegaConf.merge(base_parameters(), changes))


def grid(pinned: dict[str, Any] | None = None, **changes: Any) -> Experiment:
    configured = base(**changes)
    asked = OmegaConf.to_container(OmegaConf.unsafe_merge(configured, pinned or {}))
    return expand("example", configured, asked, lambda key: "a file")


def test_a_study_without_axes_is_one_member():
    study = grid()
    assert [member.name for member in study.planned] == ["single__seed_42"]
    assert study.selected == {"single__seed_42"}


def test_members_are_the_product_of_axes_and_seeds():
    study = grid(pool=["cls", "max"], met=[True, False], n_seeds=3, grid={"axes": ["pool", "met"]})
    assert len(study.planned) == 2 * 2 * 3
    assert len({member.name for member in study.planned}) == 12
    assert {member.seed for member in study.planned} == {42, 123, 314}


def test_pinning_an_axis_narrows_what_runs_but_not_what_a_report_shows():
    axes = {"pool": ["cls", "mean", "max"], "grid": {"axes": ["pool"]}}
    assert [m.name for m in grid({"pool": "max"}, **axes).trained] == ["pool_max__seed_42"]
    assert grid({"pool": "max"}, **axes).planned == grid(**axes).planned


def test_pinning_a_value_outside_the_grid_adds_its_cell():
    study = grid(
        {"training": {"lr": 0.1}}, training={"lr": [0.2, 0.3]}, grid={"axes": ["training.lr"]}
    )
    assert [member.cell["training.lr"] for member in study.planned] == [0.2, 0.3, 0.1]
    assert [member.cell["training.lr"] for member in study.trained] == [0.1]


def test_a_list_on_the_command_line_spans_an_axis():
    study = grid({"pool": ["cls", "max"]})
    assert [m.cell for m in study.trained] == [{"pool": "cls"}, {"pool": "max"}]
    assert study.planned == tuple(study.trained), "the value that the list replaced is not a cell"


ONE_AT_A_TIME = {
    "pool": ["mean", "cls", "max"],
    "met": [True, False],
    "model": {"dropout": [0.1, 0.0]},
    "grid": {"axes": ["pool", "met", "model.dropout"], "cells": "one_at_a_time"},
}


def cells(members: Iterable[Member]) -> list[tuple[Any, ...]]:
    return [tuple(member.cell.values()) for member in members]


def shown_from_a_folder(raw: dict[str, Any]) -> tuple[Member, ...]:
    """The members that a report shows of a whole grid that was trained on 100 events."""
    plan = grid({}, **raw).planned
    folder = [
        Recorded(one.name, one.config | {"n_train": 100}, one.cell, one.seed, place, True)
        for place, one in enumerate(plan)
    ]
    axes = raw["grid"]["axes"]
    return recorded_plan(folder, plan, lambda cell, seed: configured(raw, axes, cell, seed)).members


def test_one_at_a_time_there_are_the_first_values_each_other_by_itself_and_the_last_of_all():
    study = grid(**ONE_AT_A_TIME)
    assert cells(study.planned) == [
        ("mean", True, 0.1),
        ("mean", True, 0.0),
        ("mean", False, 0.1),
        ("cls", True, 0.1),
        ("max", True, 0.1),
        ("max", False, 0.0),
    ]
    (words, n), *others = study.left_out.items()
    assert (n, others) == (6, [])
    assert "several values changed, but not all (grid.cells is one_at_a_time" in words


def test_one_at_a_time_a_pinned_value_runs_beside_the_plain_cell_and_changes_no_other():
    study = grid({"met": False}, **ONE_AT_A_TIME)
    assert study.planned == grid(**ONE_AT_A_TIME).planned
    assert cells(study.trained) == [
        ("mean", True, 0.1),
        ("mean", False, 0.1),
        ("max", False, 0.0),
    ]


def test_one_at_a_time_a_value_outside_the_grid_is_one_more_change():
    study = grid({"model": {"dropout": 0.5}}, **ONE_AT_A_TIME)
    assert set(cells(study.planned)) == {
        *cells(grid(**ONE_AT_A_TIME).planned),
        ("mean", True, 0.5),
    }
    assert cells(study.trained) == [("mean", True, 0.1), ("mean", True, 0.5)]


def test_one_at_a_time_two_pinned_changes_are_no_cell_and_the_message_says_what_to_do():
    with pytest.raises(ConfigurationError, match="left to run:\n.*or write grid.cells=all"):
        grid({"met": False, "pool": "cls"}, **ONE_AT_A_TIME)


def test_one_at_a_time_a_report_from_a_folder_misses_no_cell_that_was_never_planned():
    raw = base(**ONE_AT_A_TIME)
    plan, shown = grid({}, **raw).planned, shown_from_a_folder(raw)
    assert cells(shown) == cells(plan)
    assert {member.config["n_train"] for member in shown} == {100}


def test_a_list_that_all_members_share_is_a_value_and_no_axis():
    study = grid({"slices": {"ht": [500, 800, 1200]}})
    assert study.parameters.slices.ht == (500, 800, 1200)
    assert cells(study.planned) == [()]


def test_cells_of_a_grid_are_all_or_one_at_a_time():
    with pytest.raises(ConfigurationError, match="grid.cells='some'.*'all' or 'one_at_a_time'"):
        grid({"grid": {"cells": "some"}})


def test_a_number_is_the_same_however_it_is_written_and_no_namespace():
    names = [member.name for member in grid({"training": {"lr": ["1e-3", 0.01]}}).planned]
    assert names == ["training_lr_0_001__seed_42", "training_lr_0_01__seed_42"]


def test_fewer_seeds_narrow_what_runs():
    study = grid({"n_seeds": 1}, n_seeds=3)
    assert len(study.planned) == 3
    assert len(study.trained) == 1


def test_cells_that_are_the_same_model_are_trained_once():
    study = grid(tokeniser="binned", vector=[4, 5], grid={"axes": ["vector"]})
    assert [member.name for member in study.trained] == ["vector_4__seed_42"]
    assert [member.folder for member in study.planned] == ["vector_4__seed_42", "vector_4__seed_42"]


def test_a_pinned_twin_still_trains_the_shared_model():
    study = grid({"vector": 5}, tokeniser="binned", vector=[4, 5], grid={"axes": ["vector"]})
    assert [member.name for member in study.trained] == ["vector_4__seed_42"]


def test_a_direct_member_does_not_depend_on_the_binning():
    assert grid(binning={"n_bins": 8}).planned == grid().planned


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poool": "max"}, r"poool='max' \(a file\): no such parameter; known here: .*pool"),
        ({"training": {"epohcs": 4}}, r"training.epohcs=4 .*known here: .*epochs"),
        ({"pool": "maxx"}, r"pool='maxx' .*'cls', 'mean' or 'max'"),
        ({"model": {"size": "900k"}}, r"model.size=900k: choose one of tiny"),
        ({"model": {"dim": 10, "heads": 3}}, r"model.dim=10 is not a multiple of model.heads=3"),
        ({"events": {"source": "file"}}, r"events.source=file needs events.path"),
        ({"n_seeds": 2.5}, r"n_seeds=2.5"),
        ({"events": 3}, r"events=3"),
        ({"seed": -1}, r"seed=-1"),
        ({"run": ".."}, r"run='..'"),
        ({"training": {"lr": float("inf")}}, r"training.lr=inf"),
        ({"training": {"lr": -1}}, r"training.lr=-1 .*greater than 0"),
        ({"pool": ["cls", "max"]}, r"pool=\['cls', 'max'\]"),
        ({"grid": {"axes": ["events.n"]}}, r"events.n is shared by all members"),
        ({"grid": {"axes": ["poool"]}}, r"poool is not a parameter"),
        ({"pool": [], "grid": {"axes": ["pool"]}}, r"an axis of the grid has no values"),
    ],
)
def test_a_mistake_names_key_value_and_remedy(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        grid(**changes)


def test_cell_names_are_folder_names():
    assert cell_name({"training.lr": 0.1, "met": True}) == "training_lr_0_1__met_true"
    assert cell_name({}) == "single"


def test_differences_name_the_dotted_keys():
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == ["a.c", "d"]


def test_ambre_joins_a_grid_of_tokenisers_as_soon_as_her_file_is_named():
    axes = {"tokeniser": ["direct", "binned"], "grid": {"axes": ["tokeniser"]}}
    kinds = [
        member.cell["tokeniser"]
        for member in grid({"ambre": {"path": "reference.h5"}}, **axes).trained
    ]
    assert kinds == ["direct", "binned", "ambre"]
    pinned = grid({"ambre": {"path": "reference.h5"}, "tokeniser": "binned"}, **axes)
    assert [member.cell["tokeniser"] for member in pinned.trained] == ["binned"]


def test_ambre_without_her_file_is_an_error_that_names_the_parameter():
    with pytest.raises(ConfigurationError, match="ambre.path=FILE"):
        grid(tokeniser="ambre")


def test_bins_know_no_energy_so_both_vectors_are_one_training():
    axes = {
        "tokeniser": ["direct", "binned", "vqvae"],
        "vector": [4, 5],
        "grid": {"axes": ["tokeniser", "vector"]},
    }
    study = grid(**axes)
    assert len(study.planned) == 6
    assert len({member.folder for member in study.planned}) == 5
    assert sorted(config.kind for config in study.tokenisers.values()) == [
        "binned",
        "direct",
        "direct",
        "vqvae",
        "vqvae",
    ]


def test_one_vqvae_serves_all_seeds_unless_each_shall_have_its_own():
    learnt = {"tokeniser": "vqvae", "n_seeds": 3}
    assert len(grid(**learnt).tokenisers) == 1
    assert len(grid(**learnt, vqvae={"per_seed": True}).tokenisers) == 3


def test_a_finished_token_file_takes_the_place_of_events_and_tokenisers():
    study = grid(tokens={"path": "tokens.h5"})
    assert not study.starts_from_events
    assert study.tokenisers == {"file": FinishedTokens()}


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("net_a", "Net_A", "configuration=net_a and configuration=Net_A would share the folder"),
        ("net.a", "net_a", "configuration=net.a and configuration=net_a would share the folder"),
    ],
)
def test_cells_whose_folders_would_be_one_are_refused_naming_both(one, other, message):
    configurations = {name: {"like": "vae_small"} for name in (one, other)}
    axes = {"configuration": [one, other], "grid": {"axes": ["configuration"]}}
    with pytest.raises(ConfigurationError, match=message):
        grid(kind="vae", configurations=configurations, **axes)


def test_a_member_whose_name_is_too_long_is_refused():
    names = ["x" * 60, "y" * 60]
    axes = [
        "configuration",
        *(
            f"training.{key}"
            for key in (
                "lr",
                "warmup_start",
                "weight_decay",
                "warmup_steps",
                "batch_size",
                "schedule",
            )
        ),
    ]
    with pytest.raises(ConfigurationError, match="at most 200 bytes; shorten a value"):
        grid(
            kind="vae",
            configurations={name: {"like": "vae_small"} for name in names},
            configuration=names,
            grid={"axes": axes},
        )


def test_the_smallest_effect_is_given_by_statistic():
    effect = grid(report={"min_effect": {"score": 0.01}}).parameters.report.min_effect
    assert (effect.loss, effect.score) == (0.05, 0.01)
    with pytest.raises(
        ConfigurationError,
        match=r"report.min_effect=0.1: name the statistic, report.min_effect.loss \(relative\)",
    ):
        grid({"report": {"min_effect": 0.1}})


@pytest.mark.parametrize(
    "asked",
    [
        {"tokeniser": "binned", "binning": {"n_bins": [3, 5]}},
        {"tokeniser": "direct", "binning": {"n_bins": [3, 5]}},
        {"tokeniser": ["binned", "vqvae"]},
    ],
)
def test_a_list_must_not_choose_the_one_token_file(asked):
    axes = ["tokeniser"] if isinstance(asked["tokeniser"], list) else ["binning.n_bins"]
    with pytest.raises(
        ConfigurationError,
        match=f"data_engineering writes one token file, but {axes[0]} has several values",
    ):
        grid(**asked, grid={"axes": axes}).refuse_many_token_files()


def test_axes_that_give_the_same_tokens_are_one_token_file():
    grid(
        tokeniser=["direct", "binned"], pool=["cls", "max"], grid={"axes": ["tokeniser", "pool"]}
    ).refuse_many_token_files()


EMBEDDINGS = {
    "tokeniser": ["direct", "binned", "vqvae"],
    "model": {"embedding": ["table", "factorised", "codebook"]},
}


def test_cells_that_make_no_sense_are_left_out_and_counted():
    study = grid(**EMBEDDINGS, grid={"axes": ["tokeniser", "model.embedding"]})
    cells = [(member.cell["tokeniser"], member.cell["model.embedding"]) for member in study.planned]
    table, factorised, codebook = EMBEDDINGS["model"]["embedding"]
    assert cells == [
        ("direct", table),
        ("binned", table),
        ("binned", factorised),
        ("vqvae", table),
        ("vqvae", codebook),
    ]
    assert sum(study.left_out.values()) == 9 - len(cells)
    assert any("tokeniser=binned have no codebook" in reason for reason in study.left_out)
    narrowed = grid(
        {"tokeniser": "binned"}, **EMBEDDINGS, grid={"axes": ["tokeniser", "model.embedding"]}
    )
    assert len(narrowed.trained) == 2


def test_a_report_from_a_folder_does_not_miss_cells_that_make_no_sense():
    axes = ["tokeniser", "model.embedding"]
    raw = base(**EMBEDDINGS, grid={"axes": axes})
    codes, binned = (
        {"tokeniser": name, "model.embedding": "factorised"} for name in ("vqvae", "binned")
    )
    assert configured(raw, axes, codes, 42) is None
    assert configured(raw, axes, binned, 42)["classifier"]["embedding"] == "factorised"


def test_a_report_from_a_folder_shows_a_cell_once_that_an_axis_does_not_concern():
    raw = base(
        tokeniser=["direct", "binned"],
        model={"embedding": ["table", "factorised"]},
        grid={"axes": ["tokeniser", "model.embedding"]},
    )
    plan, shown = grid({}, **raw).planned, shown_from_a_folder(raw)
    assert [member.cell for member in shown] == [member.cell for member in plan]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"slices": {"ht": [800, 500]}},
            r"right:\n  slices.ht=800\|500: each edge has to be above the one before$",
        ),
        ({"slices": {"ht": [4, "x"]}}, r"slices\.ht\.1='x' \(a file\): .*valid number"),
        (
            {"vqvae": {"levels": [8, 1, 8]}},
            r"right:\n  vqvae.levels.1=1 \(a file\): .*than or equal to 3$",
        ),
        (
            {"model": {"embedding": "factorised"}},
            r"example: the parameters do not go together:\n  model.embedding=factorised",
        ),
    ],
)
def test_a_message_names_the_key_and_nothing_beside_it(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        grid({}, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": {"embedding": "factorised"}},
            (
                "model.embedding=factorised: tokeniser=direct shows continuous values.*leave it at"
                " table"
            ),
        ),
        (
            {"tokeniser": "binned", "model": {"embedding": "codebook"}},
            "model.embedding=codebook: .*no codebook; choose table, factorised",
        ),
        (
            {"tokeniser": "vqvae", "model": {"embedding": "factorised"}},
            "=factorised: .*no parts.*choose table, codebook, frozen_codebook",
        ),
        ({"model": {"embedding": "one_hot"}}, "model.embedding='one_hot'.*'table'"),
        (
            {"vqvae": {"start_from_codebook": True}},
            "vqvae.start_from_codebook=True: no longer a parameter; model.embedding=codebook",
        ),
        (
            {"model": {"embedding": ["factorised", "codebook"]}},
            "no cell of the grid is left to run",
        ),
    ],
)
def test_an_embedding_that_is_not_for_these_tokens_is_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        grid(
            {},
            **changes,
            **({"grid": {"axes": ["model.embedding"]}} if "no cell" in message else {}),
        )


def test_a_member_with_a_table_is_identified_as_before_there_was_a_choice():
    (member,) = grid(tokeniser="binned").planned
    assert "embedding" not in member.config["classifier"]
    assert member.config["start_from_codebook"] is False
    (member,) = grid(tokeniser="binned", model={"embedding": "factorised"}).planned
    assert member.config["classifier"]["embedding"] == "factorised"


@pytest.mark.parametrize(
    "typed", [{"pt": 16, "eta": 8, "phi": 4}, {"phi": 4, "eta": 8, "pt": 16}, "16x8x4"]
)
def test_each_axis_may_have_its_number_of_bins(typed):
    (member,) = grid({"binning": {"n_bins": typed}}, tokeniser="binned").planned
    assert member.config["tokeniser"]["n_bins"] == "16x8x4"
    (name,) = grid({"binning": {"n_bins": typed}}, tokeniser="binned").tokenisers
    assert name == "binned_16x8x4_auto_correct"


def test_numbers_of_bins_are_an_axis_and_equal_ones_are_one_number():
    bins = [3, {"pt": 16, "eta": 8, "phi": 4}, {"pt": 5, "eta": 5, "phi": 5}, 64]
    study = grid(tokeniser="binned", binning={"n_bins": bins}, grid={"axes": ["binning.n_bins"]})
    assert [member.cell["binning.n_bins"] for member in study.planned] == [3, "16x8x4", 5, 64]
    assert study.planned[1].name == "binning_n_bins_16x8x4__seed_42"
    pinned = grid(
        {"binning": {"n_bins": {"pt": 16, "eta": 8, "phi": 4}}},
        tokeniser="binned",
        grid={"axes": ["binning.n_bins"]},
    )
    assert [member.cell["binning.n_bins"] for member in pinned.trained] == ["16x8x4"]


def test_codes_know_the_bins_of_met_alone():
    one, other = (
        grid({"binning": {"n_bins": {"pt": 6, "eta": eta, "phi": 4}}}, tokeniser="vqvae")
        .planned[0]
        .config["tokeniser"]
        for eta in (3, 9)
    )
    assert one == other
    assert one["n_bins"] == "6x6x4"


@pytest.mark.parametrize(
    "typed",
    [1, 101, "5x5", "5x5x1", {"pt": 5}, {"pt": 5, "eta": 5, "phi": 5, "met": 5}, True, 2.5, None],
)
def test_numbers_of_bins_that_cannot_be_are_refused(typed):
    with pytest.raises(
        ConfigurationError,
        match=(
            r"binning.n_bins=.*: a number from 2 to 100, or one for each of pt, eta, phi: .*16x8x8"
        ),
    ):
        grid(binning={"n_bins": typed})


LAYERS = {
    "kind": "regression",
    "n_seeds": 1,
    "variance_lambda": [0.0, 2.0],
    "grid": {"axes": ["regression.hidden", "variance_lambda"]},
}


def test_layers_of_a_network_are_an_axis_of_lists():
    study = planned(**LAYERS, regression={"source": "diabetes", "hidden": [[64, 64], [32]]})
    assert [member.cell["regression.hidden"] for member in study.planned] == [
        (64, 64),
        (64, 64),
        (32,),
        (32,),
    ]
    assert study.planned[0].name == "regression_hidden_64x64__variance_lambda_0_0__seed_42"
    assert [member.config["hidden"] for member in study.planned[1:3]] == [[64, 64], [32]]
    assert len({member.folder for member in study.planned}) == 4


@pytest.mark.parametrize("typed", [[32], [[32]]])
def test_one_network_pins_the_axis(typed):
    study = planned(
        {"regression": {"hidden": typed}},
        **LAYERS,
        regression={"source": "diabetes", "hidden": [[64, 64], [32]]},
    )
    assert {study.planned[i].cell["regression.hidden"] for i in range(4)} == {(64, 64), (32,)}
    assert {name.partition("__")[0] for name in study.selected} == {"regression_hidden_32"}


def test_one_list_is_one_network_also_without_an_axis():
    (member,) = planned(
        {"regression": {"hidden": [16, 8]}},
        kind="regression",
        regression={"source": "diabetes"},
        n_seeds=1,
    ).planned
    assert member.config["hidden"] == [16, 8]
    assert member.cell == {}


QUANTISERS = {"tokeniser": "vqvae", "grid": {"axes": ["vqvae.quantiser", "model.embedding"]}}


def test_each_quantiser_takes_the_embeddings_that_its_codes_have_parts_for():
    embeddings = ["table", "factorised", "factorised_ordinal", "codebook", "frozen_codebook"]
    study = grid(
        **QUANTISERS,
        vqvae={"quantiser": ["vq", "residual", "fsq"]},
        model={"embedding": embeddings},
    )
    cells = [tuple(member.cell.values()) for member in study.planned]
    assert [embedding for quantiser, embedding in cells if quantiser == "vq"] == [
        "table",
        "codebook",
        "frozen_codebook",
    ]
    assert [embedding for quantiser, embedding in cells if quantiser == "residual"] == [
        name for name in embeddings if name != "factorised_ordinal"
    ]
    assert [embedding for quantiser, embedding in cells if quantiser == "fsq"] == embeddings
    assert sum(study.left_out.values()) == 3
    assert len(study.tokenisers) == 3


def test_codes_of_the_plain_quantiser_are_identified_as_before_there_were_others():
    (plain,) = grid(tokeniser="vqvae", vqvae={"stages": 3, "levels": [4, 4]}).planned
    assert not {"quantiser", "stages", "levels"} & plain.config["tokeniser"].keys()


def test_levels_replace_whatever_follows_the_vectors():
    settings = [
        {"codebook_size": size, "latent_dim": width} for size, width in ((64, 8), (512, 16))
    ]
    one, other = (
        grid(tokeniser="vqvae", vqvae={"quantiser": "fsq", "levels": [7, 5], **own})
        .planned[0]
        .config["tokeniser"]
        for own in settings
    )
    assert one == other
    assert (one["codebook_size"], one["latent_dim"], one["levels"]) == (35, 2, [7, 5])


def test_levels_are_an_axis_of_lists():
    study = grid(
        tokeniser="vqvae",
        vqvae={"quantiser": "fsq", "levels": [[8, 8], [5, 5, 5]]},
        grid={"axes": ["vqvae.levels"]},
    )
    assert [member.name for member in study.planned] == [
        "vqvae_levels_8x8__seed_42",
        "vqvae_levels_5x5x5__seed_42",
    ]


@pytest.mark.parametrize(
    ("vqvae", "message"),
    [
        (
            {"quantiser": "residual", "codebook_size": 512, "stages": 3},
            "stages=3: 512.3 = 134,217,728 codes, more than 262,144",
        ),
        ({"quantiser": "fsq", "levels": [64, 64, 65]}, "vqvae.levels"),
        (
            {"quantiser": "fsq", "levels": [64, 64, 64, 3]},
            "their product is 786,432 codes, more than",
        ),
        ({"quantiser": "fsq", "levels": [2, 8]}, "greater than or equal to 3"),
        ({"quantiser": "pq"}, "vqvae.quantiser='pq'.*'vq', 'residual' or 'fsq'"),
    ],
)
def test_codes_that_cannot_be_are_refused(vqvae, message):
    with pytest.raises(ConfigurationError, match=message):
        grid(tokeniser="vqvae", vqvae=vqvae)


def test_what_a_quantiser_does_without_is_idle():
    plain, levels = (grid(tokeniser="vqvae", vqvae={"quantiser": name}) for name in ("vq", "fsq"))
    both = grid(
        tokeniser="vqvae", vqvae={"quantiser": ["vq", "fsq"]}, grid={"axes": ["vqvae.quantiser"]}
    )
    assert "vqvae.quantiser is vq" in plain.why_unread("vqvae.levels")
    assert "vqvae.quantiser is fsq" in levels.why_unread("vqvae.codebook_size")
    assert plain.why_unread("vqvae.codebook_size") == levels.why_unread("vqvae.levels") == ""
    assert both.why_unread("vqvae.levels") == both.why_unread("vqvae.codebook_size") == ""
    assert both.why_unread("vqvae.stages")


GAPS = {
    "tokeniser": ["direct", "binned", "vqvae"],
    "grid": {"axes": ["tokeniser", "model.embedding", "binning.n_bins"]},
}


def test_a_cell_that_an_axis_does_not_concern_is_planned_once():
    study = grid(
        **GAPS,
        model={"embedding": ["table", "factorised"]},
        binning={"n_bins": [3, 5]},
        vqvae={"n_met_bins": 5},
    )
    cells = [tuple(member.cell.values()) for member in study.planned]
    binned = [("binned", embedding, n) for embedding in ("table", "factorised") for n in (3, 5)]
    assert cells == [("direct", "table", 3), *binned, ("vqvae", "table", 3)]
    assert sum(study.left_out.values()) == 12 - len(cells)
    narrowed = grid(
        {"binning": {"n_bins": 5}, "model": {"embedding": "factorised"}},
        **GAPS
        | {
            "model": {"embedding": ["table", "factorised"]},
            "binning": {"n_bins": [3, 5]},
            "vqvae": {"n_met_bins": 5},
        },
    )
    assert [tuple(member.cell.values()) for member in narrowed.trained] == [
        ("direct", "table", 3),
        ("binned", "factorised", 5),
    ]


def test_an_embedding_of_all_cells_is_idle_for_direct_values():
    study = grid(
        tokeniser=["direct", "binned"],
        model={"embedding": "factorised"},
        grid={"axes": ["tokeniser"]},
    )
    direct, binned = study.trained
    assert "embedding" not in direct.config["classifier"]
    assert binned.config["classifier"]["embedding"] == "factorised"
    assert not study.left_out
    with pytest.raises(ConfigurationError, match="tokeniser=direct shows continuous values"):
        grid(
            {"tokeniser": "direct"},
            tokeniser=["direct", "binned"],
            model={"embedding": "factorised"},
            grid={"axes": ["tokeniser"]},
        )


def test_copies_are_shown_along_other_axes():
    study = grid(
        tokeniser=["direct", "binned"], vector=[4, 5], grid={"axes": ["tokeniser", "vector"]}
    )
    assert len(study.planned) == 4
    assert len(study.trained) == 3


def test_the_bins_of_met_beside_codes_may_have_a_number_of_their_own():
    (of_bins,), (own,) = (
        grid(tokeniser="vqvae", binning={"n_bins": 3}, vqvae={"n_met_bins": n}).planned
        for n in (None, 8)
    )
    assert (of_bins.config["tokeniser"]["n_bins"], own.config["tokeniser"]["n_bins"]) == (3, 8)
