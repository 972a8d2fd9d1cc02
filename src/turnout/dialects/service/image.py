"""``/api/models/image``: images from a prompt in JSON, or from uploaded images in a form."""

from __future__ import annotations

import msgspec
from msgspec import structs

from turnout.core import ImageRequest, Pictures
from turnout.dialects import HERE, ReplyContext, Target
from turnout.dialects.openai.images import ImageEdits, ImageGenerations
from turnout.dialects.whole_reply import WholeReply

from .cost import cost_fields
from .openai_fields import openai_fields

_FORM = "multipart/form-data"
_FROM_PROMPT = ImageGenerations()
_FROM_IMAGES = ImageEdits()


class Images(WholeReply):
    relayed_headers: frozenset[bytes] = frozenset()
    operation = ImageRequest.operation

    def __init__(self, wire: str, path: str) -> None:
        self.wire = wire
        self.paths = (path,)

    def parse(self, body: bytes, target: Target = HERE) -> ImageRequest:
        """Takes OpenAI's fields. The reply is never a stream."""
        if target.content_type.lower().startswith(_FORM):
            request = _FROM_IMAGES.parse(body, target)
        else:
            request = _FROM_PROMPT.parse(msgspec.json.encode(openai_fields(body)))
        return structs.replace(request, stream=False, raw=None)

    def body(self, request: ImageRequest, result: Pictures, context: ReplyContext) -> bytes:
        images = [
            {
                "url": picture.url,
                "b64_json": picture.data,
                "media_type": picture.media_type,
                "revised_prompt": picture.prompt,
            }
            for picture in result.pictures
        ]
        return msgspec.json.encode(
            {
                "model": context.model,
                "provider": context.facts().provider if context.facts else None,
                "images": [{name: value for name, value in image.items() if value is not None} for image in images],
                "cost": cost_fields(context, result.usage),
            }
        )
