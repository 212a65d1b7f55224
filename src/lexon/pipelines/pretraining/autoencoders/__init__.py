"""Autoencoders of objects, and what their latent space holds."""

from lexon.pipelines.pretraining.autoencoders.pipeline import create_pipeline

__all__ = ["create_pipeline"]
