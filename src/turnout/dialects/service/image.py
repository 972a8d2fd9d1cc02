"""Pictures: ``/api/models/image``."""

from __future__ import annotations

import msgspec

from turnout.core import ImageRequest, Pictures, WireBody
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.parsing import decode

from .money import cost_fields
from .reading import fields_of


class _Body(msgspec.Struct):
    model: str
    prompt: str
    n: int = 1
    size: str | None = None
    quality: str | None = None
    response_format: str | None = None
    user: str | None = None


_BODY = msgspec.json.Decoder(_Body)


class ImageMaking:
    relayed_headers: frozenset[bytes] = frozenset()

    def __init__(self, wire: str, path: str) -> None:
        self.wire = wire
        self.paths = (path,)

    def parse(self, body: bytes, target: Target = HERE) -> ImageRequest:
        fields = fields_of(body)
        asked = decode(_BODY, msgspec.json.encode(fields))
        return ImageRequest(
            model=asked.model,
            prompt=asked.prompt,
            n=asked.n,
            size=asked.size,
            quality=asked.quality,
            url=None if asked.response_format is None else asked.response_format == "url",
            user=asked.user,
            raw=WireBody(self.wire, fields, form=_Body),
        )

    def renderer(self, request: ImageRequest, context: ReplyContext) -> Renderer:
        raise TypeError("pictures aren't streamed here")

    def media_type(self, request: ImageRequest) -> str:
        return "application/json"

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
