"""Sound to words and words to sound through the official SDK."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from tests.e2e.stage import INPUT_PRICE, OUTPUT_PRICE, TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import case
from tests.support.raw_upstream import RawUpstream, Visit
from tests.support.turnout_server import StartTurnout
from turnout.simulator.wires.openai_audio import MEDIA_TYPES, recording_of

SOUND = b"RIFF\x24\x00\x00\x00WAVE" + bytes(range(256)) * 40
HEARD = f"I heard {len(SOUND)} bytes of train.wav."
HEARING = ("openai", "azure", "vllm", "compatible")
SPEAKING = ("openai", "azure", "compatible")
MILLIONTH = 1_000_000  # picodollars a token for each USD per 1M tokens


@pytest.fixture
async def sdk(stage: Stage) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{stage.turnout.url}/v1", api_key=TEAM_KEY, max_retries=0)


def recording() -> tuple[str, bytes, str]:
    return "train.wav", SOUND, "audio/wav"


# --- sound to words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", HEARING)
async def test_a_recording_is_transcribed(sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.audio.transcriptions.create(model=faulty(provider, ""), file=recording(), prompt="trains here")
    assert reply.text == HEARD


@pytest.mark.parametrize("provider", HEARING)
async def test_a_recording_is_translated(sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.audio.translations.create(
        model=faulty(provider, ""), file=recording(), response_format="verbose_json"
    )
    assert (reply.text, reply.language) == (HEARD, "english")


FORMATS = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt", "verbose_json": "application/json"}


@pytest.mark.parametrize(("form", "media_type"), FORMATS.items(), ids=FORMATS)
async def test_every_format_arrives(sdk: AsyncOpenAI, form: Any, media_type: str) -> None:
    reply = await sdk.audio.transcriptions.with_raw_response.create(
        model=faulty("openai", ""),
        file=recording(),
        response_format=form,
        language="de",
        timestamp_granularities=["word", "segment"],
    )
    assert reply.headers["content-type"].startswith(media_type)
    assert HEARD in reply.text
    if form == "verbose_json":
        told: Any = reply.parse()
        assert told.language == "de"
        assert len(told.words) == len(HEARD.split())
        assert [segment.text for segment in told.segments] == [HEARD]


@pytest.mark.parametrize("provider", HEARING)
async def test_a_transcript_is_streamed(sdk: AsyncOpenAI, provider: str) -> None:
    stream = await sdk.audio.transcriptions.create(model=faulty(provider, ""), file=recording(), stream=True)
    events: list[Any] = [event async for event in stream]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == HEARD
    assert events[-1].usage.total_tokens > 0


async def test_a_model_that_cant_stream_is_told_as_if_it_did(sdk: AsyncOpenAI) -> None:
    """As OpenAI's own ``whisper-1``, aimock's ignores the wish."""
    stream = await sdk.audio.transcriptions.create(model="aimock-whisper", file=recording(), stream=True)
    events: list[Any] = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == events[1].text == case("media", 3).response["transcription"]["text"]


async def test_aimock_answers_as_it_answers_everybody(sdk: AsyncOpenAI) -> None:
    transcript = case("media", 3).response["transcription"]["text"]
    whole = await sdk.audio.transcriptions.create(model="aimock-openai", file=recording())
    stream = await sdk.audio.transcriptions.create(model="aimock-openai", file=recording(), stream=True)
    assert whole.text == "".join([event.delta async for event in stream if event.type == "transcript.text.delta"])
    assert whole.text == transcript
    translated = await sdk.audio.translations.create(model="aimock-openai", file=recording())
    assert translated.text == case("media", 4).response["transcription"]["text"]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_the_ledger_has_tokens_and_cost(stage: Stage, sdk: AsyncOpenAI, stream: bool) -> None:
    create = sdk.audio.transcriptions.with_raw_response.create
    reply = await create(model=faulty("openai", ""), file=recording(), stream=stream)
    if stream:
        assert [event async for event in reply.parse()]  # type: ignore[union-attr]  # of a stream, it is one
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    usage = attempt["usage"]
    assert (attempt["operation"], attempt["outcome"], attempt["stream"]) == ("transcription", "ok", stream)
    assert usage["output"] == len(HEARD.split())
    assert usage["audio_input"] == usage["input"] > 0
    assert attempt["cost"] == (usage["input"] * INPUT_PRICE + usage["output"] * OUTPUT_PRICE) * MILLIONTH


async def test_seconds_have_no_cost(stage: Stage, sdk: AsyncOpenAI) -> None:
    """Rather than a wrong one: the deployment's price is for tokens."""
    reply = await sdk.audio.transcriptions.with_raw_response.create(model="openai/whisper-1", file=recording())
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert (attempt["outcome"], attempt["usage"]["seconds"], attempt["cost"]) == ("ok", 2, None)
    assert attempt["unpriced"] is True
    assert "x-turnout-cost-usd" not in reply.headers


