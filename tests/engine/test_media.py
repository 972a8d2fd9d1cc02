"""What a picture or a sound costs is never guessed from words, and its stream may be silent for long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import Raw

from tests.engine.support import house, place, timeouts
from tests.support.raw_upstream import RawUpstream, Visit
from turnout.core import (
    EmbeddingRequest,
    ImageRequest,
    Relayed,
    Request,
    SpeechRequest,
    TranscriptionRequest,
    WireBody,
)
from turnout.engine.estimate import estimated_usage
from turnout.errors import UpstreamTimeout

MEDIA: dict[str, Request] = {
    "image": ImageRequest(model="m", prompt="A long description of a picture."),
    "speech": SpeechRequest(model="m", text="A long text to be read aloud.", voice="v"),
    "transcription": TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav"),
}


@pytest.mark.parametrize("request_", MEDIA.values(), ids=MEDIA)
def test_unreported_usage_of_media_stays_unknown(request_: Request) -> None:
    assert estimated_usage(request_, 5) is None


def test_unreported_usage_of_embeddings_is_estimated() -> None:
    usage = estimated_usage(EmbeddingRequest(model="m", inputs=("one two three four", (1, 2, 3))), 0)
    assert usage is not None
    assert usage.source == "estimated"
    assert 5 <= usage.input <= 9
    assert usage.output == 0


PARTIAL = b'data: {"type":"image_generation.partial_image","b64_json":"QQ=="}\n\n'
COMPLETED = b'data: {"type":"image_generation.completed","b64_json":"QQ=="}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


async def _paint(visit: Visit) -> None:
    await visit.request()
    for piece in (PARTIAL, COMPLETED):
        await asyncio.sleep(0.25)
        await visit.send(HEAD + piece if piece is PARTIAL else piece)


async def test_a_picture_takes_its_time() -> None:
    """The wait for a chat's first token, and for its next one, would be over long before."""
    raw: Any = WireBody("openai-images", {"stream": Raw(b"true")})
    request: Any = ImageRequest(model="fast", prompt="rails", stream=True, raw=raw)
    limits = timeouts(first_token=0.1, stall=0.1, total=10)
    async with RawUpstream(_paint) as server, house(place(server, timeouts=limits)) as it:
        reply = await it.ask(request)
        events = await reply.read_all()
        (end,) = it.book.ends
    assert b"".join([event.data for event in events if isinstance(event, Relayed)]) == PARTIAL + COMPLETED
    assert (end.outcome, end.usage, end.cost) == ("ok", None, None)


async def test_but_not_forever() -> None:
    request: Any = ImageRequest(model="fast", prompt="rails", stream=True)
    async with RawUpstream(Visit.until_left) as server, house(place(server, timeouts=timeouts(total=0.2))) as it:
        with pytest.raises(UpstreamTimeout):
            await it.ask(request)
