"""The fields of Gemini's requests, and what it says of unknown ones.

From https://ai.google.dev/api/generate-content and the ``…_to_mldev`` functions of python-genai. Names are in
snake_case, as in Google's errors. A field whose message isn't listed here has anything in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .asked import Asked, Refusal, names_in

REQUEST = "GenerateContentRequest"

_SCHEMA = (
    "type format title description nullable enum max_items min_items required min_properties max_properties min_length "
    "max_length pattern example property_ordering default minimum maximum properties any_of items"
)

MESSAGES: Mapping[str, frozenset[str]] = {
    REQUEST: names_in(
        "model contents system_instruction tools tool_config safety_settings generation_config cached_content "
        "service_tier store labels"
    ),
    "Content": frozenset({"parts", "role"}),
    "Part": names_in(
        "text thought thought_signature inline_data file_data function_call function_response executable_code "
        "code_execution_result tool_call tool_response video_metadata audio_metadata document_metadata "
        "speech_metadata spreadsheet_metadata part_metadata media_resolution media_processing "
        "audio_transcription"
    ),
    "Blob": frozenset({"data", "mime_type", "display_name"}),
    "FileData": frozenset({"file_uri", "mime_type"}),
    "FunctionCall": frozenset({"id", "name", "args"}),
    "FunctionResponse": frozenset({"id", "name", "response", "parts", "scheduling", "will_continue"}),
    "Tool": names_in(
        "function_declarations google_search google_search_retrieval code_execution url_context computer_use "
        "file_search google_maps mcp_servers"
    ),
    "FunctionDeclaration": names_in(
        "name description behavior parameters parameters_json_schema response response_json_schema"
    ),
    "ToolConfig": frozenset({"function_calling_config", "retrieval_config", "include_server_side_tool_invocations"}),
    "FunctionCallingConfig": frozenset({"mode", "allowed_function_names"}),
    "GenerationConfig": names_in(
        "stop_sequences response_mime_type response_schema response_json_schema response_modalities "
        "candidate_count max_output_tokens temperature top_p top_k seed presence_penalty frequency_penalty "
        "response_logprobs logprobs enable_enhanced_civic_answers speech_config thinking_config image_config "
        "media_resolution audio_transcription_config response_format translation_config"
    ),
    "ThinkingConfig": frozenset({"include_thoughts", "thinking_budget", "thinking_level"}),
    "Schema": names_in(_SCHEMA),
}
INNER: Mapping[tuple[str, str], str] = {
    (REQUEST, "contents"): "Content",
    (REQUEST, "system_instruction"): "Content",
    (REQUEST, "tools"): "Tool",
    (REQUEST, "tool_config"): "ToolConfig",
    (REQUEST, "generation_config"): "GenerationConfig",
    ("Content", "parts"): "Part",
    ("Part", "inline_data"): "Blob",
    ("Part", "file_data"): "FileData",
    ("Part", "function_call"): "FunctionCall",
    ("Part", "function_response"): "FunctionResponse",
    ("Tool", "function_declarations"): "FunctionDeclaration",
    ("ToolConfig", "function_calling_config"): "FunctionCallingConfig",
    ("GenerationConfig", "thinking_config"): "ThinkingConfig",
    ("GenerationConfig", "response_schema"): "Schema",
    ("FunctionDeclaration", "parameters"): "Schema",
    ("FunctionDeclaration", "response"): "Schema",
    ("Schema", "any_of"): "Schema",
    ("Schema", "items"): "Schema",
}


def snake(name: str) -> str:
    return re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name)


def fields_are_known(asked: Asked) -> Refusal | None:
    """Names all unknown fields, a line for each."""
    faults = list(_faults(asked.body, REQUEST, ""))
    lines = [f"Invalid JSON payload received. Unknown name {fault}" for fault in faults]
    return Refusal("\n".join(lines)) if lines else None


def _faults(value: Any, message: str, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, message, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    at = f" at '{path}'" if path else ""
    for name, item in value.items():
        field = snake(name)
        inside = f"{path}.{field}" if path else field
        if field not in MESSAGES[message]:
            yield f'"{name}"{at}: Cannot find field.'
        elif message == "Schema" and field == "type" and isinstance(item, list):
            yield f'"{name}"{at}: Proto field is not repeating, cannot start list.'
        elif message == "Schema" and field == "properties" and isinstance(item, dict):
            for index, schema in enumerate(item.values()):
                yield from _faults(schema, "Schema", f"{inside}[{index}].value")
        elif (message, field) in INNER:
            yield from _faults(item, INNER[message, field], inside)
