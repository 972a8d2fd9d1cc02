"""Asking an adapter without a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tests.support.fitting import fitted_chat
from turnout.core import Answer, ChatRequest, Deployment, Message, StreamEvent, Text, fold
from turnout.providers import LocalProvider

DEPLOYMENT = Deployment(id="d", provider="mine", model="some-model")


def asking(*texts: str, **fields: Any) -> ChatRequest:
    """Each text is a turn, the first one the user's."""
    roles: tuple[Any, Any] = ("user", "assistant")
    said = [Message(roles[number % 2], (Text(text),)) for number, text in enumerate(texts or ("Hello",))]
    return ChatRequest(model="fast", messages=tuple(said), **fields)


async def all_of(events: AsyncIterator[Sequence[StreamEvent]]) -> list[StreamEvent]:
    return [event async for some in events for event in some]


async def answered(provider: LocalProvider, request: ChatRequest | None = None) -> Answer:
    """The answer to the fitted request."""
    return fold(await all_of(provider.run(fitted_chat(request or asking(), provider, DEPLOYMENT), DEPLOYMENT)))


def text_of(answer: Answer) -> str:
    return "".join(part.text for part in answer.choices[0].parts if isinstance(part, Text))
