"""What an image is, is told by its first bytes."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.images import media_type_of, standard_base64


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image/png", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"\0" * 40, "image/jpeg", id="jpeg"),
        pytest.param(b"GIF89a" + b"\0" * 40, "image/gif", id="gif"),
        pytest.param(b"GIF87a", "image/gif", id="very-short-gif"),
        pytest.param(b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp", id="webp"),
        pytest.param(b"RIFF\x10\0\0\0WAVEfmt ", None, id="sound-in-the-same-container"),
        pytest.param(b"\0\0\0\x18ftypheic", "image/heic", id="heic"),
        pytest.param(b"\0\0\0\x18ftypavif", "image/avif", id="avif"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1", "image/heic", id="longer-heic"),
        pytest.param(b"\0\0\0\x18ftypavif\0\0\0\0mif1", "image/avif", id="longer-avif"),
        pytest.param(b"\0\0\0\x18ftypheix\0\0\0\0mif1", "image/heic", id="heic-of-ten-bits"),
        pytest.param(b"\0\0\0\x18ftypmif1\0\0\0\0heic", "image/heic", id="heic-of-any-codec"),
        pytest.param(b"\0\0\0\x18ftypisom", None, id="video-in-the-same-container"),
        pytest.param(b"BM" + b"\0" * 40, "image/bmp", id="bmp"),
        pytest.param(b"II*\0" + b"\0" * 40, "image/tiff", id="tiff"),
        pytest.param(b"MM\0*" + b"\0" * 40, "image/tiff", id="tiff-with-the-high-byte-first"),
        pytest.param(b"%PDF-1.7", None, id="pdf"),
        pytest.param(b"<svg/>", None, id="text"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_tells_the_type_by_the_bytes(head: bytes, media_type: str | None) -> None:
    assert media_type_of(b64encode(head).decode()) == media_type


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("!!!!", id="no-base64"),
        pytest.param("iVBO!!!!Rw0KGgo=", id="an-image-with-strange-characters-inside"),
        pytest.param("i", id="half-a-byte"),
        pytest.param("data:image/png;base64,iVBORw0KGgo=", id="data-url"),
        pytest.param("é" * 64, id="not-ascii"),
    ],
)
def test_what_is_not_base64_is_no_image(data: str) -> None:
    assert media_type_of(data) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("iVBORw0KGgo", id="without-padding"),
        pytest.param("iVBO\r\nRw0KGgo=\n", id="with-line-breaks"),
        pytest.param("iVBORw0KGgo" + "-_" * 40, id="alphabet-for-urls"),
        pytest.param("iVBORw0KGgoA\r\n\n" + "A" * 80, id="cut-where-only-part-of-a-byte-is-left"),
    ],
)
def test_base64_of_any_fashion_is_read(data: str) -> None:
    assert media_type_of(data) == "image/png"


@given(data=st.binary(max_size=300), width=st.sampled_from([0, 19, 76]), padded=st.booleans(), urlsafe=st.booleans())
def test_base64_of_any_fashion_is_made_the_standard_one(data: bytes, width: int, padded: bool, urlsafe: bool) -> None:
    text = (urlsafe_b64encode if urlsafe else b64encode)(data).decode()
    if not padded:
        text = text.rstrip("=")
    if width:
        text = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert standard_base64(text) == b64encode(data).decode()
