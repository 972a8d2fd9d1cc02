"""Ollama's error statuses, and its list of models."""

from __future__ import annotations

import pytest

from turnout.core import Deployment, Secret
from turnout.errors import UpstreamRefused, UpstreamUnauthenticated
from turnout.providers import WireProvider
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()
DEPLOYMENT = Deployment(
    id="d", provider="ollama", model="llama3.2", api_key=Secret("the-secret"), key_source="OLLAMA_API_KEY"
)


def test_it_keeps_the_contract() -> None:
    assert isinstance(OLLAMA, WireProvider)


def test_a_server_that_is_not_there_can_be_started() -> None:
    assert OLLAMA.profile.start_hint == "ollama serve"
    assert OLLAMA.profile.url_variables == ("OLLAMA_URL", "OLLAMA_HOST")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b'{"error":"model \'llama3.2\' not found"}', ["'llama3.2' not found", "`ollama pull llama3.2`"]),
        (
            500,
            b'{"error":"model requires more system memory (5.6 GiB) than is available (3.1 GiB)"}',
            ["5.6 GiB", "smaller model"],
        ),
        (400, b'{"error":"llama3.2 does not support tools"}', ["does not support tools"]),
        (400, b'{"error":{"message":"Bad.","type":"x"}}', ["Bad."]),
        (502, b"<html>Bad gateway</html>", [": Bad gateway"]),
        (500, b"", ["(no message)"]),
    ],
    ids=["no_such_model", "out_of_memory", "no_tools", "object", "page", "empty"],
)
def test_what_is_wrong_and_what_to_do(status: int, body: bytes, words: list[str]) -> None:
    refused = OLLAMA.refusal(status, {}, body, DEPLOYMENT)
    assert type(refused) is UpstreamRefused
    assert refused.status == status
    assert [word for word in words if word not in refused.message] == []


def test_a_refused_key_names_its_variable_and_never_the_key() -> None:
    refused = OLLAMA.refusal(401, {}, b'{"error":"unauthorized"}', DEPLOYMENT)
    assert type(refused) is UpstreamUnauthenticated
    assert "OLLAMA_API_KEY" in refused.message
    assert "secret" not in refused.message


def test_a_busy_server_says_how_long_to_wait() -> None:
    assert OLLAMA.refusal(503, {"retry-after": "3"}, b'{"error":"server busy"}', DEPLOYMENT).retry_after == 3


def test_models_are_listed_with_their_tags() -> None:
    body = b'{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","size":1},{"name":"qwen3:8b"}]}'
    assert OLLAMA.read_models(body) == ["llama3.2:latest", "qwen3:8b"]
    wired = OLLAMA.list_models(DEPLOYMENT)
    assert (wired.method, wired.url, wired.body) == ("GET", "http://localhost:11434/api/tags", b"")
