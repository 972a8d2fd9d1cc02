"""Fields that the core doesn't have. They are kept for OpenAI's wire, and every other wire refuses them by name."""

from __future__ import annotations

from collections.abc import Mapping, Set

from msgspec import Raw

from turnout.core import Extensions
from turnout.dialects.parsing import unknown_fields

NAMESPACE = "openai"


def openai_extensions(fields: Mapping[str, Raw], known: Set[str]) -> Extensions:
    unknown = unknown_fields(fields, known)
    return {NAMESPACE: unknown} if unknown else None
