"""An answer, event by event."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from turnout.core import Delta, PartStart, StreamEvent, Text

from .exchange import Exchange
from .reply import Reply


class Stream:
    """``async for event in stream`` gives the events of ``turnout.core`` as they come; ``pieces`` gives only text.

    It can be read once.

    - ``Start(id, model, created)`` once, first.
    - For every part of the answer ``PartStart(index, part, choice)``, any number of ``Delta(index, text, choice)``, and
      ``PartEnd``. The part in ``PartStart`` has the kind (``Text``, ``Thinking``, ``ToolCall``, ``Refusal``) and maybe
      a first piece. A ``Delta`` adds text to its part, or for a tool call JSON of its arguments. Parallel tool calls
      may interleave: ``index`` names the part.
    - ``UsageSoFar(usage)`` replaces the one before; ``Finish(reason, native_reason, choice)`` once for each choice.

    The request is sent when the first event is read. That raises ``turnout.errors.RequestError`` for an invalid
    request, and ``turnout.errors.UpstreamError`` when no deployment answers. A later event raises ``UpstreamError``
    when the answer breaks off. Leaving the loop early (``break``, an error, cancellation) closes the
    connection to the provider, which then stops working.
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
        """The text of the first choice as it comes, without thoughts and tool calls. Use it in place of the events.

        Raises the same errors as the events.
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
        """The answer so far, in the form of ``chat``. It is complete after the last event.

        ``cost_usd`` is known after the end of the stream. Raises ``RuntimeError`` before the first event.
        """
        if self._exchange is None:
            raise RuntimeError("The stream has not begun: read its first event before you ask for the reply.")
        return self._exchange.reply()
