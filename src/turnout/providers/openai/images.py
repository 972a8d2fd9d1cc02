"""Images (https://platform.openai.com/docs/api-reference/images)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from turnout.core import (
    Deployment,
    Extra,
    Finish,
    FormPart,
    Image,
    ImageRequest,
    Picture,
    Pictures,
    Product,
    Relayed,
    StreamEvent,
    Usage,
    UsageSoFar,
    WireForm,
    WireRequest,
)
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import Decoder
from turnout.providers.frames import BodyReader
from turnout.providers.unreadable import decode_reply

from .access import Access
from .chat.build import NAMESPACE
from .chat.decode import failure_of
from .events import EventRelay
from .form import field, fields, relayed_parts, send_form
from .json_operation import JsonOperation
from .tokens import pictures_of, tokens_of

_ENDS = frozenset({"image_generation.completed", "image_edit.completed"})
_usage_of = partial(tokens_of, pictures=True)


class _Row(msgspec.Struct):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Reply(msgspec.Struct):
    data: list[_Row] | None = None
    created: float | None = None
    output_format: str | None = None
    usage: Raw = Raw()
    error: Any = None


class _RelayedReply(msgspec.Struct):
    """The fields that are read of a relayed reply. The pictures stay raw, as they are large."""

    data: Raw = Raw()
    usage: Raw = Raw()
    error: Any = None


_Decoded = TypeVar("_Decoded")
_REPLY = msgspec.json.Decoder(_Reply)
_RELAYED_REPLY = msgspec.json.Decoder(_RelayedReply)


def _translated_fields(request: ImageRequest, deployment: Deployment) -> dict[str, Any]:
    """The fields of both wires. ``stream`` isn't sent: only a client of the same wire understands its streams."""
    fields = {
        "model": deployment.model,
        "prompt": request.prompt,
        "n": request.n if request.n > 1 else None,
        "size": request.size,
        "quality": request.quality,
        "background": request.background,
        "output_format": request.format,
        "response_format": None if request.url is None else "url" if request.url else "b64_json",
        "user": request.user,
    }
    return {name: value for name, value in fields.items() if value is not None}


class _ImageReplies:
    """Both wires have the same replies."""

    def decoder(self, request: ImageRequest) -> Decoder:
        return _PicturesDecoder(request)

    def relay(self, request: ImageRequest) -> Decoder:
        return EventRelay(_ENDS, _usage_of) if request.stream else _PicturesRelay()


class GenerationsWire(_ImageReplies, JsonOperation[ImageRequest]):
    wire = "openai-images"
    path = "images/generations"

    def _translated_fields(self, request: ImageRequest, deployment: Deployment) -> dict[str, Any]:
        return _translated_fields(request, deployment)


class EditsWire(_ImageReplies):
    wire = "openai-image-edits"

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: ImageRequest, deployment: Deployment) -> WireRequest:
        raw = request.raw
        if isinstance(raw, WireForm) and raw.wire == self.wire:
            parts = relayed_parts(raw, deployment)
        else:
            parts = self._parts(request, deployment)
        return send_form(self._access, deployment, "images/edits", parts)

    def _parts(self, request: ImageRequest, deployment: Deployment) -> Iterator[FormPart]:
        yield from fields(**_translated_fields(request, deployment))
        for name, value in (request.extensions or {}).get(NAMESPACE, {}).items():
            yield field(name, msgspec.json.decode(value))
        field_name = "image" if len(request.images) == 1 else "image[]"
        for number, image in enumerate(request.images):
            yield _file(field_name, image, number)
        if request.mask:
            yield _file("mask", request.mask, 0)


def _file(name: str, image: Image, number: int) -> FormPart:
    if image.data is None:
        raise Unsupported("OpenAI's wire edits images by their data, not by their address.", param="image")
    media_type = image.media_type or "image/png"
    return FormPart(name, b64decode(image.data), f"image{number}.{media_type.removeprefix('image/')}", media_type)


class _PicturesDecoder(BodyReader):
    def __init__(self, request: ImageRequest) -> None:
        super().__init__()
        self._stream = request.stream

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(_REPLY, data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not reply.data:
            raise UpstreamBroken("The provider's reply has no images.")
        usage = _usage_of(reply.usage)
        media_type = f"image/{reply.output_format}" if reply.output_format else None
        pictures = tuple(
            [
                Picture(url=row.url, data=row.b64_json, media_type=media_type, prompt=row.revised_prompt)
                for row in reply.data
            ]
        )
        events: list[StreamEvent] = [Product(Pictures(pictures=pictures, created=int(reply.created or 0), usage=usage))]
        events.append(UsageSoFar(usage or Usage(extra=Extra(images=len(pictures)))))
        return [*events, Finish("stop", "completed")] if self._stream else events


class _PicturesRelay(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(_RELAYED_REPLY, data)
        if reply.error is not None:
            return [failure_of(reply.error)]
        if bytes(memoryview(reply.data)[:1]) != b"[":
            raise UpstreamBroken("The provider's reply has no images.")
        return [Relayed(data), UsageSoFar(_usage_of(reply.usage) or pictures_of(reply.data))]


def _read(decoder: msgspec.json.Decoder[_Decoded], data: bytes) -> _Decoded:
    return decode_reply(decoder, data, "The provider sent what aren't images.")
