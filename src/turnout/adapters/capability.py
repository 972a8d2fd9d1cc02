"""The capabilities of providers, as the earlier system's ``ModelCapability`` names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, cast

from turnout.core import ChatRequest, EmbeddingRequest, ImageRequest, Request, TranscriptionRequest
from turnout.errors import Unsupported
from turnout.providers import Provider, WireProvider, in_process, makes_vectors


class ModelCapability(StrEnum):
    """A new capability needs an operation in ``core/operations.py``, and a row in ``_REQUESTS``."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    IMAGE = "image"
    AUDIO_TRANSCRIPTION = "audio_transcription"
    AUDIO_TRANSLATION = "audio_translation"


_REQUESTS: Final[Mapping[ModelCapability, Request]] = {
    ModelCapability.CHAT: ChatRequest(model="m", messages=()),
    ModelCapability.COMPLETION: ChatRequest(model="m", messages=()),
    ModelCapability.EMBEDDING: EmbeddingRequest(model="m", inputs=("",)),
    ModelCapability.IMAGE: ImageRequest(model="m", prompt=""),
    ModelCapability.AUDIO_TRANSCRIPTION: TranscriptionRequest(model="m", audio=b"", file_name="a.wav"),
    ModelCapability.AUDIO_TRANSLATION: TranscriptionRequest(model="m", audio=b"", file_name="a.wav", translate=True),
}
"""A request for each capability."""


def capabilities_of(provider: Provider) -> frozenset[ModelCapability]:
    """The capabilities of a provider: those that an adapter declares, else those whose request the provider takes."""
    declared: Iterable[ModelCapability] | None = getattr(provider, "capabilities", None)
    if declared is not None:
        return frozenset(declared)
    return frozenset(capability for capability, request in _REQUESTS.items() if _takes(provider, request))


def _takes(provider: Provider, request: Request) -> bool:
    if in_process(provider):
        return isinstance(request, ChatRequest) or (isinstance(request, EmbeddingRequest) and makes_vectors(provider))
    try:
        cast(WireProvider, provider).operation(request)
    except Unsupported:
        return False
    return True
