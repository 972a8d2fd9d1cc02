"""Bytes that aren't of a wire may hold secrets: the client's error hides them, and the log has their beginning."""

from __future__ import annotations

import pytest

from tests.support.contract import chat_request, each_wire_provider
from turnout.core import CountRequest, EmbeddingRequest, ImageRequest, Request, TranscriptionRequest
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import Decoder, WireProvider

WORDS = b"<b>Another's words\n"
REQUESTS: dict[str, Request] = {
    "chat": chat_request(),
    "stream": chat_request(stream=True),
    "embeddings": EmbeddingRequest(model="m", inputs=("a",)),
    "image": ImageRequest(model="m", prompt="a"),
    "transcription": TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav"),
    "count": CountRequest(model="m", chat=chat_request()),
}


@each_wire_provider
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
def test_unreadable_bytes_are_not_in_the_message(provider: WireProvider, request_: Request, relayed: bool) -> None:
    try:
        operation = provider.operation(request_)
    except Unsupported:
        return
    read = getattr(operation, "relay" if relayed else "decoder", None)
    if read is None:  # no client speaks this wire
        return
    decoder: Decoder = read(request_)
    data = b"data: " + WORDS + b"\n" if request_.stream and provider.name != "ollama" else WORDS
    with pytest.raises(UpstreamBroken) as caught:
        _ = [*decoder.feed(data), *decoder.close()]
    assert "words" not in caught.value.message
    assert "Another's words" in caught.value.excerpt
