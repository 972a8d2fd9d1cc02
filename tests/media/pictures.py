"""Real images, made by Pillow: red in the left half and blue in the right, white in the top left corner."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

RED, BLUE, WHITE = (220, 20, 20), (20, 20, 220), (255, 255, 255)
_COLOURED = ("RGB", "RGBA", "CMYK")


def picture(width: int = 80, height: int = 60, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    image.paste(WHITE, (0, 0, max(1, width // 4), max(1, height // 4)))
    return image.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    """A picture that compresses badly."""
    bands = [Image.effect_noise((width, height), 120) for _ in range(3)]
    return Image.merge("RGB", bands)


def file(image: Image.Image, form: str, **options: Any) -> bytes:
    written = BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def jpeg(width: int = 80, height: int = 60, **options: Any) -> bytes:
    return file(picture(width, height), "JPEG", **options)


def png(width: int = 80, height: int = 60, mode: str = "RGB") -> bytes:
    return file(picture(width, height, mode), "PNG")


def animation(form: str) -> bytes:
    """Red, then blue."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in (RED, BLUE)]
    return file(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def colour_at(data: bytes, x: float, y: float) -> str:
    """The name of the colour at (``x``, ``y``), which are shares of width and height."""
    image = opened(data).convert("RGB")
    pixel: Any = image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
    return min(
        {"red": RED, "blue": BLUE, "white": WHITE}.items(),
        key=lambda named: sum(abs(a - b) for a, b in zip(named[1], pixel, strict=True)),
    )[0]
