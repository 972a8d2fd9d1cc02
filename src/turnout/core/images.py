"""Is it an image? Answered from its first bytes, so that a large one costs no more than a small one."""

from __future__ import annotations

import binascii

_HEAD = 64  # characters of base64, of which the first 24 bytes decide
_STANDARD = str.maketrans("-_", "+/", " \t\r\n=")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def standard_base64(data: str) -> str:
    """``data`` as every provider reads it: no line breaks, the standard alphabet, with its padding."""
    bare = data.translate(_STANDARD)
    return bare + "=" * (-len(bare) % 4)


def media_type_of(data: str) -> str | None:
    """The media type that the first bytes of base64 ``data`` tell; None when they are no image's, or not base64.

    Line breaks, the alphabet for URLs and a lack of padding are forgiven: ``standard_base64`` mends them.
    """
    bare = data[:_HEAD].translate(_STANDARD)
    try:
        head = binascii.a2b_base64(standard_base64(bare[:-1] if len(bare) % 4 == 1 else bare), strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return image_type(head)


def image_type(head: bytes) -> str | None:
    """The media type of the image that begins with ``head``, of which 12 bytes are enough; None when it is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        return "image/avif" if head[8:12] == b"avif" else "image/heic"
    return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)
