"""The reports of the kinds: what each is made of. Its nodes, which need more than a plan does, are
in the module that it names.
"""

from __future__ import annotations

from collections.abc import Iterator

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.config import TokeniserConfig, tokeniser_config
from lexon.experiments import Experiment, shown_as, tokeniser_name
from lexon.pipelines.member_nodes import member_outputs
from lexon.pipelines.modelling.classifiers.pipeline import (
    BASELINE_ELSEWHERE,
    BASELINE_IMPORTANCE,
    EVALUATED_EVENTS,
    IMPORTANCE,
    SAMPLE_SHIFT,
    SCORES_ELSEWHERE,
    explains,
    explains_baselines,
    tested_elsewhere,
)
from lexon.pipelines.modelling.regression import pipeline as regressions
from lexon.pipelines.node_functions import node_function
from lexon.pipelines.pretraining.autoencoders import pipeline as autoencoders
from lexon.pipelines.reporting.pipeline import Report, report_pipeline

GRID_FIGURES = ("effects", "heat_maps", "roc_by_axis", "validation_auroc")

CLASSIFIER = Report(
    kind="classifier",
    tables=(
        "members",
        "summary",
        "comparisons",
        "effects",
        "means",
        "best_models",
        "ensembles",
        "token_cost",
        "representations",
        "slices",
        "slice_differences",
        "significance",
        "significance_differences",
        "significance_curves",
        "importance",
        "importance_differences",
        "elsewhere",
        "elsewhere_differences",
        "shifts",
        "two_samples",
    ),
    settings=(
        "evaluation",
        "report",
        "slices",
        "significance",
        "elsewhere",
        "questions",
        "run",
        "n_seeds",
    ),
    figures=("roc", "scores", "confusion", "learning_curves", "calibration", "auroc_bars"),
)
AUTOENCODER = Report(
    kind="autoencoder",
    tables=("members", "summary", "pivot", "changes"),
    texts=("selected_parameters",),
    settings=("report", "questions", "run", "n_seeds", "name"),
    drawn_with=("report",),
)
REGRESSION = Report(
    kind="regression",
    tables=("members", "summary", "comparisons", "table2"),
    texts=("table2_text", "selected_parameters"),
    settings=("collapse", "report", "questions", "run", "n_seeds"),
    drawn_with=("collapse",),
)
VAE = Report(
    kind="vae",
    tables=("members", "summary", "comparison", "differences"),
    texts=("comparison_report", "selected_parameters", "configuration_metrics"),
    settings=("report", "questions", "run", "n_seeds"),
    drawn_from=("comparison",),
)


