"""What the data plane sends, counts and lets go of, for answers of every kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.engine.test_settling import HEL, LO, OVERLOADED, STOP, streaming
from tests.support.asgi import InProcess, in_process
from tests.support.openai_wire import choice, completion
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok, replying
from turnout import ticker
from turnout.errors import Overloaded
from turnout.server.inference import departure

CHAT = "/v1/chat/completions"
ODD_NAME = "schnell/größer"
TWO_LINES = "two\nlines"
HELLO = completion(choice(content="Hello"))
KEY = "tk-the-first"
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


class Upstream:
    """Answers the next request with ``script``."""

    def __init__(self) -> None:
        self.script: Script = replying(ok(HELLO))

    async def __call__(self, visit: Visit) -> None:
        await self.script(visit)


class Place:
    """The app with one provider behind it."""

    def __init__(self, app: InProcess, upstream: Upstream) -> None:
        self.app = app
        self.upstream = upstream

    async def metrics(self) -> str:
        answer = await self.app.ask("GET", "/metrics", headers={"authorization": f"Bearer {KEY}"})
        return answer.body.decode()

    async def counted(self, status: int, model: str = "up", dialect: str = "openai") -> int:
        """How many requests ended so."""
        row = f'turnout_request_seconds_count{{dialect="{dialect}",model="{model}",status="{status}"}} '
        return next((int(line[len(row) :]) for line in (await self.metrics()).splitlines() if line.startswith(row)), 0)

    async def in_flight(self) -> int:
        (line,) = [line for line in (await self.metrics()).splitlines() if line.startswith("turnout_in_flight ")]
        return int(line.split()[1])


class Client:
    """One request, message by message. ``leaves`` ends the connection, ``stops`` is what the server cancels it with."""

    def __init__(self, place: Place, path: str = CHAT, **fields: Any) -> None:
        wish = {"model": "up", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, **fields}
        self._body: bytes | None = json.dumps(wish).encode()
        self.leaves = asyncio.Event()
        self.reads = 0
        self.sent: list[Any] = []
        self.has_sent = asyncio.Event()
        self.state: dict[str, Any] = {}
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"x-api-key", KEY.encode())]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "state": self.state,
        }
        self.served = asyncio.create_task(place.app.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        self.reads += 1
        if self._body is None:
            await self.leaves.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)
        self.has_sent.set()

    async def begun(self) -> None:
        await asyncio.wait_for(self.has_sent.wait(), 5)

    async def done(self) -> None:
        await asyncio.wait_for(self.served, 5)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        return not self.sent[-1].get("more_body", False)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with place_in(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def place_in(folder: Path, **server: Any) -> AsyncIterator[Place]:
    upstream = Upstream()
    async with RawUpstream(upstream) as listening:
        one = {"provider": "compatible", "model": "m", "base_url": f"{listening.origin}/v1"}
        model = {"deployments": [one], "price": {"input": 1, "output": 2}}
        config = {
            "server": server,
            "retries": {"attempts": 1},
            "keys": [{"key": KEY, "name": "one", "models": ["up", ODD_NAME, TWO_LINES]}],
            "models": {"up": model, ODD_NAME: model, TWO_LINES: model, "echo": "echo/echo"},
        }
        async with in_process(folder, config) as app:
            yield Place(app, upstream)


# --- headers -----------------------------------------------------------------------------------------


async def test_a_whole_answer_says_who_gave_it_and_what_it_cost(place: Place) -> None:
    client = Client(place)
    await client.done()
    assert client.status == 200
    assert client.body == HELLO
    headers = client.headers
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(HELLO))
    assert headers["x-request-id"].startswith("req_")
    assert (headers["x-turnout-model"], headers["x-turnout-provider"]) == ("up", "compatible")
    assert headers["x-turnout-attempts"] == "1"
    assert headers["x-turnout-cost-usd"] == "0.000017"
    assert {"cache-control", "x-turnout-dropped", "x-turnout-warning", "retry-after"} & headers.keys() == set()


async def test_a_stream_is_sent_as_one(place: Place) -> None:
    place.upstream.script = streaming(HEL, STOP)
    client = Client(place, stream=True)
    await client.done()
    assert client.headers["content-type"] == "text/event-stream"
    assert client.headers["cache-control"] == "no-cache"
    assert "content-length" not in client.headers
    assert [message.get("more_body") for message in client.sent[1:]][-1] is False
    assert b'"Hel"' in client.body


@pytest.mark.parametrize(
    ("name", "header"), [(ODD_NAME, "schnell/gr%C3%B6%C3%9Fer"), (TWO_LINES, "two%0Alines"), ("up", "up")]
)
async def test_a_name_that_no_header_can_hold_is_percent_encoded(place: Place, name: str, header: str) -> None:
    client = Client(place, model=name)
    await client.done()
    assert (client.status, client.headers["x-turnout-model"]) == (200, header)


async def test_only_the_first_of_many_dropped_fields_are_named(place: Place) -> None:
    odd = {"role": "user", "content": "hi", **{f"a_field_with_a_long_name_{n}": 1 for n in range(99)}}
    client = Client(place, "/v1/messages", messages=[odd])
    await client.done()
    dropped = client.headers["x-turnout-dropped"]
    assert len(dropped) == 1000
    assert dropped.startswith("messages[0].a_field_with_a_long_name_0, messages[0].")


@pytest.mark.parametrize(("sent", "received"), [("0.2", "1"), ("1.6", "2"), ("30", "30")])
async def test_retry_after_is_in_whole_seconds(place: Place, sent: str, received: str) -> None:
    refusal = f"HTTP/1.1 429 X\r\nretry-after: {sent}\r\ncontent-length: 0\r\n\r\n".encode()
    place.upstream.script = replying(refusal)
    client = Client(place)
    await client.done()
    assert (client.status, client.headers["retry-after"]) == (429, received)
    assert (client.headers["x-turnout-provider"], client.headers["x-turnout-attempts"]) == ("compatible", "1")


async def test_a_model_that_the_key_may_not_use_is_not_asked(place: Place) -> None:
    client = Client(place, model="echo")
    await client.done()
    assert client.status in (403, 404)
    assert "x-turnout-provider" not in client.headers


@pytest.mark.parametrize(("calls", "reason"), [(None, "end_turn"), ([CALL], "tool_use")])
async def test_a_whole_answer_without_a_reason_has_ended(place: Place, calls: Any, reason: str) -> None:
    place.upstream.script = replying(ok(completion(choice(content="Hello", tool_calls=calls, finish=None))))
    client = Client(place, "/v1/messages")
    await client.done()
    assert json.loads(client.body)["stop_reason"] == reason


# --- counts ------------------------------------------------------------------------------------------


async def test_requests_under_way_are_counted(place: Place) -> None:
    place.upstream.script = streaming(HEL, then="silence")
    first, second = Client(place, stream=True), Client(place, stream=True)
    await first.begun()
    await second.begun()
    assert await place.in_flight() == 2
    for client in (first, second):
        client.leaves.set()
        await client.done()
    assert await place.in_flight() == 0


@pytest.mark.parametrize(
    ("script", "fields", "status", "model"),
    [
        pytest.param(replying(ok(HELLO)), {}, 200, "up", id="ok"),
        pytest.param(streaming(HEL, STOP), {"stream": True}, 200, "up", id="stream"),
        pytest.param(streaming(HEL, OVERLOADED), {"stream": True}, 200, "up", id="broken-stream"),
        pytest.param(replying(b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"), {}, 500, "up", id="failed"),
        pytest.param(replying(ok(HELLO)), {"model": 1}, 400, "", id="invalid"),
    ],
)
async def test_every_end_is_counted_once(
    place: Place, script: Script, fields: dict[str, Any], status: int, model: str
) -> None:
    place.upstream.script = script
    before = await place.counted(status, model)
    client = Client(place, **fields)
    await client.done()
    assert client.status == status
    assert await place.counted(status, model) == before + 1
    assert await place.in_flight() == 0


async def test_a_client_that_leaves_counts_as_such(place: Place) -> None:
    place.upstream.script = streaming(HEL, then="silence")
    before = await place.counted(499)
    client = Client(place, stream=True)
    await client.begun()
    client.leaves.set()
    await client.done()
    assert await place.counted(499) == before + 1
    assert not client.complete


# --- ends --------------------------------------------------------------------------------------------


class Probe:
    """``passed`` when everybody on the ticker was ticked, and what came of it has begun."""

    def __init__(self, watch: ticker.Ticker) -> None:
        self._watch = watch
        self._ticks = 0
        self.passed = asyncio.Event()
        watch.add(self)

    def tick(self, now: float) -> None:
        self._ticks += 1
        if self._ticks == 2:
            self._watch.discard(self)
            self.passed.set()


@pytest.mark.parametrize("fields", [{}, {"messages": 1}], ids=["answered", "refused"])
async def test_the_departure_of_an_answered_client_is_not_watched(
    place: Place, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    """What came next on that connection would be cancelled."""
    monkeypatch.setattr(ticker, "INTERVAL", 0.005)
    monkeypatch.setattr(departure, "GRACE", 60)
    client = Client(place, **fields)
    await client.done()
    monkeypatch.setattr(departure, "GRACE", 0)
    await asyncio.wait_for(Probe(place.app.gateway.ticker).passed.wait(), 5)
    assert client.reads == 1


async def test_a_stream_that_the_server_stops_says_so_and_ends(place: Place) -> None:
    place.upstream.script = streaming(HEL, then="silence")
    client = Client(place, stream=True)
    await client.begun()
    client.state["refuse_with"] = Overloaded("Going down.")
    client.served.cancel()
    await client.done()
    assert client.complete
    assert b"Going down." in client.body


async def test_a_stream_that_somebody_else_stops_says_nothing_more(place: Place) -> None:
    place.upstream.script = streaming(HEL, then="silence")
    client = Client(place, stream=True)
    await client.begun()
    client.served.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.done()
    assert not client.complete
    assert await place.in_flight() == 0


async def test_an_answer_that_the_server_stops_before_its_beginning_is_refused(place: Place) -> None:
    requested = asyncio.Event()

    async def silent(visit: Visit) -> None:
        await visit.request()
        requested.set()
        await visit.until_left()

    place.upstream.script = silent
    client = Client(place)
    await asyncio.wait_for(requested.wait(), 5)
    client.state["refuse_with"] = Overloaded("Going down.")
    client.served.cancel()
    await client.done()
    assert (client.status, json.loads(client.body)["error"]["message"]) == (503, "Going down.")


async def test_a_stream_that_breaks_off_says_so_after_what_came(place: Place) -> None:
    place.upstream.script = streaming(HEL, LO, OVERLOADED)
    client = Client(place, stream=True)
    await client.done()
    assert client.complete
    assert client.body.index(b"lo wide world") < client.body.index(b"Overloaded")


async def test_the_log_tells_which_stream_broke_off_and_why(place: Place) -> None:
    """Its client got the status 200, so nothing else in the log shows it."""
    place.upstream.script = streaming(HEL, OVERLOADED)
    client = Client(place, stream=True)
    with capture_logs() as lines:
        await client.done()
    (line,) = [line for line in lines if line["event"] == "stream broke off"]
    assert (line["log_level"], line["model"]) == ("warning", "up")
    assert line["request_id"] == client.headers["x-request-id"]
    told = json.loads(client.body.rpartition(b"data: ")[2])["error"]
    assert line["code"] == told["turnout"]["code"]
    assert told["message"] in line["error"]
    assert "Overloaded" in told["message"]


async def test_a_defect_in_a_stream_cuts_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client can't get an error any more, and the end would look like the answer's."""

    def broken(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("turnout.dialects.anthropic.stream.EventRenderer.close", broken)
    place.upstream.script = streaming(HEL, STOP)
    client = Client(place, "/v1/messages", stream=True)
    with pytest.raises(ZeroDivisionError):
        await client.done()
    assert not client.complete
