"""The ASGI app: what a model answers goes to the data plane, everything else to the control plane."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from turnout.dialects import registry
from turnout.errors import MethodNotAllowed
from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics

from .endpoints import Endpoints
from .inference import Inference
from .request import Receive, Scope, Send, send_error

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class App:
    """``control`` answers what isn't inference. The gateway is open for as long as the app is served."""

    def __init__(self, gateway: Gateway, metrics: SharedMetrics, control: ASGIApp) -> None:
        self._gateway = gateway
        self._metrics = metrics
        self._control = control
        self._inference = Inference(gateway)
        self._endpoints = Endpoints(registry().values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._endpoints.find(scope["path"])
        if match is not None and scope["method"] == "POST":
            await self._inference.handle(match, scope, receive, send)
        elif match is not None and not match.model:
            error = MethodNotAllowed(f"{scope['method']} {scope['path']} is not possible: use POST.", allow="POST")
            await send_error(match.dialect, error, send)
        elif "refuse_with" in scope["state"]:
            await send_error(registry()["openai"], scope["state"]["refuse_with"], send)
        else:
            await self._control(scope, receive, send)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """For as long as requests are served."""
        async with self._gateway, self._shared_metrics():
            _calm_collector()
            yield

    @asynccontextmanager
    async def _shared_metrics(self) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(self._metrics.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def _calm_collector() -> None:
    """What was made at the start is there to stay, and a request leaves hardly a cycle: look for them less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
