"""Requests whose bodies are packed: unpacked within the bound of a body, or refused with what is taken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence

import pytest

from tests.server.conftest import ADMIN
from tests.support.asgi import InProcess
from tests.support.loop_watch import LoopWatch
from tests.support.packing import PACK, raw_deflate
from turnout.errors import BodyTooLarge, InvalidRequest, UnsupportedCoding
from turnout.server.control.gate import MAX_BODY
from turnout.server.request import Head, Message, read_body, read_head

CHAT = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}).encode()
MESSAGES = json.dumps({"model": "echo", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}).encode()
LIMIT = 32 * 1024 * 1024


async def read(body: bytes, *encodings: str, limit: int = 1000) -> bytes:
    lines = [(b"content-encoding", encoding.encode()) for encoding in encodings]
    head = read_head({"headers": [(b"host", b"h"), *lines], "query_string": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return await read_body(head, receive, limit)


@pytest.mark.parametrize(
    ("encodings", "body"),
    [
        *[pytest.param([coding], pack(CHAT), id=coding) for coding, pack in PACK.items()],
        pytest.param(["X-GZIP"], gzip.compress(CHAT), id="another-name"),
        pytest.param(["gzip"], gzip.compress(CHAT[:9]) + gzip.compress(CHAT[9:]), id="members"),
        pytest.param(["deflate"], raw_deflate(CHAT), id="deflate-without-zlib"),
        pytest.param(["gzip, br"], PACK["br"](gzip.compress(CHAT)), id="two"),
        pytest.param(["gzip", "br"], PACK["br"](gzip.compress(CHAT)), id="two-lines"),
        pytest.param(["identity"], CHAT, id="identity"),
        pytest.param(["UTF-8"], CHAT, id="charset"),
        pytest.param([""], CHAT, id="empty"),
        pytest.param([], CHAT, id="none"),
    ],
)
async def test_a_body_is_unpacked(encodings: Sequence[str], body: bytes) -> None:
    assert await read(body, *encodings) == CHAT


async def test_an_empty_body_is_empty() -> None:
    assert await read(b"", "gzip") == b""


@pytest.mark.parametrize(
    "body", [CHAT, gzip.compress(CHAT)[:-1], gzip.compress(CHAT) + b"more"], ids=["plain", "cut", "more"]
)
async def test_a_body_that_can_not_be_unpacked_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="can't be unpacked as gzip: "):
        await read(body, "gzip")


@pytest.mark.parametrize("encoding", ["compress", "lz4", "gzip, snappy", "gzip, gzip, gzip, gzip, gzip"])
async def test_an_unknown_coding_is_refused_before_the_body_is_read(encoding: str) -> None:
    async def receive() -> Message:
        raise AssertionError("the body was read")

    with pytest.raises(UnsupportedCoding, match=r"content-encoding '.*' can't be read here"):
        await read_body(Head(encoding=encoding), receive, 1000)


@pytest.mark.parametrize("coding", list(PACK))
async def test_a_body_has_the_same_bound_unpacked(coding: str) -> None:
    assert len(await read(PACK[coding](bytes(1000)), coding)) == 1000
    with pytest.raises(BodyTooLarge, match="larger than 1000 bytes"):
        await read(PACK[coding](bytes(1001)), coding)


@pytest.mark.parametrize("coding", list(PACK))
async def test_a_bomb_is_refused_and_delays_nobody(coding: str) -> None:
    """A gigabyte would take a second to unpack. 32 MB of it are, in pieces."""
    bomb = PACK[coding](bytes(100_000_000))
    with LoopWatch() as watch, pytest.raises(BodyTooLarge):
        await read(bomb, coding, limit=LIMIT)
    assert watch.longest < 0.03


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/chat/completions", CHAT), ("/v1/messages", MESSAGES), ("/api/chat", CHAT), ("/v1/responses", CHAT)],
)
async def test_every_dialect_takes_them(open_app: InProcess, path: str, body: bytes) -> None:
    if path == "/v1/responses":
        body = b'{"model":"echo","input":"Hello.","store":false}'
    for coding, pack in PACK.items():
        answer = await open_app.ask("POST", path, pack(body), {"content-encoding": coding})
        assert (answer.status, b"Hello." in answer.body) == (200, True)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/models"])
async def test_the_refusal_says_what_is_taken(guarded_app: InProcess, path: str) -> None:
    headers = {"content-encoding": "compress", "authorization": f"Bearer {ADMIN}"}
    answer = await guarded_app.ask("POST", path, b"x", headers)
    assert (answer.status, answer.reads) == (415, 0)
    assert answer.headers["accept-encoding"] == "gzip, deflate, zstd, br"
    assert b"Send it in one of gzip, deflate, zstd, br, or unpacked." in answer.body


async def test_the_control_plane_unpacks_within_its_own_bound(guarded_app: InProcess) -> None:
    headers = {"content-encoding": "gzip", "authorization": f"Bearer {ADMIN}", "content-type": "application/json"}
    large = await guarded_app.ask("POST", "/api/models", gzip.compress(bytes(MAX_BODY + 1)), headers)
    assert large.status == 413
    plain = await guarded_app.ask("POST", "/api/models", b'{"odd": 1}', {**headers, "content-encoding": "identity"})
    packed = await guarded_app.ask("POST", "/api/models", gzip.compress(b'{"odd": 1}'), headers)
    assert packed.status == 400
    assert packed.json["error"]["message"] == plain.json["error"]["message"]
