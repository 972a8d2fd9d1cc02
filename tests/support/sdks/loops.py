"""Keeps an SDK's client for each event loop, because its idle connections belong to the loop in which it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def one_for_each_loop(close: Callable[[Any], Awaitable[object]]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Makes a function keep the clients that it has made in the running loop. They are closed when the loop ends.

    Without a loop it raises ``RuntimeError``.
    """

    def keeping(make: Callable[P, T]) -> Callable[P, T]:
        clients: dict[object, T] = {}
        lives: dict[object, AsyncIterator[None]] = {}

        async def life(of: object) -> AsyncIterator[None]:
            try:
                yield
            finally:
                del lives[of]
                await close(clients.pop(of))

        @wraps(make)
        def kept(*args: P.args, **more: P.kwargs) -> T:
            asked = (asyncio.get_running_loop(), args, tuple(more.items()))
            if asked not in clients:
                clients[asked] = make(*args, **more)
                lives[asked] = life(asked)
                _begin(lives[asked])
            return clients[asked]

        return kept

    return keeping


def _begin(life: AsyncIterator[None]) -> None:
    """Runs a generator to its ``yield``. From then on it belongs to the running loop, which closes it at its end."""
    try:
        life.__anext__().__await__().__next__()
    except StopIteration:
        return
    raise AssertionError("it waited before its yield")
