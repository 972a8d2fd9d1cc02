"""The form of a reply, unary and streamed. No field is required, as vendors leave out various fields."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from turnout.core import FinishReason, TokenLogprob, Usage

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class FunctionPiece(msgspec.Struct, gc=False):
    """``arguments`` is text that holds JSON. llama.cpp and TGI send the object itself."""

    name: str | None = None
    arguments: Raw = Raw()


class ToolCallPiece(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class ContentPiece(msgspec.Struct):
    """Mistral's reasoning models send content in parts: ``text``, or ``thinking``, which has parts itself."""

    text: str | None = None
    thinking: list[ContentPiece] | None = None


class Piece(msgspec.Struct):
    """A message, or its next piece. The reasoning fields are DeepSeek's, xAI's, vLLM's and OpenRouter's extension."""

    content: str | list[ContentPiece] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None


class TopLogprob(msgspec.Struct, gc=False):
    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None


class Logprob(TopLogprob):
    top_logprobs: list[TopLogprob] = []

    def token_logprob(self) -> TokenLogprob:
        top = tuple([TokenLogprob(token.token, token.logprob, (), token.bytes) for token in self.top_logprobs])
        return TokenLogprob(self.token, self.logprob, top, self.bytes)


class ChoiceLogprobs(msgspec.Struct):
    content: list[Logprob] | None = None
    refusal: list[Logprob] | None = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: Piece | None = None
    message: Piece | None = None
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    audio_tokens: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None
    audio_tokens: Count | None = None


class UsageFields(msgspec.Struct):
    """SGLang has ``reasoning_tokens`` at the top level, DeepSeek ``prompt_cache_hit_tokens``."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    prompt_cache_hit_tokens: Count | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None

    def usage(self) -> Usage:
        """xAI counts reasoning apart from the completion: the output is at least the total minus the input."""
        input_tokens = self.prompt_tokens or 0
        output_tokens = self.completion_tokens or 0
        inputs = self.prompt_tokens_details or InputDetails()
        outputs = self.completion_tokens_details or OutputDetails()
        return Usage(
            input=input_tokens,
            output=max(output_tokens, (self.total_tokens or 0) - input_tokens),
            cached_input=inputs.cached_tokens or self.prompt_cache_hit_tokens or 0,
            cache_write=inputs.cache_write_tokens or 0,
            reasoning=outputs.reasoning_tokens or self.reasoning_tokens or 0,
            audio_input=inputs.audio_tokens or 0,
            audio_output=outputs.audio_tokens or 0,
        )


_USAGE = msgspec.json.Decoder(UsageFields | None)


def usage_of(raw: Raw) -> Usage | None:
    """None without usage and for impossible numbers: the answer matters more than its count."""
    try:
        fields = _USAGE.decode(raw) if raw else None
    except msgspec.ValidationError:
        return None
    return fields.usage() if fields else None


class ErrorFields(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None


class Reply(msgspec.Struct):
    """A ``chat.completion`` or one ``chat.completion.chunk``, or an error in place of either."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: Raw = Raw()  # read by ``usage_of``
    error: ErrorFields | str | None = None


REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "[DONE]": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
