"""Measures HTTP servers with the same small ASGI app: ours, and those that are installed.

Prints microseconds of CPU for each request, round by round. docs/decisions/http-server.md has a table.
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.load import Target, put_load
from bench.usage import CpuClock, memory_mb, tree
from tests.support.process import Program, free_port

ANSWER = b'{"choices": [{"message": {"role": "assistant", "content": "%b"}}]}' % (b"a" * 300)
QUESTION = '{"model": "fast", "messages": [{"role": "user", "content": "' + "hello " * 40 + '"}]}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"x-request-id", b"req_1"),
    (b"content-length", str(len(ANSWER)).encode()),
]
APP = "bench.prototypes.http_servers:app"
COMMANDS = {
    "turnout": ("bench.prototypes.http_servers", "{port}"),
    "uvicorn": ("uvicorn", APP, "--port", "{port}", "--no-access-log", "--log-level", "error", "--lifespan", "off"),
    "granian": ("granian", "--interface", "asginl", APP, "--port", "{port}", "--no-ws", "--log-level", "error"),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "-k", "uvloop", APP),
}
ROUNDS, SECONDS, CLIENTS = 3, 4, 32


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            await send({"type": f"{(await receive())['type']}.complete"})
    more = scope["method"] == "POST"
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def serve(port: int) -> None:
    from turnout.config import ServerSettings
    from turnout.server.http import HttpServer

    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen(1000)
    await HttpServer(app, ServerSettings()).start(listener)
    await asyncio.Event().wait()


def main() -> None:
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            if importlib.util.find_spec(name) is not None:
                print(f"{name:10}{measured(name, command)}", flush=True)


def measured(name: str, command: tuple[str, ...]) -> str:
    port = free_port()
    words = [sys.executable, "-m", *(word.format(port=port) for word in command)]
    with tempfile.TemporaryDirectory() as folder:
        program = Program(name, words, Path(folder) / "log")
        try:
            program.wait_until_ready(port, "/")
            clock = CpuClock(program.pid)
            target = Target(url=f"http://127.0.0.1:{port}/", headers={}, body=QUESTION)
            load = put_load(target, Path(folder), clients=CLIENTS, seconds=SECONDS)
            used = clock.seconds() * 1e6 / load.requests
            return f"{used:6.1f} µs a request, {memory_mb(tree(program.pid)):4.0f} MB, {load.bad} failed"
        finally:
            program.kill()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(int(sys.argv[1])))
    else:
        main()
