"""Fields of another wire, in requests that aren't for a chat."""

from __future__ import annotations

from turnout.core import HARMLESS, Extensions
from turnout.errors import Unsupported


def refuse_foreign_fields(extensions: Extensions, namespace: str, provider: str) -> None:
    """Raises ``Unsupported`` naming the first field that isn't of ``namespace`` and would change the answer."""
    for origin, fields in (extensions or {}).items():
        for field in fields if origin != namespace else ():
            if field not in HARMLESS:
                raise Unsupported(f"The provider '{provider}' does not support '{field}'.", param=field)
