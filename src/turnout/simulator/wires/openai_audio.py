"""Audio on OpenAI's wire (https://platform.openai.com/docs/api-reference/audio): transcriptions, translations, speech.

The transcript of a recording tells its size. The speech of a text is the text itself after a few bytes of header.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import Answer
from turnout.simulator.form import read_form, text_of
from turnout.simulator.http import Request
from turnout.simulator.question import FILE_TOKENS, Question
from turnout.simulator.refused import Refused
from turnout.simulator.wire import JSON, Frame, decode, sse

from .openai_completions_embeddings import BesideChat

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
SECONDS = 1.5
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class Details(msgspec.Struct, frozen=True):
    text: str
    format: str
    language: str
    granularities: tuple[str, ...]


class Transcriptions(BesideChat):
    """``whisper`` models bill seconds; the others bill tokens."""

    kind = "transcriptions"
    language = ""

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        fields = read_form(request)
        if "file" not in fields:
            raise Refused(400, "'file' is needed.", param="file")
        response_format = text_of(fields, "response_format", "json")
        if response_format not in FORMATS:
            raise Refused(400, f"Invalid response_format '{response_format}'.", param="response_format")
        file = fields["file"][0]
        text = f"I heard {len(file.value)} bytes of {file.file_name}."
        language = self.language or text_of(fields, "language", "english")
        granularities = tuple(field.text for field in fields.get("timestamp_granularities", ()))
        return Question(
            model=path.get("deployment", "") or text_of(fields, "model"),
            stream=text_of(fields, "stream") == "true",
            prompt=text,
            tokens=FILE_TOKENS + len(text_of(fields, "prompt").split()),
            recordings=(f"{len(file.value)} bytes",),
            generates=False,
            details=Details(text, response_format, language, granularities),
        )

    def body_type(self, question: Question) -> str:
        return JSON if question.details.format.endswith("json") else "text/plain; charset=utf-8"

    def body(self, question: Question, answer: Answer) -> bytes:
        details: Details = question.details
        if details.format == "text":
            return f"{details.text}\n".encode()
        if details.format == "srt":
            return f"1\n00:00:00,000 --> 00:00:01,500\n{details.text}\n\n".encode()
        if details.format == "vtt":
            return f"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n{details.text}\n\n".encode()
        fields: dict[str, Any] = {"text": details.text, "usage": _usage(question)}
        return msgspec.json.encode({**fields, **_verbose(details)} if details.format == "verbose_json" else fields)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        text = question.details.text
        for number, word in enumerate(text.split()):
            yield Frame(sse({"type": "transcript.text.delta", "delta": f" {word}" if number else word}), "content")
        yield Frame(sse({"type": "transcript.text.done", "text": text, "usage": _usage(question)}), "end")


class Translations(Transcriptions):
    kind = "translations"
    language = "english"


class SpeechBody(msgspec.Struct):
    input: Annotated[str, msgspec.Meta(max_length=4096)]
    voice: str | dict[str, Any]
    model: str = ""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"


SPEECH_BODY = msgspec.json.Decoder(SpeechBody)


class Speech(BesideChat):
    kind = "speech"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(SPEECH_BODY, request.body)
        return Question(
            model=path.get("deployment", "") or body.model,
            stream=False,
            prompt=body.input,
            tokens=len(body.input.split()),
            generates=False,
            details=body.response_format,
        )

    def body_type(self, question: Question) -> str:
        return MEDIA_TYPES[question.details]

    def body(self, question: Question, answer: Answer) -> bytes:
        return recording_of(question.prompt, question.details)


def recording_of(text: str, container: str) -> bytes:
    """The simulated recording of ``text``."""
    return f"{container.upper()}\0".encode() + text.encode()


def _usage(question: Question) -> dict[str, Any]:
    if "whisper" in question.model:
        return {"type": "duration", "seconds": SECONDS}
    output = len(question.details.text.split())
    details = {"audio_tokens": FILE_TOKENS, "text_tokens": question.tokens - FILE_TOKENS}
    return {
        "type": "tokens",
        "input_tokens": question.tokens,
        "input_token_details": details,
        "output_tokens": output,
        "total_tokens": question.tokens + output,
    }


def _verbose(details: Details) -> dict[str, Any]:
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": SECONDS,
        "text": details.text,
        "tokens": [1, 2, 3],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    fields: dict[str, Any] = {"task": "transcribe", "language": details.language, "duration": SECONDS}
    if "word" in details.granularities:
        words = details.text.split()
        step = SECONDS / len(words)
        fields["words"] = [{"word": w, "start": at * step, "end": (at + 1) * step} for at, w in enumerate(words)]
    if not details.granularities or "segment" in details.granularities:
        fields["segments"] = [segment]
    return fields
