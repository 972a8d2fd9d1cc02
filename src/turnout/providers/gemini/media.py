"""Turns images and files into inline data, or into an address that Google can read.

Google reads public HTTPS addresses, registered objects in Cloud Storage, and uploads at Google itself
(https://ai.google.dev/gemini-api/docs/file-input-methods).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from turnout.core import File, Image
from turnout.core.media_types import type_by_name
from turnout.errors import InvalidRequest, Unsupported

from . import gemini_wire as wire


def media_of(part: Image | File, where: str) -> wire.MediaPart:
    """``where`` is the message's path, for the error message."""
    if part.data is not None:
        return wire.MediaPart(inline_data=wire.Blob(_media_type(part, where), part.data))
    if isinstance(part, File) and part.file_id is not None:
        return wire.MediaPart(file_data=wire.FileData(part.media_type, part.file_id))
    if part.url is None:
        raise InvalidRequest(f"The image or file in {where} has neither data nor an address.", param=where)
    if not part.url.startswith(("https://", "gs://")):
        raise Unsupported(
            "The provider 'gemini' only fetches from https:// addresses; send the data as base64.", param=where
        )
    return wire.MediaPart(file_data=wire.FileData(_media_type(part, where), part.url))


def _path_in(url: str, where: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError as error:
        raise InvalidRequest(f"The address in {where} can't be read: {error}.", param=where) from error


def _media_type(part: Image | File, where: str) -> str:
    """The stated media type; without one, that of the name's or address's ending, as in Google's own client."""
    name = (part.name if isinstance(part, File) else None) or _path_in(part.url or "", where)
    media_type = part.media_type or type_by_name(name)
    if not media_type:
        raise Unsupported(
            f"The provider 'gemini' has to be told the media type of the image or file in {where}: "
            "state it, use an address that ends in it (.png, .jpg, .pdf), or send the data as base64 with its type.",
            param=where,
        )
    return media_type
