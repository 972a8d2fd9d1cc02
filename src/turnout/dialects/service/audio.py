"""``/api/models/audio/transcription``, and ``/api/models/audio/translation``, which answers in English."""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import Transcript, TranscriptionRequest
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.openai.audio import Transcriptions, Translations
from turnout.dialects.whole_reply import WholeReply

from .cost import cost_fields

_JSON = frozenset({"json", "verbose_json"})


class Audio(WholeReply):
    """A form with OpenAI's fields: ``file``, ``model``, ``language``, ``prompt``, ``temperature``."""

    relayed_headers: frozenset[bytes] = frozenset()
    request_type = "multipart/form-data"

    operation = TranscriptionRequest.operation

    def __init__(self, wire: str, path: str, *, translate: bool) -> None:
        self.wire = wire
        self.paths = (path,)
        self._form = Translations() if translate else Transcriptions()

    def parse(self, body: bytes, target: Target = HERE) -> TranscriptionRequest:
        """The reply is always JSON, never a stream."""
        request = self._form.parse(body, target)
        response_format = request.format if request.format in _JSON else "json"
        return structs.replace(request, format=response_format, stream=False, raw=None)

    def body(self, request: TranscriptionRequest, transcript: Transcript, context: ReplyContext) -> bytes:
        fields = {
            "model": context.model,
            "provider": context.facts().provider if context.facts else None,
            "text": transcript.text,
            "language": transcript.language,
            "duration": transcript.duration,
            "segments": transcript.segments,
            "cost": cost_fields(context, transcript.usage),
        }
        return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
