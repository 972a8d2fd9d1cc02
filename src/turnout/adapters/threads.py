"""Runs an iterator that blocks in a new thread, so that the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, TypeVar

T = TypeVar("T")
_END: Final = object()
_MOST_WAITING: Final = 64
"""Pieces that a thread may produce before they are read."""


async def from_thread(start: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """Runs ``start`` and its iterator in a new thread. Gives their pieces, and raises their exceptions.

    Nothing can interrupt a call that blocks. If the reader stops, the thread ends after its current piece. The thread
    doesn't keep the process alive. It isn't one of the loop's own threads, because the loop needs those to look up
    addresses.
    """
    run = _Run(start)
    threading.Thread(target=run, name="turnout-adapter", daemon=True).start()
    try:
        while (piece := await run.next_piece()) is not _END:
            yield piece
    finally:
        run.stop()


class _Run:
    """An iterator in a thread. The thread calls it; the event loop calls ``next_piece`` and ``stop``."""

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[tuple[Any, Exception | None]] = asyncio.Queue()
        self._free_places = threading.Semaphore(_MOST_WAITING)
        self._stopped = False

    def __call__(self) -> None:
        try:
            for piece in self._start():
                self._free_places.acquire()
                if self._stopped:
                    return
                self._put(piece)
        except Exception as error:  # noqa: BLE001  # the reader of the pieces raises it
            self._put(_END, error)
        except BaseException as error:  # noqa: BLE001  # `sys.exit()` ends the call, not the server
            self._put(_END, RuntimeError(repr(error)))
        else:
            self._put(_END)

    def _put(self, piece: Any, error: Exception | None = None) -> None:
        if not self._loop.is_closed():  # the process ends, and no reader waits
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, (piece, error))

    async def next_piece(self) -> Any:
        piece, error = await self._pieces.get()
        self._free_places.release()
        if error is not None:
            raise error
        return piece

    def stop(self) -> None:
        self._stopped = True
        self._free_places.release()
