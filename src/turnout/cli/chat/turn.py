"""One question, and its answer, which is shown as it arrives."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from turnout.core import Delta, PartStart, Refusal, StreamEvent, Text, Thinking, Usage
from turnout.library import Reply, Turnout

from .screen import Screen


class Turn:
    """``run`` can be cancelled or fail. ``reply`` is then the part that has arrived; None when nothing has."""

    def __init__(self, turnout: Turnout, model: str | None, messages: Sequence[Mapping[str, str]]) -> None:
        self._stream = turnout.stream(model=model, messages=messages)
        self._started = time.perf_counter()
        self._first_token_seconds: float | None = None
        self._kinds: dict[int, type] = {}
        self.reply: Reply | None = None

    async def run(self, screen: Screen) -> None:
        """Raises ``TurnoutError`` when there is no answer, or when it breaks off."""
        has_events = False
        try:
            async for event in self._stream:
                has_events = True
                self._show(event, screen)
        finally:
            screen.end()
            self._total_seconds = time.perf_counter() - self._started
            if has_events:
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
        if self._first_token_seconds is None:
            self._first_token_seconds = time.perf_counter() - self._started
        if self._kinds[index] is Thinking:
            screen.think(text)
        else:
            screen.say(text)

    def figures(self) -> str:
        """One line with the deployment, tokens, cost and times. Empty when there was no answer."""
        reply = self.reply
        if reply is None:
            return ""
        cost = "price unknown" if reply.cost_usd is None else f"${reply.cost_usd:f}"
        first = [] if self._first_token_seconds is None else [f"first token {self._first_token_seconds:.2f} s"]
        attempts = [f"{reply.attempts} attempts"] if reply.attempts > 1 else []
        truncation = ["cut off at the limit of tokens"] if reply.finish == "length" else []
        parts = [
            reply.deployment,
            _tokens(reply.usage),
            cost,
            *first,
            f"total {self._total_seconds:.2f} s",
            *attempts,
            *truncation,
        ]
        return " · ".join(parts)


def _tokens(usage: Usage) -> str:
    prefix = "about " if usage.source != "reported" else ""
    cached = f" ({usage.cached_input} cached)" if usage.cached_input else ""
    noun = "token" if usage.input == 1 else "tokens"
    return f"{prefix}{usage.input} {noun} in{cached}, {usage.output} out"
