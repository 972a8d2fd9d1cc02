"""Text to speech. The audio is sent on as it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NoReturn

import msgspec
from msgspec import Meta

from turnout.core import Relayed, SpeechRequest, StreamEvent, WireBody
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.openai.extensions import openai_extensions
from turnout.dialects.openai.paths import paths_of, with_model
from turnout.dialects.openai.result_renderer import ResultRenderer
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.errors import TurnoutError

_MEDIA_TYPES = {"mp3": "audio/mpeg"}
"""Media types that aren't ``audio/`` and the format's name."""


class _Voice(msgspec.Struct):
    """A custom voice."""

    id: str


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    input: str
    voice: str | _Voice
    response_format: Annotated[str, Meta(pattern="^[a-z0-9]+$")] | None = None
    speed: float | None = None
    instructions: str | None = None
    stream_format: Literal["audio", "sse"] | None = None


_BODY = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__) - {"stream_format"}


class Speech:
    wire = "openai-speech"
    operation = SpeechRequest.operation
    paths = paths_of("audio/speech")
    relayed_headers: frozenset[bytes] = frozenset()

    def parse(self, body: bytes, target: Target = HERE) -> SpeechRequest:
        check_encoding(body)
        body = with_model(body, target)
        typed, fields = decode(_BODY, body), decode_fields(body)
        return SpeechRequest(
            model=typed.model,
            text=typed.input,
            voice=typed.voice if isinstance(typed.voice, str) else typed.voice.id,
            format=typed.response_format or "mp3",
            speed=typed.speed,
            instructions=typed.instructions,
            extensions=openai_extensions(fields, _KNOWN),
            raw=WireBody(self.wire, fields),
        )

    def renderer(self, request: SpeechRequest, context: ReplyContext) -> Renderer:
        stream_format = request.raw.fields.get("stream_format") if isinstance(request.raw, WireBody) else None
        if stream_format is not None and bytes(stream_format) == b'"sse"':
            return ResultRenderer(context, _reject_result)
        return AudioRenderer(self.media_type(request))

    def media_type(self, request: SpeechRequest) -> str:
        return _MEDIA_TYPES.get(request.format, f"audio/{request.format}")

    def body(self, request: SpeechRequest, result: NoReturn, context: ReplyContext) -> bytes:
        raise NotImplementedError("speech is always streamed")


class AudioRenderer:
    """Sends the audio's bytes."""

    keepalive = b""  # a client would play any other byte

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        return b"".join([event.data for event in events if isinstance(event, Relayed)])

    def close(self) -> bytes:
        return b""

    def fail(self, error: TurnoutError) -> None:
        """Audio can't hold an error. The server cuts the connection, so that the audio doesn't seem complete."""


def _reject_result(result: object) -> bytes:
    raise TypeError(f"{type(result).__name__} is no sound")
