"""The interface ``BaseModel``, with ``chat_completion(messages, **kwargs)``, as a provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from turnout.core import ChatRequest, Deployment, StreamEvent
from turnout.providers import Profile

from .events import answer
from .openai_form import SUPPORT, WIRE, chat_arguments


class BaseModel(ABC):
    """Subclass it, and register a ``BaseModelProvider`` of an object."""

    @abstractmethod
    def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        """The answer to ``messages``, which are in OpenAI's form. The method may be ``async``.

        ``kwargs`` are the request's other fields: ``model``, ``temperature``, ``max_tokens``, ``tools``, ``stream``, ….
        Returns a text, a reply of OpenAI's or Anthropic's (JSON or their SDK's object), or an iterator of texts or
        chunks. The client gets an exception as an error of this provider.
        """


class BaseModelProvider:
    """Serves ``model`` under ``name``. Its class needs only ``chat_completion``."""

    support = SUPPORT
    wire = WIRE

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self.profile = Profile(title=type(model).__name__, base_url="")
        self._model = model

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        fields = chat_arguments(request, deployment)
        return answer(partial(self._model.chat_completion, **fields), request, deployment)
