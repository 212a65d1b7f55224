"""The report of an experiment with classifiers."""

from lexon.pipelines.reporting.classifiers.pipeline import create_pipeline

__all__ = ["create_pipeline"]
