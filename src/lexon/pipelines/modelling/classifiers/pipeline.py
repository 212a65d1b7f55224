"""Two nodes a member, train and evaluate, and more where it is asked what it looks at or how it
does on a second sample; one node each for the baselines and for what the report asks of the test
events.
"""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from lexon.baselines import BASELINES
from lexon.config import FittedConfig, TrainingConfig, tokeniser_config
from lexon.config.classifiers import classifier_config
from lexon.experiments import Experiment, Member, tokeniser_name
from lexon.pipelines.data_engineering.pipeline import SIMULATED
from lexon.pipelines.member_nodes import member_nodes
from lexon.pipelines.node_functions import node_function
from lexon.provenance import resting_on

TRAIN = node_function("modelling.classifiers.train:train")
EVALUATED_EVENTS = "evaluated_events"
IMPORTANCE = "importance"
SCORE_ELSEWHERE = "modelling.classifiers.elsewhere:score_elsewhere"
SCORES_ELSEWHERE, SAMPLE_SHIFT = "scores_elsewhere", "sample_shift"
BASELINE_ELSEWHERE = "elsewhere_baseline"
BASELINE_IMPORTANCE = "importance_baseline"
EVALUATE = node_function("modelling.classifiers.evaluate:evaluate")


def create_pipeline(experiment: Experiment) -> Pipeline:
    """The trainings of an experiment, to be put into its namespace."""
    settings = ["evaluation", "label_names"]
    members = [node for member in experiment.trained for node in _member(member, settings)]
    members += [node for member in experiment.trained for node in _explanations(experiment, member)]
    of_events = [] if experiment.parameters.tokens.path else [_baselines(), _describe(experiment)]
    if explains_baselines(experiment):
        of_events.append(_explain_baselines())
    return Pipeline([*members, *of_events, *_elsewhere(experiment)])


def _member(member: Member, settings: list[str]) -> list[Node]:
    """Continuous values, and tokens of turned events, are made from events as needed; other tokens
    were written to a file, once for all.
    """
    config, network = (
        tokeniser_config(member.config["tokeniser"]),
        classifier_config(member.config["classifier"]),
    )
    name = tokeniser_name(member.config["tokeniser"])
    types = {"object_types": "params:object_types"} if "event" in network.quantities else {}
    if not config.continuous and TrainingConfig(**member.config["training"]).augmentation == "none":
        return member_nodes(
            member,
            resting_on(TRAIN, network.module),
            EVALUATE,
            {"shown": f"tokens_{name}", **types},
            settings,
        )
    encodes = [config.module] if isinstance(config, FittedConfig) else []
    shown = {"shown": f"tokeniser_{name}", "events": "events", **types}
    return member_nodes(
        member,
        resting_on(TRAIN, network.module, *encodes),
        resting_on(EVALUATE, *encodes),
        shown,
        settings,
    )


def explains(experiment: Experiment, member: Member) -> bool:
    """Whether the importance of features is measured for a member."""
    return experiment.parameters.importance.permutations > 0 and _has_events(experiment, member)


def explains_baselines(experiment: Experiment) -> bool:
    """Whether the importance of features is measured for the baselines."""
    return experiment.parameters.importance.permutations > 0 and experiment.starts_from_events


def _has_events(experiment: Experiment, member: Member) -> bool:
    """Finished tokens are no events in which a feature could be exchanged."""
    config = tokeniser_config(member.config["tokeniser"])
    return experiment.starts_from_events and isinstance(config, FittedConfig)


def _explanations(experiment: Experiment, member: Member) -> list[Node]:
    """Nodes of their own, so that asking for them evaluates nothing again."""
    of_importance = {
        "events": "events",
        "permutations": "params:importance.permutations",
        "device": "params:device",
    }
    of_attention = {"events": "events", "attention_events": "params:importance.attention_events"}
    importance = "modelling.classifiers.importance:measure_importance"
    attention = "modelling.classifiers.attention:draw_attention"
    found = []
    if explains(experiment, member):
        found.append(_of_a_model(member, importance, IMPORTANCE, of_importance))
    if experiment.parameters.importance.attention_events and _has_events(experiment, member):
        found.append(_of_a_model(member, attention, "figure_attention", of_attention))
    return found


