"""An image as a file that a model takes: of a format it knows, no larger than it may be."""

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
    """The file, its media type and its size in pixels. ``media_type`` is the source's, and kept where it is taken.

    First the quality goes down, then the size. Raises ``Unsupported`` when nothing is small enough.
    """
    image = plain(picture)
    for percent in _PERCENTS:
        smaller = image if percent == 100 else resized(image, shrunk(image.size, percent))
        for chosen, options in _attempts(smaller, media_type, limits):
            data = _saved(smaller, chosen, options)
            if limits.bytes is None or len(data) <= limits.bytes:
                return data, chosen, smaller.size
    takes = ", ".join(sorted(short(known) for known in limits.formats))
    bound = "" if limits.bytes is None else f", at most {limits.bytes:,} bytes"
    raise Unsupported(f"The image can't be made into one that this model takes: {takes}{bound}.")


def resized(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def plain(picture: Image.Image) -> Image.Image:
    """In one of the modes L, RGB and RGBA, of 8 bits, the last only where something shows through."""
    if picture.mode in _DEEP:
        return _flattened_depth(picture)
    if picture.has_transparency_data:
        image = picture.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return image
        return image.convert("RGB")
    if picture.mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _flattened_depth(picture: Image.Image) -> Image.Image:
    """Pillow would clip 16 bits to 8."""
    if picture.mode == "F":
        return picture.convert("L")
    divisor = 256 if picture.mode != "I" or _lightest(picture) > 255 else 1
    return picture.point(lambda level: level / divisor).convert("L")


def _lightest(picture: Image.Image) -> float:
    extrema: Any = picture.getextrema()  # of one band: a pair
    return float(extrema[1])


def _attempts(image: Image.Image, source: str, limits: ImageLimits) -> Iterator[tuple[str, dict[str, Any]]]:
    for media_type in _order(image.mode == "RGBA", source, limits):
        if media_type == "image/png":
            yield media_type, {"compress_level": 4}
        else:
            for quality in _QUALITIES:
                yield media_type, {"quality": quality}


def _order(transparent: bool, source: str, limits: ImageLimits) -> list[str]:
    """The formats to try, best first: without loss what came without, and never in place of transparency."""
    if transparent:
        shows_through = _taken(("image/png", "image/webp"), limits)
        return shows_through or _taken(("image/jpeg",), limits)
    if source in _LOSSY_SOURCES:
        return _taken(("image/jpeg", "image/webp", "image/png"), limits)
    if source == "image/webp":
        return _taken(("image/webp", "image/jpeg", "image/png"), limits)
    return _taken(("image/png", "image/jpeg", "image/webp"), limits)


def _taken(order: tuple[str, ...], limits: ImageLimits) -> list[str]:
    return [media_type for media_type in order if media_type in limits.formats]


def _saved(image: Image.Image, media_type: str, options: dict[str, Any]) -> bytes:
    if image.mode == "RGBA" and media_type == "image/jpeg":
        image = _on_white(image)
    file = BytesIO()
    with decoding(media_type):
        image.save(file, _FORMATS[media_type], **options)
    return file.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
