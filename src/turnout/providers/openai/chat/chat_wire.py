"""The form of a reply, unary and streamed. No field is required, as vendors leave out various fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from turnout.core import FinishReason, TokenLogprob

NOTHING = Raw()
NOT_NUMBERED = -1
"""The index of a choice without one. Its place in the list counts."""


class FunctionPiece(msgspec.Struct, gc=False):
    """``arguments`` is text that holds JSON. llama.cpp and TGI send the object itself."""

    name: str | None = None
    arguments: Raw = Raw()


class ToolCallPiece(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionPiece | None = None


class ContentPiece(msgspec.Struct):
    """Mistral's reasoning models send content in parts: ``text``, or ``thinking``, which has parts itself.

    https://docs.mistral.ai/capabilities/reasoning/. Anthropic's models behind this wire have ``thinking`` as text.
    """

    text: str | None = None
    thinking: list[ContentPiece] | str | None = None


class ImageAddress(msgspec.Struct, gc=False):
    url: str | None = None


class ImagePiece(msgspec.Struct):
    """A picture in an answer: https://openrouter.ai/docs/features/multimodal/image-generation"""

    image_url: ImageAddress | None = None


class Piece(msgspec.Struct):
    """A message, or its next piece. The reasoning fields are DeepSeek's, xAI's, vLLM's and OpenRouter's extension.

    ``function_call`` is the only call of servers that are older than ``tool_calls``.
    """

    content: str | list[ContentPiece] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None
    function_call: FunctionPiece | None = None
    images: list[ImagePiece] | None = None
    annotations: Raw = NOTHING

    @property
    def says_nothing(self) -> bool:
        """Whether it has nothing of an answer. It may have a role."""
        thought = self.reasoning_content or self.reasoning
        said = self.content or self.refusal or thought or self.images
        return not (said or self.tool_calls or self.function_call)


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
    """``usage`` is Moonshot's place for it (https://github.com/caudena/beam_weaver/releases/tag/v0.1.12)."""

    index: int = NOT_NUMBERED
    delta: Piece | None = None
    message: Piece | None = None
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None
    usage: Raw = NOTHING


Numbered = TypeVar("Numbered")


def place_of(choice: Numbered, choices: Sequence[Numbered]) -> int:
    """The number of a choice that has none."""
    return next(place for place, each in enumerate(choices) if each is choice)


class Reply(msgspec.Struct):
    """A ``chat.completion`` or one ``chat.completion.chunk``, or an error in place of either."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: Raw = NOTHING  # read by ``chat_usage.py``
    error: Any = None


REASONS: dict[str, FinishReason] = {
    "": "stop",
    "stop": "stop",
    "[DONE]": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
}
"""The meaning of each vendor's word. Any other word (``error``, ``abort``) means that the answer is not whole.

Besides OpenAI's: ``eos`` is Together's, ``eos_token`` and ``stop_sequence`` are TGI's
(https://github.com/huggingface/text-generation-inference/pull/2344), ``model_length`` is Mistral's,
``model_context_window_exceeded`` and ``sensitive`` are Zhipu's (https://docs.z.ai/api-reference/llm/chat-completion;
https://github.com/mozilla-ai/any-llm/pull/1204 tells what they mean), the others Anthropic's, which proxies leave as
they are. The empty one is that of a whole reply without any.
"""

NO_REASONS = frozenset({"", "null"})
"""What some servers send in place of null while the answer goes on."""
