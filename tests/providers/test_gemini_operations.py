"""Embeddings, counts and pictures by Gemini."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import Raw, structs

from tests.support.failures import bare
from tests.support.fitting import told, wire_request
from tests.support.gemini_wire import BATCH_EMBED, COUNT, EMBED, PNG, TARGET, deployment, encoded, relayed, turn
from tests.support.relaying import relay_of
from turnout.core import (
    ChatRequest,
    CountRequest,
    EmbeddingRequest,
    Embeddings,
    Failure,
    Image,
    ImageRequest,
    Message,
    Picture,
    Pictures,
    Product,
    Request,
    SpeechRequest,
    StreamEvent,
    Text,
    TokenCount,
    Tool,
    Usage,
    UsageSoFar,
)
from turnout.errors import InvalidRequest, Unsupported, UpstreamBroken
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
VECTORS = ((0.5, -1.0), (0.25, 2.0))
BASE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
HELLO = ChatRequest(model="m", messages=(Message("user", (Text("hi"),)),))
FAILED = {"error": {"code": 503, "message": "Busy.", "status": "UNAVAILABLE"}}


def sent(request: Request, method: str) -> dict[str, Any]:
    """The body that is sent to ``method``."""
    wired = wire_request(GEMINI, request, deployment())
    assert wired.url == f"{BASE}:{method}"
    assert wired.headers["x-goog-api-key"] == "k"
    body: dict[str, Any] = json.loads(wired.body)
    return body


def named(request: Request) -> list[str]:
    return told(wire_request(GEMINI, request, deployment()))


def read(request: Request, reply: Mapping[str, Any] | bytes, *, relay: bool = False) -> list[StreamEvent]:
    operation = GEMINI.operation(request)
    decoder = relay_of(operation, request) if relay else operation.decoder(request)
    data = reply if isinstance(reply, bytes) else encoded(reply)
    return [*decoder.feed(data[:9]), *decoder.feed(data[9:]), *decoder.close()]


def test_what_it_has_no_answer_to_is_refused() -> None:
    with pytest.raises(Unsupported, match="'gemini' does not support speech"):
        GEMINI.operation(SpeechRequest(model="m", text="a", voice="v"))


# --- embeddings --------------------------------------------------------------------------------------


def embedding(*inputs: Any, **fields: Any) -> EmbeddingRequest:
    return EmbeddingRequest(model="m", inputs=inputs or ("a", "b"), **fields)


def content(text: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}]}}


def test_inputs_are_a_batch_for_one_model() -> None:
    extensions = {"gemini": {"title": Raw(b'"t"')}}
    request = embedding(dimensions=3, purpose="RETRIEVAL_DOCUMENT", user="u", extensions=extensions)
    settings = {"taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 3, "title": "t"}
    model = {"model": "models/gemini-2.5-flash"}
    assert sent(request, "batchEmbedContents") == {
        "requests": [{**model, **content("a"), **settings}, {**model, **content("b"), **settings}]
    }


def test_inputs_of_tokens_are_refused() -> None:
    with pytest.raises(Unsupported) as caught:
        sent(embedding((1, 2)), "batchEmbedContents")
    assert caught.value.param == "input"


def test_another_wires_fields_are_left_out_and_named() -> None:
    request = embedding(user="u", extensions={"ollama": {"options.seed": Raw(b"1")}})
    assert sent(request, "batchEmbedContents") == sent(embedding(), "batchEmbedContents")
    assert named(request) == ["user: left out", "options.seed: left out"]
    picture = image_request(extensions={"openai": {"style": Raw(b'"vivid"')}})
    assert sent(picture, "generateContent") == sent(image_request(), "generateContent")
    assert named(picture) == ["style: left out"]


def test_a_relayed_batch_keeps_its_fields_and_gets_the_models_name() -> None:
    body = {"requests": [{"model": "models/alias", **content("a"), "task_type": "X", "new": 1}], "more": 2}
    request = BATCH_EMBED.parse(encoded(body), TARGET)
    assert sent(request, "batchEmbedContents") == {
        "requests": [{"model": "models/gemini-2.5-flash", **content("a"), "task_type": "X", "new": 1}],
        "more": 2,
    }


def test_a_relayed_single_one_stays_single() -> None:
    request = EMBED.parse(encoded({"model": "models/alias", **content("a"), "new": 1}), TARGET)
    assert sent(request, "embedContent") == {"model": "models/gemini-2.5-flash", **content("a"), "new": 1}


def test_requests_that_are_no_objects_are_refused_by_field() -> None:
    request = BATCH_EMBED.parse(encoded({"requests": [content("a")]}), TARGET)
    raw = structs.replace(request.raw, fields={"requests": Raw(b"[5]")})
    with pytest.raises(InvalidRequest) as caught:
        sent(structs.replace(request, raw=raw), "batchEmbedContents")
    assert caught.value.param == "requests"


BATCH_REPLY = {"embeddings": [{"values": vector} for vector in VECTORS], "usageMetadata": {"promptTokenCount": 7}}


def test_vectors_are_read_with_their_usage() -> None:
    usage = Usage(input=7)
    assert read(embedding(), BATCH_REPLY) == [Product(Embeddings(vectors=VECTORS, usage=usage)), UsageSoFar(usage)]
    bare = {"embeddings": [{"values": [1.5]}]}
    assert read(embedding("a"), bare) == [Product(Embeddings(vectors=((1.5,),)))]


def test_relayed_vectors_pass_as_they_are() -> None:
    request = BATCH_EMBED.parse(encoded({"requests": [content("a"), content("b")]}), TARGET)
    events = read(request, BATCH_REPLY, relay=True)
    assert relayed(events) == encoded(BATCH_REPLY)
    assert events[1:] == [UsageSoFar(Usage(input=7))]
    single = EMBED.parse(encoded(content("a")), TARGET)
    reply = {"embedding": {"values": [0.5]}}
    assert relayed(read(single, reply, relay=True)) == encoded(reply)


@pytest.mark.parametrize(
    "reply", [b"<html>", b"", {"embeddings": [{"values": [1]}]}, {"embeddings": [{"values": "x"}]}], ids=str
)
def test_vectors_that_cannot_be_read_are_a_failure(reply: Any) -> None:
    with pytest.raises(UpstreamBroken):
        read(embedding(), reply)


@pytest.mark.parametrize(
    "request_", [embedding(), CountRequest(model="m", chat=HELLO), ImageRequest(model="m", prompt="p")]
)
def test_an_error_in_place_of_an_answer_is_told(request_: Request) -> None:
    assert bare(read(request_, FAILED)) == [Failure("Busy.", "UNAVAILABLE", 503)]


# --- counts ------------------------------------------------------------------------------------------


def test_a_whole_request_is_counted_with_its_tools() -> None:
    chat = structs.replace(HELLO, tools=(Tool("f"),))
    assert sent(CountRequest(model="m", chat=chat), "countTokens") == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-flash",
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
            "generationConfig": {},
        }
    }


@pytest.mark.parametrize("name", ["generateContentRequest", "generate_content_request"])
def test_a_relayed_count_gets_the_models_name(name: str) -> None:
    whole = {"contents": [turn({"text": "hi"})]}
    request = COUNT.parse(encoded({name: {"model": "models/alias", **whole}}), TARGET)
    assert sent(request, "countTokens") == {name: {"model": "models/gemini-2.5-flash", **whole}}
    plain = COUNT.parse(encoded(whole), TARGET)
    assert sent(plain, "countTokens") == whole


def test_a_count_is_as_reported() -> None:
    request = CountRequest(model="m", chat=HELLO)
    assert read(request, {"totalTokens": 12}) == [Product(TokenCount(tokens=12, source="reported"))]
    assert relayed(read(request, {"totalTokens": 12, "more": 1}, relay=True)) == b'{"totalTokens":12,"more":1}'
    assert bare(read(request, FAILED, relay=True)) == [Failure("Busy.", "UNAVAILABLE", 503)]


@pytest.mark.parametrize("reply", [b"", b"[]", b"{}", b'{"totalTokens":"many"}'])
def test_a_count_that_cannot_be_read_is_a_failure(reply: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(CountRequest(model="m", chat=HELLO), reply)


# --- pictures ----------------------------------------------------------------------------------------


def image_request(**fields: Any) -> ImageRequest:
    return ImageRequest(**{"model": "m", "prompt": "A lighthouse."} | fields)


def test_a_picture_is_asked_for_as_a_part_of_the_answer() -> None:
    image = Image(data=PNG, media_type="image/png")
    extensions = {"gemini": {"generationConfig.imageConfig": Raw(b'{"imageSize":"2K"}'), "safetySettings": Raw(b"[]")}}
    assert sent(image_request(images=(image,), size="1536x1024", format="png"), "generateContent") == {
        "contents": [
            {
                "role": "user",
                "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}, {"text": "A lighthouse."}],
            }
        ],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:2"}},
    }
    built = sent(image_request(extensions=extensions), "generateContent")
    assert built["generationConfig"]["imageConfig"] == {"imageSize": "2K"}
    assert built["safetySettings"] == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"mask": Image(data=PNG)}, "mask"),
        ({"size": "17x4"}, "size"),
        ({"quality": "hd"}, "quality"),
        ({"background": "transparent"}, "background"),
        ({"format": "webp"}, "output_format"),
        ({"url": True}, "response_format"),
        ({"stream": True}, "stream"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_cannot_be_told_of_a_picture_is_refused_by_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported) as caught:
        sent(image_request(**fields), "generateContent")
    assert caught.value.param == param


def answer(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, **fields}]}


def test_pictures_are_read_with_what_they_took() -> None:
    inline = {"inlineData": {"mimeType": "image/png", "data": PNG}}
    counts = {
        "promptTokenCount": 5,
        "candidatesTokenCount": 1300,
        "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 10}, {"modality": "IMAGE", "tokenCount": 1290}],
    }
    usage = Usage(input=5, output=1300, image_output=1290)
    pictures = Pictures(pictures=(Picture(data=PNG, media_type="image/png"),), usage=usage)
    reply = answer({"text": "Here:"}, inline) | {"usageMetadata": counts}
    assert read(image_request(), reply) == [Product(pictures), UsageSoFar(usage)]


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (answer({"text": "I'd rather not."}, finishReason="STOP"), "STOP", "I'd rather not."),
        (answer(finishReason="IMAGE_SAFETY"), "IMAGE_SAFETY", "IMAGE_SAFETY"),
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT", "PROHIBITED_CONTENT"),
        ({}, None, "without a reason"),
    ],
    ids=["words_only", "unsafe", "blocked_prompt", "nothing"],
)
def test_no_picture_is_an_error_that_another_try_would_not_mend(
    reply: dict[str, Any], code: str | None, words: str
) -> None:
    (failure,) = read(image_request(), reply)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.status) == (code, 400)
    assert words in failure.message
