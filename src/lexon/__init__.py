"""lexon: how should a collider event be shown to a neural network?"""

__version__ = "0.1.0"