def classifier(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    drawn = [
        *_drawn_of_scores(experiment),
        *(_drawn_of_events(experiment) if _shows_events(experiment) else ()),
    ]
    finished = [
        *member_outputs(experiment.trained),
        *_importances(experiment),
        *_scored_elsewhere(experiment),
        *_beside_members(experiment),
    ]
    before = _drawn_before(experiment, drawn) if _shows_events(experiment) else ()
    return report_pipeline(CLASSIFIER, finished, drawn, before)


def _starts_from_events(experiment: Experiment) -> bool:
    return not experiment.parameters.tokens.path


def _shows_events(experiment: Experiment) -> bool:
    """Members that lie elsewhere may have been made from events that are not here."""
    return _starts_from_events(experiment) and not experiment.parameters.report.source


def _drawn_of_scores(experiment: Experiment) -> Iterator[Node]:
    """Figures of what members and baselines scored."""
    if experiment.is_grid:
        yield _draw_grid()
    yield from _draw_token_cost(experiment)
    if _starts_from_events(experiment):
        yield _draw_table("slices", "slices")
    yield _draw_table("significance", "significance", "significance_curves")
    explained = [explains(experiment, member) for member in experiment.planned]
    if any([*explained, explains_baselines(experiment)]):
        yield _draw_table("importance", "importance")
    if experiment.parameters.elsewhere.asked:
        yield _draw_table("elsewhere", "elsewhere")
        yield _draw_table("shifts", "shifts", "two_samples")


def _drawn_of_events(experiment: Experiment) -> Iterator[Node]:
    """Figures of the events and of their tokens."""
    yield _draw_features()
    for name, config in experiment.tokenisers.items():
        if config.equal_bins:
            yield _draw_occupancy(name, config)


def _importances(experiment: Experiment) -> list[str]:
    explained = [member for member in experiment.trained if explains(experiment, member)]
    kinds = BASELINES if explains_baselines(experiment) else ()
    return [
        *(f"grid.{member.name}.{IMPORTANCE}" for member in explained),
        *(f"{BASELINE_IMPORTANCE}_{kind}" for kind in kinds),
    ]


def _scored_elsewhere(experiment: Experiment) -> list[str]:
    """What members and baselines leave of a second sample, and how far it is."""
    if not experiment.parameters.elsewhere.asked:
        return []
    tested = [member for member in experiment.trained if tested_elsewhere(experiment, member)]
    return [
        *(f"grid.{member.name}.{SCORES_ELSEWHERE}" for member in tested),
        *(f"{BASELINE_ELSEWHERE}_{kind}" for kind in BASELINES),
        SAMPLE_SHIFT,
    ]


def _beside_members(experiment: Experiment) -> list[str]:
    """What only events give."""
    if not _starts_from_events(experiment):
        return []
    return [*(f"baseline_{kind}" for kind in BASELINES), EVALUATED_EVENTS]


def _draw_grid() -> Node:
    drawn = {name: f"figure_{name}" for name in GRID_FIGURES}
    return Node(
        node_function("reporting.classifier:draw_grid"),
        ["members", "params:plan", "effects_table", "means_table"],
        drawn,
        name="draw_grid",
        tags="report",
    )


def _draw_token_cost(experiment: Experiment) -> list[Node]:
    """Of a grid over several representations, one of them tokens, what can be drawn."""
    shown = {
        shown_as(member.config): tokeniser_config(member.config["tokeniser"]).continuous
        for member in experiment.planned
    }
    if len(shown) < 2 or all(shown.values()):
        return []
    sizes = {member.config["n_train"] for member in experiment.planned}
    return [
        _draw_table(name, "representations")
        for name in ("token_bits", *(["training_events"] if len(sizes) > 1 else []))
    ]


def _draw_table(name: str, *tables: str) -> Node:
    function = node_function(f"reporting.classifier:draw_{name}")
    shown = [f"{table}_table" for table in tables]
    return Node(function, shown, f"figure_{name}", name=f"draw_{name}", tags="report")


def _draw_features() -> Node:
    shown = ["events", "params:classes", "params:object_types"]
    return Node(
        node_function("reporting.tokens:draw_features"),
        shown,
        "figure_features",
        name="draw_features",
        tags="report",
    )


def _draw_occupancy(name: str, config: TokeniserConfig) -> Node:
    """Drawn with the data, so that a report made again from members does not ask for token
    files.
    """
    drawn = config.figure.format(name)
    return Node(
        node_function("reporting.tokens:draw_occupancy"),
        [f"tokens_{name}", "params:classes"],
        drawn,
        name=f"draw_occupancy_{name}",
        tags="data",
    )


def _drawn_before(experiment: Experiment, drawn: list[Node]) -> list[str]:
    """Figures of tokenisers that other nodes draw, or that an earlier run of more cells drew: shown
    where they exist.
    """
    planned = [member.config["tokeniser"] for member in experiment.planned]
    figures = [tokeniser_config(config).figure.format(tokeniser_name(config)) for config in planned]
    known = dict.fromkeys(name for name in figures if name)
    here = {name for node in drawn for name in node.outputs}
    return [name for name in known if name not in here]


def autoencoder(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    return report_pipeline(
        AUTOENCODER, member_outputs(experiment.trained, autoencoders.EXTRA, autoencoders.SCORES)
    )


def regression(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    return report_pipeline(
        REGRESSION, [*member_outputs(experiment.trained, scores=regressions.SCORES), "baselines"]
    )


def vae(experiment: Experiment) -> Pipeline:
    """The report of an experiment, to be put into its namespace."""
    return report_pipeline(
        VAE,
        [*member_outputs(experiment.trained, extra=["summary"], scores="tag_arrays"), "anchors"],
    )
