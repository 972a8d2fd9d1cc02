"""Who may do what."""

from .keys import ANONYMOUS, authenticate, require_model

__all__ = ["ANONYMOUS", "authenticate", "require_model"]
