"""The operation: a chat answer over the wire of Responses, for clients that speak it themselves."""

from __future__ import annotations

from turnout.core import ChatRequest, Deployment, WireRequest
from turnout.providers import Decoder
from turnout.providers.openai.access import Access

from .build import relayed_body
from .relay import BodyRelay, StreamRelay

WIRE = "openai-responses"


class ResponsesWire:
    """For a vendor that keeps nothing, or not for sure: every request holds all that was said."""

    wire = WIRE
    stateful = False

    def __init__(self, access: Access) -> None:
        self._access = access

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        return self._access.request(deployment, "responses", relayed_body(request, deployment, stateful=self.stateful))

    def decoder(self, request: ChatRequest) -> Decoder:
        """Whoever comes here speaks the wire, so that replies are always relayed (``OpenAIWire.operation``)."""
        return self.relay(request)

    def relay(self, request: ChatRequest) -> Decoder:
        return StreamRelay() if request.stream else BodyRelay()


class StatefulResponsesWire(ResponsesWire):
    """For a vendor that keeps what it has answered."""

    stateful = True
