"""The interface ``ModelProvider`` (``generate_text``, ``generate_embeddings``, ``get_models``) as a provider."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from turnout.core import ChatRequest, Deployment, EmbeddingRequest, StreamEvent
from turnout.errors import ConfigError
from turnout.providers import Profile, no_operation

from .capability import ModelCapability
from .events import answer, vectors
from .method_calls import pieces_of
from .openai_form import SUPPORT, WIRE, chat_arguments, embedding_arguments

ALL: Final = frozenset({ModelCapability.CHAT, ModelCapability.COMPLETION, ModelCapability.EMBEDDING})
"""The capabilities for which a ``ModelProvider`` has methods."""


class ModelProvider(ABC):
    """Subclass it, and register a ``ModelProviderAdapter`` of an object. Each method may be ``async``.

    A request outside ``capabilities`` is refused before a method is called.
    """

    capabilities: Collection[ModelCapability] = ALL

    @abstractmethod
    def generate_text(self, model: str, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        """The answer to ``messages``, as in ``BaseModel.chat_completion``."""

    @abstractmethod
    def generate_embeddings(self, model: str, texts: list[str], **kwargs: Any) -> Any:
        """A vector for each text: a list of them, or ``{"embeddings": [...], "usage": {"prompt_tokens": 1, ...}}``."""

    @abstractmethod
    def get_models(self) -> Any:
        """The models' names, or objects with their names as ``id``. Called once, when the provider is registered."""


class ModelProviderAdapter:
    """Serves each model of ``provider`` under the model's own name, and under ``name/model``.

    Its class needs only the methods. Without ``capabilities`` it has all of them.
    Raises ``ConfigError`` when ``get_models`` fails.
    """

    support = SUPPORT
    wire = WIRE

    def __init__(self, name: str, provider: Any) -> None:
        self.name = name
        self.profile = Profile(title=type(provider).__name__, base_url="")
        self.capabilities = frozenset(getattr(provider, "capabilities", ALL))
        self.models = _models_of(name, provider.get_models)
        self._provider = provider

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        if self.capabilities.isdisjoint({ModelCapability.CHAT, ModelCapability.COMPLETION}):
            raise no_operation(self.name, request)
        fields = chat_arguments(request, deployment)
        return answer(partial(self._provider.generate_text, **fields), request, deployment)

    def embed(self, request: EmbeddingRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        if ModelCapability.EMBEDDING not in self.capabilities:
            raise no_operation(self.name, request)
        fields = embedding_arguments(request, deployment)
        return vectors(partial(self._provider.generate_embeddings, **fields), request, deployment)


def _models_of(name: str, get_models: Callable[[], object]) -> tuple[str, ...]:
    """The names of the models. Uses a new event loop in a thread, because the caller may run in one."""
    with ThreadPoolExecutor(1) as thread:
        try:
            rows = thread.submit(asyncio.run, _all(get_models)).result()
        except Exception as error:
            raise ConfigError(f"get_models of the provider '{name}' raised {type(error).__name__}: {error}") from error
    names = [row.get("id") if isinstance(row, Mapping) else row for row in rows]
    if not names or not all(isinstance(model, str) for model in names):
        raise ConfigError(f"get_models of the provider '{name}' has to give names of models, or objects with an 'id'.")
    return tuple(dict.fromkeys(str(model) for model in names))


async def _all(get_models: Callable[[], object]) -> list[object]:
    return [row async for row in pieces_of(get_models)]
