"""Images by base64 and by URL, to every provider that takes them; a clear refusal from the others."""

from __future__ import annotations

from functools import cache
from uuid import uuid4

import pytest

from tests.e2e.backends import AIMOCK, SIMULATOR, Backend
from tests.e2e.clients import EVERY_DIALECT, Client, every_client_but_ollama, every_like_client
from tests.e2e.stage import Stage
from tests.media import pictures
from tests.support.aimock import case
from tests.support.raw_upstream import RawUpstream, ok, replying
from tests.support.sdks import PNG
from turnout.media.budget import Budget
from turnout.media.fit import Fit, fit
from turnout.providers import registry

CLIENTS = EVERY_DIALECT
URL = "https://pictures.example/a-red-square.png"
LARGE = pictures.png(3200, 2400)
ONE_OF_EACH = [backend for backend in SIMULATOR if backend.provider in ("openai", "anthropic", "gemini", "ollama")]
TAKE_URLS = [backend for backend in SIMULATOR if backend.provider != "ollama"]


@pytest.mark.parametrize("backend", AIMOCK)
async def test_a_picture_is_described(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, case("image").prompt, stream=stream, image=PNG)
    assert reply.text == backend.says("image")


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_every_byte_of_a_picture_arrives(client: Client, backend: Backend, stream: bool) -> None:
    """The simulator says how large the picture is that it was sent."""
    reply = await client.ask(backend.model, "Look.", stream=stream, image=PNG)
    assert reply.text == f"You said: Look. I saw 1 image: {len(PNG)} bytes."
    assert reply.input_tokens == 101


def address_of_its_own(server: RawUpstream) -> str:
    """No other test has it. A port may be the one of an earlier server, whose picture is kept for a minute."""
    return f"http://localhost:{server.port}/{uuid4()}.png"


@every_client_but_ollama
@pytest.mark.parametrize("backend", TAKE_URLS)
async def test_a_pictures_address_arrives(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, "Look.", stream=stream, sent=client.image_by_url("Look.", URL))
    assert reply.text == f"You said: Look. I saw 1 image: {URL}."


@every_client_but_ollama
@pytest.mark.parametrize(
    ("model", "words"),
    [
        pytest.param(
            "aimock-ollama", "its host has no public address. Send the image as base64", id="can-t-be-fetched"
        ),
        pytest.param("echo", "does not support images by URL; send the image as base64", id="takes-no-images"),
    ],
)
async def test_a_provider_that_takes_no_address_gives_advice(
    client: Client, model: str, words: str, stream: bool
) -> None:
    with pytest.raises(client.error("BadRequestError"), match=words):
        await client.ask(model, "Look.", stream=stream, sent=client.image_by_url("Look.", URL))


async def test_echo_takes_no_pictures(client: Client, stream: bool) -> None:
    with pytest.raises(client.error("BadRequestError"), match="does not support images"):
        await client.ask("echo", "Look.", stream=stream, image=PNG)


@every_like_client
@pytest.mark.parametrize("model", ["simulator-openai", "simulator-anthropic", "simulator-gemini", "simulator-ollama"])
async def test_data_that_is_no_picture_is_refused_before_it_is_sent(client: Client, model: str) -> None:
    with pytest.raises(client.error("BadRequestError"), match=r"image") as refused:
        await client.ask(model, "Look.", image=b"this is no picture")
    assert "x-turnout-deployment" not in refused.value.response.headers


@cache
def fitting(backend: Backend) -> Fit:
    """What the provider of ``backend`` should be sent of the large picture."""
    limits = registry()[backend.provider_name].profile.images
    assert limits is not None
    return fit(LARGE, "image/png", limits, 64_000_000, Budget(1 << 30))


@pytest.mark.parametrize("backend", ONE_OF_EACH)
async def test_a_large_picture_is_made_to_fit_whoever_asks(client: Client, backend: Backend, stream: bool) -> None:
    """Relayed and translated alike."""
    image = fitting(backend)
    assert image.data is not None
    reply = await client.ask(backend.model, "Look.", stream=stream, image=LARGE)
    assert reply.text == f"You said: Look. I saw 1 image: {len(image.data)} bytes."


@every_like_client
@pytest.mark.parametrize("backend", ONE_OF_EACH)
async def test_the_record_says_what_was_changed(stage: Stage, client: Client, backend: Backend) -> None:
    headers = await client.headers(backend.model, "Look.", image=LARGE)
    (attempt,) = (await stage.story(headers["x-request-id"]))["attempts"]
    (change,) = attempt["changes"]
    assert change.endswith(f": {fitting(backend).note}")
    assert change.startswith("messages[0].content[")


@every_like_client
async def test_the_record_says_nothing_of_a_picture_that_fits(stage: Stage, client: Client) -> None:
    headers = await client.headers("simulator-openai", "Look.", image=PNG)
    (attempt,) = (await stage.story(headers["x-request-id"]))["attempts"]
    assert attempt["changes"] == []


@every_client_but_ollama
async def test_a_picture_is_fetched_for_who_doesn_t_fetch(client: Client, stream: bool) -> None:
    async with RawUpstream(replying(ok(PNG, "content-type: text/plain"))) as server:
        url = address_of_its_own(server)
        reply = await client.ask("simulator-ollama", "Look.", stream=stream, sent=client.image_by_url("Look.", url))
        assert reply.text == f"You said: Look. I saw 1 image: {len(PNG)} bytes."
        assert b"authorization" not in server.requests[0]


@every_client_but_ollama
async def test_gemini_has_plain_http_fetched_for_it(client: Client) -> None:
    async with RawUpstream(replying(ok(PNG))) as server:
        url = address_of_its_own(server)
        reply = await client.ask("simulator-gemini", "Look.", sent=client.image_by_url("Look.", url))
        assert reply.text == f"You said: Look. I saw 1 image: {len(PNG)} bytes."


@every_client_but_ollama
async def test_nothing_is_fetched_from_inside(client: Client) -> None:
    async with RawUpstream(replying(ok(PNG))) as server:
        for host in ("127.0.0.1", "127.1", "[::ffff:127.0.0.1]", "169.254.169.254"):
            url = f"http://{host}:{server.port}/a.png"
            with pytest.raises(client.error("BadRequestError"), match="no public address"):
                await client.ask("simulator-ollama", "Look.", sent=client.image_by_url("Look.", url))
        assert server.visits == []


@every_client_but_ollama
async def test_an_address_without_a_picture_is_refused_by_its_place(client: Client) -> None:
    async with RawUpstream(replying(ok(b"<!doctype html>", "content-type: image/png"))) as server:
        url = address_of_its_own(server)
        with pytest.raises(client.error("BadRequestError"), match=r"content\[1\]: It is an HTML page"):
            await client.ask("simulator-ollama", "Look.", sent=client.image_by_url("Look.", url))
