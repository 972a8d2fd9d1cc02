"""The reply's form on the wire, unary and streamed. Vendors leave out what they like, so nothing is required."""

from __future__ import annotations

import msgspec

from turnout.core import FinishReason, Usage


class FunctionPiece(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class ToolCallPiece(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class Piece(msgspec.Struct):
    """A message, or the next piece of one. Reasoning is DeepSeek's, xAI's, vLLM's and OpenRouter's extension."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: Piece | None = None
    message: Piece | None = None
    finish_reason: str | None = None


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = None


class UsageFields(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None

    def usage(self) -> Usage:
        """xAI counts reasoning apart from the completion's tokens, so the total decides what was put out."""
        given = self.prompt_tokens or 0
        made = self.completion_tokens or 0
        inputs = self.prompt_tokens_details or InputDetails()
        outputs = self.completion_tokens_details or OutputDetails()
        return Usage(
            input=given,
            output=max(made, (self.total_tokens or 0) - given),
            cached_input=inputs.cached_tokens or 0,
            cache_write=inputs.cache_write_tokens or 0,
            reasoning=outputs.reasoning_tokens or 0,
        )


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
    usage: UsageFields | None = None
    error: ErrorFields | str | None = None


REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
