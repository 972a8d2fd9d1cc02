"""What isn't chat arrives through Turnout as it does straight from the upstream, field by field."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.e2e.stage import TEAM_KEY, Stage
from tests.support.openai_wire import PNG

Call = Callable[[AsyncOpenAI, str], Awaitable[Any]]
SOUND = ("train.wav", b"RIFF" + bytes(5000), "audio/wav")
PICTURE = ("rails.png", base64.b64decode(PNG), "image/png")
WHEN = {"created", "created_at", "id"}  # differ from call to call

CALLS: dict[str, Call] = {
    "embedding": lambda sdk, model: sdk.embeddings.create(model=model, input=["a b", "c"]),
    "embedding in numbers": lambda sdk, model: sdk.embeddings.create(model=model, input="a", encoding_format="float"),
    "embedding of tokens": lambda sdk, model: sdk.embeddings.create(model=model, input=[[1, 2], [3]], dimensions=5),
    "picture": lambda sdk, model: sdk.images.generate(model=model, prompt="rails", n=2, size="32x32"),
    "picture by address": lambda sdk, model: sdk.images.generate(model=model, prompt="rails", response_format="url"),
    "streamed picture": lambda sdk, model: sdk.images.generate(model=model, prompt="rails", size="32x32", stream=True),
    "changed picture": lambda sdk, model: sdk.images.edit(model=model, prompt="rails", image=PICTURE, mask=PICTURE),
    "changed pictures": lambda sdk, model: sdk.images.edit(model=model, prompt="rails", image=[PICTURE, PICTURE]),
    "streamed change": lambda sdk, model: sdk.images.edit(model=model, prompt="rails", image=PICTURE, stream=True),
    "transcript": lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=SOUND, prompt="trains"),
    "verbose transcript": lambda sdk, model: sdk.audio.transcriptions.create(
        model=model, file=SOUND, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    ),
    "subtitles": lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=SOUND, response_format="srt"),
    "streamed transcript": lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=SOUND, stream=True),
    "translation": lambda sdk, model: sdk.audio.translations.create(model=model, file=SOUND),
    "speech": lambda sdk, model: sdk.audio.speech.create(model=model, input="Hi.", voice="alloy"),
    "completion": lambda sdk, model: sdk.completions.create(model=model, prompt="a b", logprobs=2, max_tokens=9),
    "streamed completion": lambda sdk, model: sdk.completions.create(
        model=model, prompt="a b", n=2, max_tokens=9, stream=True, stream_options={"include_usage": True}
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_same_arrives(stage: Stage, call: Call) -> None:
    """The provider ``compatible`` has all of them on the same wire."""
    straight = AsyncOpenAI(base_url=f"{stage.simulator.root}/v1", api_key="none", max_retries=0)
    through = AsyncOpenAI(base_url=f"{stage.turnout.url}/v1", api_key=TEAM_KEY, max_retries=0)
    expected = await _told(await call(straight, "sim-id-differential"))
    assert expected
    assert await _told(await call(through, "compatible/sim-id-differential")) == expected


async def _told(reply: Any) -> Any:
    """All that the SDK tells of a reply, but for when it was."""
    if hasattr(reply, "__aiter__") and not hasattr(reply, "content"):
        return [await _told(event) async for event in reply]
    if hasattr(reply, "model_dump"):
        return {name: value for name, value in reply.model_dump().items() if name not in WHEN}
    return getattr(reply, "content", reply)
