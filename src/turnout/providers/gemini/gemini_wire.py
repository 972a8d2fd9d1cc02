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
    """``response`` is an object; its own keys are ``output`` and ``error``."""

    name: str
    response: Raw
    id: str | None = None
    parts: list[MediaPart] | None = None
    scheduling: Raw = NOTHING
    will_continue: Raw = NOTHING


class Part(Struct, rename="camel", omit_defaults=True):
    """Exactly one of text, call, response, inline or file data. ``thought_signature`` may stand beside any of them.

    The last four only come for tools that run at Google.
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
    """A ``Content`` to be sent: parts with fields that aren't read here stay the JSON that they are."""

    parts: list[Part | Raw]
    role: str | None = None


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


class ModalityCount(Struct, rename="camel", gc=False):
    modality: str = ""
    token_count: int = 0


class UsageMetadata(Struct, rename="camel"):
    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0
    prompt_tokens_details: tuple[ModalityCount, ...] | None = None
    candidates_tokens_details: tuple[ModalityCount, ...] | None = None

    def usage(self) -> Usage | None:
        """None while Gemini has counted nothing yet. Cached tokens are part of the prompt's, thoughts are apart."""
        given = self.prompt_token_count + self.tool_use_prompt_token_count
        made = self.candidates_token_count + self.thoughts_token_count
        if not given and not made:
            return None
        usage = Usage(
            input=given, output=made, cached_input=self.cached_content_token_count, reasoning=self.thoughts_token_count
        )
        if _is_text(self.prompt_tokens_details) and _is_text(self.candidates_tokens_details):
            return usage
        return msgspec.structs.replace(
            usage,
            audio_input=_of("AUDIO", self.prompt_tokens_details),
            audio_output=_of("AUDIO", self.candidates_tokens_details),
            image_input=_of("IMAGE", self.prompt_tokens_details),
            image_output=_of("IMAGE", self.candidates_tokens_details),
        )


def _is_text(counts: tuple[ModalityCount, ...] | None) -> bool:
    return not counts or (len(counts) == 1 and counts[0].modality == "TEXT")


def _of(modality: str, counts: tuple[ModalityCount, ...] | None) -> int:
    return sum(count.token_count for count in counts or () if count.modality == modality)


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


class Likely(Struct, rename="camel", gc=False):
    """A token, and the natural logarithm of its probability."""

    token: str = ""
    log_probability: float = 0


class LikelyOnes(Struct):
    """The tokens that could have stood in one place, the likeliest first."""

    candidates: list[Likely] | None = None


class LogprobsResult(Struct, rename="camel"):
    """The tokens that were chosen, and for each of them those that could have been."""

    chosen_candidates: list[Likely] | None = None
    top_candidates: list[LikelyOnes] | None = None


class Candidate(Struct, rename="camel"):
    index: int = 0
    content: Content | None = None
    finish_reason: str | None = None
    logprobs_result: LogprobsResult | None = None


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
