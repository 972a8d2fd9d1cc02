"""Giving freed memory back to the system."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KB: Final = 1024


def give_memory_back() -> None:
    """Has glibc take large blocks from the system, one by one, and give each back as soon as it is free.

    So it begins, but with every large block that is freed, it puts larger ones among the small ones, which then hold
    them: after some large replies, 150 MB stay taken. A threshold that is set stays where it is
    (https://man7.org/linux/man-pages/man3/mallopt.3.html). Other C libraries have no such call.
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, 128 * _KB)
        mallopt(_TRIM_THRESHOLD, 4096 * _KB)
