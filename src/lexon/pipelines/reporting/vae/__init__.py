"""Variational autoencoders: which learnt something, and how they compare with each other and with anchors."""

from lexon.pipelines.reporting.vae.pipeline import create_pipeline

__all__ = ["create_pipeline"]
