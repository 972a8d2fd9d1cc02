"""The data plane: requests that a model answers."""

from .handler import Inference
from .sockets import Sockets, conversation_at

__all__ = ["Inference", "Sockets", "conversation_at"]
