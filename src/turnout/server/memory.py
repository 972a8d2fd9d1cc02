"""Returns freed memory to the system, but not at each request."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
from typing import Any, Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KB: Final = 1024
_LARGE: Final = 2048 * _KB
_KEPT: Final = 16 * 1024 * _KB
_SECONDS: Final = 10.0


class Memory:
    """glibc's memory. Other C libraries have no such calls.

    A block above ``_LARGE`` is taken from the system, and returned as soon as it is free. That takes a page fault for
    each 4 KB, a third of what a conversation of 400 KB costs. So smaller blocks stay for the next request. They lie
    among small ones, where they would stay for ever: ``keep_returning`` gives their free pages back every few seconds,
    in a few milliseconds (https://man7.org/linux/man-pages/man3/mallopt.3.html,
    https://man7.org/linux/man-pages/man3/malloc_trim.3.html).
    """

    def __init__(self) -> None:
        self._library: Any = None
        self._next: asyncio.TimerHandle | None = None
        with contextlib.suppress(AttributeError, OSError):
            library = ctypes.CDLL(None)
            library.mallopt(_MMAP_THRESHOLD, _LARGE)
            library.mallopt(_TRIM_THRESHOLD, _KEPT)
            self._library = library if hasattr(library, "malloc_trim") else None

    def give_back(self) -> None:
        """Returns all free pages."""
        if self._library is not None:
            self._library.malloc_trim(0)

    def keep_returning(self) -> None:
        """Returns them again and again, until ``stop``."""
        self.give_back()
        self._next = asyncio.get_running_loop().call_later(_SECONDS, self.keep_returning)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
