"""The report of a sweep of the variance penalty."""

from lexon.pipelines.reporting.regression.pipeline import create_pipeline

__all__ = ["create_pipeline"]
