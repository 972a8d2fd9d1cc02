"""Stored responses (https://platform.openai.com/docs/api-reference/responses). A key sees only its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from turnout.dialects import ConversationEndpoint, endpoint_at
from turnout.errors import InvalidRequest
from turnout.gateway import Gateway
from turnout.server.access import key_of
from turnout.storage import TurnRow

_PATH = "/v1/responses"
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["responses"])

    @routes.get(f"{_PATH}/{{response_id}}")
    async def get_response(response_id: str, request: Request, stream: bool = False) -> Response:
        """A stored response, as it was when it was complete."""
        key = key_of(request)
        if stream:
            raise InvalidRequest("A stream can't be taken up again here; ask without 'stream'.", param="stream")
        rows = await gateway.conversations.find(response_id, key.id)
        return Response(rows[-1].answer, media_type="application/json")

    @routes.delete(f"{_PATH}/{{response_id}}")
    async def delete_response(response_id: str, request: Request) -> dict[str, Any]:
        """Deletes a response. Responses that continue it can't be continued any more."""
        await gateway.conversations.remove(response_id, key_of(request).id)
        return {"id": response_id, "object": "response", "deleted": True}

    @routes.post(f"{_PATH}/{{response_id}}/cancel")
    async def cancel_response(response_id: str, request: Request) -> None:
        """Never possible: no response is made in the background."""
        key = key_of(request)
        await gateway.conversations.find(response_id, key.id)
        raise InvalidRequest("Only what is made in the background can be cancelled, and nothing is. Close the stream.")

    @routes.get(f"{_PATH}/{{response_id}}/input_items")
    async def list_input_items(
        response_id: str,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        order: Literal["asc", "desc"] = "desc",
        after: str | None = None,
    ) -> dict[str, Any]:
        """All input items, including those of the turns before."""
        rows = await gateway.conversations.find(response_id, key_of(request).id)
        items = _input_items(rows)
        if order == "desc":
            items.reverse()
        return _page(items, limit, after)

    return routes


def _input_items(rows: Sequence[TurnRow]) -> list[dict[str, Any]]:
    endpoint = endpoint_at(_PATH)
    if not isinstance(endpoint, ConversationEndpoint):
        raise TypeError(f"the endpoint at {_PATH} keeps no conversations")
    items: list[dict[str, Any]] = []
    for row in rows:
        items += map(dict, endpoint.items(row.id, _ITEMS.decode(row.items)))
        if row is not rows[-1]:
            items += map(dict, endpoint.items(row.id, _ITEMS.decode(row.output)))
    return items


def _page(items: list[dict[str, Any]], limit: int, after: str | None) -> dict[str, Any]:
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        raise InvalidRequest(f"There is no item '{after}'.", param="after")
    first = 0 if after is None else ids.index(after) + 1
    page = items[first : first + limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": first + limit < len(items),
    }
