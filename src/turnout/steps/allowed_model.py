"""Whether the caller's key may use the model."""

from __future__ import annotations

from turnout.catalog import Catalog
from turnout.engine import Call
from turnout.guard import require_model


class AllowedModel:
    """Raises ``Forbidden`` for a model that isn't among the key's ``models``."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, call: Call) -> Call:
        require_model(call.key, call.request.model, self._catalog.snapshot)
        return call
