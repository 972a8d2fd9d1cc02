"""Makes one image fit a model's limits. Runs in a thread: it knows nothing of requests or of the event loop."""

from __future__ import annotations

from typing import Final

import msgspec
from PIL import Image

from turnout.core import ImageLimits
from turnout.errors import Unsupported

from .budget import Budget
from .encode import encoded, plain, resized
from .inspect import SIDEWAYS, Opened, assert_whole, decoding, open_image, short
from .sizing import Size, fitted

_NO_DECODER = "image/heic"
"""Pillow can't decode it. It is passed on unread to the models that take it."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operation that undoes each EXIF orientation."""


class Fit(msgspec.Struct, frozen=True):
    """``data`` is None for an image that complies unchanged. ``note`` tells the ledger what was changed."""

    media_type: str
    data: bytes | None = None
    note: str = ""


def fit(data: bytes, known_type: str | None, limits: ImageLimits, max_pixels: int, budget: Budget) -> Fit:
    """``known_type`` is the media type that the first bytes show. Raises ``InvalidRequest`` or ``Unsupported``."""
    if known_type == _NO_DECODER:
        return _unread(data, limits)
    opened = open_image(data, max_pixels)
    with budget.reserved_for(opened):
        return _fitted(opened, data, limits)


def _fitted(opened: Opened, data: bytes, limits: ImageLimits) -> Fit:
    size = fitted(opened.size, limits)
    if _complies(opened, size, data, limits):
        assert_whole(data, opened.media_type)
        return Fit(opened.media_type)
    new_data, media_type, new_size = encoded(_upright(opened, size), opened.media_type, limits)
    before, after = _summary(opened.media_type, opened.size, data), _summary(media_type, new_size, new_data)
    return Fit(media_type, new_data, f"{before} → {after}{_other_changes(opened, limits)}")


def _unread(data: bytes, limits: ImageLimits) -> Fit:
    if _NO_DECODER not in limits.formats or (limits.bytes is not None and len(data) > limits.bytes):
        raise Unsupported("HEIC images can't be converted here, and this model doesn't take them; send JPEG or PNG.")
    return Fit(_NO_DECODER)


def _complies(opened: Opened, size: Size, data: bytes, limits: ImageLimits) -> bool:
    return (
        opened.size == size
        and opened.orientation not in _TURNS
        and opened.media_type in limits.formats
        and (limits.animated or not opened.animated)
        and (limits.bytes is None or len(data) <= limits.bytes)
    )


def _upright(opened: Opened, size: Size) -> Image.Image:
    """The first frame, resized and upright, with its pixels only: no location, camera, comment or thumbnail."""
    picture = opened.picture
    stored = (size[1], size[0]) if opened.orientation in SIDEWAYS else size
    with decoding(opened.media_type):
        picture.draft(picture.mode, stored)  # decodes a JPEG to no more pixels than are needed
        picture.load()
        profile = picture.info.get("icc_profile") if picture.mode == "RGB" else None
        image = plain(picture)
        image = image if image.size == stored else resized(image, stored)
        turn = _TURNS.get(opened.orientation)
        image = image if turn is None else image.transpose(turn)
    image.info = {"icc_profile": profile} if profile else {}
    return image


def _summary(media_type: str, size: Size, data: bytes) -> str:
    return f"{short(media_type)} {size[0]}x{size[1]} {_bytes_text(len(data))}"


def _bytes_text(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def _other_changes(opened: Opened, limits: ImageLimits) -> str:
    turned = ", turned upright" if opened.orientation in _TURNS else ""
    stilled = ", first frame only" if opened.animated and not limits.animated else ""
    return turned + stilled
