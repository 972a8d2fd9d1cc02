"""What holds for a whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog
from turnout.catalog.api_models import ApiModel
from turnout.catalog.kind import capabilities_of, context_of, is_built_in, max_output_of, type_of
from turnout.core import Deployment, Model, Traits
from turnout.providers import registry


def model_at(folder: Path, provider: str, upstream_model: str) -> Model:
    api_model = ApiModel(id="m", name="m", provider=provider, upstream_model=upstream_model)
    model = make_catalog(folder).model_of(api_model)
    assert model is not None
    return model


def deployment(provider: str, model: str, **traits: Any) -> Deployment:
    return Deployment(id=f"{provider}/{model}", provider=provider, model=model, traits=Traits(**traits))


def model_of(*deployments: Deployment) -> Model:
    return Model(name="m", deployments=deployments)


@pytest.mark.parametrize(
    ("provider", "model", "type_", "capabilities"),
    [
        ("openai", "gpt-4", "chat", {"text-generation"}),
        ("openai", "gpt-4o-mini", "chat", {"text-generation", "vision", "documents"}),
        ("openai", "text-embedding-3-small", "embedding", {"embeddings"}),
        ("openai", "gpt-image-1", "image", {"image-generation"}),
        ("openai", "whisper-1", "audio", {"audio"}),
        ("openai", "tts-1", "audio", {"audio"}),
        ("openai", "gpt-3.5-turbo-instruct", "completion", {"text-generation"}),
        ("ollama", "nomic-embed-text:latest", "embedding", {"embeddings"}),
        ("ollama", "something-new", "chat", {"text-generation"}),
    ],
)
def test_types_and_capabilities_of_upstream_models(
    tmp_path: Path, provider: str, model: str, type_: str, capabilities: set[str]
) -> None:
    model_ = model_at(tmp_path, provider, model)
    assert type_of(model_) == type_
    assert set(capabilities_of(type_of(model_), model_)) == capabilities


def test_the_smallest_limits_hold_for_a_model() -> None:
    large = deployment("openai", "a", context=128_000, max_output=4_096)
    small = deployment("openai", "b", context=8_192, max_output=16_384)
    unknown = deployment("openai", "c")
    for model in (model_of(large, small, unknown), model_of(unknown, small, large)):
        assert (context_of(model), max_output_of(model)) == (8_192, 4_096)
    assert (context_of(model_of(unknown)), max_output_of(model_of(unknown))) == (None, None)


def test_a_model_has_the_capabilities_that_all_deployments_have() -> None:
    seeing = deployment("openai", "a", inputs=frozenset({"text", "image", "audio"}))
    hearing = deployment("openai", "b", inputs=frozenset({"text", "audio"}))
    assert capabilities_of("chat", model_of(seeing, hearing)) == ("text-generation", "audio-input")
    assert capabilities_of("chat", model_of(hearing, seeing)) == ("text-generation", "audio-input")


def test_deployments_of_different_types_make_a_chat_model() -> None:
    embedding, chat = deployment("openai", "text-embedding-3-small"), deployment("openai", "gpt-4o")
    assert type_of(model_of(embedding, embedding)) == "embedding"
    assert type_of(model_of(embedding, chat)) == type_of(model_of(chat, embedding)) == "chat"


def test_a_built_in_model_has_no_deployment_outside_this_process() -> None:
    inside, outside = deployment("echo", "echo"), deployment("openai", "echo")
    assert is_built_in(model_of(inside), registry())
    assert not is_built_in(model_of(inside, outside), registry())
    assert not is_built_in(model_of(outside, inside), registry())
