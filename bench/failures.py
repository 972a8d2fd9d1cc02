"""Requests that fail in every way, for ``memory.py``: models that fail, invalid requests, clients that disconnect."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from bench.exchange import MODEL, request_body

CLOSED = "http://127.0.0.1:9/v1"  # the discard port, where no server listens
BROKEN = ("reset", "malformed-after-0", "cut-event", "cut-stream", "bad-chunk", "error", "end-after-1")
REFUSED = ("status-400", "status-401", "status-429", "status-500", "status-503")
WORDS = "sim-words-3"
LARGE = "z" * 1_000_000
DISCONNECTS_PER_SECOND = 20


class Request(msgspec.Struct, frozen=True, kw_only=True):
    body: str
    path: str = "/v1/chat/completions"
    key: str | None = None


def models(simulator: str) -> dict[str, object]:
    """A model for each failure, by its name; ``simulator`` is the address of its OpenAI wire."""
    ways: dict[str, object] = {f"fails-{word}": _at(f"sim-{word}", simulator) for word in (*BROKEN, *REFUSED)}
    ways["fails-closed"] = _at("x", CLOSED)
    ways["fails-silent"] = _at("sim-no-reply", simulator) | {
        "timeouts": {"first_token": 0.2, "stall": 0.2, "total": 0.3}
    }
    ways["fails-all"] = {
        "deployments": [_deployment("x", CLOSED), _deployment("sim-status-500", simulator)],
        "fallbacks": ["fails-closed", "fails-reset"],
    }
    ways["words"] = _at(WORDS, simulator)
    return ways


def _at(model: str, address: str) -> dict[str, object]:
    return {"deployments": [_deployment(model, address)], "retries": {"attempts": 1}}


def _deployment(model: str, address: str) -> dict[str, str]:
    return {"provider": "openai", "model": model, "base_url": address, "api_key": "sk-upstream"}


def requests() -> list[Request]:
    """A request for each failure. Those to providers come unary, streamed, and in another dialect."""
    failing = [
        Request(body=body, path=path)
        for name in models("")
        if name != "words"
        for body, path in (
            (request_body(name, stream=False), "/v1/chat/completions"),
            (request_body(name, stream=True), "/v1/chat/completions"),
            (_anthropic(name), "/v1/messages"),
        )
    ]
    mistakes = [
        Request(body=request_body("nobody-serves-this", stream=False)),
        Request(body=request_body(MODEL, stream=False), key="sk-not-a-key-of-ours"),
        Request(body='{"model": '),
        Request(body='{"model": "' + MODEL + '", "messages": 5}'),
        Request(body="{}", path="/v1/nothing"),
        Request(body="{}", path="/api/models"),
        Request(body=json.dumps({"model": "fails-closed", "messages": [{"role": "user", "content": LARGE}]})),
    ]
    return failing + mistakes


def _anthropic(model: str) -> str:
    return json.dumps(
        {"model": model, "max_tokens": 10, "stream": True, "messages": [{"role": "user", "content": "Hi."}]}
    )


def lua(good: str, key: str) -> str:
    """wrk's script: of ten requests, nine are ``good`` and one fails, each way in its turn."""
    headers = {"Content-Type": "application/json"}
    functions = [_format(headers, Request(body=good), key), *(_format(headers, failing, key) for failing in requests())]
    return (
        "local requests = {}\nlocal count = 0\n"
        f"function init(args)\n{''.join(functions)}end\n"
        "function request()\n  count = count + 1\n  if count % 10 ~= 0 then return requests[1] end\n"
        "  return requests[2 + (count / 10) % (#requests - 1)]\nend\n"
    )


def _format(headers: Mapping[str, str], request: Request, key: str) -> str:
    all_headers = {**headers, "Authorization": f"Bearer {request.key or key}"}
    table = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in all_headers.items())
    arguments = f"{json.dumps(request.path)}, {{{table}}}, {json.dumps(request.body)}"
    return f'  requests[#requests + 1] = wrk.format("POST", {arguments})\n'


@contextmanager
def disconnecting_clients(port: int, key: str) -> Iterator[None]:
    """Clients that disconnect: in the middle of their body, before the answer, or in the middle of a stream."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_disconnect_early(port, key, stop)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def _disconnect_early(port: int, key: str, stop: threading.Event) -> None:
    choose = random.Random(1)  # noqa: S311  # the same choices each time
    while not stop.is_set():
        with contextlib.suppress(OSError):
            await _disconnect(port, key, choose.choice(("body", "answer", "stream")))
        await asyncio.sleep(1 / DISCONNECTS_PER_SECOND)


async def _disconnect(port: int, key: str, when: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = request_body("words" if when == "stream" else "fails-silent", stream=True).encode()
    announced = len(body) if when != "body" else len(body) + 10
    fields = f"host: h\r\nauthorization: Bearer {key}\r\ncontent-length: {announced}\r\n"
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{fields}\r\n".encode() + body)
    await writer.drain()
    if when == "stream":
        await reader.read(300)
    writer.close()
