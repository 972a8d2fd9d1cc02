"""A deployment: one way to serve a model."""

from __future__ import annotations

from typing import Literal

import msgspec

from .money import Price
from .network import Network
from .secret import Secret

Parameter = Literal[
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "seed",
    "stop",
    "temperature",
    "top_k",
    "top_logprobs",
    "top_p",
]
"""A parameter of a chat request that a model may refuse, by its name in OpenAI's chat. ``parameters.py`` reads it."""


Thinking = Literal["never", "optional", "always"]
"""Whether a model thinks before it answers."""

Makes = Literal["text", "vectors"]
"""The kind of answer of a model that an engine on the operator's machines runs."""


Schemas = Literal["always", "alone", "never"]
"""Whether a model can be held to the JSON Schema of an answer; ``alone``: only without tools."""


Prefill = Literal["message", "continue_final_message", "prefix", "partial"]
"""How a model is told to go on with the assistant's message at the end: by this message alone, or with a mark."""


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. ``first_token`` runs from sending the request to the first piece of a stream, ``first_byte`` to the
    first byte of a whole answer. ``stall`` runs between two pieces, of the request and of the answer. ``queue`` runs
    while a request waits for its turn.
    """

    connect: float = 5
    first_token: float = 30
    first_byte: float = 300
    stall: float = 30
    total: float = 600
    queue: float = 30


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """``attempts`` are made at one deployment before the next one is asked. ``backoff`` is in seconds, and doubles."""

    attempts: int = 2
    backoff: float = 0.5
    backoff_max: float = 8


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """Values for parameters that the client leaves out. With None nothing is sent."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None


class ImageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a model for images; None means that no limit is known. Edges are in pixels.

    A larger image is resized to ``long_edge`` and ``short_edge``; ``bytes`` are those of the file, before base64.
    ``many_edge`` holds too when a request has more than ``many`` images.
    """

    long_edge: int | None = None
    short_edge: int | None = None
    pixels: int | None = None
    bytes: int | None = None
    number: int | None = None  # in one request
    many: int | None = None
    many_edge: int | None = None
    animated: bool = False  # the model sees more than the first frame
    formats: frozenset[str] = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the upstream model that decide what may be sent to it. None means that nothing is known.

    ``context`` and ``max_output`` are tokens; ``inputs`` are modalities: text, image, audio, file, video.
    ``tokenizer`` names the family that counts its tokens. ``refuses`` are parameters that must not be sent;
    ``refuses_thinking`` are those that the model takes only from a client that switches its thinking off.
    ``efforts`` are the words for how much to think that the model takes, the least first. The vendor's messages may
    have ``reasoning_content``, and its streams ``stream_options``. ``tools``: the model can call tools. ``blind``: it
    surely sees no images, unlike a model whose ``inputs`` were guessed by its name. ``shortens``: on its own wire, the
    engine cuts a conversation that is too long. ``makes`` is known only from an engine that said it. ``prefill``: a
    client's conversation may end with the assistant's words. ``continues`` is set only where it is known that the model
    goes on from them, and says how it is told; ``repeats``: its answer then begins with these words.
    """

    refuses: frozenset[Parameter] = frozenset()
    refuses_thinking: frozenset[Parameter] = frozenset()
    context: int | None = None
    max_output: int | None = None
    inputs: frozenset[str] | None = None
    prefill: bool = True
    continues: Prefill | None = None
    repeats: bool = False
    thinking: Thinking | None = None
    efforts: tuple[str, ...] | None = None
    schemas: Schemas = "always"
    reasoning_content: bool = True
    stream_options: bool = True
    tokenizer: str | None = None
    images: ImageLimits | None = None
    tools: bool = True
    blind: bool = False
    shortens: bool = False
    makes: Makes | None = None


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """``id`` is unique in the catalog and stable across reloads. ``key_source`` names the variable with the key.
    ``tags`` are the operator's words for what it is, such as the region of its data. It has ``concurrency`` attempts at
    once, or as many as there are; ``queue`` more requests may wait for their turn.

    ``defaults`` are the operator's. ``service_defaults`` are these and the provider's own, for clients of service APIs.
    """

    id: str
    provider: str
    model: str
    base_url: str = ""
    api_key: Secret | None = None
    key_source: str | None = None
    api_version: str | None = None
    headers: dict[str, str] = {}
    network: Network | None = None
    weight: int = 1
    tags: frozenset[str] = frozenset()
    concurrency: int | None = None
    queue: int = 100
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    defaults: Defaults = Defaults()
    service_defaults: Defaults = Defaults()
    traits: Traits = Traits()
    price: Price | None = None
    options: dict[str, msgspec.Raw] = {}
