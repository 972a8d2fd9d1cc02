"""What is mutated: requests to every endpoint that is found, and every provider's replies to them.

Replies come from the simulator, which is asked inside this process, and from the recordings in ``tests/wire``. An
endpoint or a provider that is new is found by itself; ``requests.yaml`` makes its requests richer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import yaml

from tests.support.contract import BODIES, DIALECTS, ON_WIRES, deployment
from tests.wire.shape import shapes
from turnout.core import Request, WireRequest
from turnout.dialects import Endpoint, Target
from turnout.errors import TurnoutError
from turnout.providers import Operation, WireProvider
from turnout.simulator.answer import answer
from turnout.simulator.http import Request as SimulatorRequest
from turnout.simulator.refused import Refused
from turnout.simulator.routes import ROUTES
from turnout.simulator.script import read_script

MODELS = ("sim", "sim-thinking", "sim-parallel-tools", "sim-thinking-tools-cached", "sim-refusal")
REQUESTS: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "requests.yaml").read_text())
ANYTHING: dict[str, Any] = {
    "model": "fast",
    "model_id": "fast",
    "prompt": "Hi",
    "input": "Hi",
    "text": "Hi",
    "texts": ["Hi"],
    "voice": "alloy",
    "task_id": "t1",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "Hi"}],
    "contents": [{"parts": [{"text": "Hi"}]}],
    "content": {"parts": [{"text": "Hi"}]},
    "requests": [{"model": "models/fast", "content": {"parts": [{"text": "Hi"}]}}],
}
"""For endpoints that have no requests of their own here: whatever the common fields are."""
BOUNDARY = "turnout"
FORM = (
    "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, more, value in (
            ("model", "", "fast"),
            ("prompt", "", "Hi"),
            ("response_format", "", "json"),
            ("n", "", "1"),
            ("file", '; filename="a.wav"', "RIFF"),
            ("image", '; filename="a.png"', "PNG"),
        )
    ).encode()
    + f"--{BOUNDARY}--\r\n".encode()
)
_TIMES = re.compile(rb'("created(?:_at)?":)\d+')
_DATES = re.compile(rb'("created_at":")[^"]+')
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


class Asked(msgspec.Struct, frozen=True):
    """A request as a client sends it."""

    body: bytes
    target: Target


def endpoints() -> list[Endpoint[Any, Any]]:
    return [endpoint for dialect in DIALECTS.values() for endpoint in dialect.endpoints]


def requests(endpoint: Endpoint[Any, Any]) -> list[Asked]:
    """Some of each: plain, rich, and whatever else the endpoint takes."""
    own = [BODIES[endpoint.wire]] if endpoint.wire in BODIES else []
    target = own[0][1] if own else Target("fast" if any("{model}" in path for path in endpoint.paths) else "")
    bodies = [fields for fields, _ in own] + REQUESTS.get(endpoint.wire, []) + [ANYTHING]
    unary = [{**fields, "stream": False} for fields in bodies if "stream" in fields]
    asked = [Asked(json.dumps(fields).encode(), target) for fields in bodies + unary]
    return [*asked, Asked(FORM, Target(target.model, target.query, FORM_TYPE))]


def parsed(endpoint: Endpoint[Any, Any]) -> list[Request]:
    """Those of its requests that it takes."""
    return [request for asked in requests(endpoint) if (request := _parsed(endpoint, asked)) is not None]


class Answered(msgspec.Struct, frozen=True):
    """A request, how a provider reads the replies to it, and some replies."""

    name: str
    endpoint: Endpoint[Any, Any]
    request: Any
    operation: Any
    replies: tuple[bytes, ...]


@cache
def answered() -> list[Answered]:
    """Every operation of every provider that an endpoint's request leads to."""
    return [
        Answered(f"{provider.name} {operation.wire} for {endpoint.wire}", endpoint, request, operation, replies)
        for endpoint in endpoints()
        for request in _relayed_or_not(parsed(endpoint))
        for provider in ON_WIRES.values()
        if (operation := _operation(provider, request)) and (replies := tuple(_replies(provider, operation, request)))
    ]


def _relayed_or_not(requests: list[Request]) -> Iterator[Request]:
    for request in requests:
        yield request
        yield msgspec.structs.replace(request, raw=None)


def _parsed(endpoint: Endpoint[Any, Any], asked: Asked) -> Request | None:
    try:
        request: Request = endpoint.parse(asked.body, asked.target)
    except TurnoutError:
        return None
    return request


def _operation(provider: WireProvider, request: Request) -> Operation[Any] | None:
    try:
        return provider.operation(request)
    except TurnoutError:
        return None


def _replies(provider: WireProvider, operation: Operation[Any], request: Request) -> Iterator[bytes]:
    streamed = bool(request.stream)
    yield from (shape.data for shape in shapes() if (shape.stream is not None) == streamed)
    for model in MODELS:
        served = msgspec.structs.replace(deployment(provider), model=model)
        with suppress(TurnoutError, Refused):
            yield from map(_timeless, _simulated(operation.build(request, served)))


def _timeless(reply: bytes) -> bytes:
    """The same whenever it is made, so that a try can be repeated."""
    return _TIMES.sub(rb"\g<1>1790000000", _DATES.sub(rb"\g<1>2026-01-01T00:00:00Z", reply))


def _simulated(sent: WireRequest) -> Iterator[bytes]:
    """The simulator's reply; none if it serves no such path."""
    url = urlsplit(sent.url)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    for prefix in ("", "/v1", "/vllm/v1"):
        path = prefix + url.path if prefix == "" else prefix + "/" + url.path.rpartition("/")[2]
        asked = SimulatorRequest("POST", path, dict(parse_qsl(url.query)), headers, sent.body)
        for route in ROUTES:
            groups = route.match(asked)
            if groups is None or route.page:
                continue
            question = route.wire.read(asked, groups)
            given = answer(question, read_script(question.model, ""), 1)
            if question.stream:
                yield b"".join(frame.data for frame in route.wire.stream(question, given))
            else:
                yield route.wire.body(question, given)
            return
