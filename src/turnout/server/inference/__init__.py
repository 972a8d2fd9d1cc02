"""The data plane: requests that a model answers."""

from .handler import Inference

__all__ = ["Inference"]
