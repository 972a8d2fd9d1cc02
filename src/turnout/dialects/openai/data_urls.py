"""Images and files that OpenAI's clients send inside a body, as ``data:<type>;base64,<data>``."""

from __future__ import annotations

from urllib.parse import urlsplit

from turnout.core import Extensions, File, Image
from turnout.core.images import media_type_of
from turnout.core.media_types import type_by_name
from turnout.errors import InvalidRequest

_ADDRESSES = ("https://", "http://")


def image_of(url: str, detail: str | None, extensions: Extensions, field: str) -> Image:
    """``field`` is the path of ``url``, for errors."""
    if url.startswith(_ADDRESSES):
        return Image(url=url, detail=detail, extensions=extensions)
    head, _, data = url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if not head.startswith("data:image/") or encoding != "base64":
        raise InvalidRequest(
            f"Invalid '{field}': expected an http(s) URL or 'data:image/<type>;base64,<data>'.", param=field
        )
    if media_type_of(data) is None:
        raise InvalidRequest(f"Invalid '{field}': the data is not an image.", param=field)
    return Image(data=data, media_type=media_type, detail=detail, extensions=extensions)


def file_of(
    file_data: str | None, url: str | None, file_id: str | None, name: str | None, extensions: Extensions = None
) -> File:
    """``file_data`` is a data URL, or bare base64, which OpenAI's servers take, too. Gateways also take an address
    there (https://openrouter.ai/docs/guides/overview/multimodal/pdfs).
    """
    if file_data is not None and file_data.startswith(_ADDRESSES):
        file_data, url = None, file_data
    data, media_type = _data_of(file_data)
    return File(data, url, file_id, media_type, name, extensions)


def media_at(url: str, default_type: str | None, extensions: Extensions, field: str) -> File:
    """A video or a document by its address or its data URL. ``field`` is the path of ``url``, for errors."""
    if url.startswith(_ADDRESSES):
        try:
            known = type_by_name(urlsplit(url).path)
        except ValueError as error:
            raise InvalidRequest(f"Invalid '{field}': {error}.", param=field) from error
        return File(url=url, media_type=known or default_type, extensions=extensions)
    data, media_type = _data_of(url)
    if media_type is None:
        problem = f"Invalid '{field}': expected an http(s) URL or 'data:<type>;base64,<data>'."
        raise InvalidRequest(problem, param=field)
    return File(data=data, media_type=media_type, extensions=extensions)


def _data_of(file_data: str | None) -> tuple[str | None, str | None]:
    """The base64 and its media type, which is None for bare base64."""
    head, comma, data = (file_data or "").partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if comma and head == f"data:{media_type};base64":
        return data, media_type
    return file_data, None
