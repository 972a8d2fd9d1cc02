"""The tokens of images, by the examples in the providers' documentation, and their sizes."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image as Picture

from turnout.core import Image
from turnout.tokens.pictures import UNSEEN, image_tokens, size_of


def picture(width: int, height: int, form: str = "PNG", detail: str | None = None, **options: Any) -> Image:
    buffer = BytesIO()
    Picture.new("RGB", (width, height)).save(buffer, form, **options)
    return Image(data=b64encode(buffer.getvalue()).decode(), media_type=f"image/{form.lower()}", detail=detail)


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        pytest.param("gpt-4o", (1024, 1024), "high", 765, id="gpt-4o-square"),
        pytest.param("gpt-4o", (2048, 4096), "high", 1105, id="gpt-4o-tall"),
        pytest.param("gpt-4o", (4096, 2048), "low", 85, id="gpt-4o-low"),
        pytest.param("gpt-4o-mini", (512, 512), None, 2833 + 5667, id="gpt-4o-mini"),
        pytest.param("gpt-4.1-mini", (1024, 1024), None, 1659, id="patches"),
        pytest.param("o4-mini", (1800, 2400), None, 2498, id="patches-that-are-too-many"),
        pytest.param("gpt-5", (1024, 1024), None, 630, id="gpt-5"),
        pytest.param("o1", (1024, 1024), None, 675, id="o1"),
        pytest.param("claude-sonnet-4-5", (1092, 1092), None, 1521, id="claude"),
        pytest.param("claude-sonnet-4-5", (4000, 3000), None, 1568, id="claude-large"),
        pytest.param("claude-opus-4-7", (2576, 1449), None, 4784, id="claude-high-resolution"),
        pytest.param("gemini-2.0-flash", (384, 300), None, 258, id="gemini-small"),
        pytest.param("gemini-2.5-pro", (960, 540), None, 6 * 258, id="gemini-tiles"),
        pytest.param("gemini-3-pro-preview", (4000, 3000), None, 1120, id="gemini-3"),
        pytest.param("gemini-3-pro-preview", (4000, 3000), "low", 280, id="gemini-3-low"),
        pytest.param("some-model", (1024, 1024), None, 765, id="unknown"),
    ],
)
def test_an_image_costs_what_its_provider_says(
    model: str, size: tuple[int, int], detail: str | None, tokens: int
) -> None:
    assert image_tokens(picture(*size, detail=detail), model) == tokens


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"lossless": False}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0"}),
    ],
    ids=["png", "gif", "jpeg", "progressive-jpeg", "lossless-webp", "lossy-webp", "extended-webp"],
)
def test_the_size_is_told_by_the_first_bytes(form: str, options: dict[str, Any]) -> None:
    assert size_of(picture(321, 123, form, **options)) == (321, 123)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC, 0xDB, 0xE1, 0xFE], ids=hex)
def test_a_jpegs_other_segments_are_skipped(marker: int) -> None:
    """Tables and metadata come before the frame's header, some with markers between those of headers."""
    other = bytes([0xFF, marker, 0, 12]) + b"0123456789"
    header = bytes([0xFF, 0xC0, 0, 11, 8, 0, 123, 1, 65]) + bytes(4)
    data = b64encode(b"\xff\xd8" + other * 2 + header).decode()
    assert size_of(Image(data=data, media_type="image/jpeg")) == (321, 123)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG",
        b"GIF8",
        b"RIFF????WEBP",
        b"RIFF????WEBPVP8?" + bytes(30),
        b"\xff\xd8\xff\xc0",
        b"\xff\xd8",
        b"BM",
    ],
    ids=["empty", "png", "gif", "webp", "odd-webp", "jpeg", "jpeg-head", "bmp"],
)
def test_what_is_cut_or_unknown_has_no_size(data: bytes) -> None:
    image = Image(data=b64encode(data).decode(), media_type="image/png")
    assert size_of(image) is None
    assert image_tokens(image, "gpt-4o") == image_tokens(picture(*UNSEEN), "gpt-4o")


def test_an_image_at_an_address_is_taken_for_one_of_a_usual_size() -> None:
    assert image_tokens(Image(url="https://x/y.png"), "gpt-4o") == 765


def test_what_is_not_base64_has_no_size() -> None:
    assert size_of(Image(data="???", media_type="image/png")) is None