async def test_failures_before_the_first_word_are_retried(sdk: AsyncOpenAI) -> None:
    create = sdk.audio.transcriptions.with_raw_response.create
    reply = await create(model=faulty("openai", "status-500-times-1"), file=recording())
    assert reply.headers["x-turnout-attempts"] == "2"
    with pytest.raises(openai.AuthenticationError) as caught:
        await sdk.audio.transcriptions.create(model=faulty("openai", "status-401"), file=recording())
    assert caught.value.code == "invalid_api_key"  # the provider's own words, on its own wire


async def test_a_transcript_that_breaks_off_is_told(stage: Stage, sdk: AsyncOpenAI) -> None:
    model = faulty("openai", "cut-stream-after-3")
    opened = await sdk.audio.transcriptions.with_raw_response.create(model=model, file=recording(), stream=True)
    words: list[Any] = []
    with pytest.raises(openai.APIError, match="broke off"):
        await _read(opened.parse(), words)
    assert len(words) == 3
    (attempt,) = (await stage.story(opened.headers["x-request-id"]))["attempts"]
    assert (attempt["outcome"], attempt["error_code"]) == ("cut", "upstream_broken")


async def _read(stream: Any, into: list[Any]) -> None:
    async for event in stream:
        into.append(event)  # noqa: PERF401  # what came before an error counts


async def test_a_refusal_names_the_field(stage: Stage, sdk: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.audio.transcriptions.create(model="", file=recording())
    assert caught.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="'gemini' does not support transcription"):
        await sdk.audio.transcriptions.create(model=faulty("gemini", ""), file=recording())
    reply = await ask_raw(
        f"{stage.turnout.url}/v1/audio/transcriptions",
        b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--x--\r\n',
        {"authorization": f"Bearer {TEAM_KEY}", "content-type": "multipart/form-data; boundary=x"},
    )
    assert (reply.status, reply.json["error"]["param"]) == (400, "file")


async def test_azures_clients_are_served(stage: Stage) -> None:
    azure = AsyncAzureOpenAI(azure_endpoint=stage.turnout.url, api_key=TEAM_KEY, api_version="2024-10-21")
    assert (await azure.audio.transcriptions.create(model=faulty("azure", ""), file=recording())).text == HEARD
    assert (await azure.audio.translations.create(model=faulty("openai", ""), file=recording())).text == HEARD
    reply = await azure.audio.speech.create(model=faulty("azure", ""), voice="alloy", input="Mind the gap.")
    assert reply.content == recording_of("Mind the gap.", "mp3")


