"""Where a request would go that is not sent, and why."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from turnout.core import Origin
from turnout.dialects import ConversationEndpoint
from turnout.engine import Call
from turnout.gateway import Gateway
from turnout.routing import explained
from turnout.server.access import key_of
from turnout.server.explained_request import ExplainedRequest, read_explained
from turnout.server.request import new_request_id, read_head

_EXAMPLE: Final = {
    "path": "/v1/messages",
    "body": {"model": "fast", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]},
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A chat request, or the `path` and the `body` of a request in any dialect. Headers for sessions "
        "and tags count as that request's.",
        "content": {"application/json": {"schema": {"type": "object", "example": _EXAMPLE}}},
    }
}


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["deployments"])

    @routes.post("/v1/route/explain", openapi_extra=_BODY)
    async def explain_route(request: Request) -> Response:
        """Each deployment that would be asked, in order, with its reason, scores, health and figures; and who not.

        Nothing is sent. Health and figures are those of the process that answers.
        """
        asked = await gateway.worker_threads.run(read_explained, await request.body())
        snapshot = gateway.snapshot
        call = await gateway.looked_at(_call(asked, request))
        plan = gateway.engine.outlined(call, snapshot)
        policy = snapshot.find(call.request.model).policy
        explanation = explained(plan, policy, gateway.board, time.time())
        return Response(msgspec.json.encode(explanation), media_type="application/json")

    return routes


def _call(asked: ExplainedRequest, request: Request) -> Call:
    key, head = key_of(request), read_head(request.scope)
    return Call(
        request=asked.request,
        request_id=new_request_id(),
        received=time.perf_counter(),
        origin=Origin(dialect=asked.dialect.name, key_id=key.id, user=key.user),
        key=key,
        size=asked.size,
        session=head.session,
        tags=head.tags,
        conversing=asked.endpoint if isinstance(asked.endpoint, ConversationEndpoint) else None,
    )
