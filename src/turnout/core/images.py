"""The type of an image, read from its first bytes: a large image costs no more than a small one."""

from __future__ import annotations

import binascii

_HEAD = 64  # characters of base64; the first 24 bytes decide
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
    """``data`` in the form that every provider reads: no line breaks, the standard alphabet, with padding."""
    unpadded = data.translate(_STANDARD)
    return unpadded + "=" * (-len(unpadded) % 4)


def media_type_of(data: str) -> str | None:
    """The media type of base64 ``data``, from its first bytes. None when it is no image, or not base64.

    Line breaks, the alphabet for URLs and a lack of padding are accepted: ``standard_base64`` repairs them.
    """
    unpadded = data[:_HEAD].translate(_STANDARD)
    whole = unpadded[:-1] if len(unpadded) % 4 == 1 else unpadded
    try:
        head = binascii.a2b_base64(standard_base64(whole), strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return image_type(head)


def image_type(head: bytes) -> str | None:
    """The media type of the image that begins with ``head``; None when it is no image. 12 bytes are enough."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        return "image/avif" if head[8:12] == b"avif" else "image/heic"
    return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)
