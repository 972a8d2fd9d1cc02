"""Pictures made from words, and from pictures, through the official SDK."""

from __future__ import annotations

import base64
import io
from typing import Any

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from PIL import Image

from tests.e2e.stage import INPUT_PRICE, OUTPUT_PRICE, TEAM_KEY, Stage, faulty
from tests.support.aimock import case
from tests.support.openai_wire import PNG

PROMPT = "a red signal at night"
DRAWING = ("openai", "azure", "compatible")
MILLIONTH = 1_000_000  # picodollars a token for each USD per 1M tokens

vendors = pytest.mark.parametrize("provider", DRAWING)


@pytest.fixture
async def sdk(stage: Stage) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{stage.turnout.url}/v1", api_key=TEAM_KEY, max_retries=0)


def size_of(data: str | None) -> tuple[int, int]:
    assert data
    return Image.open(io.BytesIO(base64.b64decode(data))).size


def picture() -> tuple[str, bytes, str]:
    return "rails.png", base64.b64decode(PNG), "image/png"


@vendors
async def test_a_picture_is_made(sdk: AsyncOpenAI, provider: str) -> None:
    reply = await sdk.images.generate(
        model=faulty(provider, ""), prompt=PROMPT, n=2, size="128x64", extra_body={"seed": 7}
    )
    assert [size_of(made.b64_json) for made in reply.data or ()] == [(128, 64)] * 2
    assert reply.usage is not None
    assert reply.usage.output_tokens == reply.usage.total_tokens - reply.usage.input_tokens > 0


@vendors
async def test_a_picture_is_streamed(sdk: AsyncOpenAI, provider: str) -> None:
    stream = await sdk.images.generate(
        model=faulty(provider, ""), prompt=PROMPT, size="128x64", partial_images=1, stream=True
    )
    events: list[Any] = [event async for event in stream]
    assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert {size_of(event.b64_json) for event in events} == {(128, 64)}
    assert events[-1].usage.total_tokens > 0


@vendors
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
async def test_a_picture_is_changed(sdk: AsyncOpenAI, provider: str, several: bool) -> None:
    pictures = [picture(), picture()] if several else picture()
    reply = await sdk.images.edit(
        model=faulty(provider, ""), prompt=PROMPT, image=pictures, mask=picture(), size="64x64", quality="low"
    )
    assert [size_of(made.b64_json) for made in reply.data or ()] == [(64, 64)]
    assert reply.usage is not None
    assert reply.usage.input_tokens_details.image_tokens > 0


async def test_a_change_is_streamed(sdk: AsyncOpenAI) -> None:
    stream = await sdk.images.edit(model=faulty("openai", ""), prompt=PROMPT, image=picture(), stream=True)
    events: list[Any] = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


async def test_addresses_are_passed_on(sdk: AsyncOpenAI) -> None:
    reply = await sdk.images.generate(model=faulty("openai", ""), prompt=PROMPT, response_format="url")
    assert reply.data
    assert (reply.data[0].url or "").startswith("https://")


async def test_aimock_answers_as_it_answers_everybody(sdk: AsyncOpenAI) -> None:
    fixture = case("media", 1)
    for made in (
        await sdk.images.generate(model="aimock-openai", prompt=fixture.prompt),
        await sdk.images.edit(model="aimock-openai", prompt=fixture.prompt, image=picture()),
    ):
        assert made.data
        assert made.data[0].b64_json == fixture.response["image"]["b64Json"]
        assert made.data[0].revised_prompt == fixture.response["image"]["revisedPrompt"]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_the_ledger_has_tokens_and_cost(stage: Stage, sdk: AsyncOpenAI, stream: bool) -> None:
    reply = await sdk.images.with_raw_response.generate(model=faulty("openai", ""), prompt=PROMPT, stream=stream)
    if stream:
        assert [event async for event in reply.parse()]  # type: ignore[union-attr]  # of a stream, it is one
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert (attempt["operation"], attempt["outcome"], attempt["stream"]) == ("image", "ok", stream)
    usage = attempt["usage"]
    assert usage["input"] == len(PROMPT.split())
    assert usage["source"] == "reported"
    assert attempt["cost"] == (usage["input"] * INPUT_PRICE + usage["output"] * OUTPUT_PRICE) * MILLIONTH
    assert attempt["first_token"] is not None


async def test_uncounted_pictures_have_no_cost(stage: Stage, sdk: AsyncOpenAI) -> None:
    """aimock reports no usage."""
    reply = await sdk.images.with_raw_response.generate(model="aimock-openai", prompt=case("media", 1).prompt)
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert (attempt["outcome"], attempt["usage"]["images"], attempt["cost"]) == ("ok", 1, None)
    assert "x-turnout-cost-usd" not in reply.headers


async def test_azures_clients_are_served(stage: Stage) -> None:
    azure = AsyncAzureOpenAI(azure_endpoint=stage.turnout.url, api_key=TEAM_KEY, api_version="2025-04-01-preview")
    made = await azure.images.generate(model=faulty("azure", ""), prompt=PROMPT, size="64x64")
    changed = await azure.images.edit(model=faulty("openai", ""), prompt=PROMPT, image=picture(), size="64x64")
    assert [size_of(one.b64_json) for reply in (made, changed) for one in reply.data or ()] == [(64, 64)] * 2


async def test_a_failure_before_the_picture_is_retried(sdk: AsyncOpenAI) -> None:
    model = faulty("openai", "status-503-times-1")
    reply = await sdk.images.with_raw_response.edit(model=model, prompt=PROMPT, image=picture())
    assert reply.headers["x-turnout-attempts"] == "2"


async def test_a_refusal_names_the_field(stage: Stage, sdk: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as no_picture:
        await sdk.images.edit(model=faulty("openai", ""), prompt=PROMPT, image=("a.png", b"not a picture"))
    assert (no_picture.value.param, no_picture.value.code) == ("image", "invalid_request")
    with pytest.raises(openai.BadRequestError, match="'anthropic' does not support making images"):
        await sdk.images.generate(model=faulty("anthropic", ""), prompt=PROMPT)
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.images.generate(model=faulty("openai", ""), prompt=PROMPT, size="enormous")
    assert "Invalid size 'enormous'." in refused.value.message  # the provider's own words
    reply = await stage.post("/v1/images/edits", {"model": faulty("openai", ""), "prompt": PROMPT})
    assert reply.status == 400
    assert "multipart/form-data" in reply.json["error"]["message"]
