"""``generate_text``, ``generate_embeddings`` and ``get_models``, as a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.support import DEPLOYMENT, all_of, answered, asking, text_of
from turnout.adapters import (
    BaseModelProvider,
    ModelCapability,
    ModelProvider,
    ModelProviderAdapter,
    ModelWorkerProvider,
    capabilities_of,
)
from turnout.core import EmbeddingRequest, Embeddings, Product, Usage, UsageSoFar
from turnout.errors import ConfigError, Unsupported, UpstreamBroken
from turnout.providers import local_models, makes_vectors, registry

TWO = EmbeddingRequest(model="fast", inputs=("a", "b"), dimensions=2)
USAGE = {"prompt_tokens": 2, "total_tokens": 2}


class Small(ModelProvider):
    """Has two models; gives ``vectors``."""

    def __init__(self, vectors: Any = ((0.5, 1.0), (1.5, 2.0)), models: Any = ("small", {"id": "large"})) -> None:
        self.vectors = vectors
        self.models = models
        self.asked: dict[str, Any] = {}

    def generate_text(self, model: str, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        return f"{model} says {messages[-1]['content']}"

    def generate_embeddings(self, model: str, texts: list[str], **kwargs: Any) -> Any:
        self.asked = {"model": model, "texts": texts, **kwargs}
        return self.vectors

    def get_models(self) -> Any:
        if isinstance(self.models, Exception):
            raise self.models
        return self.models


class Later(Small):
    async def generate_text(self, model: str, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        return super().generate_text(model, messages)

    async def generate_embeddings(self, model: str, texts: list[str], **kwargs: Any) -> Any:
        return super().generate_embeddings(model, texts, **kwargs)

    async def get_models(self) -> Any:
        return super().get_models()


class OneByOne(Small):
    async def get_models(self) -> AsyncIterator[str]:
        yield "small"
        yield "large"


class Alike:
    """Inherits nothing, and declares nothing."""

    generate_text = Small.generate_text
    generate_embeddings = Small.generate_embeddings

    def get_models(self) -> list[str]:
        return ["small", "large"]


class VectorsOnly(Small):
    capabilities = (ModelCapability.EMBEDDING,)


class TextsOnly(Small):
    capabilities = (ModelCapability.CHAT,)


@pytest.mark.parametrize("kind", [Small, Later, OneByOne, Alike])
async def test_its_models_are_known_and_answer(kind: type[Any]) -> None:
    adapter = ModelProviderAdapter("mine", kind())
    assert local_models(adapter) == ("small", "large")
    assert text_of(await answered(adapter, asking("Hello"))) == "some-model says Hello"


def test_others_are_known_by_their_own_name() -> None:
    assert local_models(registry()["echo"]) == ("echo",)


VECTORS: dict[str, Any] = {
    "vectors": [[0.5, 1.0], [1.5, 2.0]],
    "an object": {"embeddings": [[0.5, 1.0], [1.5, 2.0]], "usage": USAGE},
    "OpenAI's": {
        "data": [{"index": 1, "embedding": [1.5, 2.0]}, {"index": 0, "embedding": [0.5, 1.0]}],
        "usage": USAGE,
    },
}


@pytest.mark.parametrize("kind", [Small, Later])
@pytest.mark.parametrize("form", VECTORS)
async def test_vectors_of_every_form_are_read(kind: type[Small], form: str) -> None:
    provider = kind(VECTORS[form])
    product, *rest = await all_of(ModelProviderAdapter("mine", provider).embed(TWO, DEPLOYMENT))
    assert isinstance(product, Product)
    assert isinstance(product.result, Embeddings)
    assert product.result.vectors == ((0.5, 1.0), (1.5, 2.0))
    assert rest == ([] if form == "vectors" else [UsageSoFar(Usage(input=2))])
    assert provider.asked == {"model": "some-model", "texts": ["a", "b"], "dimensions": 2}


async def test_one_text_is_a_list_of_one() -> None:
    provider = Small([[1.0]])
    await all_of(ModelProviderAdapter("mine", provider).embed(EmbeddingRequest(model="m", inputs=("a",)), DEPLOYMENT))
    assert provider.asked["texts"] == ["a"]


@pytest.mark.parametrize(
    ("vectors", "told"),
    [
        (None, "returned a NoneType in place of vectors. Return a list of lists of numbers"),
        (3, "returned a int in place of vectors"),
        ("text", "returned a str in place of vectors"),
        ({"vectors": []}, "returned a NoneType in place of vectors"),
        ([], None),
        ([[1.0]], None),
        ([["a"], ["b"]], None),
    ],
    ids=repr,
)
async def test_what_are_no_vectors_is_told(vectors: Any, told: str | None) -> None:
    with pytest.raises(UpstreamBroken, match=told):
        await all_of(ModelProviderAdapter("mine", Small(vectors)).embed(TWO, DEPLOYMENT))


def test_tokens_are_refused() -> None:
    with pytest.raises(Unsupported, match="takes texts only") as caught:
        ModelProviderAdapter("mine", Small()).embed(EmbeddingRequest(model="m", inputs=((1, 2),)), DEPLOYMENT)
    assert caught.value.param == "input"


def test_what_it_is_not_capable_of_is_refused_before_it_is_asked() -> None:
    with pytest.raises(Unsupported, match="'mine' does not support chat"):
        ModelProviderAdapter("mine", VectorsOnly()).run(asking(), DEPLOYMENT)
    with pytest.raises(Unsupported, match="'mine' does not support embeddings"):
        ModelProviderAdapter("mine", TextsOnly()).embed(TWO, DEPLOYMENT)


def test_capabilities_have_the_names_of_the_earlier_system() -> None:
    names = {"chat", "completion", "embedding", "image", "audio_transcription", "audio_translation"}
    assert {str(capability) for capability in ModelCapability} == names


def test_capabilities_are_those_declared_or_those_of_the_provider() -> None:
    chat = {ModelCapability.CHAT, ModelCapability.COMPLETION}
    assert capabilities_of(ModelProviderAdapter("mine", VectorsOnly())) == {ModelCapability.EMBEDDING}
    assert capabilities_of(ModelProviderAdapter("mine", Small())) == chat | {ModelCapability.EMBEDDING}
    assert capabilities_of(registry()["echo"]) == chat
    assert capabilities_of(registry()["openai"]) == frozenset(ModelCapability)
    assert capabilities_of(registry()["ollama"]) == chat | {ModelCapability.EMBEDDING}
    assert not makes_vectors(BaseModelProvider("mine", object()))
    assert not makes_vectors(ModelWorkerProvider("mine", object()))


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (RuntimeError("no network"), "get_models of the provider 'mine' raised RuntimeError: no network"),
        ([], "get_models of the provider 'mine' has to give names"),
        ([3], "get_models of the provider 'mine' has to give names"),
        ([{"name": "x"}], "get_models of the provider 'mine' has to give names"),
    ],
)
def test_models_that_are_none_are_told(models: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ModelProviderAdapter("mine", Small(models=models))


async def test_an_adapter_is_made_inside_a_running_loop_too() -> None:
    assert ModelProviderAdapter("mine", Later()).models == ("small", "large")
