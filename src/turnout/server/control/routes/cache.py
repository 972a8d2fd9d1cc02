"""The cache: what it has done, and what is to be thrown away."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request

from turnout.cache import ExactCache, Purge
from turnout.core import usd
from turnout.errors import NotFound
from turnout.gateway import Gateway
from turnout.server.control.key_records import key_record
from turnout.server.control.usage_questions import refuse_unknown
from turnout.telemetry import SharedMetrics

PATH: Final = "/v1/cache"
_FILTERS: Final = {
    "model": "Only answers of this model, or of the one that this name stands for.",
    "key_id": "Only answers that this key asked for first: its id, name or prefix.",
    "tag": "Only answers to requests with this tag, or of keys with it.",
}
_DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in _FILTERS.items()
    ]
}


def router(gateway: Gateway, metrics: SharedMetrics) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["cache"])

    @routes.get("")
    async def show_cache(request: Request) -> dict[str, Any]:
        """What all processes have found and kept. `entries` and `bytes` are those in memory. Needs an admin key."""
        refuse_unknown(request.query_params, ())
        cache = _cache(gateway)
        tally = await metrics.cache()
        in_memory = cache.store.name == "memory"
        return {
            "object": "cache",
            "store": cache.store.name,
            "ttl": cache.ttl,
            "share": cache.share,
            "error": cache.error,
            "requests": {result: tally.requests.get(result, 0) for result in ("hit", "miss", "bypass")},
            "saved": tally.saved,
            "saved_usd": usd(tally.saved),
            "entries": tally.entries if in_memory else None,
            "bytes": tally.bytes if in_memory else None,
        }

    @routes.delete("", openapi_extra=_DOCUMENTED)
    async def purge_cache(request: Request) -> dict[str, Any]:
        """Throws kept answers away: those that every filter fits, without a filter all. `purged` counts those of this
        process or of Redis; other processes of this host follow within a second. Needs an admin key.
        """
        query = request.query_params
        refuse_unknown(query, _FILTERS)
        model = query.get("model")
        return {
            "object": "cache.purged",
            "purged": await _cache(gateway).purge(
                Purge(
                    model=None if model is None else gateway.snapshot.model_name(model) or model,
                    key=_key_id(gateway, query.get("key_id")),
                    tag=query.get("tag"),
                )
            ),
        }

    return routes


def _cache(gateway: Gateway) -> ExactCache:
    if gateway.cache is None:
        raise NotFound("No cache is on: the configuration has no 'cache.exact'.")
    return gateway.cache


def _key_id(gateway: Gateway, text: str | None) -> str | None:
    """A key that is gone may have left answers."""
    record = None if text is None else key_record(gateway.catalog, text)
    return text if record is None else record["id"]
