"""Images (https://platform.openai.com/docs/api-reference/images) from a prompt, or from other images."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from turnout.core import FormPart, Image, ImageRequest, Picture, Pictures, Result, WireBody
from turnout.core.images import image_type
from turnout.dialects import HERE, Renderer, ReplyContext, Target
from turnout.dialects.multipart import Form, read_form
from turnout.dialects.parsing import check_encoding, decode, decode_fields
from turnout.errors import InvalidRequest

from .extensions import NAMESPACE, openai_extensions
from .paths import paths_of, with_model
from .result_renderer import ResultRenderer

_encode = msgspec.json.encode


class _Body(msgspec.Struct):
    model: Annotated[str, Meta(min_length=1)]
    prompt: str
    n: Annotated[int, Meta(ge=1)] | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None
    user: str | None = None


_BODY = msgspec.json.Decoder(_Body)
_KNOWN = frozenset(_Body.__struct_fields__)
_FORM_KNOWN = _KNOWN | {"image", "image[]", "mask"}
_BY_URL = {"url": True, "b64_json": False}


class _Images:
    """The replies that both endpoints share."""

    relayed_headers: frozenset[bytes] = frozenset()
    events: str  # the first part of the names of streamed events

    def renderer(self, request: ImageRequest, context: ReplyContext) -> Renderer:
        return ResultRenderer(context, self._completed_events)

    def media_type(self, request: ImageRequest) -> str:
        return "application/json"

    def body(self, request: ImageRequest, result: Pictures, context: ReplyContext) -> bytes:
        reply: dict[str, Any] = {
            "created": result.created or context.created,
            "data": [_picture(picture) for picture in result.pictures],
        }
        return _encode(reply | _usage(result))

    def _completed_events(self, result: Result) -> bytes:
        """One event for each image."""
        if not isinstance(result, Pictures):
            raise TypeError(f"{type(result).__name__} is no picture")
        name = f"{self.events}.completed"
        fields = {"type": name, "created_at": result.created} | _usage(result)
        frames = [_encode(fields | _picture(picture)) for picture in result.pictures]
        return b"".join([b"event: %s\ndata: %s\n\n" % (name.encode(), frame) for frame in frames])


class ImageGenerations(_Images):
    wire = "openai-images"
    operation = ImageRequest.operation
    paths = paths_of("images/generations")
    events = "image_generation"

    def parse(self, body: bytes, target: Target = HERE) -> ImageRequest:
        check_encoding(body)
        body = with_model(body, target)
        typed, fields = decode(_BODY, body), decode_fields(body)
        return ImageRequest(
            model=typed.model,
            prompt=typed.prompt,
            n=typed.n or 1,
            size=typed.size,
            quality=typed.quality,
            background=typed.background,
            format=typed.output_format,
            url=_BY_URL.get(typed.response_format or ""),
            stream=bool(typed.stream),
            user=typed.user,
            extensions=openai_extensions(fields, _KNOWN),
            raw=WireBody(self.wire, fields),
        )


class ImageEdits(_Images):
    wire = "openai-image-edits"
    operation = ImageRequest.operation
    paths = paths_of("images/edits")
    request_type = "multipart/form-data"
    events = "image_edit"

    def parse(self, body: bytes, target: Target = HERE) -> ImageRequest:
        form = read_form(body, target.content_type)
        images = tuple([_image(part) for part in form.files("image")])
        if not images:
            raise InvalidRequest("The form lacks the file 'image'.", param="image")
        unknown = form.unknown(_FORM_KNOWN)
        return ImageRequest(
            model=target.model or form.required("model"),
            prompt=form.required("prompt"),
            images=images,
            mask=next((_image(part) for part in form.files("mask")), None),
            n=form.count("n") or 1,
            size=form.text("size"),
            quality=form.text("quality"),
            background=form.text("background"),
            format=form.text("output_format"),
            url=_by_url(form),
            stream=form.flag("stream"),
            user=form.text("user"),
            extensions={NAMESPACE: unknown} if unknown else None,
            raw=form.raw(self.wire),
        )


def _image(part: FormPart) -> Image:
    media_type = image_type(part.value[:12])
    if media_type is None:
        raise InvalidRequest(f"Invalid '{part.name}': the file '{part.file_name}' is not an image.", param=part.name)
    return Image(data=b64encode(part.value).decode(), media_type=media_type)


def _by_url(form: Form) -> bool | None:
    response_format = form.text("response_format")
    if response_format is not None and response_format not in _BY_URL:
        raise InvalidRequest(
            f"Invalid 'response_format': '{response_format}' is neither url nor b64_json.", param="response_format"
        )
    return _BY_URL.get(response_format or "")


def _picture(picture: Picture) -> dict[str, Any]:
    fields = {"b64_json": picture.data, "url": picture.url, "revised_prompt": picture.prompt}
    return {name: value for name, value in fields.items() if value is not None}


def _usage(result: Pictures) -> dict[str, Any]:
    usage = result.usage
    if usage is None:
        return {}
    return {
        "usage": {
            "input_tokens": usage.input,
            "output_tokens": usage.output,
            "total_tokens": usage.total,
            "input_tokens_details": {"text_tokens": usage.input - usage.image_input, "image_tokens": usage.image_input},
        }
    }
