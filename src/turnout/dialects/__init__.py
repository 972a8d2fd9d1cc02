"""What clients speak. A dialect translates between its wire and the core, and knows nothing of providers.

To add one, put a module here that holds ``DIALECTS``, a tuple of ``Dialect`` objects: it is found by itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Protocol

import msgspec

from turnout.core import Answer, ChatRequest, StreamEvent
from turnout.errors import TurnoutError


class ReplyContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says besides the answer. ``created`` is a Unix time in seconds."""

    request_id: str
    model: str  # the name the client asked for
    created: int


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a model list."""

    id: str
    provider: str
    created: int = 0


class Renderer(Protocol):
    """Writes one streamed reply. ``Relayed`` frames pass through as they are."""

    media_type: str

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        """The frames that say ``events``; perhaps none."""
        ...

    def close(self) -> bytes:
        """What ends a stream that finished (``[DONE]``, ``message_stop``)."""
        ...

    def fail(self, error: TurnoutError) -> bytes:
        """What tells the client that the stream broke off. Never followed by ``close``."""
        ...


class Dialect(Protocol):
    """``wire`` is compared with a provider's: when they are the same, bytes are relayed."""

    name: str
    wire: str
    paths: tuple[str, ...]  # where it takes a chat request by POST
    key_headers: tuple[str, ...]  # where its SDK puts the key, first one first
    relayed_headers: frozenset[bytes]  # request headers that go along when the body is relayed, in lower case

    def parse(self, body: bytes) -> ChatRequest:
        """Raises ``InvalidRequest`` naming the field; its ``raw`` keeps the body's own fields."""
        ...

    def renderer(self, request: ChatRequest, context: ReplyContext) -> Renderer: ...

    def body(self, answer: Answer, context: ReplyContext) -> bytes:
        """A whole reply."""
        ...

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        """An error's body in this dialect's shape; the status is the error's."""
        ...

    def models(self, models: Sequence[ServedModel]) -> bytes:
        """The reply to a model list."""
        ...

    def model(self, model: ServedModel) -> bytes:
        """The reply to the question for one model."""
        ...


@cache
def registry() -> Mapping[str, Dialect]:
    """Every dialect found in this folder, by its name."""
    found: dict[str, Dialect] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for dialect in getattr(importlib.import_module(module.name), "DIALECTS", ()):
            if found.setdefault(dialect.name, dialect) is not dialect:
                raise ValueError(f"two dialects are called '{dialect.name}'")
    return found
