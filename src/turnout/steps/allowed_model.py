"""Whether the caller's key may use the model and the operation. Says of which model the name is an alias."""

from __future__ import annotations

from msgspec import structs

from turnout.catalog import Catalog
from turnout.engine import Call
from turnout.guard import require_use


class AllowedModel:
    """Raises ``Forbidden`` for what the key, its user, its team or its tier doesn't allow."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, call: Call) -> Call:
        policy = require_use(call.key, call.request.model, call.request.operation, self._catalog.snapshot)
        if not policy.alias_of:
            return call
        return structs.replace(call, origin=structs.replace(call.origin, alias_of=policy.alias_of))
