"""One question and its answer, shown while it comes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from turnout.core import Delta, PartStart, Refusal, StreamEvent, Text, Thinking, Usage
from turnout.library import Reply, Turnout

from .screen import Screen


class Turn:
    """``run`` may be cancelled or fail: ``reply`` then is what had come, None if nothing had."""

    def __init__(self, turnout: Turnout, model: str | None, messages: Sequence[Mapping[str, str]]) -> None:
        self._stream = turnout.stream(model=model, messages=messages)
        self._began = time.perf_counter()
        self._first: float | None = None
        self._kinds: dict[int, type] = {}
        self.reply: Reply | None = None

    async def run(self, screen: Screen) -> None:
        """Raises ``TurnoutError`` when there is no answer, or when it breaks off."""
        answering = False
        try:
            async for event in self._stream:
                answering = True
                self._show(event, screen)
        finally:
            screen.end()
            self._took = time.perf_counter() - self._began
            if answering:
                self.reply = self._stream.reply

    def _show(self, event: StreamEvent, screen: Screen) -> None:
        match event:
            case PartStart(index=index, part=Text(text=text) | Refusal(text=text) | Thinking(text=text) as part):
                self._kinds[index] = type(part)
            case Delta(index=index, text=text) if index in self._kinds:
                pass
            case _:
                return
        if not text:
            return
        if self._first is None:
            self._first = time.perf_counter() - self._began
        if self._kinds[index] is Thinking:
            screen.think(text)
        else:
            screen.say(text)

    def figures(self) -> str:
        """Which deployment answered, tokens, cost and times, in a line; empty when there was no answer."""
        reply = self.reply
        if reply is None:
            return ""
        cost = "price unknown" if reply.cost_usd is None else f"${reply.cost_usd:f}"
        first = [] if self._first is None else [f"first token {self._first:.2f} s"]
        tries = [f"{reply.attempts} attempts"] if reply.attempts > 1 else []
        cut = ["cut off at the limit of tokens"] if reply.finish == "length" else []
        facts = [reply.deployment, _tokens(reply.usage), cost, *first, f"total {self._took:.2f} s", *tries, *cut]
        return " · ".join(facts)


def _tokens(usage: Usage) -> str:
    about = "about " if usage.source == "estimated" else ""
    cached = f" ({usage.cached_input} cached)" if usage.cached_input else ""
    noun = "token" if usage.input == 1 else "tokens"
    return f"{about}{usage.input} {noun} in{cached}, {usage.output} out"
