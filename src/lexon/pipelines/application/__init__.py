"""A finished classifier, used: exported for other software, or given a user's file to score."""

from lexon.pipelines.application.pipeline import create_export, create_scoring

__all__ = ["create_export", "create_scoring"]
