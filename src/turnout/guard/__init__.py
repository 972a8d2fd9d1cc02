"""Who may do what."""

from .keys import ANONYMOUS, authenticate, may_use, require_model

__all__ = ["ANONYMOUS", "authenticate", "may_use", "require_model"]
