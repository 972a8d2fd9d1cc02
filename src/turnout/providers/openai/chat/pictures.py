"""Pictures in answers."""

from __future__ import annotations

from turnout.core import Image

from .chat_wire import ImagePiece


def image_in(piece: ImagePiece) -> Image | None:
    """The picture at an address or in a data URL; None for anything else."""
    url = (piece.image_url.url if piece.image_url else None) or ""
    if url.startswith(("https://", "http://")):
        return Image(url=url)
    head, comma, data = url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if not comma or not media_type.startswith("image/") or encoding != "base64":
        return None
    return Image(data=data, media_type=media_type)
