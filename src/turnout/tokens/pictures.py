"""The tokens of an image, by the formula that each provider publishes, and its size, by its first bytes."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from math import ceil, sqrt
from typing import Final, Literal, NamedTuple

from turnout.core import Image

UNSEEN: Final = (1024, 1024)
"""The assumed size of an image at a URL, or of one that can't be read."""

_HEAD: Final = 256 * 1024  # base64 characters; a JPEG's size comes after its EXIF data and thumbnails

Size = tuple[int, int]
Formula = Callable[[int, int, str | None], int]


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    formula: Formula
    source: str


def image_tokens(image: Image, model: str) -> int:
    """The tokens of one image for an upstream model."""
    width, height = size_of(image) or UNSEEN
    name = model.rsplit("/", 1)[-1].lower()
    formula = next((rule.formula for rule in _RULES if rule.pattern.search(name)), _TILES_85)
    return formula(width, height, image.detail)


def size_of(image: Image) -> Size | None:
    """Width and height in pixels of an inline PNG, GIF, WebP or JPEG; None for any other image or a damaged one."""
    if not image.data:
        return None
    try:
        data = b64decode(image.data[:_HEAD])
    except NotBase64:
        return None
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        return _pair(data[16:20], data[20:24], "big")
    if data.startswith(b"GIF8") and len(data) >= 10:
        return _pair(data[6:8], data[8:10], "little")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp(data)
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def _pair(width: bytes, height: bytes, order: Literal["big", "little"]) -> Size | None:
    size = int.from_bytes(width, order), int.from_bytes(height, order)
    return size if min(size) > 0 else None


def _webp(data: bytes) -> Size | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def _jpeg(data: bytes) -> Size | None:
    """Skips the segments before the frame's header, which has the size (ITU-T T.81, B.2.2)."""
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _pair(data[place + 7 : place + 9], data[place + 5 : place + 7], "big")
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _tiles(base: int, tile: int) -> Formula:
    """OpenAI: scales to at most 2048 pixels a side and 768 on the short side, and counts tiles of 512x512 pixels."""

    def tokens(width: int, height: int, detail: str | None) -> int:
        if detail == "low":
            return base
        scale = min(1.0, 2048 / max(width, height))
        scale = min(scale, 768 / min(width, height))
        return base + tile * ceil(width * scale / 512) * ceil(height * scale / 512)

    return tokens


def _patches(multiplier: float, most: int) -> Formula:
    """OpenAI: counts patches of 32x32 pixels, and scales the image down to at most ``most`` of them."""

    def tokens(width: int, height: int, detail: str | None) -> int:
        patches = ceil(width / 32) * ceil(height / 32)
        if patches > most:
            scale = sqrt(32 * 32 * most / (width * height))
            wide, high = width * scale / 32, height * scale / 32
            scale *= min(max(1, int(wide)) / wide, max(1, int(high)) / high)
            patches = min(most, ceil(width * scale / 32) * ceil(height * scale / 32))
        return ceil(patches * multiplier)

    return tokens


def _claude(long_edge: int, most: int) -> Formula:
    """Anthropic: scales to ``long_edge`` pixels, and counts patches of 28x28 pixels, at most ``most``."""

    def tokens(width: int, height: int, detail: str | None) -> int:
        scale = min(1.0, long_edge / max(width, height))
        return min(most, ceil(width * scale / 28) * ceil(height * scale / 28))

    return tokens


def _gemini_tiles(width: int, height: int, detail: str | None) -> int:
    """Gemini 1 and 2: one tile up to 384 pixels a side, else tiles of 2/3 of the short side, from 256 to 768 pixels."""
    if max(width, height) <= 384:
        return 258
    side = min(768, max(256, int(min(width, height) / 1.5)))
    return 258 * ceil(width / side) * ceil(height / side)


def _gemini_resolution(width: int, height: int, detail: str | None) -> int:
    """Gemini 3 and later: depends on the requested resolution, not on the image's size."""
    return {"low": 280, "medium": 560}.get(detail or "", 1120)


_TILES_85: Final = _tiles(85, 170)
_OPENAI: Final = "https://developers.openai.com/api/docs/guides/images-vision"
_ANTHROPIC: Final = "https://platform.claude.com/docs/en/build-with-claude/vision"
_RULES: Final = tuple(
    _Rule(re.compile(pattern), formula, source)
    for pattern, formula, source in (
        (r"gpt-4o-mini", _tiles(2833, 5667), _OPENAI),
        (r"gpt-4\.1-mini", _patches(1.62, 1536), _OPENAI),
        (r"gpt-(4\.1|5)-nano", _patches(2.46, 1536), _OPENAI),
        (r"gpt-5-mini", _patches(1.62, 1536), _OPENAI),
        (r"o4-mini", _patches(1.72, 1536), _OPENAI),
        (r"gpt-5\.[2-9]|gpt-[6-9]", _patches(1.2, 2500), _OPENAI),
        (r"gpt-5", _tiles(70, 140), _OPENAI),
        (r"^o[13]", _tiles(75, 150), _OPENAI),
        (r"claude-(opus-4[-.][7-9]|(opus|sonnet|haiku|fable|mythos)-([5-9]|\d\d))", _claude(2576, 4784), _ANTHROPIC),
        (r"claude", _claude(1568, 1568), _ANTHROPIC),
        (r"gemini-[12]", _gemini_tiles, "https://ai.google.dev/gemini-api/docs/image-understanding"),
        (r"gemini", _gemini_resolution, "https://ai.google.dev/gemini-api/docs/media-resolution"),
    )
)
"""The first rule whose pattern is in the model's name applies. For an unknown model GPT-4o's applies."""
