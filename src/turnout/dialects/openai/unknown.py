"""Fields that the core has no place for: kept for OpenAI's wire, refused by name on any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Raw

from turnout.core import Extensions

NAMESPACE = "openai"


def unknown_fields(fields: Mapping[str, Raw], known: Collection[str]) -> Extensions:
    unknown = {name: value for name, value in fields.items() if name not in known and bytes(value) != b"null"}
    return {NAMESPACE: unknown} if unknown else None
