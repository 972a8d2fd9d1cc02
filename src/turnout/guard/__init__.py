"""Who may do what."""

from .keys import ANONYMOUS, authenticate, presented_secret, require_model

__all__ = ["ANONYMOUS", "authenticate", "presented_secret", "require_model"]
