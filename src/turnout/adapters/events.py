"""Turns the return values of methods into events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from turnout.core import ChatRequest, Deployment, EmbeddingRequest, StreamEvent
from turnout.errors import UpstreamBroken

from .method_calls import pieces_of, translated_errors
from .openai_form import Reader, embedding_events, reader_for


async def answer(
    call: partial[object],
    request: ChatRequest,
    deployment: Deployment,
    choose: Callable[[object, ChatRequest], Reader] = reader_for,
) -> AsyncIterator[Sequence[StreamEvent]]:
    """Gives the events of a chat's answer as they come. Raises ``UpstreamError`` and ``Unsupported``.

    ``choose`` gives the reader for an answer, by its first piece.
    """
    reader: Reader | None = None
    with translated_errors(call.func, deployment):
        async for piece in pieces_of(call):
            if reader is None:
                reader = choose(piece, request)
            if events := reader.feed(piece):
                yield events
        if reader is None:
            raise UpstreamBroken("The provider's method gave no answer.")
        yield reader.close()


async def vectors(
    call: partial[object], request: EmbeddingRequest, deployment: Deployment
) -> AsyncIterator[Sequence[StreamEvent]]:
    """Gives the events of embeddings, all at once. Raises ``UpstreamError`` and ``Unsupported``."""
    with translated_errors(call.func, deployment):
        pieces = [piece async for piece in pieces_of(call)]
        yield embedding_events(pieces[0] if _is_reply(pieces) else pieces, request)


def _is_reply(pieces: Sequence[object]) -> bool:
    """Whether it is one reply. A list of vectors has one piece for each vector."""
    return len(pieces) == 1 and not isinstance(pieces[0], list | tuple)
