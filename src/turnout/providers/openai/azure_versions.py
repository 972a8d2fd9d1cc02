"""Fields that Azure's dated API versions don't have yet. They refuse a request that has one.

https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle lists what each version added, and
https://github.com/Azure/azure-rest-api-specs/tree/main/specification/cognitiveservices/data-plane/AzureOpenAI/inference
has the specification of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_FIRST: Final[Mapping[str, str]] = {
    "stream_options": "2024-09-01",
    "parallel_tool_calls": "2024-09-01",
    "reasoning_effort": "2024-12-01",
    "metadata": "2024-12-01",
    "store": "2024-12-01",
    "prediction": "2025-01-01",
}
"""The days of the first versions that have these hints. A preview has the fields of its day."""


@lru_cache(256)
def unknown_fields(version: str | None) -> frozenset[str]:
    """The hints that ``version`` doesn't have. Those without a date have all."""
    if not version or not version[:1].isdigit():
        return frozenset()
    return frozenset([name for name, first in _FIRST.items() if version[:10] < first])
