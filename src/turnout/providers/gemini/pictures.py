"""Makes pictures with a Gemini model, which sends them as parts of its answer
(https://ai.google.dev/gemini-api/docs/image-generation).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from turnout.core import (
    Deployment,
    Failure,
    ImageRequest,
    Picture,
    Pictures,
    Product,
    StreamEvent,
    UsageSoFar,
    WireRequest,
)
from turnout.errors import Unsupported
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader

from . import gemini_wire as wire
from .access import post
from .decode import NAMESPACE, failure_of, read_reply
from .extensions import with_extensions
from .media import media_of

_encode = msgspec.json.encode
_RATIOS = {
    "1024x1024": "1:1",
    "1536x1024": "3:2",
    "1024x1536": "2:3",
    "1792x1024": "16:9",
    "1024x1792": "9:16",
}
"""Gemini's ratio for each of OpenAI's sizes. It makes about as many pixels."""
_DEFAULTS = (None, "auto", "standard", "medium")
"""Sizes and qualities that leave the choice to the provider."""


class MakeImages:
    wire = "gemini-images"  # no client speaks it, so every request is translated

    def build(self, request: ImageRequest, deployment: Deployment) -> WireRequest:
        for param, description in _unsupported(request):
            raise Unsupported(f"The provider 'gemini' does not support {description}.", param=param)
        images = [media_of(image, f"image[{number}]") for number, image in enumerate(request.images)]
        config: dict[str, Any] = {"responseModalities": ["TEXT", "IMAGE"]}
        if request.size in _RATIOS:
            config["imageConfig"] = {"aspectRatio": _RATIOS[request.size]}
        body = {
            "contents": [{"role": "user", "parts": [*images, {"text": request.prompt}]}],
            "generationConfig": config,
        }
        more = (request.extensions or {}).get(NAMESPACE, {})
        return post(deployment, "generateContent", with_extensions(_encode(body), more))

    def decoder(self, request: ImageRequest) -> Decoder:
        return _PicturesDecoder()


def _unsupported(request: ImageRequest) -> Iterator[tuple[str, str]]:
    """The name and a description of each parameter that Gemini doesn't have."""
    if request.n > 1:
        yield "n", "several pictures (n > 1)"
    if request.mask is not None:
        yield "mask", "masks"
    if request.size not in _RATIOS and request.size not in _DEFAULTS:
        yield "size", f"the size '{request.size}', only {', '.join(_RATIOS)} and auto"
    if request.quality not in _DEFAULTS:
        yield "quality", f"the quality '{request.quality}'"
    if request.background not in (None, "auto", "opaque"):
        yield "background", f"the background '{request.background}'"
    if request.format not in (None, "png"):
        yield "output_format", f"the format '{request.format}'"
    if request.url:
        yield "response_format", "addresses of pictures, only their data (b64_json)"
    if request.stream:
        yield "stream", "streams of pictures"


class _PicturesDecoder(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = read_reply(data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        blobs = [part.inline_data for part in _parts(reply) if part.inline_data is not None]
        pictures = tuple([Picture(data=blob.data, media_type=blob.mime_type) for blob in blobs])
        if not pictures:
            return [_no_picture(reply)]
        usage = reply.usage_metadata.usage() if reply.usage_metadata else None
        product = Product(Pictures(pictures=pictures, usage=usage))
        return [product, UsageSoFar(usage)] if usage else [product]


def _parts(reply: wire.Reply) -> Iterator[wire.Part]:
    for candidate in reply.candidates or ():
        if candidate.content is not None:
            yield from candidate.content.parts or ()


def _no_picture(reply: wire.Reply) -> Failure:
    """Gemini blocked the prompt, or only wrote text. Another try would fail in the same way, so the status is 400."""
    reasons = [candidate.finish_reason for candidate in reply.candidates or ()]
    if reply.prompt_feedback is not None:
        reasons.append(reply.prompt_feedback.block_reason)
    reason = next((reason for reason in reasons if reason), None)
    text = " ".join([part.text for part in _parts(reply) if part.text])
    return Failure(f"Gemini made no picture ({reason or 'without a reason'}). {text}".strip(), reason, 400)
