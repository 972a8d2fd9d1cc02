"""Calls the methods of a provider's author: with or without ``async``, for a whole answer or for pieces of it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, cast

from turnout.core import Deployment
from turnout.core.printable import printable_line
from turnout.errors import TurnoutError, Unsupported, UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from turnout.providers import WireProvider, registry

from .threads import from_thread

Call = Callable[[], object]


async def pieces_of(call: Call) -> AsyncIterator[object]:
    """Gives what ``call`` returns, piece by piece. A text or an object is the only piece.

    A function without ``async`` runs in a thread of its own, and so does an iterator without it.
    """
    if inspect.iscoroutinefunction(call):
        pieces = _pieces_in_loop(await call())
    elif inspect.isasyncgenfunction(call):
        pieces = call()
    else:
        pieces = from_thread(lambda: _pieces_in_thread(call()))
    async for piece in pieces:
        if isinstance(piece, _AsyncOutcome):
            outcome = piece.outcome
            async for inner in _pieces_in_loop(await outcome if inspect.isawaitable(outcome) else outcome):
                yield inner
        else:
            yield piece


class _AsyncOutcome(NamedTuple):
    """An awaitable or an async iterator: the event loop has to read it, not the thread."""

    outcome: object


def _pieces_in_thread(outcome: object) -> Iterator[object]:
    if inspect.isawaitable(outcome) or isinstance(outcome, AsyncIterator):
        yield _AsyncOutcome(outcome)
    elif _is_whole(outcome):
        yield outcome
    else:
        yield from cast(Iterable[object], outcome)


async def _pieces_in_loop(outcome: object) -> AsyncIterator[object]:
    if isinstance(outcome, AsyncIterator):
        async for piece in outcome:
            yield piece
    elif _is_whole(outcome):
        yield outcome
    else:
        async for piece in from_thread(partial(_pieces_in_thread, outcome)):
            yield piece


def _is_whole(outcome: object) -> bool:
    """Whether it is a text, a JSON object, an SDK's object, or something that can't be iterated over."""
    return isinstance(outcome, str | Mapping) or hasattr(outcome, "model_dump") or not isinstance(outcome, Iterable)


@contextmanager
def translated_errors(method: Callable[..., Any], deployment: Deployment) -> Iterator[None]:
    """Turns an exception of ``method`` into an error of Turnout, which names the method and gives advice."""
    try:
        yield
    except TurnoutError:
        raise
    except Exception as error:
        raise _translated(error, getattr(method, "__qualname__", repr(method)), deployment) from error


def _translated(error: Exception, method: str, deployment: Deployment) -> TurnoutError:
    message = (
        f"{method} of the provider '{deployment.provider}' raised {type(error).__name__}: {printable_line(str(error))}"
    )
    message = message.rstrip(": .")
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 400:  # the SDKs' errors and FastAPI's have one
        headers = getattr(getattr(error, "response", None), "headers", {})
        lower = {str(name).lower(): str(value) for name, value in dict(headers).items()}
        return cast(WireProvider, registry()["compatible"]).refusal(status, lower, str(error).encode(), deployment)
    match error:
        case NotImplementedError():
            return Unsupported(f"{message}. Ask another model, or implement it.", param="model")
        case TimeoutError():
            return UpstreamTimeout(f"{message}. Ask again later, or give it more time there.")
        case ConnectionError():
            return UpstreamUnreachable(f"{message}. Is what it asks running, and is its address right?")
    return UpstreamBroken(f"{message}. Mend it there, or ask another model.")
