"""The types of the wire. Requests and replies have the same content, so the same structs write and read it.

The fields are from https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Part. A reply has
no required fields, as Gemini leaves out default values.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from turnout.core import FinishReason

from .gemini_usage import UsageMetadata

NOTHING = Raw()
FORM = "gemini"
"""The form of its errors: ``google.rpc.Status`` in JSON (https://google.aip.dev/193)."""


class Blob(Struct, rename="camel", omit_defaults=True):
    """``data`` is base64."""

    mime_type: str = ""
    data: str = ""


class FileData(Struct, rename="camel", omit_defaults=True):
    mime_type: str | None = None
    file_uri: str = ""


class PartialArg(Struct, rename="camel"):
    """A piece of a call's arguments; ``json_path`` (RFC 9535) is its place.

    The pieces of a string have to be joined. Other values come whole.
    """

    json_path: str = "$"
    string_value: str | None = None
    number_value: Raw = NOTHING
    bool_value: bool | None = None
    null_value: str | None = None


class FunctionCall(Struct, rename="camel", omit_defaults=True):
    """``will_continue`` announces more parts, which have ``partial_args`` and no name."""

    id: str | None = None
    name: str | None = None
    args: Raw = NOTHING
    partial_args: list[PartialArg] | None = None
    will_continue: bool = False


class MediaPart(Struct, rename="camel", omit_defaults=True):
    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(Struct, rename="camel", omit_defaults=True):
    """``response`` is an object. Google's keys in it are ``output`` and ``error``."""

    name: str
    response: Raw
    id: str | None = None
    parts: list[MediaPart] | None = None
    scheduling: Raw = NOTHING
    will_continue: Raw = NOTHING


class Part(Struct, rename="camel", omit_defaults=True):
    """Has exactly one of text, call, response, inline or file data, and maybe a ``thought_signature``.

    The last four fields come only for tools that run at Google.
    """

    text: str | None = None
    thought: bool = False
    thought_signature: Raw = NOTHING
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    executable_code: Raw = NOTHING
    code_execution_result: Raw = NOTHING
    tool_call: Raw = NOTHING
    tool_response: Raw = NOTHING


class Content(Struct, omit_defaults=True):
    role: str | None = None
    parts: list[Part] | None = None


class Turn(Struct, omit_defaults=True):
    """A ``Content`` to send. A part with fields that have no struct here is JSON."""

    parts: list[Part | Raw]
    role: str | None = None


# --- requests ----------------------------------------------------------------------------------------


class FunctionDeclaration(Struct, rename="camel", omit_defaults=True):
    """``parameters_json_schema`` takes any JSON Schema. Google's other field, ``parameters``, takes less."""

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
    response_logprobs: bool | None = None
    logprobs: int | None = None
    response_mime_type: str | None = None
    response_json_schema: Raw | None = None
    thinking_config: ThinkingConfig | None = None


class GenerateRequest(Struct, rename="camel", omit_defaults=True):
    contents: list[Turn]
    system_instruction: Turn | None = None
    tools: list[dict[str, list[FunctionDeclaration | Raw]]] | None = None
    tool_config: dict[str, dict[str, Any]] | None = None
    generation_config: GenerationConfig | None = None


# --- replies -----------------------------------------------------------------------------------------


class PromptFeedback(Struct, rename="camel"):
    block_reason: str | None = None


class TokenCandidate(Struct, rename="camel", gc=False):
    """A token, and the natural logarithm of its probability."""

    token: str = ""
    log_probability: float = 0


class TopCandidates(Struct):
    """The most likely tokens of one place, the likeliest first."""

    candidates: list[TokenCandidate] | None = None


class LogprobsResult(Struct, rename="camel"):
    """The chosen tokens, and for each of them the most likely tokens of its place."""

    chosen_candidates: list[TokenCandidate] | None = None
    top_candidates: list[TopCandidates] | None = None


class Candidate(Struct, rename="camel"):
    index: int = 0
    content: Content | None = None
    finish_reason: str | None = None
    grounding_metadata: Raw = NOTHING
    logprobs_result: LogprobsResult | None = None


class Reply(Struct, rename="camel"):
    """A whole reply, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Any = None


class Model(Struct, rename="camel"):
    name: str
    supported_generation_methods: list[str] | None = None


class ModelList(Struct):
    models: list[Model] = msgspec.field(default_factory=list)


_REASONS: dict[str, FinishReason] = {
    "": "stop",  # of a whole reply that names none
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "FUNCTION_CALL": "tool_calls",  # Google never sends it; other servers on this wire do
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


NO_REASONS = frozenset({"", "FINISH_REASON_UNSPECIFIED"})
"""What some servers send while the answer goes on. Google's has them as the default, which it leaves out."""


def finish_reason(native: str, called: bool) -> FinishReason:
    """Gemini says STOP after tool calls, too. ``called``: there were tool calls."""
    meaning = "content_filter" if native in _FILTERED else _REASONS.get(native, "other")
    return "tool_calls" if called and meaning == "stop" else meaning
