"""An event loop for code that has none, or that must not block its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
CLEAN_UP_SECONDS = 2.0


class Background:
    """An event loop in a new thread. The thread doesn't keep the process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_report_while_the_process_runs)
        self._thread = threading.Thread(target=self._loop.run_forever, name="turnout", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``, or its error. Ctrl-C cancels the work and waits for its end."""
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_then_set(ended, work), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            ended.wait(CLEAN_UP_SECONDS)
            raise

    def close(self) -> None:
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _then_set(ended: threading.Event, work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    finally:
        ended.set()


def _report_while_the_process_runs(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Reports an error, but not at the process's end, when the loop still runs and its threads are gone."""
    if threading.main_thread().is_alive():
        loop.default_exception_handler(context)
