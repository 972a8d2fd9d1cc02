"""An engine in front of scripted upstreams, and a ledger that requires one end for every beginning."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import structs

from tests.support.openai_wire import ENDPOINT, request_body
from tests.support.raw_upstream import RawUpstream
from turnout.core import (
    AttemptEnd,
    AttemptStart,
    ChatRequest,
    Deployment,
    Key,
    Model,
    Origin,
    Price,
    Retries,
    Secret,
    Timeouts,
)
from turnout.engine import Call, Engine, Reply
from turnout.engine.source import MOST_BYTES
from turnout.errors import UnknownModel
from turnout.providers import Provider, registry
from turnout.routing import Board
from turnout.ticker import Ticker, Watched
from turnout.transport import Transport
from turnout.worker_threads import WorkerThreads

NO_RETRIES = Retries(attempts=1)
KEY = Key(id="key_1", digest=b"", user="eve")
ORIGIN = Origin(
    dialect="openai",
    key_id=KEY.id,
    user=KEY.user,
    team="research",
    session="s1",
    agent="codex",
    end_user="bob",
    tags=("blue",),
    alias_of="gpt",
)
PRICE = Price(input=1000, output=5000, version="test")


class Book:
    """The ledger and the metrics together. Each attempt that begins has to end once, and to be counted once."""

    def __init__(self) -> None:
        self.begun: dict[str, AttemptStart] = {}
        self.ends: list[AttemptEnd] = []
        self.metered: list[AttemptEnd] = []
        self.ended = asyncio.Event()
        self.left_out = 0

    def begin(self, start: AttemptStart) -> None:
        assert start.attempt_id not in self.begun
        self.begun[start.attempt_id] = start

    def meter(self, so_far: AttemptEnd) -> None:
        assert so_far.attempt_id in self.begun
        assert so_far.attempt_id not in [ended.attempt_id for ended in self.ends]
        self.metered.append(so_far)

    def end(self, end: AttemptEnd) -> None:
        assert end.attempt_id in self.begun
        assert end.attempt_id not in [earlier.attempt_id for earlier in self.ends]
        self.ends.append(end)
        self.ended.set()

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd, left_out: int = 0) -> None:
        self.left_out += left_out
        assert self.begun[start.attempt_id] is start
        assert self.ends[-1] is end

    @property
    def outcomes(self) -> list[str]:
        return [end.outcome for end in self.ends]


class CountingTicker(Ticker):
    """Records the watched objects."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: set[Watched] = set()

    def add(self, watched: Watched) -> None:
        self.watched.add(watched)
        super().add(watched)

    def discard(self, watched: Watched) -> None:
        self.watched.discard(watched)
        super().discard(watched)


class Catalog:
    def __init__(self, models: Sequence[Model]) -> None:
        self._models = {model.name: model for model in models}

    def find(self, name: str) -> Model:
        if name not in self._models:
            raise UnknownModel(name)
        return self._models[name]


class House:
    """``ask`` opens a reply of the model ``fast``, whose deployments are ``places``."""

    def __init__(
        self, places: Sequence[Deployment], providers: Mapping[str, Provider] | None, max_reply_bytes: int
    ) -> None:
        self.book = Book()
        self.board = Board()
        self.transport = Transport()
        self.ticker = CountingTicker()
        self.catalog = Catalog([Model(name="fast", deployments=tuple(places))])
        self.engine = Engine(
            providers or registry(),
            self.transport,
            recorder=self.book,
            meter=self.book,
            board=self.board,
            ticker=self.ticker,
            worker_threads=WorkerThreads(),
            max_reply_bytes=max_reply_bytes,
        )
        self._requests = 0

    def change_model(self, **fields: Any) -> None:
        self.catalog = Catalog([structs.replace(self.catalog.find("fast"), **fields)])

    async def ask(self, request: ChatRequest | None = None, seconds: float | None = None, **fields: Any) -> Reply:
        """Sends ``request``, or the request of an OpenAI client with ``fields``. ``seconds`` is its own deadline."""
        self._requests += 1
        call = Call(
            request=request or ENDPOINT.parse(request_body(**fields)),
            request_id=f"req_{self._requests}",
            origin=ORIGIN,
            received=time.perf_counter(),
            key=KEY,
            timeout=seconds,
        )
        return await self.engine.open(call, self.catalog)


@asynccontextmanager
async def house(
    *places: Deployment, providers: Mapping[str, Provider] | None = None, max_reply_bytes: int = MOST_BYTES
) -> AsyncIterator[House]:
    """At the end, it checks that every attempt is settled, and that nothing is watched."""
    new_house = House(places, providers, max_reply_bytes)
    try:
        yield new_house
    finally:
        await new_house.transport.close()
    assert len(new_house.book.ends) == len(new_house.book.begun)
    assert new_house.ticker.watched == set()


def place(server: RawUpstream, name: str = "one", **fields: Any) -> Deployment:
    """A deployment behind ``server``, on OpenAI's wire."""
    defaults: dict[str, Any] = {
        "id": name,
        "provider": "compatible",
        "model": "upstream-model",
        "base_url": f"{server.origin}/v1",
        "api_key": Secret("sk-secret"),
        "retries": NO_RETRIES,
        "price": PRICE,
    }
    return Deployment(**defaults | fields)


def timeouts(**seconds: float) -> Timeouts:
    defaults: dict[str, float] = {"connect": 5, "first_token": 5, "stall": 5, "total": 20}
    return Timeouts(**defaults | seconds)
