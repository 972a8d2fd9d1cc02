"""OpenAI's embeddings: their requests and replies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.whole_requests import read_whole
from turnout.core import Embeddings, Usage
from turnout.core.vectors import packed
from turnout.dialects import ReplyContext, Target
from turnout.dialects.openai.embeddings import EmbeddingsEndpoint
from turnout.errors import InvalidRequest

ENDPOINT = EmbeddingsEndpoint()
CONTEXT = ReplyContext(request_id="req_1", model="vectors", created=1)
MADE = Embeddings(vectors=((0.5, -1.0), (0.25, 2.0)), model="e-3", usage=Usage(input=7))


def asking(**fields: Any) -> bytes:
    return json.dumps({"model": "vectors", "input": "Hi"} | fields).encode()


INPUTS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a text": ("Hellö", ("Hellö",)),
    "texts": (["a", "b"], ("a", "b")),
    "one text in a list": (["a"], ("a",)),
    "tokens": ([1, 2, 3], ((1, 2, 3),)),
    "lists of tokens": ([[1, 2], [3]], ((1, 2), (3,))),
}


@pytest.mark.parametrize(("input_value", "inputs"), INPUTS.values(), ids=INPUTS)
def test_inputs_in_every_form(input_value: Any, inputs: tuple[Any, ...]) -> None:
    assert read_whole(ENDPOINT, asking(input=input_value)).inputs == inputs


def test_everything_that_can_be_said() -> None:
    body = asking(dimensions=256, user="u", encoding_format="base64", truncate_prompt_tokens=5, odd=None)
    request = read_whole(ENDPOINT, body)
    assert (request.model, request.dimensions, request.user) == ("vectors", 256, "u")
    assert request.extensions == {"openai": {"truncate_prompt_tokens": Raw(b"5")}}
    assert request.raw is not None
    assert request.raw.wire == "openai-embeddings"
    assert {name: json.loads(bytes(value)) for name, value in request.raw.fields.items()} == json.loads(body)


BAD = {
    "no model": ({"model": None}, "model"),
    "empty model": ({"model": ""}, "model"),
    "empty text": ({"input": ""}, "input"),
    "no inputs": ({"input": []}, "input"),
    "an object": ({"input": {}}, "input"),
    "mixed texts and tokens": ({"input": ["a", [1]]}, "input[1]"),
    "mixed tokens and texts": ({"input": [[1], "a"]}, "input[1]"),
    "numbers among texts": ({"input": ["a", 1]}, "input[1]"),
    "texts among numbers": ({"input": [1, "a"]}, "input[0]"),
    "no tokens": ({"input": [[]]}, "input[0]"),
    "another encoding": ({"encoding_format": "hex"}, "encoding_format"),
    "no dimensions": ({"dimensions": 0}, "dimensions"),
}


@pytest.mark.parametrize(("fields", "param"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_whole(ENDPOINT, asking(**fields))
    assert caught.value.param == param


def test_the_model_in_azures_path_wins() -> None:
    body = json.dumps({"input": "Hi"}).encode()
    assert read_whole(ENDPOINT, body, Target("in/the path")).model == "in/the path"
    assert read_whole(ENDPOINT, asking(), Target("mine")).model == "mine"


def test_vectors_are_numbers_unless_base64_is_asked_for() -> None:
    reply = json.loads(ENDPOINT.body(read_whole(ENDPOINT, asking()), MADE, CONTEXT))
    assert reply == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]},
            {"object": "embedding", "index": 1, "embedding": [0.25, 2.0]},
        ],
        "model": "e-3",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    encoded = json.loads(ENDPOINT.body(read_whole(ENDPOINT, asking(encoding_format="base64")), MADE, CONTEXT))
    assert [row["embedding"] for row in encoded["data"]] == [packed(vector) for vector in MADE.vectors]


def test_what_is_not_known_is_not_made_up() -> None:
    reply = json.loads(ENDPOINT.body(read_whole(ENDPOINT, asking()), Embeddings(vectors=((1.0,),)), CONTEXT))
    assert reply["model"] == "vectors"
    assert "usage" not in reply
