"""Completions, the API before chat (https://platform.openai.com/docs/api-reference/completions). It is only relayed.

vLLM, llama.cpp and others serve it for every model. OpenAI and Azure have shut down the last models that had it
(https://developers.openai.com/api/docs/deprecations). A vendor without this API gets the prompt as a chat.
"""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import ChatRequest, Deployment, WireRequest, parameters_of
from turnout.providers import Decoder

from .access import Access
from .chat.build import asking_for_usage
from .chat.relay import BodyRelay, StreamRelay
from .parameters import set_parameters


class CompletionsWire:
    wire = "openai-completions"

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        """The client's own fields. Only the model's name, the parameters and ``stream_options`` change."""
        fields = request.raw.fields if request.raw else {}
        body: dict[str, Any] = {**fields, "model": deployment.model}
        with_usage = self._access.streams_usage(deployment)
        if with_usage and request.stream and not request.stream_usage:
            body["stream_options"] = asking_for_usage(body.get("stream_options"))
        parameters = parameters_of(request, deployment)
        set_parameters(body, parameters, "max_tokens")
        encoded = msgspec.json.encode(body)
        return self._access.request(deployment, "completions", encoded, changes=parameters.changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return self.relay(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay(request.stream_usage) if request.stream else BodyRelay()
