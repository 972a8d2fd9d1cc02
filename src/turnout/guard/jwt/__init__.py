"""Signed tokens (JWT, RFC 7519) in place of API keys: who asks, as the issuer of the token says.

PyJWT and cryptography are imported when a token has to be checked: the import costs 70 ms.
"""

from .key_ring import KeyRing
from .reading import is_token
from .rules import ClaimNames, TokenRules
from .tokens import Refusal, Tokens, TokenState

__all__ = ["ClaimNames", "KeyRing", "Refusal", "TokenRules", "TokenState", "Tokens", "is_token"]
