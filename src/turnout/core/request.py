"""A client's request for a chat answer, in the form that all dialects share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec
from msgspec import structs

from .lazy import Unread, UnreadList
from .messages import Extensions, Message
from .tools import HostedTool, Tool, ToolChoice

_NO_WIRE = ""  # of a body that no provider may relay


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

    ``headers`` are those that the wire gives a meaning (``anthropic-beta``), by lower-case name, and ``user-agent``.
    ``query`` is that of the address, as it was sent.
    ``form`` is the type that the fields were decoded as; ``unread.py`` finds the fields that it doesn't have.
    ``continues`` is set when the wire names an earlier answer instead of repeating the conversation.
    """

    wire: str
    fields: dict[str, msgspec.Raw]
    headers: dict[str, str] = {}
    query: str = ""
    form: type[msgspec.Struct] | None = None
    continues: Continuation | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """One request for a chat answer.

    ``extensions`` keeps top-level fields that have no place here, by the namespace of the wire they came from.
    ``service``: the defaults of the provider's service API apply to what the client leaves out.
    ``raw`` is set when the request came over a wire, and None when it came through the library.
    ``errand`` is set for a request that asks the model nothing: it tells a server to ``load`` or ``unload`` the model.
    On another wire nobody is asked, and the answer is this word as its end.
    ``prefilled``: the last message begins the answer, and the model has to go on from it (``continuing.py``).
    ``unread`` is set as long as only the settings have been read: then ``messages`` and ``tools`` are read when
    somebody looks at them, and ``tool_choice``, ``hosted`` and the extensions of the conversation are known from
    ``whole`` on.
    A setting that can't be read is left out, too.
    """

    operation: ClassVar[str] = "chat"
    model: str
    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    hosted: tuple[HostedTool, ...] = ()
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
    errand: Literal["load", "unload"] | None = None
    prefilled: bool = False
    unread: Unread | None = None


def whole_chat(request: ChatRequest) -> ChatRequest:
    """``request`` with all that was left unread. Raises ``Unreadable`` with the path of a field that can't be read."""
    if request.unread is None:
        return request
    rest = request.unread.rest()
    return structs.replace(
        request,
        messages=rest.messages if isinstance(request.messages, UnreadList) else request.messages,
        tools=rest.tools,
        tool_choice=rest.tool_choice,
        extensions=rest.extensions,
        hosted=rest.hosted,
        unread=None,
    )


def readable(request: ChatRequest) -> ChatRequest:
    """The same for who only looks: ``request`` with as much of its conversation as can be read. Raises nothing."""
    if request.unread is None:
        return request
    rest = request.unread.readable()
    messages = rest.messages if isinstance(request.messages, UnreadList) else request.messages
    return structs.replace(request, messages=messages, tools=rest.tools, tool_choice=rest.tool_choice, unread=None)


def with_messages(request: ChatRequest, messages: Sequence[Message]) -> ChatRequest:
    """``request`` with other messages. From then on it is translated to every provider.

    A body that is relayed to its own wire keeps the client's messages, so the change would be lost.
    """
    return structs.replace(not_relayed(request), messages=messages)


def not_relayed(request: ChatRequest) -> ChatRequest:
    """``request`` to be translated, even to a provider on its own wire."""
    return request if request.raw is None else structs.replace(request, raw=structs.replace(request.raw, wire=_NO_WIRE))
