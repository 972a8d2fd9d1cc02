"""Pictures on OpenAI's wire (https://platform.openai.com/docs/api-reference/images): generations and edits.

A picture is a PNG in the requested size. It has one colour, which depends on the prompt.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import Answer
from turnout.simulator.form import Field, read_form
from turnout.simulator.http import Request
from turnout.simulator.question import IMAGE_TOKENS, Question
from turnout.simulator.refused import Refused
from turnout.simulator.wire import Frame, decode, sse

from .openai_completions_embeddings import BesideChat

LARGEST = 4096
"""Pixels along an edge."""


class ImageBody(msgspec.Struct):
    prompt: str
    model: str = ""
    n: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    size: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None


IMAGE_BODY = msgspec.json.Decoder(ImageBody)


class Details(msgspec.Struct, frozen=True):
    width: int
    height: int
    url: bool


class Generations(BesideChat):
    """GPT image models always send base64. ``dall-e`` models send addresses by default."""

    kind = "images"
    event = "image_generation"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(IMAGE_BODY, request.body)
        return self._question(body, path)

    def _question(self, body: ImageBody, path: Mapping[str, str], images: tuple[str, ...] = ()) -> Question:
        model = path.get("deployment", "") or body.model
        width, height = _size(body.size or "auto")
        by_url = body.response_format == "url" or (body.response_format is None and model.startswith("dall-e"))
        return Question(
            model=model,
            stream=bool(body.stream),
            prompt=body.prompt,
            tokens=len(body.prompt.split()) + IMAGE_TOKENS * len(images),
            images=images,
            choices=body.n or 1,
            generates=False,
            details=Details(width, height, by_url),
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        reply = {
            "created": int(time.time()),
            "data": [self._picture(question, number) for number in range(question.choices)],
            "size": f"{question.details.width}x{question.details.height}",
            "output_format": "png",
            "usage": _usage(question),
        }
        return msgspec.json.encode(reply)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        picture = {"b64_json": _base64(question, 0), "created_at": int(time.time()), "output_format": "png"}
        size = f"{question.details.width}x{question.details.height}"
        picture |= {"size": size, "quality": "low", "background": "opaque"}
        partial, done = f"{self.event}.partial_image", f"{self.event}.completed"
        yield Frame(sse({**picture, "type": partial, "partial_image_index": 0}, partial), "content")
        yield Frame(sse({**picture, "type": done, "usage": _usage(question)}, done), "end")

    def _picture(self, question: Question, number: int) -> dict[str, Any]:
        if question.details.url:
            return {"url": f"https://pictures.example/{number}.png", "revised_prompt": question.prompt}
        return {"b64_json": _base64(question, number)}


class Edits(Generations):
    kind = "image-edits"
    event = "image_edit"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        fields = read_form(request)
        if "image" not in fields or "prompt" not in fields:
            raise Refused(400, "'image' and 'prompt' are needed.")
        plain = {name: values[0].text for name, values in fields.items() if not values[0].file_name}
        try:
            body = msgspec.convert(plain, ImageBody, strict=False)
        except msgspec.ValidationError as error:
            raise Refused(400, f"Invalid form: {error}") from error
        return self._question(body, path, tuple(f"{len(image.value)} bytes" for image in _source_images(fields)))


def _source_images(fields: dict[str, list[Field]]) -> list[Field]:
    return [*fields["image"], *fields.get("mask", [])]


def png(width: int, height: int, colour: bytes) -> bytes:
    """A picture of one colour (three bytes: red, green, blue)."""
    rows = (b"\0" + colour * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _base64(question: Question, number: int) -> str:
    colour = hashlib.sha256(f"{question.prompt}/{number}".encode()).digest()[:3]
    return base64.b64encode(png(question.details.width, question.details.height, colour)).decode()


def _size(size: str) -> tuple[int, int]:
    if size == "auto":
        return 64, 64
    match = re.fullmatch(r"(\d+)x(\d+)", size)
    if match is None or max(int(match[1]), int(match[2])) > LARGEST:
        raise Refused(400, f"Invalid size '{size}'.", param="size")
    return int(match[1]), int(match[2])


def _usage(question: Question) -> dict[str, Any]:
    image_tokens = IMAGE_TOKENS * len(question.images)
    output_tokens = IMAGE_TOKENS * question.choices
    return {
        "input_tokens": question.tokens,
        "input_tokens_details": {"text_tokens": question.tokens - image_tokens, "image_tokens": image_tokens},
        "output_tokens": output_tokens,
        "total_tokens": question.tokens + output_tokens,
    }
