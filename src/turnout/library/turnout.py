"""``turnout.open``: the gateway inside another program."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import structs

from turnout.config import CommandLine
from turnout.core import Model, Origin
from turnout.engine import Call
from turnout.gateway import Gateway, GatewaySetup
from turnout.guard import ANONYMOUS
from turnout.request_id import new_request_id
from turnout.steps.default_model import find_default_model

from .exchange import Exchange
from .reply import Reply
from .request import Messages, chat_request
from .stream import Stream

DIALECT = "library"
"""The ledger's name for requests of the library, in place of a client's dialect."""


def open(  # noqa: A001  # read as turnout.open
    config: str | os.PathLike[str] | None = None,
    *,
    agents: str | os.PathLike[str] | None = None,
    data_dir: str | os.PathLike[str] | None = None,
) -> Turnout:
    """A gateway for ``async with``. It reads the configuration now, and opens connections and the ledger when entered.

    ``config`` is the path of a configuration file (docs/configuration.md). Without it, ``TURNOUT_CONFIG`` names one,
    else it is ``turnout.yaml`` in the current folder. Without any file there are ``echo``, and the models of local
    servers and of providers with a key in the environment. A change of the file takes effect while it is open.
    ``agents`` is the path of an agents file; ``data_dir`` is the folder of the ledger.

    Raises ``turnout.errors.ConfigError`` naming file, line and key of every mistake.
    """
    return Turnout(
        CommandLine(
            config=None if config is None else Path(config),
            agents=None if agents is None else Path(agents),
            data_dir=None if data_dir is None else os.fspath(data_dir),
        )
    )


class Turnout:
    """``turnout.open`` creates it, for one ``async with``. Any number of requests may be under way at the same time.

    It belongs to the event loop in which it is entered.
    """

    def __init__(self, command_line: CommandLine) -> None:
        self._setup = GatewaySetup(command_line)
        self._exits = AsyncExitStack()
        self._gateway: Gateway | None = None  # while it is open
        self._under_way: set[Exchange] = set()

    async def __aenter__(self) -> Self:
        self._gateway = await self._exits.enter_async_context(self._setup.open())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gateway = None
        for exchange in tuple(self._under_way):
            await exchange.leave()
        await self._exits.aclose()

    async def chat(self, *, model: str | None = None, messages: Messages, **options: Any) -> Reply:
        """A whole answer.

        ``messages`` and ``options`` are those of OpenAI's chat completions (``temperature``, ``max_tokens``, ``tools``,
        ``response_format``, …; https://platform.openai.com/docs/api-reference/chat/create), whatever the provider.
        ``model`` is any name that ``turnout models`` lists, or ``provider/upstream-model``. Without it: the first model
        of the configuration, else the first one that a local server offers; if only providers that cost money
        have been found, it is required.

        Raises ``turnout.errors.RequestError`` for an invalid request (``param`` names the field), and
        ``turnout.errors.UpstreamError`` when no deployment answers. Cancelling it stops the provider.
        """
        return await (await self._begin(model, messages, options, stream=False)).read_all()

    def stream(self, *, model: str | None = None, messages: Messages, **options: Any) -> Stream:
        """The answer to the same arguments as ``chat``, event by event; ``stream.reply`` is the complete answer."""
        return Stream(lambda: self._begin(model, messages, options, stream=True))

    async def find(self, model: str | None = None) -> Model:
        """The model that ``chat`` would use: its ``name``, its ``deployments``, its ``policy`` and ``fallbacks``.

        Waits for the first discovery. Raises ``turnout.errors.UnknownModel``, which suggests similar names.
        """
        name = await self._name_of(model)
        return self._opened().snapshot.find(name)

    async def _name_of(self, model: str | None) -> str:
        if model is None:
            return await find_default_model(self._opened().catalog)
        await self._discovered(model)
        return model

    async def _discovered(self, model: str) -> None:
        """Waits for the first discovery when ``model`` isn't served yet."""
        catalog = self._opened().catalog
        if not catalog.snapshot.serves(model):
            await catalog.first_discovery_done.wait()

    def _opened(self) -> Gateway:
        if self._gateway is None:
            raise RuntimeError("Turnout is not open. Use it inside `async with turnout.open() as t:`.")
        return self._gateway

    async def _begin(
        self, model: str | None, messages: Messages, options: Mapping[str, Any], *, stream: bool
    ) -> Exchange:
        gateway = self._opened()
        received = time.perf_counter()
        request, size = chat_request(model, messages, options, stream=stream)
        if model is not None:
            await self._discovered(model)
        call = await gateway.admit(
            Call(
                request=request,
                request_id=new_request_id(),
                received=received,
                origin=Origin(dialect=DIALECT),
                key=ANONYMOUS,
                size=size,
            )
        )
        try:
            reply = await gateway.engine.open(call, gateway.snapshot)
        except BaseException:
            _close(call)
            raise
        request = structs.replace(request, model=call.request.model)

        def ended(exchange: Exchange) -> None:
            self._under_way.discard(exchange)
            _close(call)

        exchange = Exchange(request, call.request_id, reply, ended)
        self._under_way.add(exchange)
        return exchange


def _close(call: Call) -> None:
    """Gives back what was set aside for it and not used."""
    if call.spending is not None:
        call.spending.close()
