"""Regressions with a penalty on lost variance, and the baselines they must beat."""

from lexon.pipelines.modelling.regression.pipeline import create_pipeline

__all__ = ["create_pipeline"]
