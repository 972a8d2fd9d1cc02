"""Keys: made, listed, changed, rotated and revoked while the service runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from turnout.catalog import AccessRegistrar, KeyDraft, NewKey
from turnout.errors import AllowanceStoreDown, NotFound, StorageUnavailable
from turnout.gateway import Gateway
from turnout.guard import Gauge, Standing, gauges_in_policy, policy_of
from turnout.server.access import caller_of
from turnout.server.control.bodies import changed, converted, object_in, without
from turnout.server.control.cursors import listed, place_in
from turnout.server.control.key_records import (
    KeyPlace,
    Record,
    key_of_record,
    key_page,
    key_record,
    made_record,
    place_of,
)
from turnout.server.control.one_at_a_time import OneAtATime
from turnout.server.control.usage_questions import refuse_unknown
from turnout.server.control.who import who_is

PATH: Final = "/v1/keys"
LONGEST_OVERLAP: Final = 90 * 86_400
_HOUR: Final = 3_600
_FILTERS: Final = ("user", "team", "tier")
_READ_ONLY: Final = (
    *("object", "id", "prefix", "last_four", "source", "status", "created", "updated", "revoked", "previous"),
    "last_used",
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}
}
_OPTIONAL_BODY: Final = {"requestBody": {**_BODY["requestBody"], "required": False}}
Id = Annotated[str, Path(description="the key's id, name or prefix")]


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For ``overlap`` seconds the secret before is good, too."""

    overlap: Annotated[
        int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP, description=f"a number of seconds from 0 to {LONGEST_OVERLAP}")
    ] = 0


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["keys"])
    _add_reading(routes, gateway, one_at_a_time)
    _add_writing(routes, gateway)
    return routes


def _add_reading(routes: APIRouter, gateway: Gateway, one_at_a_time: OneAtATime) -> None:
    @routes.get("")
    async def list_keys(
        request: Request,
        user: str | None = None,
        team: str | None = None,
        tier: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        cursor: Annotated[str | None, Query(description="The `next` of the page before.")] = None,
    ) -> Response:
        """All keys, the configuration's first, then the oldest first. No secret is told. Needs an auditor's key."""
        refuse_unknown(request.query_params, {*_FILTERS, "limit", "cursor"})
        only = {name: value for name, value in zip(_FILTERS, (user, team, tier), strict=True) if value is not None}
        after = place_in(cursor, KeyPlace)

        rows = await one_at_a_time(lambda: key_page(gateway.catalog, only, after, limit + 1))
        rows, following = rows[:limit], place_of(rows[limit - 1]) if len(rows) > limit else None
        return _json(listed(await _with_last_use(gateway, rows), following))

    @routes.get("/{key_id}")
    async def get_key(key_id: Id, request: Request) -> Response:
        """One key. A key may read itself, an auditor's all."""
        (record,) = await _with_last_use(gateway, [_visible(gateway, request, key_id)])
        return _json(msgspec.json.encode(record))

    @routes.get("/{key_id}/policy")
    async def get_policy(key_id: Id, request: Request) -> Response:
        """What a key may do, and what counts its requests. A key may read its own, an auditor's all."""
        key = key_of_record(gateway.catalog, _visible(gateway, request, key_id))
        gauges = gauges_in_policy(key, gateway.snapshot)
        return _json(msgspec.json.encode(policy_of(key, gateway.snapshot, await _standings(gateway, gauges))))


async def _standings(gateway: Gateway, gauges: Sequence[Gauge]) -> dict[str, Standing]:
    """Empty while the counters can't be asked: what the key may do is known all the same."""
    try:
        standings = await gateway.allowances.standing(gauges)
    except AllowanceStoreDown:
        return {}
    return {gauge.id: standing for gauge, standing in zip(gauges, standings, strict=True)}


def _add_writing(routes: APIRouter, gateway: Gateway) -> None:
    def registrar(request: Request) -> AccessRegistrar:
        return AccessRegistrar(gateway.catalog, gateway.database, who_is(caller_of(request)))

    @routes.post("", status_code=201, openapi_extra=_BODY)
    async def create_key(request: Request) -> Response:
        """The reply has the secret as `key`. It is told this once. Needs an admin key."""
        draft = converted(object_in(await request.body()), KeyDraft)
        return _told_once(await registrar(request).create_key(draft), 201)

    @routes.patch("/{key_id}", openapi_extra=_BODY)
    async def change_key(key_id: Id, request: Request) -> Response:
        """Changes what is sent; `null` resets a field. Needs an admin key."""
        data = without(object_in(await request.body()), *_READ_ONLY)
        made = await registrar(request).change_key(key_id, lambda before: changed(before, data))
        return _json(msgspec.json.encode(made_record(made)))

    @routes.post("/{key_id}/rotate", openapi_extra=_OPTIONAL_BODY)
    async def rotate_key(key_id: Id, request: Request) -> Response:
        """A new secret. The one before is good for `overlap` more seconds (0 unless said). Needs an admin key."""
        body = await request.body()
        rotation = converted(object_in(body), Rotation) if body else Rotation()
        return _told_once(await registrar(request).rotate_key(key_id, rotation.overlap), 200)

    @routes.post("/{key_id}/revoke")
    async def revoke_key(key_id: Id, request: Request) -> Response:
        """From now on it is refused, for good. It stays in the list. Needs an admin key."""
        return _json(msgspec.json.encode(made_record(await registrar(request).revoke_key(key_id))))

    @routes.delete("/{key_id}", status_code=204)
    async def delete_key(key_id: Id, request: Request) -> Response:
        """Revokes it, and takes it off the list. Needs an admin key."""
        await registrar(request).delete_key(key_id)
        return Response(status_code=204)


def _visible(gateway: Gateway, request: Request, text: str) -> Record:
    """Raises ``NotFound``, also for a key that is there and that the caller may not read."""
    record, caller = key_record(gateway.catalog, text), caller_of(request)
    is_own = record is not None and caller.key is not None and record["id"] == caller.key.id
    if record is None or not (caller.auditor or is_own):
        raise NotFound(f"There is no key '{text[:100]}'.")
    return record


async def _with_last_use(gateway: Gateway, records: list[Record]) -> list[Record]:
    """``last_used`` is the beginning of an hour, by the ledger's sums. Without the database nobody knows: ``null``."""
    try:
        hours = await (await gateway.database.last_used()).hours([record["id"] for record in records])
    except StorageUnavailable:
        hours = {}
    return [
        {**record, "last_used": hours[record["id"]] * _HOUR if record["id"] in hours else None} for record in records
    ]


def _told_once(new: NewKey, status: int) -> Response:
    record = {**made_record(new.key), "key": new.secret.reveal()}
    return Response(
        msgspec.json.encode(record),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
