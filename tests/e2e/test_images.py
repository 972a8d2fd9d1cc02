"""Images by base64 and by URL, to every provider that takes them; a clear refusal from the others."""

from __future__ import annotations

import pytest

from tests.e2e.backends import AIMOCK, SIMULATOR, Backend
from tests.e2e.clients import EVERY_DIALECT, Client, every_client_but_ollama, every_like_client
from tests.support.aimock import case
from tests.support.sdks import PNG

CLIENTS = EVERY_DIALECT
URL = "https://pictures.example/a-red-square.png"
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
async def test_who_takes_no_address_says_what_to_do(client: Client, model: str, words: str, stream: bool) -> None:
    with pytest.raises(client.error("BadRequestError"), match=words):
        await client.ask(model, "Look.", stream=stream, sent=client.image_by_url("Look.", URL))


async def test_echo_takes_no_pictures(client: Client, stream: bool) -> None:
    with pytest.raises(client.error("BadRequestError"), match="does not support images"):
        await client.ask("echo", "Look.", stream=stream, image=PNG)


@every_like_client
@pytest.mark.parametrize("model", ["simulator-openai", "simulator-anthropic", "simulator-gemini", "simulator-ollama"])
async def test_what_is_no_picture_is_refused_before_it_is_sent(client: Client, model: str) -> None:
    with pytest.raises(client.error("BadRequestError"), match=r"image") as refused:
        await client.ask(model, "Look.", image=b"this is no picture")
    assert "x-turnout-deployment" not in refused.value.response.headers
