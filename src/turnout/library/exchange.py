"""One request and its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout import engine
from turnout.core import ChatRequest, StreamEvent

from .reply import Reply, reply_of


class Exchange:
    """An answer that has begun. ``read`` it to its end, then ``leave`` it: either may be cancelled or fail.

    ``on_end`` is called at its end, also after an error.
    """

    def __init__(
        self, request: ChatRequest, request_id: str, reply: engine.Reply, on_end: Callable[[Exchange], None]
    ) -> None:
        self._request = request
        self._id = request_id
        self._reply = reply
        self._on_end = on_end
        self._events: list[StreamEvent] = []

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events; None after the last."""
        events = await self._reply.read()
        if events is not None:
            self._events += events
        return events

    async def read_all(self) -> Reply:
        try:
            while await self.read() is not None:
                pass
        finally:
            await self.leave()
        return self.reply()

    async def leave(self) -> None:
        """Closes the connection to the provider unless the answer is complete. A second call does nothing."""
        self._on_end(self)
        await self._reply.leave()

    def reply(self) -> Reply:
        """The reply, with the events so far."""
        return reply_of(self._request, self._id, self._reply, self._events)
