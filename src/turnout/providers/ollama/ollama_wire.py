"""The types of the wire (https://docs.ollama.com/api/chat). Requests and replies have the same message."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from turnout.core import Failure, FinishReason, TokenLogprob, Usage
from turnout.providers import error_words

NOTHING = Raw()
FORM = "ollama"
"""The form of its errors: ``{"error": "words"}``."""


class Function(Struct, omit_defaults=True):
    """``arguments`` is a JSON object, not a string."""

    name: str = ""
    arguments: Raw = NOTHING


class ToolCall(Struct, omit_defaults=True):
    """Ollama sends ids since version 0.12.10."""

    function: Function
    id: str | None = None


class Message(Struct, omit_defaults=True):
    """``images`` are base64. ``tool_name`` and ``tool_call_id`` belong to a tool's result."""

    role: str | None = None
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


# --- requests ----------------------------------------------------------------------------------------


class Options(Struct, omit_defaults=True):
    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()


class ToolFunction(Struct, omit_defaults=True):
    name: str
    parameters: Raw
    description: str | None = None


class Tool(Struct):
    function: ToolFunction
    type: str = "function"


class ChatRequest(Struct, omit_defaults=True):
    """``stream`` has no default here, as Ollama streams by default."""

    model: str
    messages: list[Message]
    stream: bool
    options: Options
    tools: list[Tool] | None = None
    format: Any = None  # "json" or a schema
    think: bool | str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


# --- replies -----------------------------------------------------------------------------------------


class TopLogprob(Struct, gc=False):
    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None


class Logprob(TopLogprob):
    top_logprobs: list[TopLogprob] | None = None

    def token_logprob(self) -> TokenLogprob:
        top = tuple([TokenLogprob(each.token, each.logprob, (), each.bytes) for each in self.top_logprobs or ()])
        return TokenLogprob(self.token, self.logprob, top, self.bytes)


_LOGPROBS = msgspec.json.Decoder(list[Logprob] | None)


def logprobs_of(raw: Raw) -> tuple[TokenLogprob, ...]:
    """Empty for log probabilities of another form: the answer must not fail because of them."""
    try:
        logprobs = _LOGPROBS.decode(raw) if raw else None
    except (msgspec.ValidationError, UnicodeDecodeError):
        return ()
    return tuple([logprob.token_logprob() for logprob in logprobs or ()])


class Reply(Struct):
    """A whole reply, or one line of a stream. Ollama's ``error`` is text; some proxies send an object.

    ``/api/generate`` has ``response`` and ``thinking`` in place of a message.
    """

    model: str = ""
    message: Message | None = None
    response: str | None = None
    thinking: str | None = None
    logprobs: Raw = NOTHING  # read by ``logprobs_of``
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int = 0
    eval_count: int = 0
    error: Any = None

    def usage(self) -> Usage | None:
        """None when Ollama hasn't counted. It leaves out counts of zero."""
        if not self.prompt_eval_count and not self.eval_count:
            return None
        return Usage(input=self.prompt_eval_count, output=self.eval_count)


class Model(Struct):
    name: str


class ModelList(Struct):
    models: list[Model] = msgspec.field(default_factory=list)


def failure_of(error: Any) -> Failure:
    """The event for an error in a reply of status 200, or in the middle of a stream."""
    return error_words.failure_of(error, FORM)


def finish_reason(native: str, called: bool) -> FinishReason:
    """Ollama says ``stop`` after tool calls, too. ``called``: there were tool calls. Older servers leave it empty."""
    if native in ("stop", ""):
        return "tool_calls" if called else "stop"
    return "length" if native == "length" else "other"
