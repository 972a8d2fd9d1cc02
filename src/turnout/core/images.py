"""Is it an image? Answered from its first bytes, so that a large one costs no more than a small one."""

from __future__ import annotations

import binascii

_HEAD = 64  # characters of base64, of which the first 24 bytes decide
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def media_type_of(data: str) -> str | None:
    """The media type that the first bytes of base64 ``data`` tell; None when they are no image's, or not base64."""
    try:
        head = binascii.a2b_base64(data[:_HEAD], strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        return "image/avif" if head[8:12] == b"avif" else "image/heic"
    return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)
