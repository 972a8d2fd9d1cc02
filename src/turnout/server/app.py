"""The ASGI app: data-plane routes by one dictionary look-up, everything else to the control plane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from turnout.dialects import Dialect, registry
from turnout.gateway import Gateway

from .inference import Inference
from .request import Receive, Scope, Send

ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class App:
    """``control`` answers what isn't inference. The gateway is open for as long as the app is served."""

    def __init__(self, gateway: Gateway, control: ASGIApp) -> None:
        self._gateway = gateway
        self._control = control
        self._inference = Inference(gateway)
        self._dialects: dict[str, Dialect] = {
            path: dialect for dialect in registry().values() for path in dialect.paths
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            dialect = self._dialects.get(scope["path"])
            if dialect is not None and scope["method"] == "POST":
                await self._inference.handle(dialect, scope, receive, send)
                return
            await self._control(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._gateway:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
