"""Speech from text (https://platform.openai.com/docs/api-reference/audio/createSpeech)."""

from __future__ import annotations

from typing import Any

from turnout.core import Deployment, Extra, Finish, Relayed, SpeechRequest, StreamEvent, Usage, UsageSoFar
from turnout.providers import Decoder
from turnout.providers.unreadable import refuse_json

from .events import EventRelay
from .json_operation import JsonOperation
from .tokens import tokens_of

_ENDS = frozenset({"speech.audio.done"})


class SpeechWire(JsonOperation[SpeechRequest]):
    wire = "openai-speech"
    path = "audio/speech"

    def _translated_fields(self, request: SpeechRequest, deployment: Deployment) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model": deployment.model,
            "input": request.text,
            "voice": request.voice,
            "response_format": request.format,
            "speed": request.speed,
            "instructions": request.instructions,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def decoder(self, request: SpeechRequest) -> Decoder:
        return SoundRelay(len(request.text))

    def relay(self, request: SpeechRequest) -> Decoder:
        stream_format = request.raw.fields.get("stream_format") if request.raw else None
        if stream_format is not None and bytes(stream_format) == b'"sse"':
            return EventRelay(_ENDS, tokens_of)
        return SoundRelay(len(request.text))


class SoundRelay:
    """Passes on bytes as they come. The transport sees the end of the body: sound has no last event.

    JSON in the place of the first bytes is an error with status 200. A speech tells no usage; some models
    are sold by the characters to speak.
    """

    def __init__(self, characters: int) -> None:
        self._begun = False
        self._characters = characters

    def feed(self, data: bytes) -> list[StreamEvent]:
        if not self._begun:
            refuse_json(data, "The provider sent what isn't sound.")
        self._begun = True
        return [Relayed(data)]

    def close(self) -> list[StreamEvent]:
        if not self._begun:
            return []
        return [UsageSoFar(Usage(extra=Extra(characters=self._characters))), Finish("stop", "stop")]
