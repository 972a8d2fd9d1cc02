"""What vLLM and llama.cpp say of their models."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from turnout.core import Deployment, Description, Secret
from turnout.providers import describes, registry


def asked(provider: str, base_url: str, model: str = "a/b") -> tuple[str, str, str | None]:
    engine = registry()[provider]
    assert describes(engine)
    deployment = Deployment(id="d", provider=provider, model=model, base_url=base_url, api_key=Secret("k"))
    request = engine.describe(deployment)
    return request.method, request.url, request.headers.get("authorization")


def told(provider: str, reply: Any, model: str = "a/b") -> Description:
    engine = registry()[provider]
    assert describes(engine)
    return engine.read_description(json.dumps(reply).encode(), Deployment(id="d", provider=provider, model=model))


def test_where_vllm_is_asked() -> None:
    assert asked("vllm", "http://gpu:8000") == ("GET", "http://gpu:8000/v1/models", "Bearer k")


@pytest.mark.parametrize("base_url", ["http://gpu:8080", "http://gpu:8080/v1", "http://gpu:8080/v1/chat/completions"])
def test_where_llamacpp_is_asked(base_url: str) -> None:
    """A router would load the model."""
    url = "http://gpu:8080/props?model=a%2Fb&autoload=false"
    assert asked("llamacpp", base_url) == ("GET", url, "Bearer k")


@pytest.mark.parametrize("provider", ["openai", "azure", "compatible", "anthropic", "gemini", "echo"])
def test_nobody_else_is_asked(provider: str) -> None:
    assert not describes(registry()[provider])


@pytest.mark.parametrize(
    ("cards", "context"),
    [
        ([{"id": "x", "max_model_len": 1}, {"id": "a/b", "max_model_len": 32768}], 32768),
        ([{"id": "a/b", "max_model_len": None}], None),
        ([{"id": "a/b"}], None),
        ([{"id": "x", "max_model_len": 1}], None),
    ],
    ids=["named", "null", "missing", "another-model"],
)
def test_vllms_context(cards: list[dict[str, Any]], context: int | None) -> None:
    assert told("vllm", {"object": "list", "data": cards}) == Description(context=context)


@pytest.mark.parametrize(
    ("props", "context", "inputs"),
    [
        ({"default_generation_settings": {"n_ctx": 4096, "params": {}}}, 4096, None),
        (
            {"default_generation_settings": {"n_ctx": 0}, "modalities": {"vision": False, "audio": False}},
            None,
            {"text"},
        ),
        ({"modalities": {"vision": True, "audio": True}}, None, {"text", "image", "audio"}),
    ],
    ids=["context", "router", "media"],
)
def test_llamacpps_props(props: dict[str, Any], context: int | None, inputs: set[str] | None) -> None:
    assert told("llamacpp", props) == Description(context=context, inputs=None if inputs is None else frozenset(inputs))


def test_a_llamacpp_with_a_template_goes_on_with_the_assistants_words() -> None:
    assert told("llamacpp", {"chat_template": "{{ messages }}"}).continues == "continue_final_message"


@pytest.mark.parametrize(("provider", "reply"), [("vllm", {"models": []}), ("llamacpp", {"modalities": "all"})])
def test_another_form_is_an_error(provider: str, reply: Any) -> None:
    with pytest.raises(msgspec.DecodeError):
        told(provider, reply)
