"""The interface ``ModelWorker``, with ``infer(prompt)``, as a provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from turnout.core import ChatRequest, Deployment, Message, StreamEvent, Support, Text
from turnout.providers import Profile

from .events import answer
from .openai_form import WordReader


class ModelWorker(ABC):
    """Subclass it, and register a ``ModelWorkerProvider`` of an object."""

    @abstractmethod
    def infer(self, prompt: str) -> Any:
        """The answer's tokens, as a list or an iterator, or its text. The method may be ``async``.

        Tokens are words: Turnout puts a blank between two words if neither has one.
        """


class ModelWorkerProvider:
    """Serves ``worker`` under ``name``. Its class needs only ``infer``.

    The prompt is the client's only message, or all its messages as turns: ``Human: …`` and ``Assistant: …``.
    """

    support = Support(
        namespace="worker",
        knobs=frozenset(),
        ignores=frozenset({"logprobs", "top_logprobs", "user", "metadata", "name"}),
        image_urls=False,
        image_data=False,
        tools=False,
        json=False,
        json_schema=False,
        reasoning=False,
        stop=False,
    )

    def __init__(self, name: str, worker: Any) -> None:
        self.name = name
        self.profile = Profile(title=type(worker).__name__, base_url="", images=None)
        self._worker = worker

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        call = partial(self._worker.infer, _prompt_of(request.messages))
        return answer(call, request, deployment, lambda *_: WordReader())


def _prompt_of(messages: Sequence[Message]) -> str:
    if len(messages) == 1:
        return _text_of(messages[0])
    return "".join([*_turns(messages), "\n\nAssistant:"]).lstrip()


def _turns(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        match message.role:
            case "system":
                yield f"\n\n{_text_of(message)}"
            case "assistant":
                yield f"\n\nAssistant: {_text_of(message)}"
            case _:
                yield f"\n\nHuman: {_text_of(message)}"


def _text_of(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, Text))
