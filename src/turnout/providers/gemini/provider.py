"""The provider ``gemini``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from turnout.core import (
    ChatRequest,
    CountRequest,
    Deployment,
    EmbeddingRequest,
    ImageLimits,
    ImageRequest,
    Request,
    Support,
    WireBody,
    WireRequest,
    parameters_of,
)
from turnout.core.media_types import TYPED_ENDINGS
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.error_words import words_in
from turnout.providers.http import refusal_of

from . import gemini_wire as wire
from .access import BASE_URL, get, post
from .build import relayed_body, translated_body
from .counting import CountTokens
from .decode import NAMESPACE, BodyDecoder, StreamDecoder
from .embeddings import BatchEmbedContents, EmbedContent
from .pictures import MakeImages
from .relay import BodyRelay, StreamRelay

WIRE = "gemini"
_MODELS = msgspec.json.Decoder(wire.ModelList)
_LARGEST_PAGE = 1000
_USED_METHODS = frozenset({"generateContent", "embedContent"})
_EMBED_CONTENT, _EMBEDDINGS, _COUNT, _IMAGES = EmbedContent(), BatchEmbedContents(), CountTokens(), MakeImages()

_IMAGE_LIMITS = ImageLimits(
    long_edge=3072,
    bytes=7_000_000,
    number=3000,
    formats=frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"}),
)
"""https://ai.google.dev/gemini-api/docs/image-understanding and
https://docs.cloud.google.com/vertex-ai/docs/generative-ai/image/image-captioning; the lower limits of the two."""


class Gemini:
    name = "gemini"
    wire = WIRE
    profile = Profile(
        title="Google Gemini",
        base_url=BASE_URL,
        url_variables=("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"),
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        first_token=60,
        images=_IMAGE_LIMITS,
        price_source="google",
        aliases=("google",),
        docs="https://ai.google.dev/api/generate-content",
    )
    support = Support(
        signs_thoughts=True,
        namespace=NAMESPACE,
        image_url_schemes=frozenset({"https", "gs"}),
        image_url_endings=TYPED_ENDINGS,
        knobs=frozenset(
            {
                "temperature",
                "top_p",
                "top_k",
                "seed",
                "presence_penalty",
                "frequency_penalty",
                "logprobs",
                "top_logprobs",
            }
        ),
        ignores=frozenset({"user", "metadata", "name", "detail", "strict"}),
        audio=True,
        files=True,
        file_url_types=None,
        video=True,
        choices=True,
        single_calls=False,
        web_search=frozenset(),
        service_tiers=True,
        answer_images=True,
        answers_by_call=True,
    )

    def operation(self, request: Request) -> Operation[Any]:
        match request:
            case ChatRequest():
                return self
            case EmbeddingRequest(raw=WireBody(wire=_EMBED_CONTENT.wire)):
                return _EMBED_CONTENT
            case EmbeddingRequest():
                return _EMBEDDINGS
            case CountRequest():
                return _COUNT
            case ImageRequest():
                return _IMAGES
        raise no_operation(self.name, request)

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        parameters = parameters_of(request, deployment)
        if request.raw is not None and request.raw.wire == WIRE:
            body, changes = relayed_body(request.raw.fields, parameters, deployment)
        else:
            body, changes = translated_body(parameters, deployment)
        method = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
        return post(deployment, method, body, changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder(request) if request.stream else BodyDecoder(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        return refusal_of(status, headers, words_in(body, wire.FORM, status), deployment)

    def list_models(self, deployment: Deployment) -> WireRequest:
        return get(deployment, f"models?pageSize={_LARGEST_PAGE}")

    def read_models(self, body: bytes) -> list[str]:
        """The models with a method that Turnout uses. Google's list also has others, such as models for video."""
        return [model.name.removeprefix("models/") for model in _MODELS.decode(body).models if _is_usable(model)]


def _is_usable(model: wire.Model) -> bool:
    methods = model.supported_generation_methods
    return methods is None or not _USED_METHODS.isdisjoint(methods)


PROVIDERS = (Gemini(),)
