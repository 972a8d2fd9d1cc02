"""The ASGI app: what a model answers goes to the data plane, everything else to the control plane."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from turnout.dialects import registry
from turnout.errors import AddressTooLong, MethodNotAllowed, NotFound, TurnoutError
from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics

from .access import Access, Need
from .control import NEEDS, Gate, Table, dialect_of
from .endpoints import Endpoints
from .inference import Inference
from .memory import give_memory_back
from .pages import Pages
from .request import ClientLeft, Receive, Scope, Send, send_error, where

MOST_ADDRESS = 8192
"""Characters of a path and its query, as for most servers."""


class App:
    """``control`` answers what isn't inference. The gateway is open for as long as the app is served."""

    def __init__(self, gateway: Gateway, metrics: SharedMetrics, control: FastAPI) -> None:
        server = gateway.settings.server
        self._gateway = gateway
        self._metrics = metrics
        self._pages = Pages(server)
        access = Access(gateway, self._pages)
        self._endpoints = Endpoints(registry().values())
        self._inference = Inference(gateway, access)
        self._table = Table(control.routes, NEEDS, self._endpoints)
        self._gate = Gate(control, access, server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = self._pages.telling(scope, send)
        if len(scope["path"]) + len(scope["query_string"]) > MOST_ADDRESS:
            long = AddressTooLong(f"The path and its query are longer than {MOST_ADDRESS} bytes, the limit here.")
            await send_error(dialect_of(scope), long, send)
        elif scope["method"] == "POST" and (match := self._endpoints.find(scope["path"])) is not None:
            await self._inference.handle(match, scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What isn't plainly inference."""
        try:
            await self._route(scope, receive, send)
        except TurnoutError as error:
            match = self._endpoints.find(scope["path"])
            await send_error(dialect_of(scope) if match is None else match.dialect, error, send)
        except ClientLeft:
            pass  # nobody is there to be told
        except asyncio.CancelledError:
            if "refuse_with" not in scope["state"]:
                raise
            await send_error(dialect_of(scope), scope["state"].pop("refuse_with"), send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "refuse_with" in scope["state"]:
            raise scope["state"].pop("refuse_with")
        method, path = scope["method"], self._path(scope)
        methods = self._table.methods(path)
        if method == "OPTIONS":
            await _send_methods(methods, send)
            return
        if method == "HEAD":
            method = "GET"  # the server leaves the body out
        if method not in methods:
            use = ", ".join([one for one in methods if one not in ("HEAD", "OPTIONS")])
            raise MethodNotAllowed(f"{where(scope)} is not possible: use {use}.", allow=", ".join(methods))
        scope = {**scope, "method": method, "path": path}
        if need := self._table.needs(path).get(method):
            await self._gate.enter(need, scope, receive, send)
        elif match := self._endpoints.find(path):
            await self._inference.handle(match, scope, receive, send)

    def _path(self, scope: Scope) -> str:
        """The request's, or the one that must be meant by it. A path that isn't written right opens nothing of an
        admin's: what stands before Turnout may look for those paths. Raises ``NotFound``.
        """
        path: str = scope["path"]
        if self._table.methods(path):
            return path
        meant = self._table.meant(path)
        if meant is None:
            raise NotFound(f"There is no {where(scope)} here. GET /docs lists what there is.")
        if self._table.needs(meant).get(scope["method"]) is Need.ADMIN:
            raise NotFound(f"There is no {where(scope)} here. Did you mean {where({**scope, 'path': meant})}?")
        return meant

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """For as long as requests are served."""
        async with self._gateway, self._shared_metrics():
            _calm_collector()
            _take_turns()
            give_memory_back()
            yield

    @asynccontextmanager
    async def _shared_metrics(self) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(self._metrics.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def _send_methods(methods: list[str], send: Send) -> None:
    headers = [(b"allow", ", ".join(methods).encode())]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _calm_collector() -> None:
    """What was made at the start is there to stay, and a request leaves hardly a cycle: look for them less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _take_turns() -> None:
    """A thread that works on a large request lets the loop go on after so many seconds: once for each thing it does."""
    sys.setswitchinterval(0.001)