# --- words to sound ----------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", SPEAKING)
async def test_a_text_is_spoken(stage: Stage, sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.audio.speech.create(model=faulty(provider, ""), voice="alloy", input="Mind the gap.")
    assert reply.content == recording_of("Mind the gap.", "mp3")
    assert reply.response.headers["content-type"] == "audio/mpeg"
    (attempt,) = (await stage.story(reply.response.headers["x-request-id"]))["attempts"]
    assert (attempt["operation"], attempt["outcome"], attempt["cost"]) == ("speech", "ok", None)
    assert attempt["first_token"] is not None


@pytest.mark.parametrize("form", MEDIA_TYPES)
async def test_a_text_is_spoken_in_every_format(sdk: AsyncOpenAI, form: Any) -> None:
    request = sdk.audio.speech.with_streaming_response.create(
        model=faulty("openai", ""), voice="alloy", input="Mind the gap.", response_format=form, speed=1.5
    )
    async with request as reply:
        assert b"".join([piece async for piece in reply.iter_bytes()]) == recording_of("Mind the gap.", form)
        assert reply.headers["content-type"] == {"mp3": "audio/mpeg"}.get(form, f"audio/{form}")


async def test_aimock_speaks(sdk: AsyncOpenAI) -> None:
    fixture = case("media", 2)
    reply = await sdk.audio.speech.create(model="aimock-openai", voice="alloy", input=fixture.prompt)
    assert reply.content == base64.b64decode(fixture.response["audio"])


async def test_speech_falls_back_before_its_first_byte(stage: Stage, sdk: AsyncOpenAI) -> None:
    reply = await sdk.audio.speech.create(model=faulty("openai", "status-503-times-2"), voice="alloy", input="Hi.")
    assert reply.content == recording_of("Hi.", "mp3")
    assert reply.response.headers["x-turnout-attempts"] == "3"
    story = await stage.story(reply.response.headers["x-request-id"])
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["failed", "failed", "ok"]


EVENTS = (
    b'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n'
    b'data: {"type":"speech.audio.done","usage":{"input_tokens":4,"output_tokens":60,"total_tokens":64}}\n\n'
)
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
SOUND_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"


async def _speak_and_stop(visit: Visit) -> None:
    """Events to who asks for them; else half of a sound, and nothing that ends it."""
    request = await visit.request()
    if b'"sse"' in request:
        await visit.send(SSE_HEAD, EVENTS)
    elif b"wait" in request:
        await visit.send(SOUND_HEAD, b"4\r\nID3\x04\r\n")
        await visit.until_left()
    else:
        await visit.send(SOUND_HEAD, b"4\r\nID3\x04\r\n")


async def test_speech_as_events_cut_and_left(start_turnout: StartTurnout) -> None:
    """All that an upstream of one's own is needed for, on one server."""
    async with RawUpstream(_speak_and_stop) as upstream:
        deployment: dict[str, Any] = {"provider": "compatible", "model": "m", "base_url": upstream.origin}
        deployment["price"] = {"input": INPUT_PRICE, "output": OUTPUT_PRICE}
        turnout = start_turnout({"models": {"voice": {"deployments": [deployment]}}})
        speech = AsyncOpenAI(base_url=f"{turnout.url}/v1", api_key="none", max_retries=0).audio.speech

        told = await speech.create(model="voice", voice="alloy", input="Hi.", stream_format="sse")
        assert told.content == EVENTS
        assert told.response.headers["content-type"] == "text/event-stream"
        attempt = await _attempt(turnout.url, told.response.headers)
        assert (attempt["usage"]["input"], attempt["usage"]["output"], attempt["outcome"]) == (4, 60, "ok")

        async with speech.with_streaming_response.create(model="voice", voice="alloy", input="Cut.") as reply:
            with pytest.raises(httpx2.RemoteProtocolError):  # not a sound that merely ends early
                await reply.read()
        attempt = await _attempt(turnout.url, reply.headers)
        assert (attempt["outcome"], attempt["error_code"], attempt["cost"]) == ("cut", "upstream_broken", None)

        async with speech.with_streaming_response.create(model="voice", voice="alloy", input="wait") as reply:
            assert await anext(reply.iter_bytes()) == b"ID3\x04"
        await upstream.visits[-1].left.wait()
        attempt = await _attempt(turnout.url, reply.headers)
        assert (attempt["outcome"], attempt["usage"]) == ("client_gone", None)


async def _attempt(url: str, headers: Any) -> dict[str, Any]:
    story = (await ask_raw(f"{url}/v1/requests/{headers['x-request-id']}")).json
    attempt: dict[str, Any]
    (attempt,) = story["attempts"]
    return attempt
