"""Transcriptions, translations and speech: their requests and replies."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from msgspec import Raw

from turnout.core import Finish, Product, Relayed, SpeechRequest, Transcript, TranscriptionRequest, Usage
from turnout.dialects import ReplyContext, Target
from turnout.dialects.openai.audio import Speech, Transcriptions, Translations
from turnout.errors import InvalidRequest, UpstreamBroken

HEAR, TRANSLATE, SPEAK = Transcriptions(), Translations(), Speech()
CONTEXT = ReplyContext(request_id="req_1", model="ear", created=7)
FILE = {"file": ("a.wav", b"RIFF", "audio/wav")}
HEARD = Transcript(
    text="Mind the gap.",
    language="english",
    duration=1.5,
    segments=Raw(b'[{"id":0}]'),
    usage=Usage(input=14, output=4, audio_input=12),
)
USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "output_tokens": 4,
    "total_tokens": 18,
    "input_token_details": {"audio_tokens": 12, "text_tokens": 2},
}


def hearing(
    fields: dict[str, Any] | None = None, *, endpoint: Transcriptions = HEAR, files: Any = FILE, path_model: str = ""
) -> TranscriptionRequest:
    request = httpx.Request("POST", "http://x.test", files=files, data={"model": "ear"} | (fields or {}))
    return endpoint.parse(request.read(), Target(path_model, content_type=request.headers["content-type"]))


def speaking(**fields: Any) -> SpeechRequest:
    return SPEAK.parse(json.dumps({"model": "voice", "input": "Hi.", "voice": "alloy"} | fields).encode())


def test_a_transcript_is_asked_for() -> None:
    fields = {"language": "de", "prompt": "trains", "temperature": "0.25", "response_format": "verbose_json"}
    request = hearing({**fields, "stream": "true", "timestamp_granularities[]": ["word", "segment"]})
    assert (request.model, request.audio, request.file_name, request.media_type) == (
        "ear",
        b"RIFF",
        "a.wav",
        "audio/wav",
    )
    assert (request.language, request.prompt, request.temperature) == ("de", "trains", 0.25)
    assert (request.format, request.stream, request.translate) == ("verbose_json", True, False)
    assert request.extensions == {"openai": {"timestamp_granularities[]": Raw(b'"segment"')}}
    assert request.raw is not None
    assert [part.value for part in request.raw.parts if part.name == "timestamp_granularities[]"] == [
        b"word",
        b"segment",
    ]


def test_a_translation_is_asked_for() -> None:
    request = hearing(endpoint=TRANSLATE)
    assert (request.translate, request.format, request.stream, request.extensions) == (True, "json", False, None)
    assert request.raw is not None
    assert request.raw.wire == "openai-translations"


def test_the_model_in_azures_path_wins() -> None:
    assert hearing(path_model="mine").model == "mine"
    assert SPEAK.parse(b'{"input":"Hi.","voice":"alloy"}', Target("mine")).model == "mine"


BAD: dict[str, tuple[Any, dict[str, str], str]] = {
    "no file": ({"other": ("a.wav", b"RIFF")}, {}, "file"),
    "a text for a file": ({"file": (None, b"RIFF")}, {}, "file"),
    "no model": (FILE, {"model": ""}, "model"),
    "no number": (FILE, {"temperature": "hot"}, "temperature"),
    "perhaps a stream": (FILE, {"stream": "perhaps"}, "stream"),
}


@pytest.mark.parametrize(("files", "fields", "param"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(files: Any, fields: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hearing(fields, files=files)
    assert caught.value.param == param


def transcript_body(form: str) -> bytes:
    return HEAR.body(hearing({"response_format": form}), HEARD, CONTEXT)


def test_transcripts_are_told_in_every_form() -> None:
    assert json.loads(transcript_body("json")) == {"text": "Mind the gap.", "usage": USAGE}
    assert json.loads(transcript_body("verbose_json")) == {
        "task": "transcribe",
        "language": "english",
        "duration": 1.5,
        "text": "Mind the gap.",
        "segments": [{"id": 0}],
        "usage": USAGE,
    }
    assert transcript_body("text") == b"Mind the gap."
    translated = TRANSLATE.body(hearing({"response_format": "verbose_json"}, endpoint=TRANSLATE), HEARD, CONTEXT)
    assert json.loads(translated)["task"] == "translate"


TYPES = {"json": "application/json", "diarized_json": "application/json", "text": "text/plain", "vtt": "text/vtt"}


@pytest.mark.parametrize(("form", "media_type"), TYPES.items(), ids=TYPES)
def test_every_form_has_its_media_type(form: str, media_type: str) -> None:
    assert HEAR.media_type(hearing({"response_format": form})).partition(";")[0] == media_type


def test_a_transcript_that_came_whole_is_told_as_events() -> None:
    renderer = HEAR.renderer(hearing({"stream": "true"}), CONTEXT)
    *frames, rest = renderer.feed([Product(HEARD), Finish("stop", "done")]).split(b"\n\n")
    assert rest == b""
    assert [json.loads(frame.removeprefix(b"data: ")) for frame in frames] == [
        {"type": "transcript.text.delta", "delta": "Mind the gap."},
        {"type": "transcript.text.done", "text": "Mind the gap.", "usage": USAGE},
    ]


def test_speech_is_asked_for() -> None:
    request = speaking(response_format="wav", speed=1.5, instructions="softly", odd=1)
    assert (request.model, request.text, request.voice, request.format) == ("voice", "Hi.", "alloy", "wav")
    assert (request.speed, request.instructions, request.stream) == (1.5, "softly", True)
    assert request.extensions == {"openai": {"odd": Raw(b"1")}}
    assert speaking(voice={"id": "voice_1"}).voice == "voice_1"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"voice": 1}, "voice"),
        ({"response_format": "a/b"}, "response_format"),
        ({"response_format": "mp3\r\nx: y"}, "response_format"),
        ({"stream_format": "tape"}, "stream_format"),
    ],
)
def test_what_is_wrong_with_speech_is_named(fields: dict[str, Any], param: str) -> None:
    """The format goes into a header of the reply, so it must not hold a line end."""
    with pytest.raises(InvalidRequest) as caught:
        speaking(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(("form", "media_type"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("pcm", "audio/pcm")])
def test_sound_is_passed_on_under_its_media_type(form: str, media_type: str) -> None:
    renderer = SPEAK.renderer(speaking(response_format=form), CONTEXT)
    assert renderer.media_type == media_type
    assert renderer.feed([Relayed(b"\0\1"), Relayed(b"\2"), Finish("stop", "stop")]) == b"\0\1\2"
    assert renderer.close() == b""


def test_a_sound_that_breaks_off_is_cut_and_events_say_why() -> None:
    assert SPEAK.renderer(speaking(), CONTEXT).fail(UpstreamBroken("It broke.")) is None
    events = SPEAK.renderer(speaking(stream_format="sse"), CONTEXT)
    assert events.media_type == "text/event-stream"
    assert b"It broke." in (events.fail(UpstreamBroken("It broke.")) or b"")
