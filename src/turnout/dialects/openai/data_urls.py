"""Images and files that OpenAI's clients send inside a body, as ``data:<type>;base64,<data>``."""

from __future__ import annotations

from turnout.core import Extensions, Image
from turnout.core.images import media_type_of
from turnout.errors import InvalidRequest


def image_of(url: str, detail: str | None, extensions: Extensions, field: str) -> Image:
    """``field`` is the path of ``url``, for errors."""
    if url.startswith(("https://", "http://")):
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


def file_data_of(file_data: str | None) -> tuple[str | None, str | None]:
    """The base64 and its media type, which is None for bare base64: OpenAI's servers take that, too."""
    head, comma, data = (file_data or "").partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if comma and head == f"data:{media_type};base64":
        return data, media_type
    return file_data, None
