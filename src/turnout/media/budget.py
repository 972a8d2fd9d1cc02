"""A bound on the memory that pixels take, for all images of a process together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from turnout.errors import InvalidRequest

from .inspect import Opened, short

MOST_BYTES: Final = 1024 * 1024 * 1024
"""The default of the configuration."""

_PER_PIXEL: Final = 16
_PER_PIXEL_OF: Final = {"image/webp": 24}
"""Peak bytes: the decoder's own and those of every copy, measured with Pillow 13."""


class Budget:
    """Threads share it. A thread waits while too little is free; no thread waits while it has reserved some."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._reserved = 0
        self._changed = Condition()

    @contextmanager
    def reserved_for(self, image: Opened) -> Iterator[None]:
        """Reserves the image's bytes. Raises ``InvalidRequest`` for an image that takes more than the whole budget."""
        width, height = image.size
        size = width * height * _PER_PIXEL_OF.get(image.media_type, _PER_PIXEL)
        if size > self._most:
            raise InvalidRequest(
                f"{width}x{height} are too many pixels for a {short(image.media_type)} image: it takes {size:,} bytes "
                f"to decode, and {self._most:,} are allowed."
            )
        with self._changed:
            self._changed.wait_for(lambda: self._reserved + size <= self._most)
            self._reserved += size
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= size
                self._changed.notify_all()
