"""Runs an iterator that blocks in a thread of its own, so that the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, TypeVar

T = TypeVar("T")
_END: Final = object()
_MOST_WAITING: Final = 64
"""Pieces that a thread may be ahead of who reads them."""


async def from_thread(start: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """Runs ``start`` and its iterator in a new thread. Gives what they give, and raises what they raise.

    Nothing can interrupt a call that blocks. If the reader leaves, the thread ends after its present piece. The thread
    doesn't keep the process alive. It isn't one of the loop's own threads, because the loop needs those to look up
    addresses.
    """
    run = _Run(start)
    threading.Thread(target=run, name="turnout-adapter", daemon=True).start()
    try:
        while (piece := await run.next_piece()) is not _END:
            yield piece
    finally:
        run.leave()


class _Run:
    """Both sides of a thread: ``next_piece`` and ``leave`` are for the loop's."""

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[tuple[Any, Exception | None]] = asyncio.Queue()
        self._room = threading.Semaphore(_MOST_WAITING)
        self._left = False

    def __call__(self) -> None:
        try:
            for piece in self._start():
                self._room.acquire()
                if self._left:
                    return
                self._tell(piece)
        except Exception as error:  # noqa: BLE001  # it is raised where the pieces are read
            self._tell(_END, error)
        except BaseException as error:  # noqa: BLE001  # `sys.exit()` ends the call, not the server
            self._tell(_END, RuntimeError(repr(error)))
        else:
            self._tell(_END)

    def _tell(self, piece: Any, error: Exception | None = None) -> None:
        if not self._loop.is_closed():  # the process ends, and nobody waits
            self._loop.call_soon_threadsafe(self._told.put_nowait, (piece, error))

    async def next_piece(self) -> Any:
        piece, error = await self._told.get()
        self._room.release()
        if error is not None:
            raise error
        return piece

    def leave(self) -> None:
        self._left = True
        self._room.release()
