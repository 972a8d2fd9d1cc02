"""Requests for images, and replies with any provider's images."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from msgspec import Raw

from tests.support.openai_wire import PNG
from turnout.core import Image, ImageRequest, Picture, Pictures, Product, Relayed, Usage, WireForm
from turnout.dialects import ReplyContext, Target
from turnout.dialects.openai.images import ImageEdits, ImageGenerations
from turnout.errors import InvalidRequest, UpstreamBroken

MAKE, EDIT = ImageGenerations(), ImageEdits()
CONTEXT = ReplyContext(request_id="req_1", model="painter", created=7)
PIXEL = base64.b64decode(PNG)
MADE = Pictures(
    pictures=(Picture(data="QQ=="), Picture(url="https://x.test/a.png", prompt="better")),
    usage=Usage(input=9, output=50, image_input=4),
)
USAGE = {
    "input_tokens": 9,
    "output_tokens": 50,
    "total_tokens": 59,
    "input_tokens_details": {"text_tokens": 5, "image_tokens": 4},
}


def making(**fields: Any) -> ImageRequest:
    return MAKE.parse(json.dumps({"model": "painter", "prompt": "rails"} | fields).encode())


def editing(files: Any, model: str = "", **fields: str) -> ImageRequest:
    request = httpx.Request("POST", "http://x.test", files=files, data={"prompt": "rails"} | fields)
    return EDIT.parse(request.read(), Target(model, content_type=request.headers["content-type"]))


ALL: dict[str, Any] = {"size": "64x64", "quality": "low", "background": "opaque", "output_format": "webp", "user": "u"}


def test_a_picture_is_asked_for() -> None:
    request = making(**ALL, n=2, response_format="url", stream=True, moderation="low")
    assert (request.model, request.prompt, request.n, request.size) == ("painter", "rails", 2, "64x64")
    assert (request.quality, request.background, request.format, request.user) == ("low", "opaque", "webp", "u")
    assert (request.url, request.stream) == (True, True)
    assert request.extensions == {"openai": {"moderation": Raw(b'"low"')}}
    assert (making().url, making(response_format="b64_json").url) == (None, False)


def test_a_change_is_asked_for() -> None:
    files = [("image[]", ("a.png", PIXEL)), ("image[]", ("b.png", PIXEL)), ("mask", ("m.png", PIXEL))]
    request = editing(files, model="painter", **ALL, n="3", stream="true", input_fidelity="high")
    image = Image(data=PNG, media_type="image/png")
    assert (request.model, request.images, request.mask, request.n) == ("painter", (image, image), image, 3)
    assert (request.size, request.format, request.stream, request.url) == ("64x64", "webp", True, None)
    assert request.extensions == {"openai": {"input_fidelity": Raw(b'"high"')}}
    assert isinstance(request.raw, WireForm)
    assert [part.name for part in request.raw.parts].count("image[]") == 2


PICTURE = [("image", ("a.png", PIXEL))]
BAD: dict[str, tuple[Any, dict[str, str], str]] = {
    "no picture": ([("other", ("a.png", PIXEL))], {"model": "m"}, "image"),
    "a text for a picture": ([("image", (None, b"x"))], {"model": "m"}, "image"),
    "no image in the file": ([("image", ("a.png", b"GIF?"))], {"model": "m"}, "image"),
    "no image in the mask": ([*PICTURE, ("mask", ("m.png", b""))], {"model": "m"}, "mask"),
    "no model": (PICTURE, {}, "model"),
    "no prompt": (PICTURE, {"model": "m", "prompt": ""}, "prompt"),
    "no number": (PICTURE, {"model": "m", "n": "many"}, "n"),
    "another form": (PICTURE, {"model": "m", "response_format": "gif"}, "response_format"),
}


@pytest.mark.parametrize(("files", "fields", "param"), BAD.values(), ids=BAD)
def test_what_is_wrong_with_a_form_is_named(files: Any, fields: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        editing(files, **fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": None}, "prompt"), ({"n": 0}, "n"), ({"response_format": "gif"}, "response_format")],
)
def test_what_is_wrong_with_a_body_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        making(**fields)
    assert caught.value.param == param


def test_the_model_in_azures_path_wins() -> None:
    assert editing(PICTURE, "mine").model == "mine"
    assert MAKE.parse(b'{"prompt":"rails"}', Target("mine")).model == "mine"


def test_pictures_are_told() -> None:
    assert json.loads(MAKE.body(making(), MADE, CONTEXT)) == {
        "created": 7,
        "data": [{"b64_json": "QQ=="}, {"url": "https://x.test/a.png", "revised_prompt": "better"}],
        "usage": USAGE,
    }


@pytest.mark.parametrize(
    ("endpoint", "word"), [(MAKE, "image_generation"), (EDIT, "image_edit")], ids=["made", "edited"]
)
def test_pictures_that_came_whole_are_told_as_events(endpoint: Any, word: str) -> None:
    renderer = endpoint.renderer(making(stream=True), CONTEXT)
    first, second, rest = renderer.feed([Product(MADE)]).split(b"\n\n")
    assert (rest, renderer.close()) == (b"", b"")
    name, data = first.split(b"\n")
    assert name == f"event: {word}.completed".encode()
    event = json.loads(data.removeprefix(b"data: "))
    assert (event["type"], event["b64_json"], event["usage"]) == (f"{word}.completed", "QQ==", USAGE)
    assert b"https://x.test/a.png" in second


def test_a_stream_is_passed_on_and_its_failure_told() -> None:
    renderer = MAKE.renderer(making(stream=True), CONTEXT)
    assert renderer.feed([Relayed(b"event: a\ndata: {}\n\n")]) == b"event: a\ndata: {}\n\n"
    assert b"It broke." in (renderer.fail(UpstreamBroken("It broke.")) or b"")
