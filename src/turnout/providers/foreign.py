"""Refuses fields of another wire in requests that aren't chat requests."""

from __future__ import annotations

from turnout.core import HARMLESS, Extensions
from turnout.errors import Unsupported


def refuse_foreign_fields(extensions: Extensions, namespace: str, provider: str) -> None:
    """Raises ``Unsupported`` for the first field that is of another namespace and would change the answer."""
    for field_namespace, fields in (extensions or {}).items():
        for field in fields if field_namespace != namespace else ():
            if field not in HARMLESS:
                raise Unsupported(f"The provider '{provider}' does not support '{field}'.", param=field)
