"""``/api/generate``, for clients that speak it themselves (https://docs.ollama.com/api/generate)."""

from __future__ import annotations

from msgspec import structs

from turnout.core import ChatRequest, Deployment, WireRequest, parameters_of
from turnout.errors import Unsupported
from turnout.providers import Decoder

from .decode import BodyDecoder, StreamDecoder
from .embed import Send
from .relay import BodyRelay, StreamRelay
from .relayed import relayed_body


class Generate:
    """It is only relayed: ``/api/chat`` can express everything that this wire can."""

    wire = "ollama-generate"

    def __init__(self, send: Send) -> None:
        self._send = send

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        if request.raw is None:
            raise Unsupported("Only requests to /api/generate can be sent there.")
        parameters = parameters_of(request, deployment)
        body, changes = relayed_body(request.raw.fields, parameters, deployment)
        return structs.replace(self._send(deployment, "/api/generate", body), changes=changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return StreamDecoder(request) if request.stream else BodyDecoder(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()
