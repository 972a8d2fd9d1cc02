"""A Qdrant server that isn't there, doesn't answer, or refuses."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from httpx import Headers
from qdrant_client.http.exceptions import UnexpectedResponse

from turnout.errors import ConfigError, TurnoutError, VectorsUnavailable
from turnout.host import LocalControl
from turnout.vectors import Place, Vectors, vector_store
from turnout.vectors.address import QdrantAddress, address_in
from turnout.vectors.server_store import ServerStore
from turnout.vectors.words_of_qdrant import explained

PLACE = Place("a", "documents")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_server_that_is_gone_is_asked_three_times_and_then_once_a_second() -> None:
    with socket.socket() as unused:  # bound, and nobody listens
        unused.bind(("127.0.0.1", 0))
        clock = Clock()
        store = ServerStore(QdrantAddress(f"http://127.0.0.1:{unused.getsockname()[1]}"), clock=clock)
        vectors = Vectors(store)
        told = []
        for moment in (0.0, 0.0, 0.0, 0.5, 1.5, 1.6):
            clock.now = moment
            with pytest.raises(VectorsUnavailable) as raised:
                await vectors.collection(PLACE)
            told.append("can't be reached" in raised.value.message)
        assert told == [True, True, True, False, True, False]
        assert vectors.condition.error is not None
        assert "127.0.0.1" not in vectors.condition.error
        await vectors.close()


async def test_a_server_that_does_not_answer_has_a_deadline() -> None:
    async def read_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(read_only, "127.0.0.1", 0) as server:
        store = ServerStore(QdrantAddress(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), 0.3)
        with pytest.raises(VectorsUnavailable, match=r"did not answer within 0.3 s"):
            await store.places()
        await store.close()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, b'{"status": {"error": "Wrong input: dim 3"}}', (400, "Qdrant refuses this: Wrong input: dim 3")),
        (404, b'{"status": {"error": "Not found"}}', (404, "Qdrant doesn't find this: Not found")),
        (409, b"{}", (409, "Qdrant refuses this: {}")),
        (401, b"Must provide an API key", (503, "Qdrant refuses Turnout's key. Set QDRANT_API_KEY.")),
        (429, b"slow down", (503, "Qdrant answers with status 429: slow down")),
        (500, b"\xff" * 1000, (503, "Qdrant answers with status 500: " + "�" * 300)),
    ],
)
def test_what_a_server_refuses_is_told(status: int, body: bytes, told: tuple[int, str]) -> None:
    error = explained(UnexpectedResponse(status, "", body, Headers()))
    assert isinstance(error, TurnoutError)
    assert (error.status, error.message) == told


def test_a_defect_is_no_error_of_qdrants() -> None:
    assert explained(KeyError("x")) is None


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, None),
        ({"QDRANT_PORT": "7000"}, None),
        ({"QDRANT_HOST": "q"}, QdrantAddress("http://q:6333")),
        ({"QDRANT_HOST": "q", "QDRANT_PORT": "7000"}, QdrantAddress("http://q:7000")),
        ({"QDRANT_HOST": "::1"}, QdrantAddress("http://[::1]:6333")),
        ({"QDRANT_URL": "http://q", "QDRANT_HOST": "other"}, QdrantAddress("http://q:6333")),
        ({"QDRANT_URL": "https://q.example/", "QDRANT_API_KEY": "k"}, QdrantAddress("https://q.example:443/", "k")),
        ({"QDRANT_URL": "http://q:1/under"}, QdrantAddress("http://q:1/under")),
    ],
)
def test_the_environment_says_where_the_server_is(environment: dict[str, str], address: QdrantAddress | None) -> None:
    assert address_in(environment) == address


@pytest.mark.parametrize(
    "environment",
    [
        {"QDRANT_URL": "q:6333"},
        {"QDRANT_URL": "http://"},
        {"QDRANT_URL": "http://q:port"},
        {"QDRANT_HOST": "q", "QDRANT_PORT": "0"},
        {"QDRANT_HOST": "q", "QDRANT_PORT": "x"},
        {"QDRANT_HOST": "http://q"},
    ],
)
def test_an_address_that_is_none_is_a_mistake_of_the_configuration(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="QDRANT_"):
        vector_store(environment, tmp_path, LocalControl())
