"""The report of an experiment with autoencoders."""

from lexon.pipelines.reporting.autoencoders.pipeline import create_pipeline

__all__ = ["create_pipeline"]
