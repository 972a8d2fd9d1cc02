"""Images on OpenAI's wire: what is sent, and what is told of the reply."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.failures import bare
from tests.support.fitting import told, wire_request
from tests.support.openai_wire import PNG, PROVIDER, VENDORS, deployment, read
from tests.support.relaying import relay_of
from turnout.core import (
    Failure,
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
    WireBody,
    WireForm,
)
from turnout.dialects.multipart import read_form
from turnout.errors import Unsupported, UpstreamBroken

IMAGE = Image(data=PNG, media_type="image/png")
PIXEL = base64.b64decode(PNG)
USED = {
    "input_tokens": 9,
    "output_tokens": 50,
    "total_tokens": 59,
    "input_tokens_details": {"text_tokens": 5, "image_tokens": 4},
}
USAGE = Usage(input=9, output=50, image_input=4, image_output=50)
REPLY = json.dumps(
    {"created": 5, "output_format": "webp", "data": [{"b64_json": "QQ==", "revised_prompt": "better"}], "usage": USED}
).encode()


def asking(**fields: Any) -> ImageRequest:
    said: dict[str, Any] = {"model": "painter", "prompt": "rails"} | fields
    return ImageRequest(**said)


MAKE = asking(raw=WireBody("openai-images", {"model": Raw(b'"painter"'), "odd": Raw(b"1")}))
STREAMED = asking(stream=True, raw=WireBody("openai-images", {"stream": Raw(b"true")}))
EDIT = asking(images=(IMAGE,), raw=WireForm("openai-image-edits", (FormPart("odd", b"1"), FormPart("model", b"x"))))


def events(request: ImageRequest, body: bytes, cuts: tuple[int, ...] = ()) -> list[StreamEvent]:
    operation = PROVIDER.operation(request)
    relay = request.raw is not None and request.raw.wire == operation.wire
    return read(relay_of(operation, request) if relay else operation.decoder(request), body, cuts)


def made(request: ImageRequest) -> Any:
    wire = wire_request(PROVIDER, request, deployment(model="m-1"))
    assert wire.url.endswith("/v1/images/generations")
    return json.loads(wire.body)


def edited(request: ImageRequest) -> tuple[FormPart, ...]:
    wire = wire_request(PROVIDER, request, deployment(model="m-1"))
    assert wire.url.endswith("/v1/images/edits")
    return read_form(wire.body, wire.headers["content-type"]).parts


def test_the_clients_own_fields_are_relayed() -> None:
    assert made(MAKE) == {"model": "m-1", "odd": 1}
    assert set(edited(EDIT)) == {FormPart("model", b"m-1"), FormPart("odd", b"1")}


def test_a_request_from_elsewhere_is_built_anew() -> None:
    request = asking(
        n=2,
        size="64x64",
        quality="low",
        background="opaque",
        format="webp",
        url=True,
        user="u",
        stream=True,
        extensions={"openai": {"moderation": Raw(b'"low"')}},
    )
    assert made(request) == {
        "model": "m-1",
        "prompt": "rails",
        "n": 2,
        "size": "64x64",
        "quality": "low",
        "background": "opaque",
        "output_format": "webp",
        "response_format": "url",
        "user": "u",
        "moderation": "low",
    }
    assert made(asking()) == {"model": "m-1", "prompt": "rails"}
    assert made(asking(url=False))["response_format"] == "b64_json"


def test_a_change_from_elsewhere_is_built_anew() -> None:
    one = edited(asking(images=(IMAGE,), mask=IMAGE, n=2, extensions={"openai": {"input_fidelity": Raw(b'"high"')}}))
    assert one == (
        FormPart("model", b"m-1"),
        FormPart("prompt", b"rails"),
        FormPart("n", b"2"),
        FormPart("input_fidelity", b"high"),
        FormPart("image", PIXEL, "image0.png", "image/png"),
        FormPart("mask", PIXEL, "image0.png", "image/png"),
    )
    assert [part.name for part in edited(asking(images=(IMAGE, IMAGE)))][2:] == ["image[]", "image[]"]


def test_what_this_wire_cant_say_is_refused_by_name() -> None:
    with pytest.raises(Unsupported) as caught:
        edited(asking(images=(Image(url="https://x.test/a.png"),)))
    assert caught.value.param == "image"


def test_another_wires_fields_are_left_out_and_named() -> None:
    extensions = {"gemini": {"aspectRatio": Raw(b'"1:1"')}}
    assert made(asking(extensions=extensions)) == made(asking())
    assert edited(asking(images=(IMAGE,), extensions=extensions)) == edited(asking(images=(IMAGE,)))
    for images in ((), (IMAGE,)):
        request = asking(images=images, extensions=extensions)
        assert told(wire_request(PROVIDER, request, deployment())) == ["aspectRatio: left out"]


@pytest.mark.parametrize("vendor", ["vllm", "llamacpp"])
def test_a_vendor_without_pictures_says_so(vendor: str) -> None:
    with pytest.raises(Unsupported, match=f"'{vendor}' does not support making images"):
        VENDORS[vendor].operation(MAKE)


def test_a_reply_is_relayed_with_its_usage() -> None:
    assert events(MAKE, REPLY) == events(EDIT, REPLY) == [Relayed(REPLY), UsageSoFar(USAGE)]


def test_a_reply_is_read() -> None:
    picture = Picture(data="QQ==", media_type="image/webp", prompt="better")
    product = Product(Pictures(pictures=(picture,), created=5, usage=USAGE))
    assert events(asking(), REPLY) == [product, UsageSoFar(USAGE)]
    assert events(asking(stream=True), REPLY) == [product, UsageSoFar(USAGE), Finish("stop", "completed")]


def test_output_that_is_told_apart_is_counted_apart() -> None:
    used = USED | {"output_tokens_details": {"text_tokens": 10, "image_tokens": 40}}
    body = json.dumps({"data": [{"b64_json": "QQ=="}], "usage": used}).encode()
    assert events(MAKE, body)[1] == UsageSoFar(Usage(input=9, output=50, image_input=4, image_output=40))


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


STREAM = event("image_generation.partial_image", b64_json="QQ==", partial_image_index=0) + event(
    "image_generation.completed", b64_json="QUE=", usage=USED
)


@given(st.sets(st.integers(0, len(STREAM)), max_size=5))
def test_a_stream_is_relayed_event_by_event(cuts: set[int]) -> None:
    told = events(STREAMED, STREAM, tuple(cuts))
    assert b"".join([one.data for one in told if isinstance(one, Relayed)]) == STREAM
    assert [one for one in told if not isinstance(one, Relayed)] == [
        UsageSoFar(USAGE),
        Finish("stop", "image_generation.completed"),
    ]


def test_a_large_picture_is_one_event() -> None:
    """An event of 20 MB comes in many pieces."""
    large = event("image_generation.completed", b64_json="A" * 20_000_000)
    reader = relay_of(PROVIDER.operation(STREAMED), STREAMED)
    told = [one for at in range(0, len(large), 65536) for one in reader.feed(large[at : at + 65536])]
    assert told == [Relayed(large), Finish("stop", "image_generation.completed")]


def test_a_stream_that_was_cut_has_no_finish() -> None:
    for end in range(0, len(STREAM) - 2, 9):
        try:
            told = events(STREAMED, STREAM[:end])
        except UpstreamBroken:
            continue
        assert not [one for one in told if isinstance(one, Finish)]


def test_an_error_is_a_failure_wherever_it_comes() -> None:
    error = b'{"error":{"message":"No.","code":"moderation_blocked"}}'
    failure = Failure("No.", "moderation_blocked", 400)
    assert bare(events(MAKE, error)) == bare(events(asking(), error)) == [failure]
    assert bare(events(STREAMED, STREAM[:100].partition(b"\n\n")[2] + b"event: error\ndata: " + error + b"\n\n")) == [
        failure
    ]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data":7}', b"\xff", b"[" * 100_000], ids=repr)
def test_what_isnt_of_this_wire_is_a_broken_upstream(body: bytes) -> None:
    for request in (MAKE, EDIT, asking()):
        with pytest.raises(UpstreamBroken):
            events(request, body)
