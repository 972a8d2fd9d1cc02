"""Words to sound, which is passed on as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NoReturn

import msgspec
from msgspec import Meta

from turnout.core import Relayed, SpeechRequest, StreamEvent, WireBody
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.openai.paths import paths_of, with_model
from turnout.dialects.openai.streams import ResultRenderer
from turnout.dialects.openai.unknown import unknown_fields
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.errors import TurnoutError

_MEDIA_TYPES = {"mp3": "audio/mpeg"}
"""The others are ``audio/`` and the format's name."""


class _Voice(msgspec.Struct):
    """A voice of one's own."""

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
            extensions=unknown_fields(fields, _KNOWN),
            raw=WireBody(self.wire, fields),
        )

    def renderer(self, request: SpeechRequest, context: ReplyContext) -> Renderer:
        asked = request.raw.fields.get("stream_format") if isinstance(request.raw, WireBody) else None
        if asked is not None and bytes(asked) == b'"sse"':
            return ResultRenderer(context, _never)
        return SoundRenderer(self.media_type(request))

    def media_type(self, request: SpeechRequest) -> str:
        return _MEDIA_TYPES.get(request.format, f"audio/{request.format}")

    def body(self, request: SpeechRequest, given: NoReturn, context: ReplyContext) -> bytes:
        raise NotImplementedError("speech is always streamed")


class SoundRenderer:
    """Bytes of a recording."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        return b"".join([event.data for event in events if isinstance(event, Relayed)])

    def close(self) -> bytes:
        return b""

    def fail(self, error: TurnoutError) -> None:
        """There are no words in a sound: the connection is cut, so that nobody takes it for whole."""


def _never(given: object) -> bytes:
    raise TypeError(f"{type(given).__name__} is no sound")
