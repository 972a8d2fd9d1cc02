"""The bounds on an image while it is decoded: on its sides, on its own bytes, and on the bytes of all together."""

from __future__ import annotations

import struct
import zlib
from threading import Event, Thread

import pytest

from tests.media import pictures
from turnout.core import ImageLimits
from turnout.errors import InvalidRequest
from turnout.media.budget import Budget
from turnout.media.fit import fit
from turnout.media.inspect import Opened, open_image

PIXELS = 64_000_000


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a large picture."""

    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", pixels) + piece(b"IEND", b"")


@pytest.mark.parametrize("size", [(1, 60_000_000), (60_000_000, 1), (65_536, 1)])
def test_a_side_is_bounded(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidRequest, match="is too long: at most 65,535 pixels"):
        fit(bomb(*size), "image/png", ImageLimits(), PIXELS, Budget())


def test_the_longest_side_is_looked_at() -> None:
    assert open_image(bomb(65_535, 1), PIXELS).size == (65_535, 1)


@pytest.mark.parametrize(("form", "bytes_per_pixel"), [("PNG", 16), ("WEBP", 24)])
def test_an_image_that_takes_more_than_all_may_is_refused(form: str, bytes_per_pixel: int) -> None:
    data, kind = pictures.file(pictures.picture(100, 100), form), f"image/{form.lower()}"
    needed = 100 * 100 * bytes_per_pixel
    assert fit(data, kind, ImageLimits(), PIXELS, Budget(needed)).media_type == kind
    with pytest.raises(InvalidRequest, match=f"takes {needed:,} bytes to decode"):
        fit(data, kind, ImageLimits(), PIXELS, Budget(needed - 1))


def opened(width: int, height: int) -> Opened:
    return open_image(pictures.png(width, height), PIXELS)


def test_together_they_take_no_more_than_that() -> None:
    """A thread that finds too little left waits until another is done."""
    budget, order, waiting = Budget(100 * 100 * 16), [], Event()

    def other() -> None:
        waiting.set()
        with budget.reserved_for(opened(100, 60)):
            order.append("second")

    thread = Thread(target=other)
    with budget.reserved_for(opened(100, 50)):
        with budget.reserved_for(opened(10, 10)):
            order.append("small")
        thread.start()
        waiting.wait(5)
        thread.join(0.05)
        order.append("first")
    thread.join(5)
    assert order == ["small", "first", "second"]


def test_what_a_broken_image_took_is_given_back() -> None:
    budget, whole = Budget(100 * 100 * 16), pictures.jpeg(100, 100)
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="cut or damaged"):
            fit(whole[:600], "image/jpeg", ImageLimits(), PIXELS, budget)
    assert fit(whole, "image/jpeg", ImageLimits(), PIXELS, budget).media_type == "image/jpeg"