def tested_elsewhere(experiment: Experiment, member: Member) -> bool:
    """Whether a member is tested on a second sample as well."""
    return experiment.parameters.elsewhere.asked and _has_events(experiment, member)


def _elsewhere(experiment: Experiment) -> list[Node]:
    """A second sample: cleaned, scored by members and baselines, and compared with the first."""
    members = [member for member in experiment.trained if tested_elsewhere(experiment, member)]
    if not experiment.parameters.elsewhere.asked:
        return []
    both = ["events", "elsewhere", "params:classes", "params:object_types"]
    own = {"elsewhere": "elsewhere", "device": "params:device"}
    return [
        Node(
            node_function("data_engineering.clean_elsewhere:clean_elsewhere"),
            ["raw_elsewhere", "events", "params:classes", "params:elsewhere", "params:checks"],
            "elsewhere",
            name="clean_elsewhere",
            tags="data",
        ),
        *(_of_a_model(member, SCORE_ELSEWHERE, SCORES_ELSEWHERE, own) for member in members),
        Node(
            node_function("modelling.classifiers.elsewhere:score_baselines_elsewhere"),
            [*both, "params:weighting"],
            {kind: f"{BASELINE_ELSEWHERE}_{kind}" for kind in BASELINES},
            name="score_baselines_elsewhere",
            tags="baseline",
        ),
        Node(
            node_function("modelling.classifiers.shift:compare_samples"),
            [*both, "params:report.n_bootstrap"],
            SAMPLE_SHIFT,
            name="compare_samples",
            tags="baseline",
        ),
    ]


def _of_a_model(member: Member, function: str, output: str, more: dict[str, str]) -> Node:
    """A node that encodes events itself, even where the classifier was trained on a token file."""
    config = tokeniser_config(member.config["tokeniser"])
    assert isinstance(config, FittedConfig)
    own = f"grid.{member.name}"
    return Node(
        resting_on(node_function(function), config.module),
        {
            "tokeniser": f"tokeniser_{tokeniser_name(member.config['tokeniser'])}",
            "model": f"{own}.model",
            "training_record": f"{own}.training_record",
            "config": f"params:{own}.config",
            "member": f"params:{own}.name",
            "object_types": "params:object_types",
            **more,
        },
        f"{own}.{output}",
        name=function.rpartition(":")[2],
        tags="evaluate",
        namespace=own,
    )


def _baselines() -> Node:
    return Node(
        node_function("modelling.classifiers.baselines:score_baselines"),
        ["events", "params:classes", "params:object_types", "params:weighting"],
        {kind: f"baseline_{kind}" for kind in BASELINES},
        name="score_baselines",
        tags="baseline",
    )


def _explain_baselines() -> Node:
    """A node of its own, so that asking for it scores nothing again."""
    shown = ["events", "params:classes", "params:object_types", "params:weighting"]
    return Node(
        node_function("modelling.classifiers.baseline_importance:measure_baseline_importance"),
        [*shown, "params:importance.permutations"],
        {kind: f"{BASELINE_IMPORTANCE}_{kind}" for kind in BASELINES},
        name="measure_baseline_importance",
        tags="baseline",
    )


def _describe(experiment: Experiment) -> Node:
    """Simulated events know how often they were selected, which clean ones do not."""
    simulated = [SIMULATED] if experiment.parameters.events.source == "simulation" else []
    return Node(
        node_function("modelling.classifiers.evaluated_events:describe_evaluated_events"),
        ["events", "params:classes", "params:object_types", *simulated],
        EVALUATED_EVENTS,
        name="describe_evaluated_events",
        tags="baseline",
    )
