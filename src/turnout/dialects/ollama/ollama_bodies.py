"""The fields of request bodies that this dialect reads. All other fields are kept as raw JSON.

Sources: https://docs.ollama.com/openapi.yaml and the types of Ollama's own Python client.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

Name = Annotated[str, Meta(min_length=1)]
NOTHING = Raw()  # the default of a field: msgspec can't decode JSON into ``Raw | None``
Fraction = Annotated[float, Meta(ge=-(2**31), le=2**31 - 1)]
Number = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | Fraction


class CalledFunction(msgspec.Struct):
    """``arguments`` is a JSON object, not a string that holds one. ``index`` repeats the place in the list."""

    name: Name
    arguments: Raw = NOTHING
    index: Any = None


class ToolCall(msgspec.Struct):
    """Only newer clients send the id back. ``type`` is always "function"."""

    function: CalledFunction
    id: str | None = None
    type: Any = None


class Message(msgspec.Struct):
    """``images`` are base64. A tool's result may have ``tool_name`` and ``tool_call_id``."""

    role: str
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class FunctionSpec(msgspec.Struct):
    name: Name
    description: str | None = None
    parameters: Raw = NOTHING


class Tool(msgspec.Struct):
    """``type`` is always "function"."""

    function: FunctionSpec
    type: Any = None


class Options(msgspec.Struct):
    """The options that other wires have, too."""

    num_predict: Number | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Number | None = None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Fraction | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | None = None


class Body(msgspec.Struct, kw_only=True):
    """The fields of both chat and generate. ``stream`` is true when it is missing. ``think`` may also be a word of
    OpenAI's: Ollama itself takes fewer words.
    """

    model: Name
    stream: bool | None = None
    format: Raw = NOTHING
    options: dict[str, Raw] | None = None  # decoded separately, so that options outside ``Options`` are kept
    think: bool | Literal["", "none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None


class Chat(Body, kw_only=True):
    messages: list[Message] | None = None
    tools: list[Tool] | None = None


class Generate(Body, kw_only=True):
    prompt: str | None = None
    system: str | None = None
    images: list[str] | None = None


class Embed(msgspec.Struct):
    model: Name
    input: str | list[str]
    dimensions: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    options: dict[str, Raw] | None = None


class Embeddings(msgspec.Struct):
    """The body of the older endpoint: one text."""

    model: Name
    prompt: str = ""
    options: dict[str, Raw] | None = None
