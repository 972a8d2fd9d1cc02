"""What Azure's dated API versions don't know yet. The undated ``v1`` has no rules of its own.

``FIRST_VERSIONS`` are the first dated versions whose specification has the field
(https://github.com/Azure/azure-rest-api-specs/tree/main/specification/cognitiveservices/data-plane/AzureOpenAI/inference).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .asked import Asked, Refusal, Rule, object_of
from .openai_chat import RULES as OPENAI

FIRST_VERSIONS: Mapping[str, str] = {
    "tools": "2023-12-01-preview",
    "tool_choice": "2023-12-01-preview",
    "stream_options": "2024-09-01-preview",
    "parallel_tool_calls": "2024-09-01-preview",
    "max_completion_tokens": "2024-09-01-preview",
    "reasoning_effort": "2024-12-01-preview",
}
FIRST_WITH_SCHEMAS = "2024-08-01-preview"


def fields_are_in_the_version(asked: Asked) -> Refusal | None:
    names = [name for name, first in FIRST_VERSIONS.items() if name in asked.body and _is_before(asked.version, first)]
    if not names:
        return None
    plural = "s" if len(names) > 1 else ""
    return Refusal(f"Unrecognized request argument{plural} supplied: {', '.join(names)}")


def schemas_are_in_the_version(asked: Asked) -> Refusal | None:
    kind = object_of(asked.body.get("response_format")).get("type")
    if kind != "json_schema" or not _is_before(asked.version, FIRST_WITH_SCHEMAS):
        return None
    what = f"response_format value as json_schema is enabled only for api versions {FIRST_WITH_SCHEMAS} and later"
    return Refusal(what, code="BadRequest")


def _is_before(version: str, first: str) -> bool:
    """Only dates are compared. A version and its preview are of the same day."""
    return bool(re.match(r"\d{4}-\d\d-\d\d", version)) and version[:10] < first[:10]


RULES: tuple[Rule, ...] = (
    Rule(fields_are_in_the_version, "https://github.com/Azure/azure-rest-api-specs/pull/30909"),
    Rule(schemas_are_in_the_version, "https://github.com/crmne/ruby_llm/issues/600"),
    *OPENAI,
)
