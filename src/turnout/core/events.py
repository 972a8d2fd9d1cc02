"""The events that make up an answer. A whole answer is the fold of its events (``fold.py``).

Every decoder keeps this order:

- ``Start`` once, first.
- For every part: ``PartStart``, any number of ``Delta``, ``PartEnd``. Parts are addressed by ``(choice, index)``;
  several may be open at once, so that parallel tool calls can interleave.
- ``UsageSoFar`` any number of times. Each replaces the one before.
- ``Finish`` once for every choice, only if the provider sent it: a stream that was cut has none.
- ``Failure`` last, if the provider reported an error inside the stream.

A result that isn't a chat answer (vectors, pictures, …) comes whole, as one ``Product``.

When client and provider speak the same wire, ``Relayed`` carries the provider's own bytes in place of
``Start``, ``PartStart``, ``Delta`` and ``PartEnd``; ``UsageSoFar``, ``Finish`` and ``Failure`` come beside it, for
the ledger.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from turnout.errors import ProviderWords

from .messages import Citation, Extensions, Part, Refusal, Text, Thinking, ToolCall
from .operations import Result
from .usage import Usage

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "other"]


class Start(msgspec.Struct, frozen=True, gc=False, tag="start"):
    """``id`` and ``model`` are the provider's, or empty. ``created`` is a Unix time or 0."""

    id: str = ""
    model: str = ""
    created: int = 0


class PartStart(msgspec.Struct, frozen=True, tag="part_start"):
    """``part`` lacks only the rest of its text: a tool call has its id and name. The text is empty or a first piece."""

    index: int
    part: Part
    choice: int = 0


class Delta(msgspec.Struct, frozen=True, gc=False, tag="delta"):
    """More of a part's text (for a tool call, of its arguments)."""

    index: int
    text: str
    choice: int = 0


class PartEnd(msgspec.Struct, frozen=True, tag="part_end"):
    """``signature`` completes a Thinking part; ``extensions`` are merged into the part's own. ``citations`` are those
    of a Text.
    """

    index: int
    choice: int = 0
    signature: str | None = None
    extensions: Extensions = None
    citations: tuple[Citation, ...] = ()


class TokenLogprob(msgspec.Struct, frozen=True, gc=False):
    """A token and the natural logarithm of its probability.

    ``bytes`` are its UTF-8, where the provider sends them: a token may be a piece of a character.
    """

    token: str
    logprob: float
    top: tuple[TokenLogprob, ...] = ()  # the most likely tokens at its place; these have no ``top``
    bytes: tuple[int, ...] | None = None


class Logprobs(msgspec.Struct, frozen=True, tag="logprobs"):
    """The next tokens of a choice's answer. It comes right before the piece that has their text."""

    tokens: tuple[TokenLogprob, ...]
    choice: int = 0


class UsageSoFar(msgspec.Struct, frozen=True, gc=False, tag="usage"):
    usage: Usage


class Finish(msgspec.Struct, frozen=True, gc=False, tag="finish"):
    """``native_reason`` is the provider's word. ``stop_sequence`` ended the answer, if the provider names it."""

    reason: FinishReason
    native_reason: str
    choice: int = 0
    stop_sequence: str | None = None


class Failure(msgspec.Struct, frozen=True, gc=False, tag="failure"):
    """The provider reported an error inside an answer of status 200. ``words`` are its own, with the whole error."""

    message: str
    code: str | None = None
    status: int = 502
    words: ProviderWords | None = None


class Product(msgspec.Struct, frozen=True, tag="product"):
    """The whole result of a request that isn't for a chat answer."""

    result: Result


class Relayed(msgspec.Struct, frozen=True, gc=False, tag="relayed"):
    """Whole frames of the provider's reply, which are passed on unchanged."""

    data: bytes
    content: bool = True  # carries a part of the answer; what comes before the first one only opens it


def says_something(part: Part) -> bool:
    """Whether a part that starts is output already. An empty text, or thinking without a signature, only opens one.

    A block that the core has no part for is an empty text with the whole block in its extensions.
    """
    match part:
        case Thinking(text="", signature=None | ""):
            return False
        case Text(text="", extensions=extensions):
            return any("block" in fields for fields in (extensions or {}).values())
        case Refusal(text="") | ToolCall(name="", arguments=""):
            return False
    return True


class Seam(msgspec.Struct, frozen=True, tag="seam"):
    """From here on another deployment goes on with the answer: ``deployment`` is its id.

    ``relayed`` are the events that the ``Relayed`` frames before it have said, and ``frames`` are these frames. The
    events behind it go on from them. ``dropped`` are the indices of parts that were begun and will not be ended, as the
    client has nothing of them: another part may get the same index.
    """

    deployment: str
    relayed: tuple[StreamEvent, ...] = ()
    frames: bytes = b""
    dropped: tuple[int, ...] = ()


StreamEvent = Start | PartStart | Delta | PartEnd | Logprobs | UsageSoFar | Finish | Failure | Product | Relayed | Seam
