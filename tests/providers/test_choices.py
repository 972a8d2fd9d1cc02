"""A reply with more and more empty choices is refused before they fill the memory."""

from __future__ import annotations

import json

import pytest

from turnout.core import ChatRequest
from turnout.errors import ReplyTooLarge
from turnout.providers import WireProvider, registry

REQUEST = ChatRequest(model="m", messages=(), stream=True)


@pytest.mark.parametrize(
    ("provider", "name", "rest"), [("openai", "choices", {"delta": {}}), ("gemini", "candidates", {})]
)
def test_there_are_not_endlessly_many_choices(provider: str, name: str, rest: dict[str, object]) -> None:
    wire_provider = registry()[provider]
    assert isinstance(wire_provider, WireProvider)
    decoder = wire_provider.decoder(REQUEST)
    for number in range(1000):
        decoder.feed(f"data: {json.dumps({name: [{'index': number, **rest}]})}\n\n".encode())
    with pytest.raises(ReplyTooLarge, match="1000 choices"):
        decoder.feed(f"data: {json.dumps({name: [{'index': 1000, **rest}]})}\n\n".encode())
