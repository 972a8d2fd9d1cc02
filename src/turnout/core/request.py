"""A client's request for a chat answer, in the form that all dialects share."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from msgspec import structs

from .messages import Extensions, Message

_NO_WIRE = ""  # of a body that no provider may relay


class Tool(msgspec.Struct, frozen=True):
    """A function the model may call. ``parameters`` is its JSON Schema, as the raw JSON it came as."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    strict: bool | None = None
    extensions: Extensions = None


class ToolChoice(msgspec.Struct, frozen=True):
    """``required`` means some tool; ``tool`` means the one of that ``name``."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None


class Output(msgspec.Struct, frozen=True):
    """The form of the answer. ``schema`` is raw JSON, for ``json_schema``."""

    kind: Literal["text", "json", "json_schema"] = "text"
    schema: msgspec.Raw | None = None
    name: str | None = None
    strict: bool | None = None
    description: str | None = None


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """None: the client left it out. Then the deployment's default applies, else the provider's own."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class Reasoning(msgspec.Struct, frozen=True, kw_only=True):
    """How much the model should think: a word, or a budget in tokens. ``enabled=False`` asks for no thinking."""

    enabled: bool = True
    effort: str | None = None
    budget: int | None = None


class Continuation(msgspec.Struct, frozen=True):
    """The conversation before a request's messages: items of its wire, and the deployment of the last answer."""

    items: tuple[msgspec.Raw, ...]
    deployment: str


class WireBody(msgspec.Struct, frozen=True):
    """The client's own request, to relay it to the same wire: its top-level fields as raw JSON.

    ``headers`` are those that the wire gives a meaning (``anthropic-beta``), by lower-case name.
    ``form`` is the type that the fields were decoded as; ``unread.py`` finds the fields that it doesn't have.
    ``continues`` is set when the wire names an earlier answer instead of repeating the conversation.
    """

    wire: str
    fields: dict[str, msgspec.Raw]
    headers: dict[str, str] = {}
    form: type[msgspec.Struct] | None = None
    continues: Continuation | None = None


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a chat answer.

    ``extensions`` keeps top-level fields that have no place here, by the namespace of the wire they came from.
    ``service``: the defaults of the provider's service API apply to what the client leaves out.
    ``raw`` is set when the request came over a wire, and None when it came through the library.
    """

    operation: ClassVar[str] = "chat"
    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: Output = Output()
    sampling: Sampling = Sampling()
    reasoning: Reasoning | None = None
    max_output: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    stream: bool = False
    stream_usage: bool = False  # the client asked to see usage in the stream
    service: bool = False
    user: str | None = None
    metadata: dict[str, str] | None = None
    extensions: Extensions = None
    raw: WireBody | None = None


def with_messages(request: ChatRequest, messages: tuple[Message, ...]) -> ChatRequest:
    """``request`` with other messages. From then on it is translated to every provider.

    A body that is relayed to its own wire keeps the client's messages, so the change would be lost.
    """
    raw = None if request.raw is None else structs.replace(request.raw, wire=_NO_WIRE)
    return structs.replace(request, messages=messages, raw=raw)
