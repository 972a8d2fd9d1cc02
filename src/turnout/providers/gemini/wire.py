"""The wire's own forms. The same content goes both ways, so one set of structs reads replies and writes requests.

Field by field from https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Part. In a reply
nothing is required: Gemini leaves out whatever has its default value.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from turnout.core import FinishReason, Usage

NOTHING = Raw()


class Blob(Struct, rename="camel", omit_defaults=True):
    """``data`` is base64."""

    mime_type: str = ""
    data: str = ""


class FileData(Struct, rename="camel", omit_defaults=True):
    mime_type: str | None = None
    file_uri: str = ""


class PartialArg(Struct, rename="camel"):
    """One more piece of a call's arguments; ``json_path`` (RFC 9535) says where it belongs.

    Of a string the pieces are to be joined; the other kinds come whole.
    """

    json_path: str = "$"
    string_value: str | None = None
    number_value: Raw = NOTHING
    bool_value: bool | None = None
    null_value: str | None = None


class FunctionCall(Struct, rename="camel", omit_defaults=True):
    """``will_continue`` announces further parts with ``partial_args`` and without a name."""

    id: str | None = None
    name: str | None = None
    args: Raw = NOTHING
    partial_args: list[PartialArg] | None = None
    will_continue: bool = False


class MediaPart(Struct, rename="camel", omit_defaults=True):
    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(Struct, rename="camel", omit_defaults=True):
    """``response`` has the key ``output`` or ``error``."""

    name: str
    response: dict[str, str]
    id: str | None = None
    parts: list[MediaPart] | None = None


class Part(Struct, rename="camel", omit_defaults=True):
    """Exactly one of text, call, response, inline or file data. ``thought_signature`` may stand beside any of them.

    Parts of other kinds (executable code, its result) only come for tools that run at Google.
    """

    text: str | None = None
    thought: bool = False
    thought_signature: Raw = NOTHING
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None


class Content(Struct, omit_defaults=True):
    role: str | None = None
    parts: list[Part] | None = None


# --- requests ----------------------------------------------------------------------------------------


class FunctionDeclaration(Struct, rename="camel", omit_defaults=True):
    """``parameters_json_schema`` takes JSON Schema; its sibling ``parameters`` only a part of OpenAPI's."""

    name: str
    description: str | None = None
    parameters_json_schema: Raw | None = None


class ThinkingConfig(Struct, rename="camel", omit_defaults=True):
    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(Struct, rename="camel", omit_defaults=True):
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_output_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    candidate_count: int = 1
    response_mime_type: str | None = None
    response_json_schema: Raw | None = None
    thinking_config: ThinkingConfig | None = None


class GenerateRequest(Struct, rename="camel", omit_defaults=True):
    contents: list[Content]
    system_instruction: Content | None = None
    tools: list[dict[str, list[FunctionDeclaration]]] | None = None
    tool_config: dict[str, dict[str, Any]] | None = None
    generation_config: GenerationConfig | None = None


# --- replies -----------------------------------------------------------------------------------------


class UsageMetadata(Struct, rename="camel", gc=False):
    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0

    def usage(self) -> Usage | None:
        """None while Gemini has counted nothing yet. Cached tokens are part of the prompt's, thoughts are apart."""
        given = self.prompt_token_count + self.tool_use_prompt_token_count
        made = self.candidates_token_count + self.thoughts_token_count
        if not given and not made:
            return None
        return Usage(
            input=given, output=made, cached_input=self.cached_content_token_count, reasoning=self.thoughts_token_count
        )


class ErrorDetail(Struct, rename="camel"):
    """``google.rpc.RetryInfo`` has ``retry_delay`` ("34.4s"), ``google.rpc.ErrorInfo`` has ``reason``."""

    retry_delay: str | None = None
    reason: str | None = None


class Error(Struct):
    """``google.rpc.Status`` in JSON; ``status`` is its code's name (https://google.aip.dev/193)."""

    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: list[ErrorDetail] | None = None


class ErrorBody(Struct):
    error: Error


class PromptFeedback(Struct, rename="camel"):
    block_reason: str | None = None


class Candidate(Struct, rename="camel"):
    index: int = 0
    content: Content | None = None
    finish_reason: str | None = None


class Reply(Struct, rename="camel"):
    """A whole reply, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Error | None = None


class Model(Struct, rename="camel"):
    name: str
    supported_generation_methods: list[str] | None = None


class ModelList(Struct):
    models: list[Model] = msgspec.field(default_factory=list)


_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "FUNCTION_CALL": "tool_calls",  # not Google's word, but that of stand-ins for Gemini
}
_FILTERED = frozenset(
    {
        "BLOCKLIST",
        "ESCALATION",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MODEL_ARMOR",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "SAFETY",
        "SPII",
    }
)


def finish_reason(native: str, called: bool) -> FinishReason:
    """Gemini says STOP after tool calls too; ``called`` tells whether there were any."""
    if called and native == "STOP":
        return "tool_calls"
    return "content_filter" if native in _FILTERED else _REASONS.get(native, "other")
