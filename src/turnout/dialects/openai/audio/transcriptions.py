"""Audio to text, in the language of the recording or in English."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from turnout.core import Result, Transcript, TranscriptionRequest
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.multipart import read_form
from turnout.dialects.openai.extensions import NAMESPACE
from turnout.dialects.openai.paths import paths_of
from turnout.dialects.openai.result_renderer import ResultRenderer
from turnout.errors import InvalidRequest

_encode = msgspec.json.encode
_KNOWN = frozenset({"file", "model", "language", "prompt", "temperature", "response_format", "stream"})
_MEDIA_TYPES = {"text": "text/plain; charset=utf-8", "srt": "application/x-subrip", "vtt": "text/vtt; charset=utf-8"}
"""Format → its media type, for formats that aren't JSON."""


class Transcriptions:
    wire: ClassVar[str] = "openai-transcriptions"
    operation = TranscriptionRequest.operation
    paths: ClassVar[tuple[str, ...]] = paths_of("audio/transcriptions")
    relayed_headers: frozenset[bytes] = frozenset()
    request_type = "multipart/form-data"
    translates: ClassVar[bool] = False

    def parse(self, body: bytes, target: Target = HERE) -> TranscriptionRequest:
        form = read_form(body, target.content_type)
        file = next(form.files("file"), None)
        if file is None:
            raise InvalidRequest("The form lacks the file 'file'.", param="file")
        unknown = form.unknown(_KNOWN)
        return TranscriptionRequest(
            model=target.model or form.required("model"),
            audio=file.value,
            file_name=file.file_name or "audio",
            media_type=file.media_type,
            translate=self.translates,
            language=form.text("language"),
            prompt=form.text("prompt"),
            temperature=form.number("temperature"),
            format=form.text("response_format") or "json",
            stream=form.flag("stream") and not self.translates,
            extensions={NAMESPACE: unknown} if unknown else None,
            raw=form.raw(self.wire),
        )

    def renderer(self, request: TranscriptionRequest, context: ReplyContext) -> Renderer:
        return ResultRenderer(context, _transcript_events)

    def media_type(self, request: TranscriptionRequest) -> str:
        return _MEDIA_TYPES.get(request.format, "application/json")

    def body(self, request: TranscriptionRequest, transcript: Transcript, context: ReplyContext) -> bytes:
        if request.format in _MEDIA_TYPES:
            return transcript.text.encode()
        if request.format == "json":
            return _encode({"text": transcript.text} | _usage(transcript))
        fields: dict[str, Any] = {
            "task": "translate" if request.translate else "transcribe",
            "language": transcript.language,
            "duration": transcript.duration,
            "text": transcript.text,
            "segments": transcript.segments,
            "words": transcript.words,
        }
        return _encode({name: value for name, value in fields.items() if value is not None} | _usage(transcript))


class Translations(Transcriptions):
    wire = "openai-translations"
    paths = paths_of("audio/translations")
    translates = True


def _transcript_events(transcript: Result) -> bytes:
    if not isinstance(transcript, Transcript):
        raise TypeError(f"{type(transcript).__name__} is no transcript")
    delta = {"type": "transcript.text.delta", "delta": transcript.text}
    done = {"type": "transcript.text.done", "text": transcript.text} | _usage(transcript)
    return b"data: %s\n\ndata: %s\n\n" % (_encode(delta), _encode(done))


def _usage(transcript: Transcript) -> dict[str, Any]:
    usage = transcript.usage
    if usage is None:
        return {}
    if not usage.total:
        return {"usage": {"type": "duration", "seconds": usage.extra.seconds}}
    details = {"audio_tokens": usage.audio_input, "text_tokens": usage.input - usage.audio_input}
    counts = {"input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.total}
    return {"usage": {"type": "tokens", "input_token_details": details} | counts}
