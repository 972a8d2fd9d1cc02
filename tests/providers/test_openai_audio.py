"""Sound on OpenAI's wire: what is sent, and what is told of the reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.failures import bare
from tests.support.fitting import told, wire_request
from tests.support.openai_wire import PROVIDER, VENDORS, deployment, read
from tests.support.relaying import relay_of
from turnout.core import (
    Extra,
    Failure,
    Finish,
    FormPart,
    Product,
    Relayed,
    SpeechRequest,
    StreamEvent,
    Transcript,
    TranscriptionRequest,
    Usage,
    UsageSoFar,
    WireBody,
    WireForm,
)
from turnout.dialects.multipart import read_form
from turnout.errors import Unsupported, UpstreamBroken

USED = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 2, "audio_tokens": 12},
    "output_tokens": 4,
    "total_tokens": 18,
}
USAGE = Usage(input=14, output=4, audio_input=12)


def hearing(**fields: Any) -> TranscriptionRequest:
    said: dict[str, Any] = {"model": "ear", "audio": b"RIFF", "file_name": "a.wav"} | fields
    return TranscriptionRequest(**said)


def relayed(translate: bool = False, **fields: Any) -> TranscriptionRequest:
    wire = "openai-translations" if translate else "openai-transcriptions"
    return hearing(translate=translate, raw=WireForm(wire, (FormPart("file", b"RIFF", "a.wav"),)), **fields)


def speaking(**fields: Any) -> SpeechRequest:
    said: dict[str, Any] = {"model": "voice", "text": "Hi.", "voice": "alloy"} | fields
    return SpeechRequest(**said)


def events(request: Any, body: bytes, cuts: tuple[int, ...] = ()) -> list[StreamEvent]:
    operation = PROVIDER.operation(request)
    relay = request.raw is not None and request.raw.wire == operation.wire
    return read(relay_of(operation, request) if relay else operation.decoder(request), body, cuts)


def form(request: TranscriptionRequest, vendor: str = "openai") -> tuple[str, tuple[FormPart, ...]]:
    wire = wire_request(VENDORS[vendor], request, deployment(model="m-1"))
    return wire.url.rpartition("/")[2], read_form(wire.body, wire.headers["content-type"]).parts


@pytest.mark.parametrize("vendor", ["openai", "vllm", "compatible"])
def test_the_clients_own_form_is_relayed(vendor: str) -> None:
    parts = (FormPart("model", b"m-1"), FormPart("file", b"RIFF", "a.wav"))
    assert form(relayed(), vendor) == ("transcriptions", parts)
    assert form(relayed(translate=True), vendor) == ("translations", parts)


def test_a_request_from_elsewhere_is_built_anew() -> None:
    request = hearing(
        media_type="audio/wav",
        language="de",
        prompt="trains",
        temperature=0.25,
        format="verbose_json",
        stream=True,
        extensions={"openai": {"odd": Raw(b'"x"')}},
    )
    assert form(request) == (
        "transcriptions",
        (
            FormPart("model", b"m-1"),
            FormPart("language", b"de"),
            FormPart("prompt", b"trains"),
            FormPart("temperature", b"0.25"),
            FormPart("response_format", b"verbose_json"),
            FormPart("odd", b"x"),
            FormPart("file", b"RIFF", "a.wav", "audio/wav"),
        ),
    )
    assert form(hearing(translate=True))[0] == "translations"


def test_other_wires_fields_are_left_out_and_named() -> None:
    request = hearing(extensions={"elsewhere": {"speakers": Raw(b"2")}})
    assert form(request) == form(hearing())
    assert told(wire_request(PROVIDER, request, deployment())) == ["speakers: left out"]


def test_vendors_without_sound_say_so() -> None:
    with pytest.raises(Unsupported, match="'llamacpp' does not support transcription"):
        VENDORS["llamacpp"].operation(hearing())
    with pytest.raises(Unsupported, match="'vllm' does not support speech"):
        VENDORS["vllm"].operation(speaking())


VERBOSE = {"text": "Mind.", "language": "english", "duration": 1.5, "segments": [{"id": 0}], "words": None}


def test_a_reply_is_read() -> None:
    body = json.dumps(VERBOSE | {"usage": USED}, separators=(",", ":")).encode()
    made = Transcript(
        text="Mind.",
        language="english",
        duration=1.5,
        segments=Raw(b'[{"id":0}]'),
        words=Raw(b"null"),
        usage=USAGE,
    )
    assert events(hearing(format="verbose_json"), body) == [Product(made), UsageSoFar(USAGE)]
    assert events(hearing(format="srt"), b"1\n00:00") == [Product(Transcript(text="1\n00:00"))]
    assert events(hearing(stream=True), b'{"text":"Mind."}') == [
        Product(Transcript(text="Mind.")),
        Finish("stop", "done"),
    ]


DURATION = {"type": "duration", "seconds": 1.5}
SECONDS = Usage(extra=Extra(seconds=2))
FORMS = {
    "json": ("json", json.dumps({"text": "Mind.", "usage": USED}).encode(), USAGE),
    "verbose": (
        "verbose_json",
        json.dumps(VERBOSE | {"usage": {"type": "duration", "seconds": 1.5}}).encode(),
        SECONDS,
    ),
    "diarized": ("diarized_json", json.dumps({"text": "A: Mind.", "segments": [], "usage": USED}).encode(), USAGE),
    "text": ("text", b"Mind.\n", None),
    "srt": ("srt", b"1\n00:00:00,000 --> 00:00:01,500\nMind.\n\n", None),
    "vtt": ("vtt", b"WEBVTT\n\n", None),
    "nothing heard": ("text", b"", None),
}


@pytest.mark.parametrize(("name", "body", "usage"), FORMS.values(), ids=FORMS)
def test_every_form_is_relayed(name: str, body: bytes, usage: Usage | None) -> None:
    """Seconds are counted whole."""
    assert events(relayed(format=name), body) == [Relayed(body), *([UsageSoFar(usage)] if usage else [])]


def test_an_error_in_place_of_words_is_a_failure() -> None:
    body = b'{"error":{"message":"No.","code":"bad"}}'
    assert bare(events(hearing(), body)) == bare(events(relayed(), body)) == [Failure("No.", "bad")]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"text":7}', b"\xff", b"[" * 100_000], ids=repr)
def test_what_isnt_of_this_wire_is_a_broken_upstream(body: bytes) -> None:
    for request in (hearing(), relayed(), relayed(translate=True)):
        with pytest.raises(UpstreamBroken):
            events(request, body)


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


WORDS = event(type="transcript.text.delta", delta="Mind.") + event(
    type="transcript.text.done", text="Mind.", usage=USED
)


@given(st.sets(st.integers(0, len(WORDS)), max_size=5))
def test_streamed_words_are_relayed_event_by_event(cuts: set[int]) -> None:
    told = events(relayed(stream=True), WORDS, tuple(cuts))
    assert b"".join([one.data for one in told if isinstance(one, Relayed)]) == WORDS
    assert told[-2:] == [UsageSoFar(USAGE), Finish("stop", "transcript.text.done")]


def test_whole_words_in_place_of_a_stream_are_told() -> None:
    body = json.dumps({"text": "Mind.", "usage": USED}, indent=2).encode()
    assert events(relayed(stream=True), body, (5, 20)) == [
        Product(Transcript(text="Mind.", usage=USAGE)),
        UsageSoFar(USAGE),
        Finish("stop", "done"),
    ]
    with pytest.raises(UpstreamBroken):
        events(relayed(stream=True), body[:-9])


def test_streamed_words_that_were_cut_have_no_finish() -> None:
    told = events(relayed(stream=True), WORDS[:60].partition(b"\n\n")[0] + b"\n\n")
    assert not [one for one in told if isinstance(one, Finish)]
    with pytest.raises(UpstreamBroken):
        events(relayed(stream=True), b"data: {]\n\n")


# --- speech ------------------------------------------------------------------------------------------


def spoken(request: SpeechRequest) -> Any:
    wire = PROVIDER.operation(request).build(request, deployment(model="m-1"))
    assert wire.url.endswith("/v1/audio/speech")
    return json.loads(wire.body)


def asked_in(stream_format: bytes) -> SpeechRequest:
    return speaking(raw=WireBody("openai-speech", {"odd": Raw(b"1"), "stream_format": Raw(stream_format)}))


def test_speech_is_asked_for() -> None:
    assert spoken(asked_in(b'"audio"')) == {"model": "m-1", "odd": 1, "stream_format": "audio"}
    request = speaking(format="wav", speed=1.5, instructions="softly", extensions={"openai": {"odd": Raw(b"1")}})
    assert spoken(request) == {
        "model": "m-1",
        "input": "Hi.",
        "voice": "alloy",
        "response_format": "wav",
        "speed": 1.5,
        "instructions": "softly",
        "odd": 1,
    }
    assert spoken(speaking()) == {"model": "m-1", "input": "Hi.", "voice": "alloy", "response_format": "mp3"}


@pytest.mark.parametrize(
    "request_", [speaking(), asked_in(b'"audio"'), asked_in(b"null")], ids=["core", "wire", "null"]
)
def test_a_sound_is_passed_on_as_it_comes(request_: SpeechRequest) -> None:
    operation = PROVIDER.operation(request_)
    reader = relay_of(operation, request_)
    assert reader.feed(b"\0\1") == [Relayed(b"\0\1")]
    assert reader.feed(b"\2") == [Relayed(b"\2")]
    assert reader.close() == [UsageSoFar(Usage(extra=Extra(characters=len("Hi.")))), Finish("stop", "stop")]
    assert operation.decoder(request_).close() == [], "a reply without a byte is no sound"


def test_speech_in_events_has_usage() -> None:
    used = {"input_tokens": 4, "output_tokens": 60, "total_tokens": 64}
    body = event(type="speech.audio.delta", audio="AA==") + event(type="speech.audio.done", usage=used)
    told = events(asked_in(b'"sse"'), body)
    assert b"".join([one.data for one in told if isinstance(one, Relayed)]) == body
    assert told[-2:] == [UsageSoFar(Usage(input=4, output=60)), Finish("stop", "speech.audio.done")]
