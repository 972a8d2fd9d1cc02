"""The largest bodies that are allowed, at every endpoint. They delay no other request."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from math import inf
from types import MappingProxyType
from typing import Any

import pytest

from tests.fuzz.seeds import FORM, FORM_TYPE, requests
from tests.support.contract import DIALECTS, ENDPOINTS
from tests.support.loop_watch import LoopWatch, reading
from turnout import gateway
from turnout.config import CommandLine
from turnout.core import WireRequest
from turnout.dialects import Endpoint, Target
from turnout.engine import source
from turnout.errors import TurnoutError
from turnout.providers import registry as providers
from turnout.server.access import Access
from turnout.server.bearer_tokens import BearerTokens
from turnout.server.endpoints import Match
from turnout.server.inference.bounds import takes_form
from turnout.server.inference.handler import Inference
from turnout.server.pages import Pages

pytestmark = pytest.mark.usefixtures("earlier_objects_are_frozen")

LARGEST = 32 * 1024 * 1024
VALUES, ITEMS = 320_000, 10_000
PIECE = 256 * 1024
CONFIGURATION = """
discovery: false
retries: {attempts: 1}
models:
  fast:
    deployments: [{provider: gemini, model: tuned, api_key: k}, {provider: openai, model: tuned, api_key: k}]
  limited: {deployments: [{provider: gemini, model: gemini-2.5-flash, api_key: k}]}
  echo: echo/echo
