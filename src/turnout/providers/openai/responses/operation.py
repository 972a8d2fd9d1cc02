"""The operation: a chat answer over the wire of Responses, for clients that speak it too."""

from __future__ import annotations

from turnout.core import ChatRequest, Deployment, WireRequest, parameters_of
from turnout.providers import Decoder
from turnout.providers.openai.access import Access

from .build import relayed_body
from .decode import StreamDecoder
from .relay import BodyRelay, StreamRelay

WIRE = "openai-responses"


class ResponsesWire:
    """The wire of a vendor that may not keep its answers, so every request has the whole conversation."""

    wire = WIRE
    stateful = False

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        parameters = parameters_of(request, deployment)
        body, changes = relayed_body(parameters, deployment, stateful=self.stateful)
        return self._access.request(deployment, "responses", body, changes=changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        """Only clients of this wire get here (``OpenAIWire.operation``), so every reply is relayed. A stream is read as
        events when it has broken off, for the deployment that goes on.
        """
        return StreamDecoder() if request.stream else self.relay(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()


class StatefulResponsesWire(ResponsesWire):
    """The wire of a vendor that keeps its answers."""

    stateful = True


class CompactWire(ResponsesWire):
    """Makes a conversation short (https://developers.openai.com/api/docs/guides/compaction)."""

    wire = "openai-compact"

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        parameters = parameters_of(request, deployment)
        body, _ = relayed_body(parameters, deployment, stateful=True, with_parameters=False)
        return self._access.request(deployment, "responses/compact", body)

    def relay(self, request: ChatRequest) -> Decoder:
        return BodyRelay()
