"""Embeddings by Ollama (``/api/embed``)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw, structs

from tests.support.failures import bare
from tests.support.fitting import told, wire_request
from tests.support.openai_wire import read
from turnout.core import (
    Deployment,
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
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import registry

PROVIDER: Any = registry()["ollama"]
PLACE = Deployment(id="d", provider="ollama", model="nomic", base_url="http://o.test")
REPLY = b'{"model":"nomic","embeddings":[[0.5,-1],[0.25,2]],"total_duration":14,"prompt_eval_count":8}'


def embedding_request(inputs: tuple[Any, ...] = ("a", "b"), **fields: Any) -> EmbeddingRequest:
    return EmbeddingRequest(model="vectors", inputs=inputs, **fields)


def sent(request: EmbeddingRequest) -> Any:
    wire = wire_request(PROVIDER, request, PLACE)
    assert wire.url == "http://o.test/api/embed"
    return json.loads(wire.body)


def events(request: EmbeddingRequest, body: bytes) -> list[StreamEvent]:
    operation = PROVIDER.operation(request)
    relay = request.raw is not None and request.raw.wire == operation.wire
    return read(operation.relay(request) if relay else operation.decoder(request), body)


RELAYED = embedding_request(
    raw=WireBody("ollama-embed", {"model": Raw(b'"vectors"'), "input": Raw(b'["a","b"]'), "odd": Raw(b"1")})
)


def test_a_request_is_built_from_the_core() -> None:
    request = embedding_request(dimensions=3)
    assert sent(request) == {"model": "nomic", "input": ["a", "b"], "dimensions": 3}


def test_its_own_clients_fields_are_relayed() -> None:
    assert sent(RELAYED) == {"model": "nomic", "input": ["a", "b"], "odd": 1}


def test_its_own_extensions_and_options_are_sent() -> None:
    """They come from ``/api/embeddings``, the older form."""
    extensions = {"ollama": {"keep_alive": Raw(b"5"), "options.num_ctx": Raw(b"512")}}
    assert sent(embedding_request(("a",), extensions=extensions)) == {
        "model": "nomic",
        "input": ["a"],
        "keep_alive": 5,
        "options": {"num_ctx": 512},
    }


@pytest.mark.parametrize(
    ("request_", "options"),
    [
        (embedding_request(), {"num_ctx": 9}),
        (RELAYED, {"num_ctx": 9}),
        (embedding_request(extensions={"ollama": {"options.num_ctx": Raw(b"5")}}), {"num_ctx": 5}),
    ],
    ids=["translated", "relayed", "said"],
)
def test_a_deployments_options_fill_in_what_the_caller_left_out(
    request_: EmbeddingRequest, options: dict[str, Any]
) -> None:
    place = structs.replace(PLACE, options={"num_ctx": Raw(b"9"), "keep_alive": Raw(b'"5m"')})
    built = json.loads(PROVIDER.operation(request_).build(request_, place).body)
    assert (built["options"], built["keep_alive"]) == (options, "5m")


def test_what_it_cant_express_is_refused_by_name() -> None:
    with pytest.raises(Unsupported) as caught:
        sent(embedding_request(((1, 2),)))
    assert caught.value.param == "input"


def test_what_has_no_effect_here_is_left_out_and_named() -> None:
    extensions = {"openai": {"truncate_prompt_tokens": Raw(b"1")}}
    request = embedding_request(user="u", purpose="RETRIEVAL_QUERY", extensions=extensions)
    assert sent(request) == {"model": "nomic", "input": ["a", "b"]}
    assert told(wire_request(PROVIDER, request, PLACE)) == [
        "user: left out",
        "taskType: left out",
        "truncate_prompt_tokens: left out",
    ]


def test_a_reply_is_read() -> None:
    embeddings = Embeddings(vectors=((0.5, -1.0), (0.25, 2.0)), model="nomic", usage=Usage(input=8))
    assert events(embedding_request(), REPLY) == [Product(embeddings), UsageSoFar(Usage(input=8))]


def test_a_reply_to_its_own_client_is_relayed() -> None:
    assert events(RELAYED, REPLY) == [Relayed(REPLY), UsageSoFar(Usage(input=8))]


def test_what_isnt_counted_is_not_said() -> None:
    assert events(embedding_request(("a",)), b'{"embeddings":[[1]]}') == [Product(Embeddings(vectors=((1.0,),)))]


@pytest.mark.parametrize("request_", [embedding_request(), RELAYED], ids=["translated", "relayed"])
def test_an_error_in_place_of_vectors_is_a_failure(request_: EmbeddingRequest) -> None:
    assert bare(events(request_, b'{"error":"out of memory"}')) == [Failure("out of memory")]


@pytest.mark.parametrize("body", [b"<html>", b'{"embeddings":[[1]]}', b'{"embeddings":[["x"],[1]]}', b"\xff"])
def test_what_cant_be_read_is_a_broken_upstream(body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        events(embedding_request(), body)
