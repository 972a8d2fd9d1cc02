"""Whether the caller's key may use the model and the operation."""

from __future__ import annotations

from turnout.catalog import Catalog
from turnout.engine import Call
from turnout.guard import require_use


class AllowedModel:
    """Raises ``Forbidden`` for what the key, its user, its team or its tier doesn't allow."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, call: Call) -> Call:
        require_use(call.key, call.request.model, call.request.operation, self._catalog.snapshot)
        return call
