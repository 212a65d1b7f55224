"""Two token files compared, and another's tokens made fit to train from."""

from lexon.pipelines.comparison.pipeline import create_ambre_pipeline, create_pipeline

__all__ = ["create_ambre_pipeline", "create_pipeline"]
