"""What kind of model an upstream model is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalog.support import catalog
from turnout.catalog.api_models import ApiModel
from turnout.catalog.kind import capabilities_of, type_of
from turnout.core import Deployment


def deployment(folder: Path, provider: str, model: str) -> Deployment:
    made = catalog(folder).model_of(ApiModel(id="m", name="m", provider=provider, upstream_model=model))
    assert made is not None
    return made.deployments[0]


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
def test_kinds(tmp_path: Path, provider: str, model: str, type_: str, capabilities: set[str]) -> None:
    made = deployment(tmp_path, provider, model)
    assert type_of(made) == type_
    assert set(capabilities_of(type_of(made), made)) == capabilities
