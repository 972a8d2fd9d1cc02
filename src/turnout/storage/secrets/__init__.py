"""Secrets at rest: what is stored of a provider's key can't be read without a key that is stored elsewhere."""

from .master_key import OLD_SECRET_KEY_VARIABLE, SECRET_KEY_VARIABLE
from .sealing import is_sealed
from .vault import Vault

__all__ = ["OLD_SECRET_KEY_VARIABLE", "SECRET_KEY_VARIABLE", "Vault", "is_sealed"]
