"""The page's words: headings of figures, columns and tables. Tables list their columns in order; the CSV files hold all."""

from __future__ import annotations

from lexon.plots.page import percent, signed, whole

# Name, heading and what a reader who cannot see the figure should know, in the order of the page.
FIGURES = (
    (
        "figure_effects",
        "What the axes do",
        "Differences in mean test AUROC between levels of an axis, and differences of differences between two axes; thick: 95 % interval "
        "of each alone, thin: of all together; grey: within noise",
    ),
    (
        "figure_heat_maps",
        "Mean AUROC of each pair of levels",
        "Test AUROC averaged over the settings of the other axes, with 95 % interval, for each two axes; "
        "n of m: only so many of these settings are finished for the whole panel",
    ),
    (
        "figure_auroc_bars",
        "AUROC of each cell",
        "AUROC on the test split with 95 % interval, one row a cell or baseline, as in the table of results",
    ),
    (
        "figure_roc_by_axis",
        "ROC curves by axis",
        "Background rejection against signal efficiency for each level of each axis, averaged over the cells that are finished for all "
        "levels of the axis and are different models, and the ratio to the first level",
    ),
    (
        "figure_roc",
        "ROC curves",
        "Background rejection against signal efficiency for each cell (at most the twelve best on validation) and baseline, and the ratio "
        "to the first baseline",
    ),
    (
        "figure_scores",
        "Score distributions",
        "Distribution of the signal probability per class and process for the best cell on validation, first seed",
    ),
    ("figure_confusion", "Confusion matrix", "Share of each true class given to each class by the best cell on validation, first seed"),
    (
        "figure_calibration",
        "Calibration",
        "Observed share of signal against predicted probability, with events per bin, first seed of each cell (at most the twelve best)",
    ),
    (
        "figure_validation_auroc",
        "Validation AUROC of all trainings",
        "Validation AUROC per epoch, with the kept epoch marked, first seed of each distinct model",
    ),
    (
        "figure_learning_curves",
        "Learning curves",
        "Training and validation loss and validation AUROC per epoch, with the kept epoch marked, first seed of each cell "
        "(at most the twelve best)",
    ),
    ("figure_features", "The events", "Distributions of event-level quantities per class"),
)
# Figures of tokenisers, by how their names begin.
OCCUPANCY = "figure_occupancy_"
CODES = "figure_vqvae_"
# Columns of the tables as a reader sees them.
SUMMARY = {
    "label": "cell",
    "status": "status",
    "n_parameters": "parameters",
    "auroc": "AUROC",
    "interval": "95 % interval",
    "seed_spread": "seed spread",
    "val_auroc": "AUROC, validation",
    "notes": "notes",
}
METRICS = {
    "label": "cell",
    "accuracy": "accuracy",
    "f1": "F1",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier",
    "ece": "ECE",
}
TRAININGS = {
    "label": "cell",
    "n_parameters": "parameters",
    "best_epoch": "best epoch",
    "seconds": "training [s]",
    "events_per_second": "events/s",
    "device": "device",
}
BEST = {"chosen_from": "best of", "label": "cell", "val_auroc": "AUROC, validation", "auroc": "AUROC, test", "interval": "95 % interval"}
BEST |= {"n_parameters": "parameters", "notes": "notes"}
MAIN = {
    "of": "difference",
    "difference": "in AUROC",
    "interval": "95 % interval, paired",
    "interval_all": "of all together",
    "relative": "relative",
    "verdict": "verdict",
    "effect": "an effect?",
    "averaged_over": "averaged over",
}
INTERACTIONS = {
    "of": "difference",
    "with": "with",
    "less_with": "less with",
    "difference": "change",
    "interval": "95 % interval, paired",
    "interval_all": "of all together",
    "verdict": "verdict",
    "averaged_over": "averaged over",
}
COMPARISONS = {
    "a": "cell",
    "b": "compared with",
    "difference": "difference in AUROC",
    "interval": "95 % interval, paired",
    "interval_all": "of all together",
    "relative": "relative change",
    "verdict": "verdict",
    "effect": "an effect?",
}
MEMBERS = {"member": "member", "status": "status", "val_auroc": "AUROC, validation", "auroc": "AUROC, test", "best_epoch": "best epoch"}
MEMBERS |= {"seconds": "training [s]", "notes": "notes"}
TEXTS = dict.fromkeys(("n_parameters", "best_epoch", "seconds", "events_per_second", "seed"), whole)
CHANGES = {"difference": signed(4), "relative": percent}

CAPTIONS = {
    "summary": "Test split, one row a cell, mean over seeds; baselines shaded. All columns: summary.csv",
    "apart": "Evaluated on other test events: unpaired, each with an interval of its own, in no comparison or effect",
    "metrics": "All classes: threshold at the most probable class, and calibration (ECE: classwise, 15 bins of equal width)",
    "processes": "Signal against one process at a time",
    "efficiencies": "Signal efficiency at a background rejection; too few events: fewer than ten background events would pass",
    "best": "Chosen on validation only, then looked up on the test split; best_models.csv names their folders",
    "trainings": "Mean over seeds; sizes, and time on the device named",
    "main": "Which differences are larger than noise: AUROC of one level less that of another, in the same settings of all other axes. "
    "The verdict uses the interval that holds for all effects together. All columns: effects.csv",
    "interactions": "Do two axes act together: by how much a difference changes from one level of another axis to the next",
    "comparisons": "Paired: both models see the same resamples of the same test events",
    "members": "One row a training, finished or not. All columns: members.csv",
}
