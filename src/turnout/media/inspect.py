"""Checks whether bytes are an image that can be decoded. Reads its header; ``assert_whole`` reads its pixels, too."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image

from turnout.core.images import image_type
from turnout.errors import InvalidRequest

MAX_PIXELS: Final = 64_000_000
"""The most pixels of one image by default. A phone's usual picture has fewer."""

MAX_EDGE: Final = 65_535
"""Pixels; the limit of JPEG and GIF. A decoder allocates something for every row, however short."""

_DECODERS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
"""The one decoder that may read an image of each type. HEIC has none."""

_MAY_BE_ANIMATED: Final = frozenset({"image/gif", "image/webp", "image/png", "image/avif"})
_ORIENTATION: Final = 0x0112  # the EXIF tag
_PNG_EXIF: Final = frozenset({"exif", "Raw profile type exif"})
SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""The orientations that swap width and height; 1 is upright."""

_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError),
    *(RuntimeError, AssertionError, AttributeError, struct.error, zlib.error),
)
"""The errors that Pillow's decoders raise for damaged bytes."""


class Checked(msgspec.Struct, frozen=True):
    """``width`` and ``height`` are those of the upright image."""

    media_type: str
    width: int
    height: int


class Opened(msgspec.Struct, frozen=True):
    """An image whose header has been read. ``size`` is that of the upright image."""

    picture: Image.Image
    media_type: str
    size: tuple[int, int]
    orientation: int
    animated: bool


def check(data: bytes, max_pixels: int = MAX_PIXELS) -> Checked:
    """Checks a whole image of any known type but HEIC; raises ``InvalidRequest``. Takes milliseconds of CPU time."""
    opened = open_image(data, max_pixels)
    assert_whole(data, opened.media_type)
    return Checked(opened.media_type, *opened.size)


def open_image(data: bytes, max_pixels: int) -> Opened:
    """Reads the header. Raises ``InvalidRequest`` for data that is not an image, and for too many pixels."""
    media_type = image_type(data[:16])
    if media_type is None:
        raise InvalidRequest(_not_an_image(data))
    decoder = _DECODERS.get(media_type)
    if decoder is None:
        raise InvalidRequest(f"{short(media_type)} images can't be read here; send it as JPEG or PNG.")
    with decoding(media_type):
        picture = Image.open(BytesIO(data), formats=(decoder,))
        width, height = picture.size
        if max(width, height) > MAX_EDGE:
            raise InvalidRequest(f"{width}x{height} is too long: at most {MAX_EDGE:,} pixels are allowed on a side.")
        if width * height > max_pixels:
            raise InvalidRequest(f"{width}x{height} are too many pixels: at most {max_pixels:,} are allowed.")
        animated = media_type in _MAY_BE_ANIMATED and bool(getattr(picture, "is_animated", False))
    orientation = _orientation(picture)
    upright = (height, width) if orientation in SIDEWAYS else (width, height)
    return Opened(picture, media_type, upright, orientation, animated)


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 1 where EXIF is damaged, as that is no reason to refuse a picture that can be shown."""
    if picture.format == "PNG" and not _PNG_EXIF & picture.info.keys():
        return 1  # else Pillow would decode the whole image, to look for EXIF after the pixels
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except _BROKEN:
        return 1


def assert_whole(data: bytes, media_type: str) -> None:
    """Raises ``InvalidRequest`` for an image that is cut or damaged, as cheaply as its format allows."""
    with decoding(media_type):
        picture = Image.open(BytesIO(data), formats=(_DECODERS[media_type],))
        if media_type == "image/png":
            picture.verify()  # checks the checksums only
        else:
            picture.draft("L", (1, 1))  # decodes a JPEG at an eighth of its size
            picture.load()


@contextmanager
def decoding(media_type: str) -> Iterator[None]:
    """Turns Pillow's errors into ``InvalidRequest``."""
    try:
        yield
    except InvalidRequest:
        raise
    except Image.DecompressionBombError as error:
        raise InvalidRequest("The image has too many pixels.") from error
    except _BROKEN as error:
        raise InvalidRequest(f"The {short(media_type)} image is cut or damaged; send it again, whole.") from error


def short(media_type: str) -> str:
    """The short name of an image's type: ``jpeg``."""
    return media_type.removeprefix("image/")


def _not_an_image(data: bytes) -> str:
    """The error message for data that is not an image: it says what the data is instead."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "SVG is a drawing, not an image of pixels; send it as PNG."
    if head.startswith((b"<!doctype html", b"<html")):
        return "It is an HTML page, not an image; send the image itself."
    if head.startswith(b"%pdf-"):
        return "It is a PDF, not an image; send it as a file."
    if not data:
        return "It is empty; send an image."
    return "The data is not an image of a known type; send PNG, JPEG, WebP or GIF."
