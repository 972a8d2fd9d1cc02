"""Pictures: ``/api/models/image``, from words in JSON, or from uploaded images in a form."""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import ImageRequest, Pictures
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.openai.images import ImageEdits, ImageGenerations
from turnout.dialects.whole_reply import WholeReply

from .money import cost_fields
from .reading import fields_of

_FORM = "multipart/form-data"
_FROM_WORDS = ImageGenerations()
_FROM_IMAGES = ImageEdits()


class ImageMaking(WholeReply):
    relayed_headers: frozenset[bytes] = frozenset()

    def __init__(self, wire: str, path: str) -> None:
        self.wire = wire
        self.paths = (path,)

    def parse(self, body: bytes, target: Target = HERE) -> ImageRequest:
        """OpenAI's fields, whole and never as a stream."""
        if target.content_type.lower().startswith(_FORM):
            request = _FROM_IMAGES.parse(body, target)
        else:
            request = _FROM_WORDS.parse(msgspec.json.encode(fields_of(body)))
        return structs.replace(request, stream=False, raw=None)

    def body(self, request: ImageRequest, given: Pictures, context: ReplyContext) -> bytes:
        images = [
            {"url": one.url, "b64_json": one.data, "media_type": one.media_type, "revised_prompt": one.prompt}
            for one in given.pictures
        ]
        return msgspec.json.encode(
            {
                "model": context.model,
                "provider": context.facts().provider if context.facts else None,
                "images": [{name: value for name, value in image.items() if value is not None} for image in images],
                "cost": cost_fields(context, given.usage),
            }
        )
