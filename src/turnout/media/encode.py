"""Encodes an image as a file that a model takes: its format and its size are within the model's limits."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from PIL import Image

from turnout.core import ImageLimits
from turnout.errors import Unsupported

from .inspect import decoding, short
from .sizing import Size, shrunk

_QUALITIES: Final = (88, 78, 66, 50)
_PERCENTS: Final = (100, 75, 50, 35, 25, 15, 8, 3)
_LOSSY_SOURCES: Final = frozenset({"image/jpeg", "image/avif"})
_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_DEEP: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
_WHITE: Final = "white"


def encoded(picture: Image.Image, media_type: str, limits: ImageLimits) -> tuple[bytes, str, Size]:
    """The file, its media type and its size in pixels. ``media_type`` is the source's; it stays if the model takes it.

    Lowers the quality first, then the size. Raises ``Unsupported`` when nothing is small enough.
    """
    image = plain(picture)
    for percent in _PERCENTS:
        smaller = image if percent == 100 else resized(image, shrunk(image.size, percent))
        for new_type, options in _attempts(smaller, media_type, limits):
            data = _saved(smaller, new_type, options)
            if limits.bytes is None or len(data) <= limits.bytes:
                return data, new_type, smaller.size
    formats = ", ".join(sorted(map(short, limits.formats)))
    bound = "" if limits.bytes is None else f", at most {limits.bytes:,} bytes"
    raise Unsupported(f"The image can't be made into one that this model takes: {formats}{bound}.")


def resized(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def plain(picture: Image.Image) -> Image.Image:
    """Converts to one of the 8-bit modes L, RGB and RGBA; to RGBA only where some pixels are transparent."""
    if picture.mode in _DEEP:
        return _reduced_depth(picture)
    if picture.has_transparency_data:
        image = picture.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return image
        return image.convert("RGB")
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _reduced_depth(picture: Image.Image) -> Image.Image:
    """Scales 16 bits to 8. Pillow would clip them."""
    if picture.mode == "F":
        return picture.convert("L")
    divisor = 256 if picture.mode != "I" or _lightest(picture) > 255 else 1
    return picture.point(lambda level: level / divisor).convert("L")


def _lightest(picture: Image.Image) -> float:
    extrema: Any = picture.getextrema()  # a pair, as there is one band
    return float(extrema[1])


def _attempts(image: Image.Image, source: str, limits: ImageLimits) -> Iterator[tuple[str, dict[str, Any]]]:
    for media_type in _order(image.mode == "RGBA", source, limits):
        if media_type == "image/png":
            yield media_type, {"compress_level": 4}
        else:
            for quality in _QUALITIES:
                yield media_type, {"quality": quality}


def _order(transparent: bool, source: str, limits: ImageLimits) -> list[str]:
    """The formats to try, best first. A lossless source stays lossless if it can; transparency is kept if it can be."""
    if transparent:
        keeps_transparency = _allowed(("image/png", "image/webp"), limits)
        return keeps_transparency or _allowed(("image/jpeg",), limits)
    if source in _LOSSY_SOURCES:
        return _allowed(("image/jpeg", "image/webp", "image/png"), limits)
    if source == "image/webp":
        return _allowed(("image/webp", "image/jpeg", "image/png"), limits)
    return _allowed(("image/png", "image/jpeg", "image/webp"), limits)


def _allowed(order: tuple[str, ...], limits: ImageLimits) -> list[str]:
    return [media_type for media_type in order if media_type in limits.formats]


def _saved(image: Image.Image, media_type: str, options: dict[str, Any]) -> bytes:
    if image.mode == "RGBA" and media_type == "image/jpeg":
        image = _on_white(image)
    file = BytesIO()
    with decoding(media_type):
        image.save(file, _FORMATS[media_type], **options)
    return file.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    background = Image.new("RGB", image.size, _WHITE)
    background.paste(image, mask=image.getchannel("A"))
    return background
