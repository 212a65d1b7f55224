"""An experiment brings its own questions in its YAML, and its report answers them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lexon.errors import ConfigurationError
from lexon.plots.page import typeset

PAGE = (Path(__file__).parents[1] / "docs" / "how_to" / "ask_a_question.md").read_text(
    encoding="utf-8"
)
REPORT = Path("data/test/08_reporting/does_met_help/main")
EXPERIMENT = """
description: Does MET help?
met: [false, true]
n_seeds: 2
grid: {axes: [met]}
questions:
- claim: A network that is shown MET is better
  along: met
  every: {auroc: higher}
- claim: Without MET nothing is found
  name: our guess
  at: {met: [false]}
  every: {auroc: {below: 0.01}}
"""


@pytest.fixture
def experiment(project: Path) -> Path:
    path = project / "conf" / "experiments" / "does_met_help" / "parameters.yml"
    path.parent.mkdir()
    path.write_text(EXPERIMENT)
    return path


def run(kedro_session) -> dict[str, str]:
    """The verdict on each claim."""
    with kedro_session("test", events={"n": 200}, training={"epochs": 1}) as session:
        session.run(pipeline_names=["does_met_help"])
    words = json.loads((REPORT / "summary.json").read_text())
    assert any(
        text.startswith("Our guess (Without MET nothing is found): ") for text in words["sentences"]
    )
    page = (REPORT / "report.html").read_text()
    assert all(typeset(claim["claim"]) in page for claim in words["claims"])
    return {claim["claim"]: claim["verdict"] for claim in words["claims"]}


@pytest.mark.usefixtures("unpainted")
def test_own_questions_are_answered_and_a_changed_one_trains_nothing(kedro_session, experiment):
    verdicts = run(kedro_session)
    assert list(verdicts) == [
        "A network that is shown MET is better",
        "Without MET nothing is found",
    ]
    assert verdicts["Without MET nothing is found"] == "refuted"
    models = {
        path: path.stat().st_mtime_ns
        for path in Path("data/test/06_models/does_met_help").rglob("model.pt")
    }
    assert len(models) == 4
    experiment.write_text(EXPERIMENT.replace("below: 0.01", "above: 0.01"))
    assert run(kedro_session)["Without MET nothing is found"] == "confirmed"
    assert {path: path.stat().st_mtime_ns for path in models} == models


@pytest.mark.parametrize(
    ("was", "is_now", "message"),
    [
        (
            "auroc: higher",
            "aurok: higher",
            "every/some: no such statistic: aurok; choose one of auroc",
        ),
        ("along: met", "along: vector", "along: no such axis: vector; choose one of met"),
        ("met: [false]", "met: [7]", "at: met has no level 7; choose one of False, True"),
        (
            "every: {auroc: higher}",
            "evry: {auroc: higher}",
            "evry={'auroc': 'higher'}: no such key; known here: every, some, claim",
        ),
    ],
)
def test_a_mistake_stops_the_command_with_file_claim_key_and_what_is_allowed(
    kedro_session, experiment, was, is_now, message
):
    assert EXPERIMENT.count(was) >= 1
    experiment.write_text(is_now.join(EXPERIMENT.rsplit(was, 1)))
    with pytest.raises(ConfigurationError) as error:
        kedro_session("test").loader().experiment("does_met_help")
    text = str(error.value)
    assert (
        "does_met_help: questions (conf/experiments/does_met_help/parameters.yml): claims cannot be"
        " read:" in text
    )
    assert re.search(r"claim [12] \('(A network|Without MET)", text)
    assert message in text


def test_a_kind_without_statistics_takes_no_questions(kedro_session, experiment):
    experiment.write_text(
        "description: x\nkind: simulation\nquestions: [{claim: a, at: {x: [1]}, every: {auroc:"
        " {above: 0}}}]\n"
    )
    with pytest.raises(
        ConfigurationError,
        match="kind simulation measures nothing that claims could be about; leave them out",
    ):
        kedro_session("test").loader().experiment("does_met_help")


def test_the_example_of_the_page_is_an_experiment(kedro_session, project):
    (template,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    folder = project / "conf" / "experiments" / "pool_and_bins"
    folder.mkdir()
    (folder / "parameters.yml").write_text(template)
    experiment = kedro_session().loader().experiment("pool_and_bins")
    assert len(experiment.parameters.questions) == 3
    assert len(experiment.planned) == 3 * 3 * 3
