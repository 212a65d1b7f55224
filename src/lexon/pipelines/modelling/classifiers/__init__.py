"""Classifiers and the baselines they must beat."""

from lexon.pipelines.modelling.classifiers.pipeline import create_pipeline

__all__ = ["create_pipeline"]
