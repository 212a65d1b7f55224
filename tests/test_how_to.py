"""What the how-to page promises about experiments is true of the project."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "how_to" / "add_an_experiment.md").read_text()


def test_the_template_is_an_experiment(kedro_session, project):
    (template,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(template.splitlines()) <= 20
    folder = project / "conf" / "experiments" / "wider_latents"
    folder.mkdir()
    (folder / "parameters.yml").write_text(template)
    experiment = kedro_session().loader().experiment("wider_latents")
    assert len(experiment.planned) == 2 * 3 * 3
    assert {member.config["autoencoder"]["latent_dim"] for member in experiment.planned} == {32, 64}


def test_a_selected_cell_can_be_included(kedro_session, project):
    """A second parameter file in an experiment's folder is part of its parameters."""
    folder = project / "conf" / "experiments" / "follow_up"
    folder.mkdir()
    (folder / "parameters.yml").write_text("description: More of the best\nkind: autoencoder\n")
    (folder / "parameters_selected.yml").write_text(
        "autoencoder:\n  bottleneck: vq\n  globals_beta: 10.0\n"
    )
    (member,) = kedro_session().loader().experiment("follow_up").planned
    assert (
        member.config["autoencoder"]["bottleneck"],
        member.config["autoencoder"]["globals_beta"],
    ) == ("vq", 10.0)


def test_every_experiment_is_listed_with_its_axes(world):
    experiments = {name: one for name, one in world.experiments.items() if name != "default"}
    rows = {
        name: row
        for row in PAGE.splitlines()
        if (name := next(iter(re.findall(r"^\| `(\w+)` \|", row)), None)) in experiments
    }
    assert rows.keys() == experiments.keys()
    for name, experiment in experiments.items():
        for axis in experiment.parameters.grid.axes:
            assert axis.split(".")[-1] in rows[name], f"{name}: {axis}"
            assert re.search(rf"^\| `{axis}` \|", PAGE, re.MULTILINE), f"{axis} is not explained"
