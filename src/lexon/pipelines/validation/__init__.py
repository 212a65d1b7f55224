"""Simulated events, held against a full chain and against published statistics of real ones."""

from lexon.pipelines.validation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
