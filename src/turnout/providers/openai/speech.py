"""Words to sound (https://platform.openai.com/docs/api-reference/audio/createSpeech)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import Deployment, Finish, Relayed, SpeechRequest, StreamEvent, WireRequest
from turnout.providers import Decoder
from turnout.providers.foreign import refuse_foreign_fields

from .access import Access
from .chat.build import NAMESPACE
from .events import EventRelay
from .tokens import tokens_of

_ENDS = frozenset({"speech.audio.done"})


class SpeechWire:
    wire = "openai-speech"

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: SpeechRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == self.wire:
            body: dict[str, Any] = {**raw.fields, "model": deployment.model}
        else:
            refuse_foreign_fields(request.extensions, NAMESPACE, self._access.vendor)
            body = _translated(request, deployment)
        return self._access.request(deployment, "audio/speech", msgspec.json.encode(body))

    def decoder(self, request: SpeechRequest) -> Decoder:
        return SoundRelay()

    def relay(self, request: SpeechRequest) -> Decoder:
        asked = request.raw.fields.get("stream_format") if request.raw else None
        if asked is not None and bytes(asked) == b'"sse"':
            return EventRelay(_ENDS, tokens_of)
        return SoundRelay()


def _translated(request: SpeechRequest, deployment: Deployment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": deployment.model,
        "input": request.text,
        "voice": request.voice,
        "response_format": request.format,
    }
    if request.speed is not None:
        body["speed"] = request.speed
    if request.instructions is not None:
        body["instructions"] = request.instructions
    return body | (request.extensions or {}).get(NAMESPACE, {})


class SoundRelay:
    """Bytes as they come. Their end is the end of the body, which the transport sees: a sound has no last word."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._begun = True
        return [Relayed(data)]

    def close(self) -> list[StreamEvent]:
        return [Finish("stop", "stop")] if self._begun else []
