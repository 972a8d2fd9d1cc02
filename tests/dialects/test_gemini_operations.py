"""Embeddings and counts in Gemini's dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types as sdk

from tests.support.gemini_wire import BATCH_EMBED, CONTEXT, COUNT, EMBED, TARGET, encoded, raw, turn
from tests.support.whole_requests import read_whole
from turnout.core import CountRequest, EmbeddingRequest, Embeddings, Text, TokenCount, Tool, Usage, WireBody

VECTORS = ((0.5, -1.0), (0.25, 2.0))
FILE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


def content(*texts: str) -> dict[str, Any]:
    return {"parts": [{"text": text} for text in texts]}


def embed(**fields: Any) -> EmbeddingRequest:
    request: EmbeddingRequest = read_whole(EMBED, encoded(fields), TARGET)
    return request


def batch(*requests: dict[str, Any]) -> EmbeddingRequest:
    request: EmbeddingRequest = read_whole(BATCH_EMBED, encoded({"requests": requests}), TARGET)
    return request


def test_one_content_is_one_input() -> None:
    fields = {"content": content("a", "b"), "taskType": "RETRIEVAL_QUERY", "output_dimensionality": 3, "title": "t"}
    assert embed(model="models/ignored", **fields) == EmbeddingRequest(
        model="fast",
        inputs=("a\nb",),
        dimensions=3,
        purpose="RETRIEVAL_QUERY",
        extensions={"gemini": {"title": raw("t")}},
        raw=WireBody(
            "gemini-embed", {name: raw(value) for name, value in {"model": "models/ignored", **fields}.items()}
        ),
    )


def test_a_batch_has_an_input_for_every_content() -> None:
    settings = {"model": "models/x", "taskType": "CLUSTERING", "outputDimensionality": 3}
    request = batch({**settings, "content": content("a")}, {**settings, "content": {"parts": {"text": "b"}}})
    assert (request.inputs, request.dimensions, request.purpose) == (("a", "b"), 3, "CLUSTERING")
    assert request.extensions is None
    assert request.raw is not None
    assert request.raw.wire == "gemini-batch-embed"


@pytest.mark.parametrize(
    "second",
    [{"taskType": "CLUSTERING"}, {"outputDimensionality": 4}, {"title": "t"}],
    ids=["purpose", "dimensions", "title"],
)
def test_settings_that_differ_within_a_batch_are_only_geminis(second: dict[str, Any]) -> None:
    requests = [{"content": content("a")}, {"content": content("b"), **second}]
    assert batch(*requests).extensions == {"gemini": {"requests": raw(requests)}}


def test_contents_that_are_no_text_are_only_geminis() -> None:
    picture = {"parts": [{"text": "a"}, FILE]}
    assert embed(content=picture).extensions == {"gemini": {"content": raw(picture)}}


def test_vectors_are_told_as_google_does() -> None:
    embeddings = Embeddings(vectors=VECTORS, usage=Usage(input=7))
    body = BATCH_EMBED.body(batch({"content": content("a")}), embeddings, CONTEXT)
    assert [each.values for each in sdk.EmbedContentResponse.model_validate_json(body).embeddings or ()] == [
        list(vector) for vector in VECTORS
    ]
    assert json.loads(body)["usageMetadata"] == {"promptTokenCount": 7, "totalTokenCount": 7}
    alone = EMBED.body(embed(content=content("a")), Embeddings(vectors=VECTORS[:1]), CONTEXT)
    assert json.loads(alone) == {"embedding": {"values": [0.5, -1.0]}}


@pytest.mark.parametrize("endpoint", [EMBED, BATCH_EMBED, COUNT], ids=lambda endpoint: endpoint.wire)
def test_none_of_them_is_streamed(endpoint: Any) -> None:
    with pytest.raises(NotImplementedError):
        endpoint.renderer(None, CONTEXT)
    assert endpoint.media_type(None) == "application/json"


def count(**fields: Any) -> CountRequest:
    request: CountRequest = read_whole(COUNT, encoded(fields), TARGET)
    return request


def test_some_contents_are_counted() -> None:
    request = count(contents=[turn({"text": "hi"})])
    assert (request.model, request.chat.model) == ("fast", "fast")
    assert request.chat.messages[0].parts == (Text("hi"),)
    assert request.raw == WireBody("gemini-count", {"contents": raw([turn({"text": "hi"})])})


@pytest.mark.parametrize("name", ["generateContentRequest", "generate_content_request"])
def test_a_whole_request_is_counted(name: str) -> None:
    fields = {
        "model": "models/x",
        "contents": [turn({"text": "hi"})],
        "system_instruction": {"parts": {"text": "Be brief."}},
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    }
    request = count(**{name: fields})
    assert [message.role for message in request.chat.messages] == ["system", "user"]
    assert request.chat.tools == (Tool("f"),)


def test_a_count_is_told_as_google_does() -> None:
    body = COUNT.body(count(contents=[turn({"text": "hi"})]), TokenCount(tokens=12, source="estimated"), CONTEXT)
    assert sdk.CountTokensResponse.model_validate_json(body).total_tokens == 12
