"""Users and teams: what their keys may do and spend together."""

from __future__ import annotations

from heapq import nsmallest
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from turnout.catalog import AccessRegistrar, AccountFields, AccountKind
from turnout.errors import InvalidRequest, NotFound
from turnout.gateway import Gateway
from turnout.server.access import caller_of
from turnout.server.control.bodies import changed, converted, object_in, without
from turnout.server.control.cursors import listed, place_in
from turnout.server.control.key_records import Record, account_record, account_records, made_account_record
from turnout.server.control.one_at_a_time import OneAtATime
from turnout.server.control.usage_questions import refuse_unknown
from turnout.server.control.who import who_is

_LONGEST_ID: Final = 256
_READ_ONLY: Final = ("object", "id", "source", "created", "updated")
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}
}
Id = Annotated[str, Path(description="its name, as keys have it; may contain `/`")]


def router(gateway: Gateway, one_at_a_time: OneAtATime, kind: AccountKind) -> APIRouter:
    """Reading needs an auditor's key, changing an admin's."""
    routes = APIRouter(prefix=f"/v1/{kind}", tags=["keys"])
    _add_reading(routes, gateway, one_at_a_time, kind)
    _add_writing(routes, gateway, kind)
    return routes


def _add_reading(routes: APIRouter, gateway: Gateway, one_at_a_time: OneAtATime, kind: AccountKind) -> None:
    @routes.get("", name=f"list_{kind}")
    async def list_accounts(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        cursor: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    ) -> Response:
        """Those that have an allowance of their own, by name. Needs an auditor's key."""
        refuse_unknown(request.query_params, {"limit", "cursor"})
        after = place_in(cursor, str)

        def page() -> list[Record]:
            records = account_records(gateway.catalog, kind)
            ids = nsmallest(limit + 1, (id_ for id_ in records if after is None or id_ > after))
            return [records[id_] for id_ in ids]

        rows = await one_at_a_time(page)
        return _json(listed(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None))

    @routes.get("/{account_id:path}", name=f"get_{kind}")
    async def get_account(account_id: Id) -> Response:
        """One of them. Needs an auditor's key."""
        record = account_record(gateway.catalog, kind, account_id)
        if record is None:
            raise NotFound(f"There is no '{account_id[:100]}' among the {kind}.")
        return _json(msgspec.json.encode(record))


def _add_writing(routes: APIRouter, gateway: Gateway, kind: AccountKind) -> None:
    def registrar(request: Request) -> AccessRegistrar:
        return AccessRegistrar(gateway.catalog, gateway.database, who_is(caller_of(request)))

    @routes.post("", status_code=201, openapi_extra=_BODY, name=f"create_{kind}")
    async def create_account(request: Request) -> Response:
        """Its `id` is the name that keys have. Needs an admin key."""
        data = object_in(await request.body())
        id_ = _id_in(data)
        fields = converted(without(data, *_READ_ONLY), AccountFields)
        made = await registrar(request).create_account(kind, id_, fields)
        return _json(msgspec.json.encode(made_account_record(kind, made)), 201)

    @routes.patch("/{account_id:path}", openapi_extra=_BODY, name=f"change_{kind}")
    async def change_account(account_id: Id, request: Request) -> Response:
        """Changes what is sent; `null` resets a field. Needs an admin key."""
        data = without(object_in(await request.body()), *_READ_ONLY)
        made = await registrar(request).change_account(kind, account_id, lambda before: changed(before, data))
        return _json(msgspec.json.encode(made_account_record(kind, made)))

    @routes.delete("/{account_id:path}", status_code=204, name=f"delete_{kind}")
    async def delete_account(account_id: Id, request: Request) -> Response:
        """Its keys stay, without what was allowed and limited here. Needs an admin key."""
        await registrar(request).delete_account(kind, account_id)
        return Response(status_code=204)


def _id_in(data: dict[str, Any]) -> str:
    """Raises ``InvalidRequest`` for an id that no address could name."""
    id_ = data.get("id")
    if (
        not isinstance(id_, str)
        or not 1 <= len(id_) <= _LONGEST_ID
        or not id_.isprintable()
        or id_ != id_.strip()
        or {"", ".", ".."} & set(id_.split("/"))
        or set(id_) & set("?#%\\")
    ):
        raise InvalidRequest(
            f"'id' has to be a name of 1 to {_LONGEST_ID} printable characters without ?#%\\, which '/' may part.",
            param="id",
        )
    return id_


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
