"""Tables, figures and words from what the members left behind."""

from lexon.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
