"""Returns freed memory to the system."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KB: Final = 1024


def give_memory_back() -> None:
    """Makes glibc take each large block from the system, and return it as soon as it is free.

    By default glibc raises its threshold for large blocks each time it frees one. Then large blocks lie among small
    ones, which keep the memory taken: 150 MB after some large replies. A threshold that is set doesn't change
    (https://man7.org/linux/man-pages/man3/mallopt.3.html). Other C libraries have no such call.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, 128 * _KB)
        mallopt(_TRIM_THRESHOLD, 4096 * _KB)
