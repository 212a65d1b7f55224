"""Variational autoencoders of multi-label rows, and the anchors that show what their numbers are
worth.
"""

from lexon.pipelines.modelling.vae.pipeline import create_pipeline

__all__ = ["create_pipeline"]
