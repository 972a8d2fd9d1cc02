"""Embeddings on OpenAI's wire: what is sent, and how each form of reply is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Raw

from tests.support.failures import bare
from tests.support.fitting import told, wire_request
from tests.support.openai_wire import PROVIDER, VENDORS, deployment, read
from tests.support.relaying import relay_of
from turnout.core import (
    EmbeddingRequest,
    Embeddings,
    Failure,
    Product,
    Relayed,
    StreamEvent,
    Usage,
    UsageSoFar,
    WireBody,
)
from turnout.core.vectors import packed
from turnout.errors import Unsupported, UpstreamBroken

VECTORS = ((0.5, -1.0, 2.0), (0.25, 0.0, -3.5))
USAGE = {"prompt_tokens": 5, "total_tokens": 5}


def asking(inputs: tuple[Any, ...] = ("a", "b"), **fields: Any) -> EmbeddingRequest:
    return EmbeddingRequest(model="vectors", inputs=inputs, **fields)


def relayed(encoding: str | None = None, **fields: Any) -> EmbeddingRequest:
    said = {"model": "vectors", "input": ["a", "b"], **fields}
    if encoding:
        said["encoding_format"] = encoding
    raw = {name: Raw(json.dumps(value).encode()) for name, value in said.items()}
    return asking(raw=WireBody("openai-embeddings", raw))


def reply(vectors: Any = VECTORS, **fields: Any) -> bytes:
    rows = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return json.dumps({"object": "list", "data": rows, "model": "e-3", "usage": USAGE} | fields).encode()


def sent(request: EmbeddingRequest, vendor: str = "openai") -> dict[str, Any]:
    wire = wire_request(VENDORS[vendor], request, deployment(model="m-1"))
    assert wire.url.endswith("/embeddings")
    body: dict[str, Any] = json.loads(wire.body)
    return body


def events(request: EmbeddingRequest, body: bytes) -> list[StreamEvent]:
    operation = PROVIDER.operation(request)
    relay = request.raw is not None and request.raw.wire == operation.wire
    return read(relay_of(operation, request) if relay else operation.decoder(request), body)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_relays_the_clients_fields_with_the_model_swapped(vendor: str) -> None:
    body = sent(relayed("base64", dimensions=7, odd={"x": 1}), vendor)
    assert body == {
        "model": "m-1",
        "input": ["a", "b"],
        "encoding_format": "base64",
        "dimensions": 7,
        "odd": {"x": 1},
    }


def test_a_request_from_elsewhere_is_built_anew() -> None:
    extensions = {"openai": {"odd": Raw(b"1")}}
    request = asking(dimensions=3, user="u", purpose="RETRIEVAL_QUERY", extensions=extensions)
    assert sent(request) == {"model": "m-1", "input": ["a", "b"], "dimensions": 3, "user": "u", "odd": 1}
    assert sent(asking(("a",))) == {"model": "m-1", "input": "a"}
    assert sent(asking(((1, 2),)))["input"] == [[1, 2]]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_vendor_that_refuses_a_field_is_named(vendor: str) -> None:
    request = asking(extensions={"ollama-generate": {"template": Raw(b'"x"')}})
    with pytest.raises(Unsupported, match=f"The provider '{vendor}' does not support 'template'"):
        wire_request(VENDORS[vendor], request, deployment(provider=vendor))


def test_another_wires_fields_are_left_out_and_named_unless_they_are_an_input() -> None:
    hint = asking(purpose="RETRIEVAL_QUERY", extensions={"ollama": {"truncate": Raw(b"true")}})
    assert sent(hint) == sent(asking())
    assert told(wire_request(PROVIDER, hint, deployment())) == ["taskType: left out", "truncate: left out"]
    with pytest.raises(Unsupported, match="'template'") as caught:
        sent(asking(extensions={"ollama-generate": {"template": Raw(b'"x"')}}))
    assert caught.value.param == "template"


FORMS = {"numbers": VECTORS, "base64": tuple(map(packed, VECTORS))}


@pytest.mark.parametrize("vectors", FORMS.values(), ids=FORMS)
def test_both_forms_of_vectors_are_read(vectors: Any) -> None:
    made = Embeddings(vectors=VECTORS, model="e-3", usage=Usage(input=5))
    assert events(asking(), reply(vectors)) == [Product(made), UsageSoFar(Usage(input=5))]


def test_vectors_are_put_in_the_order_of_their_inputs() -> None:
    rows = [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": [0.0]}]
    (product,) = events(asking(), reply(data=rows, usage=None))
    assert product == Product(Embeddings(vectors=((0.0,), (1.0,)), model="e-3"))


@pytest.mark.parametrize("asked", [None, "float", "base64"])
@pytest.mark.parametrize("form", FORMS)
def test_a_reply_is_relayed_if_its_vectors_are_as_asked_for_and_else_read(asked: str | None, form: str) -> None:
    body = reply(FORMS[form])
    first, usage = events(relayed(asked), body)
    assert usage == UsageSoFar(Usage(input=5))
    if (asked == "base64") == (form == "base64"):
        assert first == Relayed(body)
    else:
        assert isinstance(first, Product)
        assert isinstance(first.result, Embeddings)
        assert first.result.vectors == VECTORS


BROKEN = {
    "not json": b"<html>",
    "no data": b"{}",
    "too few": reply(VECTORS[:1]),
    "not base64": reply(["*", "*"]),
    "half a float": reply(["AAA=", "AAA="]),
    "no vector": reply([None, None]),
    "texts in a vector": reply([["x"], ["y"]]),
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_cant_be_read_is_a_broken_upstream(body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        events(asking(), body)


@pytest.mark.parametrize("name", ["not json", "no data", "no vector", "deep"])
def test_what_isnt_of_this_wire_is_not_relayed(name: str) -> None:
    with pytest.raises(UpstreamBroken):
        events(relayed("base64"), BROKEN[name])


def test_an_error_in_place_of_vectors_is_a_failure() -> None:
    body = b'{"error":{"message":"No.","code":"bad"}}'
    assert bare(events(asking(), body)) == bare(events(relayed(), body)) == [Failure("No.", "bad")]


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=5), min_size=1))
def test_base64_and_numbers_tell_the_same(vectors: list[list[float]]) -> None:
    request = asking(("x",) * len(vectors))
    assert events(request, reply([packed(vector) for vector in vectors])) == events(request, reply(vectors))


@given(st.binary(max_size=300))
def test_noise_never_passes(noise: bytes) -> None:
    assume(b'"error"' not in noise)  # an error that says nothing is an error
    for request in (asking(), relayed("base64"), relayed()):
        with pytest.raises(UpstreamBroken):
            events(request, noise)
