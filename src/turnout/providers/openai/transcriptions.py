"""Text from speech (https://platform.openai.com/docs/api-reference/audio/createTranscription)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    Deployment,
    Finish,
    FormPart,
    Product,
    Relayed,
    StreamEvent,
    Transcript,
    TranscriptionRequest,
    UsageSoFar,
    WireRequest,
)
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.unreadable import decode_reply, refuse_json

from .access import Access
from .chat.build import NAMESPACE
from .chat.decode import failure_of
from .events import EventRelay
from .form import field, fields, relayed_parts, send_form
from .tokens import tokens_of

_PLAIN = frozenset({"text", "srt", "vtt"})
"""Formats that aren't JSON."""

_ENDS = frozenset({"transcript.text.done"})


class _Reply(msgspec.Struct):
    text: str | None = None
    language: str | None = None
    duration: float | None = None
    segments: Raw = Raw()
    words: Raw = Raw()
    usage: Raw = Raw()
    error: Any = None


_NOT_A_TRANSCRIPT = "The provider sent what isn't a transcript."
_REPLY = msgspec.json.Decoder(_Reply)


class TranscriptionsWire:
    wire = "openai-transcriptions"
    path = "audio/transcriptions"

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: TranscriptionRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if raw is not None and raw.wire == self.wire:
            parts = relayed_parts(raw, deployment)
        else:
            parts = self._parts(request, deployment)
        return send_form(self._access, deployment, self.path, parts)

    def _parts(self, request: TranscriptionRequest, deployment: Deployment) -> Iterator[FormPart]:
        """A translated request. ``stream`` isn't sent: only a client of the same wire understands its streams."""
        yield from fields(
            model=deployment.model,
            language=request.language,
            prompt=request.prompt,
            temperature=request.temperature,
            response_format=request.format,
        )
        for name, value in (request.extensions or {}).get(NAMESPACE, {}).items():
            yield field(name, msgspec.json.decode(value))
        yield FormPart("file", request.audio, request.file_name, request.media_type or "application/octet-stream")

    def decoder(self, request: TranscriptionRequest) -> Decoder:
        return _TranscriptDecoder(request)

    def relay(self, request: TranscriptionRequest) -> Decoder:
        return _TranscriptStream(request) if request.stream else _TranscriptRelay(request)


class TranslationsWire(TranscriptionsWire):
    wire = "openai-translations"
    path = "audio/translations"


class _TranscriptDecoder(BodyReader):
    def __init__(self, request: TranscriptionRequest) -> None:
        super().__init__()
        self._request = request

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        if self._request.format in _PLAIN:
            refuse_json(data, _NOT_A_TRANSCRIPT)
            return self._whole([Product(Transcript(text=data.decode("utf-8", "replace")))])
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        usage = tokens_of(reply.usage)
        transcript = Transcript(
            text=reply.text or "",
            language=reply.language,
            duration=reply.duration,
            segments=reply.segments or None,
            words=reply.words or None,
            usage=usage,
        )
        return self._whole([Product(transcript), UsageSoFar(usage)] if usage else [Product(transcript)])

    def _whole(self, events: list[StreamEvent]) -> list[StreamEvent]:
        return [*events, Finish("stop", "done")] if self._request.stream else events


class _TranscriptStream(EventRelay):
    """Models that can't stream, such as ``whisper-1``, answer whole. Their answer becomes events."""

    def __init__(self, request: TranscriptionRequest) -> None:
        super().__init__(_ENDS, tokens_of)
        self._request = request

    def _read_rest(self, rest: bytes) -> list[StreamEvent]:
        if not rest.lstrip().startswith(b"{"):
            return super()._read_rest(rest)
        decoder = _TranscriptDecoder(self._request)
        return decoder.feed(rest) + decoder.close()


class _TranscriptRelay(BodyReader):
    def __init__(self, request: TranscriptionRequest) -> None:
        super().__init__()
        self._plain = request.format in _PLAIN

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        if self._plain:
            refuse_json(data, _NOT_A_TRANSCRIPT)
            return [Relayed(data)]
        reply = _read(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        usage = tokens_of(reply.usage)
        return [Relayed(data), UsageSoFar(usage)] if usage else [Relayed(data)]


def _read(data: bytes) -> _Reply:
    reply = decode_reply(_REPLY, data, _NOT_A_TRANSCRIPT)
    if reply.text is None and reply.error is None:
        raise UpstreamBroken("The provider's reply has no text.")
    return reply
