"""Parameters as datasets: what nodes ask for, and for each member three of them."""

from __future__ import annotations


def test_a_member_has_three_parameters_whose_values_are_whole(world):
    catalog = world.catalog
    own = "params:default.grid.single__seed_42"
    assert {name.removeprefix(own) for name in catalog if name.startswith(f"{own}.")} == {
        ".name",
        ".config",
        ".recorded",
    }
    assert catalog.load(f"{own}.config")["seed"] == 42
    assert catalog.load("params:default.events.n") == catalog.load("params:default.events")["n"]
    assert (
        catalog.load("parameters")["default"]["grid"]["single__seed_42"]["name"]
        == "single__seed_42"
    )


def test_what_a_node_does_to_a_parameter_is_not_seen_by_the_next(world):
    catalog = world.catalog
    for name in ("params:default.grid.single__seed_42.config", "params:default.events"):
        before = dict(catalog.load(name))
        catalog.load(name).clear()
        assert catalog.load(name) == before
