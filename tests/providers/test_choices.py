"""A reply of ever more choices is refused before they fill the memory, though none of them says a thing."""

from __future__ import annotations

import json

import pytest

from turnout.core import ChatRequest
from turnout.errors import ReplyTooLarge
from turnout.providers import WireProvider, registry

ASKED = ChatRequest(model="m", messages=(), stream=True)


@pytest.mark.parametrize(
    ("provider", "name", "rest"), [("openai", "choices", {"delta": {}}), ("gemini", "candidates", {})]
)
def test_there_are_not_endlessly_many_choices(provider: str, name: str, rest: dict[str, object]) -> None:
    found = registry()[provider]
    assert isinstance(found, WireProvider)
    decoder = found.decoder(ASKED)
    for number in range(1000):
        decoder.feed(f"data: {json.dumps({name: [{'index': number, **rest}]})}\n\n".encode())
    with pytest.raises(ReplyTooLarge, match="1000 choices"):
        decoder.feed(f"data: {json.dumps({name: [{'index': 1000, **rest}]})}\n\n".encode())
