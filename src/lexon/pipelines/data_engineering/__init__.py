"""Events in: simulated or read from a file, cleaned, and shown to the tokenisers."""

from lexon.pipelines.data_engineering.pipeline import create_pipeline, create_token_file

__all__ = ["create_pipeline", "create_token_file"]
