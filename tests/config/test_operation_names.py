"""A path names its operation, whatever the dialect: there is no way around what an operation is allowed."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from turnout.config.operation_names import operation_of
from turnout.core import OPERATIONS, Request
from turnout.dialects import Endpoint, registry
from turnout.server.endpoints import Endpoints, paths_of

ENDPOINTS = [(path, endpoint) for path, _, endpoint in paths_of(registry().values())]


@pytest.mark.parametrize(("path", "endpoint"), ENDPOINTS, ids=[path for path, _ in ENDPOINTS])
def test_every_path_names_the_operation_of_the_requests_it_takes(path: str, endpoint: Endpoint[Any, Any]) -> None:
    request: type[Request] = get_type_hints(type(endpoint).parse)["return"]
    assert operation_of(path) == endpoint.operation == request.operation
    asked = Endpoints(registry().values()).find(path.replace("{model}", "models/some"))
    assert asked is not None
    assert asked.endpoint.operation == endpoint.operation


def test_every_operation_is_its_own_name() -> None:
    assert {name: operation_of(name) for name in OPERATIONS} == {name: name for name in OPERATIONS}
    assert {request.operation for request in get_args(Request)} == OPERATIONS - {"vector_search"}
    assert (operation_of("all"), operation_of("/v1/vector/search")) == ("", "vector_search")


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1beta/models/{model}:generateContent", "chat"),
        ("/v1beta/tunedModels/{model}:countTokens", "count"),
        ("/openai/deployments/{model}/chat/completions", "chat"),
        ("/openai/deployments/{model}/embeddings", "embeddings"),
    ],
)
def test_a_model_in_a_path_is_a_placeholder(path: str, operation: str) -> None:
    assert operation_of(path) == operation
    with pytest.raises(ValueError, match=r"expected \{model\} in place of the model's name"):
        operation_of(path.replace("{model}", "some"))


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/models", "/v1/chat/completions/", "/V1/messages", "/v1/requests"])
def test_other_paths_name_nothing(path: str) -> None:
    with pytest.raises(ValueError, match="expected the path of an endpoint that a model answers"):
        operation_of(path)
