"""Signs of life for a client whose stream is silent: while the provider thinks, and while another one is tried.

Proxies and clients give up a connection on which nothing comes. A timer for each piece of a stream would cost too much,
so the ticker compares how many pieces were sent.
"""

from __future__ import annotations

import asyncio

from turnout.dialects import Renderer
from turnout.ticker import Ticker

from .client_reply import ClientReply


class Keepalive:
    """Sends ``renderer.keepalive`` whenever nothing was sent for ``seconds``, until ``stop``.

    The first one may come before any provider has begun to answer. Then the reply begins with it: its status is 200,
    and a later error can only be told in the stream. 0 seconds, or a wire without such a frame: nothing is sent.
    """

    __slots__ = ("_client", "_pieces", "_renderer", "_seconds", "_silent_since", "_task", "_ticker")

    def __init__(self, ticker: Ticker, seconds: float, client: ClientReply, renderer: Renderer) -> None:
        self._ticker = ticker
        self._seconds = seconds
        self._client = client
        self._renderer = renderer
        self._pieces = 0
        self._silent_since = ticker.time()
        self._task: asyncio.Task[None] | None = None
        if seconds and renderer.keepalive:
            ticker.add(self)

    def stop(self) -> None:
        """Nothing is sent after it, not even what is on its way."""
        self._ticker.discard(self)
        if self._task is not None:
            self._task.cancel()

    def tick(self, now: float) -> None:
        pieces = self._client.pieces
        if pieces != self._pieces:
            self._pieces, self._silent_since = pieces, now
        elif now - self._silent_since >= self._seconds and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        if not self._client.has_begun:
            await self._client.begin_stream(self._client.headers_before_answer(self._renderer.media_type))
        await self._client.send_piece(self._renderer.keepalive)
