"""The requests for something other than a chat answer, and their results.

Each kind of request has an ``operation``: its name in the ledger, in errors and in metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal, get_args, overload

import msgspec

from .lazy import UnreadList
from .messages import Extensions, Image
from .request import ChatRequest, WireBody, whole_chat
from .usage import Usage


class FormPart(msgspec.Struct, frozen=True):
    """A field of a multipart form. ``file_name`` is None for a plain value."""

    name: str
    value: bytes
    file_name: str | None = None
    media_type: str | None = None


class WireForm(msgspec.Struct, frozen=True):
    """A multipart request as the client sent it, for relaying to the same wire."""

    wire: str
    parts: tuple[FormPart, ...]
    headers: dict[str, str] = {}


# --- requests ----------------------------------------------------------------------------------------


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a vector for each of ``inputs``: texts, or token ids where the client made the tokens itself."""

    operation: ClassVar[str] = "embeddings"
    stream: ClassVar[bool] = False
    model: str
    inputs: Sequence[str | tuple[int, ...]]
    dimensions: int | None = None
    purpose: str | None = None  # Gemini's task type: RETRIEVAL_QUERY, …
    user: str | None = None
    extensions: Extensions = None
    raw: WireBody | None = None

    @property
    def number(self) -> int | None:
        """How many inputs there are; None if only their provider can read them."""
        return None if isinstance(self.inputs, UnreadList) else len(self.inputs)


class ImageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for pictures made from ``prompt``, or from ``images`` (inline data), where ``mask`` limits the changes."""

    operation: ClassVar[str] = "image"
    model: str
    prompt: str
    images: tuple[Image, ...] = ()
    mask: Image | None = None
    n: int = 1
    size: str | None = None  # "1024x1024", "auto"
    quality: str | None = None
    background: str | None = None
    format: str | None = None  # png, jpeg, webp
    url: bool | None = None  # True asks for addresses, False for data; None leaves it to the provider
    stream: bool = False
    user: str | None = None
    extensions: Extensions = None
    raw: WireBody | WireForm | None = None


class TranscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the text of a recording, with ``translate`` in English. ``format`` is OpenAI's ``response_format``."""

    operation: ClassVar[str] = "transcription"
    model: str
    audio: bytes
    file_name: str
    media_type: str | None = None
    translate: bool = False
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    format: str = "json"
    stream: bool = False
    extensions: Extensions = None
    raw: WireForm | None = None


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for speech from ``text``. The reply is always streamed: its bytes are passed on as they come."""

    operation: ClassVar[str] = "speech"
    stream: ClassVar[bool] = True
    model: str
    text: str
    voice: str
    format: str = "mp3"
    speed: float | None = None
    instructions: str | None = None
    extensions: Extensions = None
    raw: WireBody | None = None


class CountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for the number of input tokens of ``chat``. Nothing is generated or billed."""

    operation: ClassVar[str] = "count"
    stream: ClassVar[bool] = False
    model: str
    chat: ChatRequest
    raw: WireBody | None = None


Request = ChatRequest | EmbeddingRequest | ImageRequest | TranscriptionRequest | SpeechRequest | CountRequest

VECTOR_SEARCH: Final = "vector_search"
"""A search in a collection. No model takes part, so it has no request here."""

OPERATIONS: Final = frozenset({VECTOR_SEARCH, *(request.operation for request in get_args(Request))})
"""What can be allowed and limited by its name."""


@overload
def whole(request: ChatRequest) -> ChatRequest: ...


@overload
def whole(request: Request) -> Request: ...


def whole(request: Request) -> Request:
    """``request`` with all that was left unread. Raises ``Unreadable`` with the path of a field that can't be read."""
    if isinstance(request, ChatRequest):
        return whole_chat(request)
    if isinstance(request, CountRequest):
        return msgspec.structs.replace(request, chat=whole_chat(request.chat))
    if isinstance(request, EmbeddingRequest) and request.number is None:
        return msgspec.structs.replace(request, inputs=tuple(request.inputs))
    return request


# --- results -----------------------------------------------------------------------------------------


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    """One vector for each input, in the order of the inputs."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""
    usage: Usage | None = None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Either ``url`` or ``data`` (base64). ``prompt`` is the provider's version of the client's, if it sends one."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    prompt: str | None = None


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    pictures: tuple[Picture, ...]
    created: int = 0
    usage: Usage | None = None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """``duration`` is in seconds; ``segments`` and ``words`` are the provider's own JSON."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: msgspec.Raw | None = None
    words: msgspec.Raw | None = None
    usage: Usage | None = None


class TokenCount(msgspec.Struct, frozen=True, kw_only=True):
    """``reported`` by the provider, ``exact`` by its own tokenizer here, or ``estimated``."""

    tokens: int
    source: Literal["reported", "exact", "estimated"]


Result = Embeddings | Pictures | Transcript | TokenCount