"""
ANSWER = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}
HOLE = "here it goes"
ANSWERED = {200, 400, 502}
"""400: the providers can't say all that the richest request does. 502: the answer is a chat's."""
IN_JSON = {wire: endpoint for wire, endpoint in ENDPOINTS.items() if not takes_form(endpoint)}
IN_FORMS = {wire: endpoint for wire, endpoint in ENDPOINTS.items() if takes_form(endpoint)}

JSON = dict[str, Any]


class Upstream:
    """In place of the transport: takes everything and answers at once, as Gemini would."""

    async def send(self, request: WireRequest, connect_timeout: float, stall: float) -> Answered:
        return Answered()

    async def close(self) -> None: ...


class Answered:
    status = 200
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self._left = [json.dumps(ANSWER).encode(), b""]

    async def read(self) -> bytes:
        return self._left.pop(0)

    def release(self) -> None: ...

    def abort(self) -> None: ...


@pytest.fixture(scope="module")
async def inference(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inference]:
    folder = tmp_path_factory.mktemp("large-bodies")
    (folder / "turnout.yaml").write_text(CONFIGURATION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway, "Transport", Upstream)
        setup = gateway.GatewaySetup(CommandLine(config=folder / "turnout.yaml", data_dir=str(folder / "data")))
        async with setup.open() as opened:
            yield Inference(opened, Access(opened, Pages(setup.settings.server), BearerTokens(opened)))


@pytest.fixture(scope="module")
def patience() -> float:
    """Some six times what this machine needs to decode one text of that size: 0.15 s, where it was up to a minute."""
    return 6 * reading(LARGEST)


class Client:
    """Sends a body in pieces, and takes what comes."""

    def __init__(self, body: bytes, target: Target) -> None:
        self.status = 0
        self.scope = {
            "query_string": target.query.encode(),
            "headers": [
                (b"content-type", (target.content_type or "application/json").encode()),
                (b"host", b"localhost"),
            ],
            "method": "POST",
            "path": "/",
            "client": ("127.0.0.1", 1),
            "state": {},
        }
        self._body = memoryview(body)
        self._at = 0

    async def receive(self) -> JSON:
        if self._at >= len(self._body):
            await asyncio.Event().wait()  # it stays
        piece = bytes(self._body[self._at : self._at + PIECE])
        self._at += PIECE
        return {"type": "http.request", "body": piece, "more_body": self._at < len(self._body)}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


async def status_and_wait(
    inference: Inference, endpoint: Endpoint[Any, Any], body: bytes, target: Target, patience: float
) -> tuple[int, float]:
    """The status, and the longest wait; of two tries, as chance may have added to one."""
    dialect = next(dialect for dialect in DIALECTS.values() if endpoint in dialect.endpoints)
    waits = []
    for _ in range(2):
        client = Client(body, target)
        with LoopWatch() as watch:
            await inference.handle(Match(dialect, endpoint, target.model), client.scope, client.receive, client.send)
        waits.append(watch.longest)
        if watch.longest < patience:
            break
    return client.status, min(waits)


def seed_of(endpoint: Endpoint[Any, Any]) -> tuple[JSON, Target]:
    """The richest JSON that it takes, for a whole answer."""
    seeds = [(json.loads(seed.body), seed.target) for seed in requests(endpoint) if not seed.target.content_type]
    taken = [({**fields, "stream": False}, target) for fields, target in seeds if takes(endpoint, fields, target)]
    return max(taken, key=lambda one: len(json.dumps(one[0])))


def takes(endpoint: Endpoint[Any, Any], fields: Any, target: Target) -> bool:
    try:
        endpoint.parse(json.dumps(fields).encode(), target)
    except TurnoutError:
        return False
    return True


def places(value: Any, write: Callable[[Any], Any] = lambda new: new) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    """Everything in ``value``, each with a function that gives the whole with something else in its place."""
    yield value, write
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:

        def written(new: Any, key: Any = key) -> Any:
            copy = value.copy()
            copy[key] = new
            return write(copy)

        if key not in ("model", "model_id"):
            yield from places(one, written)


def with_long_text(endpoint: Endpoint[Any, Any]) -> bytes:
    """In the first place that takes any."""
    fields, target = seed_of(endpoint)
    texts = (write(HOLE) for value, write in places(fields) if isinstance(value, str))
    body = encoded(next(fields for fields in texts if takes(endpoint, fields, target)))
    return body.replace(HOLE.encode(), b"abc " * ((LARGEST - len(body)) // 4))


def with_many_items(endpoint: Endpoint[Any, Any]) -> bytes:
    """In the first list that takes any number; a long text, where there is no list."""
    fields, target = seed_of(endpoint)
    for value, write in places(fields):
        if isinstance(value, list) and value and takes(endpoint, write(value[:1] * 2), target):
            marks = sum(map(encoded(value[0]).count, (b",", b":", b"{", b"["))) + 1
            return encoded(write(value[:1] * min(ITEMS, VALUES // marks - 100)))
    return with_long_text(endpoint)


def with_many_keys(endpoint: Endpoint[Any, Any]) -> bytes:
    return encoded(seed_of(endpoint)[0] | {f"k{number}": 1 for number in range(VALUES // 2 - 100)})


def with_too_many_values(endpoint: Endpoint[Any, Any]) -> bytes:
    return encoded(seed_of(endpoint)[0] | {"more": [1] * VALUES})


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@pytest.mark.parametrize("endpoint", IN_JSON.values(), ids=IN_JSON)
@pytest.mark.parametrize(
    ("make", "statuses"),
    [
        pytest.param(with_long_text, ANSWERED, id="a-long-text"),
        pytest.param(with_many_items, ANSWERED, id="many-items"),
        pytest.param(with_many_keys, ANSWERED, id="many-keys"),
        pytest.param(with_too_many_values, {413}, id="too-many-values"),
    ],
)
async def test_a_large_body_delays_no_other_request(
    inference: Inference,
    patience: float,
    endpoint: Endpoint[Any, Any],
    make: Callable[[Endpoint[Any, Any]], bytes],
    statuses: set[int],
) -> None:
    status, wait = await status_and_wait(inference, endpoint, make(endpoint), seed_of(endpoint)[1], patience)
    assert wait < patience
    assert status in statuses


@pytest.mark.parametrize("endpoint", IN_FORMS.values(), ids=IN_FORMS)
async def test_a_large_form_delays_no_other_request(
    inference: Inference, patience: float, endpoint: Endpoint[Any, Any]
) -> None:
    body = FORM.replace(b"RIFF", b"RIFF" + b"\r\n--" * (LARGEST // 4 - 1000))
    _, wait = await status_and_wait(inference, endpoint, body, Target(content_type=FORM_TYPE), patience)
    assert wait < patience


def chat(content: str, model: str = "echo") -> bytes:
    return encoded({"model": model, "messages": [{"role": "user", "content": content}]})


def inputs() -> bytes:
    return b'{"model":"fast","input":[' + b'"x",' * 5_000_000 + b'"x"]}'


@pytest.mark.parametrize(
    ("wire", "make", "status"),
    [
        pytest.param("openai-chat", lambda: chat("a " * 15_000_000), 200, id="words-to-echo"),
        pytest.param("openai-chat", lambda: chat("a " * 8_000_000, "limited"), 400, id="tokens-to-count"),
        pytest.param("openai-chat", lambda: chat("\n" * 8_000_000), 200, id="line-ends-to-echo"),
        pytest.param("openai-embeddings", inputs, 413, id="inputs"),
        pytest.param(
            "openai-chat", lambda: chat("")[:-3] + b'{"role":"user","content":"x"},' * 10**6, 413, id="messages"
        ),
        pytest.param(
            "openai-completions",
            lambda: encoded({"model": "echo", "prompt": "\n\nHuman: a\n\nAssistant: b" * 10**6}),
            200,
            id="turns",
        ),
        pytest.param("openai-chat", lambda: b"[" * LARGEST, 413, id="depth"),
        pytest.param("openai-chat", lambda: chat("x")[:-1] + b',"seed":' + b"1" * 10**7 + b"}", 400, id="a-number"),
        pytest.param("openai-chat", lambda: chat("x")[:-1] + b" " * 30_000_000 + b"}", 200, id="spaces"),
    ],
)
async def test_bodies_that_were_slow_delay_no_other_request(
    inference: Inference, patience: float, wire: str, make: Callable[[], bytes], status: int
) -> None:
    answered_status, wait = await status_and_wait(inference, ENDPOINTS[wire], make(), Target(), patience)
    assert answered_status == status
    assert wait < patience


@pytest.mark.parametrize(
    ("words", "parsed_in_thread", "in_thread"),
    [
        pytest.param(10, False, False, id="small"),
        pytest.param(50_000, False, True, id="large"),
        pytest.param(200_000, True, True, id="very-large"),
    ],
)
async def test_a_large_body_is_worked_on_in_a_thread(
    inference: Inference, monkeypatch: pytest.MonkeyPatch, words: int, parsed_in_thread: bool, in_thread: bool
) -> None:
    """The three steps: parsing, fitting to the provider, and building. Parsing leaves the conversation unread."""
    seen: list[tuple[str, bool]] = []

    def spied(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def spy(*given: Any) -> Any:
            seen.append((name, threading.current_thread().name.startswith("turnout-worker-thread")))
            return original(*given)

        monkeypatch.setattr(owner, name, spy)

    endpoint = ENDPOINTS["openai-chat"]
    spied(type(endpoint), "parse")
    spied(source, "fit")
    spied(type(providers()["gemini"]), "build")
    status, _ = await status_and_wait(inference, endpoint, chat("word " * words, "fast"), Target(), inf)
    assert status == 200
    assert seen == [("parse", parsed_in_thread), ("fit", in_thread), ("build", in_thread)]
