"""The provider ``ollama``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import structs

from turnout.core import (
    ChatRequest,
    Deployment,
    Description,
    EmbeddingRequest,
    ImageLimits,
    Request,
    Sampling,
    Support,
    WireRequest,
    forced_tool,
    parameters_of,
)
from turnout.errors import UpstreamRefused
from turnout.providers import Decoder, Operation, Profile, no_operation
from turnout.providers.addresses import base_of
from turnout.providers.error_words import words_in
from turnout.providers.http import refusal_of

from . import ollama_wire as wire
from .build import NAMESPACE, translated_body
from .decode import BodyDecoder, StreamDecoder
from .embed import Embed
from .forced_tool import ForcedCall
from .generate import Generate
from .relay import BodyRelay, StreamRelay
from .relayed import relayed_body
from .show import read_show

WIRE = "ollama"
_REQUEST: Final = re.compile(r"/(api(/(chat|generate|tags|embed|embeddings))?|v1(/(chat/)?completions)?)\Z")
"""Many pages name Ollama's address with the ``/v1`` of its compatible API, which isn't the one that is used here."""

_MODELS = msgspec.json.Decoder(wire.ModelList)


class Ollama:
    name = "ollama"
    wire = WIRE
    profile = Profile(
        title="Ollama",
        base_url="http://localhost:11434",
        url_variables=("OLLAMA_URL", "OLLAMA_HOST"),
        key_variables=("OLLAMA_API_KEY",),
        images=ImageLimits(long_edge=2048, formats=frozenset({"image/jpeg", "image/png"})),  # older ones: no WebP
        first_token=120,  # Ollama loads a model at its first request
        start_hint="ollama serve",
        docs="https://docs.ollama.com/api/chat",
    )
    support = Support(
        namespace=NAMESPACE,
        knobs=frozenset(Sampling.__struct_fields__),
        ignores=frozenset({"user", "metadata", "name", "detail", "strict", "taskType"}),
        image_urls=False,
        single_calls=False,
        schema_calls=True,
        result_errors=False,
    )

    def __init__(self) -> None:
        self._embed = Embed(self.name, self._request)
        self._generate = Generate(self._request)

    def operation(self, request: Request) -> Operation[Any]:
        if isinstance(request, ChatRequest):
            return self._generate if request.raw is not None and request.raw.wire == Generate.wire else self
        if isinstance(request, EmbeddingRequest):
            return self._embed
        raise no_operation(self.name, request)

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        parameters = parameters_of(request, deployment)
        if request.raw is not None and request.raw.wire == WIRE:
            body, changes = relayed_body(request.raw.fields, parameters, deployment)
        else:
            body, own_changes = translated_body(parameters, deployment)
            changes = (*parameters.changes, *own_changes)
        return structs.replace(self._request(deployment, "/api/chat", body), changes=changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        decoder: Decoder = StreamDecoder(request) if request.stream else BodyDecoder(request)
        tool = forced_tool(request)
        return decoder if tool is None else ForcedCall(decoder, tool, request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes, deployment: Deployment) -> UpstreamRefused:
        words = words_in(body, wire.FORM, status)
        return refusal_of(status, headers, words, deployment, advice=_advice(status, words.message, deployment))

    def list_models(self, deployment: Deployment) -> WireRequest:
        return WireRequest(self._address(deployment, "/api/tags"), self._headers(deployment), b"", "GET")

    def read_models(self, body: bytes) -> list[str]:
        return [model.name for model in _MODELS.decode(body).models]

    def describe(self, deployment: Deployment) -> WireRequest:
        return self._request(deployment, "/api/show", msgspec.json.encode({"model": deployment.model}))

    def read_description(self, body: bytes, deployment: Deployment) -> Description:
        return read_show(body, deployment)

    def _request(self, deployment: Deployment, path: str, body: bytes) -> WireRequest:
        return WireRequest(self._address(deployment, path), self._headers(deployment), body)

    def _address(self, deployment: Deployment, path: str) -> str:
        return base_of(deployment.base_url or self.profile.base_url, _REQUEST).at(path)

    def _headers(self, deployment: Deployment) -> dict[str, str]:
        """A local server needs no key; ollama.com and proxies before one do."""
        headers = {"content-type": "application/json", **deployment.headers}
        if deployment.api_key:
            headers["authorization"] = f"Bearer {deployment.api_key.reveal()}"
        return headers


def _advice(status: int, message: str, deployment: Deployment) -> str:
    if status == 404:
        return f"Get the model with `ollama pull {deployment.model}`."
    if "memory" in message:
        return "Free memory, or take a smaller model or a more strongly quantised one."
    return ""


PROVIDERS = (Ollama(),)
