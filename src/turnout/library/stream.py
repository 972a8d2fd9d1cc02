"""An answer, event by event."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from turnout.core import Delta, PartStart, StreamEvent, Text

from .exchange import Exchange
from .reply import Reply


class Stream:
    """``async for event in stream`` gives the events of ``turnout.core`` as they come, ``pieces`` just text. Read once.

    - ``Start(id, model, created)`` once, first.
    - For every part of the answer ``PartStart(index, part, choice)``, any number of ``Delta(index, text, choice)``, and
      ``PartEnd``. The part in ``PartStart`` tells the kind (``Text``, ``Thinking``, ``ToolCall``, ``Refusal``) and may
      hold a first piece; a ``Delta`` is more of its part's text, for a tool call more of the JSON of its arguments.
      Parallel tool calls may interleave: ``index`` tells them apart.
    - ``UsageSoFar(usage)`` replaces the one before; ``Finish(reason, native_reason, choice)`` once for each choice.

    The request is sent when the first event is asked for: that raises ``turnout.errors.RequestError`` for what can't be
    asked, ``turnout.errors.UpstreamError`` when no deployment answers. A later event raises ``UpstreamError`` when the
    answer breaks off. Leaving the loop early (``break``, an error, cancellation) closes the connection to the provider,
    which then stops working.
    """

    def __init__(self, begin: Callable[[], Awaitable[Exchange]]) -> None:
        self._begin = begin
        self._read = False
        self._exchange: Exchange | None = None

    def __aiter__(self) -> AsyncGenerator[StreamEvent, None]:
        if self._read:
            raise RuntimeError("A stream is read once. Ask again with stream().")
        self._read = True
        return self._events()

    async def _events(self) -> AsyncGenerator[StreamEvent, None]:
        """Only the caller's loop refers to this generator, so it is closed as soon as the loop ends."""
        exchange = self._exchange = await self._begin()
        try:
            while (events := await exchange.read()) is not None:
                for event in events:
                    yield event
        finally:
            await exchange.leave()

    async def pieces(self) -> AsyncGenerator[str, None]:
        """The text of the answer as it comes, without thoughts and tool calls, in place of the events.

        Of the first choice. Raises what the events raise.
        """
        texts: set[int] = set()
        async with aclosing(aiter(self)) as events:
            async for event in events:
                match event:
                    case PartStart(index=index, part=Text(text=text), choice=0):
                        texts.add(index)
                        if text:
                            yield text
                    case Delta(index=index, text=text, choice=0) if index in texts:
                        yield text

    @property
    def reply(self) -> Reply:
        """The answer so far, in the form of ``chat``; whole after the last event.

        ``cost_usd`` is known after the end of the stream. Raises ``RuntimeError`` before the first event.
        """
        if self._exchange is None:
            raise RuntimeError("The stream has not begun: read its first event before you ask for the reply.")
        return self._exchange.reply()
